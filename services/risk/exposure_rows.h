// The rows of the exposure book: what the gate knows of a scope, of a scope in an instrument,
// of (account, strategy, instrument), of an instrument and of a balance. Plain values that the
// book alone changes; what every verdict reads stands first in each.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/instrument.h"
#include "libs/market/market_data.h"
#include "libs/market/order.h"
#include "services/risk/fetch_lines.h"
#include "services/risk/limits.h"
#include "services/risk/order_memory.h"
#include "services/risk/rate_window.h"
#include "services/risk/row_name.h"
#include "services/risk/slice_ring.h"
#include "services/risk/trading_rules.h"

namespace gannet::risk {

using Index = uint32_t;
inline constexpr Index kNone = UINT32_MAX;

// Names come from outside; rows are never given back.
inline constexpr size_t kMaxScopes = 20'000;
inline constexpr size_t kMaxInstruments = 10'000;
inline constexpr size_t kMaxOpenOrders = 100'000;
// (account, asset) pairs that were booked beside trades and instruments.
inline constexpr size_t kMaxBookings = 2'000;
// How long results wait for the quote of what is held, while its feed is up.
inline constexpr base::Duration kQuoteWait = std::chrono::minutes(5);

// Days since 1970-01-01 (UTC), of baselines.
inline constexpr int64_t kNoDay = -1;     // before the first
inline constexpr int64_t kNewCount = -2;  // a person resumed while the result was not known

// What the loss and the fall of a scope count from.
struct Marks {
  Value day_baseline = 0;  // result when the day began
  Value peak = 0;          // highest result recorded
  int64_t day = kNoDay;    // another than today's: due as soon as the result is known
};

// What went through a scope in one slice of the flow window (controls 7, 25).
struct Flow {
  uint64_t messages = 0, orders = 0, cancels = 0, fills = 0;
  market::Int128 quantity = 0;  // of permitted orders, kValueScale
  // Of permitted orders, by the number of their quote asset, kValueScale. The first asset,
  // mostly the only one, needs no memory of its own.
  struct Notional {
    Index asset = kNone;
    market::Int128 amount = 0;
  };
  Notional notional;
  std::vector<Notional> others;

  void AddNotional(Index asset, market::Int128 amount) {
    if (notional.asset == kNone) notional.asset = asset;
    if (notional.asset == asset) {
      notional.amount += amount;
    } else {
      AddOther(asset, amount);
    }
  }
  // `visit(asset, amount)` of each, in the order in which they came.
  template <class Visit>
  void ForEachNotional(const Visit& visit) const {
    if (notional.asset != kNone) visit(notional.asset, notional.amount);
    for (const Notional& other : others) visit(other.asset, other.amount);
  }

 private:
  void AddOther(Index asset, market::Int128 amount);
};

// What the slices come to.
struct CountedFlow {
  base::Time from, until;  // the times at which the same slices count
  int64_t oldest = 0;
  uint64_t begun = 0;
  Flow flow;
};

// The flow of a scope by slices, and its sum as long as no slice comes or goes.
class FlowWindow {
 public:
  void SetWindow(base::Duration window) {
    slices_.SetWindow(window);
    counted_.reset();
  }
  void Clear() {
    slices_.Clear();
    counted_.reset();
  }
  template <class Add>
  void Count(base::Time at, const Add& add) {
    Flow* slice = slices_.At(at);
    if (slice == nullptr) return;
    add(*slice);
    if (counted_ && slices_.begun() == counted_->begun &&
        (at >= counted_->from || slices_.IndexOf(at) >= counted_->oldest)) {
      add(counted_->flow);
    } else {
      counted_.reset();
    }
  }
  // What counts now, and its newest slice.
  void Fetch() const {
    FetchLines(&counted_, &counted_ + 1);
    slices_.Fetch();
  }
  void FetchNewest() const { slices_.FetchNewest(); }
  // What counts at `now`.
  const Flow& SumAt(base::Time now) const {
    if (!counted_ || now < counted_->from || now >= counted_->until) Sum(now);
    return counted_->flow;
  }
  SliceRing<Flow>& slices() { return slices_; }
  const SliceRing<Flow>& slices() const { return slices_; }

 private:
  void Sum(base::Time now) const;

