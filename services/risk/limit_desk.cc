// What people decide about limits: proposals, and who may let them in.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "services/risk/risk_engine.h"

namespace gannet::risk {
namespace {

using market::CommandKind;
using market::LimitRecord;
using market::LimitStep;
using market::ScopeKind;

constexpr size_t kMaxOpenProposals = 20;
constexpr size_t kMaxNamesShown = 10;
constexpr char kFileName[] = "limits file";

absl::Status Refused(std::string why) { return absl::FailedPreconditionError(std::move(why)); }

std::string NamesOf(const std::map<std::string, Limits>& entries) {
  std::string names;
  size_t shown = 0;
  for (const auto& [name, limits] : entries) {
    if (name == kDefaultEntry) continue;
    if (++shown > kMaxNamesShown) return absl::StrCat(names, ", …");
    absl::StrAppend(&names, names.empty() ? "" : ", ", name);
  }
  return names.empty() ? "none" : names;
}

}  // namespace

// Names that the limits in force have, or that somebody was heard of.
std::string RiskEngine::RefuseName(ScopeKind kind, const std::string& name) const {
  const auto check = [&](const std::map<std::string, Limits>& entries, const char* what) {
    const bool heard = kind == ScopeKind::kInstrument
                           ? book_.FindInstrument(market::InstrumentId(name)) != kNone
                           : book_.FindScope(kind, name) != kNone;
    if (name == kDefaultEntry || heard || entries.contains(name)) return std::string();
    return absl::StrCat("is no ", what,
                        " that was heard of (with limits of their own: ", NamesOf(entries),
                        "). Correct the name, or say that new names are meant");
  };
  switch (kind) {
    case ScopeKind::kAccount:
      return check(limits_.accounts, "account");
    case ScopeKind::kStrategy:
      return check(limits_.strategies, "strategy");
    case ScopeKind::kVenue:
      return check(limits_.venues, "venue");
    case ScopeKind::kInstrument:
      return check(limits_.instruments, "instrument");
    case ScopeKind::kFirm:
    case ScopeKind::kModel:
    case ScopeKind::kService:
      break;
  }
  return "";
}

absl::StatusOr<RiskConfig> RiskEngine::ReadLimits(const std::string& text, bool new_names) const {
  GANNET_ASSIGN_OR_RETURN(
      RiskConfig read,
      ParseRiskConfig(text, kFileName, [&](ScopeKind kind, const std::string& name) {
        return new_names ? std::string() : RefuseName(kind, name);
      }));
  const LimitSet& set = read.limits;
  if (set.valuation_asset != configured_.valuation_asset || set.at_par != configured_.at_par ||
      set.converted_by != configured_.converted_by) {
    return Refused(
        "valuation: what amounts are counted in is set where the program is started; leave it as "
        "`gannet limits show --file` has it");
  }
  for (const auto& [account, wallet] : set.wallets) {
    if (configured_.WalletOf(account, "") != wallet)
      return Refused(absl::StrCat("wallets.", account,
                                  ": where balances lie is set where the program is started; "
                                  "leave it as `gannet limits show --file` has it"));
  }
  if (read.four_eyes != configured_settings_.four_eyes) {
    return Refused(
        "gate.four_eyes: is set where the program is started; leave it as `gannet limits show "
        "--file` has it");
  }
  if (set.paper_accounts != configured_.paper_accounts ||
      set.correlation != configured_.correlation || set.windows != configured_.windows) {
    return Refused(
        "paper_accounts, correlation and windows are set where the program is started; leave them "
        "as `gannet limits show --file` has them");
  }
  if (read.watch != configured_settings_.watch) {
    return Refused(
        "heartbeats and models: what is waited for is set where the program is started; leave it "
        "as `gannet limits show --file` has it");
  }
  if (set.portfolio != configured_.portfolio) {
    return Refused(
        "portfolio: how its risk is worked out is set where the program is started; leave it as "
        "`gannet limits show --file` has it");
  }
  read.limits.wallets = configured_.wallets;
  return read;
}

absl::StatusOr<RiskEngine::LimitAnswer> RiskEngine::DecideLimits(
    const market::Command& command) const {
  if (command.person.empty() || command.reason.empty())
    return Refused("changing limits takes a person and a reason; give both");
  return command.kind == CommandKind::kProposeLimits ? Propose(command) : Settle(command);
}

absl::StatusOr<RiskEngine::LimitAnswer> RiskEngine::Propose(const market::Command& command) const {
  size_t open = 0;
  uint64_t number = record_.in_force() ? record_.in_force()->value.proposal + 1 : 1;
  for (const auto& [known, proposal] : record_.proposals()) {
    number = std::max(number, known + 1);
    const market::LimitEvent& proposed = proposal.proposed.value;
    if (proposal.decided || record_.Stale(proposal)) continue;
    ++open;
    if (proposed.person == command.person && proposed.text == command.text)
      return LimitAnswer{{}, known, absl::StrCat("proposal ", known, " says so already")};
  }
  if (open >= kMaxOpenProposals) {
    return absl::ResourceExhaustedError(
        absl::StrCat(open, " proposals wait to be decided; reject some, then try again"));
  }
  GANNET_ASSIGN_OR_RETURN(const RiskConfig read, ReadLimits(command.text, command.new_names));
  const uint64_t version = VersionInForce();
  if (read.limits.version != version + 1) {
    return Refused(absl::StrCat(
        "version: the file says ", read.limits.version, ", but limits are at version ", version,
        read.limits.version <= version
            ? ": it rests on older limits, or its version was not raised. Take those in force "
              "(`gannet limits show --file`), make the change there, and write version: "
            : "; write version: ",
        version + 1));
  }
  market::LimitEvent event{.step = LimitStep::kProposed,
                           .proposal = number,
                           .base_version = version,
                           .version = read.limits.version,
                           .person = command.person,
                           .reason = command.reason,
                           .text = command.text,
                           .changes = ChangesOf(limits_, read.limits)};
  const auto gate = [&event](const char* name, base::Duration was, base::Duration is) {
    if (was != is)
      event.changes.push_back({{ScopeKind::kFirm, ""},
                               absl::StrCat("gate.", name),
                               base::FormatDuration(was),
                               base::FormatDuration(is)});
  };
  gate("verdict_lifetime", settings_.verdict_lifetime, read.verdict_lifetime);
  gate("unanswered_alarm", settings_.gate.unanswered_alarm, read.unanswered_alarm);
  gate("position_alarm", settings_.gate.position_alarm, read.position_alarm);
  if (event.changes.empty())
    return Refused("the file changes nothing but its version; change a limit, or leave it");
  LimitAnswer answer{
      {},
      number,
      absl::StrCat("proposal ", number, " of version ", event.version, ": ", event.changes.size(),
                   event.changes.size() == 1 ? " change, " : " changes, ",
                   settings_.four_eyes ? "another person" : "a person", " approves or rejects it")};
  answer.facts.limits.push_back(std::move(event));
  return answer;
}

absl::StatusOr<RiskEngine::LimitAnswer> RiskEngine::Settle(const market::Command& command) const {
  const bool approves = command.kind == CommandKind::kApproveLimits;
  const LimitRecord::Proposal* proposal = record_.Find(command.proposal);
  if (proposal == nullptr)
    return Refused(absl::StrCat("there is no proposal ", command.proposal,
                                "; `gannet limits proposals` lists them"));
  const market::LimitEvent& proposed = proposal->proposed.value;
  const LimitStep step = approves ? LimitStep::kApproved : LimitStep::kRejected;
  const std::string name = absl::StrCat("proposal ", command.proposal);
  if (proposal->decided) {
    const market::LimitEvent& decided = proposal->decided->value;
    if (decided.step == step && decided.person == command.person)
      return LimitAnswer{{}, command.proposal, absl::StrCat(name, " is decided so already")};
    return Refused(absl::StrCat(name, " was ",
                                decided.step == LimitStep::kApproved ? "approved" : "rejected",
                                " by ", decided.person, " already; make a new one"));
  }
  market::LimitEvent event{.step = step,
                           .proposal = command.proposal,
                           .base_version = proposed.base_version,
                           .version = proposed.version,
                           .person = command.person,
                           .reason = command.reason};
  if (approves) {
    if (record_.Stale(*proposal)) {
      return Refused(absl::StrCat(name, " changes version ", proposed.base_version,
                                  ", but version ", VersionInForce(),
                                  " is in force: it is out of date; propose the change anew"));
    }
    if (settings_.four_eyes && proposed.person == command.person) {
      return Refused(absl::StrCat(name, " was made by ", command.person,
                                  ": another person with the role risk approves it"));
    }
    // What was read when it was proposed: names may have gone since, limits have not.
    GANNET_ASSIGN_OR_RETURN(const RiskConfig read, ReadLimits(proposed.text, /*new_names=*/true));
    event.text = proposed.text;
    event.rows = RowsOf(read.limits);
  }
  LimitAnswer answer{{},
                     command.proposal,
                     approves ? absl::StrCat("limits version ", proposed.version, " is in force")
                              : absl::StrCat(name, " is rejected")};
  answer.facts.limits.push_back(std::move(event));
  return answer;
}

void RiskEngine::Apply(const market::Event<market::LimitEvent>& event) {
  if (event.value.step == LimitStep::kApproved) Adopt(event.value.text);
  record_.Apply(event);
}

// What was approved holds, whatever the program's own file says by now; how amounts are
// valued and where balances lie stays the program's.
void RiskEngine::Adopt(const std::string& text) {
  approved_ = true;
  const auto read = ParseRiskConfig(text, kFileName);
  if (!read.ok()) {
    approved_problem_ = absl::StrCat(
        "the approved limits cannot be read by this build, the program's own are in force; use "
        "the build that took them, or propose them anew: ",
        std::string(read.status().message()));
    return;
  }
  approved_problem_.clear();
  limits_text_ = text;
  limits_ = read->limits;
  limits_.TakeShared(configured_);
  settings_.verdict_lifetime = read->verdict_lifetime;
  settings_.gate.unanswered_alarm = read->unanswered_alarm;
  settings_.gate.position_alarm = read->position_alarm;
  book_.SetLimits(limits_);
}

std::string RiskEngine::LimitsFileIgnored() const {
  if (!approved_problem_.empty()) return approved_problem_;
  if (!approved_ || configured_.version <= limits_.version) return "";
  return absl::StrCat("the limits file states version ", configured_.version, ", but version ",
                      limits_.version,
                      ", which people approved, is in force; propose the file "
                      "(`gannet limits propose`)");
}

void RiskEngine::SaveLimits(wire::CanonicalWriter& out) const {
  const auto events = record_.Events();
  out.U32(static_cast<uint32_t>(events.size()));
  for (const auto& event : events) out.Bytes(wire::Encode(event));
}

absl::Status RiskEngine::LoadLimits(wire::CanonicalReader& in) {
  record_ = LimitRecord();
  for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
    GANNET_ASSIGN_OR_RETURN(const auto event, wire::Decode<market::LimitEvent>(in.Bytes()));
    record_.Apply(event);
  }
  const auto& held = record_.in_force();
  if (in.ok() && held && held->value.step == LimitStep::kApproved) Adopt(held->value.text);
  return in.status();
}

}  // namespace gannet::risk
