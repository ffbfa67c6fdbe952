// Value at risk and expected shortfall by simulation.
//
// Returns of all assets are drawn together from a multivariate normal or Student
// distribution with the given covariance, each path and its mirror image (antithetic
// variates: Glasserman, Monte Carlo Methods in Financial Engineering, 2003, 4.2). No
// price falls below zero: a return is at least -1, which the formula of NormalRisk does
// not know. The same seed gives the same figures; normals are quantiles of base::Rng's
// uniforms.
//
// O(paths * assets^2); 10^5 paths of 100 assets take a fraction of a second, so callers
// with a thread of decisions run it elsewhere.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "libs/portfolio/matrix.h"
#include "libs/portfolio/value_at_risk.h"

namespace gannet::portfolio {

inline constexpr uint32_t kMaxPaths = 1'000'000;

struct Simulation {
  uint32_t paths = 100'000;  // 2 to kMaxPaths, even
  uint64_t seed = 1;
  uint32_t degrees_of_freedom = 0;  // 3 to 100: Student, with the same covariance; 0: normal
};

// The gain of each path, a path and its mirror image side by side. `factor` is of the
// covariance of the assets that `values` are held in; assets with a value of zero cost
// time, leave them out. INVALID_ARGUMENT: settings out of range, sizes, not finite.
absl::StatusOr<std::vector<double>> SimulateProfits(const Factor& factor,
                                                    std::span<const double> values,
                                                    const Simulation& simulation);

struct SimulatedRisk {
  TailRisk risk;
  // Between these the VaR of endless paths lies with 95 % (order statistics, paths taken
  // as independent, which mirrored ones are not quite).
  double var_low = 0, var_high = 0;
};
// Cholesky, SimulateProfits and HistoricalRisk of its paths; assets with a value of zero
// are left out. Errors as these.
absl::StatusOr<SimulatedRisk> MonteCarloRisk(const Matrix& covariance,
                                             std::span<const double> values,
                                             const Simulation& simulation, Confidence confidence);

}  // namespace gannet::portfolio
