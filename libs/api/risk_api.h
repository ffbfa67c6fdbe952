// gannet.risk.v1.RiskService as far as the bus and command::Commands tell: states,
// kill switch, decisions, proposals of limits. Limits and exposure are the risk service's own
// (services/risk/risk_rpc.h).
#pragma once

#include <map>

#include "libs/api/feed.h"
#include "libs/bus/topics.h"
#include "libs/command/commands.h"
#include "libs/market/limits.h"
#include "libs/rpc/server.h"

namespace gannet::api {

class RiskApi {
 public:
  static constexpr size_t kKeptScopes = 5'000;
  static constexpr FeedSize kKeptStates{.events = 5'000, .bytes = 128u << 10};
  static constexpr FeedSize kKeptDecisions{.events = 2'000, .bytes = 768u << 10};

  // `commands` may be null: then states are only shown.
  RiskApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch, command::Commands* commands);

 private:
  void Serve(rpc::Server& server);
  void ServeChanges(rpc::Server& server);
  void ServeProposals(rpc::Server& server);
  template <class Request, class Response>
  void Change(const rpc::CallPtr& call, const Request& request, market::CommandKind kind,
              market::TradingState state);

  template <class Request, class Response>
  void ChangeLimits(rpc::Server& server, const char* method, market::CommandKind kind);

  command::Commands* const commands_;
  std::map<market::Scope, Feed::Item> states_;
  market::LimitRecord limits_;
  Feed feed_, decisions_;
};

}  // namespace gannet::api
