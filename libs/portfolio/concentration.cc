#include "libs/portfolio/concentration.h"

#include <cmath>

#include "libs/base/status.h"
#include "libs/portfolio/matrix.h"

namespace gannet::portfolio {

absl::StatusOr<Concentration> ConcentrationOf(std::span<const double> values) {
  GANNET_RETURN_IF_ERROR(CheckFinite(values, "values"));
  double all = 0;
  for (const double value : values) all += std::abs(value);
  if (!(all > 0) || !std::isfinite(all))
    return absl::FailedPreconditionError("concentration: nothing is held; open a position first");
  Concentration out;
  for (size_t i = 0; i < values.size(); ++i) {
    const double share = std::abs(values[i]) / all;
    out.herfindahl += share * share;
    if (share > out.largest_share) {
      out.largest_share = share;
      out.largest = i;
    }
  }
  out.effective = 1 / out.herfindahl;
  return out;
}

}  // namespace gannet::portfolio
