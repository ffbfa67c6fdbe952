// The admin port of a process, for machines that watch it: plain HTTP, read-only, apart
// from everything that people use.
//
//   GET /livez    200 while the loop turns; restart the process when it does not answer
//   GET /readyz   200 while it serves (also degraded), 503 otherwise; the reasons as text
//   GET /metrics  Prometheus text format
//
// It may listen beyond loopback without TLS (kubelet and Prometheus come without
// certificates), so nothing here names an account, an instrument or a person: reasons
// are shown on loopback only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/net/network.h"
#include "libs/runtime/health.h"
#include "libs/telemetry/log.h"
#include "libs/telemetry/metrics.h"

namespace gannet::runtime {

inline constexpr char kNoAdminPort[] = "off";

class AdminServer : private net::ServerHandler {
 public:
  // `address`: "127.0.0.1:9464", "[::1]:0", "0.0.0.0:9464". INVALID_ARGUMENT: it is none;
  // otherwise why it cannot be listened on. All else outlives it. Executor's thread.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(const std::string& address,
                                                            net::Network& network,
                                                            const HealthBoard& health,
                                                            telemetry::Metrics& metrics,
                                                            telemetry::Log& log);
  uint16_t port() const { return listener_->port(); }

 private:
  AdminServer(const HealthBoard& health, telemetry::Metrics& metrics, bool loopback)
      : health_(health), metrics_(metrics), loopback_(loopback) {}
  void OnRequest(net::HttpRequest request, std::string_view peer, Respond respond) override;
  net::WebSocket::Handler OnWebSocket(const net::HttpRequest& request, std::string_view peer,
                                      std::shared_ptr<net::WebSocket> socket) override;
  net::HttpResponse Ready() const;

  const HealthBoard& health_;
  telemetry::Metrics& metrics_;
  const bool loopback_;
  std::unique_ptr<net::Listener> listener_;
};

// Whether it is one: the same check, for a command line.
absl::Status CheckAdminAddress(const std::string& address);

}  // namespace gannet::runtime
