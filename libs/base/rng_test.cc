#include "libs/base/rng.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

namespace gannet::base {

TEST_CASE("Rng is xoshiro256++: the published sequence for state 1, 2, 3, 4") {
  Rng rng(0);
  rng.set_state({1, 2, 3, 4});
  for (const uint64_t expected :
       {uint64_t{41943041u}, uint64_t{58720359u}, uint64_t{3588806011781223u},
        uint64_t{3591011842654386u}, uint64_t{9228616714210784205u}, uint64_t{9973669472204895162u},
        uint64_t{14011001112246962877u}, uint64_t{12406186145184390807u},
        uint64_t{15849039046786891736u}, uint64_t{10450023813501588000u}}) {
    CHECK(rng.Next() == expected);
  }
}

TEST_CASE("Rng is seeded by SplitMix64: its published sequence for seed 0") {
  CHECK(Rng(0).state() == std::array<uint64_t, 4>{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4,
                                                  0x06c45d188009454f, 0xf88bb8a8724c81ec});
}

TEST_CASE("Rng gives the same for the same seed and goes on from a saved state") {
  Rng a(7), b(7), c(8);
  for (int i = 0; i < 100; ++i) CHECK(a.Next() == b.Next());
  CHECK(a.Next() != c.Next());
  b.set_state(a.state());
  CHECK(a.Next() == b.Next());
  Rng fork = a.Fork();
  CHECK(fork.Next() != a.Next());
}

TEST_CASE("Rng keeps to its bounds and reaches all of them") {
  Rng rng(1);
  std::array<int, 7> seen{};
  for (int i = 0; i < 70'000; ++i) ++seen[rng.Below(7)];
  for (const int count : seen) CHECK((count > 9'500 && count < 10'500));
  CHECK(rng.Below(1) == 0);
  std::set<int64_t> between;
  for (int i = 0; i < 1000; ++i) between.insert(rng.Between(-2, 2));
  CHECK(between == std::set<int64_t>{-2, -1, 0, 1, 2});
  CHECK(rng.Between(5, 5) == 5);
  bool negative = false, positive = false;
  for (int i = 0; i < 100; ++i) {
    const int64_t any =
        rng.Between(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
    negative |= any < 0;
    positive |= any > 0;
  }
  CHECK((negative && positive));
  // A bound for which the modulo alone would favour the lower half.
  const uint64_t bound = (uint64_t{1u} << 63) + (uint64_t{1u} << 62);
  int lower = 0;
  for (int i = 0; i < 10'000; ++i) lower += rng.Below(bound) < bound / 2;
  CHECK((lower > 4'800 && lower < 5'200));
}

TEST_CASE("Rng's distributions have the moments they should have") {
  Rng rng(3);
  double sum = 0, normal_sum = 0, normal_squares = 0;
  int hits = 0;
  constexpr int kCount = 100'000;
  for (int i = 0; i < kCount; ++i) {
    const double u = rng.Uniform();
    REQUIRE((u >= 0 && u < 1));
    sum += u;
    hits += rng.Chance(0.3);
    const double n = rng.Normal();
    REQUIRE((n >= -6 && n <= 6));
    normal_sum += n;
    normal_squares += n * n;
    REQUIRE_FALSE(rng.Chance(0));
    REQUIRE(rng.Chance(1));
  }
  CHECK((sum / kCount > 0.495 && sum / kCount < 0.505));
  CHECK((hits > 29'000 && hits < 31'000));
  CHECK((normal_sum / kCount > -0.02 && normal_sum / kCount < 0.02));
  CHECK((normal_squares / kCount > 0.97 && normal_squares / kCount < 1.03));
}

}  // namespace gannet::base
