// A network that refuses: replay and training must not reach outside, and say so
// if something tries.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "libs/net/network.h"

namespace gannet::net {

class NoNetwork : public Network {
 public:
  void Http(const Url&, HttpRequest, HttpLimits, std::function<void(HttpResult)> done) override {
    done({Refusal(), SendFate::kNotSent, {}});
  }
  std::unique_ptr<WebSocket> Connect(const Url&, WebSocketOptions,
                                     WebSocket::Handler handler) override {
    if (handler.on_close) handler.on_close(Refusal());
    return nullptr;
  }
  absl::StatusOr<std::unique_ptr<Listener>> Listen(ListenOptions, ServerHandler&) override {
    return Refusal();
  }

 private:
  static absl::Status Refusal() {
    return absl::FailedPreconditionError("there is no network in a replay");
  }
};

}  // namespace gannet::net
