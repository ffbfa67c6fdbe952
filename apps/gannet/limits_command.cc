// The limits of a running process: what is in force, proposals, and who decides.
#include <ostream>

#include "absl/strings/str_cat.h"
#include "apps/gannet/remote.h"
#include "gannet/risk/v1/risk_service.pb.h"
#include "libs/market/decimal.h"

namespace gannet::app {

namespace risk_pb = ::gannet::risk::v1;

namespace {

// Value and unit as the limits file has them.
std::pair<std::string, std::string> AsWritten(const risk_pb::Limit& row) {
  const std::string& unit = row.unit();
  if (unit == "ppm")  // 4 digits of a percent
    return {absl::StrCat(market::FormatDecimal(row.value().mantissa(), 4), "%"), ""};
  // What has no amount is one of what the unit says.
  const bool counts = unit.empty() || unit == "s" || unit.starts_with("in ");
  if (row.value().scale() == 0 && row.value().mantissa() == 1 && !counts) return {unit, ""};
  return {market::FormatDecimal(row.value().mantissa(), static_cast<int>(row.value().scale())),
          unit};
}

// All pages, of one version: what was changed meanwhile is read from the beginning.
absl::StatusOr<risk_pb::ListLimitsResponse> AllLimits(Remote& remote,
                                                      risk_pb::ListLimitsRequest request) {
  constexpr int kMostPage = 1'000;
  request.set_page_size(kMostPage);
  risk_pb::ListLimitsResponse all;
  for (;;) {
    auto page =
        remote.Call<risk_pb::ListLimitsResponse>("gannet.risk.v1.RiskService/ListLimits", request);
    if (!page.ok()) return page.status();
    const bool first = request.page_token().empty();
    if (!first && page->limit_version() != all.limit_version()) {
      request.clear_page_token();
      continue;
    }
    if (first) all.Clear();
    request.set_page_token(page->next_page_token());
    page->clear_next_page_token();
    all.MergeFrom(*page);
    if (request.page_token().empty()) return all;
  }
}

}  // namespace

int ShowLimits(const ControlOptions& control, const std::string& scope, Console console) {
  Remote remote(control, console);
  risk_pb::ListLimitsRequest request;
  if (!scope.empty()) {
    const auto parsed = ParseScope(scope);
    if (!parsed.ok()) return Report(parsed.status(), console) == 0 ? 0 : kControlUsage;
    *request.mutable_scope() = *parsed;
  }
  const auto list = AllLimits(remote, request);
  if (!list.ok()) return Report(list.status(), console);
  if (remote.Json(*list)) return kControlDone;
  console.out << "limits version " << list->limit_version() << "\n\n";
  Table table({"SCOPE", "LIMIT", "VALUE", "UNIT"});
  for (const auto& row : list->limits()) {
    const auto [value, unit] = AsWritten(row);
    table.Add({ScopeText(row.scope()), row.name(), value, unit});
  }
  table.Print(console.out);
  return kControlDone;
}

namespace {

void PrintProposal(const risk_pb::LimitProposal& row, std::ostream& out) {
  const std::string state =
      row.stale() ? "out of date" : Short(risk_pb::LimitStep_Name(row.state()), "LIMIT_STEP_");
  out << "proposal " << row.proposal() << ", version " << row.base_version() << " to "
      << row.version() << ": " << state << "\n  " << TimeOf(row.proposed_ns()) << "  "
      << row.proposer() << ": " << row.reason() << "\n";
  if (row.decided_ns() != 0) {
    out << "  " << TimeOf(row.decided_ns()) << "  " << row.decider() << ": " << row.decider_reason()
        << "\n";
  }
  Table table({"  SCOPE", "LIMIT", "NOW", "THEN"});
  for (const auto& change : row.changes()) {
    table.Add({"  " + ScopeText(change.scope()), change.name(),
               change.before().empty() ? "-" : change.before(),
               change.after().empty() ? "-" : change.after()});
  }
  table.Print(out);
}

absl::StatusOr<risk_pb::ListLimitProposalsResponse> Proposals(Remote& remote, bool open_only) {
  risk_pb::ListLimitProposalsRequest request;
  request.set_open_only(open_only);
  return remote.Call<risk_pb::ListLimitProposalsResponse>(
      "gannet.risk.v1.RiskService/ListLimitProposals", request);
}

}  // namespace

int PrintLimitsFile(const ControlOptions& control, Console console) {
  Remote remote(control, console);
  risk_pb::ListLimitsRequest request;
  request.set_with_file(true);
  request.set_page_size(1);
  const auto list =
      remote.Call<risk_pb::ListLimitsResponse>("gannet.risk.v1.RiskService/ListLimits", request);
  if (!list.ok()) return Report(list.status(), console);
  if (!remote.Json(*list)) console.out << list->file();
  return kControlDone;
}

int ProposeLimits(const ControlOptions& control, const std::string& file, bool new_names,
                  Console console) {
  Remote remote(control, console);
  auto text = console.files.Read(file);
  if (!text.ok()) return Report(text.status(), console);
  risk_pb::ProposeLimitsRequest request;
  request.set_request_id(remote.RequestId());
  request.set_file(*std::move(text));
  request.set_reason(control.reason);
  request.set_new_names(new_names);
  const auto response = remote.Call<risk_pb::ProposeLimitsResponse>(
      "gannet.risk.v1.RiskService/ProposeLimits", request);
  if (!response.ok()) return Report(response.status(), console);
  if (remote.Json(*response)) return kControlDone;
  console.out << response->detail() << "\n";
  const auto list = Proposals(remote, /*open_only=*/true);
  if (!list.ok()) return kControlDone;
  for (const auto& row : list->proposals()) {
    if (row.proposal() == response->proposal()) PrintProposal(row, console.out);
  }
  return kControlDone;
}

int ListLimitProposals(const ControlOptions& control, bool open_only, Console console) {
  Remote remote(control, console);
  const auto list = Proposals(remote, open_only);
  if (!list.ok()) return Report(list.status(), console);
  if (remote.Json(*list)) return kControlDone;
  console.out << "limits version " << list->limit_version() << " is in force\n";
  for (const auto& row : list->proposals()) {
    console.out << "\n";
    PrintProposal(row, console.out);
  }
  return kControlDone;
}

int ApproveLimits(const ControlOptions& control, uint64_t proposal, Console console) {
  risk_pb::ApproveLimitsRequest request;
  request.set_proposal(proposal);
  return Settle<risk_pb::ApproveLimitsResponse>(control, "gannet.risk.v1.RiskService/ApproveLimits",
                                                std::move(request), console);
}

int RejectLimits(const ControlOptions& control, uint64_t proposal, Console console) {
  risk_pb::RejectLimitsRequest request;
  request.set_proposal(proposal);
  return Settle<risk_pb::RejectLimitsResponse>(control, "gannet.risk.v1.RiskService/RejectLimits",
                                               std::move(request), console);
}

}  // namespace gannet::app
