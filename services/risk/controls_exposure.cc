// Controls over open orders, positions and exposure.
#include <algorithm>

#include "services/risk/control_families.h"

namespace gannet::risk::controls {

// --- 8 -------------------------------------------------------------------------

bool OpenOrders(const Context& context, Finding* out) {
  if (context.amended == nullptr &&
      context.book.open_order_count() >= context.settings.max_open_orders) {
    return Fail(out, "the gate holds ", context.settings.max_open_orders,
                " open orders, its own limit");
  }
  if (context.leaf == nullptr || context.is_parent() || context.amended != nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_open_orders;
    if (limit && Over(out, *scope, "max_open_orders", scope->open_orders + 1, *limit)) return true;
  }
  return false;
}

bool OpenNotional(const Context& context, Finding* out) {
  if (context.leaf == nullptr || !context.adds_value || context.carved() ||
      context.adds_nothing()) {
    return false;
  }
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_open_notional;
    if (limit &&
        Over(out, *scope, "max_open_notional", scope->open_value() + *context.adds_value, *limit)) {
      return true;
    }
  }
  return false;
}

// --- 9, 10 ---------------------------------------------------------------------

bool PositionLimit(const Context& context, Finding* out) {
  if (context.leaf == nullptr || !context.worst_value) return false;
  for (size_t i = 0; i < context.scopes.size(); ++i) {
    const ScopeRow& scope = *context.scopes[i];
    const SideChange& change = context.changes[Context::CellOf(i)];
    const auto& limit = context.buy() ? scope.limits.max_long : scope.limits.max_short;
    if (limit && change.opened > 0 &&
        Over(out, scope, context.buy() ? "max_long" : "max_short", change.after, *limit)) {
      return true;
    }
  }
  return false;
}

bool GrossExposure(const Context& context, Finding* out) {
  if (context.leaf == nullptr || !context.worst_value) return false;
  for (size_t i = 0; i < context.scopes.size(); ++i) {
    const ScopeRow& scope = *context.scopes[i];
    const SideChange& change = context.changes[Context::CellOf(i)];
    const auto& limit = scope.limits.max_gross;
    if (limit && change.opened > 0 && change.more > 0 &&
        Over(out, scope, "max_gross", scope.gross() + change.more, *limit)) {
      return true;
    }
  }
  return false;
}

bool NetExposure(const Context& context, Finding* out) {
  if (context.leaf == nullptr || !context.worst_value) return false;
  for (size_t i = 0; i < context.scopes.size(); ++i) {
    const ScopeRow& scope = *context.scopes[i];
    const SideChange& change = context.changes[Context::CellOf(i)];
    const auto& limit = scope.limits.max_net;
    const Value side = context.buy() ? scope.long_side() : scope.short_side();
    if (limit && change.opened > 0 &&
        Over(out, scope, "max_net", side + change.after - change.before, *limit)) {
      return true;
    }
  }
  return false;
}

// --- 18 ------------------------------------------------------------------------

bool SelfTrade(const Context& context, Finding* out) {
  if (context.leaf == nullptr || context.is_parent()) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& permission = scope->limits.self_trade_by_venue;
    if (permission) Compared(out, *scope, "self_trade_by_venue", *permission, "");
  }
  const Cell& cell = *context.cells[1];
  const auto& others = context.buy() ? cell.sell_prices : cell.buy_prices;
  // An amended order may have lost the venue's prevention: USD-M sets it to NONE (PUT order).
  const bool prevented = context.intent.kind != market::IntentKind::kAmend &&
                         Allowed(context, &Limits::self_trade_by_venue);
  if (others.empty() || prevented) return false;
  const int64_t own = MeetingPrice(context.intent);
  const int64_t best = context.buy() ? others.front() : others.back();
  return (context.buy() ? best <= own : best >= own) &&
         Fail(out, "it would trade with an open order of the account at ",
              best == kAnyBuy || best == kAnySell
                  ? std::string("any price")
                  : context.instrument->definition.Format(market::Price{best}));
}

}  // namespace gannet::risk::controls
