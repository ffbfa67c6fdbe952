// One strategy: looks at what is known and says which orders it wants. Pure and
// without state of its own, so that nothing is lost in a restart: what it has done
// is in the portfolio (made of recorded facts), what the market does in the view.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/news.h"
#include "libs/market/order.h"
#include "libs/market/parent.h"
#include "libs/market/prediction.h"
#include "services/strategy/market_view.h"
#include "services/strategy/portfolio.h"

namespace gannet::strategy {

// An intent before it has a number, an id and a hash.
struct Draft {
  market::IntentKind kind = market::IntentKind::kNew;
  market::StrategyId strategy;
  market::InstrumentId instrument;
  uint32_t instrument_version = 0;  // 0: the one that is traded
  market::ClientOrderId target;     // kCancel, kReplace, kAmend
  market::ClientOrderId parent;     // of a child, and of the cancel of a parent
  market::Side side = market::Side::kBuy;
  market::OrderType type = market::OrderType::kLimit;
  market::TimeInForce time_in_force = market::TimeInForce::kGtc;
  market::Price price;  // every order of a strategy has a limit; of people only may be 0
  market::Price stop_price;
  base::Time expires;
  market::Quantity quantity;
  bool reduce_only = false;
  uint32_t trailing_bps = 0;  // of people's trailing stops
  std::string reason;
  std::string model_version;
  market::EventId signal;
  std::optional<market::AlgoPlan> plan;  // kParent
};

// What trading states leave open.
enum class Permission : uint8_t { kAll, kReduce, kNothing };

// The trading states that risk has announced, other than ACTIVE.
class Restrictions {
 public:
  void Apply(const market::RiskState& state);
  Permission For(const market::AccountId& account, const market::StrategyId& strategy,
                 const MarketRow& row) const;
  const std::map<market::Scope, market::RiskState>& all() const { return all_; }

 private:
  std::map<market::Scope, market::RiskState> all_;
};

struct View {
  base::Time now;
  base::Duration stale_after;
  const MarketView& market;
  const Portfolio& portfolio;
  const Restrictions& restrictions;
  bool draining = false;
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual const market::StrategyId& id() const = 0;
  // Whether it may ever trade this instrument.
  virtual bool Trades(const market::Instrument& instrument) const = 0;

  // Called with instruments that it trades. Drafts go to the end of `out`.
  virtual void OnSignal(const market::Event<market::NewsSignal>& signal, const View& view,
                        std::vector<Draft>& out) const;
  virtual void OnPrediction(const market::Event<market::Prediction>& prediction, Index instrument,
                            const View& view, std::vector<Draft>& out) const;
  // The market moved, a report came, or a second has passed.
  virtual void OnMarket(Index instrument, const View& view, std::vector<Draft>& out) const = 0;
};

// "binance-spot:*USDT": one star stands for any text.
bool MatchesPattern(std::string_view pattern, std::string_view text);
bool MatchesAny(const std::vector<std::string>& patterns, const market::InstrumentId& id);

// Everything that still works in this instrument, drafted for cancellation; of a parent
// order the whole. What has been asked already and not answered is asked again after that
// long.
inline constexpr base::Duration kCancelPatience = std::chrono::seconds(10);
void CancelAll(const market::StrategyId& strategy, const market::InstrumentId& instrument,
               const Slot& slot, const char* reason, base::Time now, std::vector<Draft>& out);
// One order. Nothing while its fate or an earlier request is open.
void CancelOne(const market::StrategyId& strategy, const market::InstrumentId& instrument,
               const WorkingOrder& order, const char* reason, base::Time now,
               std::vector<Draft>& out);
// Another price and quantity (total, what is filled already included) for an order in place:
// it keeps its id. Of limit orders that work, while no other request about them is open; where
// the venue cannot do it, execution answers so and the order stays as it is.
void AmendOne(const market::StrategyId& strategy, const market::InstrumentId& instrument,
              const WorkingOrder& order, market::Price price, market::Quantity quantity,
              const char* reason, std::vector<Draft>& out);

}  // namespace gannet::strategy
