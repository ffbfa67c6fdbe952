// Subscribes the engine to market, news, predictions, verdicts, reports, trading
// states and commands, and emits its intents as facts. No sockets of its own.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "libs/bus/topics.h"
#include "libs/market/standing.h"
#include "libs/runtime/service.h"
#include "libs/runtime/shard.h"
#include "services/strategy/config.h"
#include "services/strategy/strategy_engine.h"

namespace gannet::strategy {

class StrategyService : public runtime::Service {
 public:
  StrategyService(const StrategyConfig& config, runtime::Deps& deps);

  std::string_view name() const override { return "strategy"; }
  absl::Status Start() override { return absl::OkStatus(); }
  // No new intents; working orders are cancelled when the configuration says so,
  // and `done` waits for their ends.
  void Drain(std::function<void()> done) override;
  runtime::Health health() const override;

  const StrategyEngine& engine() const { return engine_; }
  // The parent orders that work.
  void AddTo(market::Standing& standing) const;

 private:
  void ConsumeFacts();
  void ConsumeMarket();
  void Resume(const market::Header& cause);
  // What a crash left between a command and its answer.
  void ResumeCommands();
  void OnTimer(const market::Header& cause);
  void OnDrain(const market::Header& cause);
  void Look(Index instrument, const market::Header& cause);
  void LookAtAll(const market::Header& cause);
  void LookAtParents(const market::Header& cause);
  // Numbers and emits what has been drafted, then what parents make of what has come.
  void Emit(const market::Header& cause);
  void Number(const std::vector<Draft>& drafts, const market::Header& cause);
  void Take(ParentSteps& steps, const market::Header& cause);
  // Answers a command: makes the intent of one about an order.
  void Answer(const market::Event<market::Command>& command);
  void FinishDrain();

  runtime::Shard& shard_;
  base::Executor& executor_;
  telemetry::Log& log_;
  StrategyEngine engine_;
  runtime::FactStream<market::OrderIntent> intents_;
  runtime::FactStream<market::ParentOrder> parents_;
  runtime::FactStream<market::CommandAnswer> answers_;
  runtime::FactStream<wire::EngineNote> notes_;
  runtime::InputPort drain_port_;
  std::vector<Draft> drafts_;  // used again in every turn
  ParentSteps steps_;          // the same
  std::function<void()> drained_;
};

}  // namespace gannet::strategy
