// The time of a process: wall time that never goes back.
//
// Follows `source`. When that is set back, it runs on by monotonic time, so that timers,
// timestamps and what is recorded go on, until wall time has come to where it is; by how
// much it is ahead until then, Ahead() says.
//
// Safe from any thread.
#pragma once

#include <atomic>

#include "libs/base/clock.h"

namespace gannet::base {

class ForwardClock : public Clock {
 public:
  explicit ForwardClock(const Clock& source) : source_(source) {}

  Time Now() const override;
  Duration Monotonic() const override { return source_.Monotonic(); }
  // From now on it is `time` at least: for one who goes on where a record ends.
  void NotBefore(Time time);
  // Of the wall time of `source`; 0: it follows that.
  Duration Ahead() const;

 private:
  // What is added to monotonic time: the most that wall time has been beyond it.
  Duration Raise(Duration offset) const;

  const Clock& source_;
  mutable std::atomic<Duration::rep> offset_{Duration::min().count()};
};

}  // namespace gannet::base
