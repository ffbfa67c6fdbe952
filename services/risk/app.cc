#include "services/risk/app.h"

#include "services/risk/risk_service.h"

namespace gannet::risk {

std::unique_ptr<runtime::Service> BuildRisk(const RiskConfig& config, runtime::Deps& deps) {
  return std::make_unique<RiskService>(config, deps);
}

}  // namespace gannet::risk
