// What is to be sent on WebSocket connections once its cause is durable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gannet::venue_sim {

enum class ConnectionId : uint64_t {};

class Outbox {
 public:
  struct Item {
    ConnectionId to;
    std::shared_ptr<const std::string> text;
    bool close = false;  // after the text, if any
  };
  void Send(ConnectionId to, std::shared_ptr<const std::string> text) {
    items_.push_back({to, std::move(text)});
  }
  void Send(ConnectionId to, std::string text) {
    Send(to, std::make_shared<const std::string>(std::move(text)));
  }
  void Close(ConnectionId to) { items_.push_back({to, nullptr, true}); }
  bool empty() const { return items_.empty(); }
  std::vector<Item> Take() { return std::exchange(items_, {}); }

 private:
  std::vector<Item> items_;
};

}  // namespace gannet::venue_sim
