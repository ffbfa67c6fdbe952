#include "libs/portfolio/returns.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/portfolio/matrix.h"

namespace gannet::portfolio {

absl::StatusOr<std::vector<double>> SimpleReturns(std::span<const double> prices) {
  if (prices.size() < 2)
    return absl::InvalidArgumentError("returns: need two prices or more; wait for another");
  std::vector<double> returns(prices.size() - 1);
  for (size_t i = 0; i < prices.size(); ++i) {
    if (!std::isfinite(prices[i]) || prices[i] <= 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "returns: price ", i, " is not a number above zero; leave out that observation"));
    }
    if (i > 0) returns[i - 1] = prices[i] / prices[i - 1] - 1;
  }
  GANNET_RETURN_IF_ERROR(CheckFinite(returns, "returns"));
  return returns;
}

absl::StatusOr<Moments> MomentsOf(std::span<const double> sample) {
  GANNET_RETURN_IF_ERROR(CheckFinite(sample, "sample"));
  if (sample.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("moments of ", sample.size(), " observations; wait for two or more"));
  }
  const auto count = static_cast<double>(sample.size());
  Moments out;
  for (const double x : sample) out.mean += x / count;
  double m2 = 0, m3 = 0, m4 = 0, largest = 0;
  for (const double x : sample) {
    const double d = x - out.mean;
    m2 += d * d / count;
    m3 += d * d * d / count;
    m4 += d * d * d * d / count;
    largest = std::max(largest, std::abs(x));
  }
  // Equal values differ from their own mean by rounding.
  if (!(m2 > 0) || std::sqrt(m2) <= 1e-13 * largest)
    return absl::FailedPreconditionError("moments: all observations are equal; wait for a change");
  out.sigma = std::sqrt(m2 * count / (count - 1));
  out.skewness = m3 / (m2 * std::sqrt(m2));
  out.excess_kurtosis = m4 / (m2 * m2) - 3;
  if (!std::isfinite(out.sigma) || !std::isfinite(out.skewness) ||
      !std::isfinite(out.excess_kurtosis)) {
    return absl::InvalidArgumentError("moments: observations too large or small; change the unit");
  }
  return out;
}

absl::StatusOr<std::vector<double>> FilteredReturns(std::span<const double> returns, double decay) {
  if (!(decay > 0 && decay < 1))
    return absl::InvalidArgumentError("decay: must be above 0 and below 1, such as 0.94");
  GANNET_ASSIGN_OR_RETURN(const Moments moments, MomentsOf(returns));
  // Before each return; a volatility never falls to nothing, or the return after it
  // would be blown up without bound.
  const double floor = moments.sigma * moments.sigma * 1e-4;
  std::vector<double> out(returns.begin(), returns.end());
  double variance = moments.sigma * moments.sigma;
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] /= std::sqrt(variance);
    variance = std::max(decay * variance + (1 - decay) * returns[i] * returns[i], floor);
  }
  for (double& x : out) x *= std::sqrt(variance);
  return out;
}

}  // namespace gannet::portfolio
