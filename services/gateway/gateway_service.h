// Serves the view over HTTP, read-only, on loopback.
//
//   GET /health/live   200 while the process turns
//   GET /health/ready  200, or 503 with the reasons
//   GET /v1/state      everything; /v1/{markets,signals,orders,fills,positions} parts
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/bus/bus.h"
#include "libs/net/network.h"
#include "libs/runtime/service.h"
#include "services/gateway/config.h"
#include "services/gateway/view.h"

namespace gannet::gateway {

class GatewayService : public runtime::Service, private net::ServerHandler {
 public:
  // `platform_health` tells of all services hosted here.
  using HealthSource = std::function<runtime::Health()>;
  GatewayService(GatewayConfig config, runtime::Deps& deps, HealthSource platform_health);

  std::string_view name() const override { return "gateway"; }
  absl::Status Start() override;
  void Drain(std::function<void()> done) override;
  runtime::Health health() const override;

  const View& view() const { return view_; }
  uint16_t port() const { return listener_ != nullptr ? listener_->port() : 0; }

 private:
  void OnRequest(net::HttpRequest request, std::string_view peer, Respond respond) override;
  net::WebSocket::Handler OnWebSocket(const net::HttpRequest&, std::string_view,
                                      std::shared_ptr<net::WebSocket>) override {
    return {};
  }
  net::HttpResponse Answer(const net::HttpRequest& request) const;
  template <class T>
  void Watch(const bus::Topic<T>& topic);

  const GatewayConfig config_;
  const base::Clock& clock_;
  net::Network& network_;
  bus::Bus& bus_;
  telemetry::Log log_;
  HealthSource platform_health_;
  View view_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::unique_ptr<bus::Subscription>>
      subscriptions_;  // last: no handler runs once they are gone
};

}  // namespace gannet::gateway
