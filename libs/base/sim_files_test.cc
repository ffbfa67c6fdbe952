#include "libs/base/sim_files.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "libs/base/rng.h"

namespace gannet::base {
namespace {

constexpr char kDir[] = "/d";
constexpr char kFile[] = "/d/a";

std::string Pattern(size_t size, char salt) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<char>(salt + static_cast<char>(i % 61) + 1);
  return bytes;
}

// A file of this durable content, and the handle it was written by.
std::unique_ptr<AppendFile> Durable(SimFiles& files, const std::string& path,
                                    const std::string& content) {
  REQUIRE(files.MakeDirs(kDir).ok());
  auto file = files.OpenAppend(path);
  REQUIRE(file.ok());
  REQUIRE((*file)->Append(content).ok());
  REQUIRE((*file)->Sync().ok());
  REQUIRE(files.SyncDir(kDir).ok());
  return *std::move(file);
}

}  // namespace

TEST_CASE("SimFiles keeps what was synced through every crash") {
  const std::string content = Pattern(3000, 'a');
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimFiles files(seed);
    Durable(files, kFile, content);
    files.Restart();
    CHECK(*files.Read(kFile) == content);
  }
}

TEST_CASE("SimFiles loses unsynced sectors in every combination that a disk may") {
  const std::string before = Pattern(700, 'a'), after = Pattern(1500, 'B');
  const std::string whole = before + after;
  std::set<std::string> outcomes;
  uint64_t lost_all = 0, kept_all = 0, holes = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SimFiles files(seed);
    auto file = Durable(files, kFile, before);
    REQUIRE(file->Append(after).ok());
    files.Restart();
    const std::string found = *files.Read(kFile);
    REQUIRE(found.size() >= before.size());
    REQUIRE(found.size() <= whole.size());
    REQUIRE(found.substr(0, before.size()) == before);
    // Each sector is as written, or untouched (zeros beyond the old end).
    for (size_t begin = 0; begin < found.size(); begin += 512) {
      const std::string sector = found.substr(begin, 512);
      const size_t old_bytes =
          before.size() > begin ? std::min<size_t>(before.size() - begin, sector.size()) : 0;
      const std::string untouched = before.substr(std::min(begin, before.size()), old_bytes) +
                                    std::string(sector.size() - old_bytes, '\0');
      const bool written = sector == whole.substr(begin, sector.size());
      REQUIRE((written || sector == untouched));
      holes += !written && found.size() == whole.size();
    }
    lost_all += found == before;
    kept_all += found == whole;
    outcomes.insert(found);
  }
  CHECK(lost_all > 0);
  CHECK(kept_all > 0);
  CHECK(holes > 0);
  CHECK(outcomes.size() > 20);
}

TEST_CASE("SimFiles loses of what was written over room a sector or none, and the room never") {
  const std::string before = Pattern(700, 'a'), after = Pattern(1500, 'B');
  const std::string room(2048 - before.size(), '\0'), whole = before + after;
  uint64_t lost = 0, kept = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SimFiles files(seed);
    auto file = Durable(files, kFile, before);
    REQUIRE(file->Prepare(room.size()).ok());
    REQUIRE(file->Append(after).ok());
    files.Restart();
    const std::string found = *files.Read(kFile);
    REQUIRE(found.size() >= 2048);
    for (size_t begin = 0; begin < 2048; begin += 512) {
      const std::string sector = found.substr(begin, 512);
      const bool written = sector == whole.substr(begin, 512);
      REQUIRE((written || sector == (before + room).substr(begin, 512)));
      lost += !written;
      kept += written;
    }
  }
  CHECK(lost > 0);
  CHECK(kept > 0);
}

TEST_CASE("SimFiles loses names that no folder sync made durable, the later ones first") {
  std::set<size_t> survivors;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimFiles files(seed);
    REQUIRE(files.MakeDirs(kDir).ok());
    for (const char* name : {"/d/1", "/d/2", "/d/3"}) {
      auto file = files.OpenAppend(name);
      REQUIRE(file.ok());
      REQUIRE((*file)->Append(name).ok());
      REQUIRE((*file)->Sync().ok());
    }
    files.Restart();
    const auto names = *files.List(kDir);
    for (size_t i = 0; i < names.size(); ++i) {
      CHECK(names[i] == std::to_string(i + 1));
      CHECK(*files.Read("/d/" + names[i]) == "/d/" + names[i]);
    }
    survivors.insert(names.size());
  }
  CHECK(survivors == std::set<size_t>{0, 1, 2, 3});
}

