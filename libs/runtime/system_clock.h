// The clocks of the operating system. Made only in main() and runtime::Process.
#pragma once

#include "libs/base/clock.h"

namespace gannet::runtime {

class SystemClock : public base::Clock {
 public:
  base::Time Now() const override;
  // CLOCK_BOOTTIME: goes on while the machine sleeps, so that a lease held across
  // a sleep has run out.
  base::Duration Monotonic() const override;
};

}  // namespace gannet::runtime
