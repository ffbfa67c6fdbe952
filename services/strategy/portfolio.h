// What the strategies of this process have: positions, working orders, how often
// they were refused, how much of their message budget is used. Made of recorded
// facts only, so it is the same after recovery; saved, loaded and hashed.
//
// Owned by StrategyEngine; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/header.h"
#include "libs/market/news.h"
#include "libs/market/order.h"
#include "libs/market/parent.h"
#include "libs/market/position.h"
#include "libs/wire/canonical.h"
#include "services/strategy/market_view.h"

namespace gannet::strategy {

inline constexpr size_t kMaxRememberedSignals = 1'024;
inline constexpr size_t kMaxRememberedMessages = 1'000;  // of one strategy

// An order from its intent to its end.
struct WorkingOrder {
  market::ClientOrderId id;
  market::Side side = market::Side::kBuy;
  market::TimeInForce time_in_force = market::TimeInForce::kGtc;
  market::Price price;
  market::Quantity quantity, cumulative;
  bool reduce_only = false;
  base::Time created;
  bool permitted = false;
  market::OrderState state = market::OrderState::kInitialized;
  base::Time cancel_asked;  // newest request; 0: none
  uint32_t cancels_refused = 0;
  bool is_parent = false;        // a parent order, worked by ParentDesk
  market::ClientOrderId parent;  // of a child, which ParentDesk alone looks after

  market::Quantity rest() const { return quantity - cumulative; }
  bool unknown() const { return state == market::OrderState::kUnknown; }
};
// What an intent to place asks for; nothing has answered yet.
WorkingOrder WorkingOrderOf(const market::OrderIntent& intent);

// After a refusal nothing more goes out on that side before `until`: one second,
// doubled with each further refusal up to a minute, forgotten when one is accepted.
struct Backoff {
  uint32_t refusals = 0;
  base::Time until;
};

// One strategy in one instrument.
struct Slot {
  market::Position position;
  std::vector<WorkingOrder> orders;  // in the order of their intents
  std::array<Backoff, 2> backoff;    // buys, sells
  base::Time entered;                // newest intent that was not reduce-only
  std::array<base::Time, 2> placed;  // newest intent of each side
  base::Time filled;                 // newest fill
  market::EventId signal;            // of the newest entry
  std::string model_version;         // of the newest entry

  const WorkingOrder* Order(market::Side side) const;
  bool waiting(market::Side side, base::Time now) const {
    return backoff[SideIndex(side)].until > now;
  }
  static size_t SideIndex(market::Side side) { return side == market::Side::kBuy ? 0 : 1; }
};

void SaveOrder(wire::CanonicalWriter& out, const WorkingOrder& order);
WorkingOrder LoadOrder(wire::CanonicalReader& in, bool with_parents = true);

struct StrategyRow {
  uint64_t sequence = 0;            // of the newest intent
  std::deque<base::Time> messages;  // of the newest kMaxRememberedMessages intents
  std::map<market::InstrumentId, Slot> slots;
};

class Portfolio {
 public:
  explicit Portfolio(market::AccountId account) : account_(std::move(account)) {}

  const market::AccountId& account() const { return account_; }
  // Null when it has never had anything there.
  const Slot* Find(const market::StrategyId& strategy,
                   const market::InstrumentId& instrument) const;
  const StrategyRow* Find(const market::StrategyId& strategy) const;
  const std::map<market::StrategyId, StrategyRow>& strategies() const { return strategies_; }
  uint64_t NextSequence(const market::StrategyId& strategy) const;
  // Intents of the last `window`.
  size_t MessagesSince(const market::StrategyId& strategy, base::Time from) const;
  // At the venue or on their way there: parents are not.
  size_t working_orders() const;
  // The news that the newest entry rests on has been taken back.
  bool Retracted(const Slot& slot) const;

  void Apply(const market::OrderIntent& intent);
  void Apply(const market::RiskDecision& decision);
  void Apply(const market::ParentOrder& parent);
  // A fill whose numbers cannot be said in the definition of `row` (may be null) is not booked,
  // but counted.
  void Apply(const market::ExecReport& report, base::Time at, const MarketRow* row);
  void Apply(const market::Event<market::NewsSignal>& signal);

  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

  uint64_t fills_unbooked() const { return fills_unbooked_; }

 private:
  Slot* FindSlot(const market::StrategyId& strategy, const market::InstrumentId& instrument);
  void Refused(Slot& slot, market::Side side, base::Time at);

  const market::AccountId account_;
  std::map<market::StrategyId, StrategyRow> strategies_;
  std::deque<std::pair<market::EventId, market::EventId>>
      signals_;                            // news item, its signal; newest last
  std::deque<market::EventId> retracted_;  // signals
  uint64_t fills_unbooked_ = 0;
};

}  // namespace gannet::strategy
