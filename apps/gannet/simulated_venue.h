// venue-sim's own server on a network in memory and virtual time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/net/sim_network.h"
#include "services/venue-sim/config.h"
#include "services/venue-sim/server.h"

namespace gannet::app {

class SimulatedVenue {
 public:
  // `config` as of its program; `keys` are what it accepts. Executor and network must
  // outlive it.
  SimulatedVenue(venue_sim::VenueSimConfig config, std::vector<venue_sim::ApiKey> keys,
                 base::VirtualExecutor& executor, net::SimNetwork& network);

  absl::Status Start();
  // Addresses as clients write them.
  std::string http_url() const;
  std::string ws_url() const;
  // Not OK once it could not go on.
  const absl::Status& failure() const { return failure_; }

 private:
  const venue_sim::VenueSimConfig config_;
  const std::vector<venue_sim::ApiKey> keys_;
  base::VirtualExecutor& executor_;
  net::SimNetwork& network_;
  base::SimFiles files_;
  absl::Status failure_;
  std::unique_ptr<venue_sim::VenueSimServer> server_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace gannet::app
