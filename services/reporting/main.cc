// reporting as a program of its own.
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "libs/api/program_rpc.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "libs/notify/notify_service.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/process.h"
#include "libs/runtime/signals.h"
#include "services/reporting/app.h"
#include "services/reporting/open_store.h"
#include "services/reporting/report_files.h"
#include "services/reporting/report_rpc.h"

int main(int argc, char** argv) {
  using namespace gannet;
  runtime::HoldSignals();
  runtime::ServiceFlags flags;
  flags.name = "reporting";
  flags.about =
      "Fills, orders, positions and P&L, folded from execution reports into the encrypted store.";
  flags.journaled = false;  // its record is the store
  if (const auto ending = runtime::ParseFlags(argc, argv, flags)) return runtime::End(*ending);

  base::PosixFiles files;
  const auto config = runtime::LoadConfig<reporting::ReportingConfig>(
      flags, files,
      [](config::Section& in, reporting::ReportingConfig& out) { reporting::Read(in, out); });
  const auto start_reads = [&]() -> absl::Status {
    GANNET_RETURN_IF_ERROR(reporting::CheckFiles(files, config->store, flags.data_dir));
    GANNET_RETURN_IF_ERROR(notify::CheckFiles(files, config->notify));
    return api::CheckProgram(flags, files);
  };
  if (const auto ending = runtime::CheckConfig(flags, config.status(), start_reads))
    return runtime::End(*ending);

  auto process = runtime::Process::Create(runtime::OptionsOf(flags));
  if (!process.ok()) return runtime::End(runtime::NotStarted(process.status()));
  auto store = reporting::WaitForStore(files, (*process)->deps().clock, config->store,
                                       flags.data_dir, (*process)->log(), runtime::StopRequested);
  if (absl::IsCancelled(store.status())) return runtime::kExitClean;
  if (!store.ok()) return runtime::End(runtime::NotStarted(store.status()));
  std::vector<std::unique_ptr<runtime::Service>> services;
  auto service = reporting::BuildReporting(*config, (*process)->deps(), *std::move(store),
                                           reporting::WriterOf(files));
  if (const absl::Status restored = service->Restore(); !restored.ok())
    return runtime::End(runtime::NotStarted(restored));
  auto rpc = api::ServeProgram(flags, **process);
  if (!rpc.ok()) return runtime::End(runtime::NotStarted(rpc.status()));
  reporting::ReportRpc reports((*rpc)->server(), (*process)->deps(), service->store(),
                               config->reports, runtime::BuildId());
  (*rpc)->WaitFor([&reports](std::function<void()> done) { reports.Drain(std::move(done)); });
  services.push_back(std::move(service));
  if (!config->notify.channels.empty()) {
    auto notify = notify::BuildNotify(config->notify, (*process)->deps());
    if (!notify.ok()) return runtime::End(runtime::NotStarted(notify.status()));
    services.push_back(*std::move(notify));
  }
  services.push_back(*std::move(rpc));
  return (*process)->Run(std::move(services));
}
