#include "services/gateway/bar_log.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "libs/base/rng.h"

namespace gannet::gateway {
namespace {

TEST_CASE("BarLog gives back the newest bars as they came, whatever is in them") {
  constexpr size_t kKept = 300;
  base::Rng rng(1);
  BarLog log(kKept);
  std::vector<Bar> came;
  const auto any = [&] {
    const uint64_t bits = rng.Next();
    return static_cast<int64_t>(rng.Chance(0.1) ? bits : bits >> 40);
  };
  for (int i = 0; i < 2'000; ++i) {
    came.push_back({any(), {any()}, {any()}, {any()}, {any()}, any(), rng.Next() >> 50});
    log.Add(came.back());
    log.newest().close = came.back().close = {any()};
    std::vector<Bar> held;
    log.ForEach([&](const Bar& bar) { held.push_back(bar); });
    REQUIRE(held.size() >= std::min(came.size(), kKept));
    REQUIRE(held.size() <= kKept + BarLog::kBlock);
    REQUIRE(std::equal(held.rbegin(), held.rend(), came.rbegin()));
    REQUIRE(log.recent().size() >= std::min(came.size(), BarLog::kBlock));
  }
}

}  // namespace
}  // namespace gannet::gateway
