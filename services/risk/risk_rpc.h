// What only the risk service can answer of gannet.risk.v1.RiskService: limits, exposure,
// what the portfolio could lose, and what the gate would say. The rest is libs/api/risk_api.h.
#pragma once

#include "libs/rpc/server.h"
#include "libs/runtime/shard.h"
#include "services/risk/risk_service.h"

namespace gannet::risk {

// `service` and `shard` outlive the server.
void ServeRisk(rpc::Server& server, RiskService& service, const runtime::Shard& shard);

}  // namespace gannet::risk
