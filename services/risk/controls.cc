#include "services/risk/controls.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/market/decimal.h"
#include "libs/wire/canonical.h"

namespace gannet::risk {
namespace {

using market::IntentKind;
using market::OrderType;
using market::RejectReason;
using market::Rounding;
using market::Side;
using market::TimeInForce;
using market::TradingState;

constexpr size_t kMaxClientOrderId = 36;  // Binance's limit; docs/orders.md
constexpr int64_t kPpm = 1'000'000;

template <class... Args>
bool Fail(std::string* detail, const Args&... args) {
  if (detail != nullptr) *detail = absl::StrCat(args...);
  return true;
}

bool HasLimitPrice(OrderType type) {
  return type == OrderType::kLimit || type == OrderType::kStopLimit ||
         type == OrderType::kTakeProfitLimit;
}
bool HasStopPrice(OrderType type) {
  return type == OrderType::kStop || type == OrderType::kStopLimit ||
         type == OrderType::kTakeProfit || type == OrderType::kTakeProfitLimit;
}

market::Price Scaled(market::Price price, int64_t ppm, Rounding rounding) {
  const auto scaled = market::MulDiv(price.mantissa, ppm, kPpm, rounding);
  return scaled && *scaled <= INT64_MAX ? market::Price{static_cast<int64_t>(*scaled)}
                                        : market::Price{};
}

// The price at which this order weighs most: its limit for a buy; for a sell,
// which may fill higher, the larger of limit and reference; where there is no
// limit, the reference (or stop) price and the collar on top.
market::Price WorstPrice(const OrderContext& context) {
  const market::OrderIntent& intent = context.intent;
  if (HasLimitPrice(intent.type)) {
    return intent.side == Side::kBuy ? intent.price : std::max(intent.price, context.reference);
  }
  if (context.reference.mantissa <= 0 || context.collar_ppm <= 0) return market::Price{};
  const market::Price base = std::max(context.reference, intent.stop_price);
  return Scaled(base, kPpm + context.collar_ppm, Rounding::kCeiling);
}

bool Reduces(const OrderContext& context) {
  const Leaf& leaf = *context.leaf;
  const int64_t quantity = context.intent.quantity.mantissa;
  if (quantity <= 0) return false;
  return context.buy() ? quantity <= -leaf.position - leaf.open_buy
                       : quantity <= leaf.position - leaf.open_sell;
}

// --- 21 malformed --------------------------------------------------------------

bool ValidEnums(const market::OrderIntent& intent) {
  return (intent.kind == IntentKind::kNew || intent.kind == IntentKind::kReplace) &&
         (intent.side == Side::kBuy || intent.side == Side::kSell) &&
         intent.type >= OrderType::kMarket && intent.type <= OrderType::kTrailingStop &&
         intent.time_in_force >= TimeInForce::kGtc &&
         intent.time_in_force <= TimeInForce::kPostOnly;
}

const char* PriceFault(const market::OrderIntent& intent) {
  if (intent.quantity.mantissa <= 0) return "the quantity is not positive";
  if (HasLimitPrice(intent.type) ? intent.price.mantissa <= 0 : intent.price.mantissa != 0) {
    return "the limit price does not fit the order type";
  }
  if (HasStopPrice(intent.type) ? intent.stop_price.mantissa <= 0
                                : intent.stop_price.mantissa != 0) {
    return "the stop price does not fit the order type";
  }
  if (intent.time_in_force == TimeInForce::kPostOnly && intent.type != OrderType::kLimit) {
    return "only limit orders can be post-only";
  }
  return nullptr;
}

const char* IdentityFault(const OrderContext& context) {
  const market::OrderIntent& intent = context.intent;
  if (intent.client_order_id.empty() || intent.client_order_id.text().size() > kMaxClientOrderId) {
    return "the client order id is empty or longer than 36 characters";
  }
  if (intent.strategy.empty()) return "no strategy";
  if (intent.attempt == 0) return "attempts count from 1";
  if (context.book.FindOrder(intent.client_order_id) != nullptr)
    return "the client order id is already open";
  if (intent.attempt == 1 && context.leaf != nullptr &&
      intent.sequence <= context.leaf->last_sequence) {
    return "the sequence has been used";
  }
  if (intent.kind == IntentKind::kReplace && context.book.FindOrder(intent.target) == nullptr) {
    return "replaces an order that is not open";
  }
  return nullptr;
}

bool Malformed(const OrderContext& context, std::string* detail) {
  const market::OrderIntent& intent = context.intent;
  if (!ValidEnums(intent)) return Fail(detail, "a field has a value that does not exist");
  if (const char* fault = PriceFault(intent)) return Fail(detail, fault);
  if (const char* fault = IdentityFault(context)) return Fail(detail, fault);
  if (intent.time_in_force == TimeInForce::kGtd && intent.expires <= context.now) {
    return Fail(detail, "it has expired already");
  }
  if (context.settings.verify_hash && wire::IntentHash(intent) != intent.hash) {
    return Fail(detail, "the hash is not that of the intent");
  }
  return false;
}

// --- names, versions -----------------------------------------------------------

bool UnknownAccount(const OrderContext& context, std::string* detail) {
  return !context.account_known && Fail(detail, "account ", context.intent.account.text(),
                                        " is not named under accounts in the limits file");
}

bool UnknownInstrument(const OrderContext& context, std::string* detail) {
  return context.instrument == nullptr &&
         Fail(detail, "no definition of ", context.intent.instrument.text(), " has come");
}

bool WrongVersion(const OrderContext& context, std::string* detail) {
  if (context.instrument == nullptr) return false;
  if (!context.instrument->broken.empty()) return Fail(detail, context.instrument->broken);
  const uint32_t current = context.instrument->scales.back().version;
  return (context.intent.instrument_version != current ||
          context.instrument->definition.version != current) &&
         Fail(detail, "speaks of version ", context.intent.instrument_version, ", current is ",
              current);
}

// --- 23, 19, 26: may anything leave --------------------------------------------

bool Killed(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr) {  // the scopes that exist whatever the names
    const ScopeRow& firm = context.book.scope(0);
    return firm.killed && Fail(detail, "firm: ", firm.reason);
  }
  for (const ScopeRow* scope : context.scopes) {
    if (scope->killed) return Fail(detail, FormatScope(scope->scope), ": ", scope->reason);
  }
  return false;
}

bool StateForbids(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    if (scope->state == TradingState::kHalted || scope->state == TradingState::kCancelOnly) {
      return Fail(detail, FormatScope(scope->scope), " is ",
                  scope->state == TradingState::kHalted ? "HALTED" : "CANCEL_ONLY", ": ",
                  scope->reason);
    }
  }
  const auto status = context.instrument->definition.status;
  return status != market::InstrumentStatus::kTrading &&
         Fail(detail, "the venue does not trade the instrument now");
}

