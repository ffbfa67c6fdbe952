#include "services/gateway/app.h"

#include <utility>

namespace gannet::gateway {

std::unique_ptr<GatewayService> BuildGateway(const GatewayConfig& config, runtime::Deps& deps,
                                             GatewayService::HealthSource platform_health) {
  return std::make_unique<GatewayService>(config, deps, std::move(platform_health));
}

}  // namespace gannet::gateway
