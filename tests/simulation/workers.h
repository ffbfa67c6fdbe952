// Seeds in processes of their own, so that several run side by side and one that dies
// takes no other with it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace gannet::simulation {

struct WorkerOptions {
  uint64_t first = 1, last = 1;
  int jobs = 1;
  // Asked before each seed; false: no further one is begun.
  std::function<bool()> go_on = [] { return true; };
};

// Calls `work` for each seed in a child process and `take` here with what it made of it,
// in no order; INTERNAL for a seed whose process died. The first seed not begun.
// One caller at a time, without threads beside it.
uint64_t ForEachSeed(const WorkerOptions& options,
                     const std::function<std::string(uint64_t seed)>& work,
                     const std::function<void(uint64_t seed, absl::StatusOr<std::string>)>& take);

}  // namespace gannet::simulation