bool GateClosed(const OrderContext& context, std::string* detail) {
  const base::Time oldest = context.book.oldest_unanswered();
  return oldest != base::Time::max() && context.now - oldest > context.settings.unanswered_alarm &&
         Fail(detail, "execution has not answered a verdict since ", base::FormatTime(oldest),
              "; check that it runs");
}

bool MissingLimit(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr) {
    return context.account_known && context.instrument != nullptr &&
           Fail(detail, "there is no room for another strategy (", kMaxScopes, " scopes)");
  }
  uint32_t stated = 0;
  for (const ScopeRow* scope : context.scopes) stated |= scope->stated_limits;
  if (stated == kAllMandatory) return false;
  if (detail == nullptr) return true;
  *detail = "no scope of the order states";
  for (size_t i = 0; i < kMandatoryLimits.size(); ++i) {
    if ((stated >> i & 1) == 0) absl::StrAppend(detail, " ", std::string(kMandatoryLimits[i]));
  }
  return true;
}

bool NotPermitted(const OrderContext& context, std::string* detail) {
  const OrderType type = context.intent.type;
  if (type == OrderType::kTrailingStop) return Fail(detail, "trailing stops are not supported");
  if (context.instrument == nullptr) return false;
  const market::Instrument& definition = context.instrument->definition;
  return definition.kind != market::InstrumentKind::kSpot &&
         definition.settle != definition.quote &&
         Fail(detail, "derivatives settled in ", definition.settle.text(), " are not supported");
}

// --- 21 tick, lot, minimum -----------------------------------------------------

