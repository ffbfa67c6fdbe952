#include "libs/runtime/run.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "libs/runtime/system_clock.h"

namespace gannet::runtime {

Runner::Runner(AsioExecutor& executor, HealthBoard& health, telemetry::Log& log, RunOptions options)
    : executor_(executor),
      health_(health),
      log_(log),
      options_(options),
      signals_(executor, [this](int signal) { Stop(signal == SIGINT ? "SIGINT" : "SIGTERM"); }) {}

void Runner::Stop(std::string reason) {
  if (std::exchange(stopping_, true)) return;
  log_.Info("draining", {{"reason", reason}});
  health_.SetDraining();
  if (looping_) executor_.Stop();
}

int Runner::Run(const std::vector<std::unique_ptr<Service>>& services,
                std::function<void(Done)> finish, const std::function<void()>& before_drain) {
  std::vector<Service*> started;
  absl::Status failure;
  for (const std::unique_ptr<Service>& service : services) {
    failure = service->Start();
    if (!failure.ok()) {
      log_.Error("service_not_started", {{"name", service->name()}, {"error", failure.ToString()}});
      break;
    }
    started.push_back(service.get());
  }
  if (failure.ok()) {
    log_.Info("started", {{"services", services.size()}});
    looping_ = true;
    if (!stopping_) executor_.Run();
    looping_ = false;
  } else {
    health_.SetDraining();
  }

  if (before_drain) before_drain();
  const bool drained = DrainServices(started);
  absl::Status end;
  const bool finished = RunUntil(
      [&](std::function<void()> done) {
        finish([&end, done = std::move(done)](absl::Status status) {
          end = std::move(status);
          done();
        });
      },
      options_.finish_limit);
  if (!finished)
    end = absl::DeadlineExceededError("the end took longer than " +
                                      base::FormatDuration(options_.finish_limit));
  if (!end.ok()) log_.Error("end_failed", {{"error", end.ToString()}});

  const int code = !failure.ok()         ? kExitNotStarted
                   : drained && end.ok() ? kExitClean
                                         : kExitNotClean;
  log_.Info("stopped", {{"exit_code", code}, {"repeats_suppressed", log_.suppressed()}});
  log_.Flush();
  return code;
}

bool Runner::DrainServices(const std::vector<Service*>& started) {
  bool all = true;
  const SystemClock clock;
  base::Duration left = options_.drain_limit;
  for (auto service = started.rbegin(); service != started.rend(); ++service) {
    const base::Duration limit = std::min(left, options_.service_drain_limit);
    const base::Duration began = clock.Monotonic();
    const bool drained =
        RunUntil([&](std::function<void()> done) { (*service)->Drain(std::move(done)); }, limit);
    left -= std::min<base::Duration>(left, clock.Monotonic() - began);
    if (drained) continue;
    all = false;
    log_.Warning("drain_cut_short",
                 {{"name", (*service)->name()}, {"limit", base::FormatDuration(limit)}});
  }
  return all;
}

bool Runner::RunUntil(const std::function<void(std::function<void()> done)>& begin,
                      base::Duration limit) {
  // Shared with a callback that may come after its time.
  const auto done = std::make_shared<bool>(false);
  bool timed_out = false;
  const base::TimerId timer = executor_.After(limit, [this, &timed_out] {
    timed_out = true;
    executor_.Stop();
  });
  begin([this, weak = std::weak_ptr(done)] {
    const auto flag = weak.lock();
    if (!flag || std::exchange(*flag, true)) return;
    executor_.Stop();
  });
  while (!*done && !timed_out) executor_.Run();
  executor_.Cancel(timer);
  return *done;
}

}  // namespace gannet::runtime
