#include "apps/gannet/pipeline.h"

#include <utility>

#include "libs/base/status.h"
#include "services/execution/paper_codec.h"
#include "services/risk/portfolio_json.h"
#include "services/risk/risk_service.h"

namespace gannet::app {

absl::StatusOr<Pipeline> BuildPipeline(const PipelineConfig& config, runtime::Deps& deps,
                                       PipelineParts parts) {
  Pipeline pipeline;
  const auto hosts = [&parts](const char* name) { return parts.services.contains(name); };
  const auto add = [&pipeline](std::unique_ptr<runtime::Service> service) {
    pipeline.services.push_back(std::move(service));
  };
  // Who watches stands first, so that it is drained last.
  if (hosts("reporting") && parts.watchers) {
    auto reporting = reporting::BuildReporting(config.reporting, deps, std::move(parts.store),
                                               std::move(parts.report_writer));
    pipeline.reporting = reporting.get();
    add(std::move(reporting));
  }
  // Whoever faces people, and whoever decides: that can be stopped on the spot.
  if (hosts("gateway") || hosts("execution") || hosts("risk") || hosts("strategy"))
    pipeline.commands = std::make_unique<command::ShardCommands>(deps);
  struct Holders {
    std::vector<const execution::ExecutionService*> executions;
    const strategy::StrategyService* strategy = nullptr;
    const risk::RiskService* risk = nullptr;
  };
  const auto holders = std::make_shared<Holders>();
  // A bus that outlives the process tells it all itself.
  if (!deps.bus.Distant()) {
    pipeline.standing = [holders] {
      market::Standing standing;
      if (holders->strategy != nullptr) holders->strategy->AddTo(standing);
      for (const auto* execution : holders->executions) execution->AddTo(standing);
      return standing;
    };
  }
  if (hosts("gateway") && parts.watchers) {
    if (hosts("risk"))
      parts.gateway.portfolio_risk = [holders] { return risk::PortfolioJson(*holders->risk); };
    gateway::GatewayConfig settings = config.gateway;
    settings.model_registry = config.ml_inference.registry;
    parts.gateway.standing = pipeline.standing;
    parts.gateway.commands = [commands = pipeline.commands.get()] { return commands; };
    auto gateway = gateway::BuildGateway(settings, deps, std::move(parts.gateway));
    pipeline.gateway = gateway.get();
    add(std::move(gateway));
  }
  if (hosts("execution")) {
    GANNET_ASSIGN_OR_RETURN(auto executions, execution::BuildExecution(config.execution, deps));
    for (auto& execution : executions) {
      holders->executions.push_back(execution.get());
      add(std::move(execution));
    }
  }
  if (hosts("risk")) {
    risk::RiskConfig risk = config.risk;
    // One wallet pays for orders at every venue whose market the paper venue sees.
    if (config.execution.venue == execution::VenueKind::kPaper)
      risk.limits.wallets.try_emplace(config.execution.account, execution::kPaperVenueName);
    if (hosts("strategy")) risk.strategies = config.strategy.Names();
    auto service = risk::BuildRisk(risk, deps);
    holders->risk = service.get();
    add(std::move(service));
  }
  if (hosts("strategy")) {
    auto strategy = strategy::BuildStrategy(config.strategy, deps);
    holders->strategy = strategy.get();
    add(std::move(strategy));
  }
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
