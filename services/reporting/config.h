// Settings of reporting.
#pragma once

#include "libs/base/time.h"

namespace gannet::reporting {

struct ReportingConfig {
  base::Duration flush_every = std::chrono::milliseconds(500);  // how old an unwritten change may grow
  base::Duration equity_every = std::chrono::seconds(10);       // one equity row an account and asset
};

}  // namespace gannet::reporting