TEST_CASE("SimFiles may bring a removed or renamed file back until its folder is synced") {
  uint64_t back = 0, gone = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimFiles files(seed);
    Durable(files, kFile, "x");
    REQUIRE(files.Rename(kFile, "/d/b").ok());
    files.Restart();
    CHECK(files.Exists(kFile) != files.Exists("/d/b"));  // a rename is one step
    (files.Exists(kFile) ? back : gone) += 1;
  }
  CHECK(back > 0);
  CHECK(gone > 0);
  SimFiles files(1);
  Durable(files, kFile, "x");
  REQUIRE(files.Remove(kFile).ok());
  REQUIRE(files.SyncDir(kDir).ok());
  files.Restart();
  CHECK_FALSE(files.Exists(kFile));
}

TEST_CASE("SimFiles makes WriteAtomically all or nothing at every point of power loss") {
  const std::string before = Pattern(2000, 'a'), after = Pattern(900, 'Q');
  uint64_t old_seen = 0, new_seen = 0, cuts = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    for (uint64_t step = 1;; ++step) {
      SimFiles files(seed);
      REQUIRE(files.MakeDirs(kDir).ok());
      REQUIRE(files.WriteAtomically(kFile, before).ok());
      files.CutPowerAt(files.operations() + step);
      const absl::Status status = files.WriteAtomically(kFile, after);
      if (status.ok()) {
        CHECK(step > 4);
        break;
      }
      ++cuts;
      CHECK(absl::IsUnavailable(status));
      CHECK_FALSE(files.powered());
      CHECK_FALSE(files.Read(kFile).ok());
      files.Restart();
      const std::string found = *files.Read(kFile);
      old_seen += found == before;
      new_seen += found == after;
      REQUIRE((found == before || found == after));
    }
  }
  CHECK(cuts > 100);
  CHECK(old_seen > 0);
  CHECK(new_seen > 0);
}

TEST_CASE("SimFiles frees locks and kills open files at a restart") {
  SimFiles files(3);
  auto file = Durable(files, kFile, "x");
  auto lock = files.LockDir(kDir);
  REQUIRE(lock.ok());
  files.Restart();
  CHECK(absl::IsUnavailable(file->Append("y")));
  CHECK(absl::IsUnavailable(file->Sync()));
  auto second = files.LockDir(kDir);
  REQUIRE(second.ok());
  lock->reset();  // the dead process's lock frees nothing
  CHECK(absl::IsAborted(files.LockDir(kDir).status()));
  CHECK(*files.Read(kFile) == "x");
}

TEST_CASE("SimFiles is full at its capacity, counts it, and has room again after a removal") {
  SimFiles files(1);
  files.set_faults({.capacity_bytes = 1000});
  auto file = Durable(files, kFile, std::string(900, 'a'));
  CHECK(*files.FreeBytes(kDir) == 100);
  const absl::Status status = file->Append(std::string(101, 'b'));
  CHECK(absl::IsResourceExhausted(status));
  CHECK(files.counters().disk_full == 1);
  CHECK(*files.Size(kFile) == 1000);  // the prefix that fitted
  CHECK(absl::IsResourceExhausted(files.WriteAtomically("/d/b", "x")));
  CHECK_FALSE(files.Exists("/d/b"));
  CHECK_FALSE(files.Exists("/d/b.tmp"));
  REQUIRE(files.Remove(kFile).ok());
  CHECK(files.WriteAtomically("/d/b", "x").ok());
}

TEST_CASE("SimFiles keeps reserved room on a full disk for its file alone") {
  SimFiles files(1);
  REQUIRE(files.MakeDirs(kDir).ok());
  files.set_faults({.capacity_bytes = 1000});
  REQUIRE(files.Reserve("/d/r", 300).ok());
  CHECK(absl::IsResourceExhausted(files.Reserve("/d/q", 701)));
  auto other = files.OpenAppend(kFile);
  REQUIRE(other.ok());
  REQUIRE((*other)->Append(std::string(700, 'a')).ok());
  CHECK(absl::IsResourceExhausted((*other)->Append("a")));
  auto reserved = files.OpenAppend("/d/r");
  REQUIRE(reserved.ok());
  REQUIRE((*reserved)->Append(std::string(300, 'r')).ok());
  CHECK(absl::IsResourceExhausted((*reserved)->Append("r")));
}

