// The rules that a venue checks an order's numbers against before it takes it: steps,
// bounds, value, distance from the market. Names as on Binance (PRICE_FILTER,
// LOT_SIZE, MARKET_LOT_SIZE, MIN_NOTIONAL, NOTIONAL, PERCENT_PRICE_BY_SIDE; filters.md
// of its docs); Bybit states the same as priceFilter and lotSizeFilter.
//
// Pure; exact integers.
#pragma once

#include <cstdint>
#include <optional>

#include "libs/market/decimal.h"
#include "libs/venue/order_call.h"

namespace gannet::venue {

// A decimal text with at most 18 digits behind the point. Nothing for anything else.
std::optional<Decimal> ParseDecimalText(std::string_view text);
// -1, 0, 1. Nothing on overflow.
std::optional<int> Compare(Decimal a, Decimal b);

// The largest multiple of `step` not above `value`; the nearest one, half away from
// zero. `step` 0: unchanged. Nothing on overflow.
std::optional<Decimal> FloorToStep(Decimal value, Decimal step);
std::optional<Decimal> RoundToStep(Decimal value, Decimal step);
// value · factor, exact, without trailing zeros. Nothing on overflow.
std::optional<Decimal> Multiply(Decimal value, Decimal factor);

enum class FilterBreak : uint8_t {
  kNone = 0,
  kPrice,          // off the tick, or outside its bounds
  kLotSize,        // off the step, or outside its bounds
  kMarketLotSize,  // the same, of market orders
  kNotional,       // value too small or too large
  kPercentPrice,   // too far from the reference price
  kUnknown,        // cannot be judged: no reference price, numbers out of range
};
const char* Name(FilterBreak filter);

// Zero: no such rule.
struct Filters {
  Decimal tick, min_price, max_price;
  Decimal lot, min_quantity, max_quantity;
  Decimal market_lot, market_min_quantity, market_max_quantity;
  Decimal min_notional, max_notional;
  // Factors of the reference price: a buy between the first two, a sell between the
  // others.
  Decimal bid_down, bid_up, ask_down, ask_up;
};

// The first rule that `spec` breaks. `reference`: the venue's average or mark price;
// without one an order whose rule needs it is kUnknown, never passed.
FilterBreak CheckFilters(const Filters& filters, const OrderSpec& spec,
                         std::optional<Decimal> reference);

}  // namespace gannet::venue
