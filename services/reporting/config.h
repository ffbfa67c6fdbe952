// Settings of reporting.
#pragma once

#include "libs/base/time.h"

namespace gannet::config {
class Section;
}

namespace gannet::reporting {

struct ReportingConfig {
  base::Duration flush_every =
      std::chrono::milliseconds(500);                      // how old an unwritten change may grow
  base::Duration equity_every = std::chrono::seconds(10);  // one equity row an account and asset
};

// Reads the section of this service.
void Read(config::Section& in, ReportingConfig& out);

}  // namespace gannet::reporting
