#include "libs/base/virtual_executor.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace gannet::base {

using namespace std::chrono_literals;

TEST_CASE("VirtualExecutor runs by deadline, then by creation") {
  VirtualExecutor executor(Time{});
  std::string order;
  executor.After(2s, [&] { order += 'd'; });
  executor.After(1s, [&] { order += 'b'; });
  executor.After(1s, [&] { order += 'c'; });
  executor.Post([&] { order += 'a'; });
  CHECK(executor.pending() == 4);
  CHECK(order.empty());
  executor.RunFor(3s);
  CHECK(order == "abcd");
  CHECK(executor.Now() == Time(3s));
  CHECK(executor.Monotonic() == 3s);
}

TEST_CASE("VirtualExecutor shows each task its own deadline as the time") {
  VirtualExecutor executor(Time(10s));
  std::vector<Time> seen;
  executor.After(5s, [&] {
    seen.push_back(executor.Now());
    executor.After(1s, [&] { seen.push_back(executor.Now()); });
    executor.Post([&] { seen.push_back(executor.Now()); });
  });
  executor.RunFor(10s);
  CHECK(seen == std::vector<Time>{Time(15s), Time(15s), Time(16s)});
}

TEST_CASE("VirtualExecutor stops at the end of the span, what is due then included") {
  VirtualExecutor executor(Time{});
  int runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    executor.After(1s, again);
  };
  executor.After(1s, again);
  executor.RunFor(10s);
  CHECK(runs == 10);
  CHECK(executor.next_deadline() == Time(11s));
  executor.RunUntil(Time(5s));  // not back
  CHECK(executor.Now() == Time(10s));
  CHECK(executor.RunOne());
  CHECK(executor.Now() == Time(11s));
}

TEST_CASE("VirtualExecutor leaps: what was due before is due then, in its order") {
  VirtualExecutor executor(Time{});
  std::string order;
  executor.After(2s, [&] { order += 'a'; });
  executor.After(1s, [&] { order += 'b'; });
  executor.After(10s, [&] { order += 'c'; });
  const TimerId cancelled = executor.After(3s, [&] { order += 'x'; });
  executor.LeapTo(Time(5s));
  CHECK(order.empty());
  CHECK(executor.Now() == Time(5s));
  executor.Cancel(cancelled);
  executor.RunFor(0s);
  CHECK(order == "ab");
  executor.LeapTo(Time(4s));  // not back
  CHECK(executor.Now() == Time(5s));
  executor.RunFor(5s);
  CHECK(order == "abc");
}

TEST_CASE("VirtualExecutor cancels what has not run") {
  VirtualExecutor executor(Time{});
  bool ran = false;
  const TimerId id = executor.After(1s, [&] { ran = true; });
  executor.Cancel(id);
  executor.Cancel(id);
  executor.Cancel(TimerId::kNone);
  CHECK_FALSE(executor.RunOne());
  CHECK_FALSE(ran);
  CHECK(executor.next_deadline() == Time::max());
  // A task may cancel a later one, and itself in vain.
  TimerId self = TimerId::kNone, later = executor.After(2s, [&] { ran = true; });
  self = executor.After(1s, [&] {
    executor.Cancel(self);
    executor.Cancel(later);
  });
  executor.RunFor(5s);
  CHECK_FALSE(ran);
}

TEST_CASE(
    "VirtualExecutor takes a negative delay for none and an endless one for the end of time") {
  VirtualExecutor executor(Time(1s));
  bool ran = false;
  executor.After(-5s, [&] { ran = true; });
  executor.After(Duration::max(), [] { FAIL("the end of time"); });
  executor.RunFor(1s);
  CHECK(ran);
  CHECK(executor.Now() == Time(2s));
  CHECK(executor.pending() == 1);
  CHECK(executor.next_deadline() == Time::max());
}

}  // namespace gannet::base
