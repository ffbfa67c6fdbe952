// The engine against a book so slow and plain that it can be read: a list of
// orders, searched from end to end for every match.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <list>

#include "libs/base/property_suite.h"
#include "libs/base/rng.h"
#include "libs/matching/matching_engine.h"
#include "libs/matching/recording_observer.h"

namespace gannet::matching {
namespace {

using market::OrderType;
using market::Price;
using market::Quantity;
using market::Side;
using market::TimeInForce;

class ReferenceBook {
 public:
  explicit ReferenceBook(MatchingObserver& observer) : observer_(observer) {}

  bool Submit(const NewOrder& wanted) {
    const bool stop = wanted.type == OrderType::kStop || wanted.type == OrderType::kStopLimit;
    for (const auto* list : {&book_, &stops_}) {
      for (const Order& order : *list) {
        if (order.id == wanted.id) return false;
      }
    }
    Order order{wanted};
    if (stop && last_ != 0 && Reached(order)) return false;
    if (!stop && wanted.time_in_force == TimeInForce::kPostOnly && Best(order) != book_.end())
      return false;
    observer_.OnAccepted(order);
    if (stop) {
      order.pending_stop = true;
      stops_.push_back(order);
      return true;
    }
    Run(order);
    RunStops();
    return true;
  }

  bool Cancel(OrderNumber id) {
    for (auto* list : {&book_, &stops_}) {
      for (auto at = list->begin(); at != list->end(); ++at) {
        if (at->id != id) continue;
        observer_.OnDone(*at, Done::kCanceled);
        list->erase(at);
        return true;
      }
    }
    return false;
  }

  bool Amend(OrderNumber id, int64_t price, int64_t quantity) {
    for (auto at = book_.begin(); at != book_.end(); ++at) {
      if (at->id != id) continue;
      if (quantity <= at->filled.mantissa) return Cancel(id);
      if (price == at->price.mantissa && quantity <= at->quantity.mantissa) {
        at->quantity = {quantity};
        observer_.OnAmended(*at);
        return true;
      }
      Order moved = *at;
      moved.price = {price};
      moved.quantity = {quantity};
      if (moved.time_in_force == TimeInForce::kPostOnly && Best(moved) != book_.end()) return false;
      book_.erase(at);
      observer_.OnAmended(moved);
      Run(moved);
      RunStops();
      return true;
    }
    return false;
  }

  std::map<std::pair<Side, Price>, Quantity> Levels() const {
    std::map<std::pair<Side, Price>, Quantity> levels;
    for (const Order& order : book_) levels[{order.side, order.price}] += order.remaining();
    return levels;
  }

 private:
  using List = std::list<Order>;

  bool Reached(const Order& order) const {
    return order.side == Side::kBuy ? last_ >= order.stop_price.mantissa
                                    : last_ <= order.stop_price.mantissa;
  }

  // The order that `taker` meets first: best price, then first in the list.
  List::iterator Best(const Order& taker) {
    auto best = book_.end();
    for (auto at = book_.begin(); at != book_.end(); ++at) {
      if (at->side == taker.side) continue;
      const int64_t sign = taker.side == Side::kBuy ? 1 : -1;
      const bool any_price = taker.price.mantissa == 0;
      if (!any_price && sign * at->price.mantissa > sign * taker.price.mantissa) continue;
      if (best == book_.end() || sign * at->price.mantissa < sign * best->price.mantissa) best = at;
    }
    return best;
  }

  // By trying it on a copy.
  bool Fills(const Order& wanted) {
    List saved = book_;
    Order order = wanted;
    bool whole = false;
    for (auto at = Best(order); at != book_.end(); at = Best(order)) {
      if (at->owner == order.owner && order.self_trade != SelfTrade::kNone) {
        if (order.self_trade != SelfTrade::kExpireMaker) break;
        book_.erase(at);
        continue;
      }
      order.filled += std::min(order.remaining(), at->remaining());
      book_.erase(at);
      whole = order.remaining().mantissa == 0;
      if (whole) break;
    }
    book_ = std::move(saved);
    return whole;
  }

