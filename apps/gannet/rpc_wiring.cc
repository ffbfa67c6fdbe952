#include "apps/gannet/rpc_wiring.h"

#include <pwd.h>
#include <unistd.h>

#include <utility>

#include "libs/base/status.h"
#include "libs/runtime/flags.h"
#include "services/ml-inference/inference_rpc.h"
#include "services/risk/risk_rpc.h"
#include "services/risk/risk_service.h"

namespace gannet::app {

struct RpcWiring::Extras {
  std::unique_ptr<ml_inference::InferenceRpc> inference;
};

RpcWiring::RpcWiring() : extras_(std::make_unique<Extras>()) {}
RpcWiring::~RpcWiring() = default;

std::string OwnPerson() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr && entry->pw_name[0] != '\0' ? entry->pw_name : "local";
}

absl::StatusOr<std::unique_ptr<RpcWiring>> RpcWiring::Build(
    const api::RpcConfig& config, const PipelineConfig& pipeline_config, const Pipeline& pipeline,
    const std::set<std::string>& services, std::string config_hash, runtime::Process& process) {
  std::unique_ptr<RpcWiring> wiring(new RpcWiring);
  api::AdminParts admin{.build_id = runtime::BuildId(),
                        .config_hash = std::move(config_hash),
                        .started = process.deps().clock.Now(),
                        .shard = process.shard(),
                        .journal = process.journal()};
  admin.health = [&process] { return process.health().Each(); };
  admin.drain = [&process](std::string reason) {
    // After the answer has left.
    process.executor().After(std::chrono::milliseconds(50),
                             [&process, reason = std::move(reason)] { process.Stop(reason); });
  };
  GANNET_ASSIGN_OR_RETURN(wiring->service_, api::RpcService::Build(config, process.deps(), services,
                                                                   pipeline.commands.get(),
                                                                   OwnPerson(), std::move(admin)));
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
