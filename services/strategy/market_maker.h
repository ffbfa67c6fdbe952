// Quotes both sides around the microprice: wider when the market is livelier,
// shifted against its own inventory, post-only. A quote is left alone until it is
// off by more than a stated distance or has lived its least time; nothing is
// quoted on a book that is not proven.
#pragma once

#include <string>
#include <vector>

#include "services/strategy/sizing.h"
#include "services/strategy/strategy.h"

namespace gannet::strategy {

struct MakerSettings {
  market::StrategyId name;
  std::vector<std::string> instruments;  // patterns
  market::Money quote_notional{200, 0};  // of one quote, in the quote asset
  market::Money max_position{1'000, 0};  // long and short, open quotes counted
  bool allow_short = true;
  int64_t min_half_spread_ppm = 200;  // from the centre to each quote, fees apart
  int64_t volatility_ppm =
      1'000'000;  // half spread at least this part of one deviation over `horizon`
  base::Duration horizon{std::chrono::seconds(5)};
  int64_t maker_fee_ppm = 0;                         // added to the half spread
  int64_t skew_ppm = 500'000;                        // of the half spread, at full inventory
  int64_t refresh_ppm = 100;                         // a quote further off than this is renewed
  base::Duration min_life{std::chrono::seconds(2)};  // of a quote
  base::Duration pause_after_fill{std::chrono::seconds(1)};
};

class MarketMaker : public Strategy {
 public:
  explicit MarketMaker(MakerSettings settings) : settings_(std::move(settings)) {}

  const market::StrategyId& id() const override { return settings_.name; }
  bool Trades(const market::Instrument& instrument) const override;
  void OnMarket(Index instrument, const View& view, std::vector<Draft>& out) const override;

 private:
  struct Quotes {
    market::Price bid, ask;
  };
  Quotes Wanted(const MarketRow& row, const market::Position& position, int64_t sigma_ppb) const;
  // What may still be quoted on a side; zero: nothing.
  market::Quantity SizeOf(const MarketRow& row, market::Side side, market::Price price,
                          const market::Position& position, bool reduce) const;
  void Quote(const MarketRow& row, market::Side side, market::Price price, const Slot* slot,
             bool reduce, const View& view, std::vector<Draft>& out) const;

  const MakerSettings settings_;
};

}  // namespace gannet::strategy
