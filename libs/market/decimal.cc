#include "libs/market/decimal.h"

#include <algorithm>
#include <array>
#include <limits>

#include "libs/base/check.h"

namespace gannet::market {
namespace {

using UInt128 = unsigned __int128;

UInt128 Magnitude(Int128 value) {
  return value < 0 ? UInt128(0) - static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

// 256-bit unsigned integer: just what MulDiv needs.
struct Wide {
  UInt128 high = 0, low = 0;
};

Wide Multiply(UInt128 a, UInt128 b) {
  const UInt128 mask = ~uint64_t{0};
  const UInt128 a_low = a & mask, a_high = a >> 64, b_low = b & mask, b_high = b >> 64;
  const UInt128 low = a_low * b_low, mid_1 = a_high * b_low, mid_2 = a_low * b_high,
                high = a_high * b_high;
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

// Of magnitudes; `odd`: the quotient is.
template <class Unsigned>
bool RoundsAwayFromZero(Rounding rounding, bool negative, bool odd, Unsigned remainder,
                        Unsigned divisor) {
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
      const Unsigned other = divisor - remainder;
      return remainder > other || (remainder == other && odd);
    }
  }
  return false;
}

// The digits of `part` behind those of `value`; false: something else is among them.
bool TakeDigits(std::string_view part, uint64_t& value) {
  uint64_t taken = value;
  for (const char c : part) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(c)) - '0';
    if (digit > 9) return false;
    taken = taken * 10 + digit;
  }
  value = taken;
  return true;
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
  if (scale < 0 || scale > kMaxScale) return std::nullopt;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  UInt128 value = 0;
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
    if (__builtin_mul_overflow(value, UInt128(10), &value) ||
        __builtin_add_overflow(value, static_cast<UInt128>(c - '0'), &value)) {
      return std::nullopt;
    }
    if (fraction >= 0) ++fraction;
  }
  if (!any || __builtin_mul_overflow(
                  value, static_cast<UInt128>(PowerOfTen(scale - std::max(fraction, 0))), &value)) {
    return std::nullopt;
  }
  return WithSign(value, negative);
}

std::optional<int64_t> ParseDecimal(std::string_view text, int scale) {
  // What venues send: a plain number of at most 18 digits, whole and fraction
  // together. No intermediate result can leave 64 bits.
  constexpr size_t kSafeDigits = 18;
  const bool negative = !text.empty() && text[0] == '-';
  const std::string_view digits =
      text.substr(negative || (!text.empty() && text[0] == '+') ? 1 : 0);
  const size_t point = digits.find('.');
  const size_t whole = std::min(point, digits.size());
  std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : digits.substr(point + 1);
  while (fraction.size() > static_cast<size_t>(std::max(scale, 0)) && fraction.back() == '0')
    fraction.remove_suffix(1);
  if (scale >= 0 && scale <= kMaxScale && whole > 0 &&
      fraction.size() <= static_cast<size_t>(scale) &&
      whole + static_cast<size_t>(scale) <= kSafeDigits) {
    uint64_t value = 0;
    if (!TakeDigits(digits.substr(0, whole), value) || !TakeDigits(fraction, value))
      return std::nullopt;
    value *= static_cast<uint64_t>(PowerOfTen(scale - static_cast<int>(fraction.size())));
    const auto result = static_cast<int64_t>(value);
    return negative ? -result : result;
  }
  const auto value = ParseDecimal128(text, scale);
  if (!value || *value > std::numeric_limits<int64_t>::max() ||
      *value < std::numeric_limits<int64_t>::min()) {
    return std::nullopt;
  }
  return static_cast<int64_t>(*value);
}

std::string FormatDecimalFixed(Int128 mantissa, int scale, int digits) {
  GANNET_CHECK(scale >= 0 && scale <= kMaxScale, "a scale lies between 0 and 18");
  digits = std::max(digits, 0);
  std::string reversed(static_cast<size_t>(std::max(0, digits - scale)), '0');
  const auto format = [&](auto rest) {
    const auto put = [&] {
      reversed += static_cast<char>('0' + static_cast<int>(rest % 10));
      rest /= 10;
    };
    int kept = scale;  // fraction digits, without the zeros at its end that nobody asked for
    for (; kept > digits && rest % 10 == 0; --kept) rest /= 10;
    for (int i = 0; i < kept; ++i) put();
    if (!reversed.empty()) reversed += '.';
    do {
      put();
    } while (rest != 0);
  };
  const UInt128 magnitude = Magnitude(mantissa);
  if (magnitude >> 64 == 0) {
    format(static_cast<uint64_t>(magnitude));  // a division of 128 bits costs ten times as much
  } else {
    format(magnitude);
  }
  if (mantissa < 0) reversed += '-';
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

std::string FormatDecimal(Int128 mantissa, int scale) {
  return FormatDecimalFixed(mantissa, scale, 0);
}

namespace {

// What nearly every price and quantity is: a product of 63 bits.
int64_t DivideSmall(int64_t product, int64_t divisor, Rounding rounding) {
  const int64_t quotient = product / divisor, remainder = product % divisor;
  if (remainder == 0) return quotient;
  const bool negative = product < 0;
  const auto rest = static_cast<uint64_t>(negative ? -remainder : remainder);
  if (!RoundsAwayFromZero(rounding, negative, (quotient & 1) != 0, rest,
                          static_cast<uint64_t>(divisor)))
    return quotient;
  return negative ? quotient - 1 : quotient + 1;
}

// And most of the others: factors of 63 bits, a divisor below 2^63. One 128-bit division
// instead of two.
Int128 MulDivSmall(int64_t a, int64_t b, int64_t divisor, Rounding rounding) {
  int64_t small = 0;
  if (!__builtin_mul_overflow(a, b, &small)) return DivideSmall(small, divisor, rounding);
  const Int128 signed_product = static_cast<Int128>(a) * b;
  if (divisor == 1) return signed_product;
  const bool negative = signed_product < 0;
  const UInt128 product = Magnitude(signed_product), by = static_cast<UInt128>(divisor);
  UInt128 quotient = product / by;
  const UInt128 remainder = product - quotient * by;
  if (RoundsAwayFromZero(rounding, negative, (quotient & 1) != 0, remainder, by)) ++quotient;
  return negative ? -static_cast<Int128>(quotient) : static_cast<Int128>(quotient);
}

bool FitsInt64(Int128 value) { return value == static_cast<int64_t>(value); }

}  // namespace

std::optional<Int128> MulDiv(Int128 a, Int128 b, Int128 divisor, Rounding rounding) {
  if (divisor == 0) return std::nullopt;
  if (divisor > 0 && FitsInt64(a) && FitsInt64(b) && FitsInt64(divisor)) {
    return MulDivSmall(static_cast<int64_t>(a), static_cast<int64_t>(b),
                       static_cast<int64_t>(divisor), rounding);
  }
  const bool negative = (a < 0) != (b < 0) ? divisor > 0 : divisor < 0;
  const UInt128 by = Magnitude(divisor);
  const Wide product = Multiply(Magnitude(a), Magnitude(b));
  if (product.high >= by) return std::nullopt;
  UInt128 remainder = 0;
  UInt128 quotient = Divide(product, by, &remainder);
  if (RoundsAwayFromZero(rounding, negative, (quotient & 1) != 0, remainder, by)) {
    if (++quotient == 0) return std::nullopt;
  }
  return WithSign(quotient, negative);
}

std::optional<Int128> Rescale(Int128 value, int from_scale, int to_scale, Rounding rounding) {
  if (to_scale == from_scale) return value;
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
