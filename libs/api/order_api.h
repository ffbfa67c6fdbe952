// gannet.order.v1.OrderService: orders folded from intents, verdicts and reports on
// the bus; what changes something goes through command::Commands.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "gannet/order/v1/order_service.pb.h"
#include "libs/api/feed.h"
#include "libs/bus/topics.h"
#include "libs/command/commands.h"
#include "libs/market/standing.h"
#include "libs/rpc/server.h"

namespace gannet::api {

class OrderApi {
 public:
  static constexpr size_t kKeptOrders = 2'000;  // ended ones fall out first
  static constexpr int kMostChildren = 1'000;   // of a parent, in one answer
  static constexpr FeedSize kKept{.events = 5'000, .bytes = 1u << 20};  // to resume streams

  // `commands` may be null (a process that faces nobody): then orders are only shown.
  OrderApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch, command::Commands* commands);

  // Open orders from before the bus told of them, but for those that it told of since.
  void Take(const market::Standing& standing);

 private:
  struct Known {
    order::v1::Order order;
    uint64_t created = 0;      // place among all orders
    market::Int128 value = 0;  // sum of price × quantity of its fills
    int64_t filled = 0;
  };
  void OnIntent(const Feed::Item& item);
  void OnParent(const Feed::Item& item);
  void OnDecision(const Feed::Item& item);
  void OnReport(const Feed::Item& item);
  Known* Find(const std::string& id);
  Known& Make(const std::string& id);
  void Forget();
  void Serve(rpc::Server& server);
  void ServeChanges(rpc::Server& server);
  // Gives the command; `answer` makes the response of its result.
  template <class Response>
  void Give(const rpc::CallPtr& call, market::Command command, command::Progress wait_for);

  command::Commands* const commands_;
  std::map<std::string, Known> orders_;
  std::map<uint64_t, std::string> by_age_;  // the same
  uint64_t created_ = 0;
  Feed feed_;
};

}  // namespace gannet::api
