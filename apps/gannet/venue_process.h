// The exchange simulator that `gannet run` starts beside itself and keeps running:
// when it ends, whatever the reason, it is started again on its data and its port,
// as an exchange that was away for a moment.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "apps/gannet/child_process.h"
#include "apps/gannet/held_port.h"
#include "libs/base/executor.h"
#include "libs/base/files.h"
#include "libs/runtime/service.h"
#include "libs/telemetry/log.h"

namespace gannet::app {

struct VenueProcessOptions {
  std::string program;
  std::string data_dir;                                // of the venue
  std::string log_path;                                // its standard error
  std::vector<std::string> arguments;                  // beside --data and --port
  base::Duration patience = std::chrono::seconds(60);  // it trades its first minute before it opens
  base::Duration look_every = std::chrono::milliseconds(250);
  base::Duration first_wait = std::chrono::milliseconds(500);  // before a new start; doubled
  base::Duration longest_wait = std::chrono::seconds(30);
};

class VenueProcess {
 public:
  explicit VenueProcess(VenueProcessOptions options) : options_(std::move(options)) {}
  VenueProcess(const VenueProcess&) = delete;
  VenueProcess& operator=(const VenueProcess&) = delete;

  // Waits until an earlier one has let go of the data, then until this one is ready.
  // Errors as of ChildProcess::Launch and HeldPort::Any; ABORTED when the data stays in use.
  absl::Status Start(base::Files& files, const std::function<bool()>& give_up);
  const std::string& ready_line() const { return ready_line_; }

  // Looks after it from the loop. `executor` and `log` must outlive its tasks.
  void Watch(base::Executor& executor, telemetry::Log& log);
  runtime::Health health() const;
  uint64_t restarts() const { return restarts_; }

 private:
  absl::Status Launch();
  void Look();
  void LookLater(base::Duration delay);
  void Restart();

  const VenueProcessOptions options_;
  std::optional<HeldPort> port_;  // nobody else's while it is away
  std::optional<ChildProcess> child_;
  std::string ready_line_;
  base::Executor* executor_ = nullptr;
  telemetry::Log* log_ = nullptr;
  bool starting_ = false;
  base::Duration starting_for_{0};
  base::Duration wait_{0};
  std::string problem_;  // of the last attempt; empty: it runs
  uint64_t restarts_ = 0;
};

}  // namespace gannet::app
