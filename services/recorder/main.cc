// The recorder as a program of its own.
#include <memory>
#include <utility>
#include <vector>

#include "libs/api/program_rpc.h"
#include "libs/base/posix_files.h"
#include "libs/runtime/bus_config.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/process.h"
#include "libs/runtime/signals.h"
#include "services/recorder/app.h"

int main(int argc, char** argv) {
  using namespace gannet;
  runtime::HoldSignals();
  runtime::ServiceFlags flags;
  flags.name = "recorder";
  flags.about =
      "Copies every topic of the bus into a journal, by offset: what Kafka forgets can be replayed "
      "from it.";
  flags.journaled = false;  // the journal is the recording
  if (const auto ending = runtime::ParseFlags(argc, argv, flags)) return runtime::End(*ending);

  base::PosixFiles files;
  const auto config = runtime::LoadConfig<recorder::RecorderConfig>(flags, files, recorder::Read);
  const auto start_reads = [&]() -> absl::Status { return api::CheckProgram(flags, files); };
  if (const auto ending = runtime::CheckConfig(flags, config.status(), start_reads))
    return runtime::End(*ending);
  if (flags.bus_file.empty()) {
    return runtime::End({runtime::kExitBadUsage,
                         "the recorder copies the topics of a bus: name its file with --bus\n"});
  }
  auto bus = runtime::LoadBusConfig(files, flags.bus_file);
  if (!bus.ok()) return runtime::End(runtime::NotStarted(bus.status()));

  runtime::ProcessOptions options = runtime::OptionsOf(flags);
  options.make_bus = nullptr;  // it reads all and writes nothing
  const journal::SegmentInfo info{.build_id = options.build_id,
                                  .config_hash = options.config_hash,
                                  .versions = options.versions};
  auto process = runtime::Process::Create(std::move(options));
  if (!process.ok()) return runtime::End(runtime::NotStarted(process.status()));
  runtime::Deps& deps = (*process)->deps();
  std::vector<std::unique_ptr<runtime::Service>> services;
  services.push_back(recorder::BuildRecorder(
      *config, deps, info, recorder::KafkaTapOf(deps, std::move(bus->kafka), bus->prefix)));
  auto rpc = api::ServeProgram(flags, **process);
  if (!rpc.ok()) return runtime::End(runtime::NotStarted(rpc.status()));
  services.push_back(*std::move(rpc));
  return (*process)->Run(std::move(services));
}
