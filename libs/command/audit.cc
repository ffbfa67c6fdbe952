#include "libs/command/audit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/concat.h"
#include "libs/market/names.h"

namespace gannet::command {
namespace {

constexpr std::string_view kEngine = "access";
constexpr char kRecorded[] = "RECORDED", kApplied[] = "APPLIED", kRefused[] = "REFUSED";

std::string AboutOf(const market::Command& command) {
  using market::CommandKind;
  if (command.order) {
    const market::OrderRequest& order = *command.order;
    if (command.kind != CommandKind::kSubmitOrder) return "order " + order.target.text();
    return base::Concat(
        {Name(order.side), " ", order.instrument.text(), " for ", order.account.text()});
  }
  if (command.kind == CommandKind::kProposeLimits) return "limits";
  if (market::IsAboutLimits(command.kind)) return absl::StrCat("proposal ", command.proposal);
  if (command.kind == CommandKind::kDrain) return "strategies";
  std::string about = Name(command.scope.kind);
  if (!command.scope.name.empty()) about += " " + command.scope.name;
  if (command.kind == CommandKind::kSetTradingState)
    about += base::Concat({" to ", Name(command.state)});
  return about;
}

bool Wanted(const std::vector<std::string>& list, const std::string& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

const char* Name(AccessKind kind) {
  switch (kind) {
    case AccessKind::kSignIn:
      return "SIGN_IN";
    case AccessKind::kSignOut:
      return "SIGN_OUT";
    case AccessKind::kPasswordChange:
      return "PASSWORD_CHANGE";
    case AccessKind::kConsent:
      return "CONSENT";
    case AccessKind::kUserAdd:
      return "USER_ADD";
    case AccessKind::kUserConfirm:
      return "USER_CONFIRM";
    case AccessKind::kUserDisable:
      return "USER_DISABLE";
    case AccessKind::kUserEnable:
      return "USER_ENABLE";
    case AccessKind::kReport:
      return "REPORT";
  }
  return "?";
}

wire::EngineNote ToNote(const AccessNote& note) {
  wire::CanonicalWriter body;
  body.Bytes(note.person);
  body.Bytes(note.about);
  body.Bytes(note.detail);
  body.Bool(note.refused);
  return {std::string(kEngine), note.action, body.Take()};
}

std::optional<AccessNote> AccessOf(const wire::EngineNote& note) {
  if (note.engine != kEngine) return std::nullopt;
  wire::CanonicalReader body(note.body);
  AccessNote out;
  out.action = note.kind;
  out.person = body.Bytes();
  out.about = body.Bytes();
  out.detail = body.Bytes();
  out.refused = body.Bool();
  if (!body.ok() || !body.done()) return std::nullopt;
  return out;
}

void AuditRecord::Put(AuditEntry entry) {
  if (places_.contains(entry.id)) return;
  if (entries_.size() >= kKept) {
    ++forgotten_;
    if (Place(entry.time, entry.id) < entries_.begin()->first) return;
    places_.erase(entries_.begin()->second.id);
    entries_.erase(entries_.begin());
  }
  entry.version = ++version_;
  places_[entry.id] = entry.time;
  if (const auto early = early_.extract(entry.id)) Answer(entry, early.mapped());
  const Place place(entry.time, entry.id);
  entries_.emplace(place, std::move(entry));
}

void AuditRecord::Answer(AuditEntry& entry, const market::CommandAnswer& answer) {
  if (entry.result != kRecorded) return;
  entry.result = answer.outcome == market::CommandOutcome::kRefused ? kRefused : kApplied;
  entry.detail = answer.detail;
  entry.order = answer.client_order_id.text();
  if (entry.action == Name(market::CommandKind::kProposeLimits) && answer.proposal != 0)
    entry.about = absl::StrCat("proposal ", answer.proposal);
  entry.version = ++version_;
}

void AuditRecord::Apply(const market::Event<market::Command>& event) {
  const market::Command& command = event.value;
  AuditEntry entry;
  entry.id = event.header.id;
  entry.time = event.header.event_time;
  entry.person = command.person;
  entry.action = Name(command.kind);
  entry.about = AboutOf(command);
  entry.reason = command.reason;
  entry.request_id = command.request_id;
  entry.result = kRecorded;
  Put(std::move(entry));
}

void AuditRecord::Apply(const market::Event<market::CommandAnswer>& event) {
  // Two gateways may be given one request: each command has its own answer.
  const market::CommandAnswer& answer = event.value;
  const auto known = places_.find(answer.command);
  if (known == places_.end()) {
    if (waits_ && early_.size() < kKeptAnswers) early_.try_emplace(answer.command, answer);
    return;
  }
  Answer(entries_.at({known->second, answer.command}), answer);
}

void AuditRecord::Apply(const market::Event<wire::EngineNote>& event) {
  const std::optional<AccessNote> note = AccessOf(event.value);
  if (!note) return;
  AuditEntry entry;
  entry.id = event.header.id;
  entry.time = event.header.event_time;
  entry.person = note->person;
  entry.action = note->action;
  entry.about = note->about;
  entry.result = note->refused ? kRefused : kApplied;
  entry.detail = note->detail;
  Put(std::move(entry));
}

void AuditRecord::Merge(const AuditRecord& other) {
  for (const auto& [place, entry] : other.entries_) Put(entry);
}

const AuditEntry* AuditRecord::Find(const market::EventId& id) const {
  const auto place = places_.find(id);
  return place == places_.end() ? nullptr : &entries_.at({place->second, id});
}

void AuditRecord::Save(wire::CanonicalWriter& out) const {
  out.U32(static_cast<uint32_t>(entries_.size()));
  for (const auto& [place, entry] : entries_) {
    out.EventId(entry.id);
    out.Time(entry.time);
    for (const std::string* text :
         {&entry.person, &entry.action, &entry.about, &entry.reason, &entry.request_id,
          &entry.result, &entry.detail, &entry.order}) {
      out.Bytes(*text);
    }
  }
}

absl::Status AuditRecord::Load(wire::CanonicalReader& in) {
  entries_.clear();
  places_.clear();
  for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
    AuditEntry entry;
    entry.id = in.EventId();
    entry.time = in.Time();
    for (std::string* text : {&entry.person, &entry.action, &entry.about, &entry.reason,
                              &entry.request_id, &entry.result, &entry.detail, &entry.order}) {
      *text = in.Bytes();
    }
    Put(std::move(entry));
  }
  return in.status();
}

std::vector<const AuditEntry*> Select(const AuditRecord& record, const AuditFilter& filter) {
  std::vector<const AuditEntry*> out;
  bool below = !filter.before;
  for (auto it = record.entries().rbegin(); it != record.entries().rend(); ++it) {
    const AuditEntry& entry = it->second;
    if (!below) {
      below = entry.id == *filter.before;
      continue;
    }
    if (out.size() >= filter.limit) break;
    if (entry.time < filter.from || entry.time >= filter.to) continue;
    if (Wanted(filter.persons, entry.person) && Wanted(filter.actions, entry.action))
      out.push_back(&entry);
  }
  return out;
}

}  // namespace gannet::command
