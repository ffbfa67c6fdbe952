// Orders over a WebSocket of their own: requests are frames that name themselves, answers
// come in any order. An answer becomes the exchange that the same request would have been
// over REST, so that one decoder reads both.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/wire/codec.h"

namespace gannet::venue {

// How requests and answers are told apart on such a connection. Pure functions.
struct SocketProtocol {
  // The name that a frame of ours carries; empty: it is not a request of an order.
  std::string (*id_of_request)(std::string_view frame) = nullptr;
  struct Answered {
    std::string id;
    wire::HttpExchange exchange;  // without request id
  };
  // Nothing: not an answer to a request that carries a name.
  std::optional<Answered> (*read)(std::string_view frame) = nullptr;
};

// Marks an exchange that came by a socket, in its headers.
inline constexpr std::string_view kByHeader = "by", kBySocket = "socket";

}  // namespace gannet::venue
