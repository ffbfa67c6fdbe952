#include "libs/portfolio/extremes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/portfolio/matrix.h"

namespace gannet::portfolio {

absl::StatusOr<ParetoTail> FitTail(std::span<const double> losses, Confidence above) {
  if (!above.valid())
    return absl::InvalidArgumentError("tail: give a threshold above 50% and below 100%");
  GANNET_RETURN_IF_ERROR(CheckFinite(losses, "losses"));
  std::vector<double> sorted(losses.begin(), losses.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const auto beyond = static_cast<size_t>(static_cast<int64_t>(sorted.size()) *
                                          (1'000'000 - above.ppm) / 1'000'000);
  if (beyond < kMinExceedances) {
    return absl::FailedPreconditionError(
        absl::StrCat("tail: ", beyond, " of ", sorted.size(), " losses are above the threshold, ",
                     kMinExceedances, " are needed; wait for more"));
  }
  ParetoTail out{.threshold = sorted[beyond], .observations = sorted.size()};
  const auto count = static_cast<double>(beyond);
  double mean = 0, weighted = 0;  // of the excess, and of the excess times 1 - p
  for (size_t i = 0; i < beyond; ++i) {
    const double excess = sorted[i] - out.threshold;
    const double above_it = (static_cast<double>(i) + 0.35) / count;  // 1 - p, largest first
    mean += excess / count;
    weighted += above_it * excess / count;
    out.exceedances += excess > 0 ? 1 : 0;
  }
  const double spread = mean - 2 * weighted;
  if (out.exceedances < kMinExceedances || !(spread > 1e-12 * mean)) {
    return absl::FailedPreconditionError(
        "tail: losses above the threshold are alike; wait for more of them");
  }
  out.shape = 2 - mean / spread;
  out.scale = 2 * weighted / spread * mean;
  GANNET_RETURN_IF_ERROR(CheckFinite(std::array{out.shape, out.scale}, "tail"));
  return out;
}

absl::StatusOr<TailRisk> ParetoRisk(const ParetoTail& tail, Confidence confidence) {
  const double beyond = static_cast<double>(tail.exceedances) /
                        static_cast<double>(std::max<size_t>(tail.observations, 1));
  if (!confidence.valid() || confidence.tail() > beyond)
    return absl::FailedPreconditionError("tail: the confidence is below the threshold; raise it");
  if (!(tail.shape < 1))
    return absl::FailedPreconditionError("tail: so heavy that its mean is infinite; use VaR only");
  const double ratio = beyond / confidence.tail();
  const double excess = std::abs(tail.shape) < 1e-9
                            ? tail.scale * std::log(ratio)
                            : tail.scale / tail.shape * (std::pow(ratio, tail.shape) - 1);
  const double var = tail.threshold + excess;
  const TailRisk risk{.var = var,
                      .es = var + (tail.scale + tail.shape * excess) / (1 - tail.shape)};
  GANNET_RETURN_IF_ERROR(CheckFinite(std::array{risk.var, risk.es}, "tail"));
  return risk;
}

absl::StatusOr<Jump> NewestJump(std::span<const double> returns) {
  if (returns.size() < kMinJumpReturns) {
    return absl::InvalidArgumentError(absl::StrCat("jump: ", returns.size(), " returns, ",
                                                   kMinJumpReturns, " are needed; wait for more"));
  }
  GANNET_RETURN_IF_ERROR(CheckFinite(returns, "returns"));
  const std::span<const double> before = returns.first(returns.size() - 1);
  double bipower = 0;
  for (size_t i = 1; i < before.size(); ++i) bipower += std::abs(before[i] * before[i - 1]);
  // Mean of |x| |y| of standard normals is 2 / pi.
  const double variance = bipower / static_cast<double>(before.size() - 1) * (std::numbers::pi / 2);
  GANNET_RETURN_IF_ERROR(CheckFinite(std::array{variance}, "variance of returns"));
  if (!(variance > 0))
    return absl::FailedPreconditionError("jump: prices did not move before; wait for more");
  // The largest |z| of n standard normals: (max - centre) / spread is Gumbel.
  const double n = static_cast<double>(returns.size());
  const double root = std::sqrt(2 * std::log(n));
  const double centre = root - (std::log(std::numbers::pi) + std::log(std::log(n))) / (2 * root);
  Jump out;
  out.statistic = std::abs(returns.back()) / std::sqrt(variance);
  out.p_value = -std::expm1(-std::exp(-(out.statistic - centre) * root));
  return out;
}

absl::StatusOr<double> Median(std::span<const double> values) {
  if (values.empty()) return absl::InvalidArgumentError("median of nothing; give a value");
  GANNET_RETURN_IF_ERROR(CheckFinite(values, "values"));
  std::vector<double> copy(values.begin(), values.end());
  const auto middle = copy.begin() + static_cast<ptrdiff_t>(copy.size() / 2);
  std::nth_element(copy.begin(), middle, copy.end());
  return *middle;
}

}  // namespace gannet::portfolio
