// The WebSocket over which orders go where the settings say so. A request is answered
// exactly once: by the venue's frame of its name, or by the reason why none came. Bytes
// that did not leave are said to be so, and may go another way when it is for want of a
// connection; what had left when the connection broke, or was not answered in time, has an
// open fate, and is never sent again from here.
//
// On the network's executor thread. After Stop, or once destroyed, no handler is called.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/base/rng.h"
#include "libs/net/network.h"
#include "libs/net/reconnect.h"
#include "libs/telemetry/log.h"
#include "libs/venue/socket_answer.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {

// The connection's name in the records of streams.
inline constexpr char kOrderSocketName[] = "orders";

struct OrderSocketOptions {
  net::Url url;
  venue::SocketProtocol protocol;
  std::string ping;  // a frame that keeps the connection; empty: none is needed
  base::Duration request_timeout = std::chrono::seconds(10);
  net::ReconnectOptions reconnect;
};

class OrderSocket {
 public:
  static constexpr size_t kMaxUnderWay = 1000;

  struct Handlers {
    std::function<void(wire::HttpExchange)> on_answer;
    std::function<void(wire::StreamEvent)> on_event;  // opened, closed, frames without a request
  };

  OrderSocket(OrderSocketOptions options, net::Network& network, base::Executor& executor,
              const base::Clock& clock, base::Rng rng, telemetry::Log& log, Handlers handlers);
  ~OrderSocket();
  OrderSocket(const OrderSocket&) = delete;
  OrderSocket& operator=(const OrderSocket&) = delete;

  void Start();
  void Send(OutgoingRequest request);
  // A frame that is no request of an order, such as a login.
  void SendFrame(const std::string& text);
  void Restart(std::string why);
  void Stop();
  uint64_t sent() const { return sent_; }

 private:
  struct Pending {
    uint64_t request = 0;
    base::TimerId deadline = base::TimerId::kNone;
  };
  void Connect();
  void OnClosed(std::string why);
  void OnMessage(std::string_view text);
  void OnDeadline(const std::string& id);
  // No byte left.
  void Refuse(uint64_t request, std::string why, bool another_way = false);
  void Beat();
  std::function<void()> Guard(std::function<void()> task);

  const OrderSocketOptions options_;
  net::Network& network_;
  base::Executor& executor_;
  const base::Clock& clock_;
  telemetry::Log& log_;
  const Handlers handlers_;
  net::ReconnectPolicy reconnect_;
  std::unique_ptr<net::WebSocket> socket_;
  bool open_ = false, running_ = false;
  base::Duration opened_at_{0};
  uint64_t connections_ = 0, sent_ = 0;
  std::map<std::string, Pending> pending_;
  base::TimerId timer_ = base::TimerId::kNone, beat_ = base::TimerId::kNone;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::execution
