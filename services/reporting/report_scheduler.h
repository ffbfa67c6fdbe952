// Makes the reports that fall due, one at a time, on the background executor, and
// has kept in the store which were made: a restart repeats none, and after a time
// without the program each schedule catches up once, with its latest report.
//
// Runs on the service's executor; the store is read on the background executor only,
// which does one thing at a time, and written by the service alone: a batch whose fate
// is not known must be written again before any other.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/runtime/service.h"
#include "libs/store/store.h"
#include "services/reporting/config.h"

namespace gannet::reporting {

// Writes the files of a report into a folder and gives their paths: WriteReport
// (report_files.h) where that is built in.
using ReportWriter = std::function<absl::StatusOr<std::vector<std::string>>(
    const Report& report, const std::vector<Format>& formats, const std::string& folder)>;

// Whether the store has all that happened before this time: a report is made once, so what is
// not there yet would be left out of it for good.
using StoredUntil = std::function<bool(base::Time)>;

// Has it stored that a report was made, or why it was not. On the service's executor.
using RunKeeper = std::function<void(store::ReportRunRow run)>;

class ReportScheduler {
 public:
  // `config` and `store` outlive it.
  ReportScheduler(const ReportingConfig& config, runtime::Deps& deps, store::Store& store,
                  ReportWriter writer, RunKeeper keeper, StoredUntil stored_until);
  ~ReportScheduler();
  ReportScheduler(const ReportScheduler&) = delete;
  ReportScheduler& operator=(const ReportScheduler&) = delete;

  // Reads from the store what was made. Before anything else uses the store.
  // FAILED_PRECONDITION: schedules are configured, and nothing writes reports here.
  absl::Status Start();
  // No further report begins; `done` once the one that is being made is finished.
  void Drain(std::function<void()> done);
  // Why the newest report of some schedule is missing, or what it waits for; empty when none is.
  std::vector<std::string> problems() const;

 private:
  struct Job {
    Schedule schedule;
    DueReport due;
    ReportRequest request;
    std::string folder;
  };
  void Arm(bool waits);
  void Check();
  void Begin(const Schedule& schedule, const DueReport& due);
  void Finish(const Job& job, const absl::Status& status);
  std::string RootFolder() const;

  const ReportingConfig& config_;
  base::Executor& executor_;
  base::Executor& background_;
  const base::Clock& clock_;
  telemetry::Log& log_;
  store::Store& store_;
  const ReportWriter writer_;
  const RunKeeper keeper_;
  const StoredUntil stored_until_;
  const std::string data_dir_;
  std::map<std::string, base::Time> last_;       // schedule → newest due time dealt with
  std::map<std::string, std::string> problems_;  // schedule → why its newest is missing
  bool busy_ = false;
  bool draining_ = false;
  base::TimerId timer_ = base::TimerId::kNone;
  std::function<void()> drained_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::reporting
