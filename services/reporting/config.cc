#include "services/reporting/config.h"

#include "libs/config/config.h"

namespace gannet::reporting {

void Read(config::Section& in, ReportingConfig& out) {
  in.Optional("flush_every", out.flush_every,
              config::Between(std::chrono::milliseconds(10), std::chrono::minutes(1)));
  in.Optional("equity_every", out.equity_every,
              config::Between(std::chrono::seconds(1), std::chrono::hours(24)));
}

}  // namespace gannet::reporting
