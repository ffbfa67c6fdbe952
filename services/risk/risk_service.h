// Subscribes the gate to intents, reports, balances, market data and commands, and
// emits verdicts, trading states and its own notes as facts. No sockets of its own.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/bus/topics.h"
#include "libs/runtime/service.h"
#include "libs/runtime/shard.h"
#include "services/risk/config.h"
#include "services/risk/portfolio_engine.h"
#include "services/risk/risk_engine.h"
#include "services/risk/risk_metrics.h"

namespace gannet::risk {

class RiskService : public runtime::Service {
 public:
  RiskService(const RiskConfig& config, runtime::Deps& deps);

  std::string_view name() const override { return "risk"; }
  absl::Status Start() override { return absl::OkStatus(); }
  // The gate answers to the end: an intent without a verdict would be open work.
  void Drain(std::function<void()> done) override { done(); }
  runtime::Health health() const override;

  const RiskEngine& engine() const { return engine_; }
  const PortfolioEngine& portfolio() const { return portfolio_; }
  std::vector<RiskEngine::Refusal> Check(market::OrderIntent intent) {
    return engine_.Check(std::move(intent), shard_.now());
  }

 private:
  void Decide(const market::OrderIntent& intent, const market::Header& cause);
  void ConsumeFacts();
  void Alarm(const market::AccountEvent& event);
  void ConsumeMarket();
  void Resume(const market::Header& cause);
  void OnTimer(const market::Header& cause);
  void Emit(const RiskEngine::Facts& facts, const market::Header& cause);
  void OnCommand(const market::Event<market::Command>& event);
  absl::Status OnLimits(const market::Event<market::Command>& event, market::CommandAnswer& answer);
  absl::Status OnState(const market::Event<market::Command>& event, market::CommandAnswer& answer);
  void TellLimitsAgain();
  void Act(const absl::StatusOr<RiskEngine::Facts>& facts, const market::Header& cause);
  // Portfolio risk: prices are kept and, once they are durable, figures asked for on the
  // background thread; they come back as a recorded input.
  void Sample(const market::Header& cause);
  void WorkOut();
  void OnFigures(std::string_view bytes, const market::Header& cause);

  runtime::Shard& shard_;
  bus::Bus& bus_;
  telemetry::Log& log_;
  const VerdictProbe probe_;
  base::Executor& executor_;
  base::Executor& background_;
  const base::Clock& clock_;
  RiskEngine engine_;
  PortfolioEngine portfolio_;
  runtime::InputPort figures_port_;
  const std::vector<std::string> strategies_;  // that this process hosts
  bool working_out_ = false;                   // figures are under way
  uint64_t figures_skipped_ = 0;
  runtime::FactStream<market::RiskDecision> decisions_;
  runtime::FactStream<market::RiskState> states_;
  runtime::FactStream<market::LimitEvent> limits_;
  runtime::FactStream<market::CommandAnswer> answers_;
  runtime::FactStream<wire::EngineNote> notes_;
  telemetry::Metrics::Collector metrics_;
  // What runs elsewhere holds it weakly, and does nothing once the service is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::risk
