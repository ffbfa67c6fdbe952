// Puts the engine into the shard: facts it reads and writes, what comes back from
// the venue as recorded inputs, timers; and the edges: the venue's connections or
// the paper venue. The gate is asked immediately before each request leaves.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libs/bus/topics.h"
#include "libs/runtime/service.h"
#include "libs/runtime/shard.h"
#include "services/execution/config.h"
#include "services/execution/execution_engine.h"
#include "services/execution/paper_adapter.h"
#include "services/execution/venue_session.h"

namespace gannet::execution {

// Asked before each placement leaves, beside the engine's own gate: why it may
// not. For kill switches that pass ahead of the loop.
using SendGate = std::function<std::optional<Block>(const OutgoingRequest&)>;

class ExecutionService : public runtime::Service, private ExecutionOutput {
 public:
  struct Parts {
    std::unique_ptr<venue::OrderVenue> venue;    // live; null: paper
    std::optional<VenueSessionOptions> session;  // live
  };
  ExecutionService(const ExecutionConfig& config, runtime::Deps& deps, Parts parts, SendGate gate);
  ~ExecutionService() override;

  std::string_view name() const override { return "execution"; }
  absl::Status Start() override;
  // Takes up nothing new, waits for the answers to what was placed. Open orders
  // stay open.
  void Drain(std::function<void()> done) override;
  runtime::Health health() const override;

  const ExecutionEngine& engine() const { return engine_; }

 private:
  // ExecutionOutput.
  void Emit(market::ExecReport report, const market::Header& cause) override;
  void Emit(market::BalanceUpdate balance, const market::Header& cause) override;
  void Emit(market::PositionUpdate position, const market::Header& cause) override;
  void Emit(wire::EngineNote note, const market::Header& cause) override;
  void Send(OutgoingRequest request) override;
  void RestartStream() override;

  venue::OrderVenue& MakeVenue(const ExecutionConfig& config, runtime::Deps& deps, Parts& parts);
  void ConsumeFacts();
  void ConsumeMarket();
  void Resume(const market::Header& cause);
  // At the end of every turn that reached the engine.
  void Settle(const market::Header& cause);
  void HearPaper(const market::Header& cause);
  void OnTimer(const market::Header& cause);
  void Arm();

  void Transmit(OutgoingRequest request);
  std::optional<Block> SendBlock(const OutgoingRequest& request) const;
  void DeliverAnswer(const wire::HttpExchange& exchange);
  void DeliverStream(const wire::StreamEvent& event);
  void FinishDrain(std::function<void()> done);

  runtime::Shard& shard_;
  base::Executor& executor_;
  const base::Clock& clock_;
  telemetry::Log& log_;
  const runtime::Lease* const lease_;
  const SendGate gate_;

  std::unique_ptr<PaperAdapter> paper_;  // exactly one of these two
  std::unique_ptr<venue::OrderVenue> venue_;
  ExecutionEngine engine_;
  std::unique_ptr<VenueSession> session_;

  runtime::FactStream<market::ExecReport> reports_;
  runtime::FactStream<market::BalanceUpdate> balances_;
  runtime::FactStream<market::PositionUpdate> positions_;
  runtime::FactStream<market::CommandAnswer> answers_;
  runtime::FactStream<wire::EngineNote> notes_;
  runtime::InputPort http_port_{}, stream_port_{}, paper_port_{}, drain_port_{};

  base::TimerId timer_ = base::TimerId::kNone;
  base::Time timer_at_ = base::Time::max();
  bool started_ = false, draining_ = false;
  uint64_t bad_inputs_ = 0;
  telemetry::Metrics::Collector metrics_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::execution
