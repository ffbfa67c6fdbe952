#include "services/gateway/view.h"

#include "libs/market/order_state.h"

namespace gannet::gateway {
namespace {

constexpr size_t kKeptReasons = 10'000;

bool HasBothSides(const market::Quote& quote) {
  return quote.bid.quantity.mantissa > 0 && quote.ask.quantity.mantissa > 0;
}

// Steps that execution takes from the venue's word, not from its own deeds.
bool IsFromVenue(const market::ExecReport& report) {
  if (report.evidence.starts_with("local:")) return false;
  switch (report.kind) {
    case market::ExecKind::kAccepted:
    case market::ExecKind::kRejected:
    case market::ExecKind::kFill:
    case market::ExecKind::kCanceled:
    case market::ExecKind::kExpired:
    case market::ExecKind::kTriggered:
    case market::ExecKind::kAbsent:
    case market::ExecKind::kCancelRejected:
    case market::ExecKind::kReplaced:
    case market::ExecKind::kReplaceRejected:
      return true;
    default:
      return false;
  }
}

}  // namespace

template <class T>
void View::Keep(NewestFirst<T>& rows, T row) {
  if (rows.full()) ++counters_.forgotten;
  rows.push_front(std::move(row));
}

View::Market* View::FindMarket(const market::InstrumentId& id) {
  const auto found = markets_.find(id);
  if (found != markets_.end()) return &found->second;
  if (markets_.size() >= kKeptInstruments) {
    ++counters_.forgotten;
    return nullptr;
  }
  return &markets_[id];
}

template <class Map, class Value>
void View::Put(Map& map, const typename Map::key_type& key, Value value) {
  if (map.size() >= kKeptRows && !map.contains(key)) {
    ++counters_.forgotten;
    return;
  }
  map.insert_or_assign(key, std::move(value));
}

const market::Instrument* View::Definition(const market::InstrumentId& id) const {
  const auto found = markets_.find(id);
  return found == markets_.end() || !found->second.definition ? nullptr
                                                              : &*found->second.definition;
}

const market::Instrument* View::Definition(const market::InstrumentId& id, uint32_t version) const {
  const market::Instrument* newest = Definition(id);
  if (newest != nullptr && newest->version == version) return newest;
  const auto found = older_.find({id, version});
  return found == older_.end() ? nullptr : &found->second;
}

void View::On(const market::Event<market::Instrument>& event) {
  Market* market = FindMarket(event.value.id);
  if (market == nullptr) return;
  if (market->definition && market->definition->version > event.value.version) return;
  if (market->definition && market->definition->version < event.value.version) {
    if (older_.size() >= kKeptInstruments) {
      older_.erase(older_.begin());
      ++counters_.forgotten;
    }
    older_.insert_or_assign({event.value.id, market->definition->version},
                            std::move(*market->definition));
  }
  market->definition = event.value;
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
    Put(feeds_, status.feed, Feed{status.feed_state, status.detail, event.header.receive_time});
  } else if (Market* market = FindMarket(status.instrument)) {
    market->book = status.book_state;
    market->fault = status.fault;
  }
}

void View::On(const market::Event<market::NewsSignal>& event) {
  ++counters_.signals;
  Keep(signals_, Signal{event.value, event.header.publish_time, event.header.id});
}

void View::On(const market::Event<market::Prediction>& event) {
  ++counters_.predictions;
  predictions_.push_front({event.value, event.header.publish_time, event.header.id});
  if (Market* market = FindMarket(event.value.instrument)) {
    market->prediction = event.value;
    market->prediction_time = event.header.publish_time;
  }
}

void View::On(const market::Event<market::OrderIntent>& event) {
  ++counters_.intents;
  // A cancel or an amendment is no order; nobody would ask for its reason.
  const market::IntentKind kind = event.value.kind;
  if (kind != market::IntentKind::kCancel && kind != market::IntentKind::kAmend)
    RememberReason(event.value);
}

void View::Explain(Order& order, Asked asked) {
  if (order.reason.empty()) order.reason = std::move(asked.reason);
  if (!order.terms) order.terms = asked.terms;
}

void View::RememberReason(const market::OrderIntent& intent) {
  Asked asked{intent.reason, Terms{intent.type, intent.stop_price, intent.trailing_bps,
                                   intent.instrument_version}};
  // Topics come in no order among each other: the last report may have been heard before.
  if (const auto open = open_.find(intent.client_order_id); open != open_.end())
    return Explain(open->second, std::move(asked));
  if (!reasons_.insert_or_assign(intent.client_order_id, std::move(asked)).second) return;
  reasons_in_order_.push_back(intent.client_order_id);
  if (reasons_in_order_.size() > kKeptReasons) reasons_.erase(reasons_in_order_.front());
  while (!reasons_in_order_.empty() && !reasons_.contains(reasons_in_order_.front()))
    reasons_in_order_.pop_front();
}

View::Order* View::FindClosed(const market::ClientOrderId& id) {
  for (Order& order : closed_) {
    if (order.report.client_order_id == id) return &order;
  }
  return nullptr;
}

