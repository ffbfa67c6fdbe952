// Group commit on real files with its own thread, and a real kill -9.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "libs/base/executor.h"
#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"
#include "libs/journal/journal.h"
#include "libs/journal/journal_for_test.h"

namespace gannet::journal {
namespace {

using namespace std::chrono_literals;

// Runs posted tasks on the thread that calls RunUntil. Timers are not needed.
class LoopForTest : public base::Executor {
 public:
  void Post(std::function<void()> task) override {
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
  }
  base::TimerId After(base::Duration, std::function<void()> task) override {
    Post(std::move(task));
    return base::TimerId::kNone;
  }
  void Cancel(base::TimerId) override {}

  // A minute is far beyond any disk: the test fails rather than hangs.
  bool RunUntil(const std::function<bool()>& done) {
    while (!done()) {
      std::unique_lock lock(mutex_);
      if (!wake_.wait_for(lock, 60s, [this] { return !tasks_.empty(); })) return false;
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
    return true;
  }
  void RunPosted() {
    RunUntil([this] {
      std::lock_guard lock(mutex_);
      return tasks_.empty();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
};

WriterOptions ThreadOptions() {
  WriterOptions options;
  options.prepare_bytes = 20'000;
  options.segment_bytes = 50'000;
  options.reserve_bytes = 1 << 20;
  options.write_ahead_bytes = 150;  // ahead of every other commit
  return options;
}

std::unique_ptr<Writer> OpenWriter(base::Files& files, base::Executor& loop, const std::string& dir,
                                   WriterOptions options = ThreadOptions()) {
  auto writer = Writer::Open(files, loop, dir, InfoForTest(), options);
  REQUIRE(writer.ok());
  return *std::move(writer);
}

}  // namespace

TEST_CASE("Journal commits in groups on its own thread, in order, while readers follow") {
  constexpr uint64_t kLast = 8000;
  base::TempDirForTest temp;
  base::PosixFiles files;
  LoopForTest loop;
  const std::string dir = temp / "journal";
  auto writer = OpenWriter(files, loop, dir);

  std::atomic<uint64_t> acknowledged{0};
  std::atomic<bool> done{false};
  std::atomic<uint64_t> followed{0};
  std::atomic<bool> intact{true};
  std::thread follower([&] {
    base::PosixFiles own;
    auto reader = Reader::Open(own, dir);
    if (!reader.ok()) return intact.store(false);
    for (;;) {
      const bool last_round = done;
      const uint64_t must_see = acknowledged;
      for (;;) {
        auto record = (*reader)->Next();
        if (!record.ok()) return intact.store(false);
        if (!record->has_value()) break;
        if (**record != RecordForTest(followed + 1)) return intact.store(false);
        ++followed;
      }
      if (followed < must_see) return intact.store(false);  // what was acknowledged can be read
      if (last_round) return;
    }
  });

  uint64_t expected = 0;
  bool in_order = true;
  for (uint64_t sequence = 1; sequence <= kLast; ++sequence) {
    AppendForTest(*writer, sequence);
    writer->WhenDurable(sequence, [&, sequence] {
      in_order = in_order && ++expected == sequence && writer->durable_sequence() >= sequence;
      acknowledged = sequence;
    });
    if (sequence % 3 == 0) writer->Commit();
    if (sequence % 64 == 0) loop.RunPosted();
    if (sequence % 1000 == 0) {
      writer->Commit();
      CHECK(loop.RunUntil([&] { return acknowledged == sequence; }));
      // UNAVAILABLE: the one before is still at work.
      const absl::Status status = writer->WriteSnapshot("state " + std::to_string(sequence));
      CHECK((status.ok() || absl::IsUnavailable(status)));
      CHECK(writer->Prune(base::Time{}, {1h, uint64_t{1} << 40}).ok());
    }
  }
  writer->Commit();
  CHECK(loop.RunUntil([&] { return acknowledged == kLast; }));
  CHECK(in_order);
  CHECK(writer->stats().batches < kLast / 3);
  CHECK(writer->stats().records == kLast);
  CHECK(writer->failure().ok());
  CHECK(writer->Close().ok());
  CHECK(writer->stats().snapshots > 0);
  done = true;
  follower.join();
  CHECK(intact);
  CHECK(followed == kLast);

  auto reader = Reader::Open(files, dir);
  REQUIRE(reader.ok());
  CHECK((*reader)->Verify().ok());
  CHECK((*reader)->Verify().segments > 2);
}

TEST_CASE("Journal's Close makes everything durable, its destructor waits for nobody") {
  base::TempDirForTest temp;
  base::PosixFiles files;
  LoopForTest loop;
  const std::string dir = temp / "journal";
  auto writer = OpenWriter(files, loop, dir);
  for (uint64_t sequence = 1; sequence <= 100; ++sequence) AppendForTest(*writer, sequence);
  CHECK(writer->Close().ok());
  CHECK(writer->Close().ok());
  CHECK(writer->durable_sequence() == 100);
  AppendForTest(*writer, 101);  // too late, counted
  CHECK(writer->stats().dropped == 1);
  writer = nullptr;

  writer = OpenWriter(files, loop, dir);
  CHECK(writer->recovered().closed_cleanly);
  AppendForTest(*writer, 101);
  writer->WhenDurable(101, [] { FAIL("the writer is gone"); });
  writer->Commit();
  writer = nullptr;
  loop.RunPosted();
  CHECK(CountIfIntact(ReadAll(files, dir).records).value_or(0) >= 100);
}

TEST_CASE("Journal waits for company on its own thread no longer than told") {
  base::TempDirForTest temp;
  base::PosixFiles files;
  LoopForTest loop;
  WriterOptions options = ThreadOptions();
  options.max_wait = 2ms;
  auto writer = OpenWriter(files, loop, temp / "journal", options);
  uint64_t durable = 0;
  for (uint64_t sequence = 1; sequence <= 50; ++sequence) {
    AppendForTest(*writer, sequence);
    writer->WhenDurable(sequence, [&, sequence] { durable = sequence; });
    writer->Commit();
  }
  CHECK(loop.RunUntil([&] { return durable == 50; }));
  CHECK(writer->stats().batches <= 50);
}

TEST_CASE("Journal writes ahead on its own thread what nobody waits for") {
  base::TempDirForTest temp;
  base::PosixFiles files;
  LoopForTest loop;
  const std::string dir = temp / "journal";
  WriterOptions options = ThreadOptions();
  options.write_ahead_bytes = 1;
  auto writer = OpenWriter(files, loop, dir, options);
  bool durable = false;
  for (uint64_t sequence = 1; sequence <= 3; ++sequence) {
    AppendForTest(*writer, sequence);
    while (writer->stats().written_ahead < sequence && writer->failure().ok())
      std::this_thread::sleep_for(1ms);
  }
  writer->WhenDurable(3, [&] { durable = true; });
  loop.RunPosted();
  CHECK_FALSE(durable);
  CHECK(ReadAll(files, dir).records.empty());
  writer->Commit();
  CHECK(loop.RunUntil([&] { return durable; }));
  CHECK(writer->stats().batches == 1);
  CHECK(CountIfIntact(ReadAll(files, dir).records) == 3);
}

TEST_CASE("Journal tells a failed write from its own thread") {
  base::TempDirForTest temp;
  base::PosixFiles files;
  LoopForTest loop;
  const std::string dir = temp / "journal";
  WriterOptions options = ThreadOptions();
  options.segment_bytes = 1;  // each batch opens a segment
  auto writer = OpenWriter(files, loop, dir, options);
  absl::Status told;
  writer->OnFailure([&](absl::Status status) { told = std::move(status); });
  AppendForTest(*writer, 1);
  writer->Commit();
  CHECK(loop.RunUntil([&] { return writer->durable_sequence() == 1; }));
  std::filesystem::rename(dir, dir + ".gone");
  AppendForTest(*writer, 2);
  writer->WhenDurable(2, [] { FAIL("there is no folder"); });
  writer->Commit();
  CHECK(loop.RunUntil([&] { return !told.ok(); }));
  CHECK(absl::IsUnavailable(told));
  CHECK(absl::IsUnavailable(writer->failure()));
  CHECK(absl::IsUnavailable(writer->Close()));
}

#ifndef __SANITIZE_THREAD__  // it takes no fork beside its own threads
TEST_CASE("Journal has every acknowledged record after kill -9") {
  base::TempDirForTest temp;
  const std::string dir = temp / "journal";
  uint64_t acknowledged = 0;
  for (int round = 0; round < 5; ++round) {
    int pipe_ends[2];
    REQUIRE(pipe(pipe_ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      close(pipe_ends[0]);
      base::PosixFiles files;
      LoopForTest loop;
      auto writer = Writer::Open(files, loop, dir, InfoForTest(), ThreadOptions());
      if (!writer.ok()) _exit(1);
      for (uint64_t sequence = (*writer)->last_sequence() + 1;; ++sequence) {
        AppendForTest(**writer, sequence);
        (*writer)->WhenDurable(sequence, [&, sequence] {
          if (write(pipe_ends[1], &sequence, sizeof sequence) != sizeof sequence) _exit(1);
        });
        (*writer)->Commit();
        if (sequence % 8 == 0) loop.RunPosted();
      }
    }
    close(pipe_ends[1]);
    uint64_t sequence = 0;
    for (int i = 0; i < 300 + 100 * round; ++i) {
      REQUIRE(read(pipe_ends[0], &sequence, sizeof sequence) == sizeof sequence);
      acknowledged = sequence;
    }
    kill(child, SIGKILL);
    while (read(pipe_ends[0], &sequence, sizeof sequence) == sizeof sequence)
      acknowledged = sequence;
    close(pipe_ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));

    base::PosixFiles files;
    const auto count = CountIfIntact(ReadAll(files, dir).records);
    REQUIRE(count.has_value());
    CHECK(*count >= acknowledged);
  }
}
#endif

}  // namespace gannet::journal
