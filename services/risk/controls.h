// The controls of the gate: one small function each, in a table ordered by the
// precedence of their reject reason. A control reads the order in its context and
// says whether it fails; it changes nothing and decides nothing else.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>

#include "libs/base/time.h"
#include "libs/market/order.h"
#include "services/risk/exposure_book.h"

namespace gannet::risk {

struct GateSettings {
  base::Duration unanswered_alarm{std::chrono::seconds(10)};
  bool verify_hash = true;
  size_t max_open_orders = kMaxOpenOrders;
};

// One order and everything the controls look up about it, gathered once. A
// control whose data is missing passes: the control that names the absence has
// failed already.
struct OrderContext {
  const market::OrderIntent& intent;
  const ExposureBook& book;
  const GateSettings& settings;
  base::Time now;

  bool account_known = false;
  const InstrumentRow* instrument = nullptr;
  const Leaf* leaf = nullptr;  // null: account or instrument unknown, or no room
  std::array<const ScopeRow*, 5>
      scopes{};  // firm, account, strategy, venue, instrument; all set with `leaf`
  std::array<const Cell*, 3> cells{};  // firm, account, strategy

  market::Price reference;                      // mid of the newest quote; 0: none
  int64_t collar_ppm = 0;                       // tightest; 0: not stated
  market::Price worst;                          // worst-case price; 0: unknown
  std::optional<market::Money> worst_notional;  // at that price, quote asset, rounded up
  std::optional<Value> worst_value;             // the same in the valuation asset
  bool reducing = false;  // closes part of the strategy's own position, open orders counted

  bool buy() const { return intent.side == market::Side::kBuy; }
};

OrderContext MakeContext(const market::OrderIntent& intent, const ExposureBook& book,
                         const GateSettings& settings, base::Time now);

struct Control {
  market::RejectReason reason;
  // True: refused. `detail` may be null; otherwise it gets limit, value and scope.
  bool (*fails)(const OrderContext& context, std::string* detail);
};

// In order of precedence.
std::span<const Control> Controls();

}  // namespace gannet::risk
