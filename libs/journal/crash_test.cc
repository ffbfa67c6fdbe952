// Power cuts at every write and sync, over many seeds, also while recovering from
// the one before: what was acknowledged is there, what is there was written. Two of
// three records are written ahead of their batch; every other journal makes room behind its
// end and writes over it.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <string>

#include "libs/base/rng.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/journal/format.h"
#include "libs/journal/journal.h"
#include "libs/journal/journal_for_test.h"

namespace gannet::journal {
namespace {

using namespace std::chrono_literals;

// A journal's user, who remembers what was promised. One object over all the
// crashes of a run.
struct Promises {
  uint64_t appended = 0;  // since the last recovery
  uint64_t durable = 0;   // acknowledged, ever
  uint64_t snapshot = 0;  // the newest that was acknowledged
  uint64_t pruned = 0;
  uint64_t written_ahead = 0;
  bool room = false;  // made behind the end of segments
};

WriterOptions Options(bool reserve, bool room) {
  WriterOptions options = OptionsForTest();
  options.segment_bytes = 700;
  options.reserve_bytes = reserve ? 2000 : 0;
  options.prepare_bytes = room ? 250 : 0;
  options.write_ahead_bytes = 90;
  return options;
}

// Writes until `last` or the first failure. True when it got through.
bool Work(base::SimFiles& files, Promises& promises, uint64_t last, bool reserve) {
  base::VirtualExecutor executor(base::Time{});
  SegmentInfo info = InfoForTest();
  auto opened = Writer::Open(files, executor, kDirForTest, info, Options(reserve, promises.room));
  if (!opened.ok()) {
    REQUIRE(absl::IsUnavailable(opened.status()));  // no power; never DATA_LOSS
    return false;
  }
  Writer& writer = **opened;
  REQUIRE(writer.last_sequence() >= promises.durable);
  REQUIRE(writer.last_sequence() <= std::max(promises.appended, promises.durable));
  promises.appended = writer.last_sequence();
  uint64_t written_ahead = 0;
  for (uint64_t sequence = writer.last_sequence() + 1; sequence <= last; ++sequence) {
    promises.appended = sequence;
    AppendForTest(writer, sequence);
    writer.WhenDurable(sequence, [&promises, sequence] {
      promises.durable = std::max(promises.durable, sequence);
    });
    if (sequence % 4 == 0) writer.Commit();
    executor.RunFor(1s);
    promises.written_ahead += writer.stats().written_ahead - written_ahead;
    written_ahead = writer.stats().written_ahead;
    if (sequence % 10 == 0) {
      if (!writer.WriteSnapshot("state " + std::to_string(sequence)).ok()) return false;
      promises.snapshot = sequence;
      promises.durable = std::max(promises.durable, sequence);
    }
    if (sequence % 15 == 0) {
      const auto removed = writer.Prune(base::FromUnixMillis(1'800'000'000'000), {});
      if (!removed.ok()) return false;
      promises.pruned += removed->segments;
    }
    if (!writer.failure().ok()) return false;
  }
  return writer.Close().ok();
}

void CheckPromises(base::SimFiles& files, const Promises& promises) {
  auto reader = Reader::Open(files, kDirForTest);
  if (absl::IsNotFound(reader.status())) {
    REQUIRE(promises.durable == 0);
    return;
  }
  REQUIRE(reader.ok());
  const auto snapshot = (*reader)->NewestSnapshot();
  REQUIRE(snapshot.ok());
  const uint64_t base = snapshot->has_value() ? (*snapshot)->sequence : 0;
  REQUIRE(base >= promises.snapshot);
  if (base > 0) REQUIRE((*snapshot)->state == "state " + std::to_string(base));
  const ReadBack back = ReadAll(files, kDirForTest, base);
  REQUIRE(back.status.ok());
  const auto intact = CountIfIntact(back.records, base + 1);
  REQUIRE(intact.has_value());
  REQUIRE(base + *intact >= promises.durable);
  REQUIRE(base + *intact <= std::max(promises.appended, promises.durable));
  const Verification found = (*reader)->Verify();
  REQUIRE((found.ok() || found.tail_only));
}

}  // namespace

TEST_CASE("Journal keeps its promises through a power cut at every operation") {
  uint64_t cuts = 0, cut_tails = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    for (uint64_t operation = 1;; ++operation) {
      base::SimFiles files(seed * 1000 + operation);
      Promises promises{.room = seed % 4 >= 2};
      files.CutPowerAt(operation);
      const bool through = Work(files, promises, 40, seed % 2 == 0);
      if (through && files.powered()) {
        REQUIRE(operation > 40);
        REQUIRE(promises.durable == 40);
        REQUIRE(promises.pruned > 0);
        REQUIRE(promises.written_ahead >= 10);
        break;
      }
      ++cuts;
      files.Restart();
      CheckPromises(files, promises);
      // The next start goes on as if nothing had been.
      const Promises before = promises;
      REQUIRE(Work(files, promises, 44, seed % 2 == 0));
      REQUIRE(promises.durable == 44);
      CheckPromises(files, promises);
      cut_tails += before.appended > before.durable;
    }
  }
  CHECK(cuts > 1000);
  CHECK(cut_tails > 100);
}

