#include "libs/runtime/system_clock.h"

#include <time.h>

namespace gannet::runtime {
namespace {

base::Duration Read(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + base::Duration(now.tv_nsec);
}

}  // namespace

base::Time SystemClock::Now() const { return base::Time(Read(CLOCK_REALTIME)); }
base::Duration SystemClock::Monotonic() const { return Read(CLOCK_BOOTTIME); }

}  // namespace gannet::runtime
