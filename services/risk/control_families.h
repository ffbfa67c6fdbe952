// The controls by family, and what they share. Only controls*.cc include this.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "services/risk/controls.h"

namespace gannet::risk::controls {

using Context = OrderContext;

// controls_order.cc: what the order says
bool Malformed(const Context& context, Finding* out);
bool UnknownAccount(const Context& context, Finding* out);
bool UnknownInstrument(const Context& context, Finding* out);
bool WrongVersion(const Context& context, Finding* out);
bool NotPermitted(const Context& context, Finding* out);
bool OffTick(const Context& context, Finding* out);
bool OffLot(const Context& context, Finding* out);
bool BelowMinimum(const Context& context, Finding* out);
bool MaxQuantity(const Context& context, Finding* out);
bool MaxNotional(const Context& context, Finding* out);
bool NotTraceable(const Context& context, Finding* out);

// controls_market.cc: prices
bool NoPrice(const Context& context, Finding* out);
bool StalePrice(const Context& context, Finding* out);
bool BookInvalid(const Context& context, Finding* out);
bool Crossed(const Context& context, Finding* out);
bool PriceCollar(const Context& context, Finding* out);
bool VenueStatus(const Context& context, Finding* out);
bool Velocity(const Context& context, Finding* out);
bool Volatility(const Context& context, Finding* out);

// controls_rate.cc: how much in how long
bool Duplicate(const Context& context, Finding* out);
bool Throttled(const Context& context, Finding* out);
bool MessageRate(const Context& context, Finding* out);
bool ClipQuantity(const Context& context, Finding* out);
bool ClipNotional(const Context& context, Finding* out);
bool ClipFills(const Context& context, Finding* out);
bool OrderToTrade(const Context& context, Finding* out);
bool CancelRatio(const Context& context, Finding* out);
bool BreakerOpen(const Context& context, Finding* out);

// controls_exposure.cc: orders and positions
bool OpenOrders(const Context& context, Finding* out);
bool OpenNotional(const Context& context, Finding* out);
bool PositionLimit(const Context& context, Finding* out);
bool GrossExposure(const Context& context, Finding* out);
bool NetExposure(const Context& context, Finding* out);
bool SelfTrade(const Context& context, Finding* out);

// controls_funds.cc: money
bool Balance(const Context& context, Finding* out);
bool Inventory(const Context& context, Finding* out);
bool Capital(const Context& context, Finding* out);
bool DailyLoss(const Context& context, Finding* out);
bool Drawdown(const Context& context, Finding* out);

// controls_portfolio.cc: how it is spread
bool Concentration(const Context& context, Finding* out);
bool Correlation(const Context& context, Finding* out);
bool InstrumentCount(const Context& context, Finding* out);
bool VenueCount(const Context& context, Finding* out);
bool ReleaseStage(const Context& context, Finding* out);
bool CanaryNotional(const Context& context, Finding* out);

// controls_state.cc: may anything leave
bool Killed(const Context& context, Finding* out);
bool StateForbids(const Context& context, Finding* out);
bool GateClosed(const Context& context, Finding* out);
bool MissingLimit(const Context& context, Finding* out);
bool MustReduce(const Context& context, Finding* out);
bool DeadMan(const Context& context, Finding* out);
bool PositionMismatch(const Context& context, Finding* out);

// --- shared ----------------------------------------------------------------------

inline constexpr int64_t kPpm = 1'000'000;

template <class... Args>
bool Fail(Finding* out, const Args&... args) {
  if (out != nullptr) out->detail = absl::StrCat(args...);
  return true;
}

// True in one scope of the order and false in none.
bool Allowed(const Context& context, std::optional<bool> Limits::*permission);

// Control 14 of a scope in a group: beyond `limit`, and further than before.
bool Correlated(const ScopeRow& scope, const SideChange& change, uint32_t group, bool buy,
                int64_t rho_ppm, Value limit);
// Venues in use with this one; 0 where it is in use already.
uint32_t VenuesWith(const ScopeRow& scope, Index venue);

market::Price Scaled(market::Price price, int64_t ppm, market::Rounding rounding);
// Whether the venue takes the order's limit price while its own price is the reference. A
// contract's stop is held to that when it triggers, and not before.
bool BandAllows(const market::OrderIntent& intent, const TradingRules& rules,
                market::Price reference);
// The highest price at which an order without a limit starts to trade: the reference or its stop
// price. That of a trailing stop is not known before: it begins to track at the larger of both,
// and a buy's is at most its distance above that. A sell's follows the market up without end; it
// counts at the same price, as what it sells is worth more by then for every other order too.
market::Price WorstTrigger(const market::OrderIntent& intent, market::Price reference);

// What was compared, where no number says which scope came closest: the last one stays.
template <class T>
void Compared(Finding* out, const ScopeRow& scope, const char* name, const T& limit,
              std::string_view value) {
  if (out == nullptr) return;
  out->limit_name = name;
  out->limit = FormatLimit(limit);
  out->value.assign(value);
  out->scope = scope.scope;
}

// `value` may be as much as `limit`. Says what was compared when asked.
template <class T>
bool Over(Finding* out, const ScopeRow& scope, const char* name, const T& value, const T& limit) {
  const bool over = value > limit;
  if (out == nullptr) return over;
  market::Int128 room;
  if constexpr (std::is_same_v<T, base::Duration>) {
    room = limit.count() - value.count();
  } else {
    room = static_cast<market::Int128>(limit) - static_cast<market::Int128>(value);
  }
  if (!out->Closer(over, room)) return over;
  out->limit_name = name;
  out->limit = FormatLimit(limit);
  out->value = FormatLimit(value);
  out->scope = scope.scope;
  if (over) {
    out->detail = absl::StrCat(name, " of ", FormatScope(scope.scope), ": ", out->value, " above ",
                               out->limit);
  }
  return over;
}

}  // namespace gannet::risk::controls
