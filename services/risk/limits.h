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
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/ids.h"
#include "libs/market/limits.h"
#include "libs/market/money.h"
#include "libs/market/order.h"
#include "services/risk/portfolio_settings.h"

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

// Control 30: how far a strategy's orders go. Lower is tighter.
enum class Stage : uint32_t { kShadow = 0, kPaper, kCanary, kFull };

// Control 16: what a scope may trade; empty lists do not exist.
struct OrderTypes {
  uint32_t bits = 0;  // 1 << OrderType
  bool Has(market::OrderType type) const {
    const auto bit = static_cast<uint32_t>(type);
    return bit < 32 && (bits >> bit & 1) != 0;
  }
  bool operator==(const OrderTypes&) const = default;
};
struct InstrumentNames {
  std::set<std::string> names;  // "venue:symbol", or "venue:*"
  bool Has(const std::string& instrument, const std::string& venue) const;
  bool operator==(const InstrumentNames&) const = default;
};

// docs/risk-controls.md says what each one does.
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
  // Optional everywhere from here on, but for `stage`.
  std::optional<Value> max_parent_notional;      // control 2, of parents; else max_order_notional
  std::optional<Value> max_order_quantity;       // control 1: instrument units, kValueScale
  std::optional<RateLimit> duplicates;           // control 4
  std::optional<RateLimit> repeated_executions;  // control 5
  std::optional<Value> clip_quantity;            // control 7: instrument units, kValueScale
  std::optional<Value> clip_notional;
  std::optional<uint32_t> clip_fills;
  std::optional<Value> capital;                  // control 12
  std::optional<int64_t> max_concentration_ppm;  // control 14
  std::optional<Value> concentration_above;
  std::optional<Value> max_correlated;
  std::optional<uint32_t> max_instruments, max_venues;  // control 15
  std::optional<bool> restricted;                       // control 16
  std::optional<OrderTypes> permitted_types;
  std::optional<InstrumentNames> permitted_instruments;
  // Flags (docs/flags.md), control 16: false in a scope switches off new orders of that origin.
  std::optional<bool> news_orders, model_orders, manual_orders, parent_orders;
  std::optional<bool> margin_allowed;                       // control 17
  std::optional<bool> self_trade_by_venue;                  // control 18
  std::optional<int64_t> max_move_ppm, max_volatility_ppm;  // control 22
  std::optional<base::Duration> dead_man;                   // control 24
  std::optional<uint32_t> max_orders_per_fill;              // control 25
  std::optional<int64_t> max_cancel_ratio_ppm;              // control 25
  std::optional<RateLimit> breaker;                         // control 26
  std::optional<bool> require_reason, require_model;        // control 29
  std::optional<Stage> stage;                               // control 30, mandatory
  std::optional<Value> canary_notional;
  // Portfolio risk, of the firm: figures of services/risk/portfolio_figures.h.
  std::optional<Value> max_var, max_expected_shortfall;  // the worst of the four methods
  std::optional<Value> max_stress_loss;                  // at the worst moment of any path
  std::optional<int64_t> target_volatility_ppm;          // a year, of capital
  std::optional<int64_t> max_risk_share_ppm;             // of one instrument
  bool operator==(const Limits&) const = default;
};

