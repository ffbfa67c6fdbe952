// Where the present moment comes from. Real clocks are made only in main();
// engines never see one: they are handed engine time.
#pragma once

#include "libs/base/time.h"

namespace gannet::base {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, UTC. May step backwards, unless it is that of a ForwardClock.
  virtual Time Now() const = 0;
  // Time since an arbitrary start that never steps: timeouts and leases.
  virtual Duration Monotonic() const = 0;
};

}  // namespace gannet::base
