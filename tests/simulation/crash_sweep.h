// Death at every boundary: a calm run is repeated once for each point at which a request
// or frame leaves, an answer or frame is taken, or the disk changes, and the process dies
// there; each of them again with the power lost in the recovery that follows.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace gannet::simulation {

struct SweepOptions {
  uint64_t seed = 1;
  // The points are those of this part of the run, in which orders live from end to end.
  base::Duration from = std::chrono::seconds(6), length = std::chrono::seconds(2);
  uint64_t every = 1;  // 1: all of them
  int jobs = 1;        // processes side by side
};

struct SweepResult {
  uint64_t messages = 0, disk = 0;   // points of each kind
  uint64_t runs = 0, recovered = 0;  // that died; starts that recovered
  uint64_t orders = 0;
  std::vector<std::string> violations;  // each begins with its point
};

absl::StatusOr<SweepResult> SweepCrashes(const SweepOptions& options);

// The same, told. Not OK when an invariant broke.
absl::Status RunSweep(const SweepOptions& options, std::ostream& out);

}  // namespace gannet::simulation
