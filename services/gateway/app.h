// Assembles the service from its configuration and what the process hands in.
#pragma once

#include <memory>

#include "services/gateway/gateway_service.h"

namespace gannet::gateway {

std::unique_ptr<GatewayService> BuildGateway(const GatewayConfig& config, runtime::Deps& deps,
                                             GatewayParts parts);

}  // namespace gannet::gateway
