#include "apps/gannet/rpc_wiring.h"

#include <utility>

#include "libs/api/program_rpc.h"
#include "libs/base/status.h"
#include "services/ml-inference/inference_rpc.h"
#include "services/risk/risk_rpc.h"
#include "services/risk/risk_service.h"

namespace gannet::app {

struct RpcWiring::Extras {
  std::unique_ptr<ml_inference::InferenceRpc> inference;
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
  rpc::Server& server = wiring->service_->server();
  for (const auto& service : pipeline.services) {
    if (const auto* risk = dynamic_cast<const risk::RiskService*>(service.get()))
      risk::ServeRisk(server, risk->engine(), process.shard());
  }
  if (services.contains("ml-inference")) {
    wiring->extras_->inference = std::make_unique<ml_inference::InferenceRpc>(
        server, process.deps().files, pipeline_config.ml_inference);
  }
  return wiring;
}

std::unique_ptr<runtime::Service> RpcWiring::TakeService() { return std::move(service_); }

}  // namespace gannet::app