  mutable std::optional<CountedFlow> counted_;  // derived
  SliceRing<Flow> slices_;
};

// Control 14: exposures of a scope in the instruments of a group, in hundredths of
// the valuation asset, and their squares; of the long and the short side.
struct GroupSums {
  market::Int128 sum[2] = {0, 0}, squares[2] = {0, 0};
};

// What a scope limits of its own sums, kNoLimit where it states nothing: for verdicts.
inline constexpr Value kNoLimit = ~(static_cast<Value>(1) << 127);
struct SumLimits {
  uint32_t open_orders = UINT32_MAX;
  Value open_value = kNoLimit, gross = kNoLimit, net = kNoLimit, loss = kNoLimit, fall = kNoLimit;
};

// And of the flow window; `any`: something is stated.
struct FlowLimits {
  bool any = false;
  Value quantity = kNoLimit, notional = kNoLimit;
  uint32_t fills = UINT32_MAX;
  uint64_t orders_per_fill = UINT64_MAX;  // not stated; 0 may be
  int64_t cancel_ratio_ppm = INT64_MAX;
};

// How the exposure of a scope may be spread over instruments; kNoLimit and the like where it
// states nothing.
struct SpreadLimits {
  uint32_t instruments = UINT32_MAX, venues = UINT32_MAX;
  int64_t gross_free = INT64_MAX;  // of one instrument: up to it the share does not matter
  int64_t concentration_ppm = INT64_MAX;
  Value concentration_above = 0, correlated = kNoLimit, capital = kNoLimit;
};

// What may still come until a limit of a scope's own sums is met: never more than that, less
// where it is beyond kMostRoom.
inline constexpr int64_t kMostRoom = int64_t{1} << 61;
struct Room {
  int64_t orders = 0;  // -kMostRoom: the scope is shut
  int64_t open_value = 0;
  int64_t gross = 0;             // of the firm also under its capital
  std::array<int64_t, 2> net{};  // of the long and the short side
};

// Sums of a scope over its cells.
struct ScopeSums {
  Value open_value = 0, gross = 0, long_side = 0, short_side = 0;
};

// What every verdict reads stands first, in one line.
struct alignas(64) ScopeRow {
  // derived
  Room room;
  bool only_reduces = false;  // `lost`, or its state says so
  bool lost = false;          // control 13: past max_daily_loss or max_drawdown
  // durable
  market::TradingState state = market::TradingState::kActive;
  bool killed = false;
  bool throttled = false;     // control 5: until a person resumes the scope
  bool breaker_open = false;  // control 26: the same
  // derived
  uint32_t unvalued = 0;          // cells whose worth cannot be told
  uint32_t instruments_used = 0;  // control 15
  RateWindow messages;            // durable; begins with what a verdict reads
  uint32_t open_orders = 0;
  FlowLimits flow_limits;
  SpreadLimits spread_limits;
  std::map<Index, uint32_t> venues_used;  // venue scope, instruments in use

  // What the sums and their rooms come to together: bookings change the rooms alone, by numbers
  // of 64 bits, and lose nothing.
  ScopeSums whole;
  SumLimits sum_limits;
  Value pnl = 0, fees = 0;
  Value high = 0;  // highest result seen at quoted prices, at least `peak`
  // durable: Marks
  Value day_baseline = 0;
  Value peak = 0;
  int64_t day = kNoDay;
  uint32_t unmarked = 0;          // derived: positions whose quote is waited for
  bool fees_unmarked = false;     // derived: a fee in a third asset whose rate's quote is
  std::vector<GroupSums> groups;  // by correlation group
  std::map<market::AssetId, market::Money> other_fees;
  FlowWindow flow;  // durable

  market::Scope scope;
  Limits limits;
  uint32_t stated_limits = 0;  // StatedLimits(limits)
  bool known_account = false;  // an account that the limits name
  bool paper_account = false;  // its orders reach no real market
  // durable
  bool stated = false;  // a RiskState has been recorded for it
  std::string reason;
  RateWindow executions, failures;  // controls 5, 26

