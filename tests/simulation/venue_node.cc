#include "tests/simulation/venue_node.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/base/time.h"

namespace gannet::simulation {

absl::Status VenueNode::Start() {
  venue_sim::ServerOptions options;
  options.exchange.core.seed = seed_;
  options.exchange.core.warm_up = std::chrono::seconds(5);
  options.exchange.core.news_interval = std::chrono::seconds(4);
  options.exchange.dir = "venue/journal";
  options.exchange.own_thread = false;
  options.keys = {key_};
  options.tick_interval = std::chrono::milliseconds(100);
  GANNET_ASSIGN_OR_RETURN(server_,
                          venue_sim::VenueSimServer::Open({executor_, gate_.clock(), files_},
                                                          std::move(options), [](absl::Status) {}));
  server_->set_public_url(url());
  gate_.set_venue(server_.get());
  GANNET_ASSIGN_OR_RETURN(listener_, network_.Listen({}, gate_));
  network_.AddName("venue.sim", port_, listener_->port());
  server_->Start();
  if (hedged_) SetUpHedge();
  return absl::OkStatus();
}

// As its owner does before anything is traded; later it is refused, since it is so.
void VenueNode::SetUpHedge() {
  const std::string parameters =
      absl::StrCat("dualSidePosition=true&timestamp=", base::UnixMillis(gate_.clock().Now()));
  net::HttpRequest request;
  request.method = "POST";
  request.target =
      absl::StrCat("/fapi/v1/positionSide/dual?", parameters,
                   "&signature=", base::Hex(base::HmacSha256(key_.secret, parameters)));
  request.headers = {{"X-MBX-APIKEY", key_.key}};
  server_->OnRequest(std::move(request), "127.0.0.98:1", [](const net::HttpResponse&) {});
}

void VenueNode::Crash(base::Rng& rng) {
  listener_.reset();
  gate_.set_venue(nullptr);
  server_.reset();
  files_.Restart(rng);
}

}  // namespace gannet::simulation
