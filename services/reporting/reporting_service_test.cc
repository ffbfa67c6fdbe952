#include "services/reporting/reporting_service.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <optional>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/net/no_network.h"
#include "libs/runtime/turn.h"
#include "libs/store/forwarding_store.h"
#include "libs/store/memory_store.h"
#include "libs/wire/codec.h"
#include "services/reporting/app.h"
#include "services/reporting/report_model.h"

namespace gannet::reporting {
namespace {

using namespace std::chrono_literals;

// A store whose disk is full for a while.
class FullStore : public store::MemoryStore {
 public:
  explicit FullStore(bool& full) : full_(full) {}
  absl::Status Write(const store::Batch& batch) override {
    return full_ ? absl::ResourceExhaustedError("the disk is full: free some space")
                 : store::MemoryStore::Write(batch);
  }

 private:
  bool& full_;
};

// A database whose connection breaks at the end of a write: kept or not, it cannot
// say, and takes no other batch before.
class UnsureStore : public store::MemoryStore {
 public:
  explicit UnsureStore(int& outages) : outages_(outages) {}
  absl::Status Write(const store::Batch& batch) override {
    const Shape shape{batch.orders, batch.report_runs};
    if (unsure_ && shape != *unsure_) return absl::FailedPreconditionError("another batch");
    const bool kept = unsure_.has_value();
    unsure_.reset();
    if (!kept) {
      const absl::Status written = store::MemoryStore::Write(batch);
      if (!written.ok()) return written;
    }
    if (outages_ == 0) return absl::OkStatus();
    --outages_;
    unsure_ = shape;
    return absl::UnknownError("the connection broke");
  }
  absl::Status Ready() override {
    return refused ? absl::FailedPreconditionError("the schema is newer; use the newer build")
                   : absl::OkStatus();
  }
  bool refused = false;

 private:
  using Shape = std::pair<std::vector<store::OrderRow>, std::vector<store::ReportRunRow>>;
  int& outages_;
  std::optional<Shape> unsure_;
};

struct Fixture {
  base::VirtualExecutor executor{base::FromUnixMillis(1'000'000)};
  base::SimFiles files;
  net::NoNetwork network;
  bus::MemoryBus bus{executor};
  runtime::Shard shard{{}, executor, executor, nullptr, &bus};
  telemetry::Log log{"test", telemetry::Level::kError, executor, [](std::string_view) {}};
  runtime::Deps deps{shard, bus,     executor, executor,     executor,
                     files, network, log,      base::Rng(1), "data"};
  bool disk_full = false;
  std::unique_ptr<ReportingService> service =
      BuildReporting({}, deps, std::make_unique<FullStore>(disk_full));

