// gannet.order.v1.OrderService: orders folded from intents, verdicts and reports on
// the bus; what changes something goes through command::Commands.
//
// Bounded: kKeptOrders that are open, and of those that ended as many as kEnded holds,
// encoded. One that something is heard of after its end is as good as new.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gannet/order/v1/order_service.pb.h"
#include "libs/api/feed.h"
#include "libs/base/record_ring.h"
#include "libs/bus/topics.h"
#include "libs/command/commands.h"
#include "libs/market/standing.h"
#include "libs/rpc/server.h"

namespace gannet::api {

class OrderApi {
 public:
  static constexpr size_t kKeptOrders = 2'000;
  static constexpr FeedSize kEnded{.events = 2'000, .bytes = 1u << 20};
  static constexpr int kMostChildren = 1'000;  // of a parent, in one answer
  static constexpr FeedSize kKept{.events = 5'000, .bytes = 1u << 20};  // to resume streams

  // `commands` may be null (a process that faces nobody): then orders are only shown.
  OrderApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch, command::Commands* commands);

  // Open orders from before the bus told of them, but for those that it told of since.
  void Take(const market::Standing& standing);

 private:
  struct Sums {
    uint64_t created = 0;      // place among all orders
    market::Int128 value = 0;  // sum of price × quantity of its fills
    int64_t filled = 0;
  };
  struct Known : Sums {
    order::v1::Order order;
  };
  struct Ended : Sums {
    size_t id = 0;  // hash of its client order id
  };
  // One of the orders; valid until the next event.
  struct Place {
    uint64_t created;
    const Known* open;  // null: `ended`
    size_t ended;
  };
  void OnIntent(const Feed::Item& item);
  void OnParent(const Feed::Item& item);
  void OnDecision(const Feed::Item& item);
  void OnReport(const Feed::Item& item);
  bool Knows(const std::string& id) const { return open_.contains(id) || FindEnded(id); }
  std::optional<order::v1::Order> Find(const std::string& id) const;
  // The newest that `ended_` has of it.
  std::optional<size_t> FindEnded(const std::string& id) const;
  order::v1::Order OrderAt(size_t ended) const;
  std::vector<Place> ByAge() const;  // newest first
  order::v1::Order OrderAt(const Place& place) const;
  // To be changed, and then to be Settled.
  Known& Make(const std::string& id);
  void Settle(const std::string& id);
  void Serve(rpc::Server& server);
  void ServeChanges(rpc::Server& server);
  // Gives the command; `answer` makes the response of its result.
  template <class Response>
  void Give(const rpc::CallPtr& call, market::Command command, command::Progress wait_for);

  command::Commands* const commands_;
  std::map<std::string, Known> open_;  // by client order id
  base::RecordRing<Ended> ended_{kEnded.events, kEnded.bytes};
  uint64_t created_ = 0;
  Feed feed_;
};

}  // namespace gannet::api
