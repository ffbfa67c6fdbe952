// SIGTERM and SIGINT as calls on the loop's thread; SIGPIPE ignored. A second
// SIGINT ends the process at once with 130, whatever the loop is doing. One at a
// time in a process; destroying it restores what was before.
//
// A main that serves calls HoldSignals first, so that a signal during start-up is
// kept for the SignalWatch and ends in the same drain.
#pragma once

#include <functional>
#include <memory>

namespace gannet::runtime {

class AsioExecutor;

// From here to the end of the process SIGTERM and SIGINT do not end it but are
// handed to the next SignalWatch; those after the last watch change nothing (the
// process is ending). A second SIGINT still ends it with 130.
void HoldSignals();
// Whether SIGTERM or SIGINT came since HoldSignals. For waits before the loop runs.
bool StopRequested();

class SignalWatch {
 public:
  SignalWatch(AsioExecutor& executor, std::function<void(int signal)> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace gannet::runtime
