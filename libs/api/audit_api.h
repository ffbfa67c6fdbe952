// gannet.ops.v1.AdminService/ListAudit: who did what through this process.
#pragma once

#include "libs/command/commands.h"
#include "libs/rpc/server.h"

namespace gannet::api {

// `commands` may be null, and outlives the server otherwise.
void ServeAudit(rpc::Server& server, command::Commands* commands);

}  // namespace gannet::api
