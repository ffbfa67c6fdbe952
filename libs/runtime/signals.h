// SIGTERM and SIGINT as calls on the loop's thread; SIGPIPE ignored. A second
// SIGINT ends the process at once with 130, whatever the loop is doing. One at a
// time in a process; destroying it restores what was before.
#pragma once

#include <functional>
#include <memory>

namespace gannet::runtime {

class AsioExecutor;

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
