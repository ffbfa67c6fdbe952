#include "libs/matching/matching_engine.h"

#include <algorithm>

#include "libs/base/check.h"

namespace gannet::matching {
namespace {

using market::Int128;
using market::Level;
using market::OrderType;
using market::Price;
using market::Quantity;
using market::Side;
using market::TimeInForce;

constexpr int64_t kPpm = 1'000'000;
constexpr uint32_t kBps = 10'000;

bool IsMarketType(OrderType type) {
  return type == OrderType::kMarket || type == OrderType::kStop || type == OrderType::kTakeProfit;
}

bool HasStop(OrderType type) {
  return type == OrderType::kStop || type == OrderType::kStopLimit ||
         type == OrderType::kTakeProfit || type == OrderType::kTakeProfitLimit;
}

// Stops wait for the price to move against their side, take-profits for it.
bool TriggersUpward(const NewOrder& order) {
  const bool stop = order.type == OrderType::kStop || order.type == OrderType::kStopLimit;
  return stop == (order.side == Side::kBuy);
}

bool Worse(Side side, Price a, Price b) { return side == Side::kBuy ? a < b : a > b; }

// A taker of `side` may pay `price` under `limit`; limit 0: any price.
bool Within(Side side, Price price, Price limit) {
  if (limit.mantissa == 0) return true;
  return side == Side::kBuy ? price <= limit : price >= limit;
}

bool WellFormed(const NewOrder& order) {
  const bool market_type = IsMarketType(order.type);
  if (order.id == 0 || order.quantity.mantissa <= 0 || order.lot.mantissa <= 0 || order.budget < 0)
    return false;
  if (order.type < OrderType::kMarket || order.type >= OrderType::kTrailingStop) return false;
  if (order.side != Side::kBuy && order.side != Side::kSell) return false;
  if (market_type ? order.price.mantissa < 0 : order.price.mantissa <= 0) return false;
  const bool trails = order.trailing_bps > 0;
  if (trails && (!HasStop(order.type) || order.trailing_bps >= kBps)) return false;
  if (HasStop(order.type) && order.stop_price.mantissa < (trails ? 0 : 1)) return false;
  if (order.budget > 0 && !market_type) return false;
  switch (order.time_in_force) {
    case TimeInForce::kGtc:
    case TimeInForce::kIoc:
    case TimeInForce::kFok:
      return true;
    case TimeInForce::kPostOnly:
      return !market_type;
    case TimeInForce::kGtd:
      return false;
  }
  return false;
}

// Set while events are told: an observer that calls back is a bug.
class CallGuard {
 public:
  explicit CallGuard(bool& flag) : flag_(flag) {
    GANNET_CHECK(!flag_, "an observer must not call back into its matching engine");
    flag_ = true;
  }
  ~CallGuard() { flag_ = false; }
  CallGuard(const CallGuard&) = delete;
  CallGuard& operator=(const CallGuard&) = delete;

