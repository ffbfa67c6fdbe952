// Assembles the service from its configuration and what the process hands in.
#pragma once

#include <memory>

#include "services/gateway/gateway_service.h"

namespace gannet::gateway {

// The certificate of the page and the people, as a start reads them. `data_dir`: empty where it
// is not known.
absl::Status CheckFiles(base::Files& files, const GatewayConfig& config,
                        const std::string& data_dir);

std::unique_ptr<GatewayService> BuildGateway(const GatewayConfig& config, runtime::Deps& deps,
                                             GatewayParts parts);

}  // namespace gannet::gateway
