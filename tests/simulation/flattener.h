// A kill switch that closes positions, in a simulated world: on some seeds a person gives one and
// lifts it some seconds later, flat or not. What she draws is her own: everything else of a seed
// is drawn as without her.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/account.h"
#include "tests/simulation/platform_node.h"

namespace gannet::simulation {

class Flattener {
 public:
  // Of a venue in ids of instruments.
  Flattener(const std::string& venue, uint64_t seed);
  // Every step of the world, while all of it runs; `since` its beginning.
  void Step(PlatformNode& platform, base::Duration since);
  // What ended flat, and is not; by the books of this engine, at the moment of its end.
  std::vector<std::string> Judge(const execution::ExecutionEngine& execution);
  uint64_t ended() const { return ended_; }

 private:
  void Give(PlatformNode& platform, market::CommandKind kind);

  bool strikes_ = false;
  market::Scope scope_;
  base::Duration kill_at_{0}, lift_at_{0}, next_{0};
  std::map<const execution::ExecutionEngine*, uint64_t> judged_;  // the number of the last
  uint64_t ended_ = 0;
};

}  // namespace gannet::simulation
