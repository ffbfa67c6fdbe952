// Settings of reporting.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/store/rows.h"
#include "services/reporting/schedule.h"

namespace gannet::config {
class Section;
}

namespace gannet::reporting {

// Reports that are made by themselves. docs/reports.md explains every key.
struct ReportsConfig {
  std::string folder = "reports";                // below the data folder, unless it begins with /
  std::map<std::string, market::Money> capital;  // by account; others: what the venue said
  int64_t risk_free_ppm = 0;                     // a year
  int64_t days_per_year = 365;
  std::vector<Schedule> schedules;
};

struct ReportingConfig {
  base::Duration flush_every =
      std::chrono::milliseconds(500);  // how old an unwritten change may grow
  base::Duration equity_every =
      std::chrono::seconds(10);  // one row of result and exposure an account and asset
  ReportsConfig reports;

  // From the process that hosts reporting; not read from this section.
  std::vector<store::LimitRow> limits;  // of risk, kept beside what they limit
  std::string build;                    // printed in reports
  std::string trading;                  // the same: "paper on venue-sim"; empty: not known
};

// Reads the section of this service.
void Read(config::Section& in, ReportingConfig& out);

}  // namespace gannet::reporting
