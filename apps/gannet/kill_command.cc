// gannet kill: the kill switch, followed to the end that the venue has confirmed; as a drill
// with its times.
#include <ostream>

#include "absl/strings/str_cat.h"
#include "apps/gannet/remote.h"
#include "gannet/exec/v1/execution_service.pb.h"
#include "gannet/risk/v1/risk_service.pb.h"
#include "libs/base/status.h"
#include "libs/market/decimal.h"

namespace gannet::app {
namespace {

namespace exec_pb = ::gannet::exec::v1;
namespace risk_pb = ::gannet::risk::v1;

// Milliseconds with three digits.
std::string Millis(int64_t ns) { return market::FormatDecimal(ns / 1'000, 3) + " ms"; }

std::string Ends(const exec_pb::GetStopResponse& stop) {
  std::map<std::string, uint32_t> sorted(stop.ends().begin(), stop.ends().end());
  std::string text;
  for (const auto& [state, count] : sorted)
    absl::StrAppend(&text, text.empty() ? "" : ", ", count, " ", state);
  return text.empty() ? "none was open" : text;
}

void PrintRows(std::string_view what, const google::protobuf::RepeatedPtrField<std::string>& rows,
               std::ostream& out) {
  for (const std::string& row : rows) out << std::string(what) << row << "\n";
}

// What became of the scope's positions.
void PrintFlat(const exec_pb::GetStopResponse& stop, std::ostream& out) {
  out << stop.closing_orders() << " orders sent to close positions\n";
  PrintRows("NOT CLOSED: ", stop.left(), out);
  PrintRows("cannot be closed now, tried again: ", stop.waiting(), out);
  PrintRows("too small to trade, stays: ", stop.dust(), out);
  if (stop.verified() && stop.left().empty()) out << "flat, by the venue's account\n";
}

// When the end is verified, or the time is over. Not OK: nobody there can say.
absl::StatusOr<exec_pb::GetStopResponse> Follow(Remote& remote, const std::string& id) {
  exec_pb::GetStopRequest request;
  request.set_of_request(id);
  request.set_wait(true);
  return remote.Call<exec_pb::GetStopResponse>("gannet.exec.v1.ExecutionService/GetStop", request);
}

void PrintDrill(const exec_pb::GetStopResponse& stop, std::ostream& out) {
  const auto since = [&stop](int64_t ns) { return Millis(ns - stop.command_ns()); };
  Table table({"command received", TimeOf(stop.command_ns())});
  table.Add({"orders open in the scope", absl::StrCat(stop.orders())});
  table.Add({"gate closed after", stop.gate_closed_ns() == 0 ? "-" : since(stop.gate_closed_ns())});
  table.Add({"placements that left after the command", absl::StrCat(stop.order_bytes_after())});
  table.Add({"command to last order byte", stop.last_order_ns() == 0
                                               ? "none left after the command"
                                               : since(stop.last_order_ns())});
  table.Add({"cancels sent", absl::StrCat(stop.cancels_sent())});
  table.Add({"command to last cancel byte",
             stop.last_cancel_ns() == 0 ? "-" : since(stop.last_cancel_ns())});
  table.Add({"ended at the venue", Ends(stop)});
  table.Add({"command to verified end state",
             stop.verified() ? since(stop.verified_ns()) : "NOT VERIFIED"});
  table.Add({"end state", stop.state()});
  table.Print(out);
}

absl::StatusOr<risk_pb::RiskState> StateOf(Remote& remote, const common::v1::Scope& scope) {
  risk_pb::GetRiskStateRequest request;
  *request.mutable_scope() = scope;
  GANNET_ASSIGN_OR_RETURN(const auto response,
                          remote.Call<risk_pb::GetRiskStateResponse>(
                              "gannet.risk.v1.RiskService/GetRiskState", request));
  return response.state();
}

// A drill ends with its scope ACTIVE: what holds for another reason shall not end with it.
absl::Status CheckDrill(Remote& remote, const common::v1::Scope& scope) {
  GANNET_ASSIGN_OR_RETURN(const risk_pb::RiskState state, StateOf(remote, scope));
  if (!state.killed() && state.state() <= risk_pb::TRADING_STATE_ACTIVE) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      ScopeText(scope), state.killed() ? " is killed" : " is restricted", " (", state.reason(),
      "): the end of a drill would lift that; resume it first, drill another scope, or give "
      "--keep"));
}

// Another's kill in the meantime stands. (Over Kafka the drill's own is seen a moment later.)
absl::Status EndDrill(Remote& remote, const risk_pb::ActivateKillSwitchRequest& drill) {
  GANNET_ASSIGN_OR_RETURN(const risk_pb::RiskState state, StateOf(remote, drill.scope()));
  if (state.killed() && state.reason() != drill.reason())
    return absl::FailedPreconditionError("it is on for another reason: " + state.reason());
  risk_pb::ReleaseKillSwitchRequest request;
  *request.mutable_scope() = drill.scope();
  request.set_request_id(absl::StrCat(drill.request_id(), "-over"));
  request.set_reason("the drill is over");
  return remote
      .Call<risk_pb::ReleaseKillSwitchResponse>("gannet.risk.v1.RiskService/ReleaseKillSwitch",
                                                request)
      .status();
}

}  // namespace

int Kill(const ControlOptions& control, const std::string& scope_text, const KillOptions& kill,
         Console console) {
  Remote remote(control, console);
  const auto scope = ParseScope(scope_text);
  if (!scope.ok()) {
    Report(scope.status(), console);
    return kControlUsage;
  }
  risk_pb::ActivateKillSwitchRequest request;
  const std::string id = remote.RequestId();
  *request.mutable_scope() = *scope;
  request.set_request_id(id);
  request.set_reason(control.reason);
  request.set_flatten(kill.flatten);
  const bool lift = kill.drill && !kill.keep;
  if (lift) {
    if (const absl::Status may = CheckDrill(remote, *scope); !may.ok()) return Report(may, console);
    request.set_reason(absl::StrCat("drill ", id, ": ", control.reason));
  }
  const auto response = remote.Call<risk_pb::ActivateKillSwitchResponse>(
      "gannet.risk.v1.RiskService/ActivateKillSwitch", request);
  // Recorded is enough to go on: execution acts on it whoever else is down.
  const bool recorded = response.ok() || absl::IsDeadlineExceeded(response.status());
  if (!recorded) return Report(response.status(), console);
  const auto stop = Follow(remote, id);
  const bool told = stop.ok();
  if (!told && !response.ok()) return Report(response.status(), console);
  const bool unheard = response.ok() && response->unheard();
  const bool ended = told && stop->verified() && stop->left().empty();
  int code = !told && kill.drill ? kControlFailed
             : told && !ended    ? kControlNotVerified
                                 : kControlDone;
  if (unheard) {
    if (!remote.Json(*response)) console.out << ScopeText(*scope) << " is halted, kill switch on\n";
  } else if (!told) {
    if (!remote.Json(*response))
      console.out << ScopeText(*scope) << " is halted, kill switch on; ask execution for its "
                  << "verified end (" << std::string(stop.status().message()) << ")\n";
  } else if (!remote.Json(*stop)) {
    console.out << (kill.drill ? "drill: " : "") << ScopeText(*scope)
                << " is halted, kill switch on"
                << (response.ok() ? "" : " in execution; risk has not answered") << "\n";
    if (kill.drill) {
      PrintDrill(*stop, console.out);
    } else if (stop->verified()) {
      console.out << "verified after " << Millis(stop->verified_ns() - stop->command_ns()) << ": "
                  << Ends(*stop) << "\n";
    } else {
      console.out << "not verified yet: " << stop->state() << " (" << stop->unknown()
                  << " UNKNOWN); ask again with --request-id " << id << "\n";
    }
    if (kill.flatten) PrintFlat(*stop, console.out);
  }
  absl::Status lifted = absl::OkStatus();
  if (lift) lifted = told || unheard ? EndDrill(remote, request) : stop.status();
  if (unheard) code = Unheard(*scope, console, lift && lifted.ok());
  if (!lifted.ok()) {
    console.err << "gannet: the switch stays on (" << std::string(lifted.message())
                << "); lift it with gannet resume\n";
    return kControlFailed;
  }
  if (lift && !control.json) console.out << "the switch is off again\n";
  return code;
}

}  // namespace gannet::app
