// gannet.exec.v1.ExecutionService as far as only execution knows: both sides compared,
// adjustments, the end of a kill switch.
#pragma once

#include <vector>

#include "libs/base/clock.h"
#include "libs/rpc/server.h"
#include "services/execution/execution_service.h"

namespace gannet::execution {

// Before the server starts; the services, one a venue, outlive it.
void ServeExecution(rpc::Server& server, std::vector<ExecutionService*> venues);

}  // namespace gannet::execution
