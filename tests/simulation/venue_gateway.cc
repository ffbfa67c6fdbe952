#include "tests/simulation/venue_gateway.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace gannet::simulation {
namespace {

constexpr std::string_view kOrder = "/api/v3/order", kOpenOrders = "/api/v3/openOrders",
                           kTrades = "/api/v3/myTrades";

bool IsPath(const net::HttpRequest& request, std::string_view path) {
  return std::string_view(request.target).substr(0, request.target.find('?')) == path;
}

net::HttpResponse Error(int status, int code, std::string_view words) {
  net::HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}};
  response.body = absl::StrCat("{\"code\":", code, ",\"msg\":\"", std::string(words), "\"}");
  return response;
}

net::HttpResponse GatewayError(base::Rng& rng) {
  switch (rng.Between(0, 3)) {
    case 0:
      return Error(503, -1007, "Timeout waiting for response from backend server.");
    case 1:
      return Error(504, -1006, "An unexpected response was received from the message bus.");
    case 2:
      return {503, {}, "<html><body>Service Unavailable</body></html>"};
    default:
      return {502, {}, "<html><body>Bad Gateway</body></html>"};
  }
}

}  // namespace

std::string ParameterOf(const net::HttpRequest& request, std::string_view name) {
  const size_t query = request.target.find('?');
  const std::string text = absl::StrCat(
      "&", query == std::string::npos ? "" : request.target.substr(query + 1), "&", request.body);
  const std::string key = absl::StrCat("&", std::string(name), "=");
  const size_t at = text.find(key);
  if (at == std::string::npos) return {};
  const size_t from = at + key.size();
  return text.substr(from, text.find('&', from) - from);
}

// A socket of which some frames never arrive, although nothing else is wrong.
class VenueGateway::LossySocket : public net::WebSocket {
 public:
  LossySocket(VenueGateway& gateway, bool user, std::shared_ptr<net::WebSocket> socket)
      : gateway_(gateway), user_(user), socket_(std::move(socket)) {}
  bool Send(std::string text) override {
    return gateway_.LoseFrame(user_) || socket_->Send(std::move(text));
  }
  void Close() override { socket_->Close(); }

 private:
  VenueGateway& gateway_;
  const bool user_;
  const std::shared_ptr<net::WebSocket>
      socket_;  // shared with the transport, as the interface has it
};

bool VenueGateway::LoseFrame(bool user) {
  if (!rng_.Chance(user ? faults_.user_frame_lost : faults_.market_frame_lost)) return false;
  ++(user ? stats_.user_frames_lost : stats_.market_frames_lost);
  return true;
}

void VenueGateway::OnRequest(net::HttpRequest request, std::string_view peer, Respond respond) {
  if (rng_.Chance(faults_.told_to_wait)) {
    ++stats_.waits;
    net::HttpResponse wait = Error(429, -1003, "Too much request weight used.");
    wait.headers.emplace_back("Retry-After", std::to_string(rng_.Between(1, 4)));
    return respond(std::move(wait));
  }
  if (request.method == "POST" && IsPath(request, kOrder))
    placed_[ParameterOf(request, "newClientOrderId")] = clock_.Now();
  if (AnswerStale(request, respond)) return;
  if (!rng_.Chance(faults_.gateway_error)) {
    venue_->OnRequest(std::move(request), peer, std::move(respond));
    return;
  }
  ++stats_.errors;
  if (rng_.Chance(0.5)) {
    ++stats_.errors_of_handled;
    venue_->OnRequest(std::move(request), peer, [](const net::HttpResponse&) {});
  }
  respond(GatewayError(rng_));
}

// A back end that has not heard yet of what the matching engine took.
bool VenueGateway::AnswerStale(const net::HttpRequest& request, const Respond& respond) {
  if (faults_.query_lag <= base::Duration(0) || request.method != "GET") return false;
  const base::Time horizon = clock_.Now() - faults_.query_lag;
  const auto young = [horizon](const auto& entry) { return entry.second > horizon; };
  if (IsPath(request, kOrder)) {
    const auto placed = placed_.find(ParameterOf(request, "origClientOrderId"));
    if (placed == placed_.end() || !young(*placed)) return false;
    ++stats_.stale_answers;
    respond(Error(400, -2013, "Order does not exist."));
    return true;
  }
  if (!IsPath(request, kOpenOrders) && !IsPath(request, kTrades)) return false;
  std::erase_if(placed_, [&](const auto& entry) { return !young(entry); });
  if (placed_.empty()) return false;
  ++stats_.stale_answers;
  respond({200, {{"Content-Type", "application/json"}}, "[]"});
  return true;
}

net::WebSocket::Handler VenueGateway::OnWebSocket(const net::HttpRequest& request,
                                                  std::string_view peer,
                                                  std::shared_ptr<net::WebSocket> socket) {
  const bool user = IsPath(request, "/ws-api/v3");
  return venue_->OnWebSocket(request, peer,
                             std::make_shared<LossySocket>(*this, user, std::move(socket)));
}

}  // namespace gannet::simulation
