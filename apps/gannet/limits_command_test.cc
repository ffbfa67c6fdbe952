// gannet limits against the answers of a process.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <future>
#include <sstream>
#include <string>

#include "apps/gannet/control_command.h"
#include "gannet/risk/v1/risk_service.pb.h"
#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/rpc/server.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/system_clock.h"

namespace gannet::app {
namespace {

using namespace std::chrono_literals;
namespace risk_pb = ::gannet::risk::v1;

// Risk with so many limits, a page at a time, as it is asked for.
struct Process {
  explicit Process(int count) : limits(count) {
    server.Handle<risk_pb::ListLimitsRequest>(
        "gannet.risk.v1.RiskService/ListLimits",
        [this](const rpc::CallPtr& call, const risk_pb::ListLimitsRequest& request) {
          ++pages;
          const int begin = request.page_token().empty() ? 0 : std::stoi(request.page_token());
          const int end = std::min(begin + std::min(request.page_size(), 1'000), limits);
          risk_pb::ListLimitsResponse response;
          response.set_limit_version(begin > 0 && pages == changed_at ? ++version : version);
          for (int i = begin; i < end; ++i) {
            auto& row = *response.add_limits();
            row.set_name("limit" + std::to_string(i) + ";");
            row.set_unit("USDT");
            row.mutable_value()->set_mantissa(version);
          }
          if (end < limits) response.set_next_page_token(std::to_string(end));
          call->Reply(response);
        });
    REQUIRE(server.Start().ok());
  }
  std::string Show(bool json = false) {
    const ControlOptions control{.data_dir = folder.path(), .json = json, .timeout = 60s};
    auto code = std::async(std::launch::async, [&] {
      const int ended = ShowLimits(control, "", {files, out, err});
      executor.Post([this] { executor.Stop(); });
      return ended;
    });
    executor.Run();
    CHECK(code.get() == kControlDone);
    return out.str();
  }

  int limits, pages = 0;
  int changed_at = 0;  // the page before which somebody changes the limits
  uint64_t version = 1;
  base::TempDirForTest folder;
  base::PosixFiles files;
  std::ostringstream out, err;
  const runtime::SystemClock clock;
  runtime::AsioExecutor executor{clock};
  telemetry::Log log{"test", telemetry::Level::kError, clock, [](std::string_view) {}};
  rpc::Server server{executor, log, {.unix_socket = folder.path() + "/gannet.sock"}};
};

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("All limits are shown, however many there are") {
  for (const bool json : {false, true}) {
    Process process(2'001);
    const std::string shown = process.Show(json);
    CHECK(process.pages == 3);
    CHECK(Count(shown, "limit0;") == 1);
    CHECK(Count(shown, "limit1000;") == 1);
    CHECK(Count(shown, "limit2000;") == 1);
  }
}

TEST_CASE("Limits that change while they are read are shown as of one version") {
  Process process(1'001);
  process.changed_at = 2;
  const std::string shown = process.Show();
  CHECK(process.pages == 4);
  CHECK(shown.starts_with("limits version 2\n"));
  CHECK(Count(shown, "limit0;") == 1);
  CHECK(Count(shown, "limit1000;") == 1);
}

}  // namespace gannet::app
