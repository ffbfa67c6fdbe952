#include "services/reporting/reporting_engine.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>
#include <utility>

#include "services/reporting/books.h"
#include "services/reporting/definitions.h"

namespace gannet::reporting {
namespace {

using market::Money;

Money PriceOf(const market::Instrument& definition, market::Price price) {
  return Money(price.mantissa, definition.price_scale);
}
Money QuantityOf(const market::Instrument& definition, market::Quantity quantity) {
  return Money(quantity.mantissa, definition.quantity_scale);
}

// At another scale; nothing when it does not fit.
std::optional<market::Price> Rescaled(market::Price price, int from, int to) {
  const auto there = market::Rescale(price.mantissa, from, to, market::Rounding::kDown);
  if (!there || *there > std::numeric_limits<int64_t>::max() / 4 ||
      *there < std::numeric_limits<int64_t>::min() / 4)
    return std::nullopt;
  return market::Price{static_cast<int64_t>(*there)};
}

// Reports end with an hour: of each, the last that a balance was is written.
base::Time HourOf(const store::BalanceRow& row) {
  return std::chrono::floor<std::chrono::hours>(row.time);
}

std::string DetailOf(const market::ExecReport& report) {
  if (!report.detail.empty()) return report.detail;
  return report.venue_code.empty() ? report.evidence : report.venue_code;
}

}  // namespace

// --- state ---------------------------------------------------------------------

void ReportingEngine::Restore(const Stored& stored) {
  high_water_ = stored.high_water;
  std::map<market::InstrumentId, market::Instrument> definitions;
  for (const store::InstrumentRow& row : stored.instruments) {
    auto definition = DefinitionOf(row);
    if (!definition) continue;
    scales_.Put(row.instrument, row.version, {definition->price_scale, definition->quantity_scale});
    definitions.emplace(row.instrument, *std::move(definition));
  }
  const auto widen = [&definitions](const auto& row) {
    const auto found = definitions.find(row.instrument);
    if (found != definitions.end()) Widen(found->second, row.price, row.quantity);
  };
  for (const store::FillRow& row : stored.fills) widen(row);
  for (const store::OrderRow& row : stored.orders) widen(row);
  for (auto& [id, definition] : definitions) instruments_.Put(std::move(definition));
  // Lots are rebuilt from the fills themselves: the store holds no second truth
  // that could differ.
  for (const store::FillRow& row : stored.fills) {
    const uint64_t mark = row.client_order_id.empty()
                              ? LowestMark(bus::kAccountEvents.info, Fold::kBookings, row.id.stream)
                              : LowestMark(bus::kExecReports.info, Fold::kReports, row.id.stream);
    if (row.id.sequence > mark) stored_fills_.insert(row.id);
    if (Definition(row.instrument) != nullptr) {
      BookRow(row);
    } else {
      waiting_[row.instrument].push_back(row);
    }
  }
  for (const store::OrderRow& row : stored.orders) {
    if (!market::IsTerminal(row.state)) orders_.emplace(row.client_order_id, row);
  }
}

uint64_t ReportingEngine::high_water(uint64_t stream) const {
  const auto found = high_water_.find(stream);
  return found == high_water_.end() ? 0 : found->second;
}

uint64_t ReportingEngine::MarkOf(uint64_t stream, Fold fold, uint32_t partition) {
  const uint64_t place = static_cast<uint64_t>(fold) | uint64_t{partition} << 8;
  return std::rotl(stream, static_cast<int>(fold)) ^ place * 0x9e3779b97f4a7c15u;
}

uint64_t ReportingEngine::LowestMark(const bus::TopicInfo& topic, Fold fold,
                                     uint64_t stream) const {
  uint64_t lowest = 0;
  for (uint32_t p = 0; p < topic.partitions; ++p) {
    const uint64_t mark = high_water(MarkOf(stream, fold, p));
    if (mark != 0 && (lowest == 0 || mark < lowest)) lowest = mark;
  }
  return lowest;
}

bool ReportingEngine::IsNew(uint64_t mark, uint64_t sequence) {
  if (sequence <= high_water(mark)) {
    ++stats_.repeated;
    return false;
  }
  high_water_[mark] = sequence;
  changed_marks_.insert(mark);
  return true;
}

// --- market --------------------------------------------------------------------

template <class T>
void ReportingEngine::TakeUp(const bus::Topic<T>& topic, Fold fold,
                             const market::InstrumentId& instrument,
                             std::deque<market::Event<T>>& held) {
  std::deque<market::Event<T>> still_held;
  for (auto& event : held) {
    if (event.value.instrument != instrument ||
        ScalesOf(instrument, event.value.instrument_version) == nullptr) {
      still_held.push_back(std::move(event));
      continue;
    }
    changed_marks_.insert(MarkOf(topic, fold, event));
    Apply(event);
  }
  held = std::move(still_held);
}

void ReportingEngine::OnInstrument(const market::Instrument& instrument) {
  const market::Instrument* known = Definition(instrument.id);
  market::Instrument definition = instrument;
  if (known != nullptr) {
    if (known->version >= instrument.version) return;
    definition.price_scale = std::max(definition.price_scale, known->price_scale);
    definition.quantity_scale = std::max(definition.quantity_scale, known->quantity_scale);
    if (definition.price_scale != known->price_scale) marks_.Forget(instrument.id);
  }
  scales_.Put(instrument.id, instrument.version,
              {instrument.price_scale, instrument.quantity_scale});
  instruments_.Put(std::move(definition));
  changed_instruments_.insert(instrument.id);
  if (const auto waiting = waiting_.find(instrument.id); waiting != waiting_.end()) {
    for (const store::FillRow& row : waiting->second) BookRow(row);
    waiting_.erase(waiting);
  }
  TakeUp(bus::kExecReports, Fold::kReports, instrument.id, held_);
  TakeUp(bus::kAccountEvents, Fold::kBookings, instrument.id, held_bookings_);
}

void ReportingEngine::OnQuote(const market::Event<market::Quote>& event) {
  market::Quote quote = event.value;
  outcomes_.BeforeQuote(quote.instrument, event.header.receive_time);
  if (const market::Instrument* definition = Definition(quote.instrument)) {
    const Scales::Entry* scales = ScalesOf(quote.instrument, quote.instrument_version);
    if (scales == nullptr) return;
    const auto bid = Rescaled(quote.bid.price, scales->price, definition->price_scale);
    const auto ask = Rescaled(quote.ask.price, scales->price, definition->price_scale);
    if (!bid || !ask) return;
    quote.bid.price = *bid;
    quote.ask.price = *ask;
  }
  marks_.OnQuote(quote, event.header.receive_time);
}

// --- orders and fills ------------------------------------------------------------

bool ReportingEngine::BookRow(const store::FillRow& row) {
  const market::Instrument& definition = *Definition(row.instrument);
  const auto fill = FillOf(row, definition);
  const market::PositionKey key{row.account, row.strategy, row.instrument};
  const bool booked = fill && positions_.Apply(key, definition, row.side, *fill).ok();
  if (!booked) ++stats_.unbooked_fills;
  return booked;
}

void ReportingEngine::OnReport(const market::Event<market::ExecReport>& event) {
  if (!IsNew(bus::kExecReports, Fold::kReports, event)) return;
  ++stats_.reports;
  if (ScalesOf(event.value.instrument, event.value.instrument_version) != nullptr)
    return Apply(event);
  Hold(bus::kExecReports, Fold::kReports, event, held_);
}

void ReportingEngine::Apply(const market::Event<market::ExecReport>& event) {
  const market::ExecReport& report = event.value;
  const Scales::Entry scales = WrittenAt(report);
  store::OrderRow& order = orders_[report.client_order_id];
  // A verdict under a name that an order at the venue has: the row is that order's.
  if (report.kind == market::ExecKind::kNotSent && !order.venue_order_id.empty()) return;
  if (order.client_order_id.empty()) {
    order.client_order_id = report.client_order_id;
    order.created = event.header.publish_time;
  }
  order.account = report.account;
  order.strategy = report.strategy;
  order.instrument = report.instrument;
  order.side = report.side;
  if (!report.venue_order_id.empty()) order.venue_order_id = report.venue_order_id;
  order.price = Money(report.price.mantissa, scales.price);
  order.quantity = Money(report.quantity.mantissa, scales.quantity);
  order.cumulative = Money(report.cumulative.mantissa, scales.quantity);
  order.state = report.state;
  order.detail = DetailOf(report);
  order.updated = event.header.publish_time;
  changed_orders_.insert(report.client_order_id);
  if (report.fill && !stored_fills_.contains(event.header.id)) BookFill(event, scales);
}

// The store keeps the scales of the newest version alone. Of an order that was placed before that
// one and before this start its own row tells at which scales its numbers are written.
Scales::Entry ReportingEngine::WrittenAt(const market::ExecReport& report) const {
  Scales::Entry scales = *ScalesOf(report.instrument, report.instrument_version);
  const auto known = orders_.find(report.client_order_id);
  if (known == orders_.end() || scales_.Has(report.instrument, report.instrument_version))
    return scales;
  const auto follow = [](int& scale, int64_t mantissa, const Money& amount) {
    for (int s = 0; s <= market::kMaxScale && mantissa != 0; ++s) {
      if (Money(mantissa, s) == amount) scale = s;
    }
  };
  follow(scales.price, report.price.mantissa, known->second.price);
  follow(scales.quantity, report.quantity.mantissa, known->second.quantity);
  return scales;
}

void ReportingEngine::BookFill(const market::Event<market::ExecReport>& event,
                               const Scales::Entry& scales) {
  const market::ExecReport& report = event.value;
  const market::Fill& fill = *report.fill;
  store::FillRow row;
  row.id = event.header.id;
  row.time = event.header.event_time;
  row.account = report.account;
  row.strategy = report.strategy;
  row.instrument = report.instrument;
  row.side = report.side;
  row.client_order_id = report.client_order_id;
  row.signal = report.signal;
  row.model_version = report.model_version;
  Book(std::move(row), fill, scales);
}

void ReportingEngine::Book(store::FillRow row, const market::Fill& fill,
                           const Scales::Entry& scales) {
  ++stats_.fills;
  row.trade_id = fill.trade_id;
  row.price = Money(fill.price.mantissa, scales.price);
  row.quantity = Money(fill.quantity.mantissa, scales.quantity);
  market::Instrument as_told = *Definition(row.instrument);
  as_told.price_scale = scales.price;
  as_told.quantity_scale = scales.quantity;
  row.notional =
      as_told.Notional(fill.price, fill.quantity, market::Rounding::kHalfEven).value_or(Money());
  row.fee = fill.fee;
  row.fee_asset = fill.fee_asset;
  row.liquidity = fill.liquidity;
  if (BookRow(row)) changed_positions_.insert({row.account, row.strategy, row.instrument});
  added_.fills.push_back(std::move(row));
}

// --- what else is told -----------------------------------------------------------

void ReportingEngine::OnSignal(const market::Event<market::NewsSignal>& event) {
  if (!IsNew(bus::kNewsSignals, Fold::kSignals, event)) return;
  const market::NewsSignal& signal = event.value;
  store::SignalRow row;
  row.id = event.header.id;
  row.time = event.header.publish_time;
  row.source = signal.source;
  row.title = signal.title;
  row.type = signal.type;
  row.relation = signal.relation;
  row.sentiment_ppm = signal.sentiment_ppm;
  row.confidence_ppm = signal.confidence_ppm;
  row.novelty_ppm = signal.novelty_ppm;
  row.latency = signal.latency;
  row.classifier_version = signal.classifier_version;
  added_.signals.push_back(std::move(row));
  outcomes_.OnSignal(event.header.id, signal, event.header.publish_time);
}

void ReportingEngine::OnPrediction(const market::Event<market::Prediction>& event) {
  if (!IsNew(bus::kPredictions, Fold::kPredictions, event)) return;
  outcomes_.OnPrediction(event.value, event.header.publish_time);
}

void ReportingEngine::OnDecision(const market::Event<market::RiskDecision>& event) {
  if (!IsNew(bus::kRiskDecisions, Fold::kDecisions, event)) return;
  const market::RiskDecision& decision = event.value;
  if (decision.intent.kind == market::IntentKind::kCancel) return;  // nobody refuses those
  const base::Time hour = std::chrono::floor<std::chrono::hours>(decision.decided);
  ++decisions_[{hour, decision.intent.account, decision.intent.strategy,
                decision.permitted ? market::RejectReason::kNone : decision.reason}];
}

void ReportingEngine::OnRiskState(const market::Event<market::RiskState>& event) {
  if (!IsNew(bus::kRiskState, Fold::kRiskStates, event)) return;
  const market::RiskState& state = event.value;
  store::RiskEventRow row;
  row.id = event.header.id;
  row.time = event.header.publish_time;
  row.scope = state.scope.kind;
  row.scope_name = state.scope.name;
  row.state = state.state;
  row.killed = state.killed;
  row.reason = state.reason;
  row.person = state.person;
  row.limit_version = state.limit_version;
  added_.risk_events.push_back(std::move(row));
}

void ReportingEngine::OnBalance(const market::Event<market::BalanceUpdate>& event) {
  const market::BalanceUpdate& update = event.value;
  ++balances_heard_;
  KnownBalance& known = balances_[{update.account, update.venue, update.asset}];
  const bool same = known.row.free == update.free && known.row.locked == update.locked;
  const bool first = known.row.time == base::Time();
  if (event.header.publish_time < known.row.time || (same && !first)) return;
  // The first one may be the capital that all results rest on.
  const bool ended =
      HourOf(known.row) < std::chrono::floor<std::chrono::hours>(event.header.publish_time);
  if (known.changed && (ended || !known.begun)) {
    added_.balances.push_back(known.row);
    known.begun = true;
  }
  known.row = {event.header.publish_time,
               update.account,
               update.venue,
               update.asset,
               update.free,
               update.locked};
  known.changed = true;
}

// Amounts and counts: what use can be measured against. Rows are keyed by version, so
// hearing them again changes nothing.
void ReportingEngine::OnLimits(const market::Event<market::LimitEvent>& event) {
  for (const market::LimitRow& row : event.value.rows) {
    if (!row.unit.empty()) continue;
    added_.limits.push_back({event.value.version, row.scope.kind, row.scope.name, row.name,
                             row.value, row.asset, event.header.event_time});
  }
}

void ReportingEngine::OnLost(base::Time time) {
  uint64_t& whole_from = high_water_[kWholeFrom];
  whole_from = std::max(whole_from, static_cast<uint64_t>(base::UnixNanos(time)));
  changed_marks_.insert(kWholeFrom);
}

// --- samples ---------------------------------------------------------------------

store::PositionRow ReportingEngine::RowOf(const market::PositionKey& key, base::Time now) const {
  const market::Position& position = *positions_.Find(key);
  market::Instrument definition = *Definition(key.instrument);
  // A position comes to the scale of a newer version with the first fill there.
  if (position.quantity_scale >= 0) definition.quantity_scale = position.quantity_scale;
  const Mark mark = marks_.Of(key.instrument);
  store::PositionRow row;
  row.account = key.account;
  row.strategy = key.strategy;
  row.instrument = key.instrument;
  row.net = QuantityOf(definition, position.net);
  row.average_price = PriceOf(definition, market::AveragePrice(position, definition));
  row.realized = market::RealizedPnl(position, definition);
  row.unrealized = Money(0, definition.quote_scale);
  row.fees = market::QuoteFees(position, definition);
  row.quote_asset = definition.quote;
  row.updated = now;
  if (mark.state == store::MarkState::kUnpriced) return row;
  const auto unrealized = market::UnrealizedPnl(position, definition, mark.mid);
  if (!unrealized) return row;  // no market has such a number: as good as no price
  row.unrealized = *unrealized;
  row.mark = PriceOf(definition, mark.mid);
  row.mark_time = mark.time;
  row.mark_state = mark.state;
  return row;
}

std::set<market::AccountId> ReportingEngine::AccountsWithWaitingFills() const {
  std::set<market::AccountId> accounts;
  for (const auto& [instrument, rows] : waiting_) {
    for (const store::FillRow& row : rows) accounts.insert(row.account);
  }
  for (const auto& event : held_) accounts.insert(event.value.account);
  for (const auto& event : held_bookings_) accounts.insert(event.value.account);
  return accounts;
}

void ReportingEngine::SampleEquity(base::Time now, store::Batch& batch) const {
  const auto incomplete = AccountsWithWaitingFills();
  std::map<AccountAsset, store::EquityRow> totals;
  for (const auto& [key, position] : positions_.all()) {
    if (incomplete.contains(key.account)) continue;
    const store::PositionRow row = RowOf(key, now);
    store::EquityRow& total = totals[{row.account, row.quote_asset}];
    total.time = now;
    total.account = row.account;
    total.asset = row.quote_asset;
    total.realized += row.realized;
    total.unrealized += row.unrealized;
    total.fees += row.fees;
  }
  for (auto& [key, row] : totals) batch.equity.push_back(std::move(row));
}

void ReportingEngine::SampleExposure(base::Time now, store::Batch& batch) const {
  const auto incomplete = AccountsWithWaitingFills();
  std::map<AccountAsset, store::ExposureRow> totals;
  const auto total_of = [&](const market::AccountId& account,
                            const market::AssetId& asset) -> store::ExposureRow& {
    store::ExposureRow& total = totals[{account, asset}];
    total.time = now;
    total.account = account;
    total.asset = asset;
    return total;
  };
  // Strategies that hold one instrument against each other are netted, as at the venue.
  std::map<std::pair<market::AccountId, market::InstrumentId>, Money> nets;
  for (const auto& [key, position] : positions_.all()) {
    if (incomplete.contains(key.account)) continue;
    nets[{key.account, key.instrument}] +=
        Money(position.net.mantissa, std::max(position.quantity_scale, 0));
    total_of(key.account, Definition(key.instrument)->quote);
  }
  for (const auto& [key, net] : nets) {
    if (net.zero()) continue;
    market::Instrument definition = *Definition(key.second);
    definition.quantity_scale = net.scale();
    const Mark mark = marks_.Of(key.second);
    store::ExposureRow& total = total_of(key.first, definition.quote);
    ++total.positions;
    const bool unpriced = mark.state == store::MarkState::kUnpriced ||
                          net.Abs().units() > std::numeric_limits<int64_t>::max();
    const auto value = unpriced ? std::nullopt
                                : definition.Notional(mark.mid, {static_cast<int64_t>(net.units())},
                                                      market::Rounding::kHalfEven);
    if (!value) {
      ++total.unpriced;
      continue;
    }
    if (mark.state == store::MarkState::kInvalid) ++total.invalid;
    total.gross += value->Abs();
    total.net += *value;
    total.largest = std::max(total.largest, value->Abs());
  }
  for (const auto& [id, order] : orders_) {
    const market::Instrument* definition = Definition(order.instrument);
    if (market::IsTerminal(order.state) || definition == nullptr ||
        incomplete.contains(order.account))
      continue;
    store::ExposureRow& total = total_of(order.account, definition->quote);
    ++total.open_orders;
    store::FillRow rest;
    rest.price = order.price;
    rest.quantity = order.quantity - order.cumulative;
    const auto open = FillOf(rest, *definition);
    if (!open) continue;
    total.open_notional +=
        definition->Notional(open->price, open->quantity, market::Rounding::kHalfEven)
            .value_or(Money());
  }
  for (auto& [key, row] : totals) batch.exposures.push_back(std::move(row));
}

void ReportingEngine::SampleMarks(base::Time now, store::Batch& batch) const {
  std::set<market::InstrumentId> held;
  for (const auto& [key, position] : positions_.all()) {
    if (position.net.mantissa != 0) held.insert(key.instrument);
  }
  for (const market::InstrumentId& instrument : held) {
    const Mark mark = marks_.Of(instrument);
    if (mark.state == store::MarkState::kUnpriced) continue;
    batch.marks.push_back({std::chrono::floor<std::chrono::hours>(now), instrument,
                           PriceOf(*Definition(instrument), mark.mid), mark.time, mark.state, now});
  }
}

// --- batches ---------------------------------------------------------------------

void ReportingEngine::TakeBalances(base::Time now, Sample sample, store::Batch& batch) {
  const bool due = sample == Sample::kClosing || now >= balances_written_ + kBalanceEvery ||
                   balances_heard_ >= kMostBalances;
  for (auto& [key, known] : balances_) {
    const bool ended = HourOf(known.row) < std::chrono::floor<std::chrono::hours>(now);
    if (!known.changed || (known.written && !due && !ended)) continue;
    known.changed = false;
    known.begun = known.written = true;
    batch.balances.push_back(known.row);
  }
  if (!due) return;
  balances_written_ = now;
  balances_heard_ = 0;
}

bool ReportingEngine::balances_taken() const {
  return std::none_of(balances_.begin(), balances_.end(),
                      [](const auto& entry) { return entry.second.changed; });
}

// A mark stays below what has had no effect yet, so that the next start brings it again.
std::map<uint64_t, uint64_t> ReportingEngine::TakeMarks() {
  std::map<uint64_t, uint64_t> marks;
  for (const uint64_t stream : changed_marks_) marks[stream] = high_water(stream);
  changed_marks_.clear();
  const auto stay_below = [&marks](uint64_t mark, uint64_t sequence) {
    const auto found = marks.find(mark);
    if (found != marks.end()) found->second = std::min(found->second, sequence - 1);
  };
  const auto hold = [&](const auto& topic, Fold fold, const auto& held) {
    for (const auto& event : held) stay_below(MarkOf(topic, fold, event), event.header.id.sequence);
  };
  hold(bus::kExecReports, Fold::kReports, held_);
  hold(bus::kAccountEvents, Fold::kBookings, held_bookings_);
  for (const auto& [mark, sequence] : refused_) stay_below(mark, sequence);
  return marks;
}

store::Batch ReportingEngine::TakeChanges(base::Time now, Sample sample) {
  outcomes_.OnTime(now);
  store::Batch batch = std::exchange(added_, {});
  for (const auto& id : changed_instruments_) {
    batch.instruments.push_back(reporting::RowOf(*Definition(id)));
    const Scales::Entry& own = *scales_.Newest(id);
    batch.instruments.back().price_scale = own.price;
    batch.instruments.back().quantity_scale = own.quantity;
  }
  for (const auto& id : changed_orders_) batch.orders.push_back(orders_.at(id));
  for (const store::OrderRow& row : batch.orders) {
    // A late fill brings the row back; the store's own row is replaced then.
    if (market::IsTerminal(row.state)) orders_.erase(row.client_order_id);
  }
  if (sample != Sample::kNone) {
    for (const auto& [key, position] : positions_.all()) {
      if (position.net.mantissa != 0) changed_positions_.insert(key);  // its mark moved
    }
    SampleEquity(now, batch);
    SampleExposure(now, batch);
    SampleMarks(now, batch);
  }
  TakeBalances(now, sample, batch);
  for (const auto& key : changed_positions_) batch.positions.push_back(RowOf(key, now));
  for (const auto& [key, count] : decisions_) {
    const auto& [hour, account, strategy, reason] = key;
    batch.decisions.push_back({hour, account, strategy, reason, count});
  }
  for (store::OutcomeRow& row : outcomes_.TakeOutcomes()) batch.outcomes.push_back(std::move(row));
  for (store::ScoreRow& row : outcomes_.TakeScores()) batch.scores.push_back(std::move(row));
  batch.high_water = TakeMarks();
  if (folded_ && caught_up() && balances_taken()) {
    const auto [run, position] = *std::exchange(folded_, std::nullopt);
    batch.high_water[run] = position;
  }
  changed_instruments_.clear();
  changed_orders_.clear();
  changed_positions_.clear();
  decisions_.clear();
  return batch;
}

void ReportingEngine::GiveBack(const store::Batch& batch) {
  const auto put_first = []<class Row>(std::vector<Row>& rows, const std::vector<Row>& given) {
    rows.insert(rows.begin(), given.begin(), given.end());
  };
  put_first(added_.fills, batch.fills);
  put_first(added_.equity, batch.equity);
  put_first(added_.exposures, batch.exposures);
  put_first(added_.marks, batch.marks);
  put_first(added_.balances, batch.balances);
  put_first(added_.signals, batch.signals);
  put_first(added_.outcomes, batch.outcomes);
  put_first(added_.scores, batch.scores);
  put_first(added_.risk_events, batch.risk_events);
  put_first(added_.limits, batch.limits);
  put_first(added_.bookings, batch.bookings);
  put_first(added_.report_runs, batch.report_runs);
  for (const store::DecisionRow& row : batch.decisions)
    decisions_[{row.time, row.account, row.strategy, row.reason}] += row.count;
  for (const store::OrderRow& row : batch.orders) {
    orders_.emplace(row.client_order_id, row);  // unless a newer one is there
    changed_orders_.insert(row.client_order_id);
  }
  for (const store::PositionRow& row : batch.positions)
    changed_positions_.insert({row.account, row.strategy, row.instrument});
  for (const store::InstrumentRow& row : batch.instruments)
    changed_instruments_.insert(row.instrument);
  for (const auto& [stream, sequence] : batch.high_water) changed_marks_.insert(stream);
}

}  // namespace gannet::reporting
