// The public record of one symbol: recent trades, aggregate trades, candles and
// the figures of the last 24 hours.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "libs/base/rng.h"
#include "libs/base/time.h"
#include "libs/wire/canonical.h"
#include "services/venue-sim/ledger.h"
#include "services/venue-sim/symbols.h"

namespace gannet::venue_sim {

struct TradePrint {
  uint64_t id = 0;
  int64_t price = 0, quantity = 0;
  int64_t time_ms = 0;
  bool buyer_is_maker = false;
};

// Trades of one taker order at one price.
struct AggregateTrade {
  uint64_t id = 0;
  int64_t price = 0, quantity = 0;
  uint64_t first_trade = 0, last_trade = 0;
  int64_t time_ms = 0;
  bool buyer_is_maker = false;
};

struct Candle {
  int64_t open_ms = 0;
  int64_t open = 0, high = 0, low = 0, close = 0;
  Amount volume = 0, quote_volume = 0;  // base, quote
  Amount taker_buy_volume = 0, taker_buy_quote = 0;
  uint64_t trades = 0;
  uint64_t first_trade = 0, last_trade = 0;  // 0: none
  void Add(const TradePrint& trade);
  void Merge(const Candle& later);
};

enum class Interval : uint8_t {
  k1m,
  k3m,
  k5m,
  k15m,
  k30m,
  k1h,
  k2h,
  k4h,
  k6h,
  k8h,
  k12h,
  k1d,
  k3d,
  k1w,
  k1M
};
inline constexpr int kIntervalCount = 15;
std::optional<Interval> ParseInterval(std::string_view name);
std::string_view Name(Interval interval);
// Start of the candle that holds `ms`, and of the next one; UTC. Weeks start on
// Monday, months on the first.
int64_t OpenOf(Interval interval, int64_t ms);
int64_t NextOpen(Interval interval, int64_t open_ms);

struct DayFigures {
  int64_t open = 0, high = 0, low = 0, last = 0, last_quantity = 0, previous_close = 0;
  Amount volume = 0, quote_volume = 0;
  uint64_t first_trade = 0, last_trade = 0, trades = 0;
  int64_t open_ms = 0, close_ms = 0;
};

class Tape {
 public:
  static constexpr size_t kTradeLimit = 2000;   // prints and aggregates kept
  static constexpr size_t kMinuteLimit = 1501;  // candles kept of each series
  static constexpr size_t kHourLimit = 1001;
  static constexpr size_t kDayLimit = 1001;

  // Candles of the past up to `now`, by a random walk that ends at the
  // symbol's start price: what the venue traded before its first start.
  void Backfill(const Symbol& symbol, base::Rng rng, int64_t now_ms);

  // `taker_order` groups prints into aggregates.
  const TradePrint& AddTrade(int64_t price, int64_t quantity, int64_t time_ms, bool buyer_is_maker,
                             uint64_t taker_order);
  // Opens empty candles up to `now_ms`.
  void AdvanceTo(int64_t now_ms);

  const std::deque<TradePrint>& trades() const { return trades_; }
  const std::deque<AggregateTrade>& aggregates() const { return aggregates_; }
  uint64_t last_trade_id() const { return last_trade_; }
  int64_t last_price() const { return minutes_.empty() ? 0 : minutes_.back().close; }

  // Candles of any interval, oldest first, that open in [from_ms, to_ms]: the
  // first `limit` when `from_ms` is given (above 0), the last ones otherwise.
  std::vector<Candle> Candles(Interval interval, int64_t from_ms, int64_t to_ms,
                              size_t limit) const;
  Candle Current(Interval interval) const;
  DayFigures Day(int64_t now_ms) const;
  // Volume-weighted over the last minutes; the last price when nothing traded.
  int64_t AveragePrice(int64_t now_ms, int minutes) const;

  void Save(wire::CanonicalWriter& writer) const;
  void Load(wire::CanonicalReader& reader);

 private:
  using Series = std::deque<Candle>;
  const Series& BaseOf(Interval interval) const;
  static void Advance(Series& series, Interval interval, int64_t now_ms, size_t limit,
                      int64_t price);

  std::deque<TradePrint> trades_;
  std::deque<AggregateTrade> aggregates_;
  Series minutes_, hours_, days_;  // the last one is open
  uint64_t last_trade_ = 0, last_aggregate_ = 0, last_taker_ = 0;
};

}  // namespace gannet::venue_sim
