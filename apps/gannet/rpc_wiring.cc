#include "apps/gannet/rpc_wiring.h"

#include <utility>

#include "libs/api/program_rpc.h"
#include "libs/base/status.h"
#include "services/execution/execution_rpc.h"
#include "services/ml-inference/inference_rpc.h"
#include "services/ml-inference/inference_service.h"
#include "services/news-signal/signal_rpc.h"
#include "services/reporting/report_rpc.h"
#include "services/risk/risk_rpc.h"
#include "services/risk/risk_service.h"

namespace gannet::app {

struct RpcWiring::Extras {
  std::unique_ptr<ml_inference::InferenceRpc> inference;
  std::unique_ptr<reporting::ReportRpc> reports;
};

RpcWiring::RpcWiring() : extras_(std::make_unique<Extras>()) {}
RpcWiring::~RpcWiring() = default;

absl::StatusOr<std::unique_ptr<RpcWiring>> RpcWiring::Build(
    const api::RpcConfig& config, const PipelineConfig& pipeline_config, const Pipeline& pipeline,
    const std::set<std::string>& services, std::string config_hash, std::string config_text,
    runtime::Process& process) {
  std::unique_ptr<RpcWiring> wiring(new RpcWiring);
  GANNET_ASSIGN_OR_RETURN(
      wiring->service_,
      api::RpcService::Build(
          config, process.deps(), services, pipeline.commands.get(), api::OwnPerson(),
          api::AdminOf(process, std::move(config_hash), std::move(config_text))));
  wiring->service_->BeginWith(pipeline.standing);
  rpc::Server& server = wiring->service_->server();
  runtime::Deps& deps = process.deps();
  std::vector<execution::ExecutionService*> executions;
  for (const auto& service : pipeline.services) {
    if (auto* execution = dynamic_cast<execution::ExecutionService*>(service.get())) {
      executions.push_back(execution);
    } else if (auto* risk = dynamic_cast<risk::RiskService*>(service.get())) {
      risk::ServeRisk(server, *risk, process.shard());
    } else if (const auto* news =
                   dynamic_cast<const news_signal::NewsSignalService*>(service.get())) {
      news_signal::ServeClassifyText(server, news->engine(), process.shard());
    } else if (const auto* inference =
                   dynamic_cast<const ml_inference::InferenceService*>(service.get())) {
      wiring->extras_->inference = std::make_unique<ml_inference::InferenceRpc>(
          server, deps.files, deps.clock, pipeline_config.ml_inference, inference->engine());
    }
  }
  if (!executions.empty()) execution::ServeExecution(server, std::move(executions));
  if (pipeline.reporting != nullptr) {
    wiring->extras_->reports = std::make_unique<reporting::ReportRpc>(
        server, deps, pipeline.reporting->store(), pipeline_config.reporting.reports,
        runtime::BuildId());
    wiring->service_->WaitFor([reports = wiring->extras_->reports.get()](
                                  std::function<void()> done) { reports->Drain(std::move(done)); });
  }
  return wiring;
}

std::unique_ptr<runtime::Service> RpcWiring::TakeService() { return std::move(service_); }

}  // namespace gannet::app
