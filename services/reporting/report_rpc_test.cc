#include "services/reporting/report_rpc.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <thread>

#include "gannet/report/v1/report_service.pb.h"
#include "libs/base/digest.h"
#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/bus/memory_bus.h"
#include "libs/net/no_network.h"
#include "libs/rpc/channel.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/shard.h"
#include "libs/runtime/system_clock.h"
#include "services/reporting/report_for_test.h"

namespace gannet::reporting {
namespace {

namespace pb = ::gannet::report::v1;
using namespace std::chrono_literals;

constexpr base::Duration kPatience = 60s;  // of a call: it ends what hangs, not what is slow
constexpr char kService[] = "gannet.report.v1.ReportService/";

struct Rig {
  Rig() {
    ReportsConfig reports;
    reports.capital = {{kTestAccount.text(), market::Money(200'050, 2)}};
    reports.risk_free_ppm = 42'500;
    reports.days_per_year = 252;
    rpc.emplace(server, deps, *store, reports, "test");
    const absl::Status started = server.Start();
    INFO(started.ToString());
    REQUIRE(started.ok());
    auto opened = rpc::Channel::Open({.target = "unix:" + folder.path() + "/s.sock"});
    REQUIRE(opened.ok());
    channel = *std::move(opened);
  }
  void Run(const std::function<void()>& client) {
    std::thread thread([&] {
      client();
      executor.Stop();
    });
    executor.Run();
    thread.join();
  }
  template <class Response, class Request>
  absl::StatusOr<Response> Call(const char* method, const Request& request) {
    Response response;
    const absl::Status status =
        channel->Call(std::string(kService) + method, request, response, kPatience);
    if (!status.ok()) return status;
    return response;
  }
  absl::StatusOr<pb::Report> Make(const pb::CreateReportRequest& request) {
    auto created = Call<pb::CreateReportResponse>("CreateReport", request);
    if (!created.ok()) return created.status();
    pb::GetReportRequest get;
    get.set_report_id(created->report().report_id());
    for (;;) {  // each call lets the executor work
      auto got = Call<pb::GetReportResponse>("GetReport", get);
      if (!got.ok()) return got.status();
      if (got->report().state() != pb::REPORT_STATE_PENDING) return got->report();
    }
  }
  absl::StatusOr<std::string> Download(const std::string& id, uint64_t offset = 0) {
    pb::DownloadReportRequest request;
    request.set_report_id(id);
    request.set_offset(offset);
    pb::DownloadReportResponse piece;
    std::string bytes;
    const absl::Status status =
        channel->Stream(std::string(kService) + "DownloadReport", request, piece, kPatience, [&] {
          CHECK(piece.offset() == offset + bytes.size());
          bytes += piece.chunk();
          return true;
        });
    if (!status.ok()) return status;
    return bytes;
  }

  base::TempDirForTest folder;
  runtime::SystemClock clock;
  runtime::AsioExecutor executor{clock};
  base::PosixFiles files;
  net::NoNetwork network;
  bus::MemoryBus bus{executor, {}};
  runtime::Shard shard{{}, executor, clock, nullptr, &bus};
  telemetry::Log log{"test", telemetry::Level::kError, clock, [](std::string_view) {}};
  runtime::Deps deps{shard, bus,     executor, executor,     clock,
                     files, network, log,      base::Rng(1), folder.path()};
  std::unique_ptr<store::MemoryStore> store = StoreWith(TestHistory());
  rpc::Server server{executor, log, {.unix_socket = folder.path() + "/s.sock"}};
  std::optional<ReportRpc> rpc;
  std::optional<rpc::Channel> channel;
};

pb::CreateReportRequest RequestFor(pb::ReportKind kind, pb::ReportFormat format,
                                   const char* request_id = "r") {
  pb::CreateReportRequest request;
  request.set_request_id(request_id);
  request.set_kind(kind);
  request.set_format(format);
  request.mutable_filter()->add_accounts(kTestAccount.text());
  request.mutable_range()->set_start_ns(base::UnixNanos(kTestDay));
  request.mutable_range()->set_end_ns(base::UnixNanos(kTestDay + std::chrono::hours(72)));
  return request;
}

TEST_CASE("A report is made, named by its hash, and downloaded from any byte on") {
  Rig rig;
  rig.Run([&] {
    const auto report = rig.Make(RequestFor(pb::REPORT_KIND_DAILY_SUMMARY, pb::REPORT_FORMAT_JSON));
    REQUIRE(report.ok());
    INFO(report->detail());
    REQUIRE(report->state() == pb::REPORT_STATE_READY);
    const auto bytes = rig.Download(report->report_id());
    REQUIRE(bytes.ok());
    CHECK(bytes->size() == report->size_bytes());
    const base::Sha256Digest hash = base::Sha256(*bytes);
    CHECK(report->content_hash() == std::string(hash.begin(), hash.end()));
    CHECK(bytes->find("\"fills\"") != std::string::npos);
    // As the settings of reports say, and so as a scheduled one.
    CHECK(bytes->find("capital of 2,000.50 USDT (as stated)") != std::string::npos);
    CHECK(bytes->find("risk-free rate (4.25 % a year)") != std::string::npos);
    CHECK(bytes->find("(n − 1), × √252.") != std::string::npos);
    CHECK(*rig.Download(report->report_id(), 10) == bytes->substr(10));
    CHECK(rig.Download(report->report_id(), bytes->size() + 1).status().code() ==
          absl::StatusCode::kOutOfRange);
  });
}

TEST_CASE("One table comes as CSV, and every format begins as it must") {
  Rig rig;
  rig.Run([&] {
    const auto fills = rig.Make(RequestFor(pb::REPORT_KIND_FILLS, pb::REPORT_FORMAT_CSV, "a"));
    REQUIRE(fills.ok());
    const auto csv = rig.Download(fills->report_id());
    REQUIRE(csv.ok());
    CHECK(std::count(csv->begin(), csv->end(), '\n') == 1 + 6);  // head and fills
    const auto pdf =
        rig.Make(RequestFor(pb::REPORT_KIND_DAILY_SUMMARY, pb::REPORT_FORMAT_PDF, "b"));
    REQUIRE(pdf.ok());
    CHECK(rig.Download(pdf->report_id())->starts_with("%PDF"));
    const auto positions =
        rig.Make(RequestFor(pb::REPORT_KIND_POSITIONS, pb::REPORT_FORMAT_JSON, "d"));
    REQUIRE(positions.ok());
    CHECK(rig.Download(positions->report_id())->find("positions") != std::string::npos);
    const auto xlsx =
        rig.Make(RequestFor(pb::REPORT_KIND_DAILY_SUMMARY, pb::REPORT_FORMAT_XLSX, "c"));
    REQUIRE(xlsx.ok());
    INFO(xlsx->detail());
    CHECK(rig.Download(xlsx->report_id())->starts_with("PK"));
  });
}

TEST_CASE("What makes no report is refused, or fails with what the store says") {
  Rig rig;
  rig.Run([&] {
    auto request = RequestFor(pb::REPORT_KIND_COMPLIANCE, pb::REPORT_FORMAT_JSON);
    const auto code = [&] { return rig.Make(request).status().code(); };
    CHECK(code() == absl::StatusCode::kInvalidArgument);
    request = RequestFor(pb::REPORT_KIND_DAILY_SUMMARY, pb::REPORT_FORMAT_CSV);
    CHECK(code() == absl::StatusCode::kInvalidArgument);
    for (const pb::ReportFormat whole : {pb::REPORT_FORMAT_PDF, pb::REPORT_FORMAT_XLSX}) {
      request = RequestFor(pb::REPORT_KIND_FILLS, whole);
      CHECK(code() == absl::StatusCode::kInvalidArgument);
    }
    request = RequestFor(pb::REPORT_KIND_FILLS, pb::REPORT_FORMAT_UNSPECIFIED);
    CHECK(code() == absl::StatusCode::kInvalidArgument);
    request = RequestFor(pb::REPORT_KIND_FILLS, pb::REPORT_FORMAT_JSON);
    request.mutable_filter()->clear_accounts();
    CHECK(code() == absl::StatusCode::kInvalidArgument);
    request = RequestFor(pb::REPORT_KIND_FILLS, pb::REPORT_FORMAT_JSON);
    request.mutable_range()->set_start_ns(request.range().end_ns());
    CHECK(code() == absl::StatusCode::kInvalidArgument);
    request = RequestFor(pb::REPORT_KIND_FILLS, pb::REPORT_FORMAT_JSON, "nobody");
    request.mutable_filter()->set_accounts(0, "main/nobody");
    const auto failed = rig.Make(request);
    REQUIRE(failed.ok());
    CHECK(failed->state() == pb::REPORT_STATE_FAILED);
    CHECK_FALSE(failed->detail().empty());
    CHECK(rig.Download(failed->report_id()).status().code() ==
          absl::StatusCode::kFailedPrecondition);
    CHECK(rig.Download("no-such-report").status().code() == absl::StatusCode::kNotFound);
  });
}

}  // namespace
}  // namespace gannet::reporting
