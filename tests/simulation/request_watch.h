// Judges what leaves the platform at the moment it does, at the client's side of the
// network: I7 no signed request while the venue has said to wait, I8 no order without a
// permitted verdict over the same values. Also tells the story of a run (--trace).
//
// One thread. Outlives the platform's starts, not the network.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/market/order.h"
#include "libs/net/network.h"
#include "libs/runtime/shard.h"
#include "services/execution/execution_state.h"
#include "tests/simulation/sent_orders.h"

namespace gannet::simulation {

using Tracer = std::function<void(std::string_view)>;

class RequestWatch : public net::Network {
 public:
  RequestWatch(net::Network& network, const base::Clock& clock, Tracer trace)
      : network_(network), clock_(clock), trace_(std::move(trace)) {}

  // Learns the verdicts of this start of the platform, which knows instruments by `states`.
  void Observe(runtime::Shard& shard, std::vector<const execution::ExecutionState*> states);
  // The start is over. What it heard of waits the next one knows, but for what may not have
  // come to the disk.
  void Forget();

  // At the message of this number (0: none) the process dies: `die` is told, nothing leaves
  // or comes in any more until the next Observe. A request or frame that leaves is two
  // messages, before it has left and after; an answer or frame of the own stream too,
  // before it is handled and after.
  void DieAt(uint64_t message, std::function<void()> die) {
    die_at_ = message;
    die_ = std::move(die);
  }
  uint64_t messages() const { return messages_; }
  bool dead() const { return dead_; }

  // What was found since the last call, one line each.
  std::vector<std::string> TakeViolations() { return std::exchange(violations_, {}); }
  void Trace(std::string_view text) const {
    if (trace_) trace_(text);
  }

  // net::Network.
  void Http(const net::Url& base, net::HttpRequest request, net::HttpLimits limits,
            std::function<void(net::HttpResult)> done) override;
  std::unique_ptr<net::WebSocket> Connect(const net::Url& url, net::WebSocketOptions options,
                                          net::WebSocket::Handler handler) override;
  absl::StatusOr<std::unique_ptr<net::Listener>> Listen(net::ListenOptions options,
                                                        net::ServerHandler& handler) override {
    return network_.Listen(std::move(options), handler);
  }

 private:
  // Counts a message; true: nobody lives to see it.
  bool Dies();
  void Judge(const net::Url& venue, const net::HttpRequest& request);
  void JudgeOrder(const net::HttpRequest& request, const SentOrder& sent);
  void JudgeAmendment(const net::HttpRequest& request, const SentOrder& sent);
  const market::Instrument* DefinitionOf(const market::OrderIntent& intent) const;
  market::Quantity FilledOf(const market::ClientOrderId& id) const;
  std::string NameOf(const SentOrder& sent) const;
  void NoteAnswer(const net::Url& venue, std::string_view kind, const net::HttpResult& result);
  void Learn(const bus::TopicInfo& topic, const void* event);
  void LearnEmergency(const wire::EngineNote& note);

  struct Wait {
    base::Time heard, until;
    std::string_view kind;  // of requests that must wait; empty: of all
  };
  net::Network& network_;
  const base::Clock& clock_;
  const Tracer trace_;                                    // empty: nobody listens
  std::map<std::string, market::OrderIntent> permitted_;  // by client order id
  // To these quantities and prices; by the order's.
  std::map<std::string, std::set<std::pair<int64_t, int64_t>>> amended_;
  std::vector<const execution::ExecutionState*> states_;
  std::map<uint16_t, std::vector<Wait>> waits_;  // by the venue's port
  uint64_t messages_ = 0, die_at_ = 0;
  std::function<void()> die_;
  bool dead_ = false, last_frame_asks_ = false;
  uint64_t generation_ = 0;  // of the platform: answers to an older one tell nobody
  std::vector<std::string> violations_;
};

}  // namespace gannet::simulation
