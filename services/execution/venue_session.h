// The connections of execution to one venue: HTTP for requests, a WebSocket for
// own updates that comes back by itself. Knows nothing of orders.
//
// On the network's executor thread. What comes back goes to the handlers; a
// request gets exactly one answer or the reason why there is none. After Stop, or
// once destroyed, no handler is called.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/base/rng.h"
#include "libs/net/network.h"
#include "libs/net/reconnect.h"
#include "libs/telemetry/log.h"
#include "libs/wire/codec.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {

struct VenueSessionOptions {
  net::Url rest, stream;
  std::string key_header, api_key;
  base::Duration request_timeout = std::chrono::seconds(10);
  net::ReconnectOptions reconnect;
};

class VenueSession {
 public:
  struct Handlers {
    std::function<void(wire::HttpExchange)> on_answer;
    std::function<void(wire::StreamEvent)> on_stream;
  };

  VenueSession(VenueSessionOptions options, net::Network& network, base::Executor& executor,
               const base::Clock& clock, base::Rng rng, telemetry::Log& log, Handlers handlers);
  ~VenueSession();
  VenueSession(const VenueSession&) = delete;
  VenueSession& operator=(const VenueSession&) = delete;

  void Start();
  // Over HTTP, or on the stream when the request has no method. A frame that the
  // stream does not take is lost; the stream is then restarted.
  void Send(OutgoingRequest request);
  void RestartStream();
  void Stop();
  bool stream_open() const { return stream_open_; }

 private:
  void Connect();
  void Later();
  void OnClosed(absl::Status why);
  void OnResult(uint64_t id, const net::HttpResult& result);

  const VenueSessionOptions options_;
  net::Network& network_;
  base::Executor& executor_;
  const base::Clock& clock_;
  telemetry::Log& log_;
  const Handlers handlers_;
  net::ReconnectPolicy reconnect_;
  std::unique_ptr<net::WebSocket> stream_;
  bool stream_open_ = false, running_ = false;
  base::Duration opened_at_{0};
  uint64_t connections_ = 0;
  base::TimerId timer_ = base::TimerId::kNone;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::execution
