// The documented error codes of Binance spot and of USD-M futures, a row each.
#pragma once

#include <span>

#include "libs/venue/outcome_table.h"

namespace gannet::venue::binance {

std::span<const OutcomeRow> SpotOutcomes();
std::span<const OutcomeRow> UsdmOutcomes();

}  // namespace gannet::venue::binance
