// Many seeds, side by side, and what `gannet sim` prints of them.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "tests/simulation/world.h"

namespace gannet::simulation {

struct CampaignOptions {
  uint64_t first_seed = 1, last_seed = 10;
  int jobs = 1;             // processes
  base::Duration limit{0};  // no seed is begun after this; 0: none
  SimulationOptions each;
  bool require_probes = false;  // fail when a rare path was never reached
  std::string same_options;     // of the command that reproduces a failure, beside --seeds
};

// Prints each violation with the command that reproduces it, then the sums.
// INTERNAL when a seed failed. A seed whose process dies has failed.
absl::Status RunCampaign(const CampaignOptions& options, const base::Clock& clock,
                         std::ostream& out);

// One seed, told step by step.
absl::Status TraceSeed(const SimulationOptions& options, std::ostream& out);

}  // namespace gannet::simulation
