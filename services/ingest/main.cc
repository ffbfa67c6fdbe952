// Ingest as a program of its own.
#include <memory>
#include <utility>
#include <vector>

#include "libs/api/program_rpc.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/process.h"
#include "libs/runtime/signals.h"
#include "services/ingest/app.h"

int main(int argc, char** argv) {
  using namespace gannet;
  runtime::HoldSignals();
  runtime::ServiceFlags flags;
  flags.name = "ingest";
  flags.about =
      "Reads market data of venues and news sources; keeps books and says when they are not to be "
      "traded on.";
  if (const auto ending = runtime::ParseFlags(argc, argv, flags)) return runtime::End(*ending);

  base::PosixFiles files;
  const auto config =
      runtime::LoadConfig<ingest::IngestConfig>(flags, files, ingest::ReadIngestConfig);
  const auto start_reads = [&]() -> absl::Status {
    GANNET_RETURN_IF_ERROR(ingest::CheckFiles(files, *config));
    return api::CheckProgram(flags, files);
  };
  if (const auto ending = runtime::CheckConfig(flags, config.status(), start_reads))
    return runtime::End(*ending);

  auto process = runtime::Process::Create(runtime::OptionsOf(flags));
  if (!process.ok()) return runtime::End(runtime::NotStarted(process.status()));
  std::vector<std::unique_ptr<runtime::Service>> services;
  services.push_back(ingest::BuildIngest(*config, (*process)->deps()));
  auto rpc = api::ServeProgram(flags, **process);
  if (!rpc.ok()) return runtime::End(runtime::NotStarted(rpc.status()));
  services.push_back(*std::move(rpc));
  return (*process)->Run(std::move(services));
}
