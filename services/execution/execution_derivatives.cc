// What accounts with positions need beside fills: changes of balances that no trade of
// ours explains, the venue's own positions, its dead-man timer.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/venue/answer_parts.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {
namespace {

using market::Money;
using venue::OutcomeClass;
using venue::RequestKind;

constexpr base::Duration kDeadManRetry = std::chrono::seconds(1);
// Rows of what changed balances may come late, so that younger ones are known before them.
constexpr base::Duration kLateChanges = std::chrono::minutes(2);
// What does not run as it was set may take effect still (Bybit: "query or set again after 10
// seconds").
constexpr base::Duration kDeadManEffect = std::chrono::seconds(10);

// The orders by which USD-M closes positions itself are known by their client ids ("Event:
// Order Update", special client order id).
market::AccountEventKind KindOfTrade(const TrackedOrder& order, venue::TradeKind kind) {
  switch (kind) {
    case venue::TradeKind::kLiquidation:
      return market::AccountEventKind::kLiquidation;
    case venue::TradeKind::kAdl:
      return market::AccountEventKind::kAdl;
    case venue::TradeKind::kSettlement:
      return market::AccountEventKind::kSettlement;
    case venue::TradeKind::kOrder:
      break;
  }
  const std::string& id = order.id().text();
  if (!order.external) return market::AccountEventKind::kFill;
  if (id.starts_with("autoclose-")) return market::AccountEventKind::kLiquidation;
  if (id.starts_with("adl_autoclose")) return market::AccountEventKind::kAdl;
  if (id.starts_with("settlement_autoclose-")) return market::AccountEventKind::kSettlement;
  return market::AccountEventKind::kFill;
}

market::AccountEventKind KindOf(venue::ChangeKind kind) {
  switch (kind) {
    case venue::ChangeKind::kTransfer:
      return market::AccountEventKind::kTransfer;
    case venue::ChangeKind::kFunding:
      return market::AccountEventKind::kFunding;
    case venue::ChangeKind::kLiquidation:
      return market::AccountEventKind::kLiquidation;
    case venue::ChangeKind::kSettlement:
      return market::AccountEventKind::kSettlement;
    case venue::ChangeKind::kRealized:
      return market::AccountEventKind::kFill;
    case venue::ChangeKind::kAdjustment:
      break;
  }
  return market::AccountEventKind::kAdjustment;
}

}  // namespace

// --- changes of balances ----------------------------------------------------------------

bool ExecutionEngine::AskBalanceChanges() {
  if (!state_.baseline()) return true;
  return AskBalanceChanges(
      {.kind = RequestKind::kBalanceChanges,
       .since = std::max(*state_.baseline(), state_.changes_checked() - kLateChanges)});
}

// `context.part`: how many full answers began at `context.since`.
bool ExecutionEngine::AskBalanceChanges(venue::RequestContext context) {
  std::optional<venue::WireRequest> wire =
      venue_.BalanceChanges(context.since, context.part, VenueNow());
  if (wire) return SendQuery(Purpose::kBalanceChanges, *std::move(wire), std::move(context));
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
  // Oldest first: what is checked is remembered by time.
  std::vector<venue::BalanceChange> changes = answer.changes;
  std::stable_sort(changes.begin(), changes.end(),
                   [](const auto& a, const auto& b) { return a.time < b.time; });
  for (const venue::BalanceChange& change : changes) {
    // What was booked before the first look is in the balances taken over.
    if (change.time > *state_.baseline()) BookChange(change.kind, change, answer.evidence);
  }
  // Rows of which nothing was booked have been looked at too.
  if (answer.changes_until > state_.changes_checked())
    EmitNote(ToNote(BalanceNote{.kind = BalanceNote::Kind::kChecked,
                                .evidence = answer.evidence,
                                .time = answer.changes_until}));
  if (answer.more_changes) {
    venue::RequestContext next = request.context;
    // An answer full of rows of one instant leads no further in time.
    next.part = answer.changes_until > next.since ? 0 : next.part + 1;
    next.since = std::max(next.since, answer.changes_until);
    if (AskBalanceChanges(std::move(next))) return;
  }
  if (!reconciliation_ || reconciliation_->number != request.session) return;
  reconciliation_->changes =
      answer.more_changes ? Reconciliation::Part::kToAsk : Reconciliation::Part::kDone;
  ContinueReconciliation();
}

void ExecutionEngine::BookChange(venue::ChangeKind kind, const venue::BalanceChange& change,
                                 const std::string& evidence) {
  if (state_.KnowsTransfer(change.id)) return;
  ++stats_.balance_changes;
  market::AccountEvent booking;
  booking.kind = KindOf(kind);
  booking.account = options_.account;
  booking.venue.assign(venue_.name());
  booking.id = change.id;
  booking.strategy = market::StrategyId(kExternalStrategy);
  booking.instrument = change.instrument;
  booking.changes = {{change.asset, change.amount}};
  booking.evidence = evidence;
  booking.time = change.time;
  market::Header cause = cause_;
  if (change.time != base::Time()) cause.event_time = change.time;
  out_.Emit(std::move(booking), cause);
  LookAtDifferences();
}

