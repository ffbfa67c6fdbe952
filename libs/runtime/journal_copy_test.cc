#include "libs/runtime/journal_copy.h"

#include <catch2/catch_test_macros.hpp>
#include <map>

#include "libs/base/rng.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"
#include "libs/journal/layout.h"

namespace gannet::runtime {
namespace {

using namespace std::chrono_literals;

constexpr char kDir[] = "data/journal";

// What a reader of the bus makes of the pieces.
struct Copy {
  std::map<std::string, std::string> files;
  uint64_t pieces = 0;

  void Take(const wire::EngineNote& note) {
    CHECK(note.engine == "news-signal");
    const auto piece = DecodePiece(note.body);
    REQUIRE(piece.ok());
    std::string& file = files[piece->file];
    REQUIRE(piece->offset <= file.size());
    file.resize(piece->offset);
    file += piece->bytes;
    ++pieces;
  }
};

struct Fixture {
  base::VirtualExecutor executor{base::FromUnixMillis(1'000'000)};
  bus::MemoryBus bus;
  base::SimFiles files;
  Copy copy;
  std::unique_ptr<bus::Subscription> reader;
  std::unique_ptr<journal::Writer> writer;
  uint64_t appended = 0, lost_before = 0;

  explicit Fixture(uint64_t seed = 1, bus::MemoryBusOptions options = {})
      : bus(executor, options), files(seed) {
    reader = bus.Subscribe<wire::EngineNote>(bus::kJournals, {.group = "g"},
                                             [this](const auto& event, bus::Position position) {
                                               copy.Take(event.value);
                                               reader->Ack(position);
                                             });
  }
  bool Open() {
    auto opened =
        journal::Writer::Open(files, executor, kDir, {.run = 5},
                              {.segment_bytes = 2'000, .reserve_bytes = 0, .own_thread = false});
    if (!opened.ok()) return false;
    writer = CopyToBus(*std::move(opened), {bus,
                                            {files, executor, executor},
                                            kDir,
                                            "data/journal-copied",
                                            "news-signal",
                                            [this](uint64_t sequence) { lost_before = sequence; }});
    return true;
  }
  void Append(
      int count, const std::function<void()>& done = [] {}) {
    for (; count > 0; --count) {
      writer->Append(journal::RecordType::kFact, executor.Now(), "topic",
                     std::string(100 + appended % 7, static_cast<char>('a' + appended % 26)));
      ++appended;
    }
    writer->WhenDurable(writer->last_sequence(), done);
    writer->Commit();
  }
  // Several segments and a snapshot.
  void Fill() {
    for (int batch = 0; batch < 30; ++batch) {
      Append(5);
      executor.RunFor(100ms);
    }
    REQUIRE(writer->WriteSnapshot("state").ok());
    executor.RunFor(100ms);
  }
  std::map<std::string, std::string> OnDisk() {
    std::map<std::string, std::string> segments;
    for (const auto& [path, bytes] : files.Contents()) {
      if (path.ends_with(".gnj")) segments[path.substr(path.rfind('/') + 1)] = bytes;
    }
    return segments;
  }
};

TEST_CASE("A copied journal is on the bus, byte for byte, before a record counts as durable") {
  Fixture f;
  REQUIRE(f.Open());
  for (int round = 0; round < 20; ++round) {
    bool durable = false;
    f.Append(5, [&] {
      durable = true;
      const auto reader = journal::Reader::Open(f.files, kDir);
      CHECK(f.bus.stats(bus::kJournals.info).published > 0);
    });
    f.executor.RunFor(100ms);
    CHECK(durable);
    CHECK(f.copy.files == f.OnDisk());
  }
  REQUIRE(f.writer->Close().ok());
  f.executor.RunFor(100ms);
  CHECK(f.copy.files == f.OnDisk());  // the close mark as well
  CHECK(f.copy.files.size() > 3);
}

TEST_CASE("What was copied of a batch that a crash left unfinished is taken back") {
  Fixture f;
  REQUIRE(f.Open());
  f.Append(5);
  f.executor.RunFor(1500ms);  // the mark stands at the end of the batch
  const auto durable = f.OnDisk();
  for (int i = 0; i < 50; ++i) {
    f.writer->Append(journal::RecordType::kInput, f.executor.Now(), "in", std::string(100, 'i'));
  }
  f.executor.RunFor(1ms);  // written ahead
  f.writer->WhenDurable(f.writer->durable_sequence(), [] {});
  f.executor.RunFor(1ms);
  REQUIRE(f.copy.files != durable);
  f.writer.reset();
  f.files.Restart();
  REQUIRE(f.Open());
  f.Append(5);
  f.executor.RunFor(100ms);
  CHECK(f.copy.files == f.OnDisk());
}

TEST_CASE("Nothing counts as durable while the bus is full, and the copy goes on afterwards") {
  bus::MemoryBusOptions options;
  options.backlog_limit = 2;
  Fixture f(1, options);
  f.reader.reset();
  f.reader = f.bus.Subscribe<wire::EngineNote>(bus::kJournals, {.group = "g"},
                                               [](const auto&, bus::Position) {});
  REQUIRE(f.Open());
  int durable = 0;
  for (int round = 0; round < 5; ++round) {
    f.Append(3, [&] { ++durable; });
    f.executor.RunFor(100ms);
  }
  CHECK(durable < 5);
  f.reader.reset();
  f.bus.ForgetGroup(bus::kJournals.info, "g");
  f.executor.RunFor(1s);
  CHECK(durable == 5);
}

TEST_CASE("Wherever the power fails, the copy becomes what the disk has") {
  for (uint64_t cut = 1; cut < 80; ++cut) {
    Fixture f(cut);
    f.files.CutPowerAt(cut);
    if (f.Open()) {
      for (int round = 0; round < 6; ++round) {
        f.Append(5);
        f.executor.RunFor(700ms);
      }
    }
    f.writer.reset();
    f.files.Restart();
    INFO("power cut at operation " << cut);
    REQUIRE(f.Open());
    f.Append(5);
    f.executor.RunFor(2s);
    REQUIRE(f.writer->Close().ok());
    f.executor.RunFor(2s);
    CHECK(f.copy.files == f.OnDisk());
  }
}

TEST_CASE("A start that has its mark repeats little of the copy") {
  Fixture f;
  REQUIRE(f.Open());
  f.Append(200);
  f.executor.RunFor(3s);
  const uint64_t before = f.copy.pieces;
  f.writer.reset();  // as a kill
  REQUIRE(f.Open());
  f.Append(1);
  f.executor.RunFor(3s);
  CHECK(f.copy.pieces - before <= 3);
  CHECK(f.copy.files == f.OnDisk());
}

TEST_CASE("A file that the bus does not have yet is not pruned") {
  bus::MemoryBusOptions options;
  options.backlog_limit = 2;
  Fixture f(1, options);
  auto stuck = f.bus.Subscribe<wire::EngineNote>(bus::kJournals, {.group = "stuck"},
                                                 [](const auto&, bus::Position) {});
  REQUIRE(f.Open());
  f.Fill();
  CHECK_FALSE(f.writer->Prune(f.executor.Now(), {})->held);  // one snapshot is not enough
  f.Fill();
  CHECK(f.writer->Prune(f.executor.Now(), {})->held);
  CHECK(f.OnDisk().size() > 5);
  stuck.reset();
  f.bus.ForgetGroup(bus::kJournals.info, "stuck");
  f.executor.RunFor(5s);
  const journal::Pruned pruned = *f.writer->Prune(f.executor.Now(), {});
  CHECK(pruned.segments > 2);
  CHECK_FALSE(pruned.held);
  // Nothing of it was lost to the copy.
  base::SimFiles elsewhere;
  std::map<std::string, std::string> contents;
  for (const auto& [name, bytes] : f.copy.files) contents[std::string(kDir) + "/" + name] = bytes;
  elsewhere.SetContents(contents);
  const auto reader = journal::Reader::Open(elsewhere, kDir);
  REQUIRE(reader.ok());
  CHECK((*reader)->first_sequence() == 1);
  CHECK((*reader)->Verify().valid_prefix == f.appended);
  CHECK(f.lost_before == 0);
}

TEST_CASE("A copy that begins behind what was pruned says so") {
  Fixture f;
  REQUIRE(f.Open());
  f.Fill();
  f.Fill();
  f.Fill();
  f.executor.RunFor(2s);
  REQUIRE(f.writer->Prune(f.executor.Now(), {})->segments > 2);
  f.writer.reset();
  REQUIRE(f.Open());
  CHECK(f.lost_before == 0);
  f.writer.reset();
  REQUIRE(f.files.Remove("data/journal-copied").ok());  // as if it had not been copied before
  REQUIRE(f.Open());
  CHECK(f.lost_before == journal::SegmentNumber(f.OnDisk().begin()->first));
  CHECK(f.lost_before > 1);
}

TEST_CASE("A piece that is damaged, or would be written elsewhere, is refused") {
  JournalPiece piece{.run = 1, .file = "journal-00000000000000000001.gnj", .bytes = "x"};
  const std::string bytes = EncodePiece(piece);
  CHECK(*DecodePiece(bytes) == piece);
  for (size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(DecodePiece(bytes.substr(0, size)).ok());
  CHECK_FALSE(DecodePiece(bytes + "x").ok());
  for (const char* name : {"", "../journal-00000000000000000001.gnj", "/etc/passwd", ".lock"}) {
    piece.file = name;
    CHECK(absl::IsDataLoss(DecodePiece(EncodePiece(piece)).status()));
  }
}

}  // namespace
}  // namespace gannet::runtime
