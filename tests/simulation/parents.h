// Parent orders in a simulated world: a person gives a TWAP, a POV and a bracket, asks
// again after each crash until there is an answer, and at the end every one has come to
// exactly one end, with the figure that the venue's own record gives.
#pragma once

#include <string>
#include <vector>

#include "libs/base/files.h"
#include "libs/market/account.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/platform_node.h"

namespace gannet::simulation {

class ParentGiver {
 public:
  // Gives what has not been answered yet, once a start. `begin` is the world's.
  void Step(PlatformNode& platform, base::Time begin);
  // No reservation of a parent and its children above the parent's.
  std::vector<std::string> CheckReservations(const risk::RiskEngine& risk) const;
  bool AllEnded(const risk::RiskEngine& risk) const;  // all were given, none is open
  size_t answered() const;
  size_t taken() const;  // of those: not refused

 private:
  struct Given {
    market::Command command;
    uint64_t asked_in = 0;  // by which start of the platform it was given last
    bool answered = false, refused = false;
  };
  void Make(PlatformNode& platform, base::Time now);

  std::vector<Given> given_;
};

// The journal's parents against the venue's orders; after the end of the run.
// `ends` counts those that ended.
std::vector<std::string> CheckParents(base::Files& files, const std::string& journal,
                                      const VenueRecord& venue, const Doubled& doubled,
                                      uint64_t& ends);

}  // namespace gannet::simulation
