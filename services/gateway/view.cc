#include "services/gateway/view.h"

#include "libs/market/order_state.h"

namespace gannet::gateway {
namespace {

constexpr size_t kKeptReasons = 10'000;

}  // namespace

template <class T>
void View::Keep(std::deque<T>& items, T item, size_t limit) {
  items.push_front(std::move(item));
  if (items.size() <= limit) return;
  items.pop_back();
  ++counters_.forgotten;
}

View::Market* View::FindMarket(const market::InstrumentId& id) {
  const auto found = markets_.find(id);
  if (found != markets_.end()) return &found->second;
  if (markets_.size() >= kKeptInstruments) {
    ++counters_.forgotten;
    return nullptr;
  }
  Market& added = markets_[id];
  added.definition.id = id;
  return &added;
}

const market::Instrument* View::Definition(const market::InstrumentId& id) const {
  const auto found = markets_.find(id);
  return found == markets_.end() ? nullptr : &found->second.definition;
}

void View::On(const market::Event<market::Instrument>& event) {
  if (Market* market = FindMarket(event.value.id)) market->definition = event.value;
}

void View::On(const market::Event<market::Quote>& event) {
  ++counters_.quotes;
  if (Market* market = FindMarket(event.value.instrument)) {
    market->quote = event.value;
    market->quote_time = event.header.receive_time;
  }
}

void View::On(const market::Event<market::Trade>& event) {
  ++counters_.trades;
  if (Market* market = FindMarket(event.value.instrument)) market->last_trade = event.value;
}

void View::On(const market::Event<market::MarketStatus>& event) {
  const market::MarketStatus& status = event.value;
  if (status.instrument.empty()) {
    feeds_[status.feed] = Feed{status.feed_state, status.detail, event.header.receive_time};
  } else if (Market* market = FindMarket(status.instrument)) {
    market->book = status.book_state;
    market->fault = status.fault;
  }
}

void View::On(const market::Event<market::NewsSignal>& event) {
  ++counters_.signals;
  Keep(signals_, Signal{event.value, event.header.publish_time}, kKeptSignals);
}

void View::On(const market::Event<market::Prediction>& event) {
  ++counters_.predictions;
  if (Market* market = FindMarket(event.value.instrument)) {
    market->prediction = event.value;
    market->prediction_time = event.header.publish_time;
  }
}

void View::On(const market::Event<market::OrderIntent>& event) {
  ++counters_.intents;
  reasons_[event.value.client_order_id] = event.value.reason;
  if (reasons_.size() > kKeptReasons) reasons_.erase(reasons_.begin());
}

void View::On(const market::Event<market::RiskDecision>& event) {
  const market::RiskDecision& decision = event.value;
  if (decision.permitted) {
    ++counters_.permitted;
    return;
  }
  ++counters_.denied;
  ++counters_.denials[decision.reason];
  reasons_.erase(decision.intent.client_order_id);
}

void View::On(const market::Event<market::ExecReport>& event) {
  const market::ExecReport& report = event.value;
  Order order;
  order.created = event.header.publish_time;
  if (auto known = open_.extract(report.client_order_id)) {
    order = std::move(known.mapped());
  } else if (report.kind == market::ExecKind::kJournaled) {
    ++counters_.orders;
    if (auto reason = reasons_.extract(report.client_order_id)) order.reason = std::move(reason.mapped());
  }
  if (!order.report.client_order_id.empty() && order.report.state == market::OrderState::kUnknown) --counters_.unknown_now;
  order.report = report;
  order.updated = event.header.publish_time;
  if (report.state == market::OrderState::kUnknown) ++counters_.unknown_now;
  if (report.kind == market::ExecKind::kRejected) ++counters_.rejected_by_venue;
  if (report.kind == market::ExecKind::kIllegal) ++counters_.illegal;
  if (report.fill) {
    ++counters_.fills;
    Keep(fills_, FillSeen{report, event.header.event_time}, kKeptFills);
  }
  if (market::IsTerminal(report.state)) {
    Keep(closed_, std::move(order), kKeptClosedOrders);
  } else {
    open_.emplace(report.client_order_id, std::move(order));
  }
}

void View::On(const market::Event<market::PositionUpdate>& event) {
  const market::PositionUpdate& p = event.value;
  positions_[{p.account, p.strategy, p.instrument}] = Position{p, event.header.publish_time};
}

void View::On(const market::Event<market::BalanceUpdate>& event) {
  balances_[{event.value.account, event.value.asset}] = event.value;
}

void View::On(const market::Event<market::RiskState>& event) { risk_[event.value.scope] = event.value; }

std::optional<market::Money> View::Unrealized(const market::PositionUpdate& position) const {
  const auto found = markets_.find(position.instrument);
  if (found == markets_.end() || !found->second.quote) return std::nullopt;
  const market::Quote& quote = *found->second.quote;
  const market::Price mid{quote.bid.price.mantissa + (quote.ask.price.mantissa - quote.bid.price.mantissa) / 2};
  const auto now = found->second.definition.Notional(mid, position.net, market::Rounding::kFloor);
  const auto paid = found->second.definition.Notional(position.average_price, position.net, market::Rounding::kFloor);
  if (!now || !paid) return std::nullopt;
  return *now - *paid;
}

}  // namespace gannet::gateway
