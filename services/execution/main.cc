// Execution as a program of its own.
#include <memory>
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
#include "services/execution/app.h"
#include "services/execution/execution_rpc.h"

int main(int argc, char** argv) {
  using namespace gannet;
  runtime::HoldSignals();
  runtime::ServiceFlags flags;
  flags.name = "execution";
  flags.single_writer = true;
  flags.about = "Sends the orders that risk has permitted, and finds out what became of each.";
  if (const auto ending = runtime::ParseFlags(argc, argv, flags)) return runtime::End(*ending);

  base::PosixFiles files;
  const auto config = runtime::LoadConfig<execution::ExecutionConfig>(
      flags, files,
      [](config::Section& in, execution::ExecutionConfig& out) { execution::Read(in, out); });
  const auto start_reads = [&]() -> absl::Status {
    GANNET_RETURN_IF_ERROR(execution::CheckFiles(files, *config));
    GANNET_RETURN_IF_ERROR(runtime::CheckLease(files, flags.lease_file));
    return api::CheckProgram(flags, files);
  };
  if (const auto ending = runtime::CheckConfig(flags, config.status(), start_reads))
    return runtime::End(*ending);

  runtime::ProcessOptions options = runtime::OptionsOf(flags);
  if (const absl::Status leased = runtime::UseLease(files, flags.lease_file, options); !leased.ok())
    return runtime::End(runtime::NotStarted(leased));
  auto process = runtime::Process::Create(std::move(options));
  if (!process.ok()) return runtime::End(runtime::NotStarted(process.status()));
  command::ShardCommands commands((*process)->deps());  // outlives the services
  auto executions = execution::BuildExecution(*config, (*process)->deps());
  if (!executions.ok()) return runtime::End(runtime::NotStarted(executions.status()));
  auto rpc = api::ServeProgram(flags, **process, &commands);
  if (!rpc.ok()) return runtime::End(runtime::NotStarted(rpc.status()));
  std::vector<execution::ExecutionService*> venues;
  std::vector<std::unique_ptr<runtime::Service>> services;
  for (auto& execution : *executions) {
    venues.push_back(execution.get());
    services.push_back(std::move(execution));
  }
  execution::ServeExecution((*rpc)->server(), std::move(venues));
  services.push_back(*std::move(rpc));
  return (*process)->Run(std::move(services));
}
