#include "services/reporting/app.h"

#include <utility>

namespace gannet::reporting {

std::unique_ptr<ReportingService> BuildReporting(const ReportingConfig& config, runtime::Deps& deps,
                                                 std::unique_ptr<store::Store> store,
                                                 ReportWriter writer) {
  return std::make_unique<ReportingService>(config, deps, std::move(store), std::move(writer));
}

}  // namespace gannet::reporting
