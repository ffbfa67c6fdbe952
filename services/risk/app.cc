#include "services/risk/app.h"

namespace gannet::risk {

std::unique_ptr<RiskService> BuildRisk(const RiskConfig& config, runtime::Deps& deps) {
  return std::make_unique<RiskService>(config, deps);
}

}  // namespace gannet::risk
