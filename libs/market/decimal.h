// Exact decimals: integers at a power of ten. A value with more digits than
// the scale holds is refused, never rounded in silence.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gannet::market {

using Int128 = __int128;
inline constexpr int kMaxScale = 18;

// How a result that does not fit its scale is cut. Risk rounds against us.
enum class Rounding {
  kDown,
  kUp,
  kFloor,
  kCeiling,
  kHalfEven
};  // kDown: to zero; kUp: away from zero

int64_t PowerOfTen(int exponent);  // exponent 0 to 18

// "-12.3400" at scale 4 is -123400. Nothing on bad syntax, more digits than the
// scale (trailing zeros aside), a value outside int64, or a scale outside 0 to 18.
// A sign, digits, at most one point; no exponent, no space, no "nan".
std::optional<int64_t> ParseDecimal(std::string_view text, int scale);
std::optional<Int128> ParseDecimal128(std::string_view text, int scale);
// Shortest exact form: no trailing zeros, "0" for zero.
std::string FormatDecimal(Int128 mantissa, int scale);
// With at least `digits` fractional digits, also beyond the scale.
std::string FormatDecimalFixed(Int128 mantissa, int scale, int digits);

// a * b / divisor in 256 bits with a named rounding; nothing on overflow of the
// result or divisor 0.
std::optional<Int128> MulDiv(Int128 a, Int128 b, Int128 divisor, Rounding rounding);
// `value` from one scale to another.
std::optional<Int128> Rescale(Int128 value, int from_scale, int to_scale, Rounding rounding);

std::optional<Int128> CheckedAdd(Int128 a, Int128 b);
std::optional<Int128> CheckedSub(Int128 a, Int128 b);

double ToDouble(Int128 mantissa, int scale);  // models and display only

}  // namespace gannet::market
