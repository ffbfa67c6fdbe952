// What an order is measured by, as plain numbers of an instrument's definition.
#pragma once

#include <cstdint>

#include "libs/market/decimal.h"
#include "libs/market/instrument.h"

namespace gannet::risk {

// What the size of one order is held to; a maximum of 0: none stated.
struct SizeRules {
  int64_t lot = 0, min_quantity = 0, max_quantity = 0;
  market::Int128 min_notional = 0, max_notional = 0;  // units of the quote asset, inwards
};

struct TradingRules {
  int64_t tick = 0;
  SizeRules limit, market;  // of orders with a limit price, and of others
  // Price times quantity over `divisor` are quote units; 0: not as simple as that.
  int64_t divisor = 0;
  uint32_t version = 0;  // the only one that orders may speak of
  bool shut = false;     // no version is
  bool spot = true;
  bool trading = true;
  bool settles_elsewhere = false;  // than in its quote asset
  int quote_scale = 0, quantity_scale = 0;
  market::PriceBand buy_band, sell_band;
};

// Quote units of a price and a quantity, and whether something was cut off.
struct QuoteUnits {
  market::Int128 whole;
  bool rest;
};
// Exact, both above 0, with a `divisor`.
inline QuoteUnits UnitsOf(const TradingRules& rules, int64_t price, int64_t quantity) {
  const auto product = static_cast<unsigned __int128>(price) * static_cast<uint64_t>(quantity);
  const auto divisor = static_cast<uint64_t>(rules.divisor);
  if (product >> 64 == 0) {  // a division of 128 bits costs several times as much
    const auto small = static_cast<uint64_t>(product);
    return {static_cast<market::Int128>(small / divisor), small % divisor != 0};
  }
  return {static_cast<market::Int128>(product / divisor), product % divisor != 0};
}

}  // namespace gannet::risk
