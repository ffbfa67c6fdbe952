#include "services/recorder/recorder_service.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <map>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"
#include "libs/config/config.h"
#include "libs/net/no_network.h"

namespace gannet::recorder {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using runtime::HealthState;

const std::string kReports(bus::kExecReports.info.name);
constexpr char kDir[] = "data/journal";

// A bus of one partition, and whoever reads it.
struct FakeBus {
  std::vector<std::string> messages;  // by offset
  uint64_t first = 0;                 // those before are forgotten
  std::string cluster = "one";
  size_t in_flight = 0;

  class FakeTap : public bus::Tap {
   public:
    FakeTap(FakeBus& bus, uint64_t next, OnBatch on_batch)
        : bus_(bus), next_(next), on_batch_(std::move(on_batch)) {
      bus_.tap = this;
      bus_.in_flight = 0;
    }
    ~FakeTap() override { bus_.tap = nullptr; }
    void Done(size_t bytes) override { bus_.in_flight -= bytes; }
    absl::Status health() const override { return absl::OkStatus(); }
    uint64_t lag() const override { return bus_.messages.size() - next_; }
    // At most `most` messages as one batch.
    void Give(size_t most) {
      bus::TapBatch batch;
      if (!told_) batch.cluster = bus_.cluster;
      told_ = true;
      if (next_ < bus_.first) {
        batch.moves.push_back({kReports, 0, next_, bus_.first});
        next_ = bus_.first;
      }
      for (; most > 0 && next_ < bus_.messages.size(); --most, ++next_) {
        batch.messages.push_back(
            {.topic = kReports, .partition = 0, .offset = next_, .payload = bus_.messages[next_]});
        batch.bytes += batch.messages.back().bytes();
      }
      bus_.in_flight += batch.bytes;
      on_batch_(std::move(batch));
    }

   private:
    FakeBus& bus_;
    uint64_t next_;
    OnBatch on_batch_;
    bool told_ = false;
  };
  FakeTap* tap = nullptr;

  MakeTap Maker() {
    return [this](const std::vector<bus::TapPlace>& places, bus::Tap::OnBatch on_batch) {
      uint64_t next = 0;
      for (const bus::TapPlace& place : places) next = place.next;
      return std::make_unique<FakeTap>(*this, next, std::move(on_batch));
    };
  }
};

struct Fixture {
  base::VirtualExecutor executor{base::FromUnixMillis(1'000'000)};
  base::SimFiles files{7};
  net::NoNetwork network;
  bus::MemoryBus memory{executor};
  runtime::Shard shard{{}, executor, executor, nullptr, &memory};
  telemetry::Log log{"test", telemetry::Level::kError, executor, [](std::string_view) {}};
  runtime::Deps deps{shard, memory,  executor, executor,     executor,
                     files, network, log,      base::Rng(1), "data"};
  RecorderConfig config{.min_free = {1u << 20}, .group_commit = 0ms};
  FakeBus bus;
  std::unique_ptr<RecorderService> service;

