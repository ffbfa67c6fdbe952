#include "apps/gannet/pipeline.h"

#include <utility>

#include "libs/base/status.h"

namespace gannet::app {

absl::StatusOr<Pipeline> BuildPipeline(const PipelineConfig& config, runtime::Deps& deps,
                                       PipelineParts parts) {
  Pipeline pipeline;
  const auto hosts = [&parts](const char* name) { return parts.services.contains(name); };
  const auto add = [&pipeline](std::unique_ptr<runtime::Service> service) {
    pipeline.services.push_back(std::move(service));
  };
  // Who watches stands first, so that it is drained last.
  if (hosts("reporting")) {
    auto reporting = reporting::BuildReporting(config.reporting, deps, std::move(parts.store));
    pipeline.reporting = reporting.get();
    add(std::move(reporting));
  }
  if (hosts("gateway")) {
    auto gateway = gateway::BuildGateway(config.gateway, deps, std::move(parts.platform_health));
    pipeline.gateway = gateway.get();
    add(std::move(gateway));
  }
  if (hosts("execution")) {
    GANNET_ASSIGN_OR_RETURN(auto execution, execution::BuildExecution(config.execution, deps));
    add(std::move(execution));
  }
  if (hosts("risk")) add(risk::BuildRisk(config.risk, deps));
  if (hosts("strategy")) add(strategy::BuildStrategy(config.strategy, deps));
  if (hosts("ml-inference")) {
    GANNET_ASSIGN_OR_RETURN(auto inference,
                            ml_inference::BuildMlInference(config.ml_inference, deps));
    add(std::move(inference));
  }
  if (hosts("news-signal")) {
    GANNET_ASSIGN_OR_RETURN(auto news, news_signal::BuildNewsSignal(config.news_signal, deps));
    add(std::move(news));
  }
  return pipeline;
}

}  // namespace gannet::app
