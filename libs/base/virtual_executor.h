// Executor and clock of simulation, replay and tests: time moves only when the
// owner says so, and a run is a pure function of what was posted.
//
// Single-threaded. Example:
//   VirtualExecutor executor(FromUnixMillis(1'700'000'000'000));
//   executor.After(5s, [] { … });
//   executor.RunFor(10s);
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/executor.h"

namespace gannet::base {

class VirtualExecutor : public Executor, public Clock {
 public:
  explicit VirtualExecutor(Time start) : now_(start), start_(start) {}

  void Post(std::function<void()> task) override { After(Duration(0), std::move(task)); }
  TimerId After(Duration delay, std::function<void()> task) override;
  void Cancel(TimerId id) override;

  Time Now() const override { return now_; }
  Duration Monotonic() const override { return now_ - start_; }

  // Runs the next task, moving time to its deadline; false when none is left.
  bool RunOne();
  // Runs everything due within `span` (tasks created meanwhile included), then
  // sets the time to the end of it.
  void RunFor(Duration span);
  void RunUntil(Time deadline);
  // To `time` at once: what was due before is due then, in its order.
  void LeapTo(Time time);
  size_t pending() const { return tasks_.size(); }
  // The earliest deadline; Time::max() when nothing is pending.
  Time next_deadline() const;

 private:
  using Key = std::pair<Time, uint64_t>;  // deadline, creation

  Time Later(Duration delay) const;  // Time::max() when it is beyond that

  Time now_;
  const Time start_;
  uint64_t created_ = 0;
  std::map<Key, std::function<void()>> tasks_;
  std::map<uint64_t, Time> deadlines_;
};

}  // namespace gannet::base
