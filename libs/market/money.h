// An amount of an asset: a checked 128-bit integer at the asset's scale.
// Overflow is a bug of the limits above it, so arithmetic checks and ends the
// process; inputs from outside are range-checked where they enter.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "libs/base/check.h"
#include "libs/market/decimal.h"

namespace gannet::market {

class Money {
 public:
  Money() = default;
  // `scale` is 0 to kMaxScale.
  Money(Int128 units, int scale) : units_(units), scale_(static_cast<uint8_t>(scale)) {
    GANNET_CHECK(scale >= 0 && scale <= kMaxScale, "a scale lies between 0 and 18");
  }

  Int128 units() const { return units_; }
  int scale() const { return scale_; }
  bool zero() const { return units_ == 0; }

  // Operands of unequal scales meet at the larger one, exactly.
  friend Money operator+(const Money& a, const Money& b);
  friend Money operator-(const Money& a, const Money& b);
  Money operator-() const { return Money() - *this; }
  Money& operator+=(const Money& other) { return *this = *this + other; }
  Money& operator-=(const Money& other) { return *this = *this - other; }
  // By value, of any two amounts: 1.50 equals 1.5.
  friend bool operator==(const Money& a, const Money& b) { return Compare(a, b) == 0; }
  friend std::strong_ordering operator<=>(const Money& a, const Money& b) {
    return Compare(a, b) <=> 0;
  }

  std::string ToString() const { return FormatDecimal(units_, scale_); }
  double ToDouble() const { return market::ToDouble(units_, scale_); }
  Money Abs() const { return units_ < 0 ? -*this : *this; }

 private:
  static int Compare(const Money& a, const Money& b);

  Int128 units_ = 0;
  uint8_t scale_ = 0;
};

}  // namespace gannet::market
