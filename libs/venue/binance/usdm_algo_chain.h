// The two identities of a USD-M stop order. It lives at the algo endpoint until it
// triggers; then it is an ordinary order with an id of its own, and the algo endpoint
// only remembers it. Queries, cancels and the proof of absence follow the chain: the
// normal endpoints answer "unknown order" for the first identity, which proves nothing.
//
// Pure state; the caller keeps it beside the order.
#pragma once

#include <string>

#include "libs/venue/binance/usdm_codec.h"
#include "libs/venue/binance/usdm_requests.h"

namespace gannet::venue::binance::usdm {

class AlgoChain {
 public:
  // `algo_id` and `actual_order_id` as far as known.
  AlgoChain(std::string symbol, std::string client_algo_id, std::string algo_id = {},
            std::string actual_order_id = {});

  // What an answer or an event says of it. False: it speaks of another order, or names
  // a second actual order, which no order may have; nothing changes then.
  bool Apply(const AlgoOrder& order);
  bool Apply(const AlgoEvent& event);

  // The order that it became; empty before that is known.
  const std::string& actual_order_id() const { return actual_order_id_; }
  // The algo side has ended without an order: cancelled, expired or rejected there.
  bool ended_untriggered() const { return ended_ && actual_order_id_.empty(); }

  // Of the newest identity: the order where it is known, the algo order before.
  Call Query() const;
  Call Cancel() const;

 private:
  bool Accept(const Integer& algo_id, const Text& client_algo_id, const Text& status,
              const Text& actual_order_id);

  std::string symbol_, client_algo_id_, algo_id_, actual_order_id_;
  bool ended_ = false;
};

}  // namespace gannet::venue::binance::usdm
