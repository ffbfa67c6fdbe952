#include "libs/bus/memory_bus.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>
#include <vector>

#include "libs/base/virtual_executor.h"
#include "libs/bus/conformance_suite.h"
#include "libs/bus/topics.h"

namespace gannet::bus {
namespace {

using base::VirtualExecutor;
using Catch::Matchers::ContainsSubstring;
using market::Event;

class MemoryHarness : public BusHarness {
 public:
  explicit MemoryHarness(bool wire_mode)
      : bus_(executor_, {.wire_mode = wire_mode, .partitions = 4, .backlog_limit = 200}) {}
  Bus& bus() override { return bus_; }
  void Settle() override {
    while (executor_.RunOne()) {
    }
  }
  uint32_t partitions() const override { return 4; }
  size_t backlog_limit() const override { return 200; }
  void Congest(bool) override {}
  absl::Status Resolve(const TopicInfo& topic, Position position, Resolution how) override {
    return bus_.Resolve(topic, position, how);
  }
  std::vector<DeadLetter> DeadLetters(const TopicInfo& topic) override {
    return bus_.dead_letters(topic);
  }

 private:
  VirtualExecutor executor_{base::FromUnixMillis(0)};
  MemoryBus bus_;
};

TEST_CASE("MemoryBus does what every bus must do") {
  CheckConformance([] { return std::make_unique<MemoryHarness>(false); });
}

TEST_CASE("MemoryBus in wire mode does what every bus must do") {
  CheckConformance([] { return std::make_unique<MemoryHarness>(true); });
}

struct Fixture {
  VirtualExecutor executor{base::FromUnixMillis(0)};
  MemoryBus bus;
  explicit Fixture(MemoryBusOptions options = {}) : bus(executor, std::move(options)) {}
  void Settle() {
    while (executor.RunOne()) {
    }
  }
};

std::shared_ptr<const Event<market::NewsItem>> News(std::string id) {
  auto event = std::make_shared<Event<market::NewsItem>>();
  event->value.source = "test";
  event->value.source_id = std::move(id);
  return event;
}

std::shared_ptr<const Event<market::Instrument>> Definition(const std::string& symbol,
                                                            uint32_t version) {
  auto event = std::make_shared<Event<market::Instrument>>();
  event->value.id = market::InstrumentId("venue:" + symbol);
  event->value.version = version;
  return event;
}

std::shared_ptr<const Event<market::Trade>> TradeOf(uint64_t id) {
  auto event = std::make_shared<Event<market::Trade>>();
  event->value.instrument = market::InstrumentId("venue:A");
  event->value.trade_id = id;
  return event;
}

TEST_CASE("MemoryBus keeps so many acknowledged events and no more") {
  Fixture f({.retention_events = 10});
  std::unique_ptr<Subscription> reader = f.bus.Subscribe<market::NewsItem>(
      kNewsRaw, {.group = "g"}, [&](const auto&, Position position) { reader->Ack(position); });
  for (int i = 0; i < 25; ++i) REQUIRE(f.bus.Publish(kNewsRaw, News(std::to_string(i))).ok());
  CHECK(f.bus.stats(kNewsRaw.info).kept == 25);  // nothing acknowledged yet
  f.Settle();
  const TopicStats stats = f.bus.stats(kNewsRaw.info);
  CHECK(stats.kept == 10);
  CHECK(stats.expired == 15);
  CHECK(stats.published == 25);
  CHECK(stats.refused == 0);

  std::vector<std::string> late;
  const auto other = f.bus.Subscribe<market::NewsItem>(
      kNewsRaw, {.start = Start::kAt, .at = {{.partition = 0, .offset = 5}}},
      [&](const auto& event, Position) { late.push_back(event.value.source_id); });
  f.Settle();
  REQUIRE(late.size() == 10);
  CHECK(late.front() == "15");
  CHECK(other->stats().skipped == 10);  // asked for, no longer kept
}

TEST_CASE("MemoryBus keeps the last event of each key of a compacted topic") {
  Fixture f({.retention_events = 4});
  for (uint32_t version = 1; version <= 50; ++version) {
    REQUIRE(f.bus.Publish(kInstruments, Definition("A", version)).ok());
    if (version <= 3)
      REQUIRE(f.bus.Publish(kInstruments, Definition("B" + std::to_string(version), 1)).ok());
  }
  CHECK(f.bus.stats(kInstruments.info).kept <= 12);
  std::map<std::string, uint32_t> newest;
  std::vector<uint64_t> offsets;
  const auto reader = f.bus.Subscribe<market::Instrument>(
      kInstruments, {.start = Start::kEarliest}, [&](const auto& event, Position position) {
        newest[event.value.id.text()] = event.value.version;
        offsets.push_back(position.offset);
      });
  f.Settle();
  CHECK(newest == std::map<std::string, uint32_t>{
                      {"venue:A", 50}, {"venue:B1", 1}, {"venue:B2", 1}, {"venue:B3", 1}});
  CHECK(std::is_sorted(offsets.begin(), offsets.end()));
}

TEST_CASE("MemoryBus refuses keys beyond the limit of a compacted topic") {
  Fixture f({.retention_events = 2, .compacted_limit = 5});
  for (int i = 0; i < 5; ++i)
    REQUIRE(f.bus.Publish(kInstruments, Definition(std::to_string(i), 1)).ok());
  const absl::Status status = f.bus.Publish(kInstruments, Definition("6", 1));
  CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(status.message()), ContainsSubstring("bus.compacted_limit"));
}

TEST_CASE("MemoryBus compacts before it refuses a compacted topic") {
  Fixture f({.retention_events = 2, .compacted_limit = 10});
  for (int i = 0; i < 8; ++i) {
    REQUIRE(f.bus.Publish(kInstruments, Definition(std::to_string(i), 1)).ok());
  }
  for (uint32_t version = 2; version < 50; ++version) {
    REQUIRE(f.bus.Publish(kInstruments, Definition("0", version)).ok());
  }
  CHECK(f.bus.stats(kInstruments.info).kept <= 10);
}

TEST_CASE("MemoryBus does not count what it skipped against the limit") {
  Fixture f;
  std::vector<uint64_t> heard;
  std::vector<Position> positions;
  const auto slow = f.bus.Subscribe<market::Trade>(kTrades, {.group = "slow", .limit = 4},
                                                   [&](const auto& event, Position position) {
                                                     heard.push_back(event.value.trade_id);
                                                     positions.push_back(position);
                                                   });
  for (uint64_t i = 0; i < 100; ++i) REQUIRE(f.bus.Publish(kTrades, TradeOf(i)).ok());
  f.Settle();
  CHECK(heard == std::vector<uint64_t>{96, 97, 98, 99});
  for (uint64_t i = 100; i < 200; ++i) REQUIRE(f.bus.Publish(kTrades, TradeOf(i)).ok());
  slow->Ack(positions[1]);  // two are still out: room for two, the oldest of the newest four
  f.Settle();
  CHECK(heard == std::vector<uint64_t>{96, 97, 98, 99, 196, 197});
  CHECK(slow->stats().skipped == 96 + 96);
  CHECK(slow->stats().lag == 2);
}

TEST_CASE("MemoryBus bounds market data that is slow to be read") {
  Fixture f({.conflate_retention_events = 100});
  const auto slow = f.bus.Subscribe<market::Trade>(kTrades, {.group = "slow", .limit = 4},
                                                   [](const auto&, Position) {});
  for (uint64_t i = 0; i < 5'000; ++i) REQUIRE(f.bus.Publish(kTrades, TradeOf(i)).ok());
  CHECK(f.bus.stats(kTrades.info).kept == 100);
  CHECK(f.bus.stats(kTrades.info).expired == 4'900);
}

TEST_CASE("MemoryBus keeps few ticks that all have read, or that nobody reads") {
  Fixture f({.conflate_retention_events = 100});
  const auto keeps = [&] { return f.bus.stats(kTrades.info).kept; };
  for (uint64_t i = 0; i < 1'000; ++i) REQUIRE(f.bus.Publish(kTrades, TradeOf(i)).ok());
  CHECK(keeps() == 32);

  std::vector<Position> heard;
  const auto note = [&](const auto&, Position position) { heard.push_back(position); };
  const auto slow =
      f.bus.Subscribe<market::Trade>(kTrades, {.group = "slow", .start = Start::kLatest}, note);
  std::unique_ptr<Subscription> quick;
  quick =
      f.bus.Subscribe<market::Trade>(kTrades, {.group = "quick", .start = Start::kLatest},
                                     [&](const auto&, Position position) { quick->Ack(position); });
  for (uint64_t i = 0; i < 60; ++i) REQUIRE(f.bus.Publish(kTrades, TradeOf(i)).ok());
  f.Settle();
  CHECK(heard.size() == 60);
  CHECK(keeps() == 60);  // `slow` has acknowledged none: they would come again to its next member
  slow->Ack(heard[9]);
  CHECK(keeps() == 50);
  slow->Ack(heard[59]);
  CHECK(keeps() == 32);
}

TEST_CASE("MemoryBus names the group that holds up a topic, until it is forgotten") {
  Fixture f({.backlog_limit = 20});
  f.bus.Subscribe<market::NewsItem>(kNewsRaw, {.group = "gone"}, [](const auto&, Position) {})
      .reset();
  for (int i = 0; i < 20; ++i) REQUIRE(f.bus.Publish(kNewsRaw, News(std::to_string(i))).ok());
  const absl::Status status = f.bus.Publish(kNewsRaw, News("x"));
  CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(status.message()),
             ContainsSubstring("news.raw.v1: group gone is 20 events behind"));
  CHECK(f.bus.stats(kNewsRaw.info).refused == 1);
  f.bus.ForgetGroup(kNewsRaw.info, "gone");
  CHECK(f.bus.Publish(kNewsRaw, News("x")).ok());
}

TEST_CASE("MemoryBus counts what it delivers again") {
  Fixture f;
  auto first =
      f.bus.Subscribe<market::NewsItem>(kNewsRaw, {.group = "g"}, [](const auto&, Position) {});
  for (int i = 0; i < 3; ++i) REQUIRE(f.bus.Publish(kNewsRaw, News(std::to_string(i))).ok());
  f.Settle();
  CHECK(first->stats().redelivered == 0);
  first.reset();
  const auto second =
      f.bus.Subscribe<market::NewsItem>(kNewsRaw, {.group = "g"}, [](const auto&, Position) {});
  REQUIRE(f.bus.Publish(kNewsRaw, News("3")).ok());
  f.Settle();
  CHECK(second->stats().delivered == 4);
  CHECK(second->stats().redelivered == 3);
}

TEST_CASE("MemoryBus in wire mode refuses what would not come back") {
  Fixture f({.wire_mode = true});
  const absl::Status status =
      f.bus.Publish(kTrades, std::make_shared<const Event<market::Trade>>());
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK_THAT(std::string(status.message()), ContainsSubstring("market.trades.v1"));
  CHECK_THAT(std::string(status.message()), ContainsSubstring("value.instrument is missing"));
  CHECK(f.bus.stats(kTrades.info).published == 0);
}

TEST_CASE("MemoryBus lets other tasks run between batches of deliveries") {
  Fixture f;
  size_t heard = 0, heard_at_task = 0;
  std::unique_ptr<Subscription> reader = f.bus.Subscribe<market::NewsItem>(
      kNewsRaw, {.group = "g"}, [&](const auto&, Position position) {
        ++heard;
        reader->Ack(position);
      });
  for (int i = 0; i < 1000; ++i) REQUIRE(f.bus.Publish(kNewsRaw, News(std::to_string(i))).ok());
  f.executor.Post([&] { heard_at_task = heard; });
  f.Settle();
  CHECK(heard == 1000);
  CHECK(heard_at_task == MemoryBus::kDeliveriesPerTask);
}

TEST_CASE("MemoryBus may end before its subscriptions") {
  VirtualExecutor executor{base::FromUnixMillis(0)};
  auto bus = std::make_unique<MemoryBus>(executor);
  size_t heard = 0;
  const auto reader = bus->Subscribe<market::NewsItem>(kNewsRaw, {.group = "g"},
                                                       [&](const auto&, Position) { ++heard; });
  REQUIRE(bus->Publish(kNewsRaw, News("1")).ok());
  bus.reset();
  executor.RunFor(std::chrono::seconds(1));
  reader->Ack({.partition = 0, .offset = 0});
  CHECK(heard == 0);
  CHECK(reader->stats().delivered == 0);
}

TEST_CASE("MemoryBus delivers in the same order for the same calls") {
  const auto trace = [] {
    Fixture f({.partitions = 3});
    std::string order;
    std::vector<std::unique_ptr<Subscription>> readers(3);
    for (size_t r = 0; r < readers.size(); ++r) {
      readers[r] = f.bus.Subscribe<market::NewsItem>(
          kNewsRaw, {.group = std::to_string(r % 2)}, [&, r](const auto& event, Position position) {
            order += std::to_string(r) + event.value.source_id + " ";
            readers[r]->Ack(position);
          });
    }
    for (int i = 0; i < 40; ++i) {
      REQUIRE(f.bus.Publish(kNewsRaw, News(std::to_string(i))).ok());
      if (i % 7 == 0) f.executor.RunOne();
    }
    f.Settle();
    return order;
  };
  CHECK(trace() == trace());
}

}  // namespace
}  // namespace gannet::bus
