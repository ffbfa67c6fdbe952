// How hard a seed is treated.
#pragma once

#include "libs/base/rng.h"
#include "libs/net/sim_network.h"
#include "services/venue-sim/fault_script.h"

namespace gannet::simulation {

struct Focus;

// Each kind of fault is off for half of the seeds or more.
struct Swarm {
  net::SimFaults network;
  venue_sim::FaultScript venue;
  double platform_crash = 0, power_cut = 0, bad_sync = 0;  // a second
  double venue_crash = 0, partition = 0;

  // What the focus says (focus.h), or without one some of everything.
  static Swarm Of(const Focus* focus, base::Rng& rng);
};

}  // namespace gannet::simulation