bool OffTick(const OrderContext& context, std::string* detail) {
  if (context.instrument == nullptr) return false;
  const market::Instrument& definition = context.instrument->definition;
  if (definition.tick.mantissa <= 0) return Fail(detail, "the tick size is not known");
  for (const market::Price price : {context.intent.price, context.intent.stop_price}) {
    if (price.mantissa % definition.tick.mantissa != 0) {
      return Fail(detail, "price ", definition.Format(price), ", tick ",
                  definition.Format(definition.tick));
    }
  }
  return false;
}

bool OffLot(const OrderContext& context, std::string* detail) {
  if (context.instrument == nullptr) return false;
  const market::Instrument& definition = context.instrument->definition;
  if (definition.lot.mantissa <= 0) return Fail(detail, "the lot size is not known");
  return context.intent.quantity.mantissa % definition.lot.mantissa != 0 &&
         Fail(detail, "quantity ", definition.Format(context.intent.quantity), ", lot ",
              definition.Format(definition.lot));
}

bool BelowMinimum(const OrderContext& context, std::string* detail) {
  if (context.instrument == nullptr) return false;
  const market::Instrument& definition = context.instrument->definition;
  if (context.intent.quantity < definition.min_quantity) {
    return Fail(detail, "quantity ", definition.Format(context.intent.quantity), " below ",
                definition.Format(definition.min_quantity));
  }
  const market::Price price =
      context.intent.price.mantissa > 0 ? context.intent.price : context.reference;
  if (price.mantissa <= 0) return false;
  const auto notional = definition.Notional(price, context.intent.quantity, Rounding::kFloor);
  return notional && *notional < definition.min_notional &&
         Fail(detail, "notional ", notional->ToString(), " below ",
              definition.min_notional.ToString());
}

// --- 20 market data ------------------------------------------------------------

bool NoPrice(const OrderContext& context, std::string* detail) {
  if (context.instrument == nullptr) return false;
  if (context.reference.mantissa <= 0) return Fail(detail, "no bid and ask have come");
  if (context.worst_notional && !context.worst_value) {
    return Fail(detail, "no rate from ", context.instrument->definition.quote.text(),
                " to the valuation asset; name one under valuation in the limits file");
  }
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    if (scope->unvalued > 0) {
      return Fail(detail, FormatScope(scope->scope), " holds ", scope->unvalued,
                  " positions without a price");
    }
  }
  return false;
}

bool StalePrice(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr || context.reference.mantissa <= 0) return false;
  const base::Duration age = context.now - context.instrument->data_time;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.stale_after;
    if (limit && age > *limit) {
      return Fail(detail, "market data is ", base::FormatDuration(age), " old, stale_after of ",
                  FormatScope(scope->scope), " is ", base::FormatDuration(*limit));
    }
  }
  return false;
}

bool BookInvalid(const OrderContext& context, std::string* detail) {
  if (context.instrument == nullptr) return false;
  if (context.instrument->feed_down)
    return Fail(detail, "the feed of ", context.instrument->venue, " is down");
  return context.instrument->book != market::BookState::kValid &&
         Fail(detail, "the order book is not proven continuous (fault ",
              static_cast<int>(context.instrument->book_fault), ")");
}

bool Crossed(const OrderContext& context, std::string* detail) {
  return context.instrument != nullptr && context.instrument->crossed &&
         Fail(detail, "bid ", context.instrument->definition.Format(context.instrument->bid),
              " at or above ask ", context.instrument->definition.Format(context.instrument->ask));
}

// --- 1, 2, 3: the order itself -------------------------------------------------

bool MaxQuantity(const OrderContext& context, std::string* detail) {
  if (context.instrument == nullptr) return false;
  const market::Instrument& definition = context.instrument->definition;
  return definition.max_quantity.mantissa > 0 &&
         context.intent.quantity > definition.max_quantity &&
         Fail(detail, "quantity ", definition.Format(context.intent.quantity),
              " above the venue's ", definition.Format(definition.max_quantity));
}

bool MaxNotional(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr || context.worst.mantissa <= 0) return false;
  if (!context.worst_notional) return Fail(detail, "the notional is larger than any amount");
  if (!context.worst_value) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_order_notional;
    if (limit && *context.worst_value > *limit) {
      return Fail(detail, "notional ", FormatValue(*context.worst_value),
                  " above max_order_notional ", FormatValue(*limit), " of ",
                  FormatScope(scope->scope));
    }
  }
  return false;
}

