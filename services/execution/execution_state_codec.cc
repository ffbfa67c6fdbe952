// The bytes of a snapshot: every member of ExecutionState, in the order of its
// declaration.
#include "libs/base/status.h"
#include "libs/wire/saved.h"
#include "services/execution/execution_state.h"

namespace gannet::execution {
namespace {

using wire::CanonicalReader;
using wire::CanonicalWriter;

// 1: without positions of derivatives and changes of balances.
// 2: without adjustments and halts.
// 3: before amendments.
// 4: without the venue's pause.
// 5: before orders changed by another hand.
// 6: without whether an order is to be cancelled.
// 7: without proposals about orders; 8: of transfers
// 9: without pauses of less than everything
// 10: without which process asked for an order
// 11: without the bounds of market orders
// 12: without closing positions under a kill switch
constexpr uint8_t kStateVersion = 13;

void Write(CanonicalWriter& out, const JournaledRequest& request) {
  out.U64(request.id);
  out.Time(request.timestamp);
  out.Duration(request.receive_window);
}
JournaledRequest ReadRequest(CanonicalReader& in) {
  JournaledRequest request;
  request.id = in.U64();
  request.timestamp = in.Time();
  request.receive_window = in.Duration();
  return request;
}

void Write(CanonicalWriter& out, const std::optional<market::Scope>& emergency) {
  out.Bool(emergency.has_value());
  if (emergency) execution::Write(out, *emergency);
}
std::optional<market::Scope> ReadEmergency(CanonicalReader& in) {
  return in.Bool() ? std::optional(ReadScope(in)) : std::nullopt;
}

void Write(CanonicalWriter& out, const TrackedOrder& order) {
  wire::SaveIntent(out, order.intent);
  out.U8(static_cast<uint8_t>(order.life.state()));
  out.U8(static_cast<uint8_t>(order.life.working()));
  out.I64(order.quantity.mantissa);
  out.I64(order.cumulative.mantissa);
  out.U32(static_cast<uint32_t>(order.trade_ids.size()));
  for (const std::string& trade : order.trade_ids) out.Bytes(trade);
  out.Text(order.venue_order_id);
  Write(out, order.place);
  Write(out, order.cancel);
  out.I64(order.price.mantissa);
  out.Bool(order.amendment.has_value());
  if (order.amendment) {
    out.Text(order.amendment->id);
    out.I64(order.amendment->price.mantissa);
    out.I64(order.amendment->quantity.mantissa);
    Write(out, order.amendment->request);
    out.Time(order.amendment->verdict_expires);
    out.U64(order.amendment->epoch);
  }
  out.Time(order.amended_at);
  out.U64(order.amend_sequence);
  out.Time(order.verdict_expires);
  out.U64(order.epoch);
  out.Bool(order.external);
  out.Bool(order.triggered);
  out.Bool(order.changed);
  out.Bool(order.cancel_wanted);
  out.EventId(order.correlation);
  out.U64(order.origin);
  Write(out, order.emergency);
}

TrackedOrder ReadOrder(CanonicalReader& in, uint8_t version) {
  TrackedOrder order;
  order.intent = wire::LoadIntent(in);
  const auto state = static_cast<market::OrderState>(in.U8());
  order.life = market::OrderLife(state, static_cast<market::OrderState>(in.U8()));
  order.quantity.mantissa = in.I64();
  order.cumulative.mantissa = in.I64();
  const uint32_t trades = in.U32();
  for (uint32_t i = 0; i < trades && in.ok(); ++i) order.trade_ids.push_back(in.Bytes());
  order.venue_order_id = in.Text<market::VenueOrderId>();
  order.place = ReadRequest(in);
  order.cancel = ReadRequest(in);
  order.price = order.intent.price;
  if (version >= 4) {
    order.price.mantissa = in.I64();
    if (in.Bool()) {
      Amendment& amendment = order.amendment.emplace();
      amendment.id = in.Text<market::ClientOrderId>();
      amendment.price.mantissa = in.I64();
      amendment.quantity.mantissa = in.I64();
      amendment.request = ReadRequest(in);
      amendment.verdict_expires = in.Time();
      amendment.epoch = in.U64();
    }
    order.amended_at = in.Time();
    order.amend_sequence = in.U64();
  }
  order.verdict_expires = in.Time();
  order.epoch = in.U64();
  order.external = in.Bool();
  order.triggered = in.Bool();
  if (version >= 6) order.changed = in.Bool();
  order.cancel_wanted = version >= 7 ? in.Bool() : state == market::OrderState::kPendingCancel;
  order.correlation = in.EventId();
  if (version >= 11) order.origin = in.U64();
  if (version >= 13) order.emergency = ReadEmergency(in);
  return order;
}

void Write(CanonicalWriter& out, const OpenVerdict& verdict) {
  execution::Write(out, verdict.decision);
  out.EventId(verdict.correlation);
  out.U64(verdict.origin);
  Write(out, verdict.emergency);
}

OpenVerdict ReadVerdict(CanonicalReader& in, uint8_t version) {
  OpenVerdict verdict;
  verdict.decision = execution::ReadVerdict(in);
  verdict.correlation = in.EventId();
  if (version >= 11) verdict.origin = in.U64();
  if (version >= 13) verdict.emergency = ReadEmergency(in);
  return verdict;
}

void Write(CanonicalWriter& out, const market::Position& position) {
  out.I64(position.net.mantissa);
  out.U32(static_cast<uint32_t>(position.lots.size()));
  for (const market::Lot& lot : position.lots) {
    out.I64(lot.quantity.mantissa);
    out.Money(lot.cash);
  }
  out.Money(position.realized);
  out.U32(static_cast<uint32_t>(position.fees.size()));
  for (const auto& [asset, fee] : position.fees) {
    out.Text(asset);
    out.Money(fee);
  }
  out.Money(position.base_fee_rest);
  out.U64(position.fills);
  out.U64(position.merged_lots);
  out.I32(position.quantity_scale);
}

market::Position ReadPosition(CanonicalReader& in) {
  market::Position position;
  position.net.mantissa = in.I64();
  const uint32_t lots = in.U32();
  for (uint32_t i = 0; i < lots && in.ok(); ++i) {
    market::Lot lot;
    lot.quantity.mantissa = in.I64();
    lot.cash = in.Money();
    position.lots.push_back(lot);
  }
  position.realized = in.Money();
  const uint32_t fees = in.U32();
  for (uint32_t i = 0; i < fees && in.ok(); ++i) {
    const auto asset = in.Text<market::AssetId>();
    position.fees[asset] = in.Money();
  }
  position.base_fee_rest = in.Money();
  position.fills = in.U64();
  position.merged_lots = in.U64();
  position.quantity_scale = in.I32();
  return position;
}

template <class Map, class Each>
void WriteMap(CanonicalWriter& out, const Map& map, Each each) {
  out.U32(static_cast<uint32_t>(map.size()));
  for (const auto& [key, value] : map) each(key, value);
}
template <class Each>
void ReadMap(CanonicalReader& in, Each each) {
  const uint32_t count = in.U32();
  for (uint32_t i = 0; i < count && in.ok(); ++i) each();
}

// By asset or instrument.
template <class Id>
void WriteAmounts(CanonicalWriter& out, const std::map<Id, market::Money>& amounts) {
  WriteMap(out, amounts, [&](const auto& id, const auto& amount) {
    out.Text(id);
    out.Money(amount);
  });
}
template <class Id>
void ReadAmounts(CanonicalReader& in, std::map<Id, market::Money>& amounts) {
  amounts.clear();
  ReadMap(in, [&] {
    const auto id = in.Text<Id>();
    amounts[id] = in.Money();
  });
}

void WriteMarks(CanonicalWriter& out, const std::map<market::InstrumentId, uint64_t>& marks) {
  WriteMap(out, marks, [&](const auto& instrument, uint64_t mark) {
    out.Text(instrument);
    out.U64(mark);
  });
}
void ReadMarks(CanonicalReader& in, std::map<market::InstrumentId, uint64_t>& marks) {
  marks.clear();
  ReadMap(in, [&] {
    const auto instrument = in.Text<market::InstrumentId>();
    marks[instrument] = in.U64();
  });
}

}  // namespace

void ExecutionState::Save(CanonicalWriter& out) const {
  out.U8(kStateVersion);
  out.Text(account_);
  WriteMap(out, orders_, [&](const auto&, const TrackedOrder& order) { Write(out, order); });
  out.U32(static_cast<uint32_t>(closed_.size()));
  for (const auto& id : closed_) out.Text(id);
  WriteMap(out, verdicts_, [&](const auto&, const OpenVerdict& verdict) { Write(out, verdict); });
  WriteMap(out, cancels_, [&](const auto&, const OpenCancel& cancel) {
    wire::SaveIntent(out, cancel.intent);
    out.EventId(cancel.correlation);
  });
  out.U64(next_request_id_);
  out.U64(epoch_);
  WriteMap(out, instruments_, [&](const auto&, const market::Instrument& instrument) {
    wire::SaveInstrument(out, instrument);
  });
  WriteMap(out, positions_.all(),
           [&](const market::PositionKey& key, const market::Position& position) {
             out.Text(key.account);
             out.Text(key.strategy);
             out.Text(key.instrument);
             Write(out, position);
           });
  WriteMap(out, balances_, [&](const auto&, const market::BalanceUpdate& balance) {
    out.Bytes(balance.venue);
    out.Text(balance.asset);
    out.Money(balance.free);
    out.Money(balance.locked);
  });
  out.Bool(baseline_.has_value());
  out.Time(baseline_.value_or(base::Time()));
  WriteAmounts(out, explained_);
  WriteAmounts(out, rounding_slack_);
  WriteAmounts(out, differences_);
  for (const auto* latest : {&transfers_, &trades_}) {
    out.U32(static_cast<uint32_t>(latest->size()));
    for (const std::string& evidence : *latest) out.Bytes(evidence);
  }
  out.Time(changes_checked_);
  WriteAmounts(out, position_baseline_);
  WriteAmounts(out, position_differences_);
  WriteMarks(out, checked_trade_);
  WriteMarks(out, forgotten_trade_);
  WriteMap(out, risk_states_, [&](const market::Scope& scope, const market::RiskState& state) {
    execution::Write(out, scope);
    out.U8(static_cast<uint8_t>(state.state));
    out.Bool(state.killed);
    out.Bytes(state.reason);
    out.Bytes(state.person);
    out.U64(state.limit_version);
    out.U64(state.epoch);
  });
  WriteMap(out, own_gates_, [&](const market::Scope& scope, const GateNote& gate) {
    execution::Write(out, scope);
    out.Bool(gate.killed);
    out.Bytes(gate.reason);
    out.Bytes(gate.person);
    WriteFlatten(out, gate);
  });
  for (const uint64_t count :
       {stats_.duplicate_verdicts, stats_.duplicate_cancels, stats_.forgotten_orders,
        stats_.unbooked_fills, stats_.unreadable_notes}) {
    out.U64(count);
  }
  out.U64(next_adjustment_);
  WriteMap(out, adjustments_, [&](const auto&, const Adjustment& adjustment) {
    execution::Write(out, adjustment.proposed);
    WriteOrderOf(out, adjustment.proposed);
    out.Bool(adjustment.proposed.transfer);
    out.Bool(adjustment.decided.has_value());
    if (adjustment.decided) execution::Write(out, *adjustment.decided);
  });
  WriteMap(out, halts_, [&](const auto&, const HaltNote& halt) {
    out.Text(halt.instrument);
    out.Bytes(halt.reason);
    out.Bytes(halt.person);
  });
  out.Time(pause_.until);
  out.Bool(pause_.banned);
  WritePartsOf(out, pause_);
}

absl::Status ExecutionState::Load(CanonicalReader& in) {
  const uint8_t version = in.U8();
  if (in.ok() && (version == 0 || version > kStateVersion)) {
    return absl::FailedPreconditionError(
        "the snapshot has another format; use the build that wrote it");
  }
  if (const auto account = in.Text<market::AccountId>(); in.ok() && account != account_) {
    return absl::FailedPreconditionError("the snapshot is of account " + account.text() +
                                         ", the configuration says " + account_.text() +
                                         "; set execution.account back or start with --fresh");
  }
  orders_.clear();
  open_.clear();
  by_venue_id_.clear();
  ReadMap(in, [&] {
    TrackedOrder order = ReadOrder(in, version);
    if (order.open()) open_.insert(order.id());
    if (!order.venue_order_id.empty())
      by_venue_id_[{order.intent.instrument, order.venue_order_id}] = order.id();
    const market::ClientOrderId id = order.id();
    orders_.emplace(id, std::move(order));
  });
  closed_.clear();
  ReadMap(in, [&] { closed_.push_back(in.Text<market::ClientOrderId>()); });
  verdicts_.clear();
  ReadMap(in, [&] {
    OpenVerdict verdict = ReadVerdict(in, version);
    const market::ClientOrderId id = verdict.decision.intent.client_order_id;
    verdicts_.emplace(id, std::move(verdict));
  });
  cancels_.clear();
  ReadMap(in, [&] {
    OpenCancel cancel;
    cancel.intent = wire::LoadIntent(in);
    cancel.correlation = in.EventId();
    const market::ClientOrderId id = cancel.intent.client_order_id;
    cancels_.emplace(id, std::move(cancel));
  });
  next_request_id_ = in.U64();
  epoch_ = in.U64();
  instruments_.clear();
  ReadMap(in, [&] {
    market::Instrument instrument = wire::LoadInstrument(in);
    const std::pair<market::InstrumentId, uint32_t> key{instrument.id, instrument.version};
    instruments_.emplace(key, std::move(instrument));
  });
  positions_.Clear();
  ReadMap(in, [&] {
    market::PositionKey key;
    key.account = in.Text<market::AccountId>();
    key.strategy = in.Text<market::StrategyId>();
    key.instrument = in.Text<market::InstrumentId>();
    positions_.Restore(std::move(key), ReadPosition(in));
  });
  balances_.clear();
  ReadMap(in, [&] {
    market::BalanceUpdate balance;
    balance.account = account_;
    balance.venue = in.Bytes();
    balance.asset = in.Text<market::AssetId>();
    balance.free = in.Money();
    balance.locked = in.Money();
    balances_.emplace(balance.asset, balance);
  });
  const bool has_baseline = in.Bool();
  const base::Time baseline = in.Time();
  baseline_ = has_baseline ? std::optional(baseline) : std::nullopt;
  ReadAmounts(in, explained_);
  ReadAmounts(in, rounding_slack_);
  ReadAmounts(in, differences_);
  known_transfers_.clear();
  for (auto* latest : {&transfers_, &trades_}) {
    latest->clear();
    if (latest == &trades_ && version == 1) continue;
    ReadMap(in, [&] {
      latest->push_back(in.Bytes());
      known_transfers_.insert(latest->back());
    });
  }
  changes_checked_ = baseline_.value_or(base::Time());
  position_baseline_.clear();
  position_differences_.clear();
  if (version > 1) {
    changes_checked_ = in.Time();
    ReadAmounts(in, position_baseline_);
    ReadAmounts(in, position_differences_);
  }
  ReadMarks(in, checked_trade_);
  ReadMarks(in, forgotten_trade_);
  risk_states_.clear();
  lost_processes_.clear();
  ReadMap(in, [&] {
    market::RiskState state;
    state.scope = ReadScope(in);
    state.state = static_cast<market::TradingState>(in.U8());
    state.killed = in.Bool();
    state.reason = in.Bytes();
    state.person = in.Bytes();
    state.limit_version = in.U64();
    state.epoch = in.U64();
    risk_states_.emplace(state.scope, state);
    NoteProcess(state);
  });
  own_gates_.clear();
  ReadMap(in, [&] {
    GateNote gate;
    gate.scope = ReadScope(in);
    gate.killed = in.Bool();
    gate.reason = in.Bytes();
    gate.person = in.Bytes();
    if (version >= 13) ReadFlatten(in, gate);
    own_gates_.emplace(gate.scope, gate);
  });
  for (uint64_t* count :
       {&stats_.duplicate_verdicts, &stats_.duplicate_cancels, &stats_.forgotten_orders,
        &stats_.unbooked_fills, &stats_.unreadable_notes}) {
    *count = in.U64();
  }
  adjustments_.clear();
  next_adjustment_ = 1;
  halts_.clear();
  pause_ = {};
  if (version < 3) return in.status();
  next_adjustment_ = in.U64();
  ReadMap(in, [&] {
    Adjustment adjustment{ReadAdjustment(in), std::nullopt};
    if (version >= 8) ReadOrderOf(in, adjustment.proposed);
    if (version >= 9) adjustment.proposed.transfer = in.Bool();
    if (in.Bool()) adjustment.decided = ReadAdjustment(in);
    const uint64_t number = adjustment.proposed.proposal;
    adjustments_.emplace(number, std::move(adjustment));
  });
  ReadMap(in, [&] {
    HaltNote halt;
    halt.instrument = in.Text<market::InstrumentId>();
    halt.reason = in.Bytes();
    halt.person = in.Bytes();
    halts_.emplace(halt.instrument, halt);
  });
  if (version < 5) return in.status();
  pause_.until = in.Time();
  pause_.banned = in.Bool();
  if (version >= 10) ReadPartsOf(in, pause_);
  return in.status();
}

}  // namespace gannet::execution
