// Exponential and logarithm from additions, multiplications and exact scaling
// only, so that a probability is the same bits with every compiler and C
// library. Relative error below 1e-13: enough for scores in parts per million.
#pragma once

#include <bit>
#include <cstdint>

namespace gannet::news_signal {

inline constexpr double kLn2 = 0.693147180559945309417232121458;

constexpr double PowerOfTwo(int exponent) {
  return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52);
}

// For x in [-700, 700]; outside, the value at the border.
constexpr double Exp(double x) {
  x = x < -700 ? -700 : x > 700 ? 700 : x;
  const double scaled = x / kLn2;
  const int k = static_cast<int>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  const double r = x - k * kLn2;  // |r| <= ln2 / 2
  double sum = 1, term = 1;
  for (int i = 1; i <= 14; ++i) {
    term = term * r / i;
    sum += term;
  }
  return sum * PowerOfTwo(k);
}

// For normal x > 0.
constexpr double Log(double x) {
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xFFFFFFFFFFFFFULL) | 0x3FF0000000000000ULL);  // [1, 2)
  if (m > 1.4142135623730951) {
    m /= 2;
    ++exponent;
  }
  const double z = (m - 1) / (m + 1);  // atanh series: |z| < 0.172
  const double square = z * z;
  double sum = 0, power = z;
  for (int i = 1; i <= 21; i += 2) {
    sum += power / i;
    power *= square;
  }
  return 2 * sum + exponent * kLn2;
}

}  // namespace gannet::news_signal
