// How a Call reaches Bybit v5: REST with the signature in headers, over timestamp,
// key, receive window and then the query or the JSON body exactly as sent; or a
// frame on the trade WebSocket, which is authenticated once a connection. Source:
// Bybit's v5 docs, guide ("Authentication"), websocket/wss-authentication,
// websocket/trade/guideline. Keys: HMAC, or RSA of one's own; no Ed25519.
//
// Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "libs/base/time.h"
#include "libs/venue/order_call.h"
#include "libs/venue/signer.h"

namespace gannet::venue::bybit {

inline constexpr std::string_view kKeyHeader = "X-BAPI-API-KEY",
                                  kTimestampHeader = "X-BAPI-TIMESTAMP",
                                  kWindowHeader = "X-BAPI-RECV-WINDOW",
                                  kSignatureHeader = "X-BAPI-SIGN";

WireRequest ToRest(const Call& call, const Signer& signer, std::string_view api_key, base::Time now,
                   base::Duration window);
// `id` comes back in the answer as reqId. The call has an operation.
WireRequest ToFrame(const Call& call, std::string_view id, base::Time now, base::Duration window);

// First frame of a private or trade connection; the signature expires at `expires`.
WireRequest Authenticate(const Signer& signer, std::string_view api_key, std::string_view id,
                         base::Time expires);
// Own updates on the private stream, once authenticated: "order", "execution",
// "wallet", "position", "dcp.future", …
WireRequest Subscribe(std::string_view id, std::span<const std::string_view> topics);
// Keeps the connection: at least every 20 s.
WireRequest Ping(std::string_view id);

}  // namespace gannet::venue::bybit
