// What the firm's portfolio could lose, as a page reads it: amounts exact decimals in
// strings, shares as numbers.
#pragma once

#include <string>

#include "services/risk/risk_service.h"

namespace gannet::risk {

// "state" is "off" (the limits file has no section portfolio), "waiting" (too few prices yet;
// "note" says how many are missing) or "ready".
std::string PortfolioJson(const RiskService& service);

}  // namespace gannet::risk
