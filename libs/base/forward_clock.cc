#include "libs/base/forward_clock.h"

#include <algorithm>

namespace gannet::base {

Time ForwardClock::Now() const {
  // In this order: a pause between the two makes the difference smaller, never larger.
  const Time wall = source_.Now();
  const Duration monotonic = source_.Monotonic();
  return Time(monotonic + Raise(wall.time_since_epoch() - monotonic));
}

void ForwardClock::NotBefore(Time time) { Raise(time.time_since_epoch() - source_.Monotonic()); }

Duration ForwardClock::Ahead() const {
  const Time wall = source_.Now();
  return std::max(Now() - wall, Duration(0));
}

Duration ForwardClock::Raise(Duration offset) const {
  Duration::rep highest = offset_.load();
  while (highest < offset.count() && !offset_.compare_exchange_weak(highest, offset.count())) {
  }
  return std::max(Duration(highest), offset);
}

}  // namespace gannet::base
