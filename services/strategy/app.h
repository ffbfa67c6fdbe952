// Assembles the service from its configuration and what the process hands in.
#pragma once

#include <memory>

#include "libs/runtime/service.h"
#include "services/strategy/config.h"
#include "services/strategy/strategy_service.h"

namespace gannet::strategy {

std::unique_ptr<StrategyService> BuildStrategy(const StrategyConfig& config, runtime::Deps& deps);

}  // namespace gannet::strategy
