// A network in memory under virtual time, whose delays and faults follow from a
// seed: for simulation and tests. Behaves as TCP does: what arrives on one
// WebSocket arrives in order and once, or the connection breaks.
//
// Single-threaded. Listeners and sockets may be dropped before or after it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/base/rng.h"
#include "libs/net/network.h"

namespace gannet::net {

namespace sim {
struct World;
}

// Probabilities in [0, 1], drawn for each connection, request or message.
struct SimFaults {
  double connect_refused = 0;  // nothing leaves: kNotSent
  double request_lost = 0;     // sent, never arrives; the caller's limit passes
  double response_lost = 0;    // handled; the caller's limit passes
  double duplicate = 0;        // the handler gets the request twice; the first answer counts
  double reset = 0;  // HTTP: breaks after the request left; a coin decides whether it was handled
  double socket_reset = 0;  // WebSocket: breaks in place of delivering this message
  base::Duration delay_min = std::chrono::microseconds(200);  // one way
  base::Duration delay_max = std::chrono::microseconds(200);
};

struct SimStats {
  uint64_t requests = 0, handled = 0;
  uint64_t connects_refused = 0, requests_lost = 0, responses_lost = 0, duplicates = 0, resets = 0;
  uint64_t sockets_opened = 0, socket_resets = 0, messages = 0, messages_held = 0,
           messages_refused = 0;
  uint64_t timed_out = 0;
};

class SimNetwork : public Network {
 public:
  SimNetwork(base::Executor& executor, const base::Clock& clock, base::Rng rng);
  ~SimNetwork() override;

  void set_faults(const SimFaults& faults);
  // What clients find under a name: `host:port` leads to the listener at
  // 127.0.0.1:`listener_port`. Loopback addresses need no name.
  void AddName(std::string host, uint16_t port, uint16_t listener_port);
  // From `start` on, for `length`, nothing gets through to or from `host` (as
  // clients write it; empty: any). Messages on open sockets are held until the
  // end of it, or until a side finds the silence too long.
  void AddPartition(base::Time start, base::Duration length, std::string host = "");
  // Called with each request that `duplicate` strikes, before it is handled.
  void ObserveDuplicates(std::function<void(const HttpRequest&)> observer);
  // Breaks every open connection to `host` (empty: any), as a reset.
  void ResetConnections(const std::string& host = "");

  void Http(const Url& base, HttpRequest request, HttpLimits limits,
            std::function<void(HttpResult)> done) override;
  std::unique_ptr<WebSocket> Connect(const Url& url, WebSocketOptions options,
                                     WebSocket::Handler handler) override;
  absl::StatusOr<std::unique_ptr<Listener>> Listen(ListenOptions options,
                                                   ServerHandler& handler) override;

  const SimStats& stats() const;

 private:
  std::shared_ptr<sim::World> world_;
};

}  // namespace gannet::net
