// Controls over money: balances, margin, capital, losses.
#include <algorithm>

#include "services/risk/control_families.h"

namespace gannet::risk::controls {
namespace {

bool MarginAllowed(const Context& context) { return Allowed(context, &Limits::margin_allowed); }

bool Unknown(const BalanceRow& row, Finding* out) {
  return !row.known &&
         Fail(out, "no balance of ", row.asset.text(), " at ", row.venue, " has come");
}

bool Short(const BalanceRow& row, const market::Money& need, Finding* out) {
  const market::Money left = row.total - row.reserved - row.margin;
  if (out != nullptr) {
    out->limit_name = absl::StrCat("left of ", row.asset.text());
    out->limit = left.ToString();
    out->value = need.ToString();
  }
  return need > left && Fail(out, "needs ", need.ToString(), " ", row.asset.text(), ", ",
                             left.ToString(), " are left of ", row.total.ToString());
}

// What a sale borrows, where it may, is secured by the quote asset.
bool SpotBalance(const Context& context, Finding* out) {
  const Leaf& leaf = *context.leaf;
  const market::Instrument& definition = context.instrument->definition;
  const BalanceRow& quote = context.book.balance(leaf.quote_balance);
  if (context.buy()) return Unknown(quote, out) || Short(quote, *context.adds_notional, out);
  const BalanceRow& base = context.book.balance(leaf.base_balance);
  if (Unknown(base, out)) return true;
  if (!MarginAllowed(context)) return false;  // control 17
  const market::Money borrowed =
      base.reserved + definition.BaseAmount(market::Quantity{context.adds}) - base.total;
  if (borrowed <= market::Money()) return false;
  if (Unknown(quote, out)) return true;
  const auto units = market::Rescale(borrowed.units(), borrowed.scale(), definition.quantity_scale,
                                     market::Rounding::kUp);
  if (!units || *units > INT64_MAX) return Fail(out, "it borrows more than any amount");
  const auto notional = definition.Notional(
      context.worst, market::Quantity{static_cast<int64_t>(*units)}, market::Rounding::kUp);
  if (!notional) return Fail(out, "it borrows more than any amount");
  return Short(quote, context.book.MarginAt(leaf.account, *context.instrument, notional->units()),
               out);
}

bool Margin(const Context& context, Finding* out) {
  const Cell& cell = *context.cells[1];
  const BalanceRow& row = *cell.balance;
  if (Unknown(row, out)) return true;
  const int64_t quantity = context.intent.quantity.mantissa;
  const int64_t opened =
      std::clamp<int64_t>(cell.side_quantity(context.buy()) + context.adds, 0, context.adds);
  const auto more =
      market::MulDiv(context.worst_notional->units(), opened, quantity, market::Rounding::kUp);
  const market::Int128 side =
      std::max<market::Int128>(context.buy() ? cell.long_units : cell.short_units, 0);
  const market::Money after =
      std::max(cell.margin,
               context.book.MarginOf(cell, side + more.value_or(context.worst_notional->units())));
  if (opened == 0 || after <= cell.margin) return false;
  const market::Money used = row.margin - cell.margin + after;
  const market::Money left = row.total - row.reserved;
  return used > left && Fail(out, "needs a margin of ", used.ToString(), " ", row.asset.text(),
                             ", has ", left.ToString());
}

}  // namespace

bool Balance(const Context& context, Finding* out) {
  if (context.leaf == nullptr || !context.worst_notional || context.carved() ||
      context.adds_nothing()) {
    return false;
  }
  return context.instrument->definition.kind == market::InstrumentKind::kSpot
             ? SpotBalance(context, out)
             : Margin(context, out);
}

// --- 17 ------------------------------------------------------------------------

bool Inventory(const Context& context, Finding* out) {
  if (context.leaf == nullptr || !context.spot() || context.buy() || context.carved() ||
      (context.amended != nullptr && context.adds == 0)) {
    return false;
  }
  const BalanceRow& base = context.book.balance(context.leaf->base_balance);
  if (!base.known || MarginAllowed(context)) return false;
  return Short(base, context.instrument->definition.BaseAmount(market::Quantity{context.adds}),
               out);
}

// --- 12 ------------------------------------------------------------------------

bool Capital(const Context& context, Finding* out) {
  if (context.leaf == nullptr || !context.worst_value) return false;
  const ScopeRow& firm = *context.scopes[0];
  const SideChange& change = context.changes[0];
  if (!firm.limits.capital || change.opened <= 0 || change.more <= 0) return false;
  const Value lost = std::max<Value>(firm.day_baseline - firm.result(), 0);
  return Over(out, firm, "capital", firm.gross() + change.more + lost, *firm.limits.capital);
}

// --- 13 losses: only what reduces may go on ------------------------------------

bool DailyLoss(const Context& context, Finding* out) {
  if (context.leaf == nullptr || context.reducing) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_daily_loss;
    if (limit && Over(out, *scope, "max_daily_loss", scope->day_baseline - scope->result(), *limit))
      return true;
  }
  return false;
}

bool Drawdown(const Context& context, Finding* out) {
  if (context.leaf == nullptr || context.reducing) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_drawdown;
    if (limit && Over(out, *scope, "max_drawdown", scope->high - scope->result(), *limit))
      return true;
  }
  return false;
}

}  // namespace gannet::risk::controls
