#include "apps/gannet/journal_replay.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>
#include <utility>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/topics.h"
#include "libs/journal/layout.h"
#include "libs/net/no_network.h"

namespace gannet::app {
namespace {

using journal::RecordType;
using namespace std::chrono_literals;

constexpr char kDir[] = "/data/journal";

// A service in small: each input and each second adds `step` to a sum, and says so.
class Tally : public runtime::Service {
 public:
  Tally(runtime::Shard& shard, int64_t step)
      : shard_(shard),
        step_(step),
        sums_(shard, bus::kBalances,
              [this](const market::Event<market::BalanceUpdate>& event) {
                sum_ = static_cast<int64_t>(event.value.free.units());
              }),
        port_(shard.AddInput(
            "in", [this](std::string_view, const market::Header& cause) { Add(cause); })) {
    shard.AddState({"tally", [this](wire::CanonicalWriter& out) { out.I64(sum_); },
                    [this](wire::CanonicalReader& in) {
                      sum_ = in.I64();
                      return in.status();
                    },
                    [this](const market::Header&) { Arm(); }});
  }
  std::string_view name() const override { return "tally"; }
  absl::Status Start() override { return absl::OkStatus(); }
  void Drain(std::function<void()> done) override { done(); }
  runtime::Health health() const override { return {runtime::HealthState::kServing, {}}; }

  runtime::InputPort port() const { return port_; }
  int64_t sum() const { return sum_; }

 private:
  void Arm() {
    shard_.After(1s, [this](const market::Header& cause) {
      Add(cause);
      Arm();
    });
  }
  void Add(const market::Header& cause) {
    market::BalanceUpdate sum;
    sum.asset = market::AssetId("USDT");
    sum.free = market::Money(sum_ + step_, 0);
    sums_.Emit(std::move(sum), cause);
  }

  runtime::Shard& shard_;
  const int64_t step_;
  int64_t sum_ = 0;
  runtime::FactStream<market::BalanceUpdate> sums_;
  const runtime::InputPort port_;
};

// A process in small, started and ended again and again on one disk.
struct Recorder {
  base::SimFiles files;
  base::VirtualExecutor executor{base::FromUnixMillis(1'700'000'000'000)};
  std::unique_ptr<journal::Writer> writer;
  std::unique_ptr<runtime::Shard> shard;
  std::unique_ptr<Tally> tally;
  uint64_t epoch = 0;

