// Bars of one minute (by the venue's trade time) from trades. A bar is given out
// only if every trade of its minute was seen: minutes that began before we
// listened, or in which the feed broke or skipped trade ids, are counted instead.
// A minute without trades repeats the last close with volume 0, as the venue's own
// klines do. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/market_data.h"

namespace gannet::ingest {

inline constexpr base::Duration kBarInterval = std::chrono::minutes(1);
// After the end of its minute by the local clock a bar waits this long for trades
// still under way (and for a local clock that is ahead of the venue's).
inline constexpr base::Duration kBarGrace = std::chrono::seconds(5);
inline constexpr int kMaxFlatBars = 60;  // in one call; a longer silence starts anew

class BarBuilder {
 public:
  // Closed bars that this trade or moment ends, oldest first. Prices and volume
  // only; the owner names the instrument. `volume` saturates never: a sum that
  // leaves int64 spoils the minute.
  std::vector<market::Bar> OnTrade(base::Time trade_time, market::Price price,
                                   market::Quantity quantity, uint64_t trades);
  std::vector<market::Bar> OnTime(base::Time now);
  // Trades were missed, or the feed was away: the present minute is spoilt.
  void OnGap();
  // What follows is at other scales: as new, but for the counts.
  void Restart();

  uint64_t incomplete() const { return incomplete_; }
  uint64_t late_trades() const { return late_trades_; }

 private:
  static base::Time MinuteOf(base::Time time) {
    return base::Time(time.time_since_epoch() / kBarInterval * kBarInterval);
  }
  void Begin(base::Time minute);
  void Close(std::vector<market::Bar>& out);
  void CloseUntil(base::Time minute, std::vector<market::Bar>& out);

  std::optional<market::Bar> bar_;  // of the present minute; `trades` 0: none yet
  bool spoilt_ = false;
  std::optional<market::Price> last_close_;
  uint64_t incomplete_ = 0, late_trades_ = 0;
};

}  // namespace gannet::ingest
