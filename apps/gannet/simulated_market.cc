#include "apps/gannet/simulated_market.h"

#include <memory>
#include <string>

#include "apps/gannet/simulated_venue.h"
#include "apps/gannet/venue_sim_market.h"
#include "libs/base/sim_files.h"
#include "libs/base/status.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/net/sim_network.h"
#include "libs/runtime/shard.h"
#include "services/ingest/app.h"

namespace gannet::app {
namespace {

// Any fixed moment: what is learned must not depend on when.
const base::Time kStart = base::FromUnixMillis(1'750'000'000'000);

ingest::IngestConfig MarketOf(const SimulatedVenue& simulated) {
  ingest::VenueConfig venue;
  venue.name = kVenueSimVenue;
  venue.ws_url = simulated.ws_url();
  venue.rest_url = simulated.http_url();
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
  venue_sim::VenueSimConfig settings;
  settings.seed = options.seed;
  SimulatedVenue venue(settings, {}, executor, network);
  GANNET_RETURN_IF_ERROR(venue.Start());
  base::SimFiles files;
  bus::MemoryBus bus(executor, bus::MemoryBusOptions{});
  runtime::Shard shard({.name = "simulated"}, executor, executor, nullptr, &bus);
  telemetry::Log log("gannet", telemetry::Level::kError, executor, [](std::string_view) {});
  runtime::Deps deps{shard, bus, executor, executor, executor, files, network, log, rng.Fork(), ""};
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<runtime::Service> watching, watcher(deps));
  const std::unique_ptr<runtime::Service> ingest = ingest::BuildIngest(MarketOf(venue), deps);
  shard.Resume(executor.Now());
  GANNET_RETURN_IF_ERROR(watching->Start());
  GANNET_RETURN_IF_ERROR(ingest->Start());
  executor.RunFor(options.length);
  return venue.failure();
}

}  // namespace gannet::app
