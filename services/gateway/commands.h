// Commands under the gateway's name: the contract and its implementation are
// libs/command, which RPC and command line use too.
#pragma once

#include "libs/command/commands.h"
#include "libs/command/shard_commands.h"

namespace gannet::gateway {

using command::CommandResult;
using command::Commands;
using command::Progress;
using command::ShardCommands;
using command::SubmitOptions;

}  // namespace gannet::gateway
