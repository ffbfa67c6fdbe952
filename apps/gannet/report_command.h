// gannet report: what an account has done, as files to hand out.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"
#include "services/reporting/config.h"

namespace gannet::app {

struct ReportOptions {
  std::string data_dir;  // with reports.db and its key
  // A configuration that may name a PostgreSQL instead of that file; empty: none does.
  std::string store_file;
  std::optional<reporting::StoreConfig> store;  // the same, read already
  std::string out_folder = "report";
  std::string account = "main/paper";
  std::string asset;             // empty: the one most fills were quoted in
  std::string from, to;          // 2024-08-08 or 2024-08-08T23:54:13Z; empty: 30 days back, now
  std::string format = "all";    // or pdf, xlsx, csv, json
  std::string returns = "day";   // or hour, minute
  std::string capital;           // an amount of the asset; empty: what the venue said
  std::string risk_free = "0%";  // a year
  int days_per_year = 365;
  // Of a process that makes reports on a schedule: in place of the three above.
  std::optional<reporting::ReportsConfig> reports;
  std::string build;  // printed in the report
};

// INVALID_ARGUMENT, NOT_FOUND: the message says which option helps.
absl::Status WriteAccountReport(const ReportOptions& options, base::Files& files,
                                const base::Clock& clock, std::ostream& out);

// The same report as one file: `format` is pdf, xlsx or json.
absl::StatusOr<std::string> AccountReportBytes(const ReportOptions& options, base::Files& files,
                                               const base::Clock& clock);

}  // namespace gannet::app
