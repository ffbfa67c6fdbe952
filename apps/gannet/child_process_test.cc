#include "apps/gannet/child_process.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/status.h"
#include "libs/base/temp_dir_for_test.h"

namespace gannet::app {
namespace {

using namespace std::chrono_literals;

absl::StatusOr<ChildProcess> Shell(
    const base::TempDirForTest& dir, const std::string& script,
    const std::function<bool()>& give_up = [] { return false; }) {
  GANNET_ASSIGN_OR_RETURN(ChildProcess child,
                          ChildProcess::Launch({"/bin/sh", "-c", script}, dir / "log", "ready"));
  GANNET_RETURN_IF_ERROR(child.WaitUntilReady(10s, give_up));
  return child;
}

TEST_CASE("ChildProcess waits for the ready line and ends the child on request") {
  base::TempDirForTest dir;
  auto child = Shell(
      dir, "trap 'exit 3' TERM; echo starting; echo ready port=5; while :; do sleep 0.05; done");
  REQUIRE(child.ok());
  CHECK(child->ready_line() == "ready port=5");
  CHECK(child->running());
  CHECK(child->Stop(10s).value() == 3);
  CHECK_FALSE(child->running());
}

TEST_CASE("ChildProcess that fails at once is reported with its own words") {
  base::TempDirForTest dir;
  const auto child = Shell(dir, "echo no such venue >&2; exit 1");
  REQUIRE(child.status().code() == absl::StatusCode::kUnavailable);
  CHECK(child.status().message().find("no such venue") != absl::string_view::npos);
}

TEST_CASE("ChildProcess that fails at once is reported with the last error of its own log") {
  base::TempDirForTest dir;
  const std::string error = R"({"level":"error","event":"x","error":"DATA_LOSS: %s"})";
  const auto script = [](const std::string& format, const std::string& text) {
    return "printf '" + format + "\\n' '" + text + "' >&2; ";
  };
  REQUIRE_FALSE(Shell(dir, script(error, "of an earlier start") + "exit 1").ok());
  const auto child =
      Shell(dir, script(error, "a \\\"key\\\" is damaged") +
                     "echo '{\"level\":\"info\",\"event\":\"stopped\"}' >&2; exit 1");
  const std::string said(child.status().message());
  CHECK(said ==
        "/bin/sh ended before it was ready: a \"key\" is damaged; its log is " + dir / "log");
  const auto silent = Shell(dir, "exit 1");
  CHECK(silent.status().message().find("key") == absl::string_view::npos);
}

TEST_CASE("ChildProcess that is no longer wanted is ended before it is ready") {
  base::TempDirForTest dir;
  for (const int patience : {0, 1, 5}) {  // looks at the question before giving up
    int asked = 0;
    const auto child =
        Shell(dir, "while :; do sleep 0.05; done", [&] { return asked++ >= patience; });
    CHECK(child.status().code() == absl::StatusCode::kCancelled);
  }
}

TEST_CASE("ChildProcess that ignores the request is killed, and says so") {
  base::TempDirForTest dir;
  auto child = Shell(dir, "trap '' TERM; echo ready; while :; do sleep 0.05; done");
  REQUIRE(child.ok());
  CHECK(child->Stop(100ms).status().code() == absl::StatusCode::kAborted);
}

}  // namespace
}  // namespace gannet::app
