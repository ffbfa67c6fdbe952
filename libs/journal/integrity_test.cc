// What a journal does with bytes that changed: every flip, every truncation, and
// wilder things by seed. It must notice, or cut an unfinished tail; it must never
// give out a record that was not written.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "libs/base/rng.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/journal/format.h"
#include "libs/journal/journal.h"
#include "libs/journal/journal_for_test.h"
#include "libs/journal/layout.h"

namespace gannet::journal {
namespace {

using Contents = std::map<std::string, std::string>;

constexpr uint64_t kRecords = 24;

// kAhead: killed when a batch was written in part, ahead of its end.
enum class Ending { kKilled, kClosed, kClosedWithSnapshot, kAhead };

// Four segments or more, snapshots at 8 and 16, batches of three records.
Contents MakeJournal(Ending ending, uint64_t room = 0) {
  base::SimFiles files;
  base::VirtualExecutor executor(base::Time{});
  WriterOptions options = OptionsForTest();
  options.segment_bytes = room > 0 ? 5'000 : 500;  // room ends with the segment
  options.prepare_bytes = room;
  if (ending == Ending::kAhead) options.write_ahead_bytes = 1;
  auto opened = Writer::Open(files, executor, kDirForTest, InfoForTest(), options);
  REQUIRE(opened.ok());
  Writer& writer = **opened;
  for (uint64_t sequence = 1; sequence <= kRecords; ++sequence) {
    AppendForTest(writer, sequence);
    if (sequence % 3 == 0) writer.Commit();
    executor.RunFor(std::chrono::seconds(1));
    if (sequence == 8 || sequence == 16)
      REQUIRE(writer.WriteSnapshot("state " + std::to_string(sequence)).ok());
  }
  if (ending == Ending::kAhead) {
    for (uint64_t sequence = kRecords + 1; sequence <= kRecords + 5; ++sequence) {
      AppendForTest(writer, sequence);
      executor.RunFor(std::chrono::seconds(1));
    }
    REQUIRE(writer.durable_sequence() == kRecords);
    return files.Contents();
  }
  if (ending == Ending::kClosedWithSnapshot) REQUIRE(writer.WriteSnapshot("the end").ok());
  if (ending != Ending::kKilled) REQUIRE(writer.Close().ok());
  return files.Contents();
}

bool IsSegment(const std::string& path) { return path.ends_with(".gnj"); }
std::string LastSegment(const Contents& contents) {
  std::string last;
  for (const auto& [path, content] : contents) {
    if (IsSegment(path)) last = path;
  }
  return last;
}

Verification VerifyIn(base::SimFiles& files) {
  auto reader = Reader::Open(files, kDirForTest);
  REQUIRE(reader.ok());
  return (*reader)->Verify();
}

// The records given out are the first ones written; how many.
uint64_t IntactPrefix(base::SimFiles& files, absl::Status* status) {
  const ReadBack back = ReadAll(files);
  const auto count = CountIfIntact(back.records);
  REQUIRE(count.has_value());
  REQUIRE((back.status.ok() || absl::IsDataLoss(back.status) ||
           absl::IsFailedPrecondition(back.status)));
  *status = back.status;
  return *count;
}

// What each use of the damaged journal must hold to. True if Verify noticed.
bool CheckDamaged(const Contents& damaged, uint64_t acknowledged_but_last_batch) {
  base::SimFiles files;
  files.SetContents(damaged);
  const Verification found = VerifyIn(files);
  absl::Status read;
  const uint64_t intact = IntactPrefix(files, &read);
  REQUIRE(found.valid_prefix == intact);
  const bool segment_damage = found.bad_file && IsSegment(*found.bad_file);
  REQUIRE(read.ok() == (!segment_damage || found.tail_only));

  base::VirtualExecutor executor(base::Time{});
  auto writer = Writer::Open(files, executor, kDirForTest, InfoForTest(), OptionsForTest());
  if (!writer.ok()) {
    REQUIRE((absl::IsDataLoss(writer.status()) || absl::IsFailedPrecondition(writer.status())));
    REQUIRE_FALSE(found.ok());
    return true;
  }
  // It went on: then nothing but a last batch is gone, and what follows is sound.
  REQUIRE((*writer)->info().run == InfoForTest().run);
  const uint64_t last = (*writer)->last_sequence();
  REQUIRE(last >= acknowledged_but_last_batch);
  REQUIRE(AppendForTest(**writer, last + 1) == last + 1);
  REQUIRE((*writer)->Close().ok());
  auto reader = Reader::Open(files, kDirForTest);
  REQUIRE(reader.ok());
  auto snapshot = (*reader)->NewestSnapshot();
  REQUIRE(snapshot.ok());
  const uint64_t after = snapshot->has_value() ? (*snapshot)->sequence : 0;
  const ReadBack rest = ReadAll(files, kDirForTest, after);
  REQUIRE(rest.status.ok());
  REQUIRE(CountIfIntact(rest.records, after + 1) == last + 1 - after);
  return !found.ok();
}

}  // namespace

TEST_CASE("Journal notices every flipped bit of every file") {
  const Contents whole = MakeJournal(Ending::kKilled);
  REQUIRE(std::count_if(whole.begin(), whole.end(),
                        [](const auto& file) { return IsSegment(file.first); }) >= 4);
  base::SimFiles files;
  files.SetContents(whole);
  REQUIRE(VerifyIn(files).ok());
  uint64_t flips = 0, unnoticed = 0, tails = 0;
  const std::string last = LastSegment(whole);
  for (const auto& [path, content] : whole) {
    for (size_t offset = 0; offset < content.size(); ++offset) {
      for (int bit = 0; bit < 8; ++bit) {
        files.FlipBit(path, offset, bit);
        const Verification found = VerifyIn(files);
        ++flips;
        unnoticed += found.ok();
        if (found.tail_only) {
          ++tails;
          REQUIRE(path == last);
          REQUIRE(found.valid_prefix == kRecords - 3);
        } else if (!found.ok()) {
          REQUIRE(found.bad_file == path);
          REQUIRE(found.bad_offset <= offset);
        }
        files.FlipBit(path, offset, bit);
      }
    }
  }
  CHECK(unnoticed == 0);
  CHECK(tails > 0);
  CHECK(flips > 10'000);
  CHECK(VerifyIn(files).ok());
}

TEST_CASE("Journal never gives out or builds on a changed byte") {
  for (const Ending ending : {Ending::kKilled, Ending::kClosed}) {
    const Contents whole = MakeJournal(ending);
    for (const auto& [path, content] : whole) {
      for (size_t offset = 0; offset < content.size(); ++offset) {
        Contents damaged = whole;
        char& byte = damaged[path][offset];
        byte = static_cast<char>(byte ^ (1 << (offset % 8)));
        REQUIRE(CheckDamaged(damaged, kRecords - 3));
      }
    }
  }
}

TEST_CASE(
    "Journal with room behind its end gives out no changed byte and takes the room for none") {
  for (const Ending ending : {Ending::kKilled, Ending::kAhead}) {
    const Contents whole = MakeJournal(ending, 1'000);
    const std::string last = LastSegment(whole);
    base::SimFiles files;
    files.SetContents(whole);
    REQUIRE(whole.at(last).ends_with(std::string(50, '\0')));
    const Verification found = VerifyIn(files);
    REQUIRE(found.ok() == (ending == Ending::kKilled));
    REQUIRE((found.ok() || found.tail_only));
    REQUIRE(found.valid_prefix == kRecords);
    for (size_t offset = 0; offset < whole.at(last).size(); ++offset) {
      for (const int bit : {0, 5}) {
        Contents damaged = whole;
        damaged[last][offset] = static_cast<char>(damaged[last][offset] ^ (1 << bit));
        REQUIRE(CheckDamaged(damaged, kRecords - 3));
      }
      Contents cut = whole;
      cut[last].resize(offset);
      (void)CheckDamaged(cut, 0);
    }
  }
}

TEST_CASE("Journal notices a batch that became zeros when one came after it") {
  const Contents whole = MakeJournal(Ending::kKilled, 300);
  const std::string last = LastSegment(whole);
  size_t header = 0;
  REQUIRE(DecodeHeader(whole.at(last), &header).ok());
  Contents damaged = whole;
  std::fill_n(damaged[last].begin() + static_cast<std::ptrdiff_t>(header), 100, '\0');
  base::SimFiles files;
  files.SetContents(damaged);
  const Verification found = VerifyIn(files);
  CHECK_FALSE(found.ok());
  CHECK(found.bad_offset == header);
  REQUIRE(CheckDamaged(damaged, kRecords - 3));
}

TEST_CASE("Journal that was closed loses no record to any flipped byte without saying so") {
  const Contents whole = MakeJournal(Ending::kClosed);
  const std::string last = LastSegment(whole);
  for (size_t offset = 0; offset < whole.at(last).size(); ++offset) {
    base::SimFiles files;
    files.SetContents(whole);
    files.FlipBit(last, offset, 5);
    const Verification found = VerifyIn(files);
    REQUIRE_FALSE(found.ok());
    // Only the close mark itself may be taken for an unfinished tail.
    if (found.tail_only) REQUIRE(found.valid_prefix == kRecords);
  }
}

TEST_CASE(
    "Journal names each damaged snapshot that it passes over, and goes on from an older one") {
  base::SimFiles files;
  Contents contents = MakeJournal(Ending::kClosed);
  std::string newest;
  for (auto& [path, content] : contents) {
    if (!path.ends_with(".gns")) continue;
    newest = path;
  }
  contents[newest].back() ^= 1;
  files.SetContents(contents);
  base::VirtualExecutor executor(base::Time{});
  auto writer = Writer::Open(files, executor, kDirForTest, InfoForTest(), OptionsForTest());
  REQUIRE(writer.ok());
  const std::vector<std::string>& damaged = (*writer)->recovered().damaged_snapshots;
  REQUIRE(damaged.size() == 1);
  CHECK(damaged.front().find(newest) != std::string::npos);
  CHECK((*writer)->recovered().last_sequence == kRecords);
}

TEST_CASE("Journal notices every truncation but one that looks like an earlier time") {
  const Contents whole = MakeJournal(Ending::kKilled);
  const std::string last = LastSegment(whole);
  std::set<uint64_t> unnoticed;
  for (const auto& [path, content] : whole) {
    for (size_t size = 0; size < content.size(); ++size) {
      Contents damaged = whole;
      damaged[path].resize(size);
      // Whatever is cut off the last segment may be gone.
      const bool noticed = CheckDamaged(damaged, path == last ? 0 : kRecords - 3);
      if (noticed) continue;
      REQUIRE(path == last);
      base::SimFiles files;
      files.SetContents(damaged);
      unnoticed.insert(VerifyIn(files).valid_prefix);
    }
  }
  // Only at the end of a batch behind the newest snapshot: then the file is as it
  // was before the batches behind it were written.
  CHECK_FALSE(unnoticed.empty());
  for (const uint64_t end : unnoticed) CHECK((end % 3 == 0 && end >= 16 && end < kRecords));
}

TEST_CASE("Journal with a snapshot at its end notices every truncation that costs a record") {
  const Contents whole = MakeJournal(Ending::kClosedWithSnapshot);
  for (const auto& [path, content] : whole) {
    for (size_t size = 0; size < content.size(); ++size) {
      base::SimFiles files;
      Contents damaged = whole;
      damaged[path].resize(size);
      files.SetContents(damaged);
      const Verification found = VerifyIn(files);
      REQUIRE((!found.ok() || found.valid_prefix == kRecords));
      if (found.tail_only) REQUIRE(found.valid_prefix == kRecords);
    }
  }
}

TEST_CASE("Journal keeps what was committed through every flip and cut of what was written ahead") {
  const Contents whole = MakeJournal(Ending::kAhead);
  const std::string last = LastSegment(whole);
  base::SimFiles files;
  files.SetContents(whole);
  const Verification found = VerifyIn(files);
  REQUIRE(found.tail_only);
  REQUIRE(found.valid_prefix == kRecords);
  const size_t size = whole.at(last).size();
  base::VirtualExecutor executor(base::Time{});
  auto opened = Writer::Open(files, executor, kDirForTest, InfoForTest(), OptionsForTest());
  REQUIRE(opened.ok());
  const uint64_t begin = (*opened)->recovered().cut_offset;
  REQUIRE(begin + 100 < size);
  for (size_t at = 0; at < size; ++at) {
    // Damage before it may cost the last committed batch, as it always may (docs/journal.md, 3).
    const uint64_t kept = at < begin ? kRecords - 3 : kRecords;
    for (const int bit : {0, 3, 7}) {
      Contents damaged = whole;
      damaged[last][at] = static_cast<char>(damaged[last][at] ^ (1 << bit));
      REQUIRE(CheckDamaged(damaged, kept));
    }
    Contents cut = whole;
    cut[last].resize(at);
    const bool noticed = CheckDamaged(cut, kept);
    REQUIRE((noticed || at == begin || at < begin));
  }
}

TEST_CASE("Journal holds against wilder damage") {
  const Contents whole = MakeJournal(Ending::kKilled);
  std::vector<std::string> paths;
  for (const auto& [path, content] : whole) paths.push_back(path);
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    base::Rng rng(seed);
    Contents damaged = whole;
    for (uint64_t rounds = 1 + rng.Below(3); rounds > 0; --rounds) {
      std::string& content = damaged[paths[rng.Below(paths.size())]];
      if (content.empty()) continue;
      const size_t at = rng.Below(content.size()), length = 1 + rng.Below(64);
      switch (rng.Below(6)) {
        case 0:  // zeros
          std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(at),
                      std::min(length, content.size() - at), '\0');
          break;
        case 1:  // noise
          for (size_t i = at; i < std::min(at + length, content.size()); ++i)
            content[i] = static_cast<char>(rng.Next());
          break;
        case 2:  // a piece repeated
          content.insert(rng.Below(content.size()), content.substr(at, length));
          break;
        case 3:  // a piece lost
          content.erase(at, length);
          break;
        case 4:  // more behind the end
          for (size_t i = 0; i < length; ++i) content += static_cast<char>(rng.Next());
          break;
        default: {  // the end of another file
          const std::string other = damaged[paths[rng.Below(paths.size())]];
          content += other.substr(std::min(at % 100, other.size()));
        }
      }
    }
    if (damaged == whole) continue;
    base::SimFiles files;
    files.SetContents(damaged);
    absl::Status status;
    const uint64_t intact = IntactPrefix(files, &status);
    REQUIRE(intact <= kRecords);
    REQUIRE(VerifyIn(files).valid_prefix == intact);
    base::VirtualExecutor executor(base::Time{});
    auto writer = Writer::Open(files, executor, kDirForTest, InfoForTest(), OptionsForTest());
    if (writer.ok()) REQUIRE((*writer)->last_sequence() <= kRecords);
  }
}

TEST_CASE("Journal cuts nothing on the word of a single bad read") {
  const Contents whole = MakeJournal(Ending::kKilled);
  uint64_t refused = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    base::SimFiles files(seed);
    files.SetContents(whole);
    files.set_faults({.read_flip = 0.1});
    base::VirtualExecutor executor(base::Time{});
    auto writer = Writer::Open(files, executor, kDirForTest, InfoForTest(), OptionsForTest());
    files.set_faults({});
    refused += !writer.ok();
    REQUIRE((!writer.ok() || (*writer)->last_sequence() == kRecords));
    REQUIRE(files.Contents()[LastSegment(whole)] == whole.at(LastSegment(whole)));
  }
  CHECK(refused > 10);
}

TEST_CASE("Journal given a folder of noise neither crashes nor believes it") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    base::Rng rng(seed);
    Contents contents;
    for (uint64_t i = 0; i < 3; ++i) {
      std::string noise;
      if (rng.Chance(0.5))
        noise = EncodeHeader(SegmentHeader{InfoForTest(), i + 1, base::Time{}, {}});
      for (uint64_t bytes = rng.Below(300); bytes > 0; --bytes)
        noise += static_cast<char>(rng.Next());
      contents[rng.Chance(0.3) ? SnapshotPath(kDirForTest, i + 1)
                               : SegmentPath(kDirForTest, i + 1)] = noise;
    }
    base::SimFiles files;
    files.SetContents(contents);
    auto reader = Reader::Open(files, kDirForTest);
    if (reader.ok()) {
      CHECK((*reader)->Verify().records == 0);
      CHECK(ReadAll(files).records.empty());
    }
    base::VirtualExecutor executor(base::Time{});
    (void)Writer::Open(files, executor, kDirForTest, InfoForTest(), OptionsForTest());
  }
}

}  // namespace gannet::journal
