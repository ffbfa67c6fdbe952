// risk as a program of its own: --config is config/limits.yaml.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/api/program_rpc.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "libs/command/shard_commands.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/lease_config.h"
#include "libs/runtime/process.h"
#include "libs/runtime/signals.h"
#include "services/risk/app.h"
#include "services/risk/risk_rpc.h"

int main(int argc, char** argv) {
  using namespace gannet;
  runtime::HoldSignals();
  runtime::ServiceFlags flags;
  flags.name = "risk";
  flags.single_writer = true;
  flags.about =
      "Answers every order intent with a verdict, reserves the worst case of what it permits, "
      "keeps trading states and "
      "the kill switch. Without a limits file it permits nothing.";
  if (const auto ending = runtime::ParseFlags(argc, argv, flags)) return runtime::End(*ending);

  base::PosixFiles files;
  auto config = runtime::LoadConfig<risk::RiskConfig>(
      flags, files, [](config::Section& in, risk::RiskConfig& out) { risk::Read(in, out); });
  absl::Status usable = config.status();
  // Where orders go is another program's configuration.
  if (config.ok() && !config->four_eyes)
    usable = absl::InvalidArgumentError(
        "gate.four_eyes: may be off only where risk runs in one program with a paper venue "
        "(`gannet run`): remove it, and have limits approved by a second person");
  const auto start_reads = [&]() -> absl::Status {
    GANNET_RETURN_IF_ERROR(runtime::CheckLease(files, flags.lease_file));
    return api::CheckProgram(flags, files);
  };
  if (const auto ending = runtime::CheckConfig(flags, usable, start_reads))
    return runtime::End(*ending);
  config->text = flags.config_text;

  runtime::ProcessOptions options = runtime::OptionsOf(flags);
  options.versions["limits"] = std::to_string(config->limits.version);
  if (const absl::Status leased = runtime::UseLease(files, flags.lease_file, options); !leased.ok())
    return runtime::End(runtime::NotStarted(leased));
  auto process = runtime::Process::Create(std::move(options));
  if (!process.ok()) return runtime::End(runtime::NotStarted(process.status()));
  command::ShardCommands commands((*process)->deps());  // outlives the services
  std::vector<std::unique_ptr<runtime::Service>> services;
  auto service = risk::BuildRisk(*config, (*process)->deps());
  auto rpc = api::ServeProgram(flags, **process, &commands);
  if (!rpc.ok()) return runtime::End(runtime::NotStarted(rpc.status()));
  risk::ServeRisk((*rpc)->server(), *service, (*process)->shard());
  services.push_back(std::move(service));
  services.push_back(*std::move(rpc));
  return (*process)->Run(std::move(services));
}
