#include "services/reporting/reporting_engine.h"

#include <algorithm>
#include <utility>

namespace gannet::reporting {
namespace {

using market::Int128;
using market::Money;

Money PriceOf(const market::Instrument* definition, market::Price price) {
  return Money(price.mantissa, definition != nullptr ? definition->price_scale : 0);
}
Money QuantityOf(const market::Instrument* definition, market::Quantity quantity) {
  return Money(quantity.mantissa, definition != nullptr ? definition->quantity_scale : 0);
}

std::string DetailOf(const market::ExecReport& report) {
  if (!report.detail.empty()) return report.detail;
  return report.venue_code.empty() ? report.evidence : report.venue_code;
}

}  // namespace

absl::Status ReportingEngine::Restore(const std::vector<store::FillRow>& fills,
                                      const std::vector<store::OrderRow>& orders,
                                      const std::map<uint64_t, uint64_t>& high_water) {
  // Lots are rebuilt from the fills themselves once the instrument is known: the
  // store holds no second truth that could differ.
  for (const store::FillRow& row : fills) waiting_[row.instrument].push_back(row);
  for (const store::OrderRow& row : orders) {
    if (!market::IsTerminal(row.state)) orders_.emplace(row.client_order_id, row);
  }
  high_water_ = high_water;
  return absl::OkStatus();
}

void ReportingEngine::OnInstrument(const market::Instrument& instrument) {
  instruments_.Put(instrument);
  const auto waiting = waiting_.find(instrument.id);
  if (waiting == waiting_.end()) return;
  for (const store::FillRow& row : waiting->second) ReplayFill(row);
  waiting_.erase(waiting);
}

void ReportingEngine::ReplayFill(const store::FillRow& row) {
  const market::Instrument& definition = *Definition(row.instrument);
  const auto price = market::Rescale(row.price.units(), row.price.scale(), definition.price_scale,
                                     market::Rounding::kHalfEven);
  const auto quantity = market::Rescale(row.quantity.units(), row.quantity.scale(),
                                        definition.quantity_scale, market::Rounding::kHalfEven);
  market::Fill fill;
  fill.trade_id = row.trade_id;
  if (price && quantity) {
    fill.price = market::Price{static_cast<int64_t>(*price)};
    fill.quantity = market::Quantity{static_cast<int64_t>(*quantity)};
  }
  fill.fee = row.fee;
  fill.fee_asset = row.fee_asset;
  if (!positions_.Apply({row.account, row.strategy, row.instrument}, definition, row.side, fill)
           .ok())
    ++stats_.unbooked_fills;
}

void ReportingEngine::OnQuote(const market::Quote& quote) {
  if (quote.bid.quantity.mantissa <= 0 || quote.ask.quantity.mantissa <= 0) return;
  // Midway, rounded down: both mantissas are far below half of int64.
  marks_[quote.instrument] = market::Price{
      quote.bid.price.mantissa + (quote.ask.price.mantissa - quote.bid.price.mantissa) / 2};
}

uint64_t ReportingEngine::high_water(uint64_t stream) const {
  const auto found = high_water_.find(stream);
  return found == high_water_.end() ? 0 : found->second;
}

void ReportingEngine::OnReport(const market::Event<market::ExecReport>& event) {
  const market::EventId id = event.header.id;
  if (id.sequence <= high_water(id.stream)) {
    ++stats_.repeated;
    return;
  }
  ++stats_.reports;
  high_water_[id.stream] = changed_marks_[id.stream] = id.sequence;

  const market::ExecReport& report = event.value;
  const market::Instrument* definition = Definition(report.instrument);
  store::OrderRow& order = orders_[report.client_order_id];
  if (order.client_order_id.empty()) {
    order.client_order_id = report.client_order_id;
    order.created = event.header.publish_time;
  }
  order.account = report.account;
  order.strategy = report.strategy;
  order.instrument = report.instrument;
  order.side = report.side;
  if (!report.venue_order_id.empty()) order.venue_order_id = report.venue_order_id;
  order.price = PriceOf(definition, report.price);
  order.quantity = QuantityOf(definition, report.quantity);
  order.cumulative = QuantityOf(definition, report.cumulative);
  order.state = report.state;
  order.detail = DetailOf(report);
  order.updated = event.header.publish_time;
  changed_orders_.insert(report.client_order_id);
  if (report.fill) BookFill(event);
}

void ReportingEngine::BookFill(const market::Event<market::ExecReport>& event) {
  const market::ExecReport& report = event.value;
  const market::Fill& fill = *report.fill;
  const market::Instrument* definition = Definition(report.instrument);
  ++stats_.fills;
  store::FillRow row;
  row.id = event.header.id;
  row.time = event.header.event_time;
  row.account = report.account;
  row.strategy = report.strategy;
  row.instrument = report.instrument;
  row.side = report.side;
  row.client_order_id = report.client_order_id;
  row.trade_id = fill.trade_id;
  row.price = PriceOf(definition, fill.price);
  row.quantity = QuantityOf(definition, fill.quantity);
  row.fee = fill.fee;
  row.fee_asset = fill.fee_asset;
  row.liquidity = fill.liquidity;
  row.signal = report.signal;
  row.model_version = report.model_version;
  const market::PositionKey key{report.account, report.strategy, report.instrument};
  if (definition != nullptr) {
    row.notional = definition->Notional(fill.price, fill.quantity, market::Rounding::kHalfEven)
                       .value_or(Money());
  }
  if (definition != nullptr && positions_.Apply(key, *definition, report.side, fill).ok()) {
    changed_positions_.insert(key);
  } else {
    ++stats_.unbooked_fills;
  }
  new_fills_.push_back(std::move(row));
}

store::PositionRow ReportingEngine::RowOf(const market::PositionKey& key, base::Time now) const {
  const market::Instrument& definition = *Definition(key.instrument);
  const market::Position& position = *positions_.Find(key);
  const auto mark = marks_.find(key.instrument);
  const market::Price average = market::AveragePrice(position, definition);
  store::PositionRow row;
  row.account = key.account;
  row.strategy = key.strategy;
  row.instrument = key.instrument;
  row.net = QuantityOf(&definition, position.net);
  row.average_price = PriceOf(&definition, average);
  row.realized = market::RealizedPnl(position, definition);
  row.unrealized =
      market::UnrealizedPnl(position, definition, mark != marks_.end() ? mark->second : average)
          .value_or(Money(0, definition.quote_scale));
  row.fees = market::QuoteFees(position, definition);
  row.quote_asset = definition.quote;
  row.updated = now;
  return row;
}

store::Batch ReportingEngine::TakeChanges(base::Time now) {
  store::Batch batch;
  batch.fills = std::move(new_fills_);
  new_fills_.clear();
  for (const auto& id : changed_orders_) batch.orders.push_back(orders_.at(id));
  for (const store::OrderRow& row : batch.orders) {
    // A late fill brings the row back; the store's own row is replaced then.
    if (market::IsTerminal(row.state)) orders_.erase(row.client_order_id);
  }
  for (const auto& key : changed_positions_) batch.positions.push_back(RowOf(key, now));
  batch.high_water = std::move(changed_marks_);
  changed_orders_.clear();
  changed_positions_.clear();
  changed_marks_.clear();
  return batch;
}

store::Batch ReportingEngine::TakeChangesWithEquity(base::Time now) {
  for (const auto& [key, position] : positions_.all()) {
    if (position.net.mantissa != 0) changed_positions_.insert(key);  // its mark moved
  }
  store::Batch batch = TakeChanges(now);
  std::map<std::pair<market::AccountId, market::AssetId>, store::EquityRow> totals;
  for (const auto& [key, position] : positions_.all()) {
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
  return batch;
}

void ReportingEngine::GiveBack(const store::Batch& batch) {
  new_fills_.insert(new_fills_.begin(), batch.fills.begin(), batch.fills.end());
  for (const store::OrderRow& row : batch.orders) {
    orders_.emplace(row.client_order_id, row);  // unless a newer one is there
    changed_orders_.insert(row.client_order_id);
  }
  for (const store::PositionRow& row : batch.positions)
    changed_positions_.insert({row.account, row.strategy, row.instrument});
  for (const auto& [stream, sequence] : batch.high_water) {
    uint64_t& mark = changed_marks_[stream];
    mark = std::max(mark, sequence);
  }
}

}  // namespace gannet::reporting
