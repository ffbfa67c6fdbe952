// The command line of `gannet sim`.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"
#include "tests/simulation/campaign.h"

namespace CLI {
class App;
}

namespace gannet::app {

struct SimFlags {
  simulation::CampaignOptions campaign;
  std::string seeds = "1-10", faults;
  double minutes = 0;
  uint64_t trace = 0;    // a seed
  uint64_t crashes = 0;  // every so many points
  bool policies = false;
};

// `flags`, `files`, `clock` and `out` outlive the app; `done` hears what came of it.
void AddSim(CLI::App& app, SimFlags& flags, base::Files& files, const base::Clock& clock,
            std::ostream& out, std::function<void(const absl::Status&)> done);

}  // namespace gannet::app
