// What announces or makes a black swan: the far tail of losses, and jumps.
#pragma once

#include <cstddef>
#include <span>

#include "absl/status/statusor.h"
#include "libs/portfolio/distributions.h"
#include "libs/portfolio/value_at_risk.h"

namespace gannet::portfolio {

// Losses above `threshold` follow a generalised Pareto distribution with this shape (xi;
// above zero: heavy) and scale (McNeil, Frey and Embrechts, Quantitative Risk Management,
// 2015, 5.2).
struct ParetoTail {
  double threshold = 0, shape = 0, scale = 0;
  size_t exceedances = 0, observations = 0;
};
inline constexpr size_t kMinExceedances = 10;

// Peaks over the threshold that leaves the worst tail of `above` (90 % leaves a tenth),
// fitted by probability-weighted moments (Hosking and Wallis 1987), which always exist
// and need no search. `losses` are positive when lost. INVALID_ARGUMENT: not finite.
// FAILED_PRECONDITION: fewer than kMinExceedances above it, or all alike.
absl::StatusOr<ParetoTail> FitTail(std::span<const double> losses, Confidence above);

// VaR and ES of the fit. FAILED_PRECONDITION: the confidence is not beyond the threshold,
// or the shape is 1 or more, so that the mean of the tail is infinite.
absl::StatusOr<TailRisk> ParetoRisk(const ParetoTail& tail, Confidence confidence);

// Was the newest return a jump (Lee and Mykland 2008, "Jumps in financial markets")? Its
// size over the local volatility, which past jumps do not raise (bipower variation of all
// returns before it), against what the largest of as many returns without jumps reaches.
// INVALID_ARGUMENT: not finite, or fewer than kMinJumpReturns. FAILED_PRECONDITION: prices
// did not move before.
struct Jump {
  double statistic = 0;  // |return| over local volatility, in standard deviations
  double p_value = 1;
};
inline constexpr size_t kMinJumpReturns = 20;
absl::StatusOr<Jump> NewestJump(std::span<const double> returns);

// The upper middle value. INVALID_ARGUMENT: nothing, or not finite.
absl::StatusOr<double> Median(std::span<const double> values);

}  // namespace gannet::portfolio
