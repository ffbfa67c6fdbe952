// Answers of Bybit's trade WebSocket as exchanges: `data` is what `result` is over REST.
// Source: Bybit's v5 docs, websocket/trade/guideline.
#pragma once

#include "libs/venue/socket_answer.h"

namespace gannet::venue::bybit {

venue::SocketProtocol SocketProtocolOf();

}  // namespace gannet::venue::bybit
