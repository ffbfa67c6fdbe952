// Decimals as venues write them, and the steps that they must be on.
//
// Pure; exact integers.
#pragma once

#include <optional>
#include <string_view>

#include "libs/market/decimal.h"
#include "libs/venue/order_call.h"

namespace gannet::venue::conformance {

// A decimal text with at most 18 digits behind the point. Nothing for anything else.
std::optional<Decimal> ParseDecimalText(std::string_view text);

// The largest multiple of `step` not above `value`; the nearest one, half away from
// zero. `step` 0: unchanged. Nothing on overflow.
std::optional<Decimal> FloorToStep(Decimal value, Decimal step);
std::optional<Decimal> RoundToStep(Decimal value, Decimal step);
// value · factor, exact, without trailing zeros. Nothing on overflow.
std::optional<Decimal> Multiply(Decimal value, Decimal factor);

}  // namespace gannet::venue::conformance