const View::Order* View::FindOrder(const market::ClientOrderId& id) const {
  if (const auto open = open_.find(id); open != open_.end()) return &open->second;
  for (const Order& order : closed_) {
    if (order.report.client_order_id == id) return &order;
  }
  return nullptr;
}

void View::On(const market::Event<market::RiskDecision>& event) {
  const market::RiskDecision& decision = event.value;
  if (decision.permitted) {
    ++counters_.permitted;
    return;
  }
  ++counters_.denied;
  ++counters_.denials[decision.reason];
  denials_.push_front({decision, event.header.publish_time, event.header.id});
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
  } else if ((report.kind == market::ExecKind::kCancelRejected ||
              report.kind == market::ExecKind::kReplaceRejected) &&
             FindClosed(report.client_order_id) == nullptr) {
    return;  // about an order that is not there: it makes none
  }
  if (auto asked = reasons_.extract(report.client_order_id))
    Explain(order, std::move(asked.mapped()));
  if (!order.report.client_order_id.empty() && order.report.state == market::OrderState::kUnknown)
    --counters_.unknown_now;
  // A fill after the end of an order, a late answer: facts of life.
  Order* closed = nullptr;
  if (order.report.client_order_id.empty() && market::IsTerminal(report.state)) {
    closed = FindClosed(report.client_order_id);
    if (closed != nullptr) order = *closed;
  }
  order.report = report;
  order.updated = event.header.publish_time;
  if (IsFromVenue(report)) {
    order.venue_state = report.state;
    order.venue_time = event.header.receive_time;
    order.venue_evidence = report.evidence;
  }
  if (report.state == market::OrderState::kUnknown) ++counters_.unknown_now;
  if (report.kind == market::ExecKind::kRejected) ++counters_.rejected_by_venue;
  if (report.kind == market::ExecKind::kIllegal) ++counters_.illegal;
  if (report.fill) {
    ++counters_.fills;
    Keep(fills_, FillSeen{report, event.header.event_time, event.header.id});
  }
  if (market::IsTerminal(report.state)) {
    if (closed != nullptr) {
      *closed = std::move(order);
    } else {
      Keep(closed_, std::move(order));
    }
  } else if (open_.size() < kKeptOpenOrders) {
    open_.emplace(report.client_order_id, std::move(order));
  } else {
    ++counters_.forgotten;
  }
}

void View::On(const market::Event<market::PositionUpdate>& event) {
  const market::PositionUpdate& p = event.value;
  Put(positions_, {p.account, p.strategy, p.instrument}, Position{p, event.header.publish_time});
}

void View::On(const market::Event<market::BalanceUpdate>& event) {
  Put(balances_, {event.value.account, event.value.venue, event.value.asset}, event.value);
}

void View::On(const market::Event<market::RiskState>& event) {
  Put(risk_, event.value.scope, event.value);
}

void View::Take(const market::Standing& standing) {
  const uint64_t orders = counters_.orders;
  for (const auto& [intent, report] : standing.orders) {
    const market::ClientOrderId& id = report.value.client_order_id;
    if (FindOrder(id) != nullptr) continue;
    RememberReason(intent.value);
    On(report);
    if (const auto open = open_.find(id); open != open_.end())
      open->second.created = intent.value.created;
  }
  counters_.orders = orders;
  for (const auto& [update, fills] : standing.positions) {
    const market::PositionUpdate& p = update.value;
    if (!positions_.contains({p.account, p.strategy, p.instrument})) On(update);
  }
  for (const market::Event<market::BalanceUpdate>& balance : standing.balances) {
    const market::BalanceUpdate& b = balance.value;
    if (!balances_.contains({b.account, b.venue, b.asset})) On(balance);
  }
}

std::optional<market::Money> View::Unrealized(const market::PositionUpdate& position) const {
  const market::Instrument* definition =
      Definition(position.instrument, position.instrument_version);
  const auto found = markets_.find(position.instrument);
  if (definition == nullptr || found == markets_.end() || !found->second.quote) return std::nullopt;
  const market::Quote& quote = *found->second.quote;
  if (quote.instrument_version != position.instrument_version || !HasBothSides(quote))
    return std::nullopt;
  const market::Price mid{quote.bid.price.mantissa +
                          (quote.ask.price.mantissa - quote.bid.price.mantissa) / 2};
  const auto now = definition->Notional(mid, position.net, market::Rounding::kFloor);
  const auto paid =
      definition->Notional(position.average_price, position.net, market::Rounding::kFloor);
  if (!now || !paid) return std::nullopt;
  return *now - *paid;
}

std::map<std::string, View::Profit> View::ProfitByAsset() const {
  std::map<std::string, Profit> out;
  for (const auto& [key, position] : positions_) {
    const market::PositionUpdate& p = position.value;
    const market::Instrument* definition = Definition(p.instrument, p.instrument_version);
    Profit& profit = out[definition != nullptr ? definition->quote.text() : "?"];
    profit.realized += p.realized_pnl;
    profit.fees += p.fees;
    if (const auto open = Unrealized(p)) {
      profit.unrealized += *open;
    } else if (p.net.mantissa != 0) {
      ++profit.unvalued;
    }
  }
  return out;
}

}  // namespace gannet::gateway