  void Start(int64_t step = 1, uint64_t reserve_bytes = 0) {
    journal::WriterOptions options;
    options.own_thread = false;
    options.reserve_bytes = reserve_bytes;
    options.segment_bytes = 200;
    auto opened =
        journal::Writer::Open(files, executor, kDir, {.run = 7, .build_id = "b"}, options);
    REQUIRE(opened.ok());
    writer = *std::move(opened);
    runtime::ShardOptions shard_options;
    shard_options.start_epoch = ++epoch;
    shard_options.run = 7;
    shard =
        std::make_unique<runtime::Shard>(shard_options, executor, executor, writer.get(), nullptr);
    tally = std::make_unique<Tally>(*shard, step);
    const auto reader = journal::Reader::Open(files, kDir);
    REQUIRE(reader.ok());
    REQUIRE(shard->Recover(**reader).ok());
    shard->Resume(executor.Now());
  }
  void Work(int inputs) {
    for (int i = 0; i < inputs; ++i) {
      executor.RunFor(300ms);
      shard->Deliver(tally->port(), "x", executor.Now());
    }
    writer->Commit();
    executor.RunFor(1ms);
  }
  void Snapshot() {
    REQUIRE(shard->WriteSnapshot().ok());
    executor.RunFor(1ms);
  }
  void End() {
    tally.reset();
    shard.reset();
    writer.reset();
  }
  void Crash() {
    files.Restart();
    End();
  }
  JournalComparison Replay(int64_t step = 1, const ReplayHooks& hooks = {}) {
    const auto compared = ReplayJournal(
        files, kDir, {},
        [step](const journal::SegmentInfo&,
               runtime::Deps& deps) -> absl::StatusOr<ReplayedServices> {
          return std::make_shared<Tally>(deps.shard, step);
        },
        hooks);
    REQUIRE(compared.ok());
    return *compared;
  }
};

}  // namespace

TEST_CASE("ReplayJournal decides every fact again, timers included") {
  Recorder recorder;
  recorder.Start();
  recorder.Work(10);
  recorder.Snapshot();
  const JournalComparison result = recorder.Replay();
  CHECK(result.ok());
  CHECK(result.facts == 13);  // ten inputs in three seconds
  CHECK(result.equal == 13);
  CHECK(result.topics.at(std::string(bus::kBalances.info.name)).equal == 13);
  CHECK(result.snapshots == 1);
  CHECK(result.recorded_decisions == result.decided_decisions);
}

TEST_CASE("ReplayJournal begins each start where the process did: snapshot, then facts") {
  Recorder recorder;
  recorder.Start();
  recorder.Work(7);
  recorder.Snapshot();
  recorder.Work(6);  // behind the snapshot: recovered from facts
  const int64_t sum = recorder.tally->sum();
  recorder.Crash();
  recorder.Start();
  CHECK(recorder.tally->sum() == sum);
  recorder.Work(3);
  recorder.Crash();  // rests on the first snapshot as well
  recorder.Start();
  recorder.Work(2);
  int starts = 0;
  ReplayHooks hooks;
  hooks.on_start = [&starts](const journal::Record& resume, const journal::SegmentInfo& info) {
    ++starts;
    CHECK(runtime::ResumePoint::Parse(resume.payload)->epoch == static_cast<uint64_t>(starts));
    CHECK(info.run == 7);
  };
  const JournalComparison result = recorder.Replay(1, hooks);
  CHECK(result.ok());
  CHECK(result.runs == 3);
  CHECK(starts == 3);
  CHECK(result.equal == result.facts);
}

TEST_CASE("ReplayJournal shows the first difference with both sides") {
  Recorder recorder;
  recorder.Start();
  recorder.Work(2);
  const JournalComparison result = recorder.Replay(/*step=*/2);
  CHECK_FALSE(result.ok());
  CHECK(result.equal == 0);
  REQUIRE(result.difference);
  CHECK(result.difference->sequence == 3);  // resume, input, its fact
  const auto recorded = wire::Decode<market::BalanceUpdate>(result.difference->recorded.payload);
  const auto decided = wire::Decode<market::BalanceUpdate>(result.difference->decided.payload);
  REQUIRE(recorded.ok());
  REQUIRE(decided.ok());
  CHECK(recorded->value.free == market::Money(1, 0));
  CHECK(decided->value.free == market::Money(2, 0));
}

TEST_CASE("ReplayJournal names facts that are not decided again, and those not recorded") {
  Recorder recorder;
  recorder.Start();
  recorder.Work(2);
  SECTION("a fact that no input explains") {
    market::Event<market::BalanceUpdate> fact;
    fact.value.free = market::Money(1'000'000, 0);
    recorder.writer->Append(RecordType::kFact, recorder.executor.Now(), bus::kBalances.info.name,
                            wire::Encode(fact));
    recorder.Work(0);
    const JournalComparison result = recorder.Replay();
    CHECK(result.missing == 1);
    REQUIRE(result.difference);
    CHECK(result.difference->decided.topic.empty());
    CHECK(result.first_difference.find("not decided again") != std::string::npos);
  }
  SECTION("an input without its fact") {
    recorder.writer->Append(RecordType::kInput, recorder.executor.Now(), "in", "x");
    recorder.writer->Append(RecordType::kInput, recorder.executor.Now(), "in", "x");
    recorder.Work(0);
    const JournalComparison result = recorder.Replay();
    CHECK(result.extra == 1);
    CHECK(result.unfinished == 1);  // of the last turn: as a crash leaves it
    REQUIRE(result.difference);
    CHECK(result.difference->recorded.topic.empty());
    CHECK(result.first_difference.find("not recorded") != std::string::npos);
  }
}

TEST_CASE("ReplayJournal compares the part of a fact that can be compared") {
  Recorder recorder;
  recorder.Start();
  recorder.Work(2);
  ReplayHooks hooks;
  hooks.comparable = [](std::string_view topic, std::string_view) { return std::string(topic); };
  const JournalComparison result = recorder.Replay(/*step=*/2, hooks);
  CHECK(result.ok());
  CHECK(result.equal == 2);
}

TEST_CASE("ReplayJournal goes up to the gap of a full disk, and on from the next start") {
  Recorder recorder;
  recorder.files.set_faults({.capacity_bytes = 30'000});
  recorder.Start(1, /*reserve_bytes=*/20'000);
  while (recorder.writer->failure().ok()) recorder.Work(1);
  recorder.Work(3);  // the facts are kept, the inputs are not
  recorder.End();
  recorder.files.set_faults({});
  recorder.Start();
  recorder.Work(2);
  const JournalComparison result = recorder.Replay();
  CHECK(result.gaps > 0);
  CHECK(result.undecided >= 3);
  CHECK(result.facts > 2);
  CHECK(result.equal == result.facts);
  CHECK(result.ok());
}

TEST_CASE("ReplayJournal says what it cannot decide again") {
  Recorder recorder;
  recorder.Start();
  recorder.Work(4);
  SECTION("an input of a service that does not run here") {
    recorder.writer->Append(RecordType::kInput, recorder.executor.Now(), "elsewhere", "x");
    recorder.Work(0);
    const JournalComparison result = recorder.Replay();
    CHECK_FALSE(result.ok());
    CHECK(result.equal == 5);
    CHECK(result.stopped.find("'elsewhere'") != std::string::npos);
  }
  SECTION("a timer that is not due") {
    recorder.writer->Append(RecordType::kInput, recorder.executor.Now() + 1h,
                            runtime::Shard::kTimerChannel, "");
    recorder.Work(0);
    CHECK(recorder.Replay().stopped.find("timer") != std::string::npos);
  }
  SECTION("a run whose beginning was pruned") {
    recorder.Snapshot();
    recorder.Work(2);
    recorder.Snapshot();
    recorder.Work(2);
    const auto removed = recorder.writer->Prune(recorder.executor.Now(), {});
    REQUIRE(removed.ok());
    REQUIRE(removed->segments > 0);
    const JournalComparison result = recorder.Replay();
    CHECK_FALSE(result.ok());
    CHECK(result.stopped.find("pruned") != std::string::npos);
  }
  SECTION("records that a snapshot proves") {
    const uint64_t kept = recorder.writer->last_sequence();
    recorder.Work(2);
    recorder.Snapshot();
    const uint64_t proven = recorder.writer->last_sequence();
    recorder.End();
    const auto layout = journal::ListJournal(recorder.files, kDir);
    REQUIRE(layout.ok());
    for (const journal::NumberedFile& segment : layout->segments) {
      if (segment.number > kept) REQUIRE(recorder.files.Remove(segment.path).ok());
    }
    const JournalComparison result = recorder.Replay();
    CHECK_FALSE(result.ok());
    CHECK(result.equal == result.facts);
    CHECK(result.stopped.find(std::to_string(kept)) != std::string::npos);
    CHECK(result.stopped.find(std::to_string(proven)) != std::string::npos);
  }
  SECTION("damage") {
    const std::string path = std::string(kDir) + "/journal-00000000000000000001.gnj";
    recorder.End();
    recorder.files.FlipBit(path, *recorder.files.Size(path) / 2, 3);
    const JournalComparison result = recorder.Replay();
    CHECK_FALSE(result.ok());
    CHECK(result.stopped.find(path) != std::string::npos);
  }
}

TEST_CASE("ReplayJournal without a journal is an error") {
  base::SimFiles files;
  const auto result = ReplayJournal(
      files, kDir, {}, [](const auto&, auto&) { return absl::StatusOr<ReplayedServices>(); });
  CHECK(absl::IsNotFound(result.status()));
}

}  // namespace gannet::app