 private:
  bool& flag_;
};

}  // namespace

MatchingEngine::MatchingEngine(MatchingObserver& observer, MatchingOptions options)
    : observer_(observer), options_(options) {}

// ---- calls

Reject MatchingEngine::Check(const NewOrder& order) const {
  if (!WellFormed(order)) return Reject::kBadOrder;
  if (index_.contains(order.id)) return Reject::kDuplicate;
  if (index_.size() >= options_.max_open_orders) return Reject::kFull;
  if (HasStop(order.type)) {
    const bool reached = last_price_.mantissa > 0 && order.stop_price.mantissa > 0 &&
                         StopReached(order, last_price_);
    return reached ? Reject::kWouldTrigger : Reject::kNone;
  }
  if (order.time_in_force == TimeInForce::kPostOnly && WouldMatch(order)) return Reject::kWouldTake;
  return Reject::kNone;
}

Reject MatchingEngine::Submit(const NewOrder& order) {
  if (const Reject reason = Check(order); reason != Reject::kNone) return reason;
  const CallGuard guard(in_call_);
  const uint32_t slot = Allocate(order);
  observer_.OnAccepted(slots_[slot].order);
  if (HasStop(order.type)) {
    ParkStop(slot);
  } else {
    Execute(slot);
    RunTriggered();
  }
  return Reject::kNone;
}

Reject MatchingEngine::Cancel(OrderNumber id) {
  const auto found = index_.find(id);
  if (found == index_.end()) return Reject::kUnknownOrder;
  const CallGuard guard(in_call_);
  End(found->second, Done::kCanceled);
  return Reject::kNone;
}

Reject MatchingEngine::Amend(OrderNumber id, Price price, Quantity quantity) {
  const auto found = index_.find(id);
  if (found == index_.end()) return Reject::kUnknownOrder;
  const uint32_t slot = found->second;
  Order& order = slots_[slot].order;
  if (price.mantissa <= 0 || quantity.mantissa <= 0 || order.pending_stop) return Reject::kBadOrder;
  const CallGuard guard(in_call_);
  if (quantity <= order.filled) {
    End(slot, Done::kCanceled);
    return Reject::kNone;
  }
  if (price == order.price && quantity <= order.quantity) {
    PriceLevel& level = side_of(order.side)[LevelIndex(order.side, price)];
    level.quantity -= order.quantity - quantity;
    order.quantity = quantity;
    observer_.OnAmended(order);
    observer_.OnLevel(order.side, price, level.quantity);
    return Reject::kNone;
  }
  NewOrder moved = order;
  moved.price = price;
  if (order.time_in_force == TimeInForce::kPostOnly && WouldMatch(moved)) return Reject::kWouldTake;
  Dequeue(slot);
  order.price = price;
  order.quantity = quantity;
  order.priority = next_priority_++;
  observer_.OnAmended(order);
  Execute(slot);
  RunTriggered();
  return Reject::kNone;
}

Reject MatchingEngine::Replace(OrderNumber id, const NewOrder& order) {
  const auto found = index_.find(id);
  if (found == index_.end()) return Reject::kUnknownOrder;
  NewOrder probe = order;
  if (order.id == id) probe.id = ~OrderNumber{0};  // the id becomes free with the cancel
  const Reject reason = Check(probe);
  if (reason != Reject::kNone && reason != Reject::kFull) return reason;
  {
    const CallGuard guard(in_call_);
    End(found->second, Done::kReplaced);
  }
  return Submit(order);
}

// ---- queries

const Order* MatchingEngine::Find(OrderNumber id) const {
  const auto found = index_.find(id);
  return found == index_.end() ? nullptr : &slots_[found->second].order;
}

Level MatchingEngine::level(Side side, size_t index) const {
  const Levels& levels = side_of(side);
  const PriceLevel& at = levels[levels.size() - 1 - index];
  return Level{at.price, at.quantity};
}

std::optional<Level> MatchingEngine::best(Side side) const {
  if (side_of(side).empty()) return std::nullopt;
  return level(side, 0);
}

Quantity MatchingEngine::quantity_at(Side side, Price price) const {
  const Levels& levels = side_of(side);
  const size_t at = LevelIndex(side, price);
  return at < levels.size() && levels[at].price == price ? levels[at].quantity : Quantity{};
}

Quantity MatchingEngine::available(Side side, Price limit) const {
  const Levels& levels = side_of(market::Opposite(side));
  Quantity sum;
  for (size_t i = levels.size(); i > 0 && Within(side, levels[i - 1].price, limit); --i)
    sum += levels[i - 1].quantity;
  return sum;
}

// ---- pool, queues

// From the best end: most changes happen there.
size_t MatchingEngine::LevelIndex(Side side, Price price) const {
  const Levels& levels = side_of(side);
  constexpr size_t kNear = 8;
  size_t at = levels.size();
  const size_t near_end = at > kNear ? at - kNear : 0;
  while (at > near_end && !Worse(side, levels[at - 1].price, price)) {
    if (levels[at - 1].price == price) return at - 1;
    --at;
  }
  if (at > near_end || at == 0) return at;
  const auto found = std::lower_bound(
      levels.begin(), levels.begin() + static_cast<std::ptrdiff_t>(at), price,
      [side](const PriceLevel& level, Price p) { return Worse(side, level.price, p); });
  return static_cast<size_t>(found - levels.begin());
}

uint32_t MatchingEngine::Allocate(const NewOrder& order) {
  uint32_t slot = free_;
  if (slot != kNil) {
    free_ = slots_[slot].next;
  } else {
    slot = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  Slot& place = slots_[slot];
  place.previous = place.next = kNil;
  place.order = Order{order};
  place.order.priority = next_priority_++;
  index_.emplace(order.id, slot);
  return slot;
}

void MatchingEngine::Release(uint32_t slot) {
  index_.erase(slots_[slot].order.id);
  slots_[slot].next = free_;
  free_ = slot;
}

void MatchingEngine::Enqueue(uint32_t slot) {
  Slot& place = slots_[slot];
  const Order& order = place.order;
  Levels& levels = side_of(order.side);
  const size_t at = LevelIndex(order.side, order.price);
  if (at == levels.size() || levels[at].price != order.price) {
    levels.insert(levels.begin() + static_cast<std::ptrdiff_t>(at),
                  PriceLevel{order.price, {}, kNil, kNil});
  }
  PriceLevel& level = levels[at];
  place.previous = level.tail;
  place.next = kNil;
  (level.tail == kNil ? level.head : slots_[level.tail].next) = slot;
  level.tail = slot;
  level.quantity += order.remaining();
  observer_.OnLevel(order.side, order.price, level.quantity);
}

void MatchingEngine::Dequeue(uint32_t slot) {
  Slot& place = slots_[slot];
  const Order& order = place.order;
  Levels& levels = side_of(order.side);
  const size_t at = LevelIndex(order.side, order.price);
  PriceLevel& level = levels[at];
  (place.previous == kNil ? level.head : slots_[place.previous].next) = place.next;
  (place.next == kNil ? level.tail : slots_[place.next].previous) = place.previous;
  place.previous = place.next = kNil;
  level.quantity -= order.remaining();
  const Quantity left = level.quantity;
  if (level.head == kNil) levels.erase(levels.begin() + static_cast<std::ptrdiff_t>(at));
  observer_.OnLevel(order.side, order.price, left);
}

void MatchingEngine::ParkStop(uint32_t slot) {
  Order& order = slots_[slot].order;
  order.pending_stop = true;
  if (order.trailing_bps > 0) {
    trailing_.emplace(order.priority, slot);
  } else {
    (TriggersUpward(order) ? rising_stops_ : falling_stops_)
        .emplace(StopKey{order.stop_price, order.priority}, slot);
  }
  stops_by_age_.emplace(order.priority, slot);
}

void MatchingEngine::UnparkStop(uint32_t slot) {
  Order& order = slots_[slot].order;
  order.pending_stop = false;
  if (trailing_.erase(order.priority) == 0) {
    (TriggersUpward(order) ? rising_stops_ : falling_stops_)
        .erase(StopKey{order.stop_price, order.priority});
  }
  stops_by_age_.erase(order.priority);
}

// The order leaves; where it stands decides what else has to forget it.
void MatchingEngine::End(uint32_t slot, Done reason) {
  Slot& place = slots_[slot];
  if (place.order.pending_stop) {
    UnparkStop(slot);
  } else if (reason != Done::kFilled && !triggered_.erase(place.order.priority)) {
    Dequeue(slot);
  }
  observer_.OnDone(place.order, reason);
  Release(slot);
}

// ---- matching

bool MatchingEngine::StopReached(const NewOrder& order, Price last) const {
  return TriggersUpward(order) ? last >= order.stop_price : last <= order.stop_price;
}

bool MatchingEngine::WouldMatch(const NewOrder& order) const {
  const Levels& other = side_of(market::Opposite(order.side));
  return !other.empty() && Within(order.side, other.back().price, order.price);
}

Price MatchingEngine::LimitOf(const Order& order) const {
  if (!IsMarketType(order.type) || order.price.mantissa > 0 || options_.market_protection_ppm <= 0)
    return order.price;
  const Levels& other = side_of(market::Opposite(order.side));
  if (other.empty()) return order.price;
  const int64_t best = other.back().price.mantissa;
  const Int128 limit = best + market::Sign(order.side) * (static_cast<Int128>(best) *
                                                          options_.market_protection_ppm / kPpm);
  return Price{static_cast<int64_t>(std::clamp<Int128>(limit, 1, INT64_MAX))};
}

Quantity MatchingEngine::TakeQuantity(const Order& taker, Price price) const {
  if (taker.budget == 0) return taker.remaining();
  const Int128 lots =
      (taker.budget - taker.spent) / (static_cast<Int128>(price.mantissa) * taker.lot.mantissa);
  const Int128 most = taker.remaining().mantissa / taker.lot.mantissa;
  return Quantity{static_cast<int64_t>(std::min(lots, most)) * taker.lot.mantissa};
}

// Own orders are not there for a taker that makes them expire, and end the walk
// of one that would expire itself.
bool MatchingEngine::CanFillWhole(const Order& taker, Price limit) const {
  const Levels& levels = side_of(market::Opposite(taker.side));
  Quantity sum;
  for (size_t i = levels.size(); i > 0 && Within(taker.side, levels[i - 1].price, limit); --i) {
    for (uint32_t at = levels[i - 1].head; at != kNil; at = slots_[at].next) {
      const Order& maker = slots_[at].order;
      if (maker.owner == taker.owner && taker.self_trade != SelfTrade::kNone) {
        if (taker.self_trade == SelfTrade::kExpireMaker) continue;
        return false;
      }
      sum += maker.remaining();
      if (sum >= taker.quantity) return true;
    }
  }
  return false;
}

void MatchingEngine::Execute(uint32_t slot) {
  Order& order = slots_[slot].order;
  const bool market_type = IsMarketType(order.type);
  const bool refuses_to_take = order.time_in_force == TimeInForce::kPostOnly && WouldMatch(order);
  const bool cannot_fill =
      order.time_in_force == TimeInForce::kFok && !CanFillWhole(order, LimitOf(order));
  const auto leave = [&](Done reason) {  // it stands in no queue
    observer_.OnDone(order, reason);
    Release(slot);
  };
  if (refuses_to_take || cannot_fill) return leave(Done::kExpired);
  if (!Match(slot)) return leave(Done::kSelfTrade);
  if (order.remaining().mantissa == 0) return leave(Done::kFilled);
  const bool budget_spent =
      order.budget > 0 && order.spent > 0 && TakeQuantity(order, last_price_).mantissa == 0;
  if (budget_spent) return leave(Done::kFilled);
  const bool rests = !market_type && (order.time_in_force == TimeInForce::kGtc ||
                                      order.time_in_force == TimeInForce::kPostOnly);
  if (!rests) return leave(Done::kExpired);
  Enqueue(slot);
}

bool MatchingEngine::Match(uint32_t taker) {
  Order& order = slots_[taker].order;
  Levels& levels = side_of(market::Opposite(order.side));
  const Price limit = LimitOf(order);
  while (order.remaining().mantissa > 0 && !levels.empty() &&
         Within(order.side, levels.back().price, limit)) {
    const uint32_t head = levels.back().head;
    Order& maker = slots_[head].order;
    if (maker.owner == order.owner && order.self_trade != SelfTrade::kNone) {
      if (Prevent(taker, head)) return false;
      continue;
    }
    const Price price = maker.price;
    const Quantity quantity = std::min(maker.remaining(), TakeQuantity(order, price));
    if (quantity.mantissa == 0) break;  // the budget buys no further lot
    const Int128 value = static_cast<Int128>(price.mantissa) * quantity.mantissa;
    maker.filled += quantity;
    maker.spent += value;
    order.filled += quantity;
    order.spent += value;
    last_price_ = price;
    levels.back().quantity -= quantity;
    observer_.OnMatch(order, maker, price, quantity);
    if (maker.remaining().mantissa == 0) {
      Dequeue(head);
      End(head, Done::kFilled);
    } else {
      observer_.OnLevel(maker.side, price, levels.back().quantity);
    }
    CollectTriggered();
  }
  return true;
}

// True when the taker ends.
bool MatchingEngine::Prevent(uint32_t taker, uint32_t maker) {
  const SelfTrade mode = slots_[taker].order.self_trade;
  observer_.OnPrevented(slots_[taker].order, slots_[maker].order,
                        std::min(slots_[taker].order.remaining(), slots_[maker].order.remaining()));
  if (mode != SelfTrade::kExpireTaker) End(maker, Done::kSelfTrade);
  return mode != SelfTrade::kExpireMaker;
}

void MatchingEngine::CollectTriggered() {
  const auto trigger = [this](uint32_t slot) {
    UnparkStop(slot);
    Order& order = slots_[slot].order;
    order.triggered = true;
    triggered_.emplace(order.priority, slot);
  };
  while (!rising_stops_.empty() && rising_stops_.begin()->first.first <= last_price_)
    trigger(rising_stops_.begin()->second);
  while (!falling_stops_.empty() && falling_stops_.rbegin()->first.first >= last_price_) {
    trigger(falling_stops_.rbegin()->second);
  }
  for (auto at = trailing_.begin(); at != trailing_.end();) {
    const uint32_t slot = (at++)->second;
    if (CameBack(slots_[slot].order)) trigger(slot);
  }
}

bool MatchingEngine::CameBack(Order& order) const {
  Price& best = order.best_price;
  if (best.mantissa == 0) {
    if (order.stop_price.mantissa > 0 && !StopReached(order, last_price_)) return false;
    best = last_price_;
  }
  const bool sell = order.side == Side::kSell;
  best = sell ? std::max(best, last_price_) : std::min(best, last_price_);
  const Int128 back =
      sell ? best.mantissa - last_price_.mantissa : last_price_.mantissa - best.mantissa;
  return back * kBps >= static_cast<Int128>(best.mantissa) * order.trailing_bps;
}

// Oldest first. Each enters the book as a new arrival: its place in the queue
// counts from now. Terminates: every round ends or parks one order for good.
void MatchingEngine::RunTriggered() {
  while (!triggered_.empty()) {
    const uint32_t slot = triggered_.begin()->second;
    triggered_.erase(triggered_.begin());
    slots_[slot].order.priority = next_priority_++;
    observer_.OnTriggered(slots_[slot].order);
    Execute(slot);
  }
}

// ---- state

namespace {
constexpr uint8_t kStateVersion = 2;  // 1: without trailing stops

void SaveOrder(wire::CanonicalWriter& writer, const Order& order) {
  writer.U64(order.id);
  writer.U32(order.owner);
  writer.U8(static_cast<uint8_t>(order.side));
  writer.U8(static_cast<uint8_t>(order.type));
  writer.U8(static_cast<uint8_t>(order.time_in_force));
  writer.U8(static_cast<uint8_t>(order.self_trade));
  writer.I64(order.price.mantissa);
  writer.I64(order.stop_price.mantissa);
  writer.I64(order.quantity.mantissa);
  writer.I128(order.budget);
  writer.I64(order.lot.mantissa);
  writer.I64(order.filled.mantissa);
  writer.Bool(order.pending_stop);
  writer.Bool(order.triggered);
  writer.U64(order.priority);
  writer.I128(order.spent);
  writer.U32(order.trailing_bps);
  writer.I64(order.best_price.mantissa);
}

Order LoadOrder(wire::CanonicalReader& reader, uint8_t version) {
  Order order;
  order.id = reader.U64();
  order.owner = reader.U32();
  order.side = static_cast<Side>(reader.U8());
  order.type = static_cast<OrderType>(reader.U8());
  order.time_in_force = static_cast<TimeInForce>(reader.U8());
  order.self_trade = static_cast<SelfTrade>(reader.U8());
  order.price = Price{reader.I64()};
  order.stop_price = Price{reader.I64()};
  order.quantity = Quantity{reader.I64()};
  order.budget = reader.I128();
  order.lot = Quantity{reader.I64()};
  order.filled = Quantity{reader.I64()};
  order.pending_stop = reader.Bool();
  order.triggered = reader.Bool();
  order.priority = reader.U64();
  order.spent = reader.I128();
  if (version == 1) return order;
  order.trailing_bps = reader.U32();
  order.best_price = Price{reader.I64()};
  return order;
}

// Silences OnLevel while a saved book is put back.
class Quiet : public MatchingObserver {
 public:
  void OnAccepted(const Order&) override {}
  void OnTriggered(const Order&) override {}
  void OnMatch(const Order&, const Order&, Price, Quantity) override {}
  void OnPrevented(const Order&, const Order&, Quantity) override {}
  void OnAmended(const Order&) override {}
  void OnDone(const Order&, Done) override {}
  void OnLevel(Side, Price, Quantity) override {}
};

}  // namespace

void MatchingEngine::Save(wire::CanonicalWriter& writer) const {
  writer.U8(kStateVersion);
  writer.U64(next_priority_);
  writer.I64(last_price_.mantissa);
  writer.U32(static_cast<uint32_t>(index_.size()));
  ForEach([&writer](const Order& order) { SaveOrder(writer, order); });
}

absl::Status MatchingEngine::Load(wire::CanonicalReader& reader) {
  Quiet quiet;
  MatchingEngine loaded(quiet, options_);
  const uint8_t version = reader.U8();
  const bool known = version >= 1 && version <= kStateVersion;
  bool sound = true;
  if (known) {
    loaded.next_priority_ = reader.U64();
    loaded.last_price_ = Price{reader.I64()};
    for (uint32_t n = reader.U32(); n > 0 && reader.ok() && sound; --n) {
      const Order order = LoadOrder(reader, version);
      sound = WellFormed(order) && order.remaining().mantissa > 0 && order.filled.mantissa >= 0 &&
              order.priority < loaded.next_priority_ && !loaded.index_.contains(order.id);
      if (!sound) break;
      const uint32_t slot = loaded.Allocate(order);
      --loaded.next_priority_;
      loaded.slots_[slot].order = order;
      if (order.pending_stop) {
        loaded.ParkStop(slot);
      } else {
        loaded.Enqueue(slot);
      }
    }
  }
  absl::Status status = reader.status();
  if (status.ok() && !known) {
    status = absl::DataLossError("matching state has version " + std::to_string(version) +
                                 ", this build reads up to " + std::to_string(kStateVersion) +
                                 ": use the newer build");
  }
  if (status.ok() && !sound)
    status =
        absl::DataLossError("matching state holds an impossible order: restore an older snapshot");
  if (!status.ok()) {
    MatchingEngine empty(quiet, options_);
    Swap(empty);
    return status;
  }
  Swap(loaded);
  return absl::OkStatus();
}

void MatchingEngine::Swap(MatchingEngine& other) {
  slots_.swap(other.slots_);
  std::swap(free_, other.free_);
  index_.swap(other.index_);
  bids_.swap(other.bids_);
  asks_.swap(other.asks_);
  rising_stops_.swap(other.rising_stops_);
  falling_stops_.swap(other.falling_stops_);
  stops_by_age_.swap(other.stops_by_age_);
  trailing_.swap(other.trailing_);
  triggered_.swap(other.triggered_);
  std::swap(next_priority_, other.next_priority_);
  std::swap(last_price_, other.last_price_);
}

}  // namespace gannet::matching
