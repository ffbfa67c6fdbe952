#include "libs/matching/paper_venue.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"

namespace gannet::matching {
namespace {

using market::Level;
using market::Liquidity;
using market::OrderState;
using market::OrderType;
using market::Price;
using market::Quantity;
using market::Side;
using market::TimeInForce;

constexpr int64_t kPpm = 1'000'000;

bool IsMarketType(OrderType type) {
  return type == OrderType::kMarket || type == OrderType::kStop || type == OrderType::kTakeProfit;
}

bool HasStop(OrderType type) {
  return type == OrderType::kStop || type == OrderType::kStopLimit ||
         type == OrderType::kTakeProfit || type == OrderType::kTakeProfitLimit;
}

// A taker of `side` may pay `price` under `limit`; limit 0: any price.
bool Within(Side side, Price price, Price limit) {
  if (limit.mantissa == 0) return true;
  return side == Side::kBuy ? price <= limit : price >= limit;
}

bool Better(Side side, Price a, Price b) { return side == Side::kBuy ? a > b : a < b; }

// Stops wait for the price to move against the side, take-profits for it.
bool StopReached(const PaperOrder& order, Price last) {
  const bool stop = order.type == OrderType::kStop || order.type == OrderType::kStopLimit;
  const bool upward = stop == (order.side == Side::kBuy);
  return upward ? last >= order.stop_price : last <= order.stop_price;
}

Quantity Least(Quantity a, Quantity b) { return std::min(a, b); }

// How far a market order may go from the best price it found; 0: any distance.
Price ProtectedLimit(Side side, Price best, int64_t protection_ppm) {
  if (protection_ppm <= 0) return Price{};
  const market::Int128 distance =
      static_cast<market::Int128>(best.mantissa) * protection_ppm / kPpm;
  const market::Int128 limit = best.mantissa + market::Sign(side) * distance;
  return Price{std::max<int64_t>(1, static_cast<int64_t>(limit))};
}

// Rounded up: orders have no part of a lot, so neither has what is ahead of one.
Quantity WholeLots(int64_t quantity, Quantity lot) {
  const int64_t rest = lot.mantissa > 0 ? quantity % lot.mantissa : 0;
  return rest == 0 ? Quantity{quantity} : Quantity{quantity - rest} + lot;
}

}  // namespace

const char* Name(PaperReject reason) {
  switch (reason) {
    case PaperReject::kNone:
      return "none";
    case PaperReject::kUnknownInstrument:
      return "unknown instrument";
    case PaperReject::kUnsupportedType:
      return "unsupported order type";
    case PaperReject::kBadPrice:
      return "price not positive or not on the tick";
    case PaperReject::kBadStopPrice:
      return "stop price not positive or not on the tick";
    case PaperReject::kBadQuantity:
      return "quantity not positive, off the lot or out of range";
    case PaperReject::kBelowMinimum:
      return "below the minimum notional";
    case PaperReject::kDuplicate:
      return "client order id is open";
    case PaperReject::kTooManyOrders:
      return "too many open orders";
    case PaperReject::kNoMarket:
      return "no valid book to execute against";
    case PaperReject::kWouldTake:
      return "post-only order would match";
    case PaperReject::kWouldTrigger:
      return "stop price would trigger at once";
    case PaperReject::kUnknownOrder:
      return "order is not open";
  }
  return "unknown reason";
}

PaperVenue::PaperVenue(PaperOptions options) : options_(options) {}

base::Time PaperVenue::Step(base::Time now) {
  Advance(now);
  return now_;
}

PaperVenue::Market* PaperVenue::FindMarket(const market::InstrumentId& id, uint32_t version) {
  const auto found = markets_.find(id);
  if (found == markets_.end()) {
    ++stats_.unknown_instrument;
    return nullptr;
  }
  if (found->second.instrument.version != version) {
    ++stats_.version_mismatch;
    return nullptr;
  }
  return &found->second;
}

// ---- the market

void PaperVenue::OnInstrument(const market::Instrument& instrument) {
  const auto [at, added] = markets_.try_emplace(instrument.id);
  Market& market = at->second;
  if (!added && market.instrument.version > instrument.version) return;
  const bool rescaled = !added && (market.instrument.price_scale != instrument.price_scale ||
                                   market.instrument.quantity_scale != instrument.quantity_scale);
  if (rescaled) {
    // Numbers of the old scales mean nothing any more; a venue that rescales
    // cancels what is open.
    const std::set<OrderNumber> open = market.open;
    for (const OrderNumber number : open) CloseOrder(market, number, OrderState::kCanceled, now_);
    market.book.Clear();
    market.memory.clear();
    market.valid = false;
    market.last_trade = Price{};
  }
  market.instrument = instrument;
}

void PaperVenue::OnBook(const market::BookUpdate& update, base::Time now) {
  const base::Time at = Step(now);
  Market* market = FindMarket(update.instrument, update.instrument_version);
  if (market == nullptr) return;
  market->valid = update.state == market::BookState::kValid;
  if (!market->valid) return;

  std::map<LevelKey, Quantity> before;
  for (const OrderNumber number : market->open) {
    const Working& working = orders_.at(number);
    if (!working.resting) continue;
    const PaperOrder& order = working.status.order;
    before.try_emplace({order.side, order.price},
                       market->book.quantity_at(order.side, order.price));
  }
  Shown shown;
  const auto note = [&](Side side, const Level& level) {
    shown.push_back({{side, level.price}, market->book.quantity_at(side, level.price)});
  };
  for (const Side side : {Side::kBuy, Side::kSell}) {
    if (!update.snapshot) {
      for (const Level& level : side == Side::kBuy ? update.bids : update.asks) note(side, level);
    }
    for (size_t i = 0; update.snapshot && i < market->book.depth(side); ++i)
      note(side, market->book.level(side, i));
  }
  if (update.snapshot) market->book.Clear();
  for (const Level& level : update.bids) market->book.Set(Side::kBuy, level.price, level.quantity);
  for (const Level& level : update.asks) market->book.Set(Side::kSell, level.price, level.quantity);

  if (!before.empty()) ReduceQueues(*market, before, update.snapshot);
  FadeMemory(*market, shown);
  if (!before.empty()) FillCrossed(*market, at);
  ExecuteTriggered(*market, at);
}

void PaperVenue::OnTrade(const market::Trade& trade, base::Time now) {
  const base::Time at = Step(now);
  Market* market = FindMarket(trade.instrument, trade.instrument_version);
  if (market == nullptr || trade.price.mantissa <= 0 || trade.quantity.mantissa <= 0) return;
  market->last_trade = trade.price;
  TakeOff(*market, trade);
  if (market->open.empty()) return;
  FillFromTrade(*market, trade, at);
  TriggerStops(*market, at);
}

std::vector<PaperVenue::OrderNumber> PaperVenue::Resting(const Market& market, Side side) const {
  std::vector<OrderNumber> numbers;
  for (const OrderNumber number : market.open) {
    const Working& working = orders_.at(number);
    if (working.resting && working.status.order.side == side) numbers.push_back(number);
  }
  std::stable_sort(numbers.begin(), numbers.end(), [this, side](OrderNumber a, OrderNumber b) {
    return Better(side, orders_.at(a).status.order.price, orders_.at(b).status.order.price);
  });
  return numbers;
}

// What the level lost beyond the trades already seen was cancelled. What a
// cancellation took off the queue is kept as credit until the next update: a
// trade that arrives after the book that shows it must not count twice.
void PaperVenue::ReduceQueues(Market& market, const std::map<LevelKey, Quantity>& before,
                              bool replaced) {
  for (const OrderNumber number : market.open) {
    Working& working = orders_.at(number);
    if (!working.resting) continue;
    const PaperOrder& order = working.status.order;
    const LevelKey key{order.side, order.price};
    const Quantity visible = market.book.quantity_at(order.side, order.price);
    working.credit = Quantity{};
    if (working.queue_unknown) {
      if (visible.mantissa == 0) continue;
      working.status.ahead = visible;
      working.queue_unknown = false;
      continue;
    }
    const auto memory = market.memory.find(key);
    const Quantity traded = memory == market.memory.end() ? Quantity{} : memory->second.traded;
    const Quantity base = before.at(key) - Least(traded, before.at(key));
    Quantity ahead = Least(working.status.ahead, visible);
    if (options_.queue_model == QueueModel::kProportional && !replaced && visible < base) {
      const auto share = market::MulDiv(working.status.ahead.mantissa, visible.mantissa,
                                        base.mantissa, market::Rounding::kCeiling);
      ahead = Least(ahead, WholeLots(static_cast<int64_t>(*share), market.instrument.lot));
    }
    working.credit = working.status.ahead - ahead;
    working.status.ahead = ahead;
  }
}

// A level that went away takes the memory of what we took from it along. `before`: what was
// visible of the levels that the update names.
void PaperVenue::FadeMemory(Market& market, const Shown& before) {
  Shown credits;
  for (const auto& [key, visible] : before) {
    const auto memory = market.memory.find(key);
    const Quantity gone = memory == market.memory.end() ? Quantity{} : memory->second.gone;
    const Quantity fell = visible - gone - market.book.quantity_at(key.first, key.second);
    if (fell.mantissa > 0) credits.emplace_back(key, fell);
  }
  for (auto entry = market.memory.begin(); entry != market.memory.end();) {
    LevelMemory& memory = entry->second;
    memory.traded = memory.gone = memory.credit = Quantity{};
    memory.taken =
        Least(memory.taken, market.book.quantity_at(entry->first.first, entry->first.second));
    entry = memory.taken.mantissa == 0 ? market.memory.erase(entry) : std::next(entry);
  }
  for (const auto& [key, credit] : credits) market.memory[key].credit = credit;
}

// A trade at a price means that nothing better was left, whatever the book still shows; of a
// book that shows the trade already nothing is taken again.
void PaperVenue::TakeOff(Market& market, const market::Trade& trade) {
  const Side side = market::Opposite(trade.aggressor);
  LevelMemory& memory = market.memory[{side, trade.price}];
  const Quantity credited = Least(memory.credit, trade.quantity);
  memory.credit -= credited;
  if (credited == trade.quantity) return;
  const Quantity visible = market.book.quantity_at(side, trade.price);
  memory.gone += Least(trade.quantity - credited, visible - memory.gone);
  for (size_t i = 0; i < market.book.depth(side); ++i) {
    const Level level = market.book.level(side, i);
    if (!Better(side, level.price, trade.price)) break;
    market.memory[{side, level.price}].gone = level.quantity;
  }
}

Quantity PaperVenue::Left(const Market& market, Side side, const Level& level) const {
  const auto memory = market.memory.find({side, level.price});
  if (memory == market.memory.end()) return level.quantity;
  const Quantity away = memory->second.taken + memory->second.gone;
  return level.quantity - Least(away, level.quantity);
}

std::optional<Level> PaperVenue::BestLeft(const Market& market, Side side) const {
  for (size_t i = 0; i < market.book.depth(side); ++i) {
    const Level level = market.book.level(side, i);
    const auto memory = market.memory.find({side, level.price});
    if (memory == market.memory.end() || memory->second.gone < level.quantity) return level;
  }
  return std::nullopt;
}

std::optional<Level> PaperVenue::Best(const market::InstrumentId& instrument, Side side) const {
  const auto found = markets_.find(instrument);
  if (found == markets_.end() || !found->second.valid) return std::nullopt;
  return BestLeft(found->second, side);
}

// The other side came to our price without a trade print: whoever quotes there
// would have met our order first.
void PaperVenue::FillCrossed(Market& market, base::Time at) {
  for (const Side side : {Side::kBuy, Side::kSell}) {
    for (const OrderNumber number : Resting(market, side)) {
      const auto best = market.book.best(market::Opposite(side));
      Working& working = orders_.at(number);
      if (!best || !Within(side, best->price, working.status.order.price)) break;
      TakeVisible(market, working, working.status.order.price, Liquidity::kMaker, at);
      if (working.remaining().mantissa == 0) CloseOrder(market, number, OrderState::kFilled, at);
    }
  }
}

void PaperVenue::FillFromTrade(Market& market, const market::Trade& trade, base::Time at) {
  const Side side = market::Opposite(trade.aggressor);
  Quantity left = trade.quantity;  // of the trade, not yet given to us
  bool at_price = false;
  for (const OrderNumber number : Resting(market, side)) {
    Working& working = orders_.at(number);
    const Price price = working.status.order.price;
    if (Better(side, trade.price, price)) break;
    Quantity reach = left;
    if (price == trade.price) {
      at_price = true;
      if (working.queue_unknown) continue;
      const Quantity credited = Least(working.credit, left);
      working.credit -= credited;
      const Quantity moved = left - credited;
      reach = moved - Least(moved, working.status.ahead);
      working.status.ahead -= Least(moved, working.status.ahead);
    }
    const Quantity fill = Least(reach, working.remaining());
    if (fill.mantissa == 0) continue;
    left -= fill;
    FillOrder(market, working, price, fill, Liquidity::kMaker, at);
    if (working.remaining().mantissa == 0) CloseOrder(market, number, OrderState::kFilled, at);
  }
  if (at_price) market.memory[{side, trade.price}].traded += trade.quantity;
}

// While the book is not valid a triggered order could not be executed: stops
// wait for the first trade after it is valid again.
void PaperVenue::TriggerStops(Market& market, base::Time at) {
  if (!market.valid) return;
  std::vector<OrderNumber> reached;
  for (const OrderNumber number : market.open) {
    const Working& working = orders_.at(number);
    if (HasStop(working.status.order.type) && !working.triggered &&
        StopReached(working.status.order, market.last_trade)) {
      reached.push_back(number);
    }
  }
  for (const OrderNumber number : reached) {
    const auto found = orders_.find(number);
    if (found == orders_.end()) continue;  // gone with the self-trade of an earlier one
    Working& working = found->second;
    working.triggered = true;
    working.status.state = OrderState::kTriggered;
    Emit(PaperEventKind::kTriggered, working.status, at);
    // A trade beyond all that is visible: what it would meet shows with the next book.
    const Side other = market::Opposite(working.status.order.side);
    if (market.book.depth(other) == 0 || BestLeft(market, other)) Execute(market, number, at);
  }
}

void PaperVenue::ExecuteTriggered(Market& market, base::Time at) {
  std::vector<OrderNumber> waiting;
  for (const OrderNumber number : market.open) {
    const Working& working = orders_.at(number);
    if (working.triggered && !working.resting) waiting.push_back(number);
  }
  for (const OrderNumber number : waiting) {
    if (orders_.contains(number)) Execute(market, number, at);
  }
}

// ---- requests

void PaperVenue::Submit(const PaperOrder& order, base::Time now) {
  const base::Time at = Step(now);
  arrivals_.emplace(ArrivalKey{at + options_.order_latency, ++requests_},
                    Arrival{Arrival::Kind::kOrder, order});
  Advance(at);
}

void PaperVenue::Cancel(const market::ClientOrderId& order, base::Time now) {
  const base::Time at = Step(now);
  Arrival arrival;
  arrival.kind = Arrival::Kind::kCancel;
  arrival.order.client_order_id = order;
  arrivals_.emplace(ArrivalKey{at + options_.cancel_latency, ++requests_}, std::move(arrival));
  Advance(at);
}

void PaperVenue::Amend(const market::ClientOrderId& order, Price price, Quantity quantity,
                       base::Time now) {
  const base::Time at = Step(now);
  Arrival arrival;
  arrival.kind = Arrival::Kind::kAmend;
  arrival.order.client_order_id = order;
  arrival.order.price = price;
  arrival.order.quantity = quantity;
  arrivals_.emplace(ArrivalKey{at + options_.order_latency, ++requests_}, std::move(arrival));
  Advance(at);
}

base::Time PaperVenue::next_deadline() const {
  base::Time next = base::Time::max();
  if (!arrivals_.empty()) next = arrivals_.begin()->first.first;
  if (!expiries_.empty()) next = std::min(next, expiries_.begin()->first);
  return next;
}

void PaperVenue::Advance(base::Time now) {
  now_ = std::max(now_, now);
  while (next_deadline() <= now_) {
    const base::Time at = next_deadline();
    if (!expiries_.empty() && expiries_.begin()->first == at) {
      const OrderNumber number = expiries_.begin()->second;
      Market& market = markets_.at(orders_.at(number).status.order.instrument);
      CloseOrder(market, number, OrderState::kExpired, at);
      continue;
    }
    const Arrival arrival = std::move(arrivals_.extract(arrivals_.begin()).mapped());
    Arrive(arrival, at);
  }
}

std::vector<PaperEvent> PaperVenue::Take() { return std::exchange(events_, {}); }

void PaperVenue::Arrive(const Arrival& arrival, base::Time at) {
  switch (arrival.kind) {
    case Arrival::Kind::kOrder:
      return ArriveOrder(arrival.order, at);
    case Arrival::Kind::kCancel:
      return ArriveCancel(arrival.order.client_order_id, at);
    case Arrival::Kind::kAmend:
      return ArriveAmendment(arrival.order, at);
  }
}

void PaperVenue::ArriveAmendment(const PaperOrder& changed, base::Time at) {
  const auto reject = [&](PaperOrder order, PaperReject reason) {
    order.client_order_id = changed.client_order_id;
    EmitReject(PaperEventKind::kAmendRejected, order, reason, at);
  };
  const auto found = open_by_id_.find(changed.client_order_id);
  if (found == open_by_id_.end()) {
    const auto closed = closed_.find(changed.client_order_id);
    return reject(closed == closed_.end() ? PaperOrder() : closed->second.second.order,
                  PaperReject::kUnknownOrder);
  }
  const OrderNumber number = found->second;
  Working& working = orders_.at(number);
  Market& market = markets_.at(working.status.order.instrument);
  PaperOrder order = working.status.order;
  order.price = changed.price;
  order.quantity = changed.quantity;
  PaperReject reason = Check(order, market, /*changed=*/true);
  if (order.type != OrderType::kLimit) reason = PaperReject::kUnsupportedType;
  if (reason == PaperReject::kNone && order.quantity <= working.status.filled)
    reason = PaperReject::kBadQuantity;
  if (reason != PaperReject::kNone) return reject(working.status.order, reason);
  const bool keeps_place =
      order.price == working.status.order.price && order.quantity <= working.status.order.quantity;
  working.status.order = order;
  working.status.updated = at;
  Emit(PaperEventKind::kAmended, working.status, at);
  if (keeps_place) return;
  working.resting = false;
  working.credit = Quantity{};
  Execute(market, number, at);
}

void PaperVenue::ArriveCancel(const market::ClientOrderId& id, base::Time at) {
  const auto found = open_by_id_.find(id);
  if (found == open_by_id_.end()) {
    PaperOrder unknown;
    unknown.client_order_id = id;
    if (const auto closed = closed_.find(id); closed != closed_.end())
      unknown = closed->second.second.order;
    EmitReject(PaperEventKind::kCancelRejected, unknown, PaperReject::kUnknownOrder, at);
    return;
  }
  const OrderNumber number = found->second;
  CloseOrder(markets_.at(orders_.at(number).status.order.instrument), number, OrderState::kCanceled,
             at);
}

PaperReject PaperVenue::Check(const PaperOrder& order, const Market& market, bool changed) const {
  const market::Instrument& instrument = market.instrument;
  const auto off_tick = [&](Price price) {
    return price.mantissa <= 0 || instrument.tick.mantissa <= 0 ||
           price.mantissa % instrument.tick.mantissa != 0;
  };
  if (order.type == OrderType::kTrailingStop) return PaperReject::kUnsupportedType;
  const bool market_type = IsMarketType(order.type);
  if (market_type && order.time_in_force == TimeInForce::kPostOnly)
    return PaperReject::kUnsupportedType;
  if (!market_type && off_tick(order.price)) return PaperReject::kBadPrice;
  if (HasStop(order.type) && off_tick(order.stop_price)) return PaperReject::kBadStopPrice;
  const market::OrderBounds bounds = instrument.BoundsOf(market_type);
  const int64_t quantity = order.quantity.mantissa;
  if (quantity <= 0 || bounds.lot.mantissa <= 0 || quantity % bounds.lot.mantissa != 0 ||
      order.quantity < bounds.min_quantity ||
      (bounds.max_quantity.mantissa > 0 && order.quantity > bounds.max_quantity)) {
    return PaperReject::kBadQuantity;
  }
  if (!changed && open_by_id_.contains(order.client_order_id)) return PaperReject::kDuplicate;
  if (!changed && orders_.size() >= options_.max_open_orders) return PaperReject::kTooManyOrders;
  if (!market.valid) return PaperReject::kNoMarket;
  const auto best = market.book.best(market::Opposite(order.side));
  const Price value_at = !market_type          ? order.price
                         : HasStop(order.type) ? order.stop_price
                         : best                ? best->price
                                               : Price{};
  if (value_at.mantissa == 0) return PaperReject::kNoMarket;
  const auto notional = instrument.Notional(value_at, order.quantity, market::Rounding::kDown);
  if (!notional) return PaperReject::kBadQuantity;
  const bool any_value = order.reduce_only && instrument.kind != market::InstrumentKind::kSpot;
  if (!any_value && *notional < bounds.min_notional) return PaperReject::kBelowMinimum;
  if (bounds.max_notional.units() > 0 && *notional > bounds.max_notional)
    return PaperReject::kBadQuantity;
  if (HasStop(order.type)) {
    const bool reached = market.last_trade.mantissa > 0 && StopReached(order, market.last_trade);
    return reached ? PaperReject::kWouldTrigger : PaperReject::kNone;
  }
  if (order.time_in_force == TimeInForce::kPostOnly && best &&
      Within(order.side, best->price, order.price)) {
    return PaperReject::kWouldTake;
  }
  return PaperReject::kNone;
}

void PaperVenue::ArriveOrder(const PaperOrder& order, base::Time at) {
  const auto found = markets_.find(order.instrument);
  const PaperReject reason = found == markets_.end()
                                 ? PaperReject::kUnknownInstrument
                                 : Check(order, found->second, /*changed=*/false);
  if (reason != PaperReject::kNone) {
    EmitReject(PaperEventKind::kRejected, order, reason, at);
    return;
  }
  Market& market = found->second;
  const OrderNumber number = ++last_order_;
  Working& working = orders_[number];
  working.status.order = order;
  working.status.venue_order_id = market::VenueOrderId("paper-" + std::to_string(number));
  working.status.accepted = working.status.updated = at;
  working.status.fees = market::Money(0, market.instrument.quote_scale);
  market.open.insert(number);
  open_by_id_[order.client_order_id] = number;
  if (order.time_in_force == TimeInForce::kGtd) expiries_.emplace(order.expires, number);
  Emit(PaperEventKind::kAccepted, working.status, at);
  if (!HasStop(order.type)) Execute(market, number, at);
}

// ---- execution

void PaperVenue::Execute(Market& market, OrderNumber number, base::Time at) {
  Working& working = orders_.at(number);
  const PaperOrder& order = working.status.order;
  const auto best = market.book.best(market::Opposite(order.side));
  const auto left = BestLeft(market, market::Opposite(order.side));
  const bool market_type = IsMarketType(order.type);
  Price limit = order.price;
  if (market_type)
    limit =
        left ? ProtectedLimit(order.side, left->price, options_.market_protection_ppm) : Price{};

  if (order.time_in_force == TimeInForce::kPostOnly && best &&
      Within(order.side, best->price, limit)) {
    CloseOrder(market, number, OrderState::kExpired,
               at);  // a triggered one; a new one was rejected before
    return;
  }
  if (order.time_in_force == TimeInForce::kFok) {
    Quantity available;
    for (size_t i = 0; i < market.book.depth(market::Opposite(order.side)); ++i) {
      const Level level = market.book.level(market::Opposite(order.side), i);
      if (!Within(order.side, level.price, limit) || available >= order.quantity) break;
      available += Left(market, market::Opposite(order.side), level);
    }
    if (available < order.quantity) {
      CloseOrder(market, number, OrderState::kExpired, at);
      return;
    }
  }
  TakeVisible(market, working, limit, Liquidity::kTaker, at);
  if (working.status.state == OrderState::kExpired || working.remaining().mantissa == 0) {
    CloseOrder(market, number,
               working.remaining().mantissa == 0 ? OrderState::kFilled : OrderState::kExpired, at);
    return;
  }
  const bool rests = !market_type && order.time_in_force != TimeInForce::kIoc &&
                     order.time_in_force != TimeInForce::kFok;
  if (rests) {
    Rest(market, working);
  } else {
    CloseOrder(market, number, OrderState::kExpired, at);
  }
}

// Sets the taker's state to kExpired, without closing it, when self-trade
// prevention ends it.
void PaperVenue::TakeVisible(Market& market, Working& working, Price limit, Liquidity liquidity,
                             base::Time at) {
  const Side other = market::Opposite(working.status.order.side);
  const bool taker = liquidity == Liquidity::kTaker;
  for (size_t i = 0; i < market.book.depth(other) && working.remaining().mantissa > 0; ++i) {
    const Level level = market.book.level(other, i);
    if (!Within(working.status.order.side, level.price, limit)) break;
    if (taker && PreventSelfTrade(market, working, level.price, /*inclusive=*/false, at)) return;
    const Quantity fill = Least(Left(market, other, level), working.remaining());
    if (fill.mantissa <= 0) continue;
    market.memory[{other, level.price}].taken += fill;
    FillOrder(market, working, taker ? level.price : limit, fill, liquidity, at);
    if (taker && working.remaining().mantissa > 0 &&
        PreventSelfTrade(market, working, level.price, /*inclusive=*/true, at)) {
      return;
    }
  }
  if (taker && limit.mantissa > 0 && working.remaining().mantissa > 0) {
    PreventSelfTrade(market, working, limit, /*inclusive=*/true, at);
  }
}

// Own orders on the other side at prices before `through` would be met now. True
// when the taker ends here.
bool PaperVenue::PreventSelfTrade(Market& market, Working& taker, Price through, bool inclusive,
                                  base::Time at) {
  if (options_.self_trade == SelfTrade::kNone || market.open.size() < 2) return false;
  const Side side = taker.status.order.side;
  for (const OrderNumber number : Resting(market, market::Opposite(side))) {
    const Price price = orders_.at(number).status.order.price;
    if (inclusive ? !Within(side, price, through) : !Better(market::Opposite(side), price, through))
      break;
    ++stats_.self_trades_prevented;
    if (options_.self_trade != SelfTrade::kExpireTaker)
      CloseOrder(market, number, OrderState::kExpired, at);
    if (options_.self_trade != SelfTrade::kExpireMaker) {
      taker.status.state = OrderState::kExpired;
      return true;
    }
  }
  return false;
}

void PaperVenue::Rest(Market& market, Working& working) {
  const PaperOrder& order = working.status.order;
  working.resting = true;
  working.status.ahead = market.book.quantity_at(order.side, order.price);
  const size_t depth = market.book.depth(order.side);
  working.queue_unknown =
      depth == 0 || Better(order.side, market.book.level(order.side, depth - 1).price, order.price);
}

void PaperVenue::FillOrder(const Market& market, Working& working, Price price, Quantity quantity,
                           Liquidity liquidity, base::Time at) {
  PaperOrderStatus& status = working.status;
  status.filled += quantity;
  status.updated = at;
  status.state =
      status.remaining().mantissa == 0 ? OrderState::kFilled : OrderState::kPartiallyFilled;
  ++stats_.fills;
  Emit(PaperEventKind::kFill, status, at);
  PaperEvent& event = events_.back();
  event.trade_id = "paper-" + std::to_string(++last_trade_);
  event.price = price;
  event.quantity = quantity;
  event.liquidity = liquidity;
  event.fee =
      Fee(market.instrument, status.order.side, price, quantity, liquidity, &event.fee_asset);
  status.fees += event.fee;
}

market::Money PaperVenue::Fee(const market::Instrument& instrument, Side side, Price price,
                              Quantity quantity, Liquidity liquidity,
                              market::AssetId* asset) const {
  const int64_t rate =
      liquidity == Liquidity::kMaker ? options_.maker_fee_ppm : options_.taker_fee_ppm;
  const bool in_base = options_.fee_asset == FeeAsset::kReceived && side == Side::kBuy &&
                       instrument.kind == market::InstrumentKind::kSpot;
  *asset = in_base ? instrument.base : instrument.quote;
  const int scale = in_base ? instrument.base_scale : instrument.quote_scale;
  const market::Money base = instrument.BaseAmount(quantity);
  const auto amount =
      in_base ? market::Rescale(base.units(), base.scale(), scale, market::Rounding::kCeiling)
              : [&]() -> std::optional<market::Int128> {
    const auto notional = instrument.Notional(price, quantity, market::Rounding::kCeiling);
    if (!notional) return std::nullopt;
    return notional->units();
  }();
  GANNET_CHECK(amount.has_value(),
               "the notional of a fill outgrew 128 bits; orders are checked on arrival");
  const auto fee = market::MulDiv(*amount, rate, kPpm, market::Rounding::kCeiling);
  GANNET_CHECK(fee.has_value(), "a fee outgrew 128 bits");
  return market::Money(*fee, scale);
}

void PaperVenue::CloseOrder(Market& market, OrderNumber number, OrderState state, base::Time at) {
  const auto found = orders_.find(number);
  GANNET_CHECK(found != orders_.end(), "an order is closed once");
  PaperOrderStatus status = std::move(found->second.status);
  status.state = state;
  status.updated = at;
  status.ahead = Quantity{};
  const PaperOrder& order = status.order;
  if (order.time_in_force == TimeInForce::kGtd) expiries_.erase({order.expires, number});
  market.open.erase(number);
  open_by_id_.erase(order.client_order_id);
  orders_.erase(found);
  if (state == OrderState::kCanceled) Emit(PaperEventKind::kCanceled, status, at);
  if (state == OrderState::kExpired) Emit(PaperEventKind::kExpired, status, at);
  closed_queue_.emplace_back(number, order.client_order_id);
  const market::ClientOrderId id = order.client_order_id;
  closed_[id] = {number, std::move(status)};
  ForgetOldest();
}

void PaperVenue::ForgetOldest() {
  while (closed_queue_.size() > options_.max_closed_orders) {
    const auto& [number, id] = closed_queue_.front();
    const auto found = closed_.find(id);
    if (found != closed_.end() && found->second.first == number) closed_.erase(found);
    closed_queue_.pop_front();
    ++stats_.closed_forgotten;
  }
}

void PaperVenue::Emit(PaperEventKind kind, const PaperOrderStatus& status, base::Time at) {
  PaperEvent event;
  event.kind = kind;
  event.client_order_id = status.order.client_order_id;
  event.venue_order_id = status.venue_order_id;
  event.instrument = status.order.instrument;
  event.side = status.order.side;
  event.time = at;
  event.price = status.order.price;
  event.quantity = status.order.quantity;
  event.cumulative = status.filled;
  events_.push_back(std::move(event));
}

void PaperVenue::EmitReject(PaperEventKind kind, const PaperOrder& order, PaperReject reason,
                            base::Time at) {
  PaperEvent event;
  event.kind = kind;
  event.client_order_id = order.client_order_id;
  event.instrument = order.instrument;
  event.side = order.side;
  event.time = at;
  event.reason = reason;
  event.price = order.price;
  event.quantity = order.quantity;
  events_.push_back(std::move(event));
}

// ---- queries

const PaperOrderStatus* PaperVenue::Find(const market::ClientOrderId& order) const {
  if (const auto open = open_by_id_.find(order); open != open_by_id_.end())
    return &orders_.at(open->second).status;
  const auto closed = closed_.find(order);
  return closed == closed_.end() ? nullptr : &closed->second.second;
}

std::vector<const PaperOrderStatus*> PaperVenue::OpenOrders() const {
  std::vector<const PaperOrderStatus*> open;
  open.reserve(orders_.size());
  for (const auto& [number, working] : orders_) open.push_back(&working.status);
  return open;
}

}  // namespace gannet::matching
