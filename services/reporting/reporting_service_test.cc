#include "services/reporting/reporting_service.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/net/no_network.h"
#include "libs/store/memory_store.h"
#include "services/reporting/app.h"

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

}  // namespace
}  // namespace gannet::reporting
