#include "libs/runtime/lease.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "libs/base/rng.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/base/virtual_executor.h"

namespace gannet::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Setting {
  base::TempDirForTest folder;
  base::VirtualExecutor clock{base::FromUnixMillis(1'700'000'000'000)};
  std::string path = folder / "lease";
  FileLease Make(const std::string& holder, LeaseOptions options = {}) {
    return FileLease(path, "main", holder, options, clock);
  }
};

TEST_CASE("FileLease: a holder may send until length minus margin after its last renewal") {
  Setting s;
  FileLease lease = s.Make("a");
  CHECK(!lease.MayStillSend());
  CHECK(lease.epoch() == 0);
  REQUIRE(lease.TryAcquire().ok());
  CHECK(lease.epoch() == 1);
  s.clock.RunFor(milliseconds(7999));
  CHECK(lease.MayStillSend());
  s.clock.RunFor(milliseconds(1));
  CHECK(!lease.MayStillSend());
  REQUIRE(lease.Renew().ok());  // nobody else has it: it goes on
  CHECK(lease.MayStillSend());
  CHECK(lease.epoch() == 1);
}

TEST_CASE("FileLease: of two contenders one holds, the other waits for the first to be silent") {
  Setting s;
  FileLease a = s.Make("a"), b = s.Make("b");
  REQUIRE(a.TryAcquire().ok());
  for (int i = 0; i < 100; ++i) {
    CHECK(absl::IsUnavailable(b.TryAcquire()));
    CHECK(!b.MayStillSend());
    s.clock.RunFor(seconds(2));
    REQUIRE(a.Renew().ok());
  }
  // `a` falls silent. Length 10 + margin 2 + receive window 5 after b sees the last beat.
  CHECK(absl::IsUnavailable(b.TryAcquire()));
  s.clock.RunFor(milliseconds(16'999));
  CHECK(!a.MayStillSend());
  CHECK(absl::IsUnavailable(b.TryAcquire()));
  s.clock.RunFor(milliseconds(1));
  REQUIRE(b.TryAcquire().ok());
  CHECK(b.epoch() == 2);
  CHECK(b.MayStillSend());
  CHECK(absl::IsAborted(a.Renew()));
  CHECK(!a.MayStillSend());
  CHECK(absl::IsAborted(a.Renew()));
  CHECK(absl::IsAborted(a.TryAcquire()));
  REQUIRE(b.Renew().ok());
}

TEST_CASE("FileLease: never do two hold at once, whatever the order of steps") {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Setting s;
    base::Rng rng(seed);
    LeaseOptions options{.length = seconds(3), .margin = seconds(1), .receive_window = seconds(1)};
    std::vector<std::unique_ptr<FileLease>> contenders;
    uint64_t highest = 0;
    for (int i = 0; i < 3; ++i)
      contenders.push_back(
          std::make_unique<FileLease>(s.path, "main", std::to_string(i), options, s.clock));
    for (int step = 0; step < 200; ++step) {
      auto& one = contenders[rng.Below(contenders.size())];
      const uint64_t action = rng.Below(10);
      if (action < 5) {
        (void)one->Renew();
      } else if (action < 9) {
        if (one->TryAcquire().ok()) highest = std::max(highest, one->epoch());
      } else {
        one = std::make_unique<FileLease>(s.path, "main", std::to_string(step), options,
                                          s.clock);  // releases
      }
      s.clock.RunFor(milliseconds(rng.Between(0, 1500)));
      int may_send = 0;
      for (const auto& lease : contenders) {
        if (!lease->MayStillSend()) continue;
        ++may_send;
        CHECK(lease->epoch() == highest);
      }
      REQUIRE(may_send <= 1);
    }
    CHECK(highest > 3);
  }
}

TEST_CASE("FileLease: a released row is free at once, with the next epoch") {
  Setting s;
  {
    FileLease a = s.Make("a");
    REQUIRE(a.TryAcquire().ok());
  }
  FileLease b = s.Make("b");
  REQUIRE(b.TryAcquire().ok());
  CHECK(b.epoch() == 2);
  REQUIRE(b.Release().ok());
  CHECK(!b.MayStillSend());
}

TEST_CASE(
    "FileLease: who has proof that earlier holders are gone does not wait; epochs never fall") {
  Setting s;
  FileLease a = s.Make("a");
  REQUIRE(a.TryAcquire().ok());
  LeaseOptions options;
  options.earlier_holders_are_gone = true;
  options.lowest_epoch = 1000;
  FileLease b = s.Make("b", options);
  REQUIRE(b.TryAcquire().ok());
  CHECK(b.epoch() == 1000);
  std::filesystem::remove(s.path);
  FileLease c = s.Make("c", options);
  REQUIRE(c.TryAcquire().ok());
  CHECK(c.epoch() == 1000);
  CHECK(absl::IsAborted(b.Renew()));
}

TEST_CASE("FileLease: a torn write leaves the row before it; a file of something else is refused") {
  Setting s;
  FileLease a = s.Make("a");
  REQUIRE(a.TryAcquire().ok());  // beat 1, second slot
  REQUIRE(a.Renew().ok());       // beat 2, first slot
  REQUIRE(a.Renew().ok());       // beat 3, second slot
  std::fstream file(s.path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(512 + 20);
  file << "torn";
  file.close();
  REQUIRE(a.Renew().ok());
  CHECK(a.MayStillSend());
  std::ofstream(s.path, std::ios::trunc) << "#!/bin/sh\necho not a lease\n";
  FileLease b = s.Make("b");
  CHECK(absl::IsDataLoss(b.TryAcquire()));
  CHECK(!b.MayStillSend());
  CHECK(absl::IsDataLoss(a.Renew()));
}

TEST_CASE("FileLease: another shard's file is refused; a locked file is tried again later") {
  Setting s;
  FileLease a = s.Make("a");
  REQUIRE(a.TryAcquire().ok());
  FileLease other(s.path, "another", "b", {}, s.clock);
  CHECK(absl::IsFailedPrecondition(other.TryAcquire()));
  const int fd = ::open(s.path.c_str(), O_RDWR);
  REQUIRE(::flock(fd, LOCK_EX) == 0);
  CHECK(absl::IsUnavailable(a.Renew()));
  CHECK(a.MayStillSend());
  ::close(fd);
  CHECK(a.Renew().ok());
}

}  // namespace
}  // namespace gannet::runtime
