#include "services/gateway/gateway_service.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "libs/base/status.h"
#include "libs/bus/topics.h"
#include "services/gateway/view_json.h"

namespace gannet::gateway {
namespace {

net::HttpResponse JsonResponse(int status, std::string body) {
  return {status,
          {{"Content-Type", "application/json"},
           {"Cache-Control", "no-store"},
           {"X-Content-Type-Options", "nosniff"}},
          std::move(body)};
}

net::HttpResponse ErrorResponse(int status, const std::string& message) {
  return JsonResponse(status, nlohmann::json{{"error", message}}.dump());
}

const char* Name(runtime::HealthState state) {
  switch (state) {
    case runtime::HealthState::kServing:
      return "serving";
    case runtime::HealthState::kDegraded:
      return "degraded";
    case runtime::HealthState::kNotServing:
      break;
  }
  return "not serving";
}

// A page of a stranger, opened in a browser here, may reach loopback under a name
// of its own (DNS rebinding): only names of this machine are answered.
bool IsLoopbackHost(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1) == "[::1]";
  const std::string_view name = host.substr(0, host.rfind(':'));
  return name == "127.0.0.1" || name == "localhost";
}

net::HttpResponse Readiness(const runtime::Health& health) {
  const nlohmann::ordered_json body{{"state", Name(health.state)}, {"reasons", health.reasons}};
  return JsonResponse(health.state == runtime::HealthState::kNotServing ? 503 : 200,
                      body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

GatewayService::GatewayService(GatewayConfig config, runtime::Deps& deps,
                               HealthSource platform_health)
    : config_(std::move(config)),
      clock_(deps.clock),
      network_(deps.network),
      bus_(deps.bus),
      log_(deps.log.For("gateway")),
      platform_health_(std::move(platform_health)) {
  // Before the shard resumes: what it republishes is part of the picture.
  Watch(bus::kInstruments);
  Watch(bus::kQuotes);
  Watch(bus::kTrades);
  Watch(bus::kMarketStatus);
  Watch(bus::kNewsSignals);
  Watch(bus::kPredictions);
  Watch(bus::kOrderIntents);
  Watch(bus::kRiskDecisions);
  Watch(bus::kExecReports);
  Watch(bus::kPositions);
  Watch(bus::kBalances);
  Watch(bus::kRiskState);
}

template <class T>
void GatewayService::Watch(const bus::Topic<T>& topic) {
  const size_t index = subscriptions_.size();
  subscriptions_.push_back(
      bus_.Subscribe<T>(topic, {.group = "", .start = bus::Start::kEarliest},
                        [this, index](const market::Event<T>& event, bus::Position position) {
                          view_.On(event);
                          subscriptions_[index]->Ack(position);
                        }));
}

absl::Status GatewayService::Start() {
  net::ListenOptions options;
  options.address = config_.address;
  options.port = config_.port;
  GANNET_ASSIGN_OR_RETURN(listener_, network_.Listen(options, *this));
  log_.Info("gateway_listening", {{"address", config_.address}, {"port", listener_->port()}});
  return absl::OkStatus();
}

void GatewayService::Drain(std::function<void()> done) {
  listener_.reset();
  done();
}

runtime::Health GatewayService::health() const {
  if (listener_ == nullptr)
    return {runtime::HealthState::kNotServing, {"the gateway does not listen"}};
  return {runtime::HealthState::kServing, {}};
}

void GatewayService::OnRequest(net::HttpRequest request, std::string_view, Respond respond) {
  respond(Answer(request));
}

net::HttpResponse GatewayService::Answer(const net::HttpRequest& request) const {
  if (!IsLoopbackHost(net::FindHeader(request.headers, "host"))) {
    return ErrorResponse(
        421,
        "the gateway answers as 127.0.0.1, localhost and [::1] only; use one of them in the URL");
  }
  const std::string path = request.target.substr(0, request.target.find('?'));
  const base::Time now = clock_.Now();
  std::function<std::string()> body;
  if (path == "/v1/state") body = [&] { return StateJson(view_, now); };
  if (path == "/v1/markets") body = [&] { return MarketsJson(view_, now); };
  if (path == "/v1/signals") body = [&] { return SignalsJson(view_); };
  if (path == "/v1/orders") body = [&] { return OrdersJson(view_); };
  if (path == "/v1/fills") body = [&] { return FillsJson(view_); };
  if (path == "/v1/positions") body = [&] { return PositionsJson(view_); };
  const bool live = path == "/health/live", ready = path == "/health/ready";
  if (!body && !live && !ready) {
    return ErrorResponse(
        404,
        "no such path; try /v1/state, /v1/{markets,signals,orders,fills,positions}, /health/ready");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    net::HttpResponse response = ErrorResponse(405, "read-only: use GET");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (live) return JsonResponse(200, R"({"state":"serving"})");
  if (ready) return Readiness(platform_health_());
  return JsonResponse(200, body());
}

}  // namespace gannet::gateway
