// The real network: Boost.Beast over one Asio io_context, TLS by OpenSSL (1.2 and
// up; the host's name and the system's CAs are checked). Single-threaded: made,
// used and destroyed on the thread that runs the io_context. No Beast in here.
//
// A request is written at most once. kNotSent is said only when the kernel took
// no byte of it: the bytes handed over are counted below TLS.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/net/network.h"

namespace boost::asio {
class io_context;
}

namespace gannet::net {

struct BeastOptions {
  std::string extra_ca_file;             // PEM, trusted beside the system's CAs; empty: none
  size_t max_connections_per_host = 32;  // HTTP; more requests wait
  size_t max_waiting_per_host = 1024;    // beyond it RESOURCE_EXHAUSTED, not sent
  size_t max_idle_per_host = 8;          // kept for reuse
  base::Duration idle_connection = std::chrono::seconds(30);  // then an unused one is closed
};

// Limits of the server that are the same everywhere.
inline constexpr base::Duration kRequestHeaderTimeout =
    std::chrono::seconds(10);  // from its first byte to its last
inline constexpr base::Duration kRequestBodyTimeout = std::chrono::seconds(30);
inline constexpr base::Duration kAnswerTimeout = std::chrono::seconds(120);  // for the handler
inline constexpr base::Duration kResponseTimeout =
    std::chrono::seconds(30);  // for the client to take it

struct NetworkStats {
  uint64_t requests = 0, requests_failed = 0, requests_refused = 0;
  uint64_t connections_opened = 0, connections_reused = 0, connections_stale = 0;
  uint64_t sockets_opened = 0, sockets_failed = 0,
           messages_refused = 0;  // WebSocket; refused: send buffer full
  uint64_t accepted = 0, accept_failed = 0;
  uint64_t connections_refused = 0;  // above max_connections
  uint64_t connections_ended = 0;    // that asked nothing, for others at that limit
  uint64_t served = 0;               // requests answered by a handler
  uint64_t bad_requests = 0;         // not HTTP
  uint64_t too_large = 0;            // header or body above its limit
  uint64_t timed_out = 0;            // idle, too slow a request, too slow a reader
};

class BeastNetwork : public Network {
 public:
  // INVALID_ARGUMENT: the CA file cannot be read.
  static absl::StatusOr<std::unique_ptr<BeastNetwork>> Create(boost::asio::io_context& io,
                                                              BeastOptions options);
  ~BeastNetwork() override;

  void Http(const Url& base, HttpRequest request, HttpLimits limits,
            std::function<void(HttpResult)> done) override;
  std::unique_ptr<WebSocket> Connect(const Url& url, WebSocketOptions options,
                                     WebSocket::Handler handler) override;
  // PERMISSION_DENIED: an address beyond loopback without TLS. ALREADY_EXISTS: the
  // port is taken. A listener may outlive the network.
  absl::StatusOr<std::unique_ptr<Listener>> Listen(ListenOptions options,
                                                   ServerHandler& handler) override;

  const NetworkStats& stats() const;

 private:
  struct State;
  explicit BeastNetwork(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gannet::net
