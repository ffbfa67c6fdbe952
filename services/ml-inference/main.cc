// ml-inference as a program of its own.
#include <memory>
#include <utility>
#include <vector>

#include "libs/api/program_rpc.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/process.h"
#include "libs/runtime/signals.h"
#include "services/ml-inference/app.h"
#include "services/ml-inference/inference_rpc.h"
#include "services/ml-inference/inference_service.h"

int main(int argc, char** argv) {
  using namespace gannet;
  runtime::HoldSignals();
  runtime::ServiceFlags flags;
  flags.name = "ml-inference";
  flags.about = "Features of order books and the predictions of one model from the registry.";
  if (const auto ending = runtime::ParseFlags(argc, argv, flags)) return runtime::End(*ending);

  base::PosixFiles files;
  const auto config = runtime::LoadConfig<ml_inference::MlInferenceConfig>(
      flags, files, [](config::Section& in, ml_inference::MlInferenceConfig& out) {
        ml_inference::Read(in, out);
      });
  const auto start_reads = [&]() -> absl::Status {
    GANNET_RETURN_IF_ERROR(ml_inference::CheckFiles(files, *config));
    return api::CheckProgram(flags, files);
  };
  if (const auto ending = runtime::CheckConfig(flags, config.status(), start_reads))
    return runtime::End(*ending);

  runtime::ProcessOptions options = runtime::OptionsOf(flags);
  options.journal_on_bus = true;  // it may run anywhere
  if (!config->model.empty()) {
    auto model = ml_inference::DescribeModel(*config, files);
    if (!model.ok()) return runtime::End(runtime::NotStarted(model.status()));
    options.versions["model:" + config->model] = *std::move(model);
  }
  auto process = runtime::Process::Create(std::move(options));
  if (!process.ok()) return runtime::End(runtime::NotStarted(process.status()));
  auto service = ml_inference::BuildMlInference(*config, (*process)->deps());
  if (!service.ok()) return runtime::End(runtime::NotStarted(service.status()));
  std::vector<std::unique_ptr<runtime::Service>> services;
  services.push_back(*std::move(service));
  auto rpc = api::ServeProgram(flags, **process);
  if (!rpc.ok()) return runtime::End(runtime::NotStarted(rpc.status()));
  const auto& engine =
      dynamic_cast<const ml_inference::InferenceService&>(*services.front()).engine();
  ml_inference::InferenceRpc inference((*rpc)->server(), files, (*process)->deps().clock, *config,
                                       engine);
  services.push_back(*std::move(rpc));
  return (*process)->Run(std::move(services));
}
