// The real executor: one Asio event loop, run by one thread. Network, timers and
// tasks of a process share it, so nothing in it needs a lock.
//
// Post and Stop are safe from any thread; everything else belongs to the thread
// that runs the loop (or to the time before it runs). Tasks that have not run
// when it is destroyed are dropped.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>

#include "libs/base/clock.h"
#include "libs/base/executor.h"

namespace boost::asio {
class io_context;
}

namespace gannet::runtime {

class AsioExecutor : public base::Executor {
 public:
  explicit AsioExecutor(const base::Clock& clock);
  ~AsioExecutor() override;
  AsioExecutor(const AsioExecutor&) = delete;
  AsioExecutor& operator=(const AsioExecutor&) = delete;

  void Post(std::function<void()> task) override;
  base::TimerId After(base::Duration delay, std::function<void()> task) override;
  void Cancel(base::TimerId id) override;

  // Runs tasks, timers and I/O until Stop, also while there is nothing to do. May
  // be called again.
  void Run();
  // The same, for at most about `span`.
  void RunFor(base::Duration span);
  void Stop();

  boost::asio::io_context& io();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

// An executor with a thread of its own, for slow work. Only Post may be called
// from outside that thread.
class WorkerThread : public base::Executor {
 public:
  explicit WorkerThread(const base::Clock& clock);
  ~WorkerThread() override;

  // Lets the running task end and drops the rest, now and later.
  void Join();
  void Post(std::function<void()> task) override { executor_.Post(std::move(task)); }
  base::TimerId After(base::Duration delay, std::function<void()> task) override {
    return executor_.After(delay, std::move(task));
  }
  void Cancel(base::TimerId id) override { executor_.Cancel(id); }

 private:
  AsioExecutor executor_;
  std::thread thread_;
};

}  // namespace gannet::runtime
