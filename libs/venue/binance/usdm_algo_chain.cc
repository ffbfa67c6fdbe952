#include "libs/venue/binance/usdm_algo_chain.h"

namespace gannet::venue::binance::usdm {

AlgoChain::AlgoChain(std::string symbol, std::string client_algo_id, std::string algo_id,
                     std::string actual_order_id)
    : symbol_(std::move(symbol)),
      client_algo_id_(std::move(client_algo_id)),
      algo_id_(std::move(algo_id)),
      actual_order_id_(std::move(actual_order_id)) {}

bool AlgoChain::Accept(const Integer& algo_id, const Text& client_algo_id, const Text& status,
                       const Text& actual_order_id) {
  const std::string id = algo_id ? std::to_string(*algo_id) : std::string();
  if (client_algo_id && *client_algo_id != client_algo_id_) return false;
  if (!algo_id_.empty() && id != algo_id_) return false;
  // Before it triggers the field is empty, or "0".
  const std::string actual =
      actual_order_id && *actual_order_id != "0" ? *actual_order_id : std::string();
  if (!actual.empty() && !actual_order_id_.empty() && actual != actual_order_id_) return false;
  algo_id_ = id;
  if (!actual.empty()) actual_order_id_ = actual;
  ended_ = ended_ || status == "CANCELED" || status == "EXPIRED" || status == "REJECTED";
  return true;
}

bool AlgoChain::Apply(const AlgoOrder& order) {
  return Accept(order.algo_id, order.client_algo_id, order.status, order.actual_order_id);
}
bool AlgoChain::Apply(const AlgoEvent& event) {
  return Accept(event.algo_id, event.client_algo_id, event.status, event.actual_order_id);
}

Call AlgoChain::Query() const {
  if (!actual_order_id_.empty()) return QueryOrder(symbol_, {actual_order_id_, ""});
  return QueryAlgo({algo_id_, client_algo_id_});
}

Call AlgoChain::Cancel() const {
  if (!actual_order_id_.empty()) return usdm::Cancel(symbol_, {actual_order_id_, ""});
  return CancelAlgo({algo_id_, client_algo_id_});
}

}  // namespace gannet::venue::binance::usdm
