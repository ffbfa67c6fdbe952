// The gateway as a program of its own.
#include <unistd.h>

#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "libs/api/program_rpc.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "libs/command/shard_commands.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/process.h"
#include "libs/runtime/signals.h"
#include "services/gateway/app.h"
#include "services/gateway/first_password.h"
#include "services/gateway/redis_link.h"

int main(int argc, char** argv) {
  using namespace gannet;
  runtime::HoldSignals();
  runtime::ServiceFlags flags;
  flags.name = "gateway";
  flags.about =
      "Serves the page, the REST API and the live stream of the platform, and takes what people "
      "ask of it.";
  flags.numbered = true;
  if (const auto ending = runtime::ParseFlags(argc, argv, flags)) return runtime::End(*ending);

  base::PosixFiles files;
  const auto config = runtime::LoadConfig<gateway::GatewayConfig>(flags, files, gateway::Read);
  absl::Status usable = config.status();
  if (usable.ok()) {
    const bool joined = !flags.bus_file.empty() || flags.check_config;  // which may name none
    usable = gateway::CheckCommon(*config, joined, flags.replica.has_value());
  }
  const auto start_reads = [&]() -> absl::Status {
    GANNET_RETURN_IF_ERROR(gateway::CheckFiles(files, *config, flags.data_dir));
    GANNET_RETURN_IF_ERROR(gateway::CheckFiles(files, config->redis));
    return api::CheckProgram(flags, files);
  };
  if (const auto ending = runtime::CheckConfig(flags, usable, start_reads))
    return runtime::End(*ending);

  auto process = runtime::Process::Create(runtime::OptionsOf(flags));
  if (!process.ok()) return runtime::End(runtime::NotStarted(process.status()));
  auto redis = gateway::OpenRedis(config->redis, (*process)->executor().io(), files,
                                  (*process)->deps().clock);
  if (!redis.ok()) return runtime::End(runtime::NotStarted(redis.status()));
  // They outlive the services that take what people ask.
  command::ShardCommands commands((*process)->deps());
  std::vector<std::unique_ptr<runtime::Service>> services;
  services.push_back(gateway::BuildGateway(
      *config, (*process)->deps(),
      {.platform_health = [&health = (*process)->health()] { return health.Overall(); },
       .commands = [&commands] { return &commands; },
       .mode = "services apart",
       .build_id = runtime::BuildId(),
       .first_password =
           [&process](const std::string& user, const std::string& password) {
             const runtime::Deps& deps = (*process)->deps();
             std::cout << gateway::TellFirstPassword(deps.files, deps.data_dir,
                                                     isatty(STDOUT_FILENO) == 1, user, password)
                       << std::endl;
           },
       .redis = *std::move(redis)}));
  auto rpc = api::ServeProgram(flags, **process, &commands);
  if (!rpc.ok()) return runtime::End(runtime::NotStarted(rpc.status()));
  services.push_back(*std::move(rpc));
  return (*process)->Run(std::move(services));
}
