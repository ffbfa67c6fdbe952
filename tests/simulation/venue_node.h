// The venue of a simulated world: venue-sim's own server over simulated network
// and files; it can crash and come back.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "libs/base/rng.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/net/sim_network.h"
#include "services/venue-sim/fault_gate.h"
#include "services/venue-sim/server.h"

namespace gannet::simulation {

class VenueNode {
 public:
  static constexpr uint16_t kPort =
      9'443;  // what clients of the first connect to, whatever the listener's own port
  // Of a length that the venue takes for a key.
  static constexpr char kApiKey[] =
      "simulation-key-of-sixty-four-bytes-as-the-venue-hands-them-out--";
  static constexpr char kApiSecret[] = "simulation-secret";

  // `name`: in ids of its instruments. `hedged`: its account of perpetuals holds two positions.
  VenueNode(std::string name, uint16_t port, uint64_t seed, base::VirtualExecutor& executor,
            net::SimNetwork& network, bool hedged = false)
      : name_(std::move(name)),
        hedged_(hedged),
        port_(port),
        seed_(seed),
        executor_(executor),
        network_(network),
        gate_(executor, executor, key_),
        files_(seed) {}

  absl::Status Start();
  // The process dies; its disk keeps what was synced, as chance has it.
  void Crash(base::Rng& rng);
  bool running() const { return server_ != nullptr; }
  const std::string& name() const { return name_; }
  venue_sim::FaultGate& gate() { return gate_; }
  const venue_sim::FaultGate& gate() const { return gate_; }

  // Only while running.
  const venue_sim::Exchange& exchange() const { return server_->exchange(); }
  const venue_sim::VenueCore& core() const { return exchange().core(); }
  std::string url() const { return "http://venue.sim:" + std::to_string(port_); }
  const venue_sim::ApiKey& key() const { return key_; }

 private:
  void SetUpHedge();

  const std::string name_;
  const bool hedged_;
  const uint16_t port_;
  const uint64_t seed_;
  base::VirtualExecutor& executor_;
  net::SimNetwork& network_;
  const venue_sim::ApiKey key_{kApiKey, kApiSecret, 0};
  venue_sim::FaultGate gate_;
  base::SimFiles files_;
  std::unique_ptr<venue_sim::VenueSimServer> server_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace gannet::simulation
