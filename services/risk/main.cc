// risk as a program of its own: --config is config/limits.yaml.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/api/program_rpc.h"
#include "libs/base/posix_files.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/process.h"
#include "libs/runtime/signals.h"
#include "services/risk/app.h"
#include "services/risk/risk_rpc.h"

int main(int argc, char** argv) {
  using namespace gannet;
  runtime::HoldSignals();
  runtime::ServiceFlags flags;
  flags.name = "risk";
  flags.about =
      "Answers every order intent with a verdict, reserves the worst case of what it permits, "
      "keeps trading states and "
      "the kill switch. Without a limits file it permits nothing.";
  if (const auto ending = runtime::ParseFlags(argc, argv, flags)) return runtime::End(*ending);

  base::PosixFiles files;
  const auto config = runtime::LoadConfig<risk::RiskConfig>(
      flags, files, [](config::Section& in, risk::RiskConfig& out) { risk::Read(in, out); });
  if (const auto ending = runtime::CheckConfig(flags, config.status()))
    return runtime::End(*ending);

  runtime::ProcessOptions options = runtime::OptionsOf(flags);
  options.versions["limits"] = std::to_string(config->limits.version);
  auto process = runtime::Process::Create(std::move(options));
  if (!process.ok()) return runtime::End(runtime::NotStarted(process.status()));
  std::vector<std::unique_ptr<runtime::Service>> services;
  auto service = risk::BuildRisk(*config, (*process)->deps());
  auto rpc = api::ServeProgram(flags, **process);
  if (!rpc.ok()) return runtime::End(runtime::NotStarted(rpc.status()));
  risk::ServeRisk((*rpc)->server(), service->engine(), (*process)->shard());
  services.push_back(std::move(service));
  services.push_back(*std::move(rpc));
  return (*process)->Run(std::move(services));
}
