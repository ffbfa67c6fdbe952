#include "libs/market/money.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"

namespace gannet::market {
namespace {

struct Aligned {
  Int128 a, b;
  int scale;
};

Aligned Align(const Money& a, const Money& b) {
  if (a.scale() == b.scale()) return {a.units(), b.units(), a.scale()};
  const int scale = std::max(a.scale(), b.scale());
  const auto left = Rescale(a.units(), a.scale(), scale, Rounding::kDown);
  const auto right = Rescale(b.units(), b.scale(), scale, Rounding::kDown);
  GANNET_CHECK(left && right, "an amount outgrew 128 bits");
  return {*left, *right, scale};
}

}  // namespace

Money operator+(const Money& a, const Money& b) {
  const Aligned both = Align(a, b);
  const auto sum = CheckedAdd(both.a, both.b);
  GANNET_CHECK(sum.has_value(), "a sum of amounts outgrew 128 bits");
  return Money(*sum, both.scale);
}

Money operator-(const Money& a, const Money& b) {
  const Aligned both = Align(a, b);
  const auto difference = CheckedSub(both.a, both.b);
  GANNET_CHECK(difference.has_value(), "a difference of amounts outgrew 128 bits");
  return Money(*difference, both.scale);
}

int Money::Compare(const Money& a, const Money& b) {
  const int scale = std::max(a.scale(), b.scale());
  const auto left = Rescale(a.units(), a.scale(), scale, Rounding::kDown);
  const auto right = Rescale(b.units(), b.scale(), scale, Rounding::kDown);
  // One that does not fit 128 bits at the larger scale is further from zero than
  // one that does; both cannot be the case, since one of them keeps its scale.
  if (!left) return a.units() < 0 ? -1 : 1;
  if (!right) return b.units() < 0 ? 1 : -1;
  return *left < *right ? -1 : *left > *right ? 1 : 0;
}

}  // namespace gannet::market
