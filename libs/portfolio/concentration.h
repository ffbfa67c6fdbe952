// How much of a portfolio rests on one thing.
#pragma once

#include <cstddef>
#include <span>

#include "absl/status/statusor.h"

namespace gannet::portfolio {

struct Concentration {
  size_t largest = 0;        // index
  double largest_share = 0;  // of the sum of absolute values
  double herfindahl = 0;     // sum of squared shares: 1 for one position
  double effective = 0;      // its inverse: as many equal positions are as concentrated
};
// Of values or of contributions to risk; signs do not count. INVALID_ARGUMENT: not
// finite. FAILED_PRECONDITION: nothing is held.
absl::StatusOr<Concentration> ConcentrationOf(std::span<const double> values);

}  // namespace gannet::portfolio