TEST_CASE("Journal keeps its promises through power cuts while it recovers") {
  uint64_t cuts = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    base::Rng rng(seed);
    base::SimFiles files(seed);
    Promises promises;
    for (int round = 0; round < 12; ++round) {
      promises.room = rng.Chance(0.5);
      // Starts alone take ten operations and more: many of these cuts hit them.
      files.CutPowerAt(files.operations() + 1 + rng.Below(round % 3 == 0 ? 40 : 12));
      cuts += !Work(files, promises, promises.appended + 20, false);
      files.Restart();
      CheckPromises(files, promises);
    }
    REQUIRE(Work(files, promises, promises.appended + 20, false));
    CheckPromises(files, promises);
  }
  CHECK(cuts > 2000);
}

TEST_CASE("Journal keeps its promises over failing syncs and short writes") {
  uint64_t failures = 0, sync_failures = 0, short_writes = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    base::SimFiles files(seed);
    Promises promises{.room = seed % 2 == 0};
    for (int round = 0; round < 6; ++round) {
      files.set_faults({.sync_failure = 0.03, .short_write = 0.03});
      const bool through = Work(files, promises, promises.appended + 15, true);
      failures += !through;
      files.set_faults({});
      files.Restart();
      CheckPromises(files, promises);
    }
    sync_failures += files.counters().sync_failures;
    short_writes += files.counters().short_writes;
  }
  CHECK(failures > 300);
  CHECK(sync_failures > 100);
  CHECK(short_writes > 100);
}

TEST_CASE("Journal keeps its promises on disks that fill up") {
  uint64_t full = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    base::Rng rng(seed);
    base::SimFiles files(seed);
    Promises promises{.room = seed % 2 == 0};
    files.set_faults({.capacity_bytes = 2500 + rng.Below(4000)});
    // Ends at the first failure, which is how the gate closes.
    const bool through = Work(files, promises, 200, rng.Chance(0.5));
    if (!through) ++full;
    if (rng.Chance(0.7)) files.Restart();
    CheckPromises(files, promises);
    files.set_faults({});
    REQUIRE(Work(files, promises, promises.appended + 5, true));
    CheckPromises(files, promises);
  }
  CHECK(full > 100);
}

TEST_CASE("Journal on a disk that misdirects writes gives out nothing that was not written") {
  uint64_t misdirected = 0, noticed = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    base::SimFiles files(seed);
    Promises promises{.room = seed % 2 == 0};
    files.set_faults({.misdirected_write = 0.3});
    (void)Work(files, promises, 30, false);
    files.set_faults({});
    misdirected += files.counters().misdirected_writes;
    files.Restart();
    auto reader = Reader::Open(files, kDirForTest);
    if (!reader.ok()) continue;
    const auto snapshot = (*reader)->NewestSnapshot();
    REQUIRE(snapshot.ok());
    const uint64_t base = snapshot->has_value() ? (*snapshot)->sequence : 0;
    const ReadBack back = ReadAll(files, kDirForTest, base);
    REQUIRE(CountIfIntact(back.records, base + 1).has_value());
    noticed += !(*reader)->Verify().ok();
  }
  CHECK(misdirected > 100);
  CHECK(noticed > 100);
}

}  // namespace gannet::journal
