#include "libs/portfolio/sizing.h"

#include <algorithm>
#include <cmath>

namespace gannet::portfolio {
namespace {

absl::Status Refuse(const char* what) { return absl::InvalidArgumentError(what); }
bool Inside(double x) { return x > 0 && x < 1; }

}  // namespace

absl::StatusOr<double> VolatilityScale(double target, double volatility, double max_scale) {
  if (!std::isfinite(target) || !std::isfinite(max_scale) || target <= 0 || max_scale <= 0)
    return Refuse("volatility target: give a target and a largest scale above zero");
  if (!std::isfinite(volatility) || volatility < 0)
    return Refuse("volatility target: the volatility is no such number; measure it again");
  if (volatility == 0)
    return absl::FailedPreconditionError("volatility target: nothing moves; wait for a change");
  return std::min(target / volatility, max_scale);
}

absl::StatusOr<double> KellyBet(double win, double odds) {
  if (!Inside(win) || !std::isfinite(odds) || odds <= 0)
    return Refuse("Kelly: give a probability between 0 and 1, and odds above 0");
  return win - (1 - win) / odds;
}

absl::StatusOr<double> KellyContinuous(double mean, double volatility) {
  if (!std::isfinite(mean) || !std::isfinite(volatility) || volatility < 0)
    return Refuse("Kelly: mean or volatility is no such number; measure it again");
  const double fraction = mean / (volatility * volatility);
  if (!std::isfinite(fraction))
    return absl::FailedPreconditionError("Kelly: nothing moves; wait for a change");
  return fraction;
}

absl::StatusOr<double> KellyPart(double drawdown, double chance) {
  if (!Inside(drawdown) || !Inside(chance))
    return Refuse("Kelly: give a drawdown and a chance of it between 0 and 1");
  const double part = std::min(1.0, 2 / (1 + std::log(chance) / std::log1p(-drawdown)));
  if (!(part > 0)) return Refuse("Kelly: no position is that safe; allow a larger drawdown");
  return part;
}

}  // namespace gannet::portfolio
