#include "libs/portfolio/extremes.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "libs/base/rng.h"

namespace gannet::portfolio {
namespace {

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

constexpr Confidence k90{900'000}, k99{990'000}, k999{999'000};

// Losses whose tail is Pareto's with this shape: u^-shape.
std::vector<double> Heavy(double shape, size_t count) {
  base::Rng rng(5);
  std::vector<double> losses;
  for (size_t i = 0; i < count; ++i) losses.push_back(std::pow(1 - rng.Uniform(), -shape));
  return losses;
}

TEST_CASE("The tail's shape is found again, and its quantile") {
  const auto tail = FitTail(Heavy(0.3, 100'000), k90);
  REQUIRE(tail.ok());
  CHECK(tail->exceedances == 10'000);
  CHECK_THAT(tail->shape, WithinAbs(0.3, 0.03));
  const auto risk = ParetoRisk(*tail, k999);
  REQUIRE(risk.ok());
  CHECK_THAT(risk->var, WithinRel(std::pow(0.001, -0.3), 0.05));
  CHECK_THAT(risk->es, WithinRel(std::pow(0.001, -0.3) / 0.7, 0.1));
}

TEST_CASE("An exponential tail has a shape of zero") {
  base::Rng rng(9);
  std::vector<double> losses;
  for (int i = 0; i < 50'000; ++i) losses.push_back(-std::log(1 - rng.Uniform()));
  const auto tail = FitTail(losses, k90);
  REQUIRE(tail.ok());
  CHECK_THAT(tail->shape, WithinAbs(0, 0.03));
  CHECK_THAT(ParetoRisk(*tail, k999)->var, WithinRel(-std::log(0.001), 0.03));
  // The limit of the formula at exactly zero.
  const ParetoTail zero{
      .threshold = 1, .shape = 0, .scale = 2, .exceedances = 10, .observations = 100};
  CHECK_THAT(ParetoRisk(zero, k99)->var, WithinAbs(1 + 2 * std::log(10), 1e-9));
  CHECK_THAT(ParetoRisk(zero, k99)->es, WithinAbs(1 + 2 * std::log(10) + 2, 1e-9));
}

TEST_CASE("A tail needs enough losses that differ") {
  CHECK(FitTail(std::vector<double>(99, 1.0), k90).status().code() ==
        absl::StatusCode::kFailedPrecondition);
  CHECK(FitTail(std::vector<double>(1'000, 1.0), k90).status().code() ==
        absl::StatusCode::kFailedPrecondition);
  CHECK_FALSE(FitTail({}, k90).ok());
  std::vector<double> bad = Heavy(0.3, 200);
  bad[7] = std::numeric_limits<double>::quiet_NaN();
  CHECK(FitTail(bad, k90).status().code() == absl::StatusCode::kInvalidArgument);
  const ParetoTail infinite{
      .threshold = 1, .shape = 1, .scale = 1, .exceedances = 10, .observations = 100};
  CHECK_FALSE(ParetoRisk(infinite, k99).ok());
  CHECK_FALSE(ParetoRisk({}, k99).ok());
  CHECK_FALSE(
      ParetoRisk({.shape = 0.1, .scale = 1, .exceedances = 1, .observations = 1'000}, k99).ok());
}

TEST_CASE("A jump is told from a wild day") {
  base::Rng rng(3);
  std::vector<double> returns;
  for (int i = 0; i < 250; ++i) returns.push_back(0.01 * rng.Normal());
  returns.back() = 0.01;
  CHECK(NewestJump(returns)->p_value > 0.5);
  returns.back() = -0.08;
  const auto jump = NewestJump(returns);
  REQUIRE(jump.ok());
  CHECK(jump->statistic > 6);
  CHECK(jump->p_value < 1e-4);
  // Past jumps do not hide the next one.
  for (const size_t i : {50u, 100u, 150u}) returns[i] = 0.09;
  CHECK(NewestJump(returns)->p_value < 1e-3);
}

TEST_CASE("Jumps are rarely seen where there are none") {
  base::Rng rng(11);
  int alarms = 0;
  for (int round = 0; round < 1'000; ++round) {
    std::vector<double> returns;
    for (int i = 0; i < 100; ++i) returns.push_back(rng.Normal());
    alarms += NewestJump(returns)->p_value < 0.01 ? 1 : 0;
  }
  CHECK(alarms <= 3);  // 0.01 is of the largest of all hundred; the newest is one of them
}

TEST_CASE("Jumps need prices that moved") {
  CHECK(NewestJump(std::vector<double>(19, 0.1)).status().code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK(NewestJump(std::vector<double>(30, 0.0)).status().code() ==
        absl::StatusCode::kFailedPrecondition);
  std::vector<double> bad(30, 0.1);
  bad[2] = std::numeric_limits<double>::infinity();
  CHECK_FALSE(NewestJump(bad).ok());
}

TEST_CASE("Median") {
  CHECK(Median(std::vector<double>{3, 1, 2}).value() == 2);
  CHECK(Median(std::vector<double>{4, 1, 2, 3}).value() == 3);
  CHECK_FALSE(Median({}).ok());
}

}  // namespace
}  // namespace gannet::portfolio
