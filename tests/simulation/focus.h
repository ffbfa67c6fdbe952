// What a focused seed is about: one thing that goes wrong, often, and nothing else. Odd seeds
// draw some of everything (swarm.h), in which what needs one kind of fault many times, or
// the absence of another that would mend it, is seen too seldom.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "libs/base/rng.h"
#include "libs/base/time.h"
#include "tests/simulation/swarm.h"

namespace gannet::simulation {

struct Focus {
  std::string_view name;
  void (*draw)(base::Rng& rng, Swarm& swarm);
  // Where a comparison with the venue would mend what must be found without one: none.
  base::Duration reconcile_every = std::chrono::seconds(10);
  std::string_view max_order_notional = {};  // in place of the shipped one
};

const std::vector<Focus>& Focuses();
// Even seeds take turns; null for the others.
const Focus* FocusOf(uint64_t seed);

}  // namespace gannet::simulation
