// A price-time priority book of one instrument: the heart of venue-sim.
//
// Orders meet at the price of the one that rested; among equals the older one
// first. Stops wait beside the book and enter it, oldest first, once a trade has
// reached their price. All that happens is told to one observer, in order,
// before the call that caused it returns.
//
// A pure engine: one thread, no I/O, no clock, no randomness; equal calls give
// equal events. Orders live in a pool: matching allocates nothing, and neither
// do submit and cancel once the pool has grown. Order ids are the caller's,
// unique among open orders. Bad input is an answer (Reject), never a crash.
//
//   MatchingEngine engine(observer);
//   engine.Submit({.id = 1, .owner = 7, .side = Side::kBuy, .price = {100}, .quantity = {5}});
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "libs/market/book.h"
#include "libs/market/decimal.h"
#include "libs/market/order.h"
#include "libs/market/price.h"
#include "libs/matching/self_trade.h"
#include "libs/wire/canonical.h"

namespace gannet::matching {

using OrderNumber = uint64_t;  // 0: none
using OwnerNumber = uint32_t;  // whose orders must not meet (an account, a trade group)

struct NewOrder {
  OrderNumber id = 0;
  OwnerNumber owner = 0;
  market::Side side = market::Side::kBuy;
  market::OrderType type = market::OrderType::kLimit;
  market::TimeInForce time_in_force =
      market::TimeInForce::kGtc;  // kGtd: the caller cancels; rejected here
  SelfTrade self_trade = SelfTrade::kNone;
  market::Price price;       // limit types; market types: the worst acceptable price, 0: any
  market::Price stop_price;  // stop and take-profit types
  // Stop and take-profit types, above 0: a trailing one. It is triggered when the price has come
  // back by this part of the best price for its side since it tracks: from the first trade at
  // which `stop_price` is reached, or the next trade when that is 0.
  uint32_t trailing_bps = 0;
  market::Quantity quantity;
  // Market types by value: spends at most this (price mantissa × quantity
  // mantissa) in multiples of `lot`; `quantity` is then only an upper bound.
  market::Int128 budget = 0;
  market::Quantity lot{1};
};

struct Order : NewOrder {
  market::Quantity filled;
  bool pending_stop = false;  // waits for its trigger
  bool triggered = false;
  market::Price best_price;  // since a trailing one tracks; 0: not yet
  uint64_t priority = 0;     // smaller is older
  market::Int128 spent = 0;  // price × quantity over all fills
  market::Quantity remaining() const { return quantity - filled; }
};

enum class Reject : uint8_t {
  kNone = 0,
  kBadOrder,      // id 0, quantity or price not positive, type and time in force that do not go
                  // together
  kDuplicate,     // the id is open
  kWouldTake,     // post-only that would match
  kWouldTrigger,  // stop that the last trade has already reached
  kUnknownOrder,
  kFull,  // the limit of open orders
};

enum class Done : uint8_t {
  kFilled = 1,
  kCanceled,
  kExpired,  // the rest of a market or IOC order, an FOK that could not fill, a triggered post-only
  kSelfTrade,  // prevented
  kReplaced,   // by Replace
};

// Receives everything, in order. Must not call back into the engine. References
// are valid during the call only.
class MatchingObserver {
 public:
  virtual ~MatchingObserver() = default;
  virtual void OnAccepted(
      const Order& order) = 0;  // rests, waits for its trigger, or is about to match
  virtual void OnTriggered(const Order& order) = 0;
  // Both orders already count this fill.
  virtual void OnMatch(const Order& taker, const Order& maker, market::Price price,
                       market::Quantity quantity) = 0;
  // Before the OnDone of the order or orders that end.
  virtual void OnPrevented(const Order& taker, const Order& maker, market::Quantity quantity) = 0;
  virtual void OnAmended(const Order& order) = 0;
  virtual void OnDone(const Order& order, Done reason) = 0;
  // The visible quantity of a price changed; 0: the level is gone.
  virtual void OnLevel(market::Side side, market::Price price, market::Quantity quantity) = 0;
};

struct MatchingOptions {
  // A market order without a price of its own takes nothing further than this
  // from the best price it meets; 0: no protection.
  int64_t market_protection_ppm = 0;
  size_t max_open_orders = 1'000'000;
};

class MatchingEngine {
 public:
  explicit MatchingEngine(MatchingObserver& observer, MatchingOptions options = {});
  MatchingEngine(const MatchingEngine&) = delete;
  MatchingEngine& operator=(const MatchingEngine&) = delete;

