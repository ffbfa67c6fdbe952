// How much to trade: volatility targeting with caps, integers only.
#pragma once

#include <optional>

#include "libs/base/time.h"
#include "libs/market/instrument.h"
#include "libs/market/position.h"
#include "services/strategy/market_view.h"

namespace gannet::strategy {

struct SizingSettings {
  // What one standard deviation over the horizon may cost, in the quote asset.
  market::Money risk{25, 0};
  market::Money max_notional{500, 0};  // of one position, in the quote asset
};

// The quantity whose value moves by `risk` when the price moves by one standard
// deviation over the horizon; at most max_notional; whole lots, rounded down;
// nothing when that is below the venue's minimum. `sigma_ppb` is of one second.
std::optional<market::Quantity> TargetQuantity(const market::Instrument& instrument,
                                               market::Price price, int64_t sigma_ppb,
                                               base::Duration horizon,
                                               const SizingSettings& sizing);

// As many whole lots as `notional` buys at `price`; nothing below the minimum.
std::optional<market::Quantity> QuantityFor(const market::Instrument& instrument,
                                            market::Price price, const market::Money& notional);

// No more than the venue takes in one order with a limit at `price`.
market::Quantity InOneOrder(const market::Instrument& instrument, market::Price price,
                            market::Quantity quantity);

// What of a position one order that only reduces can close at `limit`: whole lots
// between the venue's least and largest quantity, of spot worth its minimum notional;
// signed as the position. What is left over is dust, and a position of dust counts
// as none.
market::Quantity Closable(const market::Instrument& instrument, market::Price limit,
                          const market::Position& position);

// Price moved by ppm of itself, to a tick: a buyer's limit is rounded up, a
// seller's down.
market::Price LimitBeyond(const market::Instrument& instrument, market::Price price, int64_t ppm,
                          market::Side side);

}  // namespace gannet::strategy
