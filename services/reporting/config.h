// Settings of reporting.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/notify/config.h"
#include "libs/store/postgres_options.h"
#include "libs/store/rows.h"
#include "services/reporting/schedule.h"

namespace gannet::config {
class Section;
}

namespace gannet::reporting {

// What holds for every report of the process, and those that are made by themselves.
// docs/reports.md explains every key.
struct ReportsConfig {
  std::string folder = "reports";                // below the data folder, unless it begins with /
  std::map<std::string, market::Money> capital;  // by account; others: what the venue said
  int64_t risk_free_ppm = 0;                     // a year
  int64_t days_per_year = 365;
  std::vector<Schedule> schedules;
};

// Capital, risk-free rate and days of a year, as stated, to a request whose account is
// named: a report has the same figures, whoever asks for it.
void Apply(const ReportsConfig& config, ReportRequest& request);

// Where rows are kept: the encrypted file in the data folder, or a PostgreSQL that
// other programs read too.
struct StoreConfig {
  std::optional<store::PostgresOptions> postgres;
  std::string writer = "reporting";  // who writes there; one program at a time by this name
  base::Duration patience = std::chrono::seconds(30);  // with a server that is not there at start
};

struct ReportingConfig {
  base::Duration flush_every =
      std::chrono::milliseconds(500);  // how old an unwritten change may grow
  base::Duration equity_every =
      std::chrono::seconds(10);  // one row of result and exposure an account and asset
  StoreConfig store;
  ReportsConfig reports;
  notify::NotifyConfig notify;  // whom the hosting process tells; docs/notifications.md

  // From the process that hosts reporting; not read from this section.
  std::string build;    // printed in reports
  std::string trading;  // the same: "paper on venue-sim"; empty: not known
};

// Reads the section of this service.
void Read(config::Section& in, ReportingConfig& out);

}  // namespace gannet::reporting
