#include "services/strategy/app.h"

#include "services/strategy/strategy_service.h"

namespace gannet::strategy {

std::unique_ptr<runtime::Service> BuildStrategy(const StrategyConfig& config, runtime::Deps& deps) {
  return std::make_unique<StrategyService>(config, deps);
}

}  // namespace gannet::strategy
