#include "libs/market/money.h"

#include <catch2/catch_test_macros.hpp>
#include <compare>
#include <vector>

#include "libs/base/property_suite.h"

namespace gannet::market {
namespace {

constexpr Int128 kMax = static_cast<Int128>(~static_cast<unsigned __int128>(0) >> 1);

Money Any() { return Money(*rc::gen::arbitrary<int64_t>(), *rc::gen::inRange(0, kMaxScale + 1)); }

}  // namespace

TEST_CASE("Money of unequal scales meets at the larger one, exactly") {
  const Money sum = Money(15, 1) + Money(25, 3);
  CHECK(sum.units() == 1525);
  CHECK(sum.scale() == 3);
  CHECK((Money(15, 1) - Money(25, 3)).ToString() == "1.475");
  CHECK((-Money(15, 1)).ToString() == "-1.5");
  CHECK((-Money(15, 1)).scale() == 1);
  CHECK(Money(-15, 1).Abs() == Money(15, 1));
  Money running(0, 8);
  running += Money(1, 18);
  running -= Money(1, 18);
  CHECK(running.zero());
  CHECK(running.scale() == 18);
}

TEST_CASE("Money compares by value") {
  CHECK(Money(150, 2) == Money(15, 1));
  CHECK(Money(0, 0) == Money(0, 18));
  CHECK(Money(1, 18) > Money(0, 0));
  CHECK(Money(-1, 18) < Money(0, 0));
  CHECK(Money(149, 2) < Money(15, 1));
}

TEST_CASE("Money compares what no common scale holds") {
  CHECK(Money(kMax, 0) > Money(kMax, 18));
  CHECK(Money(-kMax, 0) < Money(-kMax, 18));
  CHECK(Money(kMax, 18) > Money(-kMax, 0));
  CHECK(Money(-kMax, 18) < Money(kMax, 0));
  CHECK(Money(kMax, 0) != Money(kMax, 1));
  CHECK(Money(kMax, 0) == Money(kMax, 0));
  CHECK(Money(-kMax - 1, 18) < Money(kMax, 0));
}

TEST_CASE("Money obeys the laws of addition") {
  CHECK(base::Holds("laws", [] {
    const Money a = Any(), b = Any(), c = Any();
    RC_ASSERT(a + b == b + a);
    RC_ASSERT((a + b) + c == a + (b + c));
    RC_ASSERT(a - b == -(b - a));
    RC_ASSERT((a + b) - b == a);
    RC_ASSERT(((a <=> b) == ((a - b) <=> Money())));
    RC_ASSERT((a < b) == (b > a));
  }));
}

}  // namespace gannet::market
