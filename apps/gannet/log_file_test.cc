#include "apps/gannet/log_file.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "libs/base/sim_files.h"

namespace gannet::app {
namespace {

// Says how many are at work in its files at once.
class CrowdedFiles : public base::SimFiles {
 public:
  absl::StatusOr<std::unique_ptr<base::AppendFile>> OpenAppend(const std::string&) override {
    return std::make_unique<File>(*this);
  }
  std::atomic<int> inside = 0, most = 0, written = 0;

 private:
  class File : public base::AppendFile {
   public:
    explicit File(CrowdedFiles& files) : files_(files) {}
    absl::Status Append(std::string_view) override {
      const int now = ++files_.inside;
      files_.most = std::max<int>(files_.most, now);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ++files_.written;
      --files_.inside;
      return absl::OkStatus();
    }
    absl::Status Sync() override { return absl::OkStatus(); }
    absl::Status Prepare(uint64_t) override { return absl::OkStatus(); }
    uint64_t prepared() const override { return 0; }
    uint64_t size() const override { return 0; }

   private:
    CrowdedFiles& files_;
  };
};

TEST_CASE("Lines of several threads go to the log file one after the other") {
  CrowdedFiles files;
  LogFile log(files, "/gannet.log");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log] {
      for (int line = 0; line < 10; ++line) log.Write("{}");
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(files.written == 40);
  CHECK(files.most == 1);
}

TEST_CASE("A log file that is full and cannot be put aside takes no more, until it can") {
  class Stuck : public base::SimFiles {
   public:
    absl::Status Rename(const std::string& from, const std::string& to) override {
      return stuck ? absl::PermissionDeniedError("no") : SimFiles::Rename(from, to);
    }
    bool stuck = true;
  } files;
  REQUIRE(files.MakeDirs("/data").ok());
  LogFile log(files, "/data/gannet.log");
  log.Write(std::string(LogFile::kMostBytes, 'x'));
  log.Write("lost");
  CHECK(log.lost_lines() == 1);
  files.stuck = false;
  log.Write("kept");
  CHECK(log.lost_lines() == 1);
  CHECK(*files.Read("/data/gannet.log") == "kept\n");
}

TEST_CASE("Log lines that a full disk does not take are counted") {
  base::SimFiles files;
  REQUIRE(files.MakeDirs("/data").ok());
  LogFile log(files, "/data/gannet.log");
  log.Write("first");
  CHECK(log.lost_lines() == 0);
  files.set_faults({.capacity_bytes = 1});
  log.Write("second");
  CHECK(log.lost_lines() == 1);
}

}  // namespace
}  // namespace gannet::app
