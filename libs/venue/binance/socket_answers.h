// Answers of Binance's WebSocket APIs (spot ws-api, USD-M ws-fapi) as exchanges. Source:
// web-socket-api.md of the spot API docs, "Response format"; the futures' general
// information has the same.
#pragma once

#include "libs/venue/socket_answer.h"

namespace gannet::venue::binance {

venue::SocketProtocol SocketProtocolOf();

}  // namespace gannet::venue::binance
