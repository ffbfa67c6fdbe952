#include "libs/runtime/asio_executor.h"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <thread>
#include <vector>

#include "libs/runtime/system_clock.h"

namespace gannet::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Loop {
  SystemClock clock;
  AsioExecutor executor{clock};
};

TEST_CASE("AsioExecutor runs tasks in the order posted, those of other threads too") {
  Loop loop;
  std::vector<int> ran;
  std::thread other([&loop, &ran] {
    for (int i = 0; i < 1000; ++i) loop.executor.Post([&ran, i] { ran.push_back(i); });
    loop.executor.Post([&loop] { loop.executor.Stop(); });
  });
  loop.executor.Run();
  other.join();
  REQUIRE(ran.size() == 1000);
  for (int i = 0; i < 1000; ++i) CHECK(ran[static_cast<size_t>(i)] == i);
}

TEST_CASE("AsioExecutor fires timers by deadline, then creation") {
  Loop loop;
  std::string ran;
  loop.executor.After(milliseconds(200), [&] { ran += 'c'; });
  loop.executor.After(milliseconds(0), [&] { ran += 'a'; });
  loop.executor.After(milliseconds(0), [&] { ran += 'b'; });
  loop.executor.After(-seconds(5), [&] {
    ran += 'z';
  });  // at once, after what was created before with the same deadline
  loop.executor.After(milliseconds(250), [&] { loop.executor.Stop(); });
  loop.executor.Run();
  CHECK(ran.size() == 4);
  CHECK(ran.find('a') < ran.find('b'));
  CHECK(ran.back() == 'c');
}

TEST_CASE("AsioExecutor timers can be cancelled, also by one that is due at the same time") {
  Loop loop;
  std::string ran;
  base::TimerId second = base::TimerId::kNone;
  const base::TimerId first = loop.executor.After(milliseconds(1), [&] { ran += "first"; });
  loop.executor.After(milliseconds(2), [&] {
    ran += "canceller ";
    loop.executor.Cancel(second);
    loop.executor.Cancel(second);
  });
  second = loop.executor.After(milliseconds(2), [&] { ran += "second"; });
  loop.executor.Cancel(first);
  loop.executor.Cancel(base::TimerId::kNone);
  std::this_thread::sleep_for(milliseconds(5));  // both are due together
  loop.executor.After(milliseconds(10), [&] { loop.executor.Stop(); });
  loop.executor.Run();
  CHECK(ran == "canceller ");
}

TEST_CASE("AsioExecutor: timers that set timers do not starve tasks") {
  Loop loop;
  bool stopped = false;
  std::function<void()> again = [&] {
    if (!stopped) loop.executor.After(base::Duration(0), again);
  };
  again();
  loop.executor.Post([&] {
    loop.executor.Post([&] {
      stopped = true;
      loop.executor.Stop();
    });
  });
  loop.executor.Run();
  CHECK(stopped);
}

TEST_CASE("AsioExecutor accepts the longest delays and may run again") {
  Loop loop;
  loop.executor.After(base::Duration::max(), [] { FAIL("not in this life"); });
  loop.executor.RunFor(milliseconds(1));
  int ran = 0;
  loop.executor.Post([&] {
    ++ran;
    loop.executor.Stop();
  });
  loop.executor.RunFor(seconds(60));
  CHECK(ran == 1);
}

TEST_CASE("WorkerThread runs slow work elsewhere; the answer comes back by a task") {
  Loop loop;
  const auto here = std::this_thread::get_id();
  std::thread::id worked, answered;
  {
    WorkerThread worker(loop.clock);
    worker.Post([&] {
      worked = std::this_thread::get_id();
      loop.executor.Post([&] {
        answered = std::this_thread::get_id();
        loop.executor.Stop();
      });
    });
    loop.executor.Run();
  }
  CHECK(worked != here);
  CHECK(answered == here);
}

TEST_CASE("WorkerThread::Join ends the running task and drops the rest") {
  SystemClock clock;
  WorkerThread worker(clock);
  std::atomic<bool> running = false, joining = false, release = false;
  std::atomic<int> done = 0;
  worker.Post([&] {
    running = true;
    while (!release) std::this_thread::yield();
    ++done;
  });
  while (!running) std::this_thread::yield();
  worker.Post([&] { ++done; });
  std::thread joiner([&] {
    joining = true;
    worker.Join();
  });
  while (!joining) std::this_thread::yield();
  std::this_thread::sleep_for(milliseconds(200));  // it waits for the task by then
  release = true;
  joiner.join();
  worker.Post([&] { ++done; });
  CHECK(done == 1);
}

}  // namespace
}  // namespace gannet::runtime