  void Run(Order order) {
    if (order.time_in_force == TimeInForce::kPostOnly && Best(order) != book_.end()) {
      observer_.OnDone(order, Done::kExpired);
      return;
    }
    if (order.time_in_force == TimeInForce::kFok && !Fills(order)) {
      observer_.OnDone(order, Done::kExpired);
      return;
    }
    for (auto at = Best(order); at != book_.end() && order.remaining().mantissa > 0;
         at = Best(order)) {
      const Quantity quantity = std::min(order.remaining(), at->remaining());
      if (at->owner == order.owner && order.self_trade != SelfTrade::kNone) {
        observer_.OnPrevented(order, *at, quantity);
        if (order.self_trade != SelfTrade::kExpireTaker) {
          observer_.OnDone(*at, Done::kSelfTrade);
          book_.erase(at);
        }
        if (order.self_trade != SelfTrade::kExpireMaker) {
          observer_.OnDone(order, Done::kSelfTrade);
          return;
        }
        continue;
      }
      order.filled += quantity;
      at->filled += quantity;
      last_ = at->price.mantissa;
      observer_.OnMatch(order, *at, at->price, quantity);
      if (at->remaining().mantissa == 0) {
        observer_.OnDone(*at, Done::kFilled);
        book_.erase(at);
      }
      for (auto stop = stops_.begin(); stop != stops_.end();) {
        const auto next = std::next(stop);
        if (Reached(*stop)) triggered_.splice(triggered_.end(), stops_, stop);
        stop = next;
      }
    }
    const bool rests =
        order.type != OrderType::kMarket && order.type != OrderType::kStop &&
        (order.time_in_force == TimeInForce::kGtc || order.time_in_force == TimeInForce::kPostOnly);
    if (order.remaining().mantissa == 0) {
      observer_.OnDone(order, Done::kFilled);
    } else if (rests) {
      book_.push_back(order);
    } else {
      observer_.OnDone(order, Done::kExpired);
    }
  }

  void RunStops() {
    while (!triggered_.empty()) {
      auto oldest = std::min_element(triggered_.begin(), triggered_.end(),
                                     [](const Order& a, const Order& b) { return a.id < b.id; });
      Order order = *oldest;
      triggered_.erase(oldest);
      order.pending_stop = false;
      observer_.OnTriggered(order);
      Run(order);
    }
  }

  MatchingObserver& observer_;
  List book_, stops_, triggered_;  // oldest first
  int64_t last_ = 0;
};

// A random command; small numbers, so that prices meet and ids repeat.
NewOrder RandomOrder(base::Rng& rng, OrderNumber id) {
  NewOrder order{.id = id, .owner = static_cast<OwnerNumber>(rng.Below(3))};
  order.side = rng.Chance(0.5) ? Side::kBuy : Side::kSell;
  static constexpr OrderType kTypes[] = {OrderType::kLimit, OrderType::kLimit,
                                         OrderType::kLimit, OrderType::kMarket,
                                         OrderType::kStop,  OrderType::kStopLimit};
  order.type = kTypes[rng.Below(6)];
  static constexpr TimeInForce kTimes[] = {TimeInForce::kGtc, TimeInForce::kGtc, TimeInForce::kIoc,
                                           TimeInForce::kFok, TimeInForce::kPostOnly};
  const bool priced = order.type == OrderType::kLimit || order.type == OrderType::kStopLimit;
  order.time_in_force = kTimes[rng.Below(priced ? 5 : 4)];
  order.self_trade = static_cast<SelfTrade>(rng.Below(4));
  if (priced) order.price = {rng.Between(95, 105)};
  if (order.type == OrderType::kStop || order.type == OrderType::kStopLimit)
    order.stop_price = {rng.Between(93, 107)};
  order.quantity = {rng.Between(1, 9)};
  return order;
}

void CheckSameBook(const MatchingEngine& engine, const RecordingObserver& told,
                   const ReferenceBook& reference) {
  const auto levels = reference.Levels();
  RC_ASSERT(told.levels() == levels);
  size_t count = 0;
  for (const Side side : {Side::kBuy, Side::kSell}) {
    count += engine.depth(side);
    for (size_t i = 0; i < engine.depth(side); ++i) {
      const market::Level level = engine.level(side, i);
      RC_ASSERT(levels.at({side, level.price}) == level.quantity);
    }
  }
  RC_ASSERT(count == levels.size());
  const auto bid = engine.best(Side::kBuy), ask = engine.best(Side::kSell);
  if (bid && ask) RC_ASSERT(bid->price < ask->price);
}

TEST_CASE("MatchingEngine tells the same events as a slow reference book") {
  const auto holds = base::Holds("same events, same levels, never crossed", [](uint64_t seed) {
    base::Rng rng(seed);
    RecordingObserver fast_events, slow_events;
    MatchingEngine engine(fast_events);
    ReferenceBook reference(slow_events);
    OrderNumber last = 0;
    for (int step = 0; step < 200; ++step) {
      const uint64_t what = rng.Below(10);
      if (what < 7 || last == 0) {
        const NewOrder order = RandomOrder(rng, ++last);
        RC_ASSERT((engine.Submit(order) == Reject::kNone) == reference.Submit(order));
      } else if (what < 9) {
        const OrderNumber id = 1 + rng.Below(last);
        RC_ASSERT((engine.Cancel(id) == Reject::kNone) == reference.Cancel(id));
      } else {
        const OrderNumber id = 1 + rng.Below(last);
        const int64_t price = rng.Between(95, 105), quantity = rng.Between(1, 9);
        RC_ASSERT((engine.Amend(id, {price}, {quantity}) == Reject::kNone) ==
                  reference.Amend(id, price, quantity));
      }
      RC_ASSERT(fast_events.lines() == slow_events.lines());
      fast_events.Take();
      slow_events.Take();
      CheckSameBook(engine, fast_events, reference);
    }
  });
  CHECK(holds);
}

}  // namespace
}  // namespace gannet::matching
