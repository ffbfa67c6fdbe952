#include "libs/portfolio/monte_carlo.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <limits>
#include <numeric>
#include <vector>

namespace gannet::portfolio {
namespace {

using Catch::Matchers::WithinRel;

constexpr Confidence k99{990'000};

// Ten assets of 2 % each, correlated by 0.4.
Matrix TenAssets() {
  Matrix covariance(10, 10);
  for (size_t i = 0; i < 10; ++i) {
    for (size_t j = 0; j < 10; ++j) covariance.at(i, j) = 0.0004 * (i == j ? 1.0 : 0.4);
  }
  return covariance;
}
const std::vector<double> kValues = {100, 50, -20, 70, 0, 30, 10, -60, 90, 40};

TEST_CASE("Simulated VaR and ES of small normal returns are the parametric ones") {
  const Matrix covariance = TenAssets();
  const auto formula = NormalRisk(0, std::sqrt(QuadraticForm(covariance, kValues)), k99);
  const auto simulated = MonteCarloRisk(covariance, kValues, {.paths = 200'000, .seed = 7}, k99);
  REQUIRE(simulated.ok());
  CHECK_THAT(simulated->risk.var, WithinRel(formula->var, 0.01));
  CHECK_THAT(simulated->risk.es, WithinRel(formula->es, 0.01));
  CHECK(simulated->var_low <= simulated->risk.var);
  CHECK(simulated->risk.var <= simulated->var_high);
  CHECK(simulated->var_high - simulated->var_low < 0.03 * formula->var);
}

TEST_CASE("Simulated paths have the moments that they were asked for") {
  const auto factor = Cholesky(TenAssets());
  for (const uint32_t degrees : {0u, 5u}) {
    const auto profits = SimulateProfits(
        *factor, kValues, {.paths = 100'000, .seed = 3, .degrees_of_freedom = degrees});
    REQUIRE(profits.ok());
    const auto moments = MomentsOf(*profits);
    CHECK(std::abs(moments->mean) < 1e-9 * moments->sigma);  // mirror images cancel out
    CHECK_THAT(moments->sigma, WithinRel(std::sqrt(QuadraticForm(TenAssets(), kValues)), 0.02));
    if (degrees == 0) {
      CHECK(std::abs(moments->excess_kurtosis) < 0.1);
    } else {
      CHECK(moments->excess_kurtosis > 2);  // 6 in the limit, slowly
    }
  }
}

TEST_CASE("Heavy tails lose more far out") {
  const auto normal = MonteCarloRisk(TenAssets(), kValues, {}, {.ppm = 999'000});
  const auto student =
      MonteCarloRisk(TenAssets(), kValues, {.degrees_of_freedom = 4}, {.ppm = 999'000});
  CHECK(student->risk.es > 1.2 * normal->risk.es);
}

TEST_CASE("A simulation is the same for the same seed, and no price falls below zero") {
  const Simulation simulation{.paths = 10'000, .seed = 42, .degrees_of_freedom = 3};
  const auto factor = Cholesky(Matrix::Of(1, {4.0}));  // sigma 200 %
  const auto once = SimulateProfits(*factor, std::vector<double>{100}, simulation);
  CHECK(*once == *SimulateProfits(*factor, std::vector<double>{100}, simulation));
  CHECK(*std::min_element(once->begin(), once->end()) == -100);
  const auto other = SimulateProfits(*factor, std::vector<double>{100}, {.paths = 10'000});
  CHECK(*once != *other);
}

TEST_CASE("What is not held takes no part") {
  const auto with = MonteCarloRisk(TenAssets(), kValues, {.paths = 1'000}, k99);
  Matrix smaller(9, 9);
  std::vector<double> values = kValues;
  values.erase(values.begin() + 4);
  for (size_t i = 0; i < 9; ++i) {
    for (size_t j = 0; j < 9; ++j) smaller.at(i, j) = 0.0004 * (i == j ? 1.0 : 0.4);
  }
  CHECK(with->risk.var == MonteCarloRisk(smaller, values, {.paths = 1'000}, k99)->risk.var);
  const std::vector<double> nothing(10);
  CHECK(MonteCarloRisk(TenAssets(), nothing, {}, k99)->risk.es == 0);
}

TEST_CASE("A position in what does not move, or moves as another, is no error") {
  // The second is the first, the third stands still.
  const Matrix singular = Matrix::Of(3, {0.04, 0.04, 0, 0.04, 0.04, 0, 0, 0, 0});
  const auto hedged = MonteCarloRisk(singular, std::vector<double>{10, -10, 5}, {}, k99);
  REQUIRE(hedged.ok());
  CHECK(std::abs(hedged->risk.var) < 1e-9);
}

TEST_CASE("A simulation refuses what makes none") {
  const Matrix covariance = TenAssets();
  CHECK_FALSE(MonteCarloRisk(covariance, kValues, {.paths = 0}, k99).ok());
  CHECK_FALSE(MonteCarloRisk(covariance, kValues, {.paths = 3}, k99).ok());
  CHECK_FALSE(MonteCarloRisk(covariance, kValues, {.paths = kMaxPaths + 2}, k99).ok());
  CHECK_FALSE(MonteCarloRisk(covariance, kValues, {.degrees_of_freedom = 2}, k99).ok());
  CHECK_FALSE(MonteCarloRisk(covariance, kValues, {}, {.ppm = 0}).ok());
  CHECK_FALSE(MonteCarloRisk(covariance, std::vector<double>{1}, {}, k99).ok());
  CHECK_FALSE(MonteCarloRisk(Matrix(), {}, {}, k99).ok());
  std::vector<double> bad = kValues;
  bad[0] = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(MonteCarloRisk(covariance, bad, {}, k99).ok());
  Matrix impossible = covariance;
  impossible.at(0, 1) = impossible.at(1, 0) = 1;
  CHECK(MonteCarloRisk(impossible, kValues, {}, k99).status().code() ==
        absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace gannet::portfolio
