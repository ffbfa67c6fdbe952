#include "libs/runtime/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>

#include "libs/base/temp_dir_for_test.h"
#include "libs/runtime/lease.h"
#include "libs/runtime/system_clock.h"

namespace gannet::runtime {
namespace {

// The probe as a child process whose log the test reads.
class Child {
 public:
  explicit Child(const std::string& data_dir, const std::string& mode = "") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    log_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    const std::string program =
        (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "gannet_runtime_probe")
            .string();
    std::array<const char*, 4> argv{program.c_str(), data_dir.c_str(),
                                    mode.empty() ? nullptr : mode.c_str(), nullptr};
    REQUIRE(::posix_spawn(&pid_, program.c_str(), &actions, nullptr,
                          const_cast<char**>(argv.data()), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(log_);
  }
  void Signal(int signal) const { ::kill(pid_, signal); }
  // Reads the log until it holds `text`; false when the child ended before.
  bool WaitFor(const std::string& text) {
    while (text_.find(text, seen_) == std::string::npos) {
      if (!ReadMore()) return false;
    }
    seen_ = text_.find(text, seen_) + text.size();
    return true;
  }
  // The number after `"name":` in the newest line that has it; with `event`, in the
  // newest line of that event.
  uint64_t Number(const std::string& name, const std::string& event = "") const {
    const size_t line = event.empty() ? std::string::npos : text_.rfind("\"event\":\"" + event);
    const size_t at =
        event.empty() ? text_.rfind("\"" + name + "\":") : text_.find("\"" + name + "\":", line);
    REQUIRE(at != std::string::npos);
    return std::stoull(text_.substr(at + name.size() + 3));
  }
  // The exit code; 1000 + signal when one ended it.
  int Wait() {
    while (ReadMore()) {
    }
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  const std::string& text() const { return text_; }

 private:
  bool ReadMore() {
    pollfd ready{log_, POLLIN, 0};
    if (::poll(&ready, 1, 60'000) <= 0) return false;
    std::array<char, 4096> bytes;
    const ssize_t got = ::read(log_, bytes.data(), bytes.size());
    if (got <= 0) return false;
    text_.append(bytes.data(), static_cast<size_t>(got));
    return true;
  }

  pid_t pid_ = -1;
  int log_ = -1;
  std::string text_;
  size_t seen_ = 0;
};

TEST_CASE("a process drains on SIGTERM, exits 0, and the next start continues") {
  base::TempDirForTest folder;
  const std::string data = folder / "data";
  Child first(data);
  REQUIRE(first.WaitFor("\"event\":\"resumed\",\"count\":0"));
  REQUIRE(first.WaitFor("\"event\":\"ticking\",\"may_send\":true"));
  REQUIRE(first.WaitFor("\"event\":\"durable\""));
  const uint64_t epoch = first.Number("epoch");
  first.Signal(SIGTERM);
  CHECK(first.Wait() == kExitClean);
  CHECK(first.text().find("\"event\":\"draining\",\"reason\":\"SIGTERM\"") <
        first.text().find("\"event\":\"probe_drained\""));
  CHECK(first.text().find("\"event\":\"probe_drained\"") <
        first.text().find("\"event\":\"stopped\",\"exit_code\":0"));
  // Commits of earlier counts may be told after the drain.
  const uint64_t count = first.Number("count", "probe_drained");
  CHECK(count > 0);

  Child second(data);
  REQUIRE(second.WaitFor("\"event\":\"resumed\""));
  REQUIRE(second.WaitFor("\"event\":\"ticking\""));
  CHECK(second.text().find("\"event\":\"resumed\",\"count\":" + std::to_string(count) + ",") !=
        std::string::npos);
  CHECK(second.Number("epoch") > epoch);
  second.Signal(SIGINT);
  CHECK(second.Wait() == kExitClean);
}

TEST_CASE("a killed process loses nothing that was durable") {
  base::TempDirForTest folder;
  const std::string data = folder / "data";
  Child first(data);
  for (int i = 0; i < 5; ++i) REQUIRE(first.WaitFor("\"event\":\"durable\""));
  const uint64_t durable = first.Number("count");
  first.Signal(SIGKILL);
  CHECK(first.Wait() == 1000 + SIGKILL);
  Child second(data);
  REQUIRE(second.WaitFor("\"event\":\"resumed\""));
  REQUIRE(second.WaitFor("\"event\":\"ticking\",\"may_send\":true"));
  const size_t at = second.text().find("\"event\":\"resumed\",\"count\":") + 26;
  CHECK(std::stoull(second.text().substr(at)) >= durable);
  second.Signal(SIGTERM);
  CHECK(second.Wait() == kExitClean);
}

TEST_CASE("a data folder has one process at a time, and --fresh keeps the old one") {
  base::TempDirForTest folder;
  const std::string data = folder / "data";
  Child first(data);
  REQUIRE(first.WaitFor("\"event\":\"durable\""));
  Child intruder(data, "fresh");
  CHECK(intruder.Wait() == kExitNotStarted);
  CHECK(intruder.text().find("ABORTED") != std::string::npos);
  first.Signal(SIGTERM);
  CHECK(first.Wait() == kExitClean);
  Child fresh(data, "fresh");
  REQUIRE(fresh.WaitFor("\"event\":\"started_afresh\""));
  REQUIRE(fresh.WaitFor("\"event\":\"resumed\",\"count\":0"));
  fresh.Signal(SIGTERM);
  CHECK(fresh.Wait() == kExitClean);
  int kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().filename().string().starts_with("data.before-")) {
      ++kept;
      CHECK(std::filesystem::exists(entry.path() / "journal"));
    }
  }
  CHECK(kept == 1);
}

TEST_CASE("a process told to stop before it has begun starts, drains and exits 0") {
  base::TempDirForTest folder;
  Child child(folder / "data", "early");
  CHECK(child.Wait() == kExitClean);
  CHECK(child.text().find("\"event\":\"draining\",\"reason\":\"SIGINT\"") != std::string::npos);
}

TEST_CASE("a second SIGINT ends a process that hangs in its drain") {
  base::TempDirForTest folder;
  Child child(folder / "data", "hang");
  REQUIRE(child.WaitFor("\"event\":\"ticking\""));
  child.Signal(SIGINT);
  REQUIRE(child.WaitFor("\"event\":\"probe_drained\""));
  child.Signal(SIGINT);
  CHECK(child.Wait() == 130);
}

TEST_CASE("a process waits for the lease of its shard and goes on when it is free") {
  base::TempDirForTest folder;
  Child first(folder / "a", "shared");
  REQUIRE(first.WaitFor("\"event\":\"ticking\",\"may_send\":true"));
  const uint64_t epoch = first.Number("epoch");
  Child second(folder / "b", "shared"), third(folder / "c", "shared");
  REQUIRE(second.WaitFor("\"event\":\"waiting_for_lease\""));
  REQUIRE(third.WaitFor("\"event\":\"waiting_for_lease\""));
  third.Signal(SIGTERM);  // one that waits can be ended
  CHECK(third.Wait() == kExitNotStarted);
  CHECK(second.text().find("ticking") == std::string::npos);
  first.Signal(SIGTERM);
  CHECK(first.Wait() == kExitClean);
  REQUIRE(second.WaitFor("\"event\":\"ticking\",\"may_send\":true"));
  CHECK(second.Number("epoch") > epoch);
  second.Signal(SIGTERM);
  CHECK(second.Wait() == kExitClean);
}

TEST_CASE("a process whose lease another has taken speaks for its shard no more") {
  base::TempDirForTest folder;
  Child child(folder / "a", "shared");
  REQUIRE(child.WaitFor("\"event\":\"ticking\",\"may_send\":true"));
  const SystemClock clock;
  FileLease other(folder / "lease", "main", "other", {.earlier_holders_are_gone = true}, clock);
  while (absl::IsUnavailable(other.TryAcquire())) ::poll(nullptr, 0, 1);
  REQUIRE(child.WaitFor("\"event\":\"lease_not_renewed\""));
  REQUIRE(child.WaitFor("\"event\":\"health_changed\""));
  child.Signal(SIGTERM);
  CHECK(child.Wait() == kExitClean);
  const size_t told = child.text().rfind("\"event\":\"health_changed\"");
  CHECK(child.text().find("is not ours any more", told) != std::string::npos);
}

}  // namespace
}  // namespace gannet::runtime
