// One seeded run of the whole platform: all services, adapters, journal, bus, files
// and network, and the venue itself, in one thread on virtual time. A seed and a
// build reproduce a run exactly.
//
// Two phases: safety (faults strike: messages lost, doubled, delayed, connections
// reset, partitions, processes killed with what their disks had not synced, power
// lost in the middle of a write, disks that refuse a sync) and liveness (faults stop:
// everything must settle, then the platform drains). The invariants I1 to I6 of
// docs/orders.md are checked on the way and, against the venue's own records, at the
// end; then the journal is decided again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/gannet/pipeline.h"
#include "libs/base/time.h"
#include "tests/simulation/invariants.h"

namespace gannet::simulation {

struct SimulationOptions {
  uint64_t seed = 1;
  base::Duration safety = std::chrono::seconds(40);
  base::Duration liveness = std::chrono::seconds(60);
  bool faults = true;
  bool wire_mode = false;
  bool verify_replay = true;  // decide again from the journal and compare every fact
  // Configuration of the platform (config/limits.yaml, config/strategies.yaml).
  std::string config_dir = "config";
  // For tests that show that the checks can fail: what is done to the venue's record
  // before each look at it, and to what the journal is decided again with.
  std::function<void(VenueRecord&)> doctor;
  std::function<void(app::PipelineConfig&)> replay_with;
};

struct SimulationResult {
  std::vector<std::string> violations;  // empty: all invariants held
  std::string decisions;                // SHA-256 over all runs of the platform, hex
  std::string journal;                  // SHA-256 over the bytes of its journal, hex
  base::Duration simulated{0};
  uint64_t orders = 0, fills = 0;  // permitted, booked
  uint64_t checks = 0;             // looks at the invariants on the way
  uint64_t replayed_facts = 0;     // decided again and equal
  // What struck and which rare paths were taken, by name; CI fails when one of
  // RareProbes() was never reached over its seeds.
  std::map<std::string, uint64_t> faults, probes;
};

// Names that a campaign must have seen at least once.
const std::vector<std::string>& RareProbes();

// Not OK when the world could not be built: a broken configuration.
absl::StatusOr<SimulationResult> Simulate(const SimulationOptions& options);

}  // namespace gannet::simulation
