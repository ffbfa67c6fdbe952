// The RPC server of a program that runs one service, as its flags --rpc-address and
// --rpc state it:
//
//   auto rpc = api::ServeProgram(flags, **process, commands);
//   if (!rpc.ok()) return runtime::End(runtime::NotStarted(rpc.status()));
//   … (*rpc)->server().Handle(…) for what only the engine knows …
//   services.push_back(*std::move(rpc));  // started last, drained first
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/api/admin_api.h"
#include "libs/api/rpc_service.h"
#include "libs/command/commands.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/process.h"

namespace gannet::api {

inline constexpr char kNoPort[] = "off";  // of --rpc-address: the local socket only

// What the flags say, checked. INVALID_ARGUMENT: the file or the address.
absl::StatusOr<RpcConfig> ProgramRpcConfig(const runtime::ServiceFlags& flags, base::Files& files);

// The same and the other files that ServeProgram reads, for --check-config.
absl::Status CheckProgram(const runtime::ServiceFlags& flags, base::Files& files);

// `commands`: what people ask goes there; null: it is not served here. Before the
// process runs.
absl::StatusOr<std::unique_ptr<RpcService>> ServeProgram(const runtime::ServiceFlags& flags,
                                                         runtime::Process& process,
                                                         command::Commands* commands = nullptr);

// Of the process that serves. `config_text`: what it was started with, for those who
// operate it.
AdminParts AdminOf(runtime::Process& process, std::string config_hash, std::string config_text);

// The account of the operating system that runs this process: who gives the commands
// that come over the local socket.
std::string OwnPerson();

}  // namespace gannet::api