  Value open_value() const { return whole.open_value - room.open_value; }
  Value gross() const { return whole.gross - room.gross; }
  Value long_side() const { return whole.long_side - room.net[0]; }
  Value short_side() const { return whole.short_side - room.net[1]; }
  Value result() const { return pnl - fees; }
  // Whether all that the result rests on has a price now: a quoted one, or the last fill's once
  // no quote is waited for any more.
  bool known() const { return unvalued == 0 && unmarked == 0 && !fees_unmarked; }
};

struct InstrumentRow;
struct BalanceRow;

// What a cell counts into its scopes. A side is what the position becomes when all open
// orders of that side fill and none of the other, at the mark; it is negative while they
// only close.
struct CellSums {
  Value gross = 0, long_side = 0, short_side = 0, open_value = 0, pnl = 0;
  bool valued = true, marked = true;
  bool used = false;  // a position, or open orders
};

// Sums within it are plain numbers to a verdict, as two of them together are.
inline constexpr int64_t kMostNarrow = kMostRoom / 4;

// One scope (firm, account or strategy) in one instrument: its sums as last counted, and
// what they rest on.
struct alignas(64) Cell : CellSums {
  bool narrow = true;  // no side of it is beyond kMostNarrow
  // And its open orders are counted the short way: at par, in no group, without margin.
  bool simple = false;
  // Of an account: the best of the prices below, where there is one.
  bool any_buy = false, any_sell = false;
  int64_t position = 0;
  int64_t open_buy = 0, open_sell = 0;  // quantity of open orders
  int64_t best_buy = 0, best_sell = 0;
  InstrumentRow* instrument_row = nullptr;
  // That it counts into: its own scope, and venue and instrument with the firm.
  std::array<ScopeRow*, 3> scopes{};
  BalanceRow* balance = nullptr;  // of the margin, account cells of derivatives only
  uint32_t* venue_use = nullptr;  // of its own scope's `venues_used`
  // Quote units: what open orders reserve, the position at the mark, and with the open orders
  // of a side.
  market::Int128 buys = 0, sells = 0;
  market::Int128 held_units = 0, long_units = 0, short_units = 0;
  market::Int128 cash = 0;  // quote units
  market::Money margin;     // settle asset
  // Of an account: prices at which its open orders trade, ascending (control 18).
  std::vector<int64_t> buy_prices, sell_prices;
  Index instrument = kNone;

  int64_t side_quantity(bool buy) const { return buy ? position + open_buy : open_sell - position; }
};

// The tightest that any of a row's scopes states of what is the same for all of them.
// Worked out when limits change; `gannet risk explain` says whose each is.
struct RowLimits {
  // Cut at the ends of 64 bits: what is beyond them the table decides.
  int64_t order_notional = INT64_MAX, order_quantity = INT64_MAX;
  std::array<std::array<int64_t, 3>, 2> position{};  // of the long and the short side, by cell
  int64_t collar_ppm = 0;                            // 0: not stated
  base::Duration stale_after = base::Duration::max();
  base::Duration dead_man = base::Duration::max();           // max: not stated
  int64_t max_move_ppm = INT64_MAX;                          // the same
  int64_t max_volatility_ppm = INT64_MAX;                    // the same
  base::Duration duplicates_within = base::Duration::min();  // the longest window; min: none
  uint32_t permitted_types = UINT32_MAX;
  Stage stage = Stage::kFull;
  // No control of account, mandatory limits, restrictions, names and stage refuses: the rest
  // decides.
  bool open = false;
  bool news_off = false, model_off = false;
  bool manual_off = false;  // and the strategy is a person
  bool margin_allowed = false, self_trade_by_venue = false;
  bool require_reason = false, require_model = false;
  bool known_account = false;
};

// One (account, strategy, instrument). What every verdict reads stands first.
struct alignas(64) Leaf {
  // Where the rows below are; none of them ever moves.
  InstrumentRow* instrument_row = nullptr;
  std::array<Cell*, 3> cell_rows{};
  std::array<ScopeRow*, 5> scope_rows{};
  BalanceRow *quote_row = nullptr, *base_row = nullptr;  // spot
  uint64_t last_sequence = 0;  // durable: highest of an intent that got a verdict
  // Control 28: since when the position differs from what execution last told (max: it does
  // not). Durable.
  base::Time differs_since = base::Time::max();
  int64_t position = 0;                 // durable
  int64_t open_buy = 0, open_sell = 0;  // derived from the open orders
  RowLimits limits;
  OrderMemory answered;  // durable; control 4

