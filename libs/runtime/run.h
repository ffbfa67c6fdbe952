// The life of a process between its start and its exit, and the only owner of
// signals and of the drain order:
//
//   SIGTERM, SIGINT or Stop
//   → health says NOT_SERVING
//   → services stop intake and drain, last started first, each within a limit
//   → `finish`: the bus is flushed, the journal gets a snapshot and is closed
//   → logs last
//
// A second SIGINT ends the process at once (signals.h).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/health.h"
#include "libs/runtime/service.h"
#include "libs/runtime/signals.h"
#include "libs/telemetry/log.h"

namespace gannet::runtime {

inline constexpr int kExitClean = 0;
inline constexpr int kExitNotStarted = 1;  // a service or the recovery failed; nothing ran
inline constexpr int kExitNotClean =
    3;  // it ran, but the drain was cut short or its end failed; 2 is a wrong command line

struct RunOptions {
  // Execution waits for the fate of its orders: the proof that one never arrived takes some
  // 18 s from its sending.
  base::Duration service_drain_limit = std::chrono::seconds(20);
  base::Duration drain_limit = std::chrono::seconds(25);  // of all services together
  base::Duration finish_limit = std::chrono::seconds(10);
};

class Runner {
 public:
  using Done = std::function<void(absl::Status)>;

  // Signals are watched from here on: one that comes before Run stops it.
  Runner(AsioExecutor& executor, HealthBoard& health, telemetry::Log& log, RunOptions options);
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Starts the services in order, runs the loop, drains, and gives the exit code.
  // When a start fails, those started before are drained. `before_drain` (may be empty) comes
  // first of all then; `finish` calls its argument once.
  int Run(const std::vector<std::unique_ptr<Service>>& services, std::function<void(Done)> finish,
          const std::function<void()>& before_drain = nullptr);
  // Begins the drain, as a signal does. On the executor's thread.
  void Stop(std::string reason);
  bool stopping() const { return stopping_; }

 private:
  // Runs the loop until `done` was called, or `limit` has passed: false.
  bool RunUntil(const std::function<void(std::function<void()> done)>& begin, base::Duration limit);
  bool DrainServices(const std::vector<Service*>& started);

  AsioExecutor& executor_;
  HealthBoard& health_;
  telemetry::Log& log_;
  const RunOptions options_;
  bool stopping_ = false;
  bool looping_ = false;
  SignalWatch signals_;  // last: its callback uses the rest
};

}  // namespace gannet::runtime
