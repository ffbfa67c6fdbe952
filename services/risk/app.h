// Assembles the service from its configuration and what the process hands in.
#pragma once

#include <memory>

#include "libs/runtime/service.h"
#include "services/risk/config.h"
#include "services/risk/risk_service.h"

namespace gannet::risk {

std::unique_ptr<RiskService> BuildRisk(const RiskConfig& config, runtime::Deps& deps);

}  // namespace gannet::risk
