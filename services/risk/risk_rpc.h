// What only the risk engine can answer of gannet.risk.v1.RiskService: limits,
// exposure, and what the gate would say. The rest is libs/api/risk_api.h.
#pragma once

#include "libs/rpc/server.h"
#include "libs/runtime/shard.h"
#include "services/risk/risk_engine.h"

namespace gannet::risk {

// `engine` and `shard` outlive the server.
void ServeRisk(rpc::Server& server, const RiskEngine& engine, const runtime::Shard& shard);

}  // namespace gannet::risk
