#include "libs/base/forward_clock.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::base {
namespace {

using namespace std::chrono_literals;

// The two clocks of a machine.
struct Machine : Clock {
  Time wall = FromUnixMillis(1'700'000'000'000);
  Duration monotonic = 5h;

  Time Now() const override { return wall; }
  Duration Monotonic() const override { return monotonic; }
  void Pass(Duration span) {
    wall += span;
    monotonic += span;
  }
};

}  // namespace

TEST_CASE("ForwardClock follows wall time, ahead too") {
  Machine machine;
  const ForwardClock clock(machine);
  CHECK(clock.Now() == machine.wall);
  machine.Pass(10s);
  CHECK(clock.Now() == machine.wall);
  machine.wall += 1h;
  CHECK(clock.Now() == machine.wall);
  CHECK(clock.Monotonic() == machine.monotonic);
  CHECK(clock.Ahead() == 0s);
}

TEST_CASE("ForwardClock runs on when wall time is set back, until that has caught up") {
  Machine machine;
  const ForwardClock clock(machine);
  const Time before = clock.Now();
  machine.wall -= 1000s;
  CHECK(clock.Now() == before);
  CHECK(clock.Ahead() == 1000s);
  machine.Pass(7s);
  CHECK(clock.Now() == before + 7s);
  machine.wall -= 500s;
  CHECK(clock.Now() == before + 7s);
  CHECK(clock.Ahead() == 1500s);
  machine.wall += 1499s;
  machine.Pass(3s);
  CHECK(clock.Now() == before + 10s);
  CHECK(clock.Ahead() == 1s);
  machine.wall += 2s;  // caught up, and a second more
  CHECK(clock.Now() == machine.wall);
  CHECK(clock.Now() == before + 11s);
  CHECK(clock.Ahead() == 0s);
  machine.Pass(1s);
  CHECK(clock.Now() == machine.wall);
}

TEST_CASE("ForwardClock says by how much a leap of wall time that was undone has left it ahead") {
  Machine machine;
  const ForwardClock clock(machine);
  machine.wall += 2h;
  const Time leapt = clock.Now();
  machine.wall -= 2h;
  machine.Pass(1s);
  CHECK(clock.Now() == leapt + 1s);
  CHECK(clock.Ahead() == 2h);
}

TEST_CASE("ForwardClock goes on where a record ends") {
  Machine machine;
  ForwardClock clock(machine);
  clock.NotBefore(machine.wall - 1s);
  CHECK(clock.Now() == machine.wall);
  const Time recorded = machine.wall + 500s;
  clock.NotBefore(recorded);
  CHECK(clock.Now() == recorded);
  CHECK(clock.Ahead() == 500s);
  machine.Pass(2s);
  CHECK(clock.Now() == recorded + 2s);
}

TEST_CASE("ForwardClock gets no further ahead by a pause between its two sources") {
  struct Paused : Machine {
    mutable bool pauses = true;
    Time Now() const override {
      const Time now = wall;
      if (pauses) const_cast<Paused*>(this)->Pass(30ms);
      return now;
    }
  } machine;
  const ForwardClock clock(machine);
  for (int i = 0; i < 10; ++i) clock.Now();
  machine.pauses = false;
  CHECK(clock.Now() == machine.wall);
}

}  // namespace gannet::base