  Fixture() {
    auto event = std::make_shared<market::Event<market::Instrument>>();
    event->value.id = market::InstrumentId("v:X");
    REQUIRE(bus.Publish(bus::kInstruments,
                        std::shared_ptr<const market::Event<market::Instrument>>(event))
                .ok());
  }
  void Publish(uint64_t sequence, market::OrderState state) {
    auto event = std::make_shared<market::Event<market::ExecReport>>();
    event->header.id = {3, sequence};
    event->header.publish_time = executor.Now();
    event->value.client_order_id = market::ClientOrderId("g1a");
    event->value.instrument = market::InstrumentId("v:X");
    event->value.state = state;
    REQUIRE(bus.Publish(bus::kExecReports,
                        std::shared_ptr<const market::Event<market::ExecReport>>(event))
                .ok());
  }
  std::vector<store::OrderRow> Orders() { return service->store().Orders({}).value(); }
};

// A journal of one order a segment, each of which a snapshot covers.
void RecordOrders(Fixture& f, uint64_t from, uint64_t to) {
  journal::WriterOptions options;
  options.reserve_bytes = 0;
  options.own_thread = false;
  for (uint64_t turn = from; turn <= to; ++turn) {
    auto writer = journal::Writer::Open(f.files, f.executor, "/data/journal",
                                        {.run = 99, .build_id = std::to_string(turn)}, options);
    REQUIRE(writer.ok());
    market::Event<market::ExecReport> event;
    event.header.id = {3, turn << runtime::kOutputBits};
    event.value.account = market::AccountId("main/paper");
    event.value.client_order_id = market::ClientOrderId("g1" + std::to_string(turn));
    event.value.instrument = market::InstrumentId("v:X");
    event.value.state = market::OrderState::kAccepted;
    (*writer)->Append(journal::RecordType::kFact, f.executor.Now() + turn * 1s,
                      bus::kExecReports.info.name, wire::Encode(event));
    REQUIRE((*writer)->WriteSnapshot("state").ok());
    REQUIRE((*writer)->Close().ok());
  }
}

TEST_CASE("ReportingService stores what the bus brings, and is done with it when it drains") {
  Fixture f;
  REQUIRE(f.service->Start().ok());
  f.Publish(1, market::OrderState::kAccepted);
  f.executor.RunFor(2s);
  REQUIRE(f.Orders().size() == 1);
  CHECK(f.Orders()[0].state == market::OrderState::kAccepted);
  f.Publish(2, market::OrderState::kCanceled);
  f.executor.RunFor(1ms);
  bool drained = false;
  f.service->Drain([&] { drained = true; });
  f.executor.RunFor(100ms);
  CHECK(drained);
  CHECK(f.Orders()[0].state == market::OrderState::kCanceled);
  CHECK(f.service->store().HighWater().value().at(3) == 2);
}

TEST_CASE("ReportingService with a full disk says so, loses nothing and recovers") {
  Fixture f;
  REQUIRE(f.service->Start().ok());
  f.disk_full = true;
  f.Publish(1, market::OrderState::kAccepted);
  f.executor.RunFor(2s);
  CHECK(f.Orders().empty());
  REQUIRE(f.service->health().state == runtime::HealthState::kDegraded);
  CHECK(f.service->health().reasons.at(0).find("free some space") != std::string::npos);
  f.disk_full = false;
  f.executor.RunFor(2s);
  CHECK(f.Orders().size() == 1);
  CHECK(f.service->health().state == runtime::HealthState::kServing);
}

TEST_CASE("ReportingService writes a batch again, as it was, whose fate the store does not know") {
  Fixture f;
  int outages = 3;
  f.service = BuildReporting({}, f.deps, std::make_unique<UnsureStore>(outages));
  REQUIRE(f.service->Start().ok());
  f.Publish(1, market::OrderState::kAccepted);
  f.executor.RunFor(700ms);  // one write
  CHECK(outages == 2);
  CHECK(f.service->health().state == runtime::HealthState::kDegraded);
  f.Publish(2, market::OrderState::kCanceled);
  f.executor.RunFor(3s);
  CHECK(outages == 0);
  CHECK(f.Orders().at(0).state == market::OrderState::kCanceled);
  CHECK(f.service->health().state == runtime::HealthState::kServing);
  // The same while it drains.
  outages = 1;
  f.Publish(3, market::OrderState::kRejected);
  f.executor.RunFor(700ms);
  bool drained = false;
  f.service->Drain([&] { drained = true; });
  f.executor.RunFor(1s);
  CHECK(drained);
  CHECK(f.service->store().HighWater().value().at(3) == 3);
}

TEST_CASE("ReportingService keeps which reports were made as it keeps all else") {
  Fixture f;
  int outages = 0, made = 0;
  ReportingConfig config;
  Schedule schedule;
  schedule.name = "hourly";
  schedule.every = Every::kHour;
  schedule.account = market::AccountId("main/paper");
  config.reports.schedules = {schedule};
  f.service = BuildReporting(config, f.deps, std::make_unique<UnsureStore>(outages),
                             [&](const Report&, const std::vector<Format>&,
                                 const std::string&) -> absl::StatusOr<std::vector<std::string>> {
                               ++made;
                               outages = 1;  // the next write breaks at its end
                               return std::vector<std::string>{};
                             });
  REQUIRE(f.service->store()
              .Write({.balances = {{f.executor.Now(),
                                    schedule.account,
                                    "v",
                                    market::AssetId("USDT"),
                                    market::Money(1, 0),
                                    {}}}})
              .ok());
  REQUIRE(f.service->Start().ok());
  f.executor.RunFor(1h);
  REQUIRE(made == 1);
  f.Publish(1, market::OrderState::kAccepted);
  f.executor.RunFor(3s);
  CHECK(outages == 0);
  CHECK(f.Orders().size() == 1);
  CHECK(f.service->store().ReportRuns({}).value().size() == 1);
  CHECK(f.service->health().state == runtime::HealthState::kServing);
}

TEST_CASE("ReportingService makes a report that was missed once it has caught up, not before") {
  Fixture f;
  RecordOrders(f, 1, 3);
  ReportingConfig config;
  Schedule schedule;
  schedule.name = "hourly";
  schedule.every = Every::kHour;
  schedule.account = market::AccountId("main/paper");
  config.reports.schedules = {schedule};
  store::MemoryStore kept;
  REQUIRE(kept.Write({.report_runs = {{"hourly", f.executor.Now() - 10min, {}, "", ""}}}).ok());
  f.executor.RunFor(1h);
  std::optional<size_t> orders;  // that were stored when it was made
  f.service = BuildReporting(config, f.deps, std::make_unique<store::ForwardingStore>(kept),
                             [&](const Report&, const std::vector<Format>&,
                                 const std::string&) -> absl::StatusOr<std::vector<std::string>> {
                               orders = kept.Orders({}).value().size();
                               return std::vector<std::string>{};
                             });
  auto reader = journal::Reader::Open(f.files, "/data/journal");
  REQUIRE(reader.ok());
  REQUIRE(f.service->CatchUp(**reader, /*alone=*/true).ok());
  REQUIRE(f.service->Start().ok());
  f.executor.RunFor(100ms);
  CHECK_FALSE(orders);
  CHECK(f.service->health().state == runtime::HealthState::kDegraded);
  f.executor.RunFor(3s);
  CHECK(orders == 3);
  CHECK(f.service->health().state == runtime::HealthState::kServing);
}

TEST_CASE("ReportingService notices without a write that its store is of no use any more") {
  Fixture f;
  int none = 0;
  auto store = std::make_unique<UnsureStore>(none);
  UnsureStore& schema = *store;
  f.service = BuildReporting({}, f.deps, std::move(store));
  REQUIRE(f.service->Start().ok());
  f.executor.RunFor(2s);
  CHECK(f.service->health().state == runtime::HealthState::kServing);
  schema.refused = true;
  f.executor.RunFor(15s);
  CHECK(f.service->health().state == runtime::HealthState::kNotServing);
  CHECK(f.service->health().reasons.at(0).find("use the newer build") != std::string::npos);
  schema.refused = false;
  f.executor.RunFor(15s);
  CHECK(f.service->health().state == runtime::HealthState::kServing);
}

TEST_CASE("ReportingService acknowledges a balance once it is stored") {
  Fixture f;
  store::MemoryStore kept;
  uint64_t sequence = 0;
  const auto publish = [&](int64_t amount) {
    auto event = std::make_shared<market::Event<market::BalanceUpdate>>();
    event->header.id = {3, ++sequence};
    event->header.publish_time = f.executor.Now();
    event->value = {market::AccountId("main/paper"), "v", market::AssetId("USDT"),
                    market::Money(amount, 0), market::Money()};
    REQUIRE(f.bus
                .Publish(bus::kBalances,
                         std::shared_ptr<const market::Event<market::BalanceUpdate>>(event))
                .ok());
  };
  const auto start = [&] {
    f.service.reset();  // killed: nothing more is written
    f.service = BuildReporting({}, f.deps, std::make_unique<store::ForwardingStore>(kept));
    REQUIRE(f.service->Restore().ok());
    REQUIRE(f.service->Start().ok());
    f.executor.RunFor(2s);
  };
  start();
  publish(100);
  f.executor.RunFor(2s);
  publish(90);  // waits for those that may follow soon
  f.executor.RunFor(2s);
  CHECK(kept.Balances({}).value().size() == 1);
  start();
  REQUIRE(kept.Balances({}).value().size() == 2);
  CHECK(kept.Balances({}).value().back().free == market::Money(90, 0));
  // So many are not waited for: the bus holds a bounded number back.
  for (size_t i = 0; i <= kMostBalances; ++i) publish(static_cast<int64_t>(i));
  f.executor.RunFor(2s);
  CHECK(kept.Balances({}).value().back().free.units() > 0);
  CHECK(kept.Balances({}).value().size() == 3);
}

TEST_CASE("ReportingService says what a pruned journal did not bring, in health and in reports") {
  Fixture f;
  RecordOrders(f, 1, 6);
  store::MemoryStore kept;
  const auto start = [&] {
    f.service = BuildReporting({}, f.deps, std::make_unique<store::ForwardingStore>(kept));
    auto reader = journal::Reader::Open(f.files, "/data/journal");
    REQUIRE(reader.ok());
    REQUIRE(f.service->CatchUp(**reader, /*alone=*/true).ok());
    REQUIRE(f.service->Start().ok());
    f.executor.RunFor(2s);
  };
  const auto notes = [&] {
    ReportRequest request;
    request.account = market::AccountId("main/paper");
    request.to = f.executor.Now() + 1h;
    return BuildReport(kept, request).value().notes;
  };
  const auto says = [](const std::vector<std::string>& texts, const std::string& part) {
    return std::any_of(texts.begin(), texts.end(), [&part](const std::string& text) {
      return text.find(part) != std::string::npos;
    });
  };
  SECTION("a whole one") {
    start();
    CHECK(f.Orders().size() == 6);
    CHECK(f.service->health().state == runtime::HealthState::kServing);
    CHECK_FALSE(says(notes(), "Not whole before"));
  }
  SECTION("into an empty store") {
    REQUIRE(journal::Prune(f.files, "/data/journal", base::Time::max(), {})->segments == 5);
    start();
    CHECK(f.Orders().size() == 1);
    CHECK(f.service->health().state == runtime::HealthState::kDegraded);
    CHECK(says(f.service->health().reasons, "records 1 to 5 of the journal"));
    CHECK(says(notes(), "Not whole before 1970-01-01T00:16:46Z"));
    start();  // the reports go on saying it
    CHECK(f.service->health().state == runtime::HealthState::kServing);
    CHECK(says(notes(), "Not whole before 1970-01-01T00:16:46Z"));
  }
  SECTION("into a store that was behind") {
    REQUIRE(kept.Write({.high_water = {{99, 2}}}).ok());
    REQUIRE(journal::Prune(f.files, "/data/journal", base::Time::max(), {})->segments == 5);
    start();
    CHECK(says(f.service->health().reasons, "records 3 to 5 of the journal"));
    CHECK(says(notes(), "Not whole before"));
  }
}

TEST_CASE("ReportingService leaves in its only journal what it has not stored") {
  Fixture f;
  f.deps.data_dir = "/data";
  RecordOrders(f, 1, 6);
  const auto start = [&] {
    f.service = BuildReporting({}, f.deps, std::make_unique<FullStore>(f.disk_full));
    auto reader = journal::Reader::Open(f.files, "/data/journal");
    REQUIRE(reader.ok());
    REQUIRE(f.service->CatchUp(**reader, /*alone=*/true).ok());
    REQUIRE(f.service->Start().ok());
    f.executor.RunFor(5s);
  };
  const auto removed = [&] {
    return journal::Prune(f.files, "/data/journal", base::Time::max(), {})->segments;
  };
  f.disk_full = true;
  start();
  CHECK(removed() == 0);
  f.disk_full = false;
  f.executor.RunFor(5s);
  // Nothing more came: the end of the journal is the mark all the same.
  f.executor.RunFor(2min);
  CHECK(removed() == 5);
}

TEST_CASE("ReportingService reads its only journal on from where it is folded") {
  Fixture f;
  journal::WriterOptions options;
  options.reserve_bytes = 0;
  options.own_thread = false;
  auto writer = journal::Writer::Open(f.files, f.executor, "/data/journal", {.run = 99}, options);
  REQUIRE(writer.ok());
  for (uint64_t turn = 1; turn <= 3; ++turn) {
    market::Event<market::ExecReport> event;
    event.header.id = {3, turn << runtime::kOutputBits};
    event.value.client_order_id = market::ClientOrderId("g1" + std::to_string(turn));
    event.value.instrument = market::InstrumentId("v:X");
    event.value.state = market::OrderState::kAccepted;
    (*writer)->Append(journal::RecordType::kFact, f.executor.Now(), bus::kExecReports.info.name,
                      wire::Encode(event));
  }
  REQUIRE((*writer)->Close().ok());
  const auto caught_up = [&](bool alone) {
    auto store = std::make_unique<store::MemoryStore>();
    REQUIRE(store->Write({.high_water = {{99, 1}}}).ok());
    f.service = BuildReporting({}, f.deps, std::move(store));
    auto reader = journal::Reader::Open(f.files, "/data/journal");
    REQUIRE(reader.ok());
    REQUIRE(f.service->CatchUp(**reader, alone).ok());
    REQUIRE(f.service->Start().ok());
    f.executor.RunFor(2s);
    return f.Orders().size();
  };
  CHECK(caught_up(true) == 2);
  CHECK(caught_up(false) == 3);
  // What comes now moves the mark: all before the newest turn.
  caught_up(true);
  f.Publish(7 << runtime::kOutputBits, market::OrderState::kCanceled);
  f.executor.RunFor(2s);
  CHECK(f.service->store().HighWater().value().at(99) == 6);
}

}  // namespace
}  // namespace gannet::reporting
