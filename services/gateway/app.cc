#include "services/gateway/app.h"

#include <utility>

namespace gannet::gateway {

std::unique_ptr<GatewayService> BuildGateway(const GatewayConfig& config, runtime::Deps& deps,
                                             GatewayParts parts) {
  return std::make_unique<GatewayService>(config, deps, std::move(parts));
}

}  // namespace gannet::gateway
