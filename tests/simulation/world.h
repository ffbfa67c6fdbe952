// One seeded run of the whole platform: all services, adapters, journal, bus, files
// and network, and the venue itself, in one thread on virtual time. A seed and a
// build reproduce a run exactly.
//
// Two phases: safety (faults strike: messages lost, doubled, delayed, connections
// reset, partitions, processes killed with what their disks had not synced, power
// lost in the middle of a write, disks that refuse a sync) and liveness (faults stop:
// everything must settle within its time, then the platform drains). The invariants of
// docs/orders.md are checked on the way and, against the venue's own records, at the
// end; then the journal is decided again. I7 and I8 are judged at every request that leaves.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "apps/gannet/pipeline.h"
#include "libs/base/time.h"
#include "services/venue-sim/fault_script.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/product.h"

namespace gannet::simulation {

struct SimulationOptions {
  uint64_t seed = 1;
  Product product = Product::kBinanceSpot;
  base::Duration safety = std::chrono::seconds(40);
  base::Duration liveness = std::chrono::seconds(60);
  bool faults = true;
  // In place of all faults that a seed would draw.
  std::optional<venue_sim::FaultScript> script;
  bool focused = false;  // even seeds strike one subject (focus.h)
  bool wire_mode = false;
  int venues = 1;             // at most two, each with a market and faults of its own
  bool amendments = false;    // a person changes orders in place
  bool parents = false;       // a person gives a TWAP, a POV and a bracket
  bool silence = false;       // services fall silent now and then, and speak again
  bool verify_replay = true;  // decide again from the journal and compare every fact
  // The process dies at the message of this number as it leaves or arrives, or the power
  // fails in the disk operation of this number, both since the beginning; and once more in
  // an operation of the recovery that follows. 0: not.
  struct Death {
    uint64_t message = 0, operation = 0, in_recovery = 0;
  };
  Death death;
  base::Duration count_from{0};  // messages_before and operations_before are as of then
  // Told each request, answer, fact and blow with its time, as a line.
  std::function<void(base::Time, std::string_view)> trace;
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
  uint64_t parents = 0;            // parent orders that ended
  uint64_t gate_closed = 0;        // orders refused for want of an answer or a heartbeat
  uint64_t checks = 0;             // looks at the invariants on the way
  uint64_t replayed_facts = 0;     // decided again and equal
  uint64_t starts = 0;             // of the platform
  // Of the safety phase: points at which the platform can be made to die.
  uint64_t messages_before = 0, messages = 0, operations_before = 0, operations = 0;
  // What struck and which rare paths were taken, by name; CI fails when one of
  // RareProbes was never reached over its seeds.
  std::map<std::string, uint64_t> faults, probes;
};

// What another process made of a seed; DATA_LOSS when it is not that.
std::string Encode(const SimulationResult& result);
absl::StatusOr<SimulationResult> DecodeResult(std::string_view bytes);

// Names that a campaign must have seen at least once: what can happen at every product, and what
// only this one has.
std::vector<std::string> RareProbes(Product product);

// Not OK when the world could not be built: a broken configuration.
absl::StatusOr<SimulationResult> Simulate(const SimulationOptions& options);

}  // namespace gannet::simulation