// Every limit there is, under its key in the file: what lists, compares or inherits
// limits walks this. `visit(name, &Limits::member)` for each.
template <class Visit>
void ForEachLimit(const Visit& visit) {
  visit("max_order_notional", &Limits::max_order_notional);
  visit("price_collar", &Limits::price_collar_ppm);
  visit("stale_after", &Limits::stale_after);
  visit("message_rate", &Limits::message_rate);
  visit("max_open_orders", &Limits::max_open_orders);
  visit("max_open_notional", &Limits::max_open_notional);
  visit("max_long", &Limits::max_long);
  visit("max_short", &Limits::max_short);
  visit("max_gross", &Limits::max_gross);
  visit("max_net", &Limits::max_net);
  visit("max_daily_loss", &Limits::max_daily_loss);
  visit("max_drawdown", &Limits::max_drawdown);
  visit("initial_margin", &Limits::initial_margin_ppm);
  visit("max_parent_notional", &Limits::max_parent_notional);
  visit("max_order_quantity", &Limits::max_order_quantity);
  visit("duplicates", &Limits::duplicates);
  visit("repeated_executions", &Limits::repeated_executions);
  visit("clip_quantity", &Limits::clip_quantity);
  visit("clip_notional", &Limits::clip_notional);
  visit("clip_fills", &Limits::clip_fills);
  visit("capital", &Limits::capital);
  visit("max_concentration", &Limits::max_concentration_ppm);
  visit("concentration_above", &Limits::concentration_above);
  visit("max_correlated", &Limits::max_correlated);
  visit("max_instruments", &Limits::max_instruments);
  visit("max_venues", &Limits::max_venues);
  visit("restricted", &Limits::restricted);
  visit("permitted_types", &Limits::permitted_types);
  visit("permitted_instruments", &Limits::permitted_instruments);
  visit("news_orders", &Limits::news_orders);
  visit("model_orders", &Limits::model_orders);
  visit("manual_orders", &Limits::manual_orders);
  visit("parent_orders", &Limits::parent_orders);
  visit("margin_allowed", &Limits::margin_allowed);
  visit("self_trade_by_venue", &Limits::self_trade_by_venue);
  visit("max_move", &Limits::max_move_ppm);
  visit("max_volatility", &Limits::max_volatility_ppm);
  visit("dead_man", &Limits::dead_man);
  visit("max_orders_per_fill", &Limits::max_orders_per_fill);
  visit("max_cancel_ratio", &Limits::max_cancel_ratio_ppm);
  visit("breaker", &Limits::breaker);
  visit("require_reason", &Limits::require_reason);
  visit("require_model", &Limits::require_model);
  visit("stage", &Limits::stage);
  visit("canary_notional", &Limits::canary_notional);
  visit("max_var", &Limits::max_var);
  visit("max_expected_shortfall", &Limits::max_expected_shortfall);
  visit("max_stress_loss", &Limits::max_stress_loss);
  visit("target_volatility", &Limits::target_volatility_ppm);
  visit("max_risk_share", &Limits::max_risk_share_ppm);
}

// The mandatory ones, by bit: names for people in kMandatoryLimits.
inline constexpr std::array<std::string_view, 13> kMandatoryLimits = {
    "max_order_notional", "price_collar", "stale_after", "message_rate", "max_open_orders",
    "max_open_notional",  "max_long",     "max_short",   "max_gross",    "max_net",
    "max_daily_loss",     "max_drawdown", "stage"};
// Bit i: kMandatoryLimits[i] is stated.
uint32_t StatedLimits(const Limits& limits);
inline constexpr uint32_t kAllMandatory = (1u << kMandatoryLimits.size()) - 1;

inline constexpr std::string_view kDefaultEntry = "*";
// The largest that a ratio may be: what a price did may be more than all of it.
int64_t MostPpm(std::string_view key);

inline constexpr uint32_t kMaxRateCount = 100'000;
inline constexpr uint32_t kMaxDuplicates = 255;  // fewer than the gate remembers

// Base assets whose prices move together, for control 14.
struct CorrelationGroup {
  int64_t rho_ppm = 0;
  std::set<market::AssetId> assets;
  bool operator==(const CorrelationGroup&) const = default;
};
inline constexpr size_t kMaxCorrelationGroups = 64;

// Windows that all scopes share (docs/risk-controls.md, "Words").
struct Windows {
  base::Duration flow = std::chrono::seconds(60);    // controls 7, 25
  base::Duration market = std::chrono::seconds(60);  // control 22
  uint32_t ratio_minimum = 100;                      // control 25: messages before ratios count
  bool operator==(const Windows&) const = default;
};

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
  std::set<std::string> paper_accounts;  // whose orders reach no real market
  std::map<std::string, CorrelationGroup> correlation;
  Windows windows;
  std::optional<PortfolioSettings> portfolio;  // nothing: no portfolio risk is worked out
  bool operator==(const LimitSet&) const = default;

  // Both value amounts, hold balances, group assets, count in windows and work out portfolio
  // risk alike. That is
  // set where the program is started; the rest may change while it runs.
  bool SharedWith(const LimitSet& other) const;
  void TakeShared(const LimitSet& other);

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

// What holds, each scope with what it inherits from "*"; of one scope, or of all that
// are named.
std::vector<market::LimitRow> RowsOf(const LimitSet& set, const market::Scope& scope);
std::vector<market::LimitRow> RowsOf(const LimitSet& set);
// As stated, without what is inherited.
std::vector<market::LimitChange> ChangesOf(const LimitSet& before, const LimitSet& after);

std::string FormatValue(Value value);
// As a limits file says it: "25000", "5%", "10s", "200 in 1s", "canary".
std::string FormatLimit(Value value);
std::string FormatLimit(int64_t ppm);
std::string FormatLimit(uint32_t count);
std::string FormatLimit(base::Duration duration);
std::string FormatLimit(const RateLimit& rate);
std::string FormatLimit(bool flag);
std::string FormatLimit(Stage stage);
std::string FormatLimit(const OrderTypes& types);
std::string FormatLimit(const InstrumentNames& names);
std::string FormatScope(const market::Scope& scope);  // "account main/paper", "firm"

}  // namespace gannet::risk
