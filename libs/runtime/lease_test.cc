#include "libs/runtime/lease.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "libs/base/temp_dir_for_test.h"
#include "libs/base/virtual_executor.h"
#include "libs/runtime/lease_suite.h"

namespace gannet::runtime {
namespace {

struct Setting {
  base::TempDirForTest folder;
  base::VirtualExecutor clock{base::FromUnixMillis(1'700'000'000'000)};
  std::string path = folder / "lease";
  FileLease Make(const std::string& holder, LeaseOptions options = {}) {
    return FileLease(path, "main", holder, options, clock);
  }
};

TEST_CASE("FileLease conforms") {
  Setting s;
  const auto path = [&](const std::string& shard) { return s.folder / ("lease-" + shard); };
  RunLeaseSuite(
      {.clock = s.clock,
       .make =
           [&](const std::string& shard, const std::string& holder, LeaseOptions options) {
             return std::make_unique<FileLease>(path(shard), shard, holder, options, s.clock);
           },
       .lose = [&](const std::string& shard) { std::filesystem::remove(path(shard)); }});
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