  // Rejected: nothing changed, nothing told.
  Reject Submit(const NewOrder& order);
  Reject Cancel(OrderNumber id);
  // New limit price and total quantity of a resting limit order. A lower quantity
  // at the same price keeps the place in the queue; anything else loses it and
  // may match. A quantity at or below what is filled cancels.
  Reject Amend(OrderNumber id, market::Price price, market::Quantity quantity);
  // Cancels `id` and submits `order` (which may reuse the id) as one step;
  // rejected: `id` stays as it was. kWouldTake and kWouldTrigger are judged with
  // `id` still in the book.
  Reject Replace(OrderNumber id, const NewOrder& order);
  // What Submit would answer.
  Reject Check(const NewOrder& order) const;

  const Order* Find(OrderNumber id) const;
  size_t open_orders() const { return index_.size(); }
  size_t depth(market::Side side) const { return side_of(side).size(); }
  market::Level level(market::Side side, size_t index) const;  // 0 is the best
  std::optional<market::Level> best(market::Side side) const;
  market::Quantity quantity_at(market::Side side, market::Price price) const;
  // Visible quantity that a taker of `side` could have down to `limit` (0: any).
  market::Quantity available(market::Side side, market::Price limit) const;
  market::Price last_price() const { return last_price_; }  // 0: no trade yet
  // Open orders: bids best first, asks best first, then stops by age.
  template <class F>
  void ForEach(F&& visit) const {
    for (const market::Side side : {market::Side::kBuy, market::Side::kSell}) {
      const auto& levels = side_of(side);
      for (size_t i = levels.size(); i > 0; --i) {
        for (uint32_t at = levels[i - 1].head; at != kNil; at = slots_[at].next)
          visit(slots_[at].order);
      }
    }
    for (const auto& [priority, slot] : stops_by_age_) visit(slots_[slot].order);
  }

  void Save(wire::CanonicalWriter& writer) const;
  // Replaces all orders; nothing is told. After an error the book is empty.
  absl::Status Load(wire::CanonicalReader& reader);

 private:
  static constexpr uint32_t kNil = ~uint32_t{0};

  struct Slot {  // of the pool: an order and its neighbours in the queue
    Order order;
    uint32_t previous = kNil, next = kNil;
  };
  struct PriceLevel {
    market::Price price;
    market::Quantity quantity;  // sum of what remains
    uint32_t head = kNil, tail = kNil;
  };
  using Levels = std::vector<PriceLevel>;  // worst first: changes near the best move little

  const Levels& side_of(market::Side side) const {
    return side == market::Side::kBuy ? bids_ : asks_;
  }
  Levels& side_of(market::Side side) { return side == market::Side::kBuy ? bids_ : asks_; }
  size_t LevelIndex(market::Side side,
                    market::Price price) const;  // of the level, or where it would go

  uint32_t Allocate(const NewOrder& order);
  void Release(uint32_t slot);
  void Enqueue(uint32_t slot);
  void Dequeue(uint32_t slot);
  void ParkStop(uint32_t slot);
  void UnparkStop(uint32_t slot);

  // Takes, then rests or ends the order in `slot`.
  void Execute(uint32_t slot);
  bool Match(uint32_t taker);  // false: ended by self-trade prevention
  bool Prevent(uint32_t taker, uint32_t maker);
  market::Quantity TakeQuantity(const Order& taker, market::Price price) const;
  bool CanFillWhole(const Order& taker, market::Price limit) const;
  market::Price LimitOf(const Order& order) const;
  bool WouldMatch(const NewOrder& order) const;
  bool StopReached(const NewOrder& order, market::Price last) const;
  void CollectTriggered();
  // Follows the last trade; whether it has come back from the best price by the distance.
  bool CameBack(Order& order) const;
  void RunTriggered();
  void End(uint32_t slot, Done reason);
  void Swap(MatchingEngine& other);

  MatchingObserver& observer_;
  const MatchingOptions options_;
  std::deque<Slot> slots_;  // stable addresses
  uint32_t free_ = kNil;
  absl::flat_hash_map<OrderNumber, uint32_t> index_;  // looked up, never walked
  Levels bids_, asks_;
  // Stops by the price that triggers them, then age; rising: on a higher price.
  using StopKey = std::pair<market::Price, uint64_t>;
  std::map<StopKey, uint32_t> rising_stops_, falling_stops_;
  std::map<uint64_t, uint32_t> stops_by_age_;
  std::map<uint64_t, uint32_t> trailing_;   // those of them without a fixed price
  std::map<uint64_t, uint32_t> triggered_;  // by age, to be executed
  uint64_t next_priority_ = 1;
  market::Price last_price_;
  bool in_call_ = false;
};

}  // namespace gannet::matching