bool PriceCollar(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr || context.reference.mantissa <= 0 || context.collar_ppm <= 0)
    return false;
  const market::Price low =
      Scaled(context.reference, kPpm - context.collar_ppm, Rounding::kCeiling);
  const market::Price high = Scaled(context.reference, kPpm + context.collar_ppm, Rounding::kFloor);
  for (const market::Price price : {context.intent.price, context.intent.stop_price}) {
    if (price.mantissa == 0 || (price >= low && price <= high)) continue;
    const market::Instrument& definition = context.instrument->definition;
    return Fail(detail, "price ", definition.Format(price), " outside ", definition.Format(low),
                " to ", definition.Format(high), " around ", definition.Format(context.reference));
  }
  return false;
}

// --- 6, 8: messages and open orders --------------------------------------------

bool MessageRate(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    if (scope->messages.Full(context.now)) {
      return Fail(detail, "message_rate of ", FormatScope(scope->scope), ": ",
                  scope->limits.message_rate->count, " in ",
                  base::FormatDuration(scope->limits.message_rate->window));
    }
  }
  return false;
}

bool OpenOrders(const OrderContext& context, std::string* detail) {
  if (context.book.open_order_count() >= context.settings.max_open_orders) {
    return Fail(detail, "the gate holds ", context.settings.max_open_orders,
                " open orders, its own limit");
  }
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_open_orders;
    if (limit && scope->open_orders >= *limit) {
      return Fail(detail, FormatScope(scope->scope), " has ", scope->open_orders,
                  " open orders, max_open_orders ", *limit);
    }
  }
  return false;
}

bool OpenNotional(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr || !context.worst_value) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_open_notional;
    if (limit && scope->open_value + *context.worst_value > *limit) {
      return Fail(detail, FormatScope(scope->scope), " would have ",
                  FormatValue(scope->open_value + *context.worst_value),
                  " unexecuted, max_open_notional ", FormatValue(*limit));
    }
  }
  return false;
}

// --- 9, 10: positions and exposure ---------------------------------------------

// What the order does to its side of one cell: what it closes counts at the mark,
// what it opens at the worst price.
struct SideChange {
  const Cell& cell;
  int64_t opened;  // quantity beyond what is there to close; 0: it only closes
  Value before, after;
};

// For scope i of the context: firm, venue and instrument share the firm's cell.
SideChange ChangeOf(const OrderContext& context, size_t scope) {
  const Cell& cell = *context.cells[scope == 1 ? 1 : scope == 2 ? 2 : 0];
  const int64_t quantity = context.intent.quantity.mantissa;
  const int64_t side = cell.side_quantity(context.buy());
  const int64_t opened = side >= 0 ? quantity : std::clamp<int64_t>(side + quantity, 0, quantity);
  const Value before = context.buy() ? cell.long_side : cell.short_side;
  if (opened == quantity) return {cell, opened, before, before + *context.worst_value};
  const auto opens = market::MulDiv(*context.worst_value, opened, quantity, Rounding::kUp);
  const auto closes =
      market::MulDiv(before, quantity - opened, side, Rounding::kUp);  // both negative
  return {cell, opened, before, before + opens.value_or(*context.worst_value) + closes.value_or(0)};
}

bool PositionLimit(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr || !context.worst_value) return false;
  for (size_t i = 0; i < context.scopes.size(); ++i) {
    const ScopeRow& scope = *context.scopes[i];
    const auto& limit = context.buy() ? scope.limits.max_long : scope.limits.max_short;
    if (!limit) continue;
    const SideChange change = ChangeOf(context, i);
    if (change.opened > 0 && change.after > *limit) {
      return Fail(detail, FormatScope(scope.scope), " could be ", FormatValue(change.after),
                  context.buy() ? " long" : " short", " in the instrument, ",
                  context.buy() ? "max_long " : "max_short ", FormatValue(*limit));
    }
  }
  return false;
}

