#include "services/reporting/report_scheduler.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/net/no_network.h"
#include "services/reporting/report_for_test.h"

namespace gannet::reporting {
namespace {

using namespace std::chrono_literals;

// The service around it is not needed: a clock, a store and a writer that remembers.
struct Fixture {
  std::unique_ptr<store::MemoryStore> store = StoreWith(TestHistory());
  std::vector<std::string> folders;
  std::vector<Report> reports;
  absl::Status answer;
  base::Time stored_until = base::Time::max();
  ReportingConfig config;

  // One run of the program from `start` on.
  struct Run {
    explicit Run(Fixture& fixture, base::Time start)
        : executor(start),
          bus(executor),
          shard({}, executor, executor, nullptr, &bus),
          log("test", telemetry::Level::kError, executor, [](std::string_view) {}),
          deps{shard, bus, executor, executor, executor, files, network, log, base::Rng(1), "data"},
          scheduler(
              fixture.config, deps, *fixture.store,
              [&fixture](const Report& report, const std::vector<Format>&,
                         const std::string& folder) -> absl::StatusOr<std::vector<std::string>> {
                if (!fixture.answer.ok()) return fixture.answer;
                fixture.reports.push_back(report);
                fixture.folders.push_back(folder);
                return std::vector<std::string>{};
              },
              [&fixture](store::ReportRunRow run) {
                REQUIRE(fixture.store->Write({.report_runs = {std::move(run)}}).ok());
              },
              [&fixture](base::Time time) { return fixture.stored_until >= time; }) {
      REQUIRE(scheduler.Start().ok());
    }
    base::VirtualExecutor executor;
    base::SimFiles files;
    net::NoNetwork network;
    bus::MemoryBus bus;
    runtime::Shard shard;
    telemetry::Log log;
    runtime::Deps deps;
    ReportScheduler scheduler;
  };

  Fixture() {
    Schedule daily;
    daily.name = "daily";
    daily.account = kTestAccount;
    daily.formats = {Format::kPdf};
    config.reports.schedules = {daily};
    config.build = "gannet test";
  }
};

TEST_CASE("ReportScheduler makes each report once, when it is due") {
  Fixture f;
  Fixture::Run run(f, kTestDay + 12h);
  run.executor.RunFor(12h + 4min);
  CHECK(f.folders.empty());
  run.executor.RunFor(2min);
  REQUIRE(f.folders.size() == 1);
  CHECK(f.folders[0] == "data/reports/daily/2023-11-15");
  CHECK(f.reports[0].request.from == kTestDay);
  CHECK(f.reports[0].request.to == kTestDay + 24h);
  CHECK(f.reports[0].request.build == "gannet test");
  run.executor.RunFor(48h);
  CHECK(f.folders.size() == 3);
  const auto runs = f.store->ReportRuns({}).value();
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].due == kTestDay + 24h + 5min);
  CHECK(runs[0].error.empty());
}

TEST_CASE("ReportScheduler after a time without the program makes the latest one, once") {
  Fixture f;
  { Fixture::Run(f, kTestDay + 23h).executor.RunFor(2h); }
  REQUIRE(f.folders.size() == 1);
  {
    Fixture::Run run(f, kTestDay + 24h * 9 + 1h);  // a week later
    run.executor.RunFor(1min);
    REQUIRE(f.folders.size() == 2);
    CHECK(f.folders[1].ends_with("/2023-11-23"));
  }
  Fixture::Run run(f, kTestDay + 24h * 9 + 2h);
  run.executor.RunFor(1h);
  CHECK(f.folders.size() == 2);
}

TEST_CASE("ReportScheduler that has never run begins with the next report") {
  Fixture f;
  Fixture::Run run(f, kTestDay + 24h * 9 + 1h);
  run.executor.RunFor(10min);
  CHECK(f.folders.empty());
}

TEST_CASE("ReportScheduler says which report is missing, and goes on with the next") {
  Fixture f;
  f.answer = absl::ResourceExhaustedError("the disk is full: free some space");
  Fixture::Run run(f, kTestDay + 23h);
  run.executor.RunFor(2h);
  REQUIRE(run.scheduler.problems().size() == 1);
  CHECK(run.scheduler.problems()[0].find("free some space") != std::string::npos);
  CHECK(f.store->ReportRuns({}).value().at(0).error.find("full") != std::string::npos);
  f.answer = absl::OkStatus();
  run.executor.RunFor(24h);
  CHECK(run.scheduler.problems().empty());
  CHECK(f.folders.size() == 1);
}

TEST_CASE("ReportScheduler waits until all of the period is stored, and says so") {
  Fixture f;
  f.stored_until = kTestDay + 24h - 1s;
  Fixture::Run run(f, kTestDay + 23h);
  run.executor.RunFor(2h);
  CHECK(f.folders.empty());
  CHECK(f.store->ReportRuns({}).value().empty());
  REQUIRE(run.scheduler.problems().size() == 1);
  CHECK(run.scheduler.problems()[0].find("waits until all") != std::string::npos);
  f.stored_until = kTestDay + 24h;
  run.executor.RunFor(1s);
  CHECK(f.folders.size() == 1);
  CHECK(run.scheduler.problems().empty());
}

TEST_CASE("ReportScheduler drains, and a program that cannot write reports refuses schedules") {
  Fixture f;
  Fixture::Run run(f, kTestDay + 23h);
  bool drained = false;
  run.scheduler.Drain([&] { drained = true; });
  CHECK(drained);
  run.executor.RunFor(24h);
  CHECK(f.folders.empty());
  ReportScheduler without(f.config, run.deps, *f.store, nullptr, nullptr, nullptr);
  CHECK(without.Start().code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("ReportScheduler takes the capital that the configuration states") {
  Fixture f;
  f.config.reports.capital["main/paper"] = market::Money(5'000, 0);
  f.config.reports.schedules[0].returns = Grid::kHour;
  Fixture::Run run(f, kTestDay + 23h);
  run.executor.RunFor(2h);
  REQUIRE(f.reports.size() == 1);
  CHECK(f.reports[0].FindFigure("opening_equity")->value == Value(market::Money(5'000, 0)));
  CHECK(f.reports[0].request.grid == Grid::kHour);
}

}  // namespace
}  // namespace gannet::reporting
