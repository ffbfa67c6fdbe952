// The view as JSON: exact decimals as strings, times in ISO 8601 UTC.
#pragma once

#include <string>

#include "libs/base/time.h"
#include "services/gateway/view.h"

namespace gannet::gateway {

// Each is one JSON document; `now` gives ages.
std::string MarketsJson(const View& view, base::Time now);
std::string SignalsJson(const View& view);
std::string OrdersJson(const View& view);
std::string FillsJson(const View& view);
std::string PositionsJson(const View& view);
std::string ProposalsJson(const View& view);
std::string DenialsJson(const View& view);
std::string PredictionsJson(const View& view);
std::string StateJson(const View& view, base::Time now);  // all of the above and counters

}  // namespace gannet::gateway
