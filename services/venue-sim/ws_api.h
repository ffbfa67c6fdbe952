// The WebSocket APIs, spot's (/ws-api/v3) and the perpetuals' (/ws-fapi/v1): the endpoints of
// api.h as JSON requests, and spot's user data stream by userDataStream.subscribe.signature.
// Sessions need Ed25519 keys, which this venue does not issue.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "services/venue-sim/api.h"
#include "services/venue-sim/outbox.h"

namespace gannet::venue_sim {

class WsApi {
 public:
  static constexpr size_t kMaxSubscriptions = 1000;  // over the life of one connection

  WsApi(Api& api, RateLimits& limits, RateLimits& usdm_limits, const Exchange& exchange,
        Outbox& outbox)
      : api_(api),
        limits_(limits),
        usdm_limits_(usdm_limits),
        exchange_(exchange),
        outbox_(outbox) {}

  void Open(ConnectionId id, std::string address, bool usdm);
  void Close(ConnectionId id) { connections_.erase(id); }
  void OnMessage(ConnectionId id, std::string_view text);
  // To every subscription of that account; `event` is the event's JSON.
  void Publish(AccountIndex account, const std::string& event);
  // To every connection.
  void PublishAll(const std::string& text);

  size_t connections() const { return connections_.size(); }

 private:
  struct Connection {
    std::string address;
    bool usdm = false;
    std::map<uint64_t, AccountIndex> subscriptions;  // by subscription id
    uint64_t next_subscription = 0;
  };
  struct Request;

  ApiReply Answer(Connection& connection, const Request& request, ApiRequest& api_request);
  ApiReply Subscribe(Connection& connection, const ApiRequest& request);
  ApiReply Unsubscribe(Connection& connection, const ApiRequest& request);
  ApiReply ListSubscriptions(const Connection& connection) const;
  std::string Envelope(const Connection& connection, const std::string& id, const ApiReply& reply,
                       bool with_limits);

  RateLimits& LimitsOf(const Connection& connection) {
    return connection.usdm ? usdm_limits_ : limits_;
  }

  Api& api_;
  RateLimits& limits_;
  RateLimits& usdm_limits_;
  const Exchange& exchange_;
  Outbox& outbox_;
  std::map<ConnectionId, Connection> connections_;
};

}  // namespace gannet::venue_sim
