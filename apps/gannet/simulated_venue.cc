#include "apps/gannet/simulated_venue.h"

#include <utility>

#include "libs/base/status.h"

namespace gannet::app {
namespace {

constexpr char kHost[] = "venue.sim";
constexpr uint16_t kPort = 9'443;

std::string Url(const char* scheme) {
  return std::string(scheme) + "://" + kHost + ":" + std::to_string(kPort);
}

}  // namespace

SimulatedVenue::SimulatedVenue(venue_sim::VenueSimConfig config,
                               std::vector<venue_sim::ApiKey> keys, base::VirtualExecutor& executor,
                               net::SimNetwork& network)
    : config_(std::move(config)),
      keys_(std::move(keys)),
      executor_(executor),
      network_(network),
      files_(config_.seed) {}

absl::Status SimulatedVenue::Start() {
  venue_sim::ServerOptions options = venue_sim::ToServerOptions(config_, "venue");
  options.exchange.own_thread = false;
  options.keys = keys_;
  GANNET_ASSIGN_OR_RETURN(
      server_, venue_sim::VenueSimServer::Open({executor_, executor_, files_}, std::move(options),
                                               [this](absl::Status failed) { failure_ = failed; }));
  server_->set_public_url(http_url());
  GANNET_ASSIGN_OR_RETURN(listener_, network_.Listen({}, *server_));
  network_.AddName(kHost, kPort, listener_->port());
  server_->Start();
  return absl::OkStatus();
}

std::string SimulatedVenue::http_url() const { return Url("http"); }
std::string SimulatedVenue::ws_url() const { return Url("ws"); }

}  // namespace gannet::app
