// The documented codes of Bybit v5, a row each; a code with several messages has the
// meaning that proves least.
#pragma once

#include <span>

#include "libs/venue/outcome_table.h"

namespace gannet::venue::bybit {

std::span<const OutcomeRow> Outcomes();

}  // namespace gannet::venue::bybit
