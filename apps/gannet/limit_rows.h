// The limits of risk as rows for reporting, so that a report can put what was at
// stake beside what was permitted then. Rates, ages and price collars are left out:
// they limit single orders.
#pragma once

#include <vector>

#include "libs/store/rows.h"
#include "services/risk/limits.h"

namespace gannet::app {

// `since` is left to the service that writes them.
std::vector<store::LimitRow> LimitRowsOf(const risk::LimitSet& limits);

}  // namespace gannet::app
