// How large a portfolio should be: by its volatility, and by growth under a bound on the
// drawdown. All are fractions of capital; 1 is all of it, 2 twice (borrowed).
#pragma once

#include "absl/status/statusor.h"

namespace gannet::portfolio {

// What to multiply positions with for `target` volatility, at most `max_scale`. The two
// volatilities are of the same horizon. INVALID_ARGUMENT: not finite, or a target or
// maximum not above zero. FAILED_PRECONDITION: nothing moves.
absl::StatusOr<double> VolatilityScale(double target, double volatility, double max_scale);

// Kelly 1956: of a bet that wins `odds` times the stake with probability `win`, else
// loses the stake: p - (1 - p) / odds. Zero or below: do not bet.
absl::StatusOr<double> KellyBet(double win, double odds);
// Of returns with this mean above cash and volatility: mean / volatility^2 (Thorp 2006, "The
// Kelly criterion in blackjack, sports betting, and the stock market").
absl::StatusOr<double> KellyContinuous(double mean, double volatility);

// The largest part of full Kelly, at most 1, at which capital falls by `drawdown`
// (0.2: a fifth) some day with probability `chance` or less. At a part c that probability
// is (1 - drawdown)^(2 / c - 1) (the same), so c = 2 / (1 + ln chance / ln (1 - drawdown)).
absl::StatusOr<double> KellyPart(double drawdown, double chance);

}  // namespace gannet::portfolio
