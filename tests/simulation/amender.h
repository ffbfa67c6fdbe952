// Amendments in a simulated world: a person places orders that rest, makes them smaller in
// place again and again, asks now and then for what the venue cannot do, and cancels some. What
// she draws is her own: everything else of a seed is drawn as without her.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/rng.h"
#include "libs/base/time.h"
#include "tests/simulation/platform_node.h"

namespace gannet::simulation {

class Amender {
 public:
  explicit Amender(uint64_t seed) : rng_(seed ^ 0x616d656e64) {}
  // Every step of the world, while all of it runs.
  void Step(PlatformNode& platform);

 private:
  void Give(PlatformNode& platform, market::CommandKind kind, market::OrderRequest order);
  void Place(PlatformNode& platform);
  void Change(PlatformNode& platform, const execution::TrackedOrder& order);

  base::Rng rng_;
  uint64_t given_ = 0;
};

// When all has settled: no amendment is open, and what the gate reserves for is what execution
// has at the venue.
std::vector<std::string> CheckAmended(PlatformNode& platform);

}  // namespace gannet::simulation