  void Make() {
    service = std::make_unique<RecorderService>(config, deps, kDir, journal::SegmentInfo{},
                                                bus.Maker(), /*own_thread=*/false);
  }
  void Say(size_t count, size_t bytes = 100) {
    for (size_t i = 0; i < count; ++i)
      bus.messages.push_back(std::to_string(bus.messages.size()) + std::string(bytes, 'x'));
  }
  void Drain() {
    bool done = false;
    service->Drain([&done] { done = true; });
    executor.RunFor(1s);
    CHECK(done);
  }
  // Every offset with how often it is there; each as it was on the bus.
  std::map<uint64_t, int> Recorded() {
    std::map<uint64_t, int> found;
    const auto reader = journal::Reader::Open(files, kDir);
    REQUIRE(reader.ok());
    for (;;) {
      const auto record = (*reader)->Next();
      REQUIRE(record.ok());
      if (!*record) return found;
      if ((*record)->channel != kReports) continue;
      const auto message = journal::DecodeRecorded((*record)->payload);
      REQUIRE(message.ok());
      CHECK(*message->payload == bus.messages[message->offset]);
      ++found[message->offset];
    }
  }
  void CheckAllOnce(uint64_t from, uint64_t to) {
    const std::map<uint64_t, int> found = Recorded();
    CHECK(found.size() == to - from);
    for (const auto& [offset, times] : found) {
      CHECK(times == 1);
      CHECK((offset >= from && offset < to));
    }
  }
};

TEST_CASE("RecorderService copies what a tap brings, and lets it bring more once that is durable") {
  Fixture f;
  f.Make();
  REQUIRE(f.service->Start().ok());
  f.Say(20);
  f.bus.tap->Give(20);
  CHECK(f.bus.in_flight > 0);
  f.executor.RunFor(100ms);
  CHECK(f.bus.in_flight == 0);
  CHECK(f.service->stats().durable_messages == 20);
  CHECK(f.service->health().state == HealthState::kServing);
  f.Drain();
  f.CheckAllOnce(0, 20);
}

TEST_CASE("Wherever the power fails, a recorder goes on without a gap and without a duplicate") {
  for (uint64_t cut = 1; cut < 60; ++cut) {
    Fixture f;
    f.config.snapshot_every = 1s;
    f.Make();
    f.files.CutPowerAt(cut);
    if (f.service->Start().ok()) {
      for (int round = 0; round < 6; ++round) {
        f.Say(7);
        if (f.bus.tap != nullptr) f.bus.tap->Give(7);
        f.executor.RunFor(400ms);
      }
    }
    f.service.reset();
    f.files.Restart();
    f.Say(5);
    f.Make();
    REQUIRE(f.service->Start().ok());
    REQUIRE(f.bus.tap != nullptr);
    f.bus.tap->Give(1'000);
    f.executor.RunFor(1s);
    f.Drain();
    INFO("power cut at operation " << cut);
    f.CheckAllOnce(0, f.bus.messages.size());
  }
}

TEST_CASE("On a full disk a recorder says so, and goes on by itself when there is room") {
  Fixture f;
  f.config.min_free = {0};
  f.Make();
  REQUIRE(f.service->Start().ok());
  f.files.set_faults({.capacity_bytes = 20'000});
  f.Say(50, 1'000);
  for (int i = 0; i < 50 && f.bus.tap != nullptr; ++i) {
    f.bus.tap->Give(1);
    f.executor.RunFor(10ms);
  }
  f.executor.RunFor(3s);
  CHECK(f.service->health().state == HealthState::kDegraded);
  REQUIRE(f.service->health().reasons.size() == 1);
  CHECK(f.service->stats().stops > 0);
  CHECK(f.bus.tap == nullptr);

  f.files.set_faults({});
  f.executor.RunFor(31s);
  CHECK(f.service->health().state == HealthState::kServing);
  REQUIRE(f.bus.tap != nullptr);
  f.bus.tap->Give(100);
  f.executor.RunFor(1s);
  f.Drain();
  f.CheckAllOnce(0, 50);
}

TEST_CASE("A recorder leaves others room on the disk") {
  Fixture f;
  f.config.min_free = {1u << 20};
  f.files.set_faults({.capacity_bytes = (1u << 20) + 30'000});
  f.Make();
  REQUIRE(f.service->Start().ok());
  f.Say(40, 1'000);
  f.bus.tap->Give(40);
  f.executor.RunFor(3s);
  CHECK(f.service->health().state == HealthState::kDegraded);
  CHECK_THAT(f.service->health().reasons.at(0), ContainsSubstring("min_free"));
  f.files.set_faults({});
  f.executor.RunFor(31s);
  REQUIRE(f.bus.tap != nullptr);
  f.bus.tap->Give(100);
  f.executor.RunFor(1s);
  f.Drain();
  f.CheckAllOnce(0, 40);
}

TEST_CASE("A recorder that was away for too long says what is missing") {
  Fixture f;
  f.Make();
  REQUIRE(f.service->Start().ok());
  f.Say(10);
  f.bus.tap->Give(10);
  f.executor.RunFor(1s);
  f.Drain();
  f.Say(20);
  f.bus.first = 25;
  f.Make();
  REQUIRE(f.service->Start().ok());
  f.bus.tap->Give(100);
  f.executor.RunFor(1s);
  const RecorderService::Stats stats = f.service->stats();
  CHECK(stats.engine.missing == 15);
  f.Drain();
  CHECK(f.Recorded().size() == 15);
}

TEST_CASE("A recording of another cluster is not gone on with") {
  Fixture f;
  f.Make();
  REQUIRE(f.service->Start().ok());
  f.bus.tap->Give(0);
  f.executor.RunFor(1s);
  f.Drain();
  f.bus.cluster = "two";
  f.Make();
  REQUIRE(f.service->Start().ok());
  f.bus.tap->Give(0);
  f.executor.RunFor(1min);
  CHECK(f.service->health().state == HealthState::kNotServing);
  CHECK_THAT(f.service->health().reasons.at(0), ContainsSubstring("two"));
}

TEST_CASE("Old segments go, and with them nothing that a start needs") {
  Fixture f;
  f.config.segment_bytes = {1u << 20};
  f.config.max_bytes = {4u << 20};
  f.config.snapshot_every = 1s;
  f.Make();
  REQUIRE(f.service->Start().ok());
  for (int i = 0; i < 100; ++i) {
    f.Say(10, 10'000);
    f.bus.tap->Give(10);
    f.executor.RunFor(300ms);
  }
  CHECK(f.service->stats().pruned > 0);
  f.Drain();
  const std::map<uint64_t, int> found = f.Recorded();
  CHECK(found.begin()->first > 0);
  CHECK(found.rbegin()->first == 999);
  CHECK(found.size() == 1'000 - found.begin()->first);
  f.Say(3);
  f.Make();
  REQUIRE(f.service->Start().ok());
  f.bus.tap->Give(10);
  f.executor.RunFor(1s);
  f.Drain();
  CHECK(f.Recorded().rbegin()->first == 1'002);
}

TEST_CASE("The settings of a recorder are checked, each and together") {
  const auto read = [](config::Section& in, RecorderConfig& out) { Read(in, out); };
  base::SimFiles files;
  const auto wrong = config::LoadText<RecorderConfig>(
      "max_bytes: 64MiB\nsegment_bytes: 64MiB\nkeep: 1s\n", "recorder.yaml", read);
  CHECK_THAT(std::string(wrong.status().message()), ContainsSubstring("quarter of max_bytes"));
  CHECK_THAT(std::string(wrong.status().message()), ContainsSubstring("keep"));
}

}  // namespace
}  // namespace gannet::recorder
