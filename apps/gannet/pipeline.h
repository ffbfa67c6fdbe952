// The decision services of one process, from news to reports, in the order in
// which data flows. `gannet run`, replay, journal verification and simulation
// build the same; what differs is where market data comes from and which venue
// execution talks to.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/command/shard_commands.h"
#include "libs/market/standing.h"
#include "libs/runtime/service.h"
#include "libs/store/store.h"
#include "services/execution/app.h"
#include "services/gateway/app.h"
#include "services/ml-inference/app.h"
#include "services/news-signal/app.h"
#include "services/reporting/app.h"
#include "services/risk/app.h"
#include "services/strategy/app.h"

namespace gannet::app {

struct PipelineConfig {
  news_signal::NewsSignalConfig news_signal;
  ml_inference::MlInferenceConfig ml_inference;
  strategy::StrategyConfig strategy;
  risk::RiskConfig risk;
  execution::ExecutionConfig execution;
  reporting::ReportingConfig reporting;
  gateway::GatewayConfig gateway;
};

// Names as on --services.
inline const std::set<std::string> kPipelineServices = {
    "news-signal", "ml-inference", "strategy", "risk", "execution", "reporting", "gateway"};

// What a pipeline has beside its services.
struct PipelineParts {
  std::set<std::string> services = kPipelineServices;
  bool watchers = true;  // false: without those that only watch, whatever `services` says
  std::unique_ptr<store::Store> store;    // for reporting
  reporting::ReportWriter report_writer;  // the same; null: no scheduled reports
  gateway::GatewayParts gateway;          // its commands and limits are filled in here
};

struct Pipeline {
  // What people ask; null where nothing is decided and nobody faced. Outlives the services.
  std::unique_ptr<command::ShardCommands> commands;
  // To be started in this order; drained in the reverse one.
  std::vector<std::unique_ptr<runtime::Service>> services;
  reporting::ReportingService* reporting = nullptr;  // null when it does not run here
  gateway::GatewayService* gateway = nullptr;
  // What the services that decide hold, while they live; null: the bus keeps it.
  std::function<market::Standing()> standing;
};

absl::StatusOr<Pipeline> BuildPipeline(const PipelineConfig& config, runtime::Deps& deps,
                                       PipelineParts parts);

}  // namespace gannet::app