bool GrossExposure(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr || !context.worst_value) return false;
  for (size_t i = 0; i < context.scopes.size(); ++i) {
    const ScopeRow& scope = *context.scopes[i];
    if (!scope.limits.max_gross) continue;
    const SideChange change = ChangeOf(context, i);
    const Value more = std::max(change.after, change.cell.gross) - change.cell.gross;
    if (change.opened > 0 && more > 0 && scope.gross + more > *scope.limits.max_gross) {
      return Fail(detail, FormatScope(scope.scope), " could be exposed by ",
                  FormatValue(scope.gross + more), ", max_gross ",
                  FormatValue(*scope.limits.max_gross));
    }
  }
  return false;
}

bool NetExposure(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr || !context.worst_value) return false;
  for (size_t i = 0; i < context.scopes.size(); ++i) {
    const ScopeRow& scope = *context.scopes[i];
    if (!scope.limits.max_net) continue;
    const SideChange change = ChangeOf(context, i);
    const Value after =
        (context.buy() ? scope.long_side : scope.short_side) + change.after - change.before;
    if (change.opened > 0 && after > *scope.limits.max_net) {
      return Fail(detail, FormatScope(scope.scope), " could be ", FormatValue(after),
                  context.buy() ? " net long" : " net short", ", max_net ",
                  FormatValue(*scope.limits.max_net));
    }
  }
  return false;
}

// --- 11 balance and margin -----------------------------------------------------

bool SpotBalance(const OrderContext& context, std::string* detail) {
  const Leaf& leaf = *context.leaf;
  const market::Instrument& definition = context.instrument->definition;
  const BalanceRow& row =
      context.book.balance(context.buy() ? leaf.quote_balance : leaf.base_balance);
  if (!row.known)
    return Fail(detail, "no balance of ", row.asset.text(), " at ", row.venue, " has come");
  const market::Money need =
      context.buy() ? *context.worst_notional : definition.BaseAmount(context.intent.quantity);
  const market::Money left = row.total - row.reserved - row.margin;
  return need > left && Fail(detail, "needs ", need.ToString(), " ", row.asset.text(), ", ",
                             left.ToString(), " are left of ", row.total.ToString());
}

bool Margin(const OrderContext& context, std::string* detail) {
  const Cell& cell = *context.cells[1];
  const BalanceRow& row = context.book.balance(cell.balance);
  if (!row.known)
    return Fail(detail, "no balance of ", row.asset.text(), " at ", row.venue, " has come");
  const int64_t quantity = context.intent.quantity.mantissa;
  const int64_t opened =
      std::clamp<int64_t>(cell.side_quantity(context.buy()) + quantity, 0, quantity);
  const auto more =
      market::MulDiv(context.worst_notional->units(), opened, quantity, Rounding::kUp);
  const market::Int128 side =
      std::max<market::Int128>(context.buy() ? cell.long_units : cell.short_units, 0);
  const market::Money after =
      std::max(cell.margin,
               context.book.MarginOf(cell, side + more.value_or(context.worst_notional->units())));
  if (opened == 0 || after <= cell.margin) return false;
  const market::Money used = row.margin - cell.margin + after;
  const market::Money left = row.total - row.reserved;
  return used > left && Fail(detail, "needs a margin of ", used.ToString(), " ", row.asset.text(),
                             ", has ", left.ToString());
}

bool Balance(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr || !context.worst_notional) return false;
  return context.instrument->definition.kind == market::InstrumentKind::kSpot
             ? SpotBalance(context, detail)
             : Margin(context, detail);
}

// --- 13 losses: only what reduces may go on ------------------------------------

bool DailyLoss(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr || context.reducing) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_daily_loss;
    const Value loss = scope->day_baseline - scope->result();
    if (limit && loss > *limit) {
      return Fail(detail, FormatScope(scope->scope), " has lost ", FormatValue(loss),
                  " today, max_daily_loss ", FormatValue(*limit));
    }
  }
  return false;
}

bool Drawdown(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr || context.reducing) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_drawdown;
    const Value fall = scope->high - scope->result();
    if (limit && fall > *limit) {
      return Fail(detail, FormatScope(scope->scope), " is ", FormatValue(fall),
                  " below its best result, max_drawdown ", FormatValue(*limit));
    }
  }
  return false;
}

// --- 19 reducing ---------------------------------------------------------------