// Before the report that they belong to: should only they survive a crash, the fill is booked
// again and they are not. The fee first, so that the trade is the word that all is said.
void ExecutionEngine::BookEvents(const TrackedOrder& order, const venue::TradeUpdate& trade,
                                 const market::Fill& fill, const std::string& evidence) {
  const market::Instrument* instrument =
      state_.FindInstrument(order.intent.instrument, order.intent.instrument_version);
  if (instrument == nullptr) return;
  market::AccountEvent booking;
  booking.kind = market::AccountEventKind::kFee;
  booking.account = options_.account;
  booking.venue.assign(venue_.name());
  booking.id = fill.trade_id;
  booking.strategy = order.intent.strategy;
  booking.instrument = order.intent.instrument;
  booking.instrument_version = order.intent.instrument_version;
  booking.client_order_id = order.id();
  booking.evidence = evidence;
  booking.time = trade.time;
  const market::Header chain = Chain(order.correlation, trade.time);
  if (!fill.fee.zero() && !fill.fee_asset.empty() && !state_.KnowsTransfer(BookingKey(booking))) {
    booking.changes = {{fill.fee_asset, -fill.fee}};
    out_.Emit(booking, chain);
  }
  booking.kind = KindOfTrade(order, trade.kind);
  if (state_.KnowsTransfer(BookingKey(booking))) return;
  Money slack;
  booking.changes = ChangesOf(*instrument, order.intent.side, fill, slack);
  const bool buys = order.intent.side == market::Side::kBuy;
  booking.quantity = {buys ? fill.quantity.mantissa : -fill.quantity.mantissa};
  booking.price = fill.price;
  if (!trade.realized.empty()) {
    const std::optional<Money> amount = venue::AmountOf(trade.realized);
    const std::string noted =
        absl::StrCat(kRealizedPrefix, trade.instrument.text(), ":", trade.trade_id);
    if (!amount) ++stats_.unreadable_numbers;
    if (amount && !amount->zero() && !state_.KnowsTransfer(noted)) {
      ++stats_.balance_changes;
      booking.changes.push_back({instrument->settle, *amount});
    }
  }
  out_.Emit(std::move(booking), chain);
  LookAtDifferences();
}

// What was just booked may be what a difference was about: it shall not stand until the next
// reconciliation.
void ExecutionEngine::LookAtDifferences() {
  if (state_.differences().empty() && state_.position_differences().empty()) return;
  Schedule(now_ + options_.recheck_after, {TaskKind::kBalances, {}});
}

// --- positions --------------------------------------------------------------------------

// The gate and the reports know a position by what added to it, each at a price: one from before
// is theirs once people have signed it.
void ExecutionEngine::TakeOverPositions(const std::vector<venue::PositionEntry>& positions,
                                        const std::string& evidence) {
  for (const venue::PositionEntry& entry : positions) {
    const std::optional<Money> quantity = venue::AmountOf(entry.quantity);
    if (!quantity) {
      ++stats_.unreadable_numbers;
    } else if (!quantity->zero()) {
      ++stats_.differences;
      EmitNote(ToNote(
          PositionNote{PositionNote::Kind::kDifference, entry.instrument, *quantity, evidence}));
    }
  }
}

// As with balances a difference counts when it is seen twice, alike.
void ExecutionEngine::ComparePositions(const std::vector<venue::PositionEntry>& positions,
                                       const std::string& evidence) {
  std::map<market::InstrumentId, Money> surplus;
  for (const market::InstrumentId& instrument : state_.HeldInstruments())
    surplus[instrument] = -state_.HeldPosition(instrument);
  // A difference of what is held nowhere any more.
  for (const auto& [instrument, difference] : state_.position_differences())
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
    const bool learned = Learn(instrument);  // its trades can be asked for only now
    if (learned) {
      AskUncheckedTrades(instrument);
      again = true;
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
      if (!learned && state_.NewestInstrument(instrument) != nullptr)
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
  const auto failed = std::exchange(dead_man_failed_, {});
  const auto running = std::exchange(dead_man_running_, {});
  for (const market::ClientOrderId& id : state_.open()) {
    const TrackedOrder* order = state_.Find(id);
    if (order == nullptr || order->external || order->place.id == 0) continue;
    const market::InstrumentId& instrument = order->intent.instrument;
    if (const auto found = failed.find(instrument); found != failed.end())
      dead_man_failed_.insert(*found);
    if (running.contains(instrument)) dead_man_running_.insert(instrument);
    ArmDeadMan(instrument);
  }
}

void ExecutionEngine::OnDeadMan(const InFlight& request, const venue::Answer& answer) {
  const market::InstrumentId& instrument = request.context.instrument;
  const bool unfit = !answer.unfit.empty();
  if (answer.outcome == OutcomeClass::kConfirmed && !unfit) {
    ++stats_.dead_man_renewals;
    dead_man_failed_.erase(instrument);
    dead_man_running_.insert(instrument);
    return;
  }
  ++stats_.dead_man_failures;
  dead_man_failed_[instrument] =
      unfit ? answer.unfit : absl::StrCat(answer.code, " ", answer.message);
  if (unfit) dead_man_running_.erase(instrument);
  armed_.erase(instrument);
  Schedule(now_ + (unfit ? kDeadManEffect : kDeadManRetry), {TaskKind::kDeadMan, {}});
}

}  // namespace gannet::execution
