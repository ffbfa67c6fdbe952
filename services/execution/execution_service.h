// Puts the engine into the shard: facts it reads and writes, what comes back from
// the venue as recorded inputs, timers; and the edges: the venue's connections or
// the paper venue. The gate is asked immediately before each request leaves.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/bus/account_topic.h"
#include "libs/runtime/service.h"
#include "libs/runtime/shard.h"
#include "libs/venue/keyed_venue.h"
#include "services/execution/config.h"
#include "services/execution/execution_engine.h"
#include "services/execution/order_socket.h"
#include "services/execution/paper_adapter.h"
#include "services/execution/venue_session.h"

namespace gannet::execution {

// Asked before each placement leaves, beside the engine's own gate: why it, or an order of
// its batch, may not. For kill switches that pass ahead of the loop.
using SendGate = std::function<std::optional<Block>(const OutgoingRequest&)>;

class ExecutionService : public runtime::Service, private ExecutionOutput {
 public:
  struct Parts {
    std::unique_ptr<venue::OrderVenue> venue;    // live; null: paper
    std::optional<VenueSessionOptions> session;  // live
    // Orders over a WebSocket: `keyed` is the venue, which is told when to.
    std::optional<OrderSocketOptions> orders;
    venue::KeyedVenue* keyed = nullptr;
    Domain domain;
  };
  ExecutionService(const ExecutionConfig& config, runtime::Deps& deps, Parts parts, SendGate gate);
  ~ExecutionService() override;

  // The name of its engine, of its state and before that of its inputs.
  std::string_view name() const override { return engine_.state().domain().engine; }
  absl::Status Start() override;
  // Takes up nothing new, waits for the answers to what was placed. Open orders
  // stay open.
  void Drain(std::function<void()> done) override;
  runtime::Health health() const override;

  const ExecutionEngine& engine() const { return engine_; }
  void AddTo(market::Standing& standing) const { engine_.AddTo(standing, shard_.now()); }
  const market::AccountId& account() const { return engine_.state().account(); }
  const Domain& domain() const { return engine_.state().domain(); }
  std::string_view venue() const { return venue_name_; }

  // What the venue holds beside what is held here, asked now. Without `dry_run` what the
  // venue says is booked first. `done` runs once, outside any turn, unless the service goes
  // before. False: too many ask at once.
  using OnInspected = std::function<void(const Comparison&)>;
  static constexpr size_t kMaxInspections = 16;
  bool Inspect(bool dry_run, OnInspected done);

  // What a person wants of a difference. `done` as above, once it is durable.
  using OnAdjusted = std::function<void(const absl::StatusOr<AdjustAnswer>&)>;
  bool Adjust(const AdjustRequest& request, OnAdjusted done);

  // Runs `task` on the executor's thread, unless the service goes before.
  void Later(base::Duration delay, std::function<void()> task);

  // When bytes of a kill switch's scope left, on the process's clock; zero: none.
  struct StopBytes {
    uint64_t number = 0;       // of the StopRun
    base::Time gate_closed{};  // from here on the gate refuses placements of the scope
    base::Time last_order{}, last_cancel{}, verified{};
    uint32_t orders = 0, cancels = 0;
  };
  const StopBytes* FindStop(uint64_t number) const;
  // Whether orders go over the order socket now: it is open and, where it must be, logged in.
  bool orders_go_by_socket() const { return keyed_ != nullptr && keyed_->uses_socket(); }
  // Requests that went over the order socket.
  uint64_t sent_by_socket() const { return orders_ ? orders_->sent() : 0; }

 private:
  // ExecutionOutput.
  void Emit(market::ExecReport report, const market::Header& cause) override;
  void Emit(market::BalanceUpdate balance, const market::Header& cause) override;
  void Emit(market::PositionUpdate position, const market::Header& cause) override;
  void Emit(market::AccountEvent event, const market::Header& cause) override;
  void Emit(wire::EngineNote note, const market::Header& cause) override;
  void Emit(market::CommandAnswer answer, const market::Header& cause) override;
  void Send(OutgoingRequest request) override;
  void RestartStream() override;
  void Inspected(const std::vector<uint64_t>& tickets, const Comparison& comparison) override;
  void Adjusted(uint64_t ticket, const absl::StatusOr<AdjustAnswer>& answer) override;

  venue::OrderVenue& MakeVenue(const ExecutionConfig& config, runtime::Deps& deps, Parts& parts);
  void ConsumeFacts();
  void ConsumeMarket();
  void Resume(const market::Header& cause);
  // At the end of every turn that reached the engine.
  void Settle(const market::Header& cause);
  void AnswerEnded(const market::Header& cause);
  void HearPaper(const market::Header& cause);
  void OnTimer(const market::Header& cause);
  void OnOrderSocket(const wire::StreamEvent& event);
  void Arm();

  void NoteStops();
  void NoteBytes(const OutgoingRequest& request);
  void Transmit(OutgoingRequest request);
  // Why nothing may leave this process now; why an order of the request may not.
  std::optional<Block> ProcessBlock(const OutgoingRequest& request) const;
  std::optional<Block> OrderBlock(const OutgoingRequest& request) const;
  void DeliverAnswer(const wire::HttpExchange& exchange);
  void DeliverStream(const wire::StreamEvent& event);
  void FinishDrain(std::function<void()> done);

  runtime::Shard& shard_;
  base::Executor& executor_;
  const base::Clock& clock_;
  telemetry::Log& log_;
  const runtime::Lease* const lease_;
  const SendGate gate_;
  std::string venue_name_;

  std::unique_ptr<PaperAdapter> paper_;  // exactly one of these two
  std::unique_ptr<venue::OrderVenue> venue_;
  ExecutionEngine engine_;
  std::unique_ptr<VenueSession> session_;
  venue::KeyedVenue* keyed_ = nullptr;  // with `orders_`
  std::unique_ptr<OrderSocket> orders_;

  runtime::FactStream<market::ExecReport> reports_;
  runtime::FactStream<market::BalanceUpdate> balances_;
  runtime::FactStream<market::PositionUpdate> positions_;
  runtime::FactStream<market::AccountEvent> account_events_;
  runtime::FactStream<market::CommandAnswer> answers_;
  runtime::FactStream<wire::EngineNote> notes_;
  runtime::InputPort http_port_{}, stream_port_{}, paper_port_{}, drain_port_{}, inspect_port_{},
      adjust_port_{};

  base::TimerId timer_ = base::TimerId::kNone;
  base::Time timer_at_ = base::Time::max();
  bool started_ = false, draining_ = false;
  bool gathers_ = false;  // verdicts, until the turn ends
  bool follows_ = false;  // cancel-alls, the same
  uint64_t bad_inputs_ = 0;
  std::map<uint64_t, OnInspected> inspections_;
  std::map<uint64_t, OnAdjusted> adjustments_;
  uint64_t next_ticket_ = 0;
  std::deque<StopBytes> stop_bytes_;
  telemetry::Metrics::Collector metrics_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::execution
