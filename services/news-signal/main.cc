// news-signal as a program of its own.
#include <memory>
#include <utility>
#include <vector>

#include "libs/api/program_rpc.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/process.h"
#include "libs/runtime/signals.h"
#include "services/news-signal/app.h"
#include "services/news-signal/signal_rpc.h"

int main(int argc, char** argv) {
  using namespace gannet;
  runtime::HoldSignals();
  runtime::ServiceFlags flags;
  flags.name = "news-signal";
  flags.about = "Reads headlines: what happened, to whom, how it sounds, and whether it is new.";
  if (const auto ending = runtime::ParseFlags(argc, argv, flags)) return runtime::End(*ending);

  base::PosixFiles files;
  const auto config =
      runtime::LoadConfig<news_signal::NewsSignalConfig>(flags, files, news_signal::Read);
  const auto start_reads = [&]() -> absl::Status {
    GANNET_RETURN_IF_ERROR(news_signal::LoadClassifier(*config, files).status());
    return api::CheckProgram(flags, files);
  };
  if (const auto ending = runtime::CheckConfig(flags, config.status(), start_reads))
    return runtime::End(*ending);
  const auto classifier = news_signal::LoadClassifier(*config, files);
  if (!classifier.ok()) return runtime::End(runtime::NotStarted(classifier.status()));

  runtime::ProcessOptions options = runtime::OptionsOf(flags);
  options.journal_on_bus = true;  // it may run anywhere
  options.versions.merge(news_signal::VersionsOf(**classifier));
  auto process = runtime::Process::Create(std::move(options));
  if (!process.ok()) return runtime::End(runtime::NotStarted(process.status()));
  std::vector<std::unique_ptr<runtime::Service>> services;
  auto service = news_signal::BuildNewsSignal(*config, (*process)->deps(), *classifier);
  auto rpc = api::ServeProgram(flags, **process);
  if (!rpc.ok()) return runtime::End(runtime::NotStarted(rpc.status()));
  news_signal::ServeClassifyText((*rpc)->server(), service->engine(), (*process)->shard());
  services.push_back(std::move(service));
  services.push_back(*std::move(rpc));
  return (*process)->Run(std::move(services));
}
