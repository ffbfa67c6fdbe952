// Limits beside what is used of them, from what the view knows: positions and open
// orders at the mid. Amounts are exact; what has no price is counted apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/market/limits.h"
#include "services/gateway/view.h"

namespace gannet::gateway {

struct Usage {
  market::LimitRow limit;
  std::string scope_name;             // of the scope measured; of a "*" entry each one seen
  std::optional<market::Money> used;  // nothing: not to be told from here
  uint64_t unpriced = 0;              // positions and orders that are not in it
};

// Of gross, net, long, short, open notional and open orders, for firm, accounts,
// strategies, venues and instruments; in the order of `limits`.
std::vector<Usage> UsageOf(const View& view, const std::vector<market::LimitRow>& limits);

}  // namespace gannet::gateway
