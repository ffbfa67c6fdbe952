#include "services/reporting/report_scheduler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::reporting {
namespace {

// The clock is looked at so often at least: it may be set, and machines sleep.
constexpr base::Duration kLookEvery = std::chrono::seconds(30);
constexpr base::Duration kWaitPause = std::chrono::seconds(1);

// On the background executor.
absl::Status Make(store::Store& store, const ReportWriter& writer, const ReportRequest& request,
                  const std::vector<Format>& formats, const std::string& folder) {
  GANNET_ASSIGN_OR_RETURN(const Report report, BuildReport(store, request));
  return writer(report, formats, folder).status();
}

}  // namespace

ReportScheduler::ReportScheduler(const ReportingConfig& config, runtime::Deps& deps,
                                 store::Store& store, ReportWriter writer, RunKeeper keeper,
                                 StoredUntil stored_until)
    : config_(config),
      executor_(deps.executor),
      background_(deps.background),
      clock_(deps.clock),
      log_(deps.log),
      store_(store),
      writer_(std::move(writer)),
      keeper_(std::move(keeper)),
      stored_until_(std::move(stored_until)),
      data_dir_(deps.data_dir) {}

ReportScheduler::~ReportScheduler() {
  *alive_ = false;
  executor_.Cancel(timer_);
}

std::string ReportScheduler::RootFolder() const {
  const std::string& folder = config_.reports.folder;
  return folder.starts_with('/') ? folder : absl::StrCat(data_dir_, "/", folder);
}

absl::Status ReportScheduler::Start() {
  if (config_.reports.schedules.empty()) return absl::OkStatus();
  if (!writer_) {
    return absl::FailedPreconditionError(
        "reporting.reports.schedules asks for reports, and this program cannot write them; run "
        "gannet run or gannet-reporting");
  }
  GANNET_ASSIGN_OR_RETURN(const auto runs, store_.ReportRuns({}));
  for (const Schedule& schedule : config_.reports.schedules)
    last_[schedule.name] = clock_.Now();  // one that has never run begins with its next report
  std::map<std::string, base::Time> made;
  for (const store::ReportRunRow& run : runs) {
    base::Time& newest = made.try_emplace(run.name, run.due).first->second;
    newest = std::max(newest, run.due);
  }
  for (auto& [name, last] : last_) {
    const auto found = made.find(name);
    // A time ahead of the clock was written when the clock was wrong.
    if (found != made.end()) last = std::min(found->second, last);
  }
  Check();
  return absl::OkStatus();
}

void ReportScheduler::Arm(bool waits) {
  executor_.Cancel(timer_);
  const base::Time now = clock_.Now();
  base::Duration wait = waits ? kWaitPause : kLookEvery;
  for (const Schedule& schedule : config_.reports.schedules)
    wait = std::min(wait, NextDue(schedule, now).due - now);
  timer_ = executor_.After(std::max(wait, base::Duration(0)), [this] { Check(); });
}

void ReportScheduler::Check() {
  if (draining_ || busy_) return;
  const base::Time now = clock_.Now();
  bool waits = false;
  for (const Schedule& schedule : config_.reports.schedules) {
    const auto missed = Missed(schedule, last_.at(schedule.name), now);
    if (!missed) continue;
    if (stored_until_(missed->to)) return Begin(schedule, *missed);
    waits = true;
    problems_[schedule.name] =
        absl::StrCat("the report '", schedule.name, "' from ", base::FormatTime(missed->from),
                     " waits until all that happened before its end is stored; see the store, and "
                     "how far reporting is behind the bus");
  }
  Arm(waits);
}

void ReportScheduler::Begin(const Schedule& schedule, const DueReport& due) {
  busy_ = true;
  last_[schedule.name] = due.due;
  auto job = std::make_shared<Job>();
  job->schedule = schedule;
  job->due = due;
  job->folder = absl::StrCat(RootFolder(), "/", schedule.name, "/", FolderOf(schedule, due));
  ReportRequest& request = job->request;
  request.account = schedule.account;
  request.from = due.from;
  request.to = due.to;
  request.grid = schedule.returns;
  request.generated = clock_.Now();
  request.build = config_.build;
  request.trading = config_.trading;
  Apply(config_.reports, request);
  background_.Post([this, alive = alive_, job] {
    if (!*alive) return;  // in simulation a crash may come before
    const absl::Status status =
        Make(store_, writer_, job->request, job->schedule.formats, job->folder);
    executor_.Post([this, alive, job, status] {
      if (*alive) Finish(*job, status);
    });
  });
}

void ReportScheduler::Finish(const Job& job, const absl::Status& status) {
  busy_ = false;
  keeper_({job.schedule.name, job.due.due, job.request.generated, job.folder,
           std::string(status.message())});
  if (status.ok()) {
    problems_.erase(job.schedule.name);
    log_.Info("report_written", {{"schedule", job.schedule.name},
                                 {"from", base::FormatTime(job.due.from)},
                                 {"folder", job.folder}});
  } else {
    problems_[job.schedule.name] =
        absl::StrCat("the report '", job.schedule.name, "' from ", base::FormatTime(job.due.from),
                     " could not be made: ", std::string(status.message()));
    log_.Error("report_failed", {{"schedule", job.schedule.name},
                                 {"from", base::FormatTime(job.due.from)},
                                 {"error", std::string(status.message())}});
  }
  if (drained_) return std::exchange(drained_, nullptr)();
  Check();
}

void ReportScheduler::Drain(std::function<void()> done) {
  draining_ = true;
  executor_.Cancel(timer_);
  if (!busy_) return done();
  drained_ = std::move(done);
}

std::vector<std::string> ReportScheduler::problems() const {
  std::vector<std::string> texts;
  for (const auto& [name, text] : problems_) texts.push_back(text);
  return texts;
}

}  // namespace gannet::reporting
