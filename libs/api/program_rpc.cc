#include "libs/api/program_rpc.h"

#include <pwd.h>
#include <unistd.h>

#include <set>
#include <utility>

#include "libs/api/ports.h"
#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/config/config.h"

namespace gannet::api {

std::string OwnPerson() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr && entry->pw_name[0] != '\0' ? entry->pw_name : "local";
}

absl::StatusOr<RpcConfig> ProgramRpcConfig(const runtime::ServiceFlags& flags, base::Files& files) {
  RpcConfig config;
  config.address = DefaultAddress(flags.name);
  if (!flags.rpc_file.empty()) {
    GANNET_ASSIGN_OR_RETURN(config,
                            config::LoadFile<RpcConfig>(files, flags.rpc_file, Read, config));
    const std::string folder = flags.rpc_file.substr(0, flags.rpc_file.rfind('/') + 1);
    for (std::string* pem : {&config.tls.certificate, &config.tls.key, &config.tls.client_ca}) {
      if (!pem->empty() && pem->front() != '/') *pem = folder + *pem;
    }
  }
  if (!flags.rpc_address.empty()) config.address = flags.rpc_address;
  if (config.address == kNoPort) config.address.clear();
  GANNET_RETURN_IF_ERROR(rpc::Check({.address = config.address, .tls = config.tls}));
  return config;
}

absl::Status CheckProgram(const runtime::ServiceFlags& flags, base::Files& files) {
  GANNET_ASSIGN_OR_RETURN(const RpcConfig config, ProgramRpcConfig(flags, files));
  return CheckFiles(files, config, flags.data_dir);
}

AdminParts AdminOf(runtime::Process& process, std::string config_hash, std::string config_text) {
  AdminParts admin{.build_id = runtime::BuildId(),
                   .config_hash = std::move(config_hash),
                   .config_text = std::move(config_text),
                   .started = process.deps().clock.Now(),
                   .shard = process.shard(),
                   .journal = process.journal(),
                   .journal_dir = process.deps().data_dir + "/journal",
                   .files = &process.deps().files,
                   .executor = &process.deps().executor,
                   .background = &process.deps().background,
                   .bus = &process.deps().bus,
                   .log = &process.deps().log};
  admin.health = [&process] { return process.health().Each(); };
  admin.counters = [&process] { return process.Counters(); };
  admin.drain = [&process](std::string reason) {
    // After the answer has left.
    process.executor().After(std::chrono::milliseconds(50),
                             [&process, reason = std::move(reason)] { process.Stop(reason); });
  };
  return admin;
}

absl::StatusOr<std::unique_ptr<RpcService>> ServeProgram(const runtime::ServiceFlags& flags,
                                                         runtime::Process& process,
                                                         command::Commands* commands) {
  runtime::Deps& deps = process.deps();
  GANNET_ASSIGN_OR_RETURN(const RpcConfig config, ProgramRpcConfig(flags, deps.files));
  std::string text;
  if (!flags.config_file.empty()) {
    GANNET_ASSIGN_OR_RETURN(text, deps.files.Read(flags.config_file));
  }
  return RpcService::Build(config, deps, {flags.name}, commands, OwnPerson(),
                           AdminOf(process, flags.config_hash, std::move(text)));
}

}  // namespace gannet::api
