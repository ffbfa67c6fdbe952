// Properties that hold for every portfolio, and that no input makes the library crash or
// say a number that is none.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "libs/base/property_suite.h"
#include "libs/base/rng.h"
#include "libs/portfolio/backtest.h"
#include "libs/portfolio/concentration.h"
#include "libs/portfolio/extremes.h"
#include "libs/portfolio/monte_carlo.h"
#include "libs/portfolio/sizing.h"
#include "libs/portfolio/stress.h"
#include "libs/portfolio/value_at_risk.h"

namespace gannet::portfolio {
namespace {

constexpr Confidence k95{950'000}, k99{990'000};

struct Case {
  Matrix returns;
  std::vector<double> values;
};

Case RandomCase(uint64_t seed) {
  base::Rng rng(seed);
  const size_t assets = 1 + rng.Below(6), times = 2 + rng.Below(60);
  Case out{Matrix(times, assets), std::vector<double>(assets)};
  for (double& value : out.values) value = 1'000 * rng.Normal();
  for (size_t t = 0; t < times; ++t) {
    const double market = rng.Normal();
    for (size_t i = 0; i < assets; ++i)
      out.returns.at(t, i) = 0.01 * (market + rng.Normal()) * (rng.Chance(0.05) ? 5 : 1);
  }
  return out;
}

// Numbers that a program may hand in by mistake.
double Odd(base::Rng& rng) {
  switch (rng.Below(8)) {
    case 0:
      return std::numeric_limits<double>::quiet_NaN();
    case 1:
      return std::numeric_limits<double>::infinity();
    case 2:
      return -std::numeric_limits<double>::max();
    case 3:
      return 0;
    case 4:
      return 1e-310;
    case 5:
      return 1e160;
    default:
      return rng.Normal();
  }
}

void Finite(const absl::StatusOr<TailRisk>& risk) {
  if (!risk.ok()) return;
  RC_ASSERT(std::isfinite(risk->var));
  RC_ASSERT(std::isfinite(risk->es));
}

TEST_CASE("ES is never below VaR, and both grow with the confidence") {
  CHECK(base::Holds("historical", [](uint64_t seed) {
    const Case c = RandomCase(seed);
    const auto profits = ProfitAndLoss(c.returns, c.values);
    const auto low = HistoricalRisk(*profits, k95), high = HistoricalRisk(*profits, k99);
    RC_ASSERT(low->es >= low->var);
    RC_ASSERT(high->var >= low->var);
    RC_ASSERT(high->es >= low->es - 1e-9);
  }));
}

TEST_CASE("Twice the portfolio is twice the risk, and its mirror image gains what it loses") {
  CHECK(base::Holds("scaling", [](uint64_t seed) {
    const Case c = RandomCase(seed);
    std::vector<double> twice = c.values;
    for (double& value : twice) value *= 2;
    const auto once = HistoricalRisk(*ProfitAndLoss(c.returns, c.values), k95);
    const auto doubled = HistoricalRisk(*ProfitAndLoss(c.returns, twice), k95);
    RC_ASSERT(doubled->var == 2 * once->var);
    const auto covariance = Covariance(c.returns);
    RC_ASSERT(
        std::abs(QuadraticForm(*covariance, twice) - 4 * QuadraticForm(*covariance, c.values)) <=
        1e-9 * QuadraticForm(*covariance, twice));
  }));
}

TEST_CASE("ES of a whole is at most the sum of its parts") {
  CHECK(base::Holds("subadditivity", [](uint64_t seed) {
    const Case c = RandomCase(seed);
    double parts = 0;
    for (size_t i = 0; i < c.values.size(); ++i) {
      std::vector<double> alone(c.values.size());
      alone[i] = c.values[i];
      parts += HistoricalRisk(*ProfitAndLoss(c.returns, alone), k95)->es;
    }
    const double whole = HistoricalRisk(*ProfitAndLoss(c.returns, c.values), k95)->es;
    RC_ASSERT(whole <= parts + 1e-6);
  }));
}

TEST_CASE("Every sample covariance has a factor that multiplies back") {
  CHECK(base::Holds("factor", [](uint64_t seed) {
    const auto covariance = Covariance(RandomCase(seed).returns);
    const auto factor = Cholesky(*covariance);
    RC_ASSERT(factor.ok());
    const size_t n = covariance->rows();
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        double sum = 0;
        for (size_t k = 0; k < n; ++k) sum += factor->lower.at(i, k) * factor->lower.at(j, k);
        const size_t a = factor->order[i], b = factor->order[j];
        const double scale = std::sqrt(covariance->at(a, a) * covariance->at(b, b));
        RC_ASSERT(std::abs(sum - covariance->at(a, b)) <= 1e-8 * scale);
      }
    }
  }));
}

TEST_CASE("Nothing that is handed in makes a number that is none") {
  CHECK(base::Holds("hostile", [](uint64_t seed) {
    base::Rng rng(seed);
    const size_t assets = rng.Below(4), times = rng.Below(40);
    Matrix returns(times, assets), square(assets, assets);
    std::vector<double> values(rng.Chance(0.2) ? rng.Below(5) : assets), series(times);
    for (size_t t = 0; t < times; ++t) {
      series[t] = Odd(rng);
      for (size_t i = 0; i < assets; ++i) returns.at(t, i) = Odd(rng);
    }
    for (double& value : values) value = Odd(rng);
    for (size_t i = 0; i < assets; ++i) {
      for (size_t j = 0; j < assets; ++j) square.at(i, j) = Odd(rng);
    }
    Finite(HistoricalRisk(series, k99));
    if (const auto moments = MomentsOf(series); moments.ok())
      Finite(CornishFisherRisk(*moments, k99));
    if (const auto tail = FitTail(series, {.ppm = 600'000}); tail.ok()) {
      RC_ASSERT(std::isfinite(tail->shape));
      Finite(ParetoRisk(*tail, k99));
    }
    if (const auto profits = ProfitAndLoss(returns, values); profits.ok())
      Finite(HistoricalRisk(*profits, k99));
    if (const auto result = MonteCarloRisk(square, values, {.paths = 100}, k99); result.ok())
      Finite(result->risk);
    if (const auto covariance = Covariance(returns); covariance.ok())
      RC_ASSERT(CheckFinite(covariance->cells(), "covariance").ok());
    if (const auto correlation = MeanCorrelation(square); correlation.ok())
      RC_ASSERT(std::isfinite(*correlation));
    if (const auto stress = RunStress(values, returns); stress.ok())
      RC_ASSERT(std::isfinite(stress->worst_loss));
    if (const auto jump = NewestJump(series); jump.ok())
      RC_ASSERT(jump->p_value >= 0 && jump->p_value <= 1);
    if (const auto filtered = FilteredReturns(series, 0.9); filtered.ok())
      RC_ASSERT(CheckFinite(*filtered, "filtered").ok());
    if (const auto shares = ConcentrationOf(values); shares.ok())
      RC_ASSERT(std::isfinite(shares->effective));
    if (const auto part = KellyPart(Odd(rng), Odd(rng)); part.ok())
      RC_ASSERT(*part > 0 && *part <= 1);
  }));
}

}  // namespace
}  // namespace gannet::portfolio
