#include "libs/venue/filters.h"

#include <algorithm>

namespace gannet::venue {
namespace {

using market::Int128;
using market::Rounding;

constexpr Decimal kZero{};

bool Set(Decimal rule) { return rule.mantissa != 0; }

std::optional<Decimal> Narrow(Int128 value, int scale) {
  while (scale > 0 && value % 10 == 0) {
    value /= 10;
    --scale;
  }
  if (value > INT64_MAX || value < INT64_MIN) return std::nullopt;
  return Decimal{static_cast<int64_t>(value), scale};
}

struct Aligned {
  Int128 a, b;
  int scale;
};
std::optional<Aligned> Align(Decimal a, Decimal b) {
  const int scale = std::max(a.scale, b.scale);
  const auto left = market::Rescale(a.mantissa, a.scale, scale, Rounding::kDown);
  const auto right = market::Rescale(b.mantissa, b.scale, scale, Rounding::kDown);
  if (!left || !right) return std::nullopt;
  return Aligned{*left, *right, scale};
}

bool IsMultiple(Decimal value, Decimal step) {
  const auto aligned = Align(value, step);
  return aligned && aligned->a % aligned->b == 0;
}

// Outside [low, high] as far as these are rules; out of range counts as outside.
bool Outside(Decimal value, Decimal low, Decimal high) {
  if (Set(low) && Compare(value, low).value_or(-1) < 0) return true;
  return Set(high) && Compare(value, high).value_or(1) > 0;
}

bool BreaksSize(Decimal value, Decimal step, Decimal low, Decimal high) {
  return Compare(value, kZero).value_or(0) <= 0 || (Set(step) && !IsMultiple(value, step)) ||
         Outside(value, low, high);
}

}  // namespace

std::optional<Decimal> ParseDecimalText(std::string_view text) {
  const size_t point = text.find('.');
  const size_t digits = point == std::string_view::npos ? 0 : text.size() - point - 1;
  if (digits > static_cast<size_t>(market::kMaxScale)) return std::nullopt;
  const auto mantissa = market::ParseDecimal(text, static_cast<int>(digits));
  if (!mantissa) return std::nullopt;
  return Decimal{*mantissa, static_cast<int>(digits)};
}

std::optional<int> Compare(Decimal a, Decimal b) {
  const auto aligned = Align(a, b);
  if (!aligned) return std::nullopt;
  return aligned->a < aligned->b ? -1 : aligned->a > aligned->b ? 1 : 0;
}

std::optional<Decimal> FloorToStep(Decimal value, Decimal step) {
  if (!Set(step)) return value;
  const auto aligned = Align(value, step);
  if (!aligned) return std::nullopt;
  Int128 rest = aligned->a % aligned->b;
  if (rest < 0) rest += aligned->b;
  return Narrow(aligned->a - rest, aligned->scale);
}

std::optional<Decimal> RoundToStep(Decimal value, Decimal step) {
  if (!Set(step)) return value;
  const auto aligned = Align(value, step);
  if (!aligned) return std::nullopt;
  const bool negative = aligned->a < 0;
  const Int128 magnitude = negative ? -aligned->a : aligned->a;
  const Int128 rest = magnitude % aligned->b;
  const Int128 rounded =
      rest + rest >= aligned->b ? magnitude - rest + aligned->b : magnitude - rest;
  return Narrow(negative ? -rounded : rounded, aligned->scale);
}

std::optional<Decimal> Multiply(Decimal value, Decimal factor) {
  Int128 product = Int128{value.mantissa} * factor.mantissa;
  int scale = value.scale + factor.scale;
  while (scale > 0 && product % 10 == 0) {
    product /= 10;
    --scale;
  }
  if (scale > market::kMaxScale) return std::nullopt;
  return Narrow(product, scale);
}

const char* Name(FilterBreak filter) {
  switch (filter) {
    case FilterBreak::kNone:
      return "none";
    case FilterBreak::kPrice:
      return "PRICE_FILTER";
    case FilterBreak::kLotSize:
      return "LOT_SIZE";
    case FilterBreak::kMarketLotSize:
      return "MARKET_LOT_SIZE";
    case FilterBreak::kNotional:
      return "NOTIONAL";
    case FilterBreak::kPercentPrice:
      return "PERCENT_PRICE";
    case FilterBreak::kUnknown:
      return "unknown";
  }
  return "?";
}

FilterBreak CheckFilters(const Filters& filters, const OrderSpec& spec,
                         std::optional<Decimal> reference) {
  for (const auto& price : {spec.price, spec.stop_price, spec.activation_price}) {
    if (price && BreaksSize(*price, filters.tick, filters.min_price, filters.max_price))
      return FilterBreak::kPrice;
  }
  const bool at_market = !spec.price;
  if (spec.quantity) {
    if (BreaksSize(*spec.quantity, filters.lot, filters.min_quantity, filters.max_quantity))
      return FilterBreak::kLotSize;
    if (at_market && BreaksSize(*spec.quantity, filters.market_lot, filters.market_min_quantity,
                                filters.market_max_quantity)) {
      return FilterBreak::kMarketLotSize;
    }
  }
  const std::optional<Decimal> price = at_market ? reference : spec.price;
  if (Set(filters.min_notional) || Set(filters.max_notional)) {
    const std::optional<Decimal> value = spec.quote_quantity      ? spec.quote_quantity
                                         : price && spec.quantity ? Multiply(*price, *spec.quantity)
                                                                  : std::nullopt;
    if (!value) return FilterBreak::kUnknown;
    if (Outside(*value, filters.min_notional, filters.max_notional)) return FilterBreak::kNotional;
  }
  const bool buy = spec.side == market::Side::kBuy;
  const Decimal down = buy ? filters.bid_down : filters.ask_down;
  const Decimal up = buy ? filters.bid_up : filters.ask_up;
  if (!at_market && (Set(down) || Set(up))) {
    if (!reference) return FilterBreak::kUnknown;
    const auto low = Multiply(*reference, down), high = Multiply(*reference, up);
    if (!low || !high) return FilterBreak::kUnknown;
    if (Outside(*spec.price, *low, *high)) return FilterBreak::kPercentPrice;
  }
  return FilterBreak::kNone;
}

}  // namespace gannet::venue
