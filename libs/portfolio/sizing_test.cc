#include "libs/portfolio/sizing.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "libs/portfolio/concentration.h"
#include "libs/portfolio/stress.h"

namespace gannet::portfolio {
namespace {

using Catch::Matchers::WithinAbs;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("Kelly's fraction of a bet and of a normal return") {
  CHECK_THAT(KellyBet(0.55, 1).value(), WithinAbs(0.10, 1e-12));
  CHECK(KellyBet(0.4, 1).value() < 0);
  CHECK_THAT(KellyContinuous(0.05, 0.20).value(), WithinAbs(1.25, 1e-12));
  CHECK_FALSE(KellyBet(1, 1).ok());
  CHECK_FALSE(KellyBet(0.5, 0).ok());
  CHECK_FALSE(KellyBet(kNaN, 1).ok());
  CHECK_FALSE(KellyContinuous(0.05, -1).ok());
  CHECK(KellyContinuous(0.05, 0).status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK_FALSE(KellyContinuous(0, 0).ok());
}

TEST_CASE("The part of Kelly meets the bound on the drawdown exactly") {
  const double part = KellyPart(0.2, 0.05).value();
  CHECK_THAT(std::pow(1 - 0.2, 2 / part - 1), WithinAbs(0.05, 1e-12));
  CHECK(part < 0.2);
  CHECK(KellyPart(0.5, 0.5).value() == 1);    // full Kelly halves with one chance in two
  CHECK(KellyPart(0.5, 0.999).value() == 1);  // never more than all of it
  CHECK_FALSE(KellyPart(0, 0.1).ok());
  CHECK_FALSE(KellyPart(0.1, 1).ok());
  CHECK_FALSE(KellyPart(kNaN, 0.1).ok());
}

TEST_CASE("Volatility target scales, capped") {
  CHECK_THAT(VolatilityScale(0.2, 0.4, 3).value(), WithinAbs(0.5, 1e-12));
  CHECK(VolatilityScale(0.2, 0.01, 3).value() == 3);
  CHECK(VolatilityScale(0.2, 0, 3).status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK_FALSE(VolatilityScale(0, 0.1, 3).ok());
  CHECK_FALSE(VolatilityScale(0.2, kNaN, 3).ok());
  CHECK_FALSE(VolatilityScale(0.2, 0.1, 0).ok());
}

TEST_CASE("Concentration of positions, short ones too") {
  const auto one = ConcentrationOf(std::vector<double>{0, -5, 0});
  REQUIRE(one.ok());
  CHECK(one->largest == 1);
  CHECK(one->largest_share == 1);
  CHECK(one->effective == 1);
  const auto even = ConcentrationOf(std::vector<double>{2, -2, 2, 2});
  CHECK_THAT(even->effective, WithinAbs(4, 1e-12));
  CHECK_THAT(even->herfindahl, WithinAbs(0.25, 1e-12));
  CHECK(ConcentrationOf(std::vector<double>{0, 0}).status().code() ==
        absl::StatusCode::kFailedPrecondition);
  CHECK_FALSE(ConcentrationOf({}).ok());
  CHECK_FALSE(ConcentrationOf(std::vector<double>{kNaN}).ok());
}

TEST_CASE("A stress path tells its end and its worst moment") {
  const std::vector<double> values = {1000, -500};
  // Down by half and up by half is down by a quarter.
  const auto result = RunStress(values, Matrix::Of(2, {-0.5, -0.1, 0.5, 0}));
  REQUIRE(result.ok());
  CHECK_THAT(result->worst_loss, WithinAbs(1000 * 0.5 - 500 * 0.1, 1e-9));
  CHECK(result->worst_step == 1);
  CHECK_THAT(result->loss, WithinAbs(1000 * 0.25 - 500 * 0.1, 1e-9));
  const auto gain = RunStress(std::vector<double>{-1000}, Matrix::Of(1, {-0.3}));
  CHECK_THAT(gain->loss, WithinAbs(-300, 1e-9));
  CHECK(gain->worst_loss == 0);
  CHECK(gain->worst_step == 0);
  CHECK_FALSE(RunStress(values, Matrix::Of(1, {0.1})).ok());
  CHECK_FALSE(RunStress({}, Matrix()).ok());
  CHECK_FALSE(RunStress(values, Matrix::Of(2, {-1.1, 0})).ok());
  CHECK_FALSE(RunStress(values, Matrix::Of(2, {kNaN, 0})).ok());
}

}  // namespace
}  // namespace gannet::portfolio
