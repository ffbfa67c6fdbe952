// Assembles the service from its configuration and what the process hands in.
#pragma once

#include <memory>

#include "services/reporting/config.h"
#include "services/reporting/reporting_service.h"

namespace gannet::reporting {

// Without a writer no scheduled report can be made.

std::unique_ptr<ReportingService> BuildReporting(const ReportingConfig& config, runtime::Deps& deps,
                                                 std::unique_ptr<store::Store> store,
                                                 ReportWriter writer = nullptr);

}  // namespace gannet::reporting
