// Reports over gRPC: gannet.report.v1.ReportService CreateReport, GetReport and
// DownloadReport. A report is made from the store on the background executor, one
// after the other, and kept in memory for who asked. The rest is
// libs/api/report_api.h.
//
// On the executor's thread; drain it before the store goes. Bounded: kKeptReports,
// kMaxReportBytes each, kMaxUnderWay.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/base/files.h"
#include "libs/rpc/server.h"
#include "libs/runtime/service.h"
#include "libs/store/store.h"
#include "services/reporting/config.h"

namespace gannet::reporting {

class ReportRpc {
 public:
  static constexpr size_t kKeptReports = 16;
  static constexpr size_t kMaxReportBytes = size_t{48} << 20;
  static constexpr size_t kMaxUnderWay = 4;

  // All outlive it. `store` is touched on the background executor only.
  // Reports have the capital, rate and days of `reports`.
  ReportRpc(rpc::Server& server, runtime::Deps& deps, store::Store& store, ReportsConfig reports,
            std::string build);
  ReportRpc(const ReportRpc&) = delete;
  ReportRpc& operator=(const ReportRpc&) = delete;

  // `done` once no report is being made. The server takes no more by then.
  void Drain(std::function<void()> done);

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;
  void Serve(rpc::Server& server);
  JobPtr Begin(std::string id);
  void Finish(Job& job, absl::StatusOr<std::string> made);

  runtime::Deps& deps_;
  store::Store& store_;
  const ReportsConfig reports_;
  const std::string build_;
  std::map<std::string, JobPtr> jobs_;  // by id
  std::deque<std::string> in_order_;
  size_t under_way_ = 0;
  std::function<void()> drained_;
};

}  // namespace gannet::reporting
