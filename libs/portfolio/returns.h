// From prices to returns, and the shape of a sample of them.
//
// A return is the fraction by which a price changed: 0.01 is one per cent. Lists are
// oldest first.
#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace gannet::portfolio {

// p[i + 1] / p[i] - 1. INVALID_ARGUMENT: fewer than two prices, or one that is not
// finite and above zero.
absl::StatusOr<std::vector<double>> SimpleReturns(std::span<const double> prices);

struct Moments {
  double mean = 0;
  double sigma = 0;            // standard deviation with n - 1
  double skewness = 0;         // m3 / m2^1.5, moments about the mean with n
  double excess_kurtosis = 0;  // m4 / m2^2 - 3
};
// INVALID_ARGUMENT: not finite, or fewer than two. FAILED_PRECONDITION: all are equal,
// so that they have no shape.
absl::StatusOr<Moments> MomentsOf(std::span<const double> sample);

// Each return over its own volatility, times the newest one: past returns at the size
// they would have today (Hull and White 1998, "Incorporating volatility updating into
// the historical simulation method for VaR"). Volatilities are exponentially weighted;
// the first is that of the whole sample. 0 < decay < 1; errors as MomentsOf.
absl::StatusOr<std::vector<double>> FilteredReturns(std::span<const double> returns, double decay);

}  // namespace gannet::portfolio
