// Limits beside what is used of them, from what the view knows: positions and open
// orders, counted and valued as the gate does (docs/risk-controls.md, "Cell"), at the
// mid. Amounts are exact; what has no price is counted apart. What a parent order has not
// given out yet the view does not know: the gate counts it, this does not.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/market/limits.h"
#include "services/gateway/view.h"

namespace gannet::gateway {

// How an amount of a quote asset becomes one of the asset that limits are in.
struct Valuation {
  market::AssetId asset;
  std::set<market::AssetId> at_par;
  std::map<market::AssetId, market::InstrumentId> converted_by;
};
// As the file of a limit set says it; nothing that it does not say.
Valuation ReadValuation(std::string_view limits_file);

struct Usage {
  market::LimitRow limit;
  std::string scope_name;             // of the scope measured; of a "*" entry each one seen
  std::optional<market::Money> used;  // nothing: not to be told from here
  uint64_t unpriced = 0;              // positions and orders that are not in it
};

// Of gross, net, long, short, open notional and open orders, for firm, accounts,
// strategies, venues and instruments; in the order of `limits`.
std::vector<Usage> UsageOf(const View& view, const std::vector<market::LimitRow>& limits,
                           const Valuation& valuation);

}  // namespace gannet::gateway
