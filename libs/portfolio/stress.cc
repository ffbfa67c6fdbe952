#include "libs/portfolio/stress.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::portfolio {

absl::StatusOr<StressResult> RunStress(std::span<const double> values, const Matrix& shocks) {
  if (shocks.rows() == 0 || shocks.columns() != values.size()) {
    return absl::InvalidArgumentError(absl::StrCat("stress of ", values.size(), " values by ",
                                                   shocks.rows(), " steps of ", shocks.columns(),
                                                   "; give one shock a value and a step or more"));
  }
  GANNET_RETURN_IF_ERROR(CheckFinite(values, "values"));
  GANNET_RETURN_IF_ERROR(CheckFinite(shocks.cells(), "shocks"));
  std::vector<double> level(values.size(), 1.0);
  StressResult out;
  for (size_t step = 0; step < shocks.rows(); ++step) {
    out.loss = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      if (shocks.at(step, i) < -1)
        return absl::InvalidArgumentError("stress: a shock is below -100%; correct the scenario");
      level[i] *= 1 + shocks.at(step, i);
      out.loss -= values[i] * (level[i] - 1);
    }
    if (!std::isfinite(out.loss))
      return absl::InvalidArgumentError("stress: values or shocks too large; change the unit");
    if (out.loss > out.worst_loss) {
      out.worst_loss = out.loss;
      out.worst_step = step + 1;
    }
  }
  return out;
}

}  // namespace gannet::portfolio