  std::vector<RateLimit> duplicates;  // of the scopes that state them
  RowName name;
  Index account = kNone, strategy = kNone, instrument = kNone;  // scope, scope, instrument row
  std::array<Index, 3> cells{kNone, kNone, kNone};              // firm, account, strategy
  std::array<Index, 5> scopes{};                      // firm, account, strategy, venue, instrument
  Index quote_balance = kNone, base_balance = kNone;  // spot
  // durable
  market::Int128 cash = 0;  // quote units, quote fees taken off
  market::Money base_fee_rest;
  std::map<market::AssetId, market::Money> other_fees;
  bool told = false;  // control 28
  int64_t told_position = 0;
};

// Of all versions of an instrument that were seen from `since` to `version`.
inline constexpr size_t kMaxScaleVersions = 16;  // changes of scales; the oldest are forgotten
struct ScaleVersion {
  uint32_t since = 0, version = 0;
  int price_scale = 0, quantity_scale = 0;
};

enum class Conversion : uint8_t { kImpossible, kPar, kByPrice };

struct MarketSlice {
  int64_t low = 0, high = 0, last = 0;  // reference prices; low 0: none
};

// What reference prices did in the market window, as long as no slice comes or goes.
struct Moves {
  base::Time from, until;  // the times at which the same slices count
  int64_t low = 0, high = 0;
  market::Int128 variance = 0;
  // Of it what all but the newest slice bring, the last price before that one, and whether
  // it is the slice of these times.
  market::Int128 variance_before = 0;
  int64_t before = 0;
  bool newest = false;
};

// What every verdict reads stands first.
struct alignas(64) InstrumentRow {
  TradingRules rules;
  // market data
  market::Price bid, ask, mid;  // mid 0: no reference price
  market::Price last_fill;      // durable; 0: none; values positions until a quote comes
  base::Time data_time;         // newest market data; 0: none
  market::BookState book = market::BookState::kInvalid;
  market::BookFault book_fault = market::BookFault::kNoSnapshot;
  bool feed_down = false;
  bool crossed = false;
  bool awaited = true;     // no reference price, and results still wait for one
  bool plain = false;      // quote units are the value
  uint32_t group = kNone;  // correlation group of the base asset
  mutable Moves moved;     // of `moves`
  Index scope = kNone, venue_scope = kNone;
  Conversion conversion = Conversion::kImpossible;
  Index rate = kNone;         // kByPrice: the instrument whose price converts
  Index quote_asset = kNone;  // number of the quote asset

  market::Instrument definition;
  std::string venue;
  std::vector<Index> cells;       // of this instrument
  std::vector<Index> dependents;  // instruments converted by this one's price
  int64_t bid_size = 0, ask_size = 0;
  base::Time awaited_since;      // 0: the next timer says
  SliceRing<MarketSlice> moves;  // control 22
  // durable
  std::vector<ScaleVersion> scales;  // newest last, at most kMaxScaleVersions
  std::string broken;                // why no order may enter; empty: fine

  void AddScales(const ScaleVersion& next);
  // Null: not among `scales`.
  const ScaleVersion* ScalesOf(uint32_t version) const;
  market::Price mark() const { return mid.mantissa > 0 ? mid : last_fill; }
  bool derivative() const { return definition.kind != market::InstrumentKind::kSpot; }
  void AwaitQuote() {
    awaited = true;
    awaited_since = base::Time();
  }
};

// The price at which an order trades: its limit, or the one that meets every other.
inline constexpr int64_t kAnyBuy = INT64_MAX, kAnySell = INT64_MIN;
inline bool HasLimitPrice(market::OrderType type) {
  using market::OrderType;
  return type == OrderType::kLimit || type == OrderType::kStopLimit ||
         type == OrderType::kTakeProfitLimit;
}
inline int64_t MeetingPrice(const market::OrderIntent& intent) {
  if (HasLimitPrice(intent.type)) return intent.price.mantissa;
  return intent.side == market::Side::kBuy ? kAnyBuy : kAnySell;
}

// Hundredths of the valuation asset, away from zero and cut at kMaxHundredths: the
// unit of control 14, whose squares fit 128 bits.
inline constexpr int64_t kMaxHundredths = 1'000'000'000'000;
market::Int128 Hundredths(Value value);

// What a child would take out of its parent's reservation.
struct Carve {
  const char* fault = nullptr;  // why it may not; for people
  bool same = false;            // of the same instrument: nothing is reserved beside it
  int64_t quantity = 0;         // 0: nothing (an exit, which reduces by itself)
  market::Int128 value = 0;     // of the parent's rest, its quote units
};

// What every verdict reads stands first.
struct alignas(64) BalanceRow {
  // durable
  market::Money total;  // free and locked; fills since take off what they spent
  // derived
  market::Money reserved;  // by our open orders
  market::Money margin;    // in use by derivatives

  bool known = false;  // durable
  Index account = kNone;
  std::string venue;
  market::AssetId asset;
};

// Beyond any market: a report that says so is not believed.
inline constexpr int64_t kMaxPosition = INT64_MAX / 8;
// Units that sums of money may hold without leaving 128 bits.
inline constexpr market::Int128 kMaxUnits =
    static_cast<market::Int128>(1'000'000'000'000'000) * 1'000'000'000'000'000;
bool Sane(market::Int128 units);

}  // namespace gannet::risk
