// Settings of reporting.
#pragma once

#include <vector>

#include "libs/base/time.h"
#include "libs/store/rows.h"

namespace gannet::config {
class Section;
}

namespace gannet::reporting {

struct ReportingConfig {
  base::Duration flush_every =
      std::chrono::milliseconds(500);  // how old an unwritten change may grow
  base::Duration equity_every =
      std::chrono::seconds(10);  // one row of result and exposure an account and asset
  // The limits of risk, kept beside what they limit. From the process that hosts
  // both; not read from this section.
  std::vector<store::LimitRow> limits;
};

// Reads the section of this service.
void Read(config::Section& in, ReportingConfig& out);

}  // namespace gannet::reporting
