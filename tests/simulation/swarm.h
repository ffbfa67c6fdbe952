// How hard a seed is treated.
#pragma once

#include "libs/base/rng.h"
#include "libs/net/sim_network.h"
#include "services/venue-sim/fault_script.h"

namespace gannet::simulation {

// Each kind of fault is off for some seeds, so that the others are seen alone as well.
struct Swarm {
  net::SimFaults network;
  venue_sim::FaultScript venue;
  double platform_crash = 0, power_cut = 0, bad_sync = 0;  // a second
  double venue_crash = 0, partition = 0;

  static Swarm Draw(base::Rng& rng);
};

}  // namespace gannet::simulation
