// gannet.exec.v1.ExecutionService as far as only execution knows: both sides compared,
// adjustments, the end of a kill switch.
#pragma once

#include "libs/base/clock.h"
#include "libs/rpc/server.h"
#include "services/execution/execution_service.h"

namespace gannet::execution {

// Before the server starts; `service` outlives it.
void ServeExecution(rpc::Server& server, ExecutionService& service);

}  // namespace gannet::execution
