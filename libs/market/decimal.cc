#include "libs/market/decimal.h"

#include <algorithm>
#include <array>
#include <limits>

#include "libs/base/check.h"

namespace gannet::market {
namespace {

using UInt128 = unsigned __int128;

UInt128 Magnitude(Int128 value) { return value < 0 ? UInt128(0) - static_cast<UInt128>(value) : static_cast<UInt128>(value); }

// 256-bit unsigned integer: just what MulDiv needs.
struct Wide {
  UInt128 high = 0, low = 0;
};

Wide Multiply(UInt128 a, UInt128 b) {
  const UInt128 mask = ~uint64_t{0};
  const UInt128 a_low = a & mask, a_high = a >> 64, b_low = b & mask, b_high = b >> 64;
  const UInt128 low = a_low * b_low, mid_1 = a_high * b_low, mid_2 = a_low * b_high, high = a_high * b_high;
  const UInt128 carry = ((low >> 64) + (mid_1 & mask) + (mid_2 & mask)) >> 64;
  return {high + (mid_1 >> 64) + (mid_2 >> 64) + carry, low + (mid_1 << 64) + (mid_2 << 64)};
}

// Quotient and remainder by shift and subtract; the quotient must fit 128 bits
// (numerator.high < divisor).
UInt128 Divide(const Wide& numerator, UInt128 divisor, UInt128* remainder) {
  if (numerator.high == 0) {
    const UInt128 quotient = numerator.low / divisor;
    *remainder = numerator.low - quotient * divisor;
    return quotient;
  }
  UInt128 rest = numerator.high, quotient = 0;
  for (int bit = 127; bit >= 0; --bit) {
    const bool carry = (rest >> 127) != 0;
    rest = rest << 1 | (numerator.low >> bit & 1);
    quotient <<= 1;
    if (carry || rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
  }
  *remainder = rest;
  return quotient;
}

bool RoundsAwayFromZero(Rounding rounding, bool negative, UInt128 quotient, UInt128 remainder, UInt128 divisor) {
  if (remainder == 0) return false;
  switch (rounding) {
    case Rounding::kDown:
      return false;
    case Rounding::kUp:
      return true;
    case Rounding::kFloor:
      return negative;
    case Rounding::kCeiling:
      return !negative;
    case Rounding::kHalfEven: {
      const UInt128 other = divisor - remainder;
      return remainder > other || (remainder == other && (quotient & 1) != 0);
    }
  }
  return false;
}

std::optional<Int128> WithSign(UInt128 magnitude, bool negative) {
  const UInt128 limit = (UInt128(1) << 127) - (negative ? 0 : 1);
  if (magnitude > limit) return std::nullopt;
  return negative ? static_cast<Int128>(UInt128(0) - magnitude) : static_cast<Int128>(magnitude);
}

}  // namespace

int64_t PowerOfTen(int exponent) {
  static constexpr auto kPowers = [] {
    std::array<int64_t, 19> powers{};
    int64_t value = 1;
    for (size_t i = 0; i < powers.size(); ++i) {
      powers[i] = value;
      if (i + 1 < powers.size()) value *= 10;
    }
    return powers;
  }();
  GANNET_CHECK(exponent >= 0 && exponent <= 18, "a scale lies between 0 and 18");
  return kPowers[static_cast<size_t>(exponent)];
}

std::optional<Int128> ParseDecimal128(std::string_view text, int scale) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  UInt128 value = 0;
  constexpr UInt128 kLimit = (UInt128(1) << 127);
  int fraction = -1;  // digits seen after the point; -1 before it
  bool any = false;
  for (const char c : text) {
    if (c == '.') {
      if (fraction >= 0) return std::nullopt;
      fraction = 0;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    any = true;
    if (fraction >= scale) {  // more digits than the scale: only zeros pass
      if (c != '0') return std::nullopt;
      continue;
    }
    if (value > (kLimit - 9) / 10) return std::nullopt;
    value = value * 10 + static_cast<UInt128>(c - '0');
    if (fraction >= 0) ++fraction;
  }
  if (!any) return std::nullopt;
  for (int i = std::max(fraction, 0); i < scale; ++i) {
    if (value > kLimit / 10) return std::nullopt;
    value *= 10;
  }
  return WithSign(value, negative);
}

std::optional<int64_t> ParseDecimal(std::string_view text, int scale) {
  // The common case: a short plain number, without 128-bit arithmetic.
  const auto value = ParseDecimal128(text, scale);
  if (!value || *value > std::numeric_limits<int64_t>::max() || *value < std::numeric_limits<int64_t>::min()) {
    return std::nullopt;
  }
  return static_cast<int64_t>(*value);
}

std::string FormatDecimalFixed(Int128 mantissa, int scale, int digits) {
  UInt128 rest = Magnitude(mantissa);
  std::string reversed;
  for (int i = 0; rest != 0 || i <= scale; ++i) {
    if (i == scale && scale > 0) reversed += '.';
    reversed += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (mantissa < 0) reversed += '-';
  std::reverse(reversed.begin(), reversed.end());
  if (scale > 0) {
    size_t keep = reversed.size();
    const size_t least = keep - static_cast<size_t>(std::max(0, scale - digits));
    while (keep > least && reversed[keep - 1] == '0') --keep;
    if (reversed[keep - 1] == '.') --keep;
    reversed.resize(keep);
  }
  return reversed;
}

std::string FormatDecimal(Int128 mantissa, int scale) { return FormatDecimalFixed(mantissa, scale, 0); }

namespace {

// What nearly every price and quantity is: factors of 63 bits, a divisor below
// 2^64. One 128-bit division instead of two, none where 64 bits will do.
std::optional<Int128> MulDivSmall(int64_t a, int64_t b, uint64_t divisor, Rounding rounding) {
  const Int128 signed_product = static_cast<Int128>(a) * b;
  if (divisor == 1) return signed_product;
  const bool negative = signed_product < 0;
  const UInt128 product = Magnitude(signed_product);
  UInt128 quotient = product >> 64 == 0 ? static_cast<uint64_t>(product) / divisor : product / divisor;
  const UInt128 remainder = product - quotient * divisor;
  if (RoundsAwayFromZero(rounding, negative, quotient, remainder, divisor)) ++quotient;
  return negative ? -static_cast<Int128>(quotient) : static_cast<Int128>(quotient);
}

bool FitsInt64(Int128 value) { return value == static_cast<int64_t>(value); }

}  // namespace

std::optional<Int128> MulDiv(Int128 a, Int128 b, Int128 divisor, Rounding rounding) {
  if (divisor == 0) return std::nullopt;
  if (divisor > 0 && FitsInt64(a) && FitsInt64(b) && FitsInt64(divisor)) {
    return MulDivSmall(static_cast<int64_t>(a), static_cast<int64_t>(b), static_cast<uint64_t>(divisor), rounding);
  }
  const bool negative = (a < 0) != (b < 0) ? divisor > 0 : divisor < 0;
  const UInt128 by = Magnitude(divisor);
  const Wide product = Multiply(Magnitude(a), Magnitude(b));
  if (product.high >= by) return std::nullopt;
  UInt128 remainder = 0;
  UInt128 quotient = Divide(product, by, &remainder);
  if (RoundsAwayFromZero(rounding, negative, quotient, remainder, by)) {
    if (++quotient == 0) return std::nullopt;
  }
  return WithSign(quotient, negative);
}

std::optional<Int128> Rescale(Int128 value, int from_scale, int to_scale, Rounding rounding) {
  if (to_scale >= from_scale) return MulDiv(value, PowerOfTen(to_scale - from_scale), 1, rounding);
  return MulDiv(value, 1, PowerOfTen(from_scale - to_scale), rounding);
}

std::optional<Int128> CheckedAdd(Int128 a, Int128 b) {
  Int128 sum;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

std::optional<Int128> CheckedSub(Int128 a, Int128 b) {
  Int128 difference;
  if (__builtin_sub_overflow(a, b, &difference)) return std::nullopt;
  return difference;
}

double ToDouble(Int128 mantissa, int scale) {
  return static_cast<double>(mantissa) / static_cast<double>(PowerOfTen(scale));
}

}  // namespace gannet::market
