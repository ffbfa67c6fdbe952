// The simulated venue as a service of a process.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/runtime/service.h"
#include "services/venue-sim/config.h"

namespace gannet::venue_sim {

struct VenueSimHooks {
  // Once it listens: "ready http=… ws=… ws-api=… news=… keys=…".
  std::function<void(const std::string& line)> on_ready;
  // Nothing can be recorded any more: the process should end.
  std::function<void(const absl::Status&)> on_failure;
};

// Journal and keys live in deps.data_dir, which must not be empty. It does not use
// the shard or the bus: it is the outside world.
std::unique_ptr<runtime::Service> BuildVenueSim(const VenueSimConfig& config, runtime::Deps& deps,
                                                VenueSimHooks hooks);

}  // namespace gannet::venue_sim
