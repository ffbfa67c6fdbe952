// What held positions lose when prices take a given path.
#pragma once

#include <cstddef>
#include <span>

#include "absl/status/statusor.h"
#include "libs/portfolio/matrix.h"

namespace gannet::portfolio {

struct StressResult {
  double loss = 0;        // at the end of the path; negative: a gain
  double worst_loss = 0;  // at its worst moment, at least 0
  size_t worst_step = 0;  // after this many steps; 0: it is never below the start
};
// Positions of these values are held through `shocks`: one row a step, the change of
// each asset in it (-0.1: a tenth down, never below -1). INVALID_ARGUMENT: not finite,
// a shock below -1, no step, or not one column a value.
absl::StatusOr<StressResult> RunStress(std::span<const double> values, const Matrix& shocks);

}  // namespace gannet::portfolio
