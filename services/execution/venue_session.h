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
  net::Url rights;  // of RequestKind::kKeyRights
  std::string key_header, api_key;
  base::Duration request_timeout = std::chrono::seconds(10);
  net::ReconnectOptions reconnect;
  // Set: the stream's address ends with a key that is asked for (RequestKind::kStreamKey).
  // The path behind `stream`'s own, of the body that brings the key. When to ask, and
  // again after a connection has ended, is the engine's to say.
  std::function<absl::StatusOr<std::string>(std::string_view body)> path_of_key;
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
  // `keys`: the answer holds a stream key.
  void OnResult(uint64_t id, bool keys, const net::HttpResult& result);
  // Opens the stream and takes the key out of the record.
  void OnStreamKey(wire::HttpExchange& exchange);
  void TellClosed(std::string why) {
    handlers_.on_stream({"own", wire::StreamEvent::Kind::kClosed, std::move(why)});
  }

  VenueSessionOptions options_;
  const std::string stream_root_;  // path of the stream before any key
  net::Network& network_;
  base::Executor& executor_;
  const base::Clock& clock_;
  telemetry::Log& log_;
  const Handlers handlers_;
  net::ReconnectPolicy reconnect_;
  std::unique_ptr<net::WebSocket> stream_;
  bool stream_open_ = false, running_ = false;
  bool connecting_ = false;  // keyed
  base::Duration opened_at_{0};
  uint64_t connections_ = 0;
  base::TimerId timer_ = base::TimerId::kNone;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gannet::execution
