#include "apps/gannet/control_command.h"

#include <algorithm>
#include <functional>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/gannet/remote.h"
#include "gannet/news/v1/signal_service.pb.h"
#include "gannet/ops/v1/admin_service.pb.h"
#include "gannet/report/v1/report_service.pb.h"
#include "gannet/risk/v1/risk_service.pb.h"
#include "libs/market/decimal.h"

namespace gannet::app {
namespace {

namespace risk_pb = ::gannet::risk::v1;
using google::protobuf::Message;

std::string Text(risk_pb::TradingState state) {
  return Short(risk_pb::TradingState_Name(state), "TRADING_STATE_");
}

// What passes there.
std::string Passes(const risk_pb::RiskState& state) {
  if (state.killed()) return absl::StrCat(Text(state.state()), ", kill switch on");
  switch (state.state()) {
    case risk_pb::TRADING_STATE_REDUCING:
      return "reducing: only orders that reduce";
    case risk_pb::TRADING_STATE_CANCEL_ONLY:
      return "cancel_only: no orders, cancels";
    default:
      return Text(state.state());
  }
}

// Which scopes do not trade as usual; nothing where no gate answers.
void PrintRestricted(Remote& remote, std::ostream& out) {
  risk_pb::GetRiskStateRequest request;
  request.mutable_scope()->set_kind(common::v1::SCOPE_KIND_FIRM);
  const auto states = remote.Call<risk_pb::GetRiskStateResponse>(
      "gannet.risk.v1.RiskService/GetRiskState", request);
  if (!states.ok()) return;
  if (states->restricted().empty()) {
    out << "\ntrading: no scope is halted, killed or restricted\n";
    return;
  }
  out << "\n";
  Table table({"RESTRICTED", "STATE", "WHY", "WHO"});
  for (const risk_pb::RiskState& state : states->restricted()) {
    table.Add({ScopeText(state.scope()), Passes(state),
               state.reason().empty() ? "-" : state.reason(),
               state.person().empty() ? "-" : state.person()});
  }
  table.Print(out);
}

}  // namespace

int ShowStatus(const ControlOptions& control, Console console) {
  Remote remote(control, console);
  const auto status = remote.Call<ops::v1::GetStatusResponse>(
      "gannet.ops.v1.AdminService/GetStatus", ops::v1::GetStatusRequest());
  if (!status.ok()) return Report(status.status(), console);
  if (remote.Json(*status)) return kControlDone;
  console.out << "build " << status->build_id() << ", started " << TimeOf(status->started_ns())
              << ", epoch " << status->epoch() << "\njournal at " << status->journal_sequence()
              << ", on disk up to " << status->durable_sequence() << "\n\n";
  Table table({"SERVICE", "HEALTH", "WHY"});
  for (const auto& service : status->services()) {
    std::string why;
    for (const std::string& reason : service.reasons())
      absl::StrAppend(&why, why.empty() ? "" : "; ", reason);
    table.Add({service.service(),
               Short(ops::v1::HealthState_Name(service.state()), "HEALTH_STATE_"), why});
  }
  table.Print(console.out);
  PrintRestricted(remote, console.out);
  std::string counts;
  for (const auto& counter : status->counters()) {
    if (counter.value() > 0)
      absl::StrAppend(&counts, "  ", counter.name(), " ", counter.value(), "\n");
  }
  if (!counts.empty()) console.out << "\ncounted since the start\n" << counts;
  return kControlDone;
}

int ListPositions(const ControlOptions& control, Console console) {
  Remote remote(control, console);
  const auto list = remote.Call<report::v1::ListPositionsResponse>(
      "gannet.report.v1.ReportService/ListPositions", report::v1::ListPositionsRequest());
  if (!list.ok()) return Report(list.status(), console);
  if (remote.Json(*list)) return kControlDone;
  Table table({"ACCOUNT", "STRATEGY", "INSTRUMENT", "NET", "AVERAGE", "REALISED", "FEES"});
  for (const auto& row : list->positions()) {
    const uint32_t version = row.instrument_version();
    table.Add({row.account(), row.strategy(), row.instrument(),
               remote.Quantity(row.instrument(), version, row.net()),
               remote.Price(row.instrument(), version, row.average_price()),
               MoneyText(row.realized_pnl()), MoneyText(row.fees())});
  }
  table.Print(console.out);
  return kControlDone;
}

namespace {

template <class Request, class Response>
int ChangeState(const ControlOptions& control, const std::string& scope, const char* method,
                Console& console, const std::function<absl::Status(Request&)>& more = nullptr) {
  Remote remote(control, console);
  Request request;
  const auto parsed = ParseScope(scope);
  if (!parsed.ok()) {
    Report(parsed.status(), console);
    return kControlUsage;
  }
  *request.mutable_scope() = *parsed;
  request.set_request_id(remote.RequestId());
  request.set_reason(control.reason);
  if (more) {
    if (const absl::Status added = more(request); !added.ok()) {
      Report(added, console);
      return kControlUsage;
    }
  }
  const auto response = remote.Call<Response>(method, request);
  if (!response.ok()) return Report(response.status(), console);
  if (!remote.Json(*response)) {
    console.out << ScopeText(response->state().scope()) << " is " << Text(response->state().state())
                << (response->state().killed() ? ", kill switch on" : "") << "\n";
  }
  if constexpr (requires { response->unheard(); }) {
    if (response->unheard()) return Unheard(response->state().scope(), console);
  }
  return kControlDone;
}

}  // namespace

int Halt(const ControlOptions& control, const std::string& scope, const std::string& state,
         Console console) {
  return ChangeState<risk_pb::SetTradingStateRequest, risk_pb::SetTradingStateResponse>(
      control, scope, "gannet.risk.v1.RiskService/SetTradingState", console,
      [&state](risk_pb::SetTradingStateRequest& request) {
        const auto parsed = ParseName(state, "TRADING_STATE_", risk_pb::TradingState_Parse);
        if (parsed.ok()) request.set_state(*parsed);
        return parsed.status();
      });
}

int Resume(const ControlOptions& control, const std::string& scope, Console console) {
  return ChangeState<risk_pb::ReleaseKillSwitchRequest, risk_pb::ReleaseKillSwitchResponse>(
      control, scope, "gannet.risk.v1.RiskService/ReleaseKillSwitch", console);
}

int TailSignals(const ControlOptions& control, int count, bool follow, Console console) {
  Remote remote(control, console);
  const auto print = [&](const Message& message, const news::v1::NewsSignal& signal,
                         const common::v1::Header& header) {
    if (remote.Json(message)) return;
    std::string instruments;
    for (const std::string& name : signal.instruments())
      absl::StrAppend(&instruments, instruments.empty() ? "" : ",", name);
    console.out << TimeOf(header.event_time_ns()) << "  "
                << Short(news::v1::NewsEventType_Name(signal.type()), "NEWS_EVENT_TYPE_") << "  "
                << market::FormatDecimal(signal.sentiment_ppm(), 6) << "  "
                << market::FormatDecimal(signal.confidence_ppm(), 6) << "  " << instruments << "  "
                << signal.title() << std::endl;
  };
  news::v1::ListSignalsRequest list;
  list.set_page_size(std::max(count, 1));
  auto newest =
      remote.Call<news::v1::ListSignalsResponse>("gannet.news.v1.SignalService/ListSignals", list);
  if (!newest.ok()) return Report(newest.status(), console);
  for (int i = count > 0 ? newest->signals_size() - 1 : -1; i >= 0; --i)
    print(newest->signals(i), newest->signals(i).value(), newest->signals(i).header());
  if (!follow) return kControlDone;
  news::v1::StreamSignalsResponse message;
  return Report(remote.Stream("gannet.news.v1.SignalService/StreamSignals",
                              news::v1::StreamSignalsRequest(), message,
                              [&] {
                                print(message, message.signal(), message.header());
                                return true;
                              }),
                console);
}

}  // namespace gannet::app
