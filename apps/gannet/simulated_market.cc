#include "apps/gannet/simulated_market.h"

#include <memory>
#include <string>

#include "apps/gannet/venue_sim_market.h"
#include "libs/base/sim_files.h"
#include "libs/base/status.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/net/sim_network.h"
#include "libs/runtime/shard.h"
#include "services/ingest/app.h"
#include "services/venue-sim/config.h"
#include "services/venue-sim/server.h"

namespace gannet::app {
namespace {

constexpr char kHost[] = "venue.sim";
constexpr uint16_t kPort = 9'443;
// Any fixed moment: what is learned must not depend on when.
const base::Time kStart = base::FromUnixMillis(1'750'000'000'000);

// The exchange with the settings of its own program.
class Venue {
 public:
  Venue(uint64_t seed, base::VirtualExecutor& executor, net::SimNetwork& network)
      : seed_(seed), executor_(executor), network_(network), files_(seed) {}

  absl::Status Start() {
    venue_sim::VenueSimConfig config;
    config.seed = seed_;
    venue_sim::ServerOptions options = venue_sim::ToServerOptions(config, "venue");
    options.exchange.own_thread = false;
    GANNET_ASSIGN_OR_RETURN(server_, venue_sim::VenueSimServer::Open(
                                         {executor_, executor_, files_}, std::move(options),
                                         [this](absl::Status failed) { failure_ = failed; }));
    GANNET_ASSIGN_OR_RETURN(listener_, network_.Listen({}, *server_));
    network_.AddName(kHost, kPort, listener_->port());
    server_->Start();
    return absl::OkStatus();
  }
  const absl::Status& failure() const { return failure_; }

 private:
  const uint64_t seed_;
  base::VirtualExecutor& executor_;
  net::SimNetwork& network_;
  base::SimFiles files_;
  absl::Status failure_;
  std::unique_ptr<venue_sim::VenueSimServer> server_;
  std::unique_ptr<net::Listener> listener_;
};

ingest::IngestConfig Market() {
  const std::string address = std::string(kHost) + ":" + std::to_string(kPort);
  ingest::VenueConfig venue;
  venue.name = kVenueSimVenue;
  venue.ws_url = "ws://" + address;
  venue.rest_url = "http://" + address;
  venue.instruments = kVenueSimSymbols;
  ingest::IngestConfig config;
  config.venues = {venue};
  return config;
}

}  // namespace

absl::Status WatchSimulatedMarket(const SimulatedMarketOptions& options,
                                  const WatcherFactory& watcher) {
  base::VirtualExecutor executor(kStart);
  base::Rng rng(options.seed);
  net::SimNetwork network(executor, executor, rng.Fork());
  Venue venue(options.seed, executor, network);
  GANNET_RETURN_IF_ERROR(venue.Start());
  base::SimFiles files;
  bus::MemoryBus bus(executor, bus::MemoryBusOptions{});
  runtime::Shard shard({.name = "simulated"}, executor, executor, nullptr, &bus);
  telemetry::Log log("gannet", telemetry::Level::kError, executor, [](std::string_view) {});
  runtime::Deps deps{shard, bus, executor, executor, executor, files, network, log, rng.Fork(), ""};
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<runtime::Service> watching, watcher(deps));
  const std::unique_ptr<runtime::Service> ingest = ingest::BuildIngest(Market(), deps);
  shard.Resume(executor.Now());
  GANNET_RETURN_IF_ERROR(watching->Start());
  GANNET_RETURN_IF_ERROR(ingest->Start());
  executor.RunFor(options.length);
  return venue.failure();
}

}  // namespace gannet::app
