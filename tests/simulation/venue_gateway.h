// What stands between the network and the venue's matching engine, with the manners
// of real ones: answers that are the gateway's own (502, 503, 504, -1007) whether or
// not the order went through, requests to wait, order queries that lag behind, and
// streams that are healthy and leave frames out.
//
// One thread. Outlives the venue's process.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/base/rng.h"
#include "libs/net/network.h"

namespace gannet::simulation {

// Probabilities in [0, 1], drawn for each request or frame.
struct VenueFaults {
  double gateway_error = 0;  // in place of the answer; a coin decides whether it was handled
  double told_to_wait = 0;   // 429 with Retry-After; not handled
  double user_frame_lost = 0, market_frame_lost = 0;
  base::Duration query_lag{0};  // queries do not know orders younger than this
};

class VenueGateway : public net::ServerHandler {
 public:
  VenueGateway(const base::Clock& clock, base::Rng rng) : clock_(clock), rng_(rng) {}

  // Null while the venue is down; then nobody calls.
  void set_venue(net::ServerHandler* venue) { venue_ = venue; }
  void set_faults(const VenueFaults& faults) { faults_ = faults; }

  struct Stats {
    uint64_t errors = 0, errors_of_handled = 0, waits = 0, stale_answers = 0;
    uint64_t user_frames_lost = 0, market_frames_lost = 0;
  };
  const Stats& stats() const { return stats_; }

  // net::ServerHandler.
  void OnRequest(net::HttpRequest request, std::string_view peer, Respond respond) override;
  net::WebSocket::Handler OnWebSocket(const net::HttpRequest& request, std::string_view peer,
                                      std::shared_ptr<net::WebSocket> socket) override;

 private:
  class LossySocket;

  bool AnswerStale(const net::HttpRequest& request, const Respond& respond);
  bool LoseFrame(bool user);

  const base::Clock& clock_;
  base::Rng rng_;
  net::ServerHandler* venue_ = nullptr;
  VenueFaults faults_;
  std::map<std::string, base::Time> placed_;  // client id of each order, when it was last asked for
  Stats stats_;
};

// The value of a parameter of an order request, in its query or its form; empty when
// there is none.
std::string ParameterOf(const net::HttpRequest& request, std::string_view name);

}  // namespace gannet::simulation
