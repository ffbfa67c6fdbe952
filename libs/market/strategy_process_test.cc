#include "libs/market/strategy_process.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::market {
namespace {

TEST_CASE("A process of strategy is named by its shard, and no other scope is one") {
  CHECK(StrategyProcess("node") == "strategy/node");
  CHECK(StrategyShard({ScopeKind::kService, "strategy/risk+strategy"}) == "risk+strategy");
  CHECK_FALSE(StrategyShard({ScopeKind::kService, "strategy"}));
  CHECK_FALSE(StrategyShard({ScopeKind::kService, "execution/one"}));
  CHECK_FALSE(StrategyShard({ScopeKind::kStrategy, "strategy/one"}));
}

}  // namespace
}  // namespace gannet::market
