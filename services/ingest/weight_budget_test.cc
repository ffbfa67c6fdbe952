#include "services/ingest/weight_budget.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::ingest {

using namespace std::chrono_literals;

TEST_CASE("WeightBudget keeps to its share of a minute and begins anew with the next") {
  WeightBudget budget(1000, 50);
  const base::Time minute = base::FromUnixMillis(1'700'000'040'000);
  for (int i = 0; i < 10; ++i) CHECK(budget.Take(minute + 10s, 50) == 0s);
  CHECK(budget.Take(minute + 15s, 50) == 45s);
  CHECK(budget.Take(minute + 60s, 50) == 0s);
  CHECK(budget.used() == 50);
}

TEST_CASE("WeightBudget follows what the venue says was used, and its orders to wait") {
  WeightBudget budget(1000, 50);
  const base::Time minute = base::FromUnixMillis(1'700'000'040'000);
  CHECK(budget.Take(minute, 50) == 0s);
  budget.OnUsed(minute + 1s, 480);
  CHECK(budget.Take(minute + 2s, 50) == 58s);
  budget.OnUsed(minute + 61s, 3);  // of the next minute
  CHECK(budget.used() == 3);
  budget.HoldUntil(minute + 90s);
  budget.HoldUntil(minute + 70s);
  CHECK(budget.Take(minute + 62s, 1) == 28s);
  CHECK(budget.Take(minute + 90s, 1) == 0s);
}

TEST_CASE("WeightBudget lets a request through that is heavier than the whole share, alone") {
  WeightBudget budget(100, 50);
  const base::Time minute = base::FromUnixMillis(1'700'000'040'000);
  CHECK(budget.Take(minute, 250) == 0s);
  CHECK(budget.Take(minute + 1s, 1) == 59s);
  budget.set_limit(1000);
  CHECK(budget.Take(minute + 1s, 1) == 0s);
}

}  // namespace gannet::ingest
