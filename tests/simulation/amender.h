// Orders changed in a simulated world: a person places some that rest, makes them smaller in
// place again and again, has others take their place, asks now and then for what the venue cannot
// do, and cancels some. What she draws is her own: everything else of a seed is drawn as without
// her.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/person.h"

namespace gannet::simulation {

class Amender {
 public:
  explicit Amender(uint64_t seed) : bea_("bea", seed ^ 0x616d656e64) {}
  // Every step of the world, while all of it runs.
  void Step(PlatformNode& platform);

 private:
  void Place(PlatformNode& platform);
  void Change(PlatformNode& platform, const execution::TrackedOrder& order);

  Person bea_;
};

// When all has settled: no amendment is open, and what the gate reserves for is what execution
// has at the venue.
std::vector<std::string> CheckAmended(PlatformNode& platform);

}  // namespace gannet::simulation
