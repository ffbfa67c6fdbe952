#include "services/execution/execution_state.h"

#include <algorithm>
#include <charconv>

#include "libs/base/concat.h"
#include "libs/market/heartbeat.h"
#include "libs/market/manual.h"
#include "libs/market/strategy_process.h"

namespace gannet::execution {
namespace {

using market::Money;

const char* Text(market::TradingState state) {
  switch (state) {
    case market::TradingState::kActive:
      return "ACTIVE";
    case market::TradingState::kReducing:
      return "REDUCING";
    case market::TradingState::kCancelOnly:
      return "CANCEL_ONLY";
    case market::TradingState::kHalted:
      return "HALTED";
  }
  return "?";
}

void Raise(std::map<market::InstrumentId, uint64_t>& marks, const market::InstrumentId& instrument,
           uint64_t value) {
  uint64_t& mark = marks[instrument];
  mark = std::max(mark, value);
}

}  // namespace

std::optional<uint64_t> TradeNumber(const std::string& trade_id) {
  uint64_t number = 0;
  const char* end = trade_id.data() + trade_id.size();
  const auto parsed = std::from_chars(trade_id.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

bool Domain::Meets(const market::Scope& scope) const {
  switch (scope.kind) {
    case market::ScopeKind::kVenue:
      return Has(scope.name);
    case market::ScopeKind::kInstrument:
      return Has(market::InstrumentId(scope.name));
    default:
      return true;
  }
}

// --- views -----------------------------------------------------------------------

const TrackedOrder* ExecutionState::Find(const market::ClientOrderId& id) const {
  const auto found = orders_.find(id);
  return found == orders_.end() ? nullptr : &found->second;
}

std::vector<const TrackedOrder*> ExecutionState::OpenIn(const market::Scope& scope) const {
  std::vector<const TrackedOrder*> out;
  for (const market::ClientOrderId& id : open_) {
    const TrackedOrder* order = Find(id);
    if (order != nullptr && order->open() && Covers(scope, order->intent)) out.push_back(order);
  }
  return out;
}

const TrackedOrder* ExecutionState::FindVenueOrder(const market::InstrumentId& instrument,
                                                   const market::VenueOrderId& id) const {
  const auto found = by_venue_id_.find({instrument, id});
  return found == by_venue_id_.end() ? nullptr : Find(found->second);
}

const market::Instrument* ExecutionState::FindInstrument(const market::InstrumentId& id,
                                                         uint32_t version) const {
  const auto found = instruments_.find({id, version});
  return found == instruments_.end() ? nullptr : &found->second;
}

const market::Instrument* ExecutionState::NewestInstrument(const market::InstrumentId& id) const {
  auto after = instruments_.upper_bound({id, UINT32_MAX});
  if (after == instruments_.begin()) return nullptr;
  --after;
  return after->first.first == id ? &after->second : nullptr;
}

Money NetOf(const market::Position& position) {
  if (position.quantity_scale < 0) return {};
  return {position.net.mantissa, position.quantity_scale};
}

Money ExecutionState::NetPosition(const market::InstrumentId& instrument) const {
  Money net;
  for (const auto& [key, position] : positions_.all()) {
    if (key.instrument == instrument) net += NetOf(position);
  }
  return net;
}

Money ExecutionState::HeldPosition(const market::InstrumentId& instrument) const {
  const auto baseline = position_baseline_.find(instrument);
  const Money net = NetPosition(instrument);
  return baseline == position_baseline_.end() ? net : baseline->second + net;
}

std::set<market::InstrumentId> ExecutionState::HeldInstruments() const {
  std::set<market::InstrumentId> held;
  for (const auto& [instrument, quantity] : position_baseline_) held.insert(instrument);
  for (const auto& [key, position] : positions_.all()) held.insert(key.instrument);
  return held;
}

std::set<market::AssetId> ExecutionState::Assets() const {
  std::set<market::AssetId> assets;
  for (const auto& [asset, balance] : balances_) assets.insert(asset);
  for (const auto& [asset, amount] : explained_) {
    if (!amount.zero()) assets.insert(asset);
  }
  return assets;
}

Money ExecutionState::Explained(const market::AssetId& asset) const {
  const auto found = explained_.find(asset);
  return found == explained_.end() ? Money() : found->second;
}

Money ExecutionState::RoundingSlack(const market::AssetId& asset) const {
  const auto found = rounding_slack_.find(asset);
  return found == rounding_slack_.end() ? Money() : found->second;
}

std::optional<uint64_t> ExecutionState::CheckedTrade(const market::InstrumentId& instrument) const {
  const auto found = checked_trade_.find(instrument);
  if (found == checked_trade_.end()) return std::nullopt;
  return found->second;
}

std::set<market::InstrumentId> ExecutionState::Traded() const {
  std::set<market::InstrumentId> traded;
  for (const auto& [key, instrument] : instruments_) traded.insert(key.first);
  return traded;
}

bool ExecutionState::Forgotten(const market::InstrumentId& instrument, uint64_t trade_id) const {
  const auto found = forgotten_trade_.find(instrument);
  return found != forgotten_trade_.end() && trade_id <= found->second;
}

// --- gate ------------------------------------------------------------------------

bool ExecutionState::Killed(const market::OrderIntent& intent) const {
  for (const auto& [scope, gate] : own_gates_) {
    if (gate.killed && Covers(scope, intent)) return true;
  }
  for (const auto& [scope, state] : risk_states_) {
    if (state.killed && Covers(scope, intent)) return true;
  }
  return false;
}

const market::Scope* ExecutionState::EmergencyOf(const market::ClientOrderId& id) const {
  if (own_gates_.empty()) return nullptr;
  const auto scope = [](const auto& row) { return row.emergency ? &*row.emergency : nullptr; };
  if (const TrackedOrder* order = Find(id)) return scope(*order);
  const auto verdict = verdicts_.find(id);
  return verdict == verdicts_.end() ? nullptr : scope(verdict->second);
}

const market::RiskState* ExecutionState::Unattended(const market::OrderIntent& intent) const {
  const bool of_program = !market::IsManual(intent.strategy) || !intent.parent.empty();
  if (!of_program || intent.reduce_only) return nullptr;
  const auto lost = risk_states_.find({market::ScopeKind::kService, market::kStrategyService});
  if (lost != risk_states_.end() && lost->second.state != market::TradingState::kActive)
    return &lost->second;
  if (lost_processes_.empty()) return nullptr;
  const auto process = lost_processes_.find(OriginOf(intent));
  return process == lost_processes_.end() ? nullptr : &process->second;
}

uint64_t ExecutionState::OriginOf(const market::OrderIntent& intent) const {
  const auto verdict = verdicts_.find(intent.client_order_id);
  if (verdict != verdicts_.end()) return verdict->second.origin;
  const TrackedOrder* order = Find(intent.client_order_id);
  return order == nullptr ? 0 : order->origin;
}

std::optional<Block> ExecutionState::Blocked(const market::OrderIntent& intent,
                                             const Money& quantity, bool only_reduces) const {
  if (const market::Scope* emergency = EmergencyOf(intent.client_order_id)) {
    if (OwnGateShut(*emergency)) return std::nullopt;
    return Block{market::RejectReason::kGateClosed,
                 "the kill switch in whose name it closes a position is lifted"};
  }
  if (Killed(intent))
    return Block{market::RejectReason::kKillSwitch, "the kill switch covers this order"};
  if (const market::RiskState* lost = Unattended(intent); lost != nullptr && !only_reduces)
    return Block{market::RejectReason::kGateClosed, base::Concat({"strategy: ", lost->reason})};
  market::TradingState strictest = market::TradingState::kActive;
  const market::RiskState* by = nullptr;
  for (const auto& [scope, state] : risk_states_) {
    if (Covers(scope, intent) && state.state > strictest) {
      strictest = state.state;
      by = &state;
    }
  }
  if (by == nullptr) return std::nullopt;
  if (strictest == market::TradingState::kReducing) {
    const Money net = NetPosition(intent.instrument);
    const bool against = intent.side == market::Side::kSell ? net > Money() : net < Money();
    if (only_reduces) return std::nullopt;
    if (against && quantity <= net.Abs()) return std::nullopt;
  }
  return Block{market::RejectReason::kTradingState,
               base::Concat({"trading state is ", Text(strictest), " for ",
                             by->scope.name.empty() ? "the firm" : by->scope.name})};
}

// --- facts -----------------------------------------------------------------------

void ExecutionState::Apply(const market::Event<market::RiskDecision>& event) {
  const market::RiskDecision& decision = event.value;
  epoch_ = std::max(epoch_, decision.epoch);
  if (!decision.permitted || decision.intent.kind == market::IntentKind::kCancel) return;
  if (decision.intent.kind == market::IntentKind::kParent) return;  // its children are sent
  if (!domain_.Has(decision.intent.instrument)) return;
  const market::ClientOrderId& id = decision.intent.client_order_id;
  const bool amends = decision.intent.kind == market::IntentKind::kAmend;
  const TrackedOrder* known = Find(amends ? decision.intent.target : id);
  const bool answered = known != nullptr && !known->external &&
                        (amends ? decision.intent.sequence <= known->amend_sequence
                                : known->intent.hash == decision.intent.hash);
  OpenVerdict verdict{decision, event.header.correlation, event.header.causation.stream};
  if (answered || !verdicts_.emplace(id, std::move(verdict)).second) ++stats_.duplicate_verdicts;
}

void ExecutionState::Apply(const market::Event<market::OrderIntent>& event) {
  const market::OrderIntent& intent = event.value;
  if (intent.kind != market::IntentKind::kCancel || market::CancelsParent(intent)) return;
  if (!domain_.Has(intent.instrument)) return;
  if (!cancels_.emplace(intent.client_order_id, OpenCancel{intent, event.header.correlation})
           .second) {
    ++stats_.duplicate_cancels;
  }
}

void ExecutionState::Apply(const market::Event<market::RiskState>& event) {
  epoch_ = std::max(epoch_, event.value.epoch);
  risk_states_.insert_or_assign(event.value.scope, event.value);
  NoteProcess(event.value);
}

void ExecutionState::NoteProcess(const market::RiskState& state) {
  const auto shard = market::StrategyShard(state.scope);
  if (!shard) return;
  const uint64_t stream = market::StreamNumber(*shard);
  if (state.state == market::TradingState::kActive) {
    lost_processes_.erase(stream);
  } else {
    lost_processes_.insert_or_assign(stream, state);
  }
}

TrackedOrder& ExecutionState::FromReport(const market::Event<market::ExecReport>& event) {
  const market::ExecReport& report = event.value;
  const auto [at, added] = orders_.try_emplace(report.client_order_id);
  TrackedOrder& order = at->second;
  if (!added) return order;
  order.correlation = event.header.correlation;
  order.quantity = report.quantity;
  order.price = report.price;
  const auto verdict = verdicts_.find(report.client_order_id);
  if (verdict != verdicts_.end()) {
    order.intent = std::move(verdict->second.decision.intent);
    order.verdict_expires = verdict->second.decision.expires;
    order.epoch = verdict->second.decision.epoch;
    order.correlation = verdict->second.correlation;
    order.origin = verdict->second.origin;
    order.emergency = std::move(verdict->second.emergency);
    verdicts_.erase(verdict);
  } else {
    order.external = true;
    order.intent.account = report.account;
    order.intent.strategy = report.strategy;
    order.intent.instrument = report.instrument;
    order.intent.instrument_version = report.instrument_version;
    order.intent.client_order_id = report.client_order_id;
    order.intent.side = report.side;
    order.intent.price = report.price;
    order.intent.quantity = report.quantity;
    order.cumulative = report.cumulative;  // filled before we knew it
  }
  open_.insert(report.client_order_id);
  return order;
}

void ExecutionState::Apply(const market::Event<market::ExecReport>& event) {
  const market::ExecReport& report = event.value;
  if (!domain_.Has(report.instrument)) return;
  // A cancel of an order that nobody knows says nothing about any order.
  const bool unknown_order = !orders_.contains(report.client_order_id);
  if (unknown_order && report.kind == market::ExecKind::kCancelRejected) return;
  std::optional<OpenVerdict> amends;
  if (report.kind == market::ExecKind::kPendingUpdate ||
      report.kind == market::ExecKind::kReplaceRejected) {
    if (auto verdict = verdicts_.extract(report.target)) amends = std::move(verdict.mapped());
    if (unknown_order) return;
  }
  // A verdict under a name that another order has: the answer to it says nothing of that one.
  if (!unknown_order && report.kind == market::ExecKind::kNotSent &&
      verdicts_.erase(report.client_order_id) > 0)
    return;
  TrackedOrder& order = FromReport(event);
  const bool was_open = order.open();
  if (const auto happened = market::EventOf(report);
      happened && order.life.Next(*happened) == report.state) {
    order.life.Apply(*happened);
  } else if (order.life.state() != report.state) {
    order.life = market::OrderLife(report.state, report.state);
  }
  if (report.kind == market::ExecKind::kTriggered) order.triggered = true;
  if (!report.venue_order_id.empty() && order.venue_order_id != report.venue_order_id) {
    by_venue_id_.erase({order.intent.instrument, order.venue_order_id});
    order.venue_order_id = report.venue_order_id;
    // One that had ended here may go on under another name: the venue's is that one's then.
    const auto known = by_venue_id_.find({order.intent.instrument, order.venue_order_id});
    if (known != by_venue_id_.end()) {
      if (const auto before = orders_.find(known->second); before != orders_.end())
        before->second.venue_order_id = {};
    }
    by_venue_id_[{order.intent.instrument, order.venue_order_id}] = order.id();
  }
  if (report.fill) ApplyFill(order, report);
  if (report.kind == market::ExecKind::kPendingCancel) order.cancel_wanted = true;
  if (report.kind == market::ExecKind::kCancelRejected) {
    order.cancel = {};
    order.cancel_wanted = false;
  }
  if (amends) order.amend_sequence = amends->decision.intent.sequence;
  if (amends && report.kind == market::ExecKind::kPendingUpdate) {
    order.amendment = Amendment{.id = report.target,
                                .price = amends->decision.intent.price,
                                .quantity = amends->decision.intent.quantity,
                                .request = {},
                                .verdict_expires = amends->decision.expires,
                                .epoch = amends->decision.epoch};
  } else if (order.amendment && order.amendment->id == report.target &&
             (report.kind == market::ExecKind::kReplaced ||
              report.kind == market::ExecKind::kReplaceRejected)) {
    order.amendment.reset();
  }
  if (report.kind == market::ExecKind::kReplaced) {
    order.price = report.price;
    order.quantity = report.quantity;
    order.amended_at = std::max(order.amended_at, event.header.event_time);
    order.changed |= report.target.empty();
  }
  if (!order.open()) order.amendment.reset();
  if (!order.open() && (was_open || unknown_order)) Close(order);
}

void ExecutionState::ApplyFill(TrackedOrder& order, const market::ExecReport& report) {
  const market::Fill& fill = *report.fill;
  order.cumulative = report.cumulative;
  order.trade_ids.push_back(fill.trade_id);
  const market::Instrument* instrument =
      FindInstrument(report.instrument, report.instrument_version);
  const market::PositionKey key{report.account, report.strategy, report.instrument};
  if (instrument == nullptr || !positions_.Apply(key, *instrument, report.side, fill).ok()) {
    ++stats_.unbooked_fills;
    return;
  }
  Money slack;
  const std::vector<market::AssetChange> changes = ChangesOf(*instrument, report.side, fill, slack);
  if (!slack.zero()) rounding_slack_[instrument->quote] += slack;
  market::AccountEvent booking;
  booking.client_order_id = report.client_order_id;
  booking.id = fill.trade_id;
  if (KnowsTransfer(BookingKey(booking))) return;  // explained by it
  // Of a build that made no account events.
  for (const market::AssetChange& change : changes) explained_[change.asset] += change.amount;
  if (!fill.fee_asset.empty()) explained_[fill.fee_asset] -= fill.fee;
}

std::string BookingKey(const market::AccountEvent& event) {
  if (event.client_order_id.empty()) return event.id;
  return base::Concat({event.kind == market::AccountEventKind::kFee ? "fee:" : "trade:",
                       event.client_order_id.text(), ":", event.id});
}

std::vector<market::AssetChange> ChangesOf(const market::Instrument& instrument, market::Side side,
                                           const market::Fill& fill, Money& slack) {
  slack = Money();
  // The asset stays where it is; what closing realises is the venue's to say.
  if (instrument.kind != market::InstrumentKind::kSpot) return {};
  const Money base = instrument.BaseAmount(fill.quantity);
  const int digits = instrument.price_scale + instrument.quantity_scale;
  Money quote;
  if (digits <= market::kMaxScale) {
    quote =
        Money(static_cast<market::Int128>(fill.price.mantissa) * fill.quantity.mantissa, digits);
  } else {
    quote = instrument.Notional(fill.price, fill.quantity, market::Rounding::kHalfEven)
                .value_or(Money());
  }
  // A venue that keeps fewer digits may round each fill by one of its units.
  const auto kept = market::Rescale(quote.units(), quote.scale(), instrument.quote_scale,
                                    market::Rounding::kDown);
  if (digits > market::kMaxScale || !kept || Money(*kept, instrument.quote_scale) != quote)
    slack = Money(1, instrument.quote_scale);
  const bool buys = side == market::Side::kBuy;
  return {{instrument.base, buys ? base : -base}, {instrument.quote, buys ? -quote : quote}};
}

void ExecutionState::Apply(const market::Event<market::AccountEvent>& event) {
  const market::AccountEvent& booking = event.value;
  if (booking.account != account_ || !domain_.Has(booking.venue)) return;
  const bool of_an_order = !booking.client_order_id.empty();
  const std::string key = BookingKey(booking);
  if (!of_an_order && booking.person.empty())
    changes_checked_ = std::max(changes_checked_, booking.time);
  if (!known_transfers_.insert(key).second) return;
  Remember(of_an_order ? trades_ : transfers_, key);
  for (const market::AssetChange& change : booking.changes)
    explained_[change.asset] += change.amount;
  if (!booking.person.empty()) ApplySigned(booking);
}

void ExecutionState::Remember(std::deque<std::string>& latest, const std::string& key) {
  latest.push_back(key);
  if (latest.size() <= kMaxTransfers) return;
  known_transfers_.erase(latest.front());
  latest.pop_front();
}

// What people signed of a position is one of EXTERNAL, at the price that they named.
void ExecutionState::ApplySigned(const market::AccountEvent& event) {
  for (const market::AssetChange& change : event.changes) differences_.erase(change.asset);
  if (event.quantity.mantissa == 0) return;
  const market::Instrument* instrument = FindInstrument(event.instrument, event.instrument_version);
  market::Fill fill;
  fill.trade_id = event.id;
  fill.price = event.price;
  fill.quantity = {std::abs(event.quantity.mantissa)};
  const market::Side side = event.quantity.mantissa > 0 ? market::Side::kBuy : market::Side::kSell;
  const market::PositionKey key{event.account, event.strategy, event.instrument};
  if (instrument == nullptr || !positions_.Apply(key, *instrument, side, fill).ok()) {
    ++stats_.unbooked_fills;
    return;
  }
  position_differences_.erase(event.instrument);
}

void ExecutionState::ApplyAdjustmentNote(const AdjustmentNote& note) {
  next_adjustment_ = std::max(next_adjustment_, note.proposal + 1);
  if (note.step != AdjustmentNote::Step::kProposed) {
    const auto found = adjustments_.find(note.proposal);
    if (found != adjustments_.end()) found->second.decided = note;
    return;
  }
  adjustments_[note.proposal] = {note, std::nullopt};
  while (adjustments_.size() > kMaxAdjustments) adjustments_.erase(adjustments_.begin());
}

std::optional<Money> ExecutionState::DifferenceOf(const AdjustmentNote& note) const {
  if (!note.order.empty()) {
    const TrackedOrder* order = Find(note.order);
    if (order == nullptr || !order->open()) return std::nullopt;
    const market::Instrument* instrument =
        FindInstrument(order->intent.instrument, order->intent.instrument_version);
    if (instrument == nullptr) return std::nullopt;
    return Money(order->cumulative.mantissa, instrument->quantity_scale);
  }
  if (!note.asset.empty()) {
    const auto found = differences_.find(note.asset);
    return found == differences_.end() ? std::nullopt : std::optional(found->second);
  }
  const auto found = position_differences_.find(note.instrument);
  return found == position_differences_.end() ? std::nullopt : std::optional(found->second);
}

bool ExecutionState::EndSigned(const market::ClientOrderId& id) const {
  return std::any_of(adjustments_.begin(), adjustments_.end(), [&](const auto& entry) {
    const auto& [proposed, decided] = entry.second;
    return proposed.order == id && decided && decided->step == AdjustmentNote::Step::kApproved;
  });
}

void ExecutionState::Close(const TrackedOrder& order) {
  open_.erase(order.id());
  closed_.push_back(order.id());
  while (closed_.size() > kMaxClosedOrders) ForgetOldest();
}

void ExecutionState::ForgetOldest() {
  const auto found = orders_.find(closed_.front());
  closed_.pop_front();
  if (found == orders_.end()) return;
  const TrackedOrder& order = found->second;
  for (const std::string& trade : order.trade_ids) {
    if (const auto number = TradeNumber(trade))
      Raise(forgotten_trade_, order.intent.instrument, *number);
  }
  by_venue_id_.erase({order.intent.instrument, order.venue_order_id});
  orders_.erase(found);
  ++stats_.forgotten_orders;
}

void ExecutionState::Apply(const market::Event<market::BalanceUpdate>& event) {
  const market::BalanceUpdate& update = event.value;
  if (update.account != account_ || !domain_.Has(update.venue)) return;
  // What comes before the first look at all balances is part of it.
  if (!baseline_) explained_[update.asset] = update.free + update.locked;
  balances_.insert_or_assign(update.asset, update);
}

void ExecutionState::ApplyRequest(const RequestNote& note) {
  next_request_id_ = std::max(next_request_id_, note.id + 1);
  const JournaledRequest request{note.id, note.timestamp, note.receive_window};
  const auto cancel = [&](const market::ClientOrderId& id) {
    if (const auto order = orders_.find(id); order != orders_.end()) order->second.cancel = request;
  };
  if (note.kind == venue::RequestKind::kPlaceBatch) {
    const auto place = [&](const market::ClientOrderId& id) {
      if (const auto order = orders_.find(id); order != orders_.end())
        order->second.place = request;
    };
    place(note.order);
    for (const market::ClientOrderId& other : note.others) place(other);
    return;
  }
  if (note.kind == venue::RequestKind::kAmend) {
    const auto order = orders_.find(note.order);
    if (order != orders_.end() && order->second.amendment)
      order->second.amendment->request = request;
    return;
  }
  if (note.kind == venue::RequestKind::kCancelBatch) {
    cancel(note.order);
    for (const market::ClientOrderId& other : note.others) cancel(other);
    return;
  }
  const bool cancels =
      note.kind == venue::RequestKind::kCancel || note.kind == venue::RequestKind::kCancelReplace;
  const market::ClientOrderId& canceled =
      note.kind == venue::RequestKind::kCancel ? note.order : note.target;
  if (cancels) cancel(canceled);
  const auto placed = orders_.find(note.order);
  if (note.kind == venue::RequestKind::kCancel || placed == orders_.end()) return;
  placed->second.place = request;
  placed->second.quantity = note.quantity;
}

void ExecutionState::ApplyBalanceNote(const BalanceNote& note) {
  switch (note.kind) {
    case BalanceNote::Kind::kBaseline:
      baseline_ = note.time;
      changes_checked_ = std::max(changes_checked_, note.time);
      return;
    case BalanceNote::Kind::kTransfer:
      changes_checked_ = std::max(changes_checked_, note.time);
      if (!known_transfers_.insert(note.evidence).second) return;
      Remember(note.evidence.starts_with(kRealizedPrefix) ? trades_ : transfers_, note.evidence);
      explained_[note.asset] += note.amount;
      return;
    case BalanceNote::Kind::kDifference:
      differences_[note.asset] = note.amount;
      return;
    case BalanceNote::Kind::kAdjustment:
      explained_[note.asset] += note.amount;
      differences_.erase(note.asset);
      return;
    case BalanceNote::Kind::kResolved:
      differences_.erase(note.asset);
      return;
    case BalanceNote::Kind::kChecked:
      changes_checked_ = std::max(changes_checked_, note.time);
      return;
  }
}

void ExecutionState::ApplyPositionNote(const PositionNote& note) {
  switch (note.kind) {
    case PositionNote::Kind::kAdjustment:
      position_differences_.erase(note.instrument);
      [[fallthrough]];
    case PositionNote::Kind::kBaseline:
      position_baseline_[note.instrument] += note.quantity;
      return;
    case PositionNote::Kind::kDifference:
      position_differences_[note.instrument] = note.quantity;
      return;
    case PositionNote::Kind::kResolved:
      position_differences_.erase(note.instrument);
      return;
  }
}

void ExecutionState::Apply(const market::Event<wire::EngineNote>& event) {
  const wire::EngineNote& note = event.value;
  if (note.engine != domain_.engine) return;
  absl::Status read;
  if (note.kind == kRequestNote) {
    const auto request = ReadRequestNote(note.body);
    if (request.ok()) ApplyRequest(*request);
    read = request.status();
  } else if (note.kind == kCancelNote) {
    const auto cancel = ReadCancelNote(note.body);
    if (cancel.ok()) cancels_.erase(cancel->cancel);
    if (const auto order =
            cancel.ok() && cancel->cancel.empty() ? orders_.find(cancel->order) : orders_.end();
        order != orders_.end())
      order->second.cancel_wanted = true;
    read = cancel.status();
  } else if (note.kind == kGateNote) {
    const auto gate = ReadGateNote(note.body);
    if (gate.ok()) own_gates_.insert_or_assign(gate->scope, *gate);
    read = gate.status();
  } else if (note.kind == kEmergencyNote) {
    auto emergency = ReadEmergencyNote(note.body);
    read = emergency.status();
    if (emergency.ok()) {
      const market::ClientOrderId id = emergency->verdict.intent.client_order_id;
      verdicts_.emplace(id, OpenVerdict{std::move(emergency->verdict), emergency->command,
                                        /*origin=*/0, std::move(emergency->scope)});
    }
  } else if (note.kind == kBalanceNote) {
    const auto balance = ReadBalanceNote(note.body);
    if (balance.ok()) ApplyBalanceNote(*balance);
    read = balance.status();
  } else if (note.kind == kPositionNote) {
    const auto position = ReadPositionNote(note.body);
    if (position.ok()) ApplyPositionNote(*position);
    read = position.status();
  } else if (note.kind == kTradesNote) {
    const auto trades = ReadTradesNote(note.body);
    if (trades.ok()) Raise(checked_trade_, trades->instrument, trades->trade_id);
    read = trades.status();
  } else if (note.kind == kTakenOverNote) {
    const auto taken = ReadTakenOverNote(note.body);
    if (const auto order = taken.ok() ? orders_.find(taken->order) : orders_.end();
        order != orders_.end()) {
      order->second.cumulative += taken->quantity;
      order->second.trade_ids.push_back(taken->trade_id);
    }
    read = taken.status();
  } else if (note.kind == kAdjustmentNote) {
    const auto adjustment = ReadAdjustmentNote(note.body);
    if (adjustment.ok()) ApplyAdjustmentNote(*adjustment);
    read = adjustment.status();
  } else if (note.kind == kHaltNote) {
    const auto halt = ReadHaltNote(note.body);
    if (halt.ok() && halt->halted) halts_.insert_or_assign(halt->instrument, *halt);
    if (halt.ok() && !halt->halted) halts_.erase(halt->instrument);
    read = halt.status();
  } else if (note.kind == kPauseNote) {
    const auto pause = ReadPauseNote(note.body);
    if (pause.ok()) pause_ = *pause;
    read = pause.status();
  } else if (note.kind == kInstrumentNote) {
    const auto instrument = ReadInstrumentNote(note.body);
    if (instrument.ok())
      instruments_.insert_or_assign({instrument->id, instrument->version}, *instrument);
    read = instrument.status();
  } else {
    read = absl::UnimplementedError("note of a newer build");
  }
  if (!read.ok()) ++stats_.unreadable_notes;
}

}  // namespace gannet::execution
