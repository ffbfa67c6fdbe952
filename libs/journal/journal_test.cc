#include "libs/journal/journal.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/journal/format.h"
#include "libs/journal/journal_for_test.h"
#include "libs/journal/layout.h"
#include "libs/journal/read_mark.h"
#include "libs/journal/skip.h"

namespace gannet::journal {
namespace {

using namespace std::chrono_literals;

// Files in memory, an executor, and the journal in them.
struct Bench {
  base::SimFiles files{1};
  base::VirtualExecutor executor{base::FromUnixMillis(1'700'000'000'000)};
  WriterOptions options = OptionsForTest();
  std::unique_ptr<Writer> writer;

  absl::Status TryOpen(SegmentInfo info = InfoForTest()) {
    writer.reset();
    auto opened = Writer::Open(files, executor, kDirForTest, std::move(info), options);
    if (!opened.ok()) return opened.status();
    writer = *std::move(opened);
    return absl::OkStatus();
  }
  void Open(SegmentInfo info = InfoForTest()) { REQUIRE(TryOpen(std::move(info)).ok()); }
  void Run() { executor.RunFor(1s); }
  // Appends up to this sequence, a commit after every `batch` records.
  void Fill(uint64_t last, uint64_t batch = 3) {
    for (uint64_t sequence = writer->last_sequence() + 1; sequence <= last; ++sequence) {
      REQUIRE(AppendForTest(*writer, sequence) == sequence);
      if (sequence % batch == 0 || sequence == last) {
        writer->Commit();
        Run();
      }
    }
  }
  std::vector<std::string> Segments() {
    std::vector<std::string> paths;
    const auto layout = ListJournal(files, kDirForTest);
    REQUIRE(layout.ok());
    for (const NumberedFile& file : layout->segments) paths.push_back(file.path);
    return paths;
  }
  Verification Verify() {
    auto reader = Reader::Open(files, kDirForTest);
    REQUIRE(reader.ok());
    return (*reader)->Verify();
  }
};

bool Mentions(const absl::Status& status, const std::string& text) {
  return std::string(status.message()).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("Journal gives records back in order, over segments and restarts") {
  Bench bench;
  bench.Open();
  CHECK(bench.writer->last_sequence() == 0);
  bench.Fill(20);
  CHECK(bench.writer->durable_sequence() == 20);
  REQUIRE(bench.writer->Close().ok());
  bench.Open();
  CHECK(bench.writer->recovered().last_sequence == 20);
  CHECK(bench.writer->recovered().closed_cleanly);
  CHECK(bench.writer->recovered().cut_bytes == 0);
  bench.Fill(45);
  const ReadBack back = ReadAll(bench.files);
  CHECK(back.status.ok());
  CHECK(CountIfIntact(back.records) == 45);
  CHECK(bench.Segments().size() > 3);
  CHECK(bench.Segments().front() == std::string(kDirForTest) + "/journal-00000000000000000001.gnj");

  const Verification found = bench.Verify();
  CHECK(found.ok());
  CHECK(found.records == 45);
  CHECK(found.valid_prefix == 45);
  CHECK(found.first_sequence == 1);
  CHECK(found.segments == bench.Segments().size());
  CHECK(found.chain.size() == 64);
}

TEST_CASE("Journal runs WhenDurable in order of sequence, and only once it is true") {
  Bench bench;
  bench.Open();
  std::vector<uint64_t> done;
  const auto note = [&](uint64_t sequence) {
    return [&, sequence] {
      CHECK(bench.writer->durable_sequence() >= sequence);
      done.push_back(sequence);
    };
  };
  for (uint64_t sequence = 1; sequence <= 3; ++sequence) AppendForTest(*bench.writer, sequence);
  bench.writer->WhenDurable(3, note(3));
  bench.writer->WhenDurable(1, note(1));
  bench.writer->WhenDurable(2, note(2));
  bench.Run();
  CHECK(done.empty());  // nobody asked for a commit
  CHECK(bench.writer->durable_sequence() == 0);
  bench.writer->Commit();
  CHECK(done.empty());
  bench.Run();
  CHECK(done == std::vector<uint64_t>{1, 2, 3});
  bench.writer->WhenDurable(2, note(2));
  CHECK(done.size() == 3);  // never at once
  bench.Run();
  CHECK(done.size() == 4);
  // What was not appended yet waits.
  bench.writer->WhenDurable(4, note(4));
  bench.Run();
  CHECK(done.size() == 4);
  bench.Fill(4);
  CHECK(done.size() == 5);
}

TEST_CASE("Journal lets a callback append and wait again") {
  Bench bench;
  bench.Open();
  int rounds = 0;
  std::function<void()> again = [&] {
    if (++rounds == 5) return;
    const uint64_t sequence = AppendForTest(*bench.writer, bench.writer->last_sequence() + 1);
    bench.writer->WhenDurable(sequence, again);
    bench.writer->Commit();
  };
  again();
  bench.Run();
  CHECK(rounds == 5);
  CHECK(CountIfIntact(ReadAll(bench.files).records) == 4);
}

TEST_CASE("Journal's callback may destroy the writer") {
  Bench bench;
  bench.Open();
  AppendForTest(*bench.writer, 1);
  bench.writer->WhenDurable(1, [&] { bench.writer.reset(); });
  bench.writer->WhenDurable(1, [] { FAIL("the writer is gone"); });
  bench.writer->Commit();
  bench.Run();
  CHECK(bench.writer == nullptr);
}

TEST_CASE("Journal waits for company as long as it was told") {
  Bench bench;
  bench.options.max_wait = 5ms;
  bench.Open();
  for (uint64_t sequence = 1; sequence <= 10; ++sequence) {
    AppendForTest(*bench.writer, sequence);
    bench.writer->Commit();
    bench.executor.RunFor(100us);
  }
  CHECK(bench.writer->durable_sequence() == 0);
  bench.executor.RunFor(10ms);
  CHECK(bench.writer->durable_sequence() == 10);
  CHECK(bench.writer->stats().batches == 1);
}

TEST_CASE("Journal commits by itself once much is buffered") {
  Bench bench;
  bench.options.segment_bytes = 64 << 20;
  bench.Open();
  const std::string payload(10'000, 'p');
  for (int i = 0; i < 40; ++i) bench.writer->Append(RecordType::kInput, base::Time{}, "c", payload);
  bench.Run();
  CHECK(bench.writer->durable_sequence() > 20);
}

TEST_CASE("Journal writes what nobody waits for ahead, and syncs it with the next commit") {
  Bench bench;
  bench.options.segment_bytes = 64 << 20;
  bench.options.write_ahead_bytes = 200;
  bench.Open();
  bench.Fill(3);
  const std::string path = bench.Segments().front();
  const uint64_t committed = *bench.files.Size(path);
  bool durable = false;
  for (uint64_t sequence = 4; sequence <= 30; ++sequence) {
    AppendForTest(*bench.writer, sequence);
    bench.Run();
  }
  bench.writer->WhenDurable(30, [&] { durable = true; });
  bench.Run();
  CHECK(bench.writer->stats().written_ahead >= 3);
  CHECK(*bench.files.Size(path) > committed + 600);
  // It is in the file, and nothing says that it is kept.
  CHECK_FALSE(durable);
  CHECK(bench.writer->durable_sequence() == 3);
  CHECK(bench.writer->stats().batches == 1);
  CHECK(CountIfIntact(ReadAll(bench.files).records) == 3);
  CHECK(bench.Verify().tail_only);

  bench.writer->Commit();
  bench.Run();
  CHECK(durable);
  CHECK(bench.writer->durable_sequence() == 30);
  CHECK(bench.writer->stats().batches == 2);
  CHECK(CountIfIntact(ReadAll(bench.files).records) == 30);
  CHECK(bench.Verify().ok());
}

TEST_CASE("Journal commits what was written ahead when nothing came since") {
  Bench bench;
  bench.options.write_ahead_bytes = 1;
  bench.Open();
  const auto ahead = [&](uint64_t sequence) {
    AppendForTest(*bench.writer, sequence);
    bench.Run();
  };
  ahead(1);
  ahead(2);
  CHECK(bench.writer->durable_sequence() == 0);
  bench.writer->Commit();
  bench.Run();
  CHECK(bench.writer->durable_sequence() == 2);
  bench.writer->Commit();  // of nothing
  bench.Run();
  CHECK(bench.writer->stats().batches == 1);
  // A snapshot rests on what is durable.
  ahead(3);
  REQUIRE(bench.writer->WriteSnapshot("state 3").ok());
  CHECK(bench.writer->durable_sequence() == 3);
  ahead(4);
  REQUIRE(bench.writer->Close().ok());
  CHECK(bench.writer->durable_sequence() == 4);
  CHECK(bench.Verify().ok());
  bench.Open();
  CHECK(bench.writer->recovered().closed_cleanly);
  CHECK(bench.writer->last_sequence() == 4);
}

TEST_CASE("Journal syncs by itself what would become too much to lose") {
  Bench bench;
  bench.options.segment_bytes = 64 << 20;
  bench.options.write_ahead_bytes = 100;
  bench.options.max_unsynced_bytes = 1'000;
  const auto unsynced = [&](uint64_t records) {
    bench.Open();
    const uint64_t first = bench.writer->last_sequence() + 1;
    for (uint64_t i = 0; i < records; ++i) {
      AppendForTest(*bench.writer, first + i);
      bench.Run();
    }
    const WriterStats stats = bench.writer->stats();
    CHECK(stats.written_ahead > 4 * stats.batches);
    const uint64_t behind = first + records - 1 - bench.writer->durable_sequence();
    REQUIRE(bench.writer->Close().ok());
    return behind;
  };
  CHECK(unsynced(200) < 30);  // of some 60 bytes each
  bench.options.max_unsynced_bytes = 1 << 20;
  CHECK(unsynced(200) == 200);
  bench.options.max_buffered_bytes = 2'000;
  CHECK(unsynced(200) < 30);
  bench.options.max_buffered_bytes = 1 << 20;
  bench.options.reserve_bytes = 4'000;
  CHECK(unsynced(200) < 30);
}

TEST_CASE("Journal writes over room that it made, and leaves none behind") {
  Bench bench;
  bench.options.segment_bytes = 4'000;
  bench.options.prepare_bytes = 1'000;
  bench.Open();
  const std::string first = bench.Segments().back();
  const uint64_t prepared = *bench.files.Size(first);
  CHECK(prepared > 1'000);
  bench.Fill(4, 2);
  CHECK(*bench.files.Size(first) == prepared);  // nothing but content has changed
  bench.Fill(30, 2);
  CHECK(*bench.files.Size(first) > prepared);
  CHECK(CountIfIntact(ReadAll(bench.files).records) == 30);
  CHECK(bench.Verify().ok());

  // Killed: nothing was unfinished, so nothing is said to be cut.
  bench.Open();
  CHECK(bench.writer->recovered().cut_bytes == 0);
  CHECK(bench.writer->recovered().last_sequence == 30);
  const std::string content = *bench.files.Read(first);
  CHECK(content.back() != '\0');
  bench.Fill(120, 2);
  REQUIRE(bench.writer->Close().ok());
  for (const std::string& path : bench.Segments())
    CHECK_FALSE(bench.files.Read(path)->ends_with(std::string(50, '\0')));
  CHECK(CountIfIntact(ReadAll(bench.files).records) == 120);
  CHECK(bench.Verify().ok());
}

TEST_CASE("Journal says of an unfinished batch in room what was written of it") {
  Bench bench;
  bench.options.segment_bytes = 1 << 20;
  bench.options.prepare_bytes = 5'000;
  bench.options.write_ahead_bytes = 1;
  bench.Open();
  bench.Fill(3);
  AppendForTest(*bench.writer, 4);  // written ahead, never committed
  bench.Run();
  bench.Open();
  CHECK(bench.writer->recovered().last_sequence == 3);
  CHECK(bench.writer->recovered().cut_bytes > 0);
  CHECK(bench.writer->recovered().cut_bytes < 200);
}

TEST_CASE("Journal calls a disk full that has no room any more, while its own is left") {
  Bench bench;
  bench.options.segment_bytes = 1 << 20;
  bench.options.prepare_bytes = 4'000;
  bench.Open();
  int told = 0;
  bench.writer->OnFailure([&](const absl::Status& status) {
    CHECK(absl::IsResourceExhausted(status));
    ++told;
  });
  bench.files.set_faults({.capacity_bytes = 4'500});
  uint64_t sequence = 0;
  while (bench.writer->failure().ok() && sequence < 200) {
    AppendForTest(*bench.writer, ++sequence);
    bench.writer->Commit();
    bench.Run();
  }
  CHECK(told == 1);
  CHECK(bench.writer->durable_sequence() == sequence);  // none was lost by it
  CHECK(AppendForTest(*bench.writer, sequence + 1) == sequence + 1);
  CHECK(bench.writer->WasDropped(sequence + 1));
  AppendForTest(*bench.writer, sequence + 2, /*essential=*/true);
  bench.writer->Commit();
  bench.Run();
  CHECK(bench.writer->durable_sequence() == sequence + 2);
  CHECK(bench.Segments().size() == 1);  // in the room that is left

  // A start on such a disk is closed to ordinary records from the beginning.
  bench.Open();
  CHECK(absl::IsResourceExhausted(bench.writer->failure()));
  bench.files.set_faults({});
  bench.Open();
  CHECK(bench.writer->failure().ok());
}

TEST_CASE("Journal that a crash met in a batch written ahead cuts all of it") {
  Bench bench;
  bench.options.segment_bytes = 64 << 20;
  bench.options.write_ahead_bytes = 100;
  bench.Open();
  bench.Fill(3);
  const std::string path = bench.Segments().front();
  const uint64_t committed = *bench.files.Size(path);
  for (uint64_t sequence = 4; sequence <= 20; ++sequence) {
    AppendForTest(*bench.writer, sequence);
    bench.Run();
  }
  const uint64_t written = *bench.files.Size(path);
  CHECK(written > committed);
  bench.Open();  // as after a kill: what is in the file is there
  CHECK(bench.writer->last_sequence() == 3);
  CHECK(bench.writer->recovered().cut_offset == committed);
  CHECK(bench.writer->recovered().cut_bytes == written - committed);
  bench.Fill(8);
  CHECK(CountIfIntact(ReadAll(bench.files).records) == 8);
  CHECK(bench.Verify().ok());
}

TEST_CASE("Journal takes a batch written ahead to the reserve from its beginning") {
  // Full in the first batch of its segment, or behind one.
  for (const uint64_t before : {0, 3}) {
    Bench bench;
    bench.options.segment_bytes = 1 << 20;
    bench.options.reserve_bytes = 12'000;
    bench.options.write_ahead_bytes = 100;
    bench.Open();
    bench.Fill(before);
    uint64_t used = 12'000;
    for (const auto& [path, content] : bench.files.Contents()) used += content.size();
    bench.files.set_faults({.capacity_bytes = used + 700});
    int told = 0;
    bench.writer->OnFailure(
        [&](const absl::Status& status) { told += absl::IsResourceExhausted(status); });
    uint64_t sequence = before;
    while (bench.writer->failure().ok() && sequence < 100) {
      AppendForTest(*bench.writer, ++sequence);
      bench.Run();
    }
    CHECK(told == 1);
    CHECK(bench.writer->stats().written_ahead > 3);
    CHECK(bench.writer->durable_sequence() == before);
    CHECK(CountIfIntact(ReadAll(bench.files).records) == before);
    AppendForTest(*bench.writer, ++sequence, /*essential=*/true);
    bench.writer->Commit();
    bench.Run();
    CHECK(bench.writer->durable_sequence() == sequence);
    CHECK(CountIfIntact(ReadAll(bench.files).records) == sequence);
    REQUIRE(bench.writer->Close().ok());
    CHECK(bench.Verify().ok());
  }
}

TEST_CASE("Journal keeps its run over restarts and states what wrote each segment") {
  Bench bench;
  bench.Open();
  bench.Fill(2);
  SegmentInfo second{999, "build-8", "config-9", 43, {{"limits", "18"}}};
  bench.Open(second);
  second.run = InfoForTest().run;
  CHECK(bench.writer->info() == second);
  bench.Fill(4);
  auto reader = Reader::Open(bench.files, kDirForTest);
  REQUIRE(reader.ok());
  for (uint64_t sequence = 1; sequence <= 4; ++sequence) {
    REQUIRE((*reader)->Next().ok());
    CHECK((*reader)->info() == (sequence <= 2 ? InfoForTest() : second));
  }
}

TEST_CASE("Journal replaces a segment without records, however often it is opened") {
  Bench bench;
  for (int i = 0; i < 3; ++i) {
    bench.Open();
    if (i == 1) REQUIRE(bench.writer->Close().ok());
  }
  CHECK(bench.Segments().size() == 1);
  bench.Fill(5);
  for (int i = 0; i < 3; ++i) bench.Open();
  bench.Fill(9);
  CHECK(bench.Verify().ok());
  CHECK(CountIfIntact(ReadAll(bench.files).records) == 9);
}

TEST_CASE("Journal is taken by one writer") {
  Bench bench;
  bench.Open();
  auto second =
      Writer::Open(bench.files, bench.executor, kDirForTest, InfoForTest(), bench.options);
  CHECK(absl::IsAborted(second.status()));
  CHECK(absl::IsAborted(Prune(bench.files, kDirForTest, base::Time{}, {}).status()));
  bench.Open();  // the first one is gone
}

TEST_CASE("Journal refuses options that cannot work") {
  Bench bench;
  bench.options.segment_bytes = 0;
  CHECK(absl::IsInvalidArgument(bench.TryOpen()));
  bench.options.segment_bytes = 100;
  bench.options.max_buffered_bytes = kMaxBatchBytes;
  CHECK(absl::IsInvalidArgument(bench.TryOpen()));
}

TEST_CASE("Reader says when there is no journal, and reads an empty one") {
  Bench bench;
  CHECK(absl::IsNotFound(Reader::Open(bench.files, kDirForTest).status()));
  bench.Open();
  CHECK(ReadAll(bench.files).records.empty());
  CHECK(ReadAll(bench.files).status.ok());
  CHECK(bench.Verify().ok());
  CHECK(bench.Verify().valid_prefix == 0);
}

TEST_CASE("Reader goes on after any sequence") {
  Bench bench;
  bench.Open();
  bench.Fill(40);
  for (uint64_t after = 0; after <= 45; ++after) {
    const ReadBack back = ReadAll(bench.files, kDirForTest, after);
    REQUIRE(back.status.ok());
    CHECK(back.records.size() == 40 - std::min<uint64_t>(after, 40));
    CHECK(CountIfIntact(back.records, after + 1).has_value());
  }
}

TEST_CASE("Reader follows a journal that grows, over new segments and writers") {
  Bench bench;
  bench.Open();
  auto reader = Reader::Open(bench.files, kDirForTest);
  REQUIRE(reader.ok());
  uint64_t seen = 0;
  const auto drain = [&] {
    for (;;) {
      auto record = (*reader)->Next();
      REQUIRE(record.ok());
      if (!record->has_value()) return;
      CHECK(**record == RecordForTest(++seen));
    }
  };
  drain();
  for (uint64_t last = 1; last <= 60; last += 3) {
    if (last % 4 == 0) bench.Open();
    bench.Fill(last);
    drain();
    CHECK(seen == last);
  }
  CHECK(bench.Segments().size() > 5);
}

TEST_CASE("Reader does not take what was only written, not committed, for the end of all") {
  Bench bench;
  bench.Open();
  bench.Fill(6, 6);
  auto contents = bench.files.Contents();
  const std::string path = bench.Segments().front();
  const std::string whole = contents[path];
  base::SimFiles files;
  contents[path] = whole.substr(0, whole.size() - 10);
  files.SetContents(contents);
  auto reader = Reader::Open(files, kDirForTest);
  REQUIRE(reader.ok());
  CHECK_FALSE((*reader)->Next()->has_value());
  contents[path] = whole;
  files.SetContents(contents);
  CHECK((*reader)->Next()->has_value());
}

TEST_CASE("Journal says what it cut") {
  Bench bench;
  bench.Open();
  bench.Fill(6);
  const std::string path = bench.Segments().front();
  const uint64_t end = *bench.files.Size(path);
  auto contents = bench.files.Contents();
  std::string torn;
  AppendRecord(torn, 7, RecordType::kFact, base::Time{}, "c", "never acknowledged");
  contents[path] += torn;
  bench.files.SetContents(contents);

  const Verification before = bench.Verify();
  CHECK_FALSE(before.ok());
  CHECK(before.tail_only);
  CHECK(before.bad_file == path);
  CHECK(before.bad_offset == end + torn.size());
  CHECK(before.valid_prefix == 6);

  bench.Open();
  const Recovery& recovery = bench.writer->recovered();
  CHECK(recovery.last_sequence == 6);
  CHECK_FALSE(recovery.closed_cleanly);
  CHECK(recovery.cut_bytes == torn.size());
  CHECK(recovery.cut_file == path);
  CHECK(recovery.cut_offset == end);
  CHECK(recovery.ToString().find("cut " + std::to_string(torn.size()) + " bytes") !=
        std::string::npos);
  CHECK(*bench.files.Size(path) == end);
  bench.Fill(8);
  CHECK(CountIfIntact(ReadAll(bench.files).records) == 8);
}

TEST_CASE("Journal refuses damage before the tail and names the place") {
  Bench bench;
  bench.options.segment_bytes = 1 << 20;
  bench.Open();
  bench.Fill(3);
  const std::string path = bench.Segments().front();
  const uint64_t first_batch_end = *bench.files.Size(path);
  bench.Fill(9);
  bench.writer.reset();
  bench.files.FlipBit(path, first_batch_end - 1, 3);
  const absl::Status status = bench.TryOpen();
  CHECK(absl::IsDataLoss(status));
  CHECK(Mentions(status, path));
  CHECK(Mentions(status, "gannet journal verify"));
  const ReadBack back = ReadAll(bench.files);
  CHECK(absl::IsDataLoss(back.status));
  CHECK(back.records.empty());
}

TEST_CASE("Journal takes a payload that looks like its own frames for a payload") {
  // Written by somebody who knows the format, but not the run.
  std::string fake;
  AppendTrailer(fake, BatchTrailer{1, 1000, 1000, 0, {}});
  AppendClose(fake, CloseMark{1000, 0, {}});
  Bench bench;
  bench.Open();
  bench.Fill(2);
  bench.writer->Append(RecordType::kInput, base::Time{}, "news",
                       fake + fake + std::string(300, '.'));
  bench.writer->Commit();
  bench.Run();
  bench.writer.reset();
  const std::string path = bench.Segments().front();
  auto contents = bench.files.Contents();
  contents[path].resize(contents[path].size() - 200);  // torn within the record, behind the fakes
  bench.files.SetContents(contents);
  bench.Open();
  CHECK(bench.writer->last_sequence() == 2);
}

TEST_CASE("Journal refuses a newer format") {
  Bench bench;
  bench.Open();
  bench.Fill(3);
  bench.writer.reset();
  auto contents = bench.files.Contents();
  contents[bench.Segments().front()][8] = static_cast<char>(kFormatVersion + 1);
  bench.files.SetContents(contents);
  const absl::Status status = bench.TryOpen();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(Mentions(status, "newer build"));
}

TEST_CASE("Journal notices a missing segment, first, middle or last") {
  Bench bench;
  bench.Open();
  bench.Fill(40);
  REQUIRE(bench.writer->WriteSnapshot("state at 40").ok());
  bench.writer.reset();
  const auto contents = bench.files.Contents();
  const auto segments = bench.Segments();
  for (const std::string& missing : segments) {
    auto without = contents;
    without.erase(missing);
    bench.files.SetContents(without);
    const Verification found = bench.Verify();
    CHECK_FALSE(found.tail_only);
    // The first one might have been pruned: the snapshot covers it.
    CHECK(found.ok() == (missing == segments.front()));
    CHECK((found.first_sequence > 1) == (missing == segments.front()));
    if (missing == segments.back()) CHECK(absl::IsDataLoss(bench.TryOpen()));
  }
  std::map<std::string, std::string> headless = contents;
  headless.erase(segments.front());
  headless.erase(SnapshotPath(kDirForTest, 40));
  bench.files.SetContents(headless);
  CHECK_FALSE(bench.Verify().ok());
  CHECK(absl::IsDataLoss(bench.TryOpen()));
  // All of them.
  std::map<std::string, std::string> only_snapshots;
  for (const auto& [path, content] : contents) {
    if (path.ends_with(".gns")) only_snapshots[path] = content;
  }
  bench.files.SetContents(only_snapshots);
  CHECK(absl::IsDataLoss(bench.TryOpen()));
}

TEST_CASE("Journal notices segments of another journal and segments in disorder") {
  Bench one, two;
  one.Open();
  one.Fill(40);
  SegmentInfo other = InfoForTest();
  other.run = 5;
  two.Open(other);
  two.Fill(40);
  one.writer.reset();
  const auto segments = one.Segments();
  REQUIRE(segments == two.Segments());
  REQUIRE(segments.size() > 3);
  auto contents = one.files.Contents();
  contents[segments[2]] = two.files.Contents()[segments[2]];
  one.files.SetContents(contents);
  CHECK(absl::IsDataLoss(one.TryOpen()));
  CHECK(one.Verify().bad_file == segments[2]);

  contents = one.files.Contents();
  std::swap(contents[segments[1]], contents[segments[2]]);
  one.files.SetContents(contents);
  CHECK(absl::IsDataLoss(one.TryOpen()));
  CHECK(one.Verify().bad_file == segments[1]);
}

TEST_CASE("Journal notices a segment of another future of itself") {
  // Two continuations of one copied folder: same run, same sequences, other records.
  const auto grow = [](char salt) {
    Bench bench;
    bench.Open();
    for (uint64_t sequence = 1; sequence <= 40; ++sequence) {
      const Record record = RecordForTest(sequence);
      const std::string payload = std::string(20, sequence < 15 ? 'x' : salt);
      bench.writer->Append(record.type, record.time, record.channel, payload);
      bench.writer->Commit();
      bench.Run();
    }
    bench.writer.reset();
    return bench.files.Contents();
  };
  const auto one = grow('a'), two = grow('b');
  REQUIRE(one.size() > 3);
  auto mixed = one;
  const std::string last = one.rbegin()->first;
  REQUIRE(two.contains(last));
  mixed[last] = two.at(last);
  Bench bench;
  bench.files.SetContents(mixed);
  CHECK(bench.Verify().bad_file == last);
  CHECK(absl::IsDataLoss(bench.TryOpen()));
}

TEST_CASE("Journal notices a record exchanged for another with a checksum of its own") {
  Bench bench;
  bench.options.segment_bytes = 1 << 20;
  bench.Open();
  std::string honest, forged;
  AppendRecord(honest, 2, RecordType::kFact, base::Time{}, "orders", "buy 10");
  AppendRecord(forged, 2, RecordType::kFact, base::Time{}, "orders", "buy 99");
  REQUIRE(honest.size() == forged.size());
  AppendForTest(*bench.writer, 1);
  bench.writer->Append(RecordType::kFact, base::Time{}, "orders", "buy 10");
  bench.writer->Commit();
  bench.Run();
  bench.writer->Append(RecordType::kFact, base::Time{}, "orders", "and more");
  REQUIRE(bench.writer->Close().ok());
  bench.writer.reset();
  auto contents = bench.files.Contents();
  std::string& segment = contents[bench.Segments().front()];
  const size_t at = segment.find(honest);
  REQUIRE(at != std::string::npos);
  segment.replace(at, honest.size(), forged);
  bench.files.SetContents(contents);
  CHECK(bench.Verify().bad_reason.find("hash chain") != std::string::npos);
  CHECK_FALSE(bench.Verify().tail_only);
  CHECK(ReadAll(bench.files).records.empty());
  CHECK(absl::IsDataLoss(bench.TryOpen()));
}

// --- snapshots and pruning ----------------------------------------------------

TEST_CASE("Journal finds its newest snapshot that verifies") {
  Bench bench;
  bench.Open();
  bench.Fill(10);
  REQUIRE(bench.writer->WriteSnapshot("ten").ok());
  bench.Fill(19);
  AppendForTest(*bench.writer, 20);  // the snapshot commits it
  REQUIRE(bench.writer->WriteSnapshot("twenty").ok());
  CHECK(bench.writer->durable_sequence() == 20);
  CHECK(bench.writer->stats().snapshots == 2);
  bench.Fill(25);
  const auto newest = [&] {
    auto reader = Reader::Open(bench.files, kDirForTest);
    REQUIRE(reader.ok());
    auto snapshot = (*reader)->NewestSnapshot();
    REQUIRE(snapshot.ok());
    return *std::move(snapshot);
  };
  REQUIRE(newest());
  CHECK(newest()->sequence == 20);
  CHECK(newest()->state == "twenty");
  CHECK(bench.Verify().snapshots == 2);

  bench.files.FlipBit(SnapshotPath(kDirForTest, 20), 40, 1);
  CHECK(newest()->sequence == 10);
  const Verification found = bench.Verify();
  CHECK(found.bad_file == SnapshotPath(kDirForTest, 20));
  CHECK(found.valid_prefix == 25);
  bench.Open();  // a damaged snapshot does not keep the journal from opening
  bench.files.FlipBit(SnapshotPath(kDirForTest, 10), 40, 1);
  CHECK_FALSE(newest());
  bench.Open();
}

TEST_CASE("Journal refuses to go on where a snapshot proves that records are gone") {
  Bench bench;
  bench.options.segment_bytes = 1 << 20;
  bench.Open();
  bench.Fill(3);
  const std::string path = bench.Segments().front();
  const uint64_t size = *bench.files.Size(path);
  bench.Fill(6);
  REQUIRE(bench.writer->WriteSnapshot("six").ok());
  bench.writer.reset();
  REQUIRE(
      bench.files.Truncate(path, size).ok());  // at the end of a batch: nothing else would show it
  CHECK(absl::IsDataLoss(bench.TryOpen()));
  auto reader = Reader::Open(bench.files, kDirForTest);
  REQUIRE(reader.ok());
  CHECK_FALSE((*reader)->NewestSnapshot()->has_value());
  CHECK_FALSE((*reader)->Verify().ok());
}

TEST_CASE("Journal prunes what two snapshots cover, oldest first, and nothing else") {
  Bench bench;
  bench.Open();
  bench.Fill(30);
  const auto now = base::FromUnixMillis(1'700'000'000'000) + 1h;
  CHECK(bench.writer->Prune(now, {})->segments == 0);
  REQUIRE(bench.writer->WriteSnapshot("thirty").ok());
  CHECK(bench.writer->Prune(now, {})->segments == 0);  // one snapshot is not enough
  bench.Fill(60);
  REQUIRE(bench.writer->WriteSnapshot("sixty").ok());
  const auto before = bench.Segments();
  CHECK(bench.writer->Prune(now, {2h, 1u << 30})->segments == 0);  // neither old nor big
  const size_t removed = bench.writer->Prune(now, {})->segments;
  CHECK(removed > 0);
  const auto after = bench.Segments();
  CHECK(after == std::vector<std::string>(before.begin() + static_cast<std::ptrdiff_t>(removed),
                                          before.end()));
  CHECK(bench.Verify().ok());
  CHECK(bench.Verify().first_sequence > 1);
  CHECK(bench.Verify().first_sequence <= 31);
  // Either snapshot still has all the records after it.
  for (const uint64_t sequence : {30, 60}) {
    const ReadBack back = ReadAll(bench.files, kDirForTest, sequence);
    CHECK(back.status.ok());
    CHECK(back.records.size() == 60 - sequence);
  }
  CHECK(absl::IsDataLoss(ReadAll(bench.files, kDirForTest, 1).status));
  bench.Fill(90);
  REQUIRE(bench.writer->WriteSnapshot("ninety").ok());
  REQUIRE(bench.writer->Prune(now, {}).ok());
  CHECK(ListJournal(bench.files, kDirForTest)->snapshots.size() == 2);
  bench.Open();
  bench.Fill(95);
  CHECK(bench.Verify().ok());
  // A lost snapshot leaves the one before it; two lost ones do not go unnoticed.
  bench.writer.reset();
  REQUIRE(bench.files.Remove(SnapshotPath(kDirForTest, 90)).ok());
  bench.Open();
  bench.writer.reset();
  REQUIRE(bench.files.Remove(SnapshotPath(kDirForTest, 60)).ok());
  CHECK(absl::IsDataLoss(bench.TryOpen()));
  CHECK_FALSE(bench.Verify().ok());
}

TEST_CASE("Journal prunes up to the older of two snapshots, to the record") {
  Bench bench;
  bench.options.segment_bytes = 1;  // a segment for each record
  bench.Open();
  for (const uint64_t last : {5, 9, 12}) {
    bench.Fill(last, 1);
    if (last < 12) REQUIRE(bench.writer->WriteSnapshot("state").ok());
  }
  CHECK(bench.writer->Prune(base::Time::max(), {})->segments == 5);
  CHECK(bench.Verify().ok());
  CHECK(bench.Verify().first_sequence == 6);
  CHECK(CountIfIntact(ReadAll(bench.files, kDirForTest, 5).records, 6) == 7);
}

TEST_CASE("Journal keeps what somebody needs, beyond all bounds, and says so") {
  Bench bench;
  bench.options.segment_bytes = 1;  // a segment for each record
  bench.Open();
  for (const uint64_t last : {5, 9, 12}) {
    bench.Fill(last, 1);
    if (last < 12) REQUIRE(bench.writer->WriteSnapshot("state").ok());
  }
  const auto held = bench.writer->Prune(base::Time::max(), {.needed_after = 3});
  REQUIRE(held.ok());
  CHECK(held->segments == 3);
  CHECK(held->held);
  uint64_t left = 0;
  for (const std::string& path : bench.Segments()) left += *bench.files.Size(path);
  CHECK(held->bytes == left);
  CHECK(bench.Verify().ok());
  CHECK(CountIfIntact(ReadAll(bench.files, kDirForTest, 3).records, 4) == 9);
  // Within the bounds nothing is held.
  CHECK_FALSE(bench.writer->Prune(base::Time{}, {1h, 1u << 30, 3})->held);
  const auto pruned = bench.writer->Prune(base::Time::max(), {.needed_after = 5});
  CHECK(pruned->segments == 2);
  CHECK_FALSE(pruned->held);
  auto reader = Reader::Open(bench.files, kDirForTest);
  REQUIRE(reader.ok());
  CHECK((*reader)->first_sequence() == 6);
}

TEST_CASE("Journal keeps what the mark in its folder says is not stored elsewhere") {
  Bench bench;
  bench.options.segment_bytes = 1;  // a segment for each record
  bench.Open();
  for (const uint64_t last : {5, 9, 12}) {
    bench.Fill(last, 1);
    if (last < 12) REQUIRE(bench.writer->WriteSnapshot("state").ok());
  }
  const uint64_t run = bench.writer->info().run;
  const auto prune_with = [&](const std::string& mark) {
    REQUIRE(bench.files.WriteAtomically(ReadMarkPath(kDirForTest), mark).ok());
    return bench.writer->Prune(base::Time::max(), {}).value();
  };
  Pruned pruned = prune_with(ToText({run, 3}));
  CHECK(pruned.segments == 3);
  CHECK(pruned.held);
  CHECK(bench.Verify().ok());
  pruned = prune_with(ToText({run, 4}));
  CHECK(pruned.segments == 1);
  SECTION("of another run") { pruned = prune_with(ToText({run + 1, 0})); }
  SECTION("none") { pruned = prune_with("no mark\n"); }
  CHECK_FALSE(prune_with("").held);
  CHECK(bench.Verify().first_sequence == 6);
}

TEST_CASE("Journal uses no snapshot of another journal, nor one under a wrong name") {
  Bench bench;
  bench.Open();
  bench.Fill(10);
  REQUIRE(bench.writer->WriteSnapshot("mine").ok());
  bench.writer.reset();
  auto contents = bench.files.Contents();
  contents[SnapshotPath(kDirForTest, 7)] = EncodeSnapshot(999, 7, "of another");
  contents[SnapshotPath(kDirForTest, 8)] = contents[SnapshotPath(kDirForTest, 10)];
  contents.erase(SnapshotPath(kDirForTest, 10));
  bench.files.SetContents(contents);
  auto reader = Reader::Open(bench.files, kDirForTest);
  REQUIRE(reader.ok());
  CHECK_FALSE((*reader)->NewestSnapshot()->has_value());
  CHECK((*reader)->Verify().bad_file == SnapshotPath(kDirForTest, 7));
  bench.Open();
  CHECK(bench.writer->last_sequence() == 10);
}

TEST_CASE("Journal prunes by age of the last record and by bytes") {
  Bench bench;
  bench.Open();
  bench.Fill(30);
  REQUIRE(bench.writer->WriteSnapshot("a").ok());
  REQUIRE(bench.writer->WriteSnapshot("b").ok());  // same record: replaces
  CHECK(ListJournal(bench.files, kDirForTest)->snapshots.size() == 1);
  bench.Fill(31);
  REQUIRE(bench.writer->WriteSnapshot("b").ok());
  const auto segments = bench.Segments();
  REQUIRE(segments.size() > 3);
  uint64_t total = 0;
  for (const std::string& path : segments) total += *bench.files.Size(path);
  // Just the first segment is too much.
  CHECK(bench.writer->Prune(base::Time{}, {1h, total - 1})->segments == 1);
  // The last record of the second segment is the first one that is too old.
  auto header_length = size_t{0};
  const auto header = DecodeHeader(*bench.files.Read(segments[2]), &header_length);
  REQUIRE(header.ok());
  CHECK(bench.writer->Prune(header->previous_time + 10s, {10s, 1u << 30})->segments == 0);
  CHECK(bench.writer->Prune(header->previous_time + 10s + 1ns, {10s, 1u << 30})->segments == 1);
  bench.writer.reset();
  CHECK(Prune(bench.files, kDirForTest, header->previous_time + 1h, {10s, 1u << 30})->segments > 0);
}

TEST_CASE("Journal tells a snapshot that failed, and goes on") {
  Bench bench;
  bench.Open();
  bench.Fill(3);
  bench.files.set_faults({.capacity_bytes = *bench.files.Size(bench.Segments().front()) + 500});
  CHECK(absl::IsResourceExhausted(bench.writer->WriteSnapshot(std::string(2000, 's'))));
  CHECK(bench.writer->failure().ok());
  CHECK(bench.writer->WriteSnapshot("small").ok());
}

// --- failures -------------------------------------------------------------------

TEST_CASE("Journal stops for good at a failed sync and never syncs again") {
  Bench bench;
  bench.options.segment_bytes = 1 << 20;
  bench.Open();
  bench.Fill(3);
  std::vector<absl::Status> told;
  bench.writer->OnFailure([&](absl::Status status) { told.push_back(std::move(status)); });
  bench.files.set_faults({.sync_failure = 1});
  AppendForTest(*bench.writer, 4);
  bench.writer->WhenDurable(4, [] { FAIL("it never became durable"); });
  bench.writer->Commit();
  bench.Run();
  CHECK(absl::IsUnavailable(bench.writer->failure()));
  REQUIRE(told.size() == 1);
  CHECK(absl::IsUnavailable(told.front()));
  CHECK(Mentions(told.front(), "restart"));

  bench.files.set_faults({});
  const uint64_t operations = bench.files.operations();
  CHECK(AppendForTest(*bench.writer, 5) == 5);  // counted
  CHECK(AppendForTest(*bench.writer, 6, /*essential=*/true) == 6);
  bench.writer->WhenDurable(6, [] { FAIL("it never became durable"); });
  bench.writer->Commit();
  bench.Run();
  CHECK_FALSE(bench.writer->WriteSnapshot("s").ok());
  CHECK(absl::IsUnavailable(bench.writer->Close()));
  CHECK(bench.files.operations() == operations);
  CHECK(bench.writer->durable_sequence() == 3);
  CHECK(bench.writer->stats().dropped == 2);
  CHECK(told.size() == 1);

  bench.writer.reset();
  bench.files.Restart();
  bench.Open();
  CHECK(bench.writer->last_sequence() >= 3);
  CHECK(CountIfIntact(ReadAll(bench.files).records) == bench.writer->last_sequence());
}

TEST_CASE("Journal stops for good at a failed write of what nobody waits for") {
  Bench bench;
  bench.options.write_ahead_bytes = 100;
  bench.Open();
  bench.Fill(3);
  int told = 0;
  bench.writer->OnFailure([&](const absl::Status& status) { told += absl::IsUnavailable(status); });
  AppendForTest(*bench.writer, 4);
  AppendForTest(*bench.writer, 5);
  bench.Run();
  CHECK(bench.writer->stats().written_ahead > 0);
  bench.files.set_faults({.short_write = 1});
  AppendForTest(*bench.writer, 6);
  AppendForTest(*bench.writer, 7);
  bench.Run();
  CHECK(told == 1);
  bench.files.set_faults({});
  bench.writer->WhenDurable(5, [] { FAIL("it never became durable"); });
  bench.writer->Commit();
  bench.Run();
  CHECK(bench.writer->durable_sequence() == 3);
  CHECK(absl::IsUnavailable(bench.writer->Close()));
  bench.Open();
  CHECK(bench.writer->last_sequence() == 3);
}

TEST_CASE("Journal tells a handler that came late") {
  Bench bench;
  bench.Open();
  bench.files.set_faults({.short_write = 1});
  AppendForTest(*bench.writer, 1);
  bench.writer->Commit();
  bench.Run();
  int told = 0;
  bench.writer->OnFailure([&](const absl::Status& status) { told += absl::IsUnavailable(status); });
  CHECK(told == 0);
  bench.Run();
  CHECK(told == 1);
}

TEST_CASE(
    "Journal on a full disk stops ordinary records and keeps the reserve for essential ones") {
  Bench bench;
  bench.options.segment_bytes = 1 << 20;
  bench.options.reserve_bytes = 4000;
  bench.files.set_faults({.capacity_bytes = 6000});
  bench.Open();
  std::vector<absl::Status> told;
  bench.writer->OnFailure([&](absl::Status status) { told.push_back(std::move(status)); });
  std::vector<uint64_t> durable;
  uint64_t sequence = 0;
  const auto append = [&](bool essential) {
    AppendForTest(*bench.writer, ++sequence, essential);
    bench.writer->WhenDurable(sequence, [&durable, sequence] { durable.push_back(sequence); });
    bench.writer->Commit();
    bench.Run();
  };
  while (bench.writer->failure().ok()) append(false);
  const uint64_t at_full = sequence;
  CHECK(at_full > 5);
  CHECK(durable.size() == at_full);  // the one that did not fit is in the reserve
  CHECK(absl::IsResourceExhausted(bench.writer->failure()));
  REQUIRE(told.size() == 1);
  CHECK(absl::IsResourceExhausted(told.front()));
  CHECK(Mentions(told.front(), "free disk space"));

  for (int i = 0; i < 4; ++i) append(false);  // dropped
  CHECK(durable.size() == at_full);
  CHECK(bench.writer->stats().dropped == 4);
  append(true);
  append(true);
  append(false);
  append(true);
  CHECK(durable.size() == at_full + 3);
  CHECK(durable.back() == sequence);
  CHECK(bench.Segments().size() == 2);
  CHECK(bench.writer->Close().ok());

  // What was dropped is on record, what was kept is there.
  const ReadBack back = ReadAll(bench.files);
  REQUIRE(back.status.ok());
  std::vector<uint64_t> kept;
  uint64_t dropped = 0;
  for (const Record& record : back.records) {
    if (record.type == RecordType::kGap) {
      dropped += GapCount(record.payload);
    } else {
      CHECK(record == RecordForTest(record.sequence));
      kept.push_back(record.sequence);
    }
  }
  CHECK(kept == durable);
  CHECK(dropped == 5);
  const Verification found = bench.Verify();
  CHECK(found.ok());
  CHECK(found.dropped == 5);
  CHECK(found.valid_prefix == sequence);

  // Space is free again: a restart takes up ordinary work, with a new reserve.
  bench.writer.reset();
  bench.files.set_faults({.capacity_bytes = 60'000});
  bench.Open();
  CHECK(bench.writer->failure().ok());
  CHECK(bench.writer->last_sequence() == sequence);
  CHECK(ListJournal(bench.files, kDirForTest)->reserves.size() == 1);
  sequence = bench.writer->last_sequence();
  append(false);
  CHECK(durable.back() == sequence);
}

TEST_CASE("Journal stops when the reserve is used up as well") {
  Bench bench;
  bench.options.reserve_bytes = 2000;
  bench.files.set_faults({.capacity_bytes = 3500});
  bench.Open();
  uint64_t sequence = 0, durable = 0;
  while (!absl::IsUnavailable(bench.writer->failure()) && sequence < 200) {
    AppendForTest(*bench.writer, ++sequence, /*essential=*/true);
    bench.writer->WhenDurable(sequence, [&durable, sequence] { durable = sequence; });
    bench.writer->Commit();
    bench.Run();
  }
  CHECK(absl::IsUnavailable(bench.writer->failure()));
  CHECK(durable == sequence - 1);
  bench.writer.reset();
  bench.files.set_faults({.capacity_bytes = 60'000});
  bench.Open();
  CHECK(bench.writer->last_sequence() == durable);
}

TEST_CASE("Journal opens on a full disk with the reserve it has, closed to ordinary records") {
  Bench bench;
  bench.options.reserve_bytes = 3000;
  bench.Open();
  bench.Fill(3);
  bench.writer.reset();
  uint64_t used = 3000;
  for (const auto& [path, content] : bench.files.Contents()) used += content.size();
  bench.files.set_faults({.capacity_bytes = used + 20});
  bench.Open();
  CHECK(absl::IsResourceExhausted(bench.writer->failure()));
  int told = 0;
  bench.writer->OnFailure([&](const absl::Status&) { ++told; });
  AppendForTest(*bench.writer, 4);
  AppendForTest(*bench.writer, 5, /*essential=*/true);
  bench.writer->Commit();
  bench.Run();
  CHECK(told == 1);
  CHECK(bench.writer->durable_sequence() == 5);
  REQUIRE(bench.writer->Close().ok());
  CHECK(absl::IsResourceExhausted(bench.TryOpen()));  // nothing is left at all
}

TEST_CASE("Journal opens closed to ordinary records when less than the reserve is free") {
  Bench bench;
  bench.options.reserve_bytes = 3000;
  bench.files.set_faults({.capacity_bytes = 2900});
  bench.Open();
  CHECK(absl::IsResourceExhausted(bench.writer->failure()));
  AppendForTest(*bench.writer, 1, /*essential=*/true);
  bench.writer->Commit();
  bench.Run();
  CHECK(bench.writer->durable_sequence() == 1);
}

TEST_CASE("Journal drops ordinary records when the disk is too slow for them, and says so") {
  Bench bench;
  bench.options.max_buffered_bytes = 4000;
  bench.options.segment_bytes = 1 << 20;
  bench.Open();
  int told = 0;
  bench.writer->OnFailure(
      [&](const absl::Status& status) { told += absl::IsResourceExhausted(status); });
  for (uint64_t sequence = 1; sequence <= 100; ++sequence) AppendForTest(*bench.writer, sequence);
  CHECK(absl::IsResourceExhausted(bench.writer->failure()));
  CHECK(bench.writer->stats().dropped > 0);
  AppendForTest(*bench.writer, 101, /*essential=*/true);
  bool durable = false;
  bench.writer->WhenDurable(101, [&] { durable = true; });
  bench.writer->WhenDurable(100, [] { FAIL("it was dropped"); });
  bench.writer->Commit();
  bench.Run();
  CHECK(durable);
  CHECK(told == 1);
  CHECK(bench.Verify().ok());
  CHECK(bench.Verify().dropped == bench.writer->stats().dropped);
  // Essential ones have a limit as well.
  const std::string big(2u << 20, 'b');
  bench.writer->AppendEssential(RecordType::kInput, base::Time{}, "c", big);
  CHECK(bench.writer->stats().dropped == bench.Verify().dropped + 1);
}

TEST_CASE("A journal that was set back goes on behind what is given up for lost") {
  Bench bench;
  const bool closed = GENERATE(true, false);
  const uint64_t kept = GENERATE(0, 20);
  const auto skip = [&](uint64_t to) {
    return SkipTo(bench.files, kDirForTest, to, bench.executor.Now());
  };
  CHECK(absl::IsNotFound(skip(50).status()));
  bench.Open();
  bench.Fill(kept);
  if (kept > 0) REQUIRE(bench.writer->WriteSnapshot("state").ok());
  CHECK(absl::IsAborted(skip(50).status()));
  if (closed) REQUIRE(bench.writer->Close().ok());
  bench.writer.reset();
  CHECK(absl::IsFailedPrecondition(skip(kept).status()));
  for (const int bits : {47, 48, 63}) CHECK(absl::IsInvalidArgument(skip(1ull << bits).status()));
  CHECK(absl::IsInvalidArgument(skip(std::numeric_limits<uint64_t>::max()).status()));
  REQUIRE(skip(50).value() == kept);
  CHECK(bench.Verify().ok());
  CHECK(bench.Verify().dropped == 50 - kept);
  bench.Open();
  CHECK(bench.writer->recovered().last_sequence == 50);
  bench.Fill(55);
  REQUIRE(bench.writer->Close().ok());
  const ReadBack back = ReadAll(bench.files);
  REQUIRE(back.status.ok());
  REQUIRE(back.records.size() == kept + 1 + 5);
  CHECK(back.records[kept].type == RecordType::kGap);
  CHECK(back.records[kept].sequence == 50);
  CHECK(back.records.back() == RecordForTest(55));
}

TEST_CASE("Journal in a folder that cannot be written says so") {
  Bench bench;
  REQUIRE(bench.files.MakeDirs("/data").ok());
  REQUIRE(bench.files.WriteAtomically(kDirForTest, "a file in its place").ok());
  CHECK(absl::IsAlreadyExists(bench.TryOpen()));
}

}  // namespace gannet::journal
