// The invariants of docs/orders.md, checked on the platform's state and against the
// venue's own books. Each violation is one line that names the invariant.
#pragma once

#include <string>
#include <vector>

#include "libs/store/memory_store.h"
#include "services/execution/execution_engine.h"
#include "services/venue-sim/venue_core.h"

namespace gannet::simulation {

// At any moment: I1 one live venue order an intent, I2 none without a durable
// intent, I4 nothing terminal that the venue still works.
std::vector<std::string> CheckAlways(const execution::ExecutionEngine& execution,
                                     const venue_sim::VenueCore& venue);

// After everything has settled: nothing UNKNOWN, every order in the venue's state,
// I3 positions equal the venue's trades, I6 reporting has each trade once.
std::vector<std::string> CheckSettled(const execution::ExecutionEngine& execution,
                                      const venue_sim::VenueCore& venue,
                                      store::MemoryStore& reports);

}  // namespace gannet::simulation
