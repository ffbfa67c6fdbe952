// What accounts with positions need beside fills: changes of balances that no trade of
// ours explains, the venue's own positions, its dead-man timer.
#include "absl/strings/str_cat.h"
#include "libs/venue/answer_parts.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {
namespace {

using market::Money;
using venue::OutcomeClass;
using venue::RequestKind;

constexpr base::Duration kDeadManRetry = std::chrono::seconds(1);

}  // namespace

// --- changes of balances ----------------------------------------------------------------

bool ExecutionEngine::AskBalanceChanges() {
  if (!state_.baseline()) return true;
  std::optional<venue::WireRequest> wire =
      venue_.BalanceChanges(state_.changes_checked(), VenueNow());
  if (wire) {
    return SendQuery(Purpose::kBalanceChanges, *std::move(wire),
                     {.kind = RequestKind::kBalanceChanges});
  }
  if (reconciliation_) reconciliation_->changes = Reconciliation::Part::kDone;
  return true;
}

void ExecutionEngine::OnBalanceChanges(const InFlight& request, const venue::Answer& answer) {
  const bool current = reconciliation_ && reconciliation_->number == request.session;
  if (answer.outcome != OutcomeClass::kConfirmed) {
    ++stats_.failed_reconciliations;
    if (current) {
      reconciliation_->changes = Reconciliation::Part::kToAsk;
      RetryReconciliation();
    } else {
      Schedule(now_ + options_.recheck_after, {TaskKind::kBalanceChanges, {}});
    }
    return;
  }
  const base::Time before = state_.changes_checked();
  for (const venue::BalanceChange& change : answer.changes) {
    // What was booked before the first look is in the balances taken over.
    if (change.time <= *state_.baseline() || state_.KnowsTransfer(change.id)) continue;
    ++stats_.balance_changes;
    EmitNote(ToNote(BalanceNote{BalanceNote::Kind::kTransfer, change.asset, change.amount,
                                change.id, change.time}));
  }
  // More rows of one instant than an answer holds would be asked for without end.
  const bool further = answer.more_changes && state_.changes_checked() > before;
  if (further && AskBalanceChanges()) return;
  if (!reconciliation_ || reconciliation_->number != request.session) return;
  reconciliation_->changes = further ? Reconciliation::Part::kToAsk : Reconciliation::Part::kDone;
  ContinueReconciliation();
}

// Before the fill that it belongs to: should only one of the two survive a crash, the
// fill is booked again and this is not.
void ExecutionEngine::BookRealized(const TrackedOrder& order, const venue::TradeUpdate& trade) {
  if (trade.realized.empty()) return;
  const market::Instrument* instrument =
      state_.FindInstrument(order.intent.instrument, order.intent.instrument_version);
  const std::optional<Money> amount = venue::AmountOf(trade.realized);
  if (instrument == nullptr || !amount) {
    ++stats_.unreadable_numbers;
    return;
  }
  const std::string id =
      absl::StrCat(kRealizedPrefix, trade.instrument.text(), ":", trade.trade_id);
  if (amount->zero() || state_.KnowsTransfer(id)) return;
  ++stats_.balance_changes;
  EmitNote(ToNote(BalanceNote{BalanceNote::Kind::kTransfer, instrument->settle, *amount, id}));
}

// --- positions --------------------------------------------------------------------------

void ExecutionEngine::TakeOverPositions(const std::vector<venue::PositionEntry>& positions,
                                        const std::string& evidence) {
  for (const venue::PositionEntry& entry : positions) {
    const std::optional<Money> quantity = venue::AmountOf(entry.quantity);
    if (!quantity) {
      ++stats_.unreadable_numbers;
    } else if (!quantity->zero()) {
      EmitNote(ToNote(
          PositionNote{PositionNote::Kind::kBaseline, entry.instrument, *quantity, evidence}));
    }
  }
}

// As with balances a difference counts when it is seen twice, alike.
void ExecutionEngine::ComparePositions(const std::vector<venue::PositionEntry>& positions,
                                       const std::string& evidence) {
  std::map<market::InstrumentId, Money> surplus;
  for (const market::InstrumentId& instrument : state_.HeldInstruments())
    surplus[instrument] = -state_.HeldPosition(instrument);
  for (const venue::PositionEntry& entry : positions) {
    const std::optional<Money> quantity = venue::AmountOf(entry.quantity);
    if (quantity) {
      surplus[entry.instrument] += *quantity;
    } else {
      ++stats_.unreadable_numbers;
      surplus.erase(entry.instrument);
    }
  }
  bool again = false;
  for (const auto& [instrument, amount] : surplus) {
    const auto known = state_.position_differences().find(instrument);
    const bool differs = known != state_.position_differences().end();
    if (amount.zero()) {
      position_suspects_.erase(instrument);
      if (differs)
        EmitNote(ToNote(PositionNote{PositionNote::Kind::kResolved, instrument, amount, evidence}));
      continue;
    }
    if (differs && known->second == amount) continue;
    const auto suspect = position_suspects_.find(instrument);
    if (suspect != position_suspects_.end() && suspect->second == amount) {
      ++stats_.differences;
      position_suspects_.erase(suspect);
      EmitNote(ToNote(PositionNote{PositionNote::Kind::kDifference, instrument, amount, evidence}));
    } else {
      position_suspects_[instrument] = amount;
      again = true;
      if (state_.NewestInstrument(instrument) == nullptr) continue;
      AskUncheckedTrades(instrument);
    }
  }
  if (again) Schedule(now_ + options_.recheck_after, {TaskKind::kBalances, {}});
}

// --- dead-man timer ---------------------------------------------------------------------

void ExecutionEngine::ArmDeadMan(const market::InstrumentId& instrument) {
  if (options_.dead_man == base::Duration(0) || armed_.contains(instrument)) return;
  std::optional<venue::WireRequest> wire =
      venue_.DeadMan(instrument, options_.dead_man, VenueNow());
  if (!wire) return;
  // It is what cancels for us when we no longer can: from the share kept for cancels.
  const bool sent = SendQuery(Purpose::kDeadMan, *std::move(wire),
                              {.kind = RequestKind::kDeadMan, .instrument = instrument}, {},
                              RateBudget::Use::kCancel);
  if (sent) armed_.insert(instrument);
  Schedule(now_ + (sent ? options_.dead_man / 3 : kDeadManRetry), {TaskKind::kDeadMan, {}});
}

void ExecutionEngine::RenewDeadMan() {
  armed_.clear();
  for (const market::ClientOrderId& id : state_.open()) {
    const TrackedOrder* order = state_.Find(id);
    if (order != nullptr && !order->external && order->place.id != 0)
      ArmDeadMan(order->intent.instrument);
  }
}

void ExecutionEngine::OnDeadMan(const InFlight& request, const venue::Answer& answer) {
  dead_man_failed_ = answer.outcome != OutcomeClass::kConfirmed;
  if (!dead_man_failed_) {
    ++stats_.dead_man_renewals;
    return;
  }
  ++stats_.dead_man_failures;
  armed_.erase(request.context.instrument);
  Schedule(now_ + kDeadManRetry, {TaskKind::kDeadMan, {}});
}

}  // namespace gannet::execution
