#include "libs/runtime/heartbeats.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/heartbeat_topic.h"
#include "libs/bus/memory_bus.h"

namespace gannet::runtime {
namespace {

using base::FromUnixMillis;
using market::Heartbeat;
using market::ServiceState;

class Speaker : public Service {
 public:
  explicit Speaker(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  absl::Status Start() override { return absl::OkStatus(); }
  void Drain(std::function<void()> done) override { done(); }
  Health health() const override { return said; }
  std::vector<market::ModelHealth> models() const override { return scoring; }

  Health said{HealthState::kServing, {}};
  std::vector<market::ModelHealth> scoring;

 private:
  const std::string name_;
};

struct Rig {
  explicit Rig(journal::Writer* journal = nullptr)
      : shard({.name = "node"}, executor, executor, journal, &bus),
        heartbeats(shard, FromUnixMillis(500)) {
    shard.Consume<Heartbeat>(bus::kHeartbeats, nullptr,
                             [this](const auto& event) { heard.push_back(event.value); });
  }

  base::VirtualExecutor executor{FromUnixMillis(1'000)};
  bus::MemoryBus bus{executor};
  Shard shard;
  Heartbeats heartbeats;
  std::vector<Heartbeat> heard;
};

TEST_CASE("Each service of a process is heard with what it says of itself") {
  Rig rig;
  Speaker execution("execution"), inference("ml-inference");
  inference.said = {HealthState::kDegraded, {"3 scores failed", "and a reason more"}};
  inference.scoring = {{.model = "direction@3",
                        .scored = 7,
                        .failed = 3,
                        .newest = FromUnixMillis(900),
                        .drift = market::DriftState::kWarning}};
  std::vector<Heartbeat> outside;
  const auto subscription = rig.bus.Subscribe<Heartbeat>(
      bus::kHeartbeats, {.start = bus::Start::kLatest},
      [&outside](const auto& event, bus::Position) { outside.push_back(event.value); });

  rig.heartbeats.Beat({&execution, &inference}, false, FromUnixMillis(1'500));
  execution.said = {HealthState::kNotServing, {"not started"}};
  rig.heartbeats.Beat({&execution}, false, FromUnixMillis(3'500));
  rig.heartbeats.Beat({&execution}, true, FromUnixMillis(5'500));
  rig.executor.RunFor(std::chrono::seconds(1));

  REQUIRE(rig.heard.size() == 4);
  CHECK(rig.heard[0] == Heartbeat{.service = "execution",
                                  .shard = "node",
                                  .started = FromUnixMillis(500),
                                  .sequence = 1,
                                  .state = ServiceState::kReady});
  CHECK(rig.heard[1].state == ServiceState::kDegraded);
  CHECK(rig.heard[1].detail == "3 scores failed; and a reason more");
  CHECK(rig.heard[1].models == inference.scoring);
  CHECK(rig.heard[2].sequence == 2);
  CHECK(rig.heard[2].state == ServiceState::kNotReady);
  CHECK(rig.heard[3].state == ServiceState::kStopping);
  CHECK(outside == rig.heard);
}

TEST_CASE("What was heard is heard again from the record") {
  base::SimFiles files(1);
  REQUIRE(files.MakeDirs("journal").ok());
  std::vector<Heartbeat> heard;
  base::VirtualExecutor executor(FromUnixMillis(1'000));
  {
    auto journal =
        journal::Writer::Open(files, executor, "journal", {.run = 5}, {.own_thread = false});
    REQUIRE(journal.ok());
    Rig rig(journal->get());
    rig.shard.Resume(FromUnixMillis(1'000));
    Speaker execution("execution");
    rig.heartbeats.Beat({&execution}, false, FromUnixMillis(1'500));
    rig.heartbeats.Beat({&execution}, true, FromUnixMillis(2'500));
    heard = rig.heard;
    REQUIRE(heard.size() == 2);
    REQUIRE((*journal)->Close().ok());
  }
  Rig again;
  auto reader = journal::Reader::Open(files, "journal");
  REQUIRE(reader.ok());
  for (;;) {
    const auto record = (*reader)->Next();
    REQUIRE(record.ok());
    if (!*record) break;
    if ((*record)->type == journal::RecordType::kInput) REQUIRE(again.shard.Replay(**record).ok());
  }
  CHECK(again.heard == heard);
}

}  // namespace
}  // namespace gannet::runtime
