// How a Call reaches Binance, spot and futures alike: the query with recvWindow,
// timestamp and signature behind it over REST, or a frame of the WebSocket API
// whose signature covers the parameters sorted by name. Sources: rest-api.md and
// web-socket-api.md of Binance's spot API docs, "SIGNED request security"; general
// information of the USD-M futures documentation.
//
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/time.h"
#include "libs/venue/order_call.h"
#include "libs/venue/signer.h"

namespace gannet::venue::binance {

inline constexpr std::string_view kApiKeyHeader = "X-MBX-APIKEY";

// All parameters travel in the query, whatever the verb: the venue takes them from
// query and body alike.
WireRequest ToRest(const Call& call, const Signer& signer, base::Time now, base::Duration window);

// The same call as a frame; `id` comes back in the answer. The call has an operation.
WireRequest ToFrame(const Call& call, const Signer& signer, std::string_view api_key,
                    std::string_view id, base::Time now, base::Duration window);

}  // namespace gannet::venue::binance