bool MustReduce(const OrderContext& context, std::string* detail) {
  if (context.leaf == nullptr || context.reducing) return false;
  if (context.intent.reduce_only)
    return Fail(detail, "reduce_only, but it would open or flip a position");
  for (const ScopeRow* scope : context.scopes) {
    if (scope->state == TradingState::kReducing) {
      return Fail(detail, FormatScope(scope->scope), " is REDUCING (", scope->reason,
                  "), and the order would open or flip a position");
    }
  }
  return false;
}

constexpr Control kControls[] = {
    {RejectReason::kMalformed, Malformed},
    {RejectReason::kUnknownAccount, UnknownAccount},
    {RejectReason::kUnknownInstrument, UnknownInstrument},
    {RejectReason::kInstrumentVersion, WrongVersion},
    {RejectReason::kKillSwitch, Killed},
    {RejectReason::kTradingState, StateForbids},
    {RejectReason::kGateClosed, GateClosed},
    {RejectReason::kMissingLimit, MissingLimit},
    {RejectReason::kNotPermitted, NotPermitted},
    {RejectReason::kOffTick, OffTick},
    {RejectReason::kOffLot, OffLot},
    {RejectReason::kBelowMinimum, BelowMinimum},
    {RejectReason::kNoPrice, NoPrice},
    {RejectReason::kStalePrice, StalePrice},
    {RejectReason::kBookInvalid, BookInvalid},
    {RejectReason::kCrossedBook, Crossed},
    {RejectReason::kMaxQuantity, MaxQuantity},
    {RejectReason::kMaxNotional, MaxNotional},
    {RejectReason::kPriceCollar, PriceCollar},
    {RejectReason::kMessageRate, MessageRate},
    {RejectReason::kOpenOrders, OpenOrders},
    {RejectReason::kOpenNotional, OpenNotional},
    {RejectReason::kPositionLimit, PositionLimit},
    {RejectReason::kGrossExposure, GrossExposure},
    {RejectReason::kNetExposure, NetExposure},
    {RejectReason::kBalance, Balance},
    {RejectReason::kDailyLoss, DailyLoss},
    {RejectReason::kDrawdown, Drawdown},
    {RejectReason::kReduceOnly, MustReduce},
};

constexpr bool Ordered() {
  for (size_t i = 1; i < std::size(kControls); ++i) {
    if (kControls[i - 1].reason >= kControls[i].reason) return false;
  }
  return true;
}
static_assert(Ordered(), "controls stand in the order of their reasons");

}  // namespace

std::span<const Control> Controls() { return kControls; }

OrderContext MakeContext(const market::OrderIntent& intent, const ExposureBook& book,
                         const GateSettings& settings, base::Time now) {
  OrderContext context{.intent = intent, .book = book, .settings = settings, .now = now};
  const Index leaf = book.FindLeaf(intent.account, intent.strategy, intent.instrument);
  const Index instrument =
      leaf != kNone ? book.leaf(leaf).instrument : book.FindInstrument(intent.instrument);
  context.account_known = leaf != kNone ? book.scope(book.leaf(leaf).account).known_account
                                        : book.knows_account(intent.account.text());
  if (instrument == kNone) return context;
  context.instrument = &book.instrument(instrument);
  context.reference = context.instrument->mid;
  if (!context.account_known || leaf == kNone) return context;

  context.leaf = &book.leaf(leaf);
  for (size_t i = 0; i < context.scopes.size(); ++i)
    context.scopes[i] = &book.scope(context.leaf->scopes[i]);
  for (size_t i = 0; i < context.cells.size(); ++i)
    context.cells[i] = &book.cell(context.leaf->cells[i]);
  for (const ScopeRow* scope : context.scopes) {
    const int64_t collar = scope->limits.price_collar_ppm.value_or(0);
    if (collar > 0 && (context.collar_ppm == 0 || collar < context.collar_ppm))
      context.collar_ppm = collar;
  }
  context.worst = WorstPrice(context);
  if (context.worst.mantissa > 0 && intent.quantity.mantissa > 0) {
    context.worst_notional =
        context.instrument->definition.Notional(context.worst, intent.quantity, Rounding::kUp);
    if (context.worst_notional) {
      context.worst_value =
          book.ValueOf(context.worst_notional->units(), *context.instrument, Rounding::kUp);
    }
  }
  context.reducing = Reduces(context);
  return context;
}

}  // namespace gannet::risk
