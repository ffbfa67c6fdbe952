#include "libs/portfolio/monte_carlo.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/rng.h"
#include "libs/base/status.h"

namespace gannet::portfolio {
namespace {

// Two doubles in one register, the widest that every processor we build for has; the
// order of additions within a path is that of plain code.
using Lane = double __attribute__((vector_size(16)));
constexpr size_t kLanes = 8;
constexpr size_t kBlock = 2 * kLanes;  // paths drawn together, mirror images aside
using Block = std::array<Lane, kLanes>;

// Never 0 or 1: the middle of one of 2^52 equal parts.
double Normal(base::Rng& rng) {
  return NormalQuantile((static_cast<double>(rng.Next() >> 12) + 0.5) * 0x1.0p-52);
}

Lane Clip(Lane returns) {  // at least -1
  for (int i = 0; i < 2; ++i) returns[i] = std::max(returns[i], -1.0);
  return returns;
}

class Simulator {
 public:
  Simulator(const Factor& factor, std::span<const double> values, const Simulation& simulation)
      : rank_(factor.rank),
        degrees_(simulation.degrees_of_freedom),
        rng_(simulation.seed),
        normals_(factor.rank) {
    for (size_t i = 0; i < factor.order.size(); ++i) {
      values_.push_back(values[factor.order[i]]);
      for (size_t j = 0; j < Width(i); ++j) packed_.push_back(factor.lower.at(i, j));
    }
  }

  // Gains of kBlock paths and of their mirror images.
  void Draw(Block& gains, Block& mirrored) {
    for (Block& block : normals_) {
      for (Lane& lane : block) lane = Lane{Normal(rng_), Normal(rng_)};
    }
    Block sizes;
    sizes.fill(Lane{1, 1});
    if (degrees_ > 0) {
      for (Lane& lane : sizes) lane = Lane{Size(), Size()};
    }
    gains.fill(Lane{0, 0});
    mirrored.fill(Lane{0, 0});
    const double* row = packed_.data();
    for (size_t i = 0; i < values_.size(); row += Width(i), ++i) {
      Block returns;
      returns.fill(Lane{0, 0});
      for (size_t j = 0; j < Width(i); ++j) {
        const Lane weight = {row[j], row[j]};
        for (size_t k = 0; k < kLanes; ++k) returns[k] += weight * normals_[j][k];
      }
      const Lane value = {values_[i], values_[i]};
      for (size_t k = 0; k < kLanes; ++k) {
        const Lane sized = returns[k] * sizes[k];
        gains[k] += value * Clip(sized);
        mirrored[k] += value * Clip(-sized);
      }
    }
  }

 private:
  size_t Width(size_t row) const { return std::min(row + 1, rank_); }
  // What makes a normal path one of Student's distribution with a variance of one:
  // sqrt((d - 2) / chi-square with d degrees).
  double Size() {
    double chi_square = 0;
    for (uint32_t i = 0; i < degrees_; ++i) {
      const double z = Normal(rng_);
      chi_square += z * z;
    }
    return std::sqrt((static_cast<double>(degrees_) - 2) / chi_square);
  }

  const size_t rank_;
  const uint32_t degrees_;
  base::Rng rng_;
  std::vector<double> values_;  // in the factor's order
  std::vector<double> packed_;  // its lower triangle by rows
  std::vector<Block> normals_;
};

}  // namespace

absl::StatusOr<std::vector<double>> SimulateProfits(const Factor& factor,
                                                    std::span<const double> values,
                                                    const Simulation& simulation) {
  const uint32_t paths = simulation.paths, degrees = simulation.degrees_of_freedom;
  if (paths < 2 || paths > kMaxPaths || paths % 2 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("simulation of ", paths, " paths; give an even number up to ", kMaxPaths));
  }
  if (degrees != 0 && (degrees < 3 || degrees > 100)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "simulation with ", degrees, " degrees of freedom; give 3 to 100, or 0 for normal"));
  }
  if (values.empty() || factor.order.size() != values.size() ||
      factor.lower.columns() != values.size() || factor.lower.rows() != values.size())
    return absl::InvalidArgumentError("simulation: give one value an asset of the covariance");
  GANNET_RETURN_IF_ERROR(CheckFinite(values, "values"));
  GANNET_RETURN_IF_ERROR(CheckFinite(factor.lower.cells(), "factor"));
  Simulator simulator(factor, values, simulation);
  std::vector<double> profits;
  profits.reserve(paths);
  while (profits.size() < paths) {
    Block gains, mirrored;
    simulator.Draw(gains, mirrored);
    for (size_t path = 0; path < kBlock && profits.size() < paths; ++path) {
      profits.push_back(gains[path / 2][path % 2]);
      profits.push_back(mirrored[path / 2][path % 2]);
    }
  }
  return profits;
}

absl::StatusOr<SimulatedRisk> MonteCarloRisk(const Matrix& covariance,
                                             std::span<const double> values,
                                             const Simulation& simulation, Confidence confidence) {
  if (values.empty() || values.size() != covariance.columns() ||
      covariance.rows() != covariance.columns())
    return absl::InvalidArgumentError("simulation: give one value an asset of the covariance");
  if (!confidence.valid())
    return absl::InvalidArgumentError("simulation: give a confidence above 50% and below 100%");
  GANNET_RETURN_IF_ERROR(CheckFinite(values, "values"));
  std::vector<size_t> held;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] != 0) held.push_back(i);
  }
  if (held.empty()) return SimulatedRisk{};  // nothing is held, nothing can be lost
  Matrix of_held(held.size(), held.size());
  std::vector<double> held_values;
  for (size_t i = 0; i < held.size(); ++i) {
    held_values.push_back(values[held[i]]);
    for (size_t j = 0; j < held.size(); ++j) of_held.at(i, j) = covariance.at(held[i], held[j]);
  }
  GANNET_ASSIGN_OR_RETURN(const Factor factor, Cholesky(of_held));
  GANNET_ASSIGN_OR_RETURN(std::vector<double> profits,
                          SimulateProfits(factor, held_values, simulation));
  SimulatedRisk out;
  GANNET_ASSIGN_OR_RETURN(out.risk, HistoricalRisk(profits, confidence));
  // Ranks 1.96 standard deviations of the binomial count to both sides of the VaR's own.
  const double expected = static_cast<double>(profits.size()) * confidence.tail();
  const double aside = 1.96 * std::sqrt(expected * (1 - confidence.tail()));
  const auto at_rank = [&profits](double rank) {
    const double last = static_cast<double>(profits.size() - 1);
    const auto nth =
        profits.begin() + static_cast<ptrdiff_t>(std::clamp(std::floor(rank), 0.0, last));
    std::nth_element(profits.begin(), nth, profits.end());
    return -*nth;
  };
  out.var_low = at_rank(expected + aside);
  out.var_high = at_rank(expected - aside - 1);
  return out;
}

}  // namespace gannet::portfolio
