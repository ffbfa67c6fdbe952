// gannet kill against the answers of a process.
#include <catch2/catch_test_macros.hpp>
#include <future>
#include <sstream>
#include <string>

#include "apps/gannet/control_command.h"
#include "gannet/exec/v1/execution_service.pb.h"
#include "gannet/risk/v1/risk_service.pb.h"
#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/rpc/server.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"

namespace gannet::app {
namespace {

using namespace std::chrono_literals;
namespace exec_pb = ::gannet::exec::v1;
namespace risk_pb = ::gannet::risk::v1;

// Risk and execution of one scope.
struct Process {
  Process() {
    server.Handle<risk_pb::GetRiskStateRequest>(
        "gannet.risk.v1.RiskService/GetRiskState",
        [this](const rpc::CallPtr& call, const risk_pb::GetRiskStateRequest&) {
          risk_pb::GetRiskStateResponse response;
          *response.mutable_state() = state;
          call->Reply(response);
        });
    server.Handle<risk_pb::ActivateKillSwitchRequest>(
        "gannet.risk.v1.RiskService/ActivateKillSwitch",
        [this](const rpc::CallPtr& call, const risk_pb::ActivateKillSwitchRequest& request) {
          state.set_killed(true);
          state.set_reason(request.reason());
          risk_pb::ActivateKillSwitchResponse response;
          response.set_unheard(unheard);
          call->Reply(response);
        });
    server.Handle<exec_pb::GetStopRequest>(
        "gannet.exec.v1.ExecutionService/GetStop",
        [this](const rpc::CallPtr& call, const exec_pb::GetStopRequest&) {
          if (!killed_meanwhile.empty()) state.set_reason(killed_meanwhile);
          if (!told) return call->End(absl::UnavailableError("execution is elsewhere"));
          exec_pb::GetStopResponse response;
          response.set_verified(true);
          call->Reply(response);
        });
    server.Handle<risk_pb::ReleaseKillSwitchRequest>(
        "gannet.risk.v1.RiskService/ReleaseKillSwitch",
        [this](const rpc::CallPtr& call, const risk_pb::ReleaseKillSwitchRequest&) {
          if (!may_release) return call->End(absl::PermissionDeniedError("you may not"));
          state.set_killed(false);
          call->Reply(risk_pb::ReleaseKillSwitchResponse());
        });
    REQUIRE(server.Start().ok());
  }
  int Drill(bool json, bool keep = false) {
    ControlOptions control{.data_dir = folder.path(), .json = json, .timeout = 60s};
    control.reason = "monthly";
    auto code = std::async(std::launch::async, [&] {
      const int ended =
          Kill(control, "strategy:maker", {.drill = true, .keep = keep}, {files, out, err});
      executor.Post([this] { executor.Stop(); });
      return ended;
    });
    executor.Run();
    return code.get();
  }
  bool Says(const char* text) const { return err.str().find(text) != std::string::npos; }

  base::TempDirForTest folder;
  base::PosixFiles files;
  std::ostringstream out, err;
  const runtime::SystemClock clock;
  runtime::AsioExecutor executor{clock};
  telemetry::Log log{"test", telemetry::Level::kError, clock, [](std::string_view) {}};
  rpc::Server server{executor, log, {.unix_socket = folder.path() + "/gannet.sock"}};
  risk_pb::RiskState state;
  bool unheard = false, told = true, may_release = true;
  std::string killed_meanwhile;  // by somebody else, for this reason
};

}  // namespace

TEST_CASE("A drill ends with its switch off") {
  for (const bool json : {false, true}) {
    Process process;
    CHECK(process.Drill(json) == kControlDone);
    CHECK_FALSE(process.state.killed());
    CHECK(process.err.str().empty());
    CHECK((process.out.str().find("off again") == std::string::npos) == json);
  }
}

TEST_CASE("A drill whose switch could not be lifted says so and fails") {
  for (const bool json : {false, true}) {
    Process refused;
    refused.may_release = false;
    CHECK(refused.Drill(json) == kControlFailed);
    CHECK(refused.Says("the switch stays on (you may not); lift it with gannet resume"));

    Process another;
    another.killed_meanwhile = "runaway";
    CHECK(another.Drill(json) == kControlFailed);
    CHECK(another.Says("the switch stays on (it is on for another reason: runaway)"));
    CHECK(another.state.killed());

    Process silent;  // who would verify the end
    silent.told = false;
    CHECK(silent.Drill(json) == kControlFailed);
    CHECK(silent.Says("the switch stays on (execution is elsewhere)"));
    CHECK(silent.state.killed());

    Process kept;
    CHECK(kept.Drill(json, true) == kControlDone);
    CHECK(kept.state.killed());
    CHECK(kept.err.str().empty());
  }
}

TEST_CASE("A drill of what nobody has heard of leaves no switch behind") {
  for (const bool json : {false, true}) {
    Process process;
    process.unheard = true;
    CHECK(process.Drill(json) == kControlUnheard);
    CHECK(process.Says("NOT KNOWN: nothing named strategy:maker"));
    CHECK_FALSE(process.Says("until gannet resume"));
    CHECK_FALSE(process.state.killed());

    Process stays;
    stays.unheard = true;
    stays.may_release = false;
    CHECK(stays.Drill(json) == kControlFailed);
    CHECK(stays.Says("until gannet resume"));
    CHECK(stays.Says("the switch stays on (you may not)"));
  }
}

}  // namespace gannet::app
