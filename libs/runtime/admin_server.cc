#include "libs/runtime/admin_server.h"

#include <charconv>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/status.h"

namespace gannet::runtime {
namespace {

// Scrapers and probes: few, and each asks little.
constexpr size_t kMaxConnections = 32;
constexpr size_t kMaxBody = 4u << 10;

struct HostPort {
  std::string host;
  uint16_t port = 0;
};

absl::StatusOr<HostPort> Parse(const std::string& address) {
  const size_t colon = address.rfind(':');
  HostPort parsed;
  if (colon != std::string::npos) {
    parsed.host = address.substr(0, colon);
    const std::string_view port = std::string_view(address).substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
    if (error == std::errc() && end == port.data() + port.size() && !parsed.host.empty()) {
      if (parsed.host.front() == '[' && parsed.host.back() == ']')
        parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
      return parsed;
    }
  }
  return absl::InvalidArgumentError(
      base::Concat({"--admin-address: '", address, "' is none; write 127.0.0.1:9464, or off"}));
}

net::HttpResponse Text(int status, std::string body) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
}

}  // namespace

absl::Status CheckAdminAddress(const std::string& address) {
  return address.empty() || address == kNoAdminPort ? absl::OkStatus() : Parse(address).status();
}

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const std::string& address,
                                                                net::Network& network,
                                                                const HealthBoard& health,
                                                                telemetry::Metrics& metrics,
                                                                telemetry::Log& log) {
  GANNET_ASSIGN_OR_RETURN(const HostPort parsed, Parse(address));
  const bool loopback =
      parsed.host == "127.0.0.1" || parsed.host == "::1" || parsed.host == "localhost";
  std::unique_ptr<AdminServer> server(new AdminServer(health, metrics, loopback));
  auto listener = network.Listen({.address = parsed.host,
                                  .public_plaintext = true,
                                  .port = parsed.port,
                                  .max_body_bytes = kMaxBody,
                                  .max_connections = kMaxConnections},
                                 *server);
  if (!listener.ok()) return base::Annotate(listener.status(), "--admin-address");
  server->listener_ = *std::move(listener);
  log.Info("admin_listening", {{"address", parsed.host}, {"port", server->port()}});
  return server;
}

net::HttpResponse AdminServer::Ready() const {
  const Health health = health_.Overall();
  std::string body = health.state == HealthState::kServing    ? "serving\n"
                     : health.state == HealthState::kDegraded ? "degraded\n"
                                                              : "not serving\n";
  if (loopback_) {
    for (const std::string& reason : health.reasons) (body += reason) += '\n';
  }
  return Text(health.state == HealthState::kNotServing ? 503 : 200, std::move(body));
}

void AdminServer::OnRequest(net::HttpRequest request, std::string_view, Respond respond) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  const bool known = path == "/livez" || path == "/readyz" || path == "/metrics";
  if (!known) return respond(Text(404, "there are /livez, /readyz and /metrics\n"));
  if (request.method != "GET" && request.method != "HEAD") {
    net::HttpResponse refused = Text(405, "this port is read only\n");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return respond(std::move(refused));
  }
  net::HttpResponse response = path == "/livez"    ? Text(200, "alive\n")
                               : path == "/readyz" ? Ready()
                                                   : Text(200, metrics_.Exposition());
  if (path == "/metrics")
    response.headers.front().second = "text/plain; version=0.0.4; charset=utf-8";
  if (request.method == "HEAD") response.body.clear();
  respond(std::move(response));
}

net::WebSocket::Handler AdminServer::OnWebSocket(const net::HttpRequest&, std::string_view,
                                                 std::shared_ptr<net::WebSocket>) {
  return {};
}

}  // namespace gannet::runtime
