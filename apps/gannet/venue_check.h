// Whether a venue can be traded on as it is configured: reached, clocks together, the
// key's rights no more than they must be, instruments and their rules there. Asks
// questions only; sends no order.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/net/network.h"
#include "libs/venue/binance/product.h"
#include "services/execution/config.h"

namespace gannet::app {

enum class Verdict : uint8_t { kOk = 1, kWarning, kFailed, kSkipped };
const char* Name(Verdict verdict);

struct CheckRow {
  std::string name;  // stable, for scripts: "clock"
  Verdict verdict = Verdict::kOk;
  std::string detail;
  std::string remedy;  // what helps; empty when nothing has to be done
};

struct VenueToCheck {
  std::string name;
  venue::binance::Product product = venue::binance::Product::kSpot;
  std::string rest_url;
  std::vector<std::string> symbols;  // that are meant to be traded or watched
  bool trades = false;               // execution sends orders there: a key is needed
  std::string order_url;             // of the order socket; empty: orders go by REST
  std::string key, secret;
  std::string key_problem;  // why there is no key; empty: there is
  std::string self_trade_prevention;
  execution::RateLimits rate;
};

// One request, one answer: waits for it.
using Fetch = std::function<net::HttpResult(net::HttpRequest request)>;
// Whether a WebSocket opens at this address; nothing is said there.
using Knock = std::function<absl::Status(const std::string& url)>;

// Checks whose ground is missing (no answer, no key) are there as kSkipped.
std::vector<CheckRow> CheckVenue(const VenueToCheck& venue, const Fetch& fetch, const Knock& knock,
                                 const base::Clock& clock);

}  // namespace gannet::app
