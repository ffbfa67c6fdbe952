// Rules of instruments that change while orders are open, and markets that are halted.
#pragma once

#include <cstdint>

#include "libs/base/time.h"
#include "services/venue-sim/fault_script.h"

namespace gannet::simulation {

// Definitions are asked for so often where rules change: a run is shorter than the hour that is
// the default.
inline constexpr base::Duration kDefinitionsEvery = std::chrono::seconds(5);

// A quarter of the seeds, by their number: what strikes the others stays the same.
bool Restates(uint64_t seed);
// Whether the script changes any rule.
bool Restates(const venue_sim::FaultScript& script);

// Adds, by draws of its own, restatements and halts of what is traded.
void StrikeRules(uint64_t seed, venue_sim::FaultScript& script);

}  // namespace gannet::simulation
