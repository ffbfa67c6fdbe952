// Price and quantity: integers at the scales of one version of one instrument
// (instrument.h). They cannot be mixed, and a product is a Money (money.h).
#pragma once

#include <compare>
#include <cstdint>

namespace gannet::market {

struct Price {
  int64_t mantissa = 0;
  auto operator<=>(const Price&) const = default;
};

struct Quantity {
  int64_t mantissa = 0;
  auto operator<=>(const Quantity&) const = default;
  Quantity operator-() const { return {-mantissa}; }
  Quantity& operator+=(Quantity other) {
    mantissa += other.mantissa;
    return *this;
  }
  Quantity& operator-=(Quantity other) {
    mantissa -= other.mantissa;
    return *this;
  }
  friend Quantity operator+(Quantity a, Quantity b) { return {a.mantissa + b.mantissa}; }
  friend Quantity operator-(Quantity a, Quantity b) { return {a.mantissa - b.mantissa}; }
};

enum class Side : uint8_t { kBuy = 1, kSell = 2 };
constexpr Side Opposite(Side side) { return side == Side::kBuy ? Side::kSell : Side::kBuy; }
constexpr int Sign(Side side) { return side == Side::kBuy ? 1 : -1; }

}  // namespace gannet::market