TEST_CASE("SimFiles never writes what a failed sync lost, however often sync is called again") {
  uint64_t lost = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimFiles files(seed);
    auto file = Durable(files, kFile, "start");
    files.set_faults({.sync_failure = 1});
    const std::string more = Pattern(4000, 'm');
    REQUIRE(file->Append(more).ok());
    CHECK_FALSE(file->Sync().ok());
    CHECK(files.counters().sync_failures == 1);
    files.set_faults({});
    CHECK(file->Sync().ok());  // and yet
    CHECK(*files.Read(kFile) == "start" + more);
    files.Restart();
    lost += *files.Read(kFile) != "start" + more;
  }
  CHECK(lost > 40);
}

TEST_CASE("SimFiles writes a prefix and fails when told to write short") {
  SimFiles files(5);
  auto file = Durable(files, kFile, "");
  files.set_faults({.short_write = 1});
  const std::string bytes = Pattern(1000, 's');
  CHECK(absl::IsUnavailable(file->Append(bytes)));
  const std::string found = *files.Read(kFile);
  CHECK(found.size() < bytes.size());
  CHECK(found == bytes.substr(0, found.size()));
  CHECK(files.counters().short_writes == 1);
}

TEST_CASE("SimFiles flips one bit of a read and leaves the file intact") {
  SimFiles files(5);
  const std::string content = Pattern(1000, 'f');
  Durable(files, kFile, content);
  files.set_faults({.read_flip = 1});
  const std::string read = *files.Read(kFile);
  int bits = 0;
  for (size_t i = 0; i < content.size(); ++i) {
    bits += __builtin_popcount(static_cast<uint8_t>(read[i]) ^ static_cast<uint8_t>(content[i]));
  }
  CHECK(bits == 1);
  CHECK(files.counters().read_flips == 1);
  files.set_faults({});
  CHECK(*files.Read(kFile) == content);
  files.FlipBit(kFile, 999, 7);
  CHECK(*files.Read(kFile) != content);
  files.Restart();
  CHECK(*files.Read(kFile) != content);
}

TEST_CASE("SimFiles puts a misdirected sector where another belongs") {
  uint64_t damaged = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SimFiles files(seed);
    const std::string before = Pattern(4096, 'a'), after = Pattern(1024, 'Z');
    auto file = Durable(files, kFile, before);
    files.set_faults({.misdirected_write = 1});
    REQUIRE(file->Append(after).ok());
    REQUIRE(file->Sync().ok());
    CHECK(*files.Read(kFile) == before + after);  // still in the page cache
    files.Restart();
    damaged += *files.Read(kFile) != before + after;
    CHECK((*files.Read(kFile) != before + after) == (files.counters().misdirected_writes == 1));
  }
  CHECK(damaged > 20);
}

TEST_CASE("SimFiles does the same for the same seed") {
  const auto run = [](uint64_t seed) {
    SimFiles files(seed);
    files.set_faults({.sync_failure = 0.2, .short_write = 0.2, .misdirected_write = 0.2});
    (void)files.MakeDirs(kDir);
    std::map<std::string, std::string> result;
    for (int round = 0; round < 5; ++round) {
      auto file = files.OpenAppend(kFile);
      for (int i = 0; i < 10 && file.ok(); ++i) {
        (void)(*file)->Append(Pattern(300, static_cast<char>('a' + i)));
        (void)(*file)->Sync();
      }
      (void)files.SyncDir(kDir);
      files.Restart();
    }
    return files.Contents();
  };
  CHECK(run(11) == run(11));
  CHECK(run(11) != run(12));
}

TEST_CASE("SimFiles gives its content out and takes it back") {
  SimFiles files(1);
  Durable(files, kFile, "one");
  auto contents = files.Contents();
  CHECK(contents == std::map<std::string, std::string>{{kFile, "one"}});
  contents["/e/f/b"] = "two";
  SimFiles other(2);
  other.SetContents(contents);
  other.Restart();
  CHECK(other.Contents() == contents);
  CHECK(*other.List("/e") == std::vector<std::string>{"f"});
}

}  // namespace gannet::base
