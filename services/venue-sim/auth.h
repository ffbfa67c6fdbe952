// Who asks: API keys, HMAC-SHA256 signatures and the timing rule.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"
#include "services/venue-sim/orders.h"
#include "services/venue-sim/params.h"

namespace gannet::venue_sim {

struct ApiKey {
  std::string key, secret;
  AccountIndex account = 0;
  // What the venue says of it when asked; nothing acts on them.
  bool may_withdraw = false, ip_restricted = true, may_trade_futures = false;
};

class Authenticator {
 public:
  explicit Authenticator(std::vector<ApiKey> keys) : keys_(std::move(keys)) {}

  // -2014 and -2015 of the venue.
  Answer<const ApiKey*> CheckKey(std::string_view key) const;
  // -1102, -1022 for the signature over `payload`; -1021, -1131 for the time.
  std::optional<ApiError> CheckSignature(const ApiKey& key, std::string_view payload,
                                         const Params& params, base::Time now) const;

 private:
  const std::vector<ApiKey> keys_;
};

// What a WebSocket API request signs: all parameters but the signature, sorted
// by name, as name=value joined by &.
std::string SortedPayload(const Params& params);

}  // namespace gannet::venue_sim
