#include "libs/portfolio/backtest.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <limits>

#include "libs/portfolio/value_at_risk.h"

namespace gannet::portfolio {
namespace {

using Catch::Matchers::WithinAbs;

constexpr Confidence k95{950'000}, k99{990'000};

TEST_CASE("Kupiec's test gives the published values") {
  // MathWorks, varbacktest/pof: 1043 days.
  const auto at_95 = KupiecTest(1043, 57, k95);
  REQUIRE(at_95.ok());
  CHECK_THAT(at_95->statistic, WithinAbs(0.46147, 5e-6));
  CHECK_THAT(at_95->p_value, WithinAbs(0.49694, 5e-6));
  const auto at_99 = KupiecTest(1043, 17, k99);
  CHECK_THAT(at_99->statistic, WithinAbs(3.5118, 5e-5));
  CHECK_THAT(at_99->p_value, WithinAbs(0.060933, 5e-7));
}

TEST_CASE("Kupiec's test over a Basel year, for every count up to ten") {
  constexpr std::array kStatistics = {5.0252, 1.1765, 0.1084, 0.0949,  0.7691, 1.9568,
                                      3.5554, 5.4970, 7.7336, 10.2290, 12.9555};
  for (size_t x = 0; x < kStatistics.size(); ++x) {
    const auto result = KupiecTest(250, static_cast<int64_t>(x), k99);
    REQUIRE(result.ok());
    CHECK_THAT(result->statistic, WithinAbs(kStatistics[x], 5e-5));
    CHECK((result->p_value < 0.05) == (x == 0 || x >= 7));
  }
  CHECK(KupiecTest(250, 250, k99)->p_value < 1e-12);
}

TEST_CASE("Christoffersen's tests give the published values") {
  const auto independence = IndependenceTest({.n00 = 932, .n01 = 53, .n10 = 53, .n11 = 4});
  REQUIRE(independence.ok());
  CHECK_THAT(independence->statistic, WithinAbs(0.258663, 5e-7));
  const auto coverage = ConditionalCoverage(*KupiecTest(1043, 57, k95), *independence);
  CHECK_THAT(coverage.statistic, WithinAbs(0.72013, 5e-6));
  CHECK_THAT(coverage.p_value, WithinAbs(0.69763, 5e-6));
}

TEST_CASE("Independence without exceptions speaks against nothing, clusters do") {
  CHECK(IndependenceTest({.n00 = 249})->p_value == 1);
  CHECK(IndependenceTest({.n11 = 3})->p_value == 1);
  CHECK(IndependenceTest({.n00 = 240, .n01 = 1, .n10 = 1, .n11 = 8})->p_value < 1e-9);
  CHECK_FALSE(IndependenceTest({}).ok());
  CHECK_FALSE(IndependenceTest({.n00 = 5, .n01 = -1}).ok());
}

TEST_CASE("Basel zones of a year at 99 %") {
  for (int64_t x = 0; x <= 12; ++x) {
    const auto result = BaselTest(250, x, k99);
    REQUIRE(result.ok());
    CHECK(result->zone == (x <= 4   ? BaselZone::kGreen
                           : x <= 9 ? BaselZone::kYellow
                                    : BaselZone::kRed));
  }
  CHECK_THAT(BaselTest(250, 4, k99)->cumulative, WithinAbs(0.8922, 5e-5));
  CHECK_THAT(BaselTest(250, 5, k99)->cumulative, WithinAbs(0.9588, 5e-5));
  CHECK_THAT(BaselTest(250, 9, k99)->cumulative, WithinAbs(0.9997, 6e-5));
  CHECK_THAT(BaselTest(250, 10, k99)->cumulative, WithinAbs(0.99995, 1e-5));
  CHECK(BaselTest(250, 250, k99)->zone == BaselZone::kRed);
  CHECK(Name(BaselZone::kYellow) == "yellow");
}

TEST_CASE("Backtests refuse counts that cannot be") {
  CHECK_FALSE(KupiecTest(0, 0, k99).ok());
  CHECK_FALSE(KupiecTest(10, 11, k99).ok());
  CHECK_FALSE(KupiecTest(10, -1, k99).ok());
  CHECK_FALSE(KupiecTest(10, 1, Confidence{0}).ok());
  CHECK_FALSE(BaselTest(2'000'000, 1, k99).ok());
}

TEST_CASE("Walking forward compares each outcome with the VaR of those before it") {
  std::vector<double> profits;
  for (int i = 0; i < 60; ++i) profits.push_back((i * 7) % 11 - 5.0);
  profits[45] = -20;  // worse than anything before
  profits[46] = -20;  // as bad as what is in the window now
  profits[50] = -30;
  const auto exceptions = WalkForward(profits, 20, k95);
  REQUIRE(exceptions.ok());
  REQUIRE(exceptions->size() == 40);
  for (size_t i = 20; i < profits.size(); ++i) {
    const auto before = HistoricalRisk(std::span(profits).subspan(i - 20, 20), k95);
    CHECK((*exceptions)[i - 20] == (-profits[i] > before->var));
  }
  CHECK((*exceptions)[25]);
  CHECK_FALSE((*exceptions)[26]);
  const Transitions transitions = CountTransitions(*exceptions);
  CHECK(transitions.n00 + transitions.n01 + transitions.n10 + transitions.n11 == 39);
  CHECK_FALSE(WalkForward(profits, 60, k95).ok());
  CHECK_FALSE(WalkForward(profits, 1, k95).ok());
  profits[3] = std::numeric_limits<double>::infinity();
  CHECK_FALSE(WalkForward(profits, 20, k95).ok());
}

}  // namespace
}  // namespace gannet::portfolio
