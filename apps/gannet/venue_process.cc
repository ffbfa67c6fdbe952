#include "apps/gannet/venue_process.h"

#include <poll.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::app {
namespace {

// An earlier venue-sim was told to end and is writing its last snapshot.
constexpr int kLockSliceMs = 50, kLockPatienceMs = 15'000;

absl::Status WaitForData(base::Files& files, const std::string& dir,
                         const std::function<bool()>& give_up) {
  for (int waited = 0;; waited += kLockSliceMs) {
    const auto lock = files.LockDir(dir);
    if (!absl::IsAborted(lock.status()) || waited >= kLockPatienceMs) return lock.status();
    if (give_up()) return absl::CancelledError("stopped while an earlier venue-sim was ending");
    poll(nullptr, 0, kLockSliceMs);
  }
}

}  // namespace

absl::Status VenueProcess::Launch() {
  std::vector<std::string> arguments = {options_.program, "--data", options_.data_dir, "--port",
                                        absl::StrCat(port_->number())};
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  child_.reset();
  GANNET_ASSIGN_OR_RETURN(ChildProcess child,
                          ChildProcess::Launch(arguments, options_.log_path, "ready "));
  child_.emplace(std::move(child));
  return absl::OkStatus();
}

absl::Status VenueProcess::Start(base::Files& files, const std::function<bool()>& give_up) {
  GANNET_RETURN_IF_ERROR(files.MakeDirs(options_.data_dir));
  GANNET_RETURN_IF_ERROR(WaitForData(files, options_.data_dir, give_up));
  GANNET_ASSIGN_OR_RETURN(HeldPort port, HeldPort::Any());
  port_.emplace(std::move(port));
  GANNET_RETURN_IF_ERROR(Launch());
  GANNET_RETURN_IF_ERROR(child_->WaitUntilReady(options_.patience, give_up));
  ready_line_ = child_->ready_line();
  return absl::OkStatus();
}

void VenueProcess::Watch(base::Executor& executor, telemetry::Log& log) {
  executor_ = &executor;
  log_ = &log;
  wait_ = options_.first_wait;
  LookLater(options_.look_every);
}

void VenueProcess::LookLater(base::Duration delay) {
  executor_->After(delay, [this] { Look(); });
}

void VenueProcess::Look() {
  if (starting_) {
    const absl::StatusOr<bool> ready = child_->PollReady();
    starting_for_ += options_.look_every;
    if (ready.ok() && *ready) {
      starting_ = false;
      problem_.clear();
      wait_ = options_.first_wait;
      log_->Info("venue_sim_started_again",
                 {{"restarts", restarts_}, {"ready", child_->ready_line()}});
    } else if (!ready.ok() || starting_for_ > options_.patience) {
      starting_ = false;
      problem_ = ready.ok() ? "not ready in time" : std::string(ready.status().message());
      log_->Error("venue_sim_not_started", {{"error", problem_}});
      child_.reset();
    }
    return LookLater(options_.look_every);
  }
  if (child_ && child_->running()) return LookLater(options_.look_every);
  if (child_) {
    const absl::StatusOr<int> code = child_->Stop(base::Duration(0));  // reaped; it has ended
    problem_ = absl::StrCat("ended with ", code.ok() ? *code : -1, "; see ", options_.log_path);
    log_->Error("venue_sim_ended", {{"exit_code", code.ok() ? *code : -1},
                                    {"again_in", base::FormatDuration(wait_)},
                                    {"log", options_.log_path}});
    child_.reset();
  }
  executor_->After(std::exchange(wait_, std::min(wait_ * 2, options_.longest_wait)),
                   [this] { Restart(); });
}

void VenueProcess::Restart() {
  ++restarts_;
  if (const absl::Status launched = Launch(); launched.ok()) {
    starting_ = true;
    starting_for_ = base::Duration(0);
  } else {
    problem_ = std::string(launched.message());
    log_->Error("venue_sim_not_started", {{"error", problem_}});
  }
  LookLater(options_.look_every);
}

runtime::Health VenueProcess::health() const {
  if (problem_.empty()) return {runtime::HealthState::kServing, {}};
  return {runtime::HealthState::kDegraded, {absl::StrCat(problem_, "; it is started again")}};
}

}  // namespace gannet::app
