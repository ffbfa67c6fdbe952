// The thread of control that an edge runs on: tasks run one at a time, in the
// order posted, and timers by (deadline, creation).
#pragma once

#include <cstdint>
#include <functional>

#include "libs/base/time.h"

namespace gannet::base {

enum class TimerId : uint64_t { kNone = 0 };

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `task` on the executor's thread, after what is already queued. Safe
  // from any thread; the only member that is.
  virtual void Post(std::function<void()> task) = 0;
  // Runs `task` once `delay` has passed, unless cancelled before.
  virtual TimerId After(Duration delay, std::function<void()> task) = 0;
  // Cancelling a timer that has fired, or kNone, does nothing.
  virtual void Cancel(TimerId id) = 0;
};

}  // namespace gannet::base
