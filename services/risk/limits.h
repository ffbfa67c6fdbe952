// The limits of the gate: what each scope may do. Plain values; config.h reads
// them from YAML. This is the one home of every limit.
//
// One rule for all of them: every scope of an order (firm, account, strategy,
// venue, instrument) that states a limit checks it, sums against that scope's own
// sums, so a narrower scope can tighten what a wider one grants and never widen
// it. A mandatory limit that no scope of the order states refuses the order.
// Amounts are in the valuation asset with kValueScale digits.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/ids.h"
#include "libs/market/money.h"

namespace gannet::risk {

// An amount of the valuation asset in units of 10^-kValueScale.
using Value = market::Int128;
inline constexpr int kValueScale = 8;

// At most `count` messages (new, replace, cancel) in any `window`.
struct RateLimit {
  uint32_t count = 0;
  base::Duration window{0};
  bool operator==(const RateLimit&) const = default;
};

struct Limits {
  std::optional<Value> max_order_notional;  // control 2: of one order, worst price
  std::optional<int64_t>
      price_collar_ppm;  // control 3: distance from the reference price, up and down
  std::optional<base::Duration> stale_after;  // control 20: age of the newest market data
  std::optional<RateLimit> message_rate;      // control 6
  std::optional<uint32_t> max_open_orders;    // control 8
  std::optional<Value> max_open_notional;     // control 8: unexecuted value
  std::optional<Value> max_long,
      max_short;  // control 9: position in one instrument, open orders counted
  std::optional<Value> max_gross, max_net;  // control 10: over all instruments, open orders counted
  std::optional<Value> max_daily_loss;      // control 13: since 00:00 UTC, realised and open
  std::optional<Value> max_drawdown;        // control 13: from the highest result so far
  // Control 11, optional everywhere: margin of derivatives as a part of their
  // value; 1,000,000 (no leverage) where nothing is stated.
  std::optional<int64_t> initial_margin_ppm;
  bool operator==(const Limits&) const = default;
};

// The mandatory ones, by bit: names for people in kMandatoryLimits.
inline constexpr std::array<std::string_view, 12> kMandatoryLimits = {
    "max_order_notional", "price_collar",      "stale_after",    "message_rate",
    "max_open_orders",    "max_open_notional", "max_long",       "max_short",
    "max_gross",          "max_net",           "max_daily_loss", "max_drawdown"};
// Bit i: kMandatoryLimits[i] is stated.
uint32_t StatedLimits(const Limits& limits);
inline constexpr uint32_t kAllMandatory = (1u << kMandatoryLimits.size()) - 1;

inline constexpr std::string_view kDefaultEntry = "*";
inline constexpr uint32_t kMaxRateCount = 100'000;

struct LimitSet {
  uint64_t version = 1;  // in every verdict; raise it with every change
  market::AssetId valuation_asset{"USDT"};
  std::set<market::AssetId> at_par;  // worth exactly one unit of the valuation asset
  // Worth the reference price of this instrument, whose quote is the valuation
  // asset or at par.
  std::map<market::AssetId, market::InstrumentId> converted_by;

  Limits firm;
  // By name; "*" holds what a named entry leaves open and what an unnamed one
  // has. Accounts must be named to be known.
  std::map<std::string, Limits> accounts, strategies, venues, instruments;
  // Where an account's balances are held when one wallet backs its orders at every
  // venue (a unified account, the paper venue); the others hold them at the
  // instrument's own venue.
  std::map<std::string, std::string> wallets;
  bool operator==(const LimitSet&) const = default;

  // Of a scope, the default entry filled in.
  Limits Of(const market::Scope& scope) const;
  // The venue in the balance updates that back an account's orders at `venue`.
  const std::string& WalletOf(const std::string& account, const std::string& venue) const {
    const auto wallet = wallets.find(account);
    return wallet == wallets.end() ? venue : wallet->second;
  }
  bool KnowsAccount(const std::string& name) const {
    return name != kDefaultEntry && accounts.contains(name);
  }
};

// INVALID_ARGUMENT naming the scope and key that make no sense.
absl::Status Validate(const LimitSet& limits);

std::string FormatValue(Value value);
std::string FormatScope(const market::Scope& scope);  // "account main/paper", "firm"

}  // namespace gannet::risk
