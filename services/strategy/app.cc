#include "services/strategy/app.h"

namespace gannet::strategy {

std::unique_ptr<StrategyService> BuildStrategy(const StrategyConfig& config, runtime::Deps& deps) {
  return std::make_unique<StrategyService>(config, deps);
}

}  // namespace gannet::strategy
