#include "services/risk/verdict.h"

#include <algorithm>

#include "libs/base/check.h"
#include "services/risk/control_families.h"

namespace gannet::risk {
namespace {

using controls::kPpm;
using market::Int128;
using market::Money;
using market::OrderIntent;
using market::Price;
using market::RejectReason;
using market::Rounding;
using market::TradingState;

using Scopes = std::array<ScopeRow*, 5>;

// What the families below read of one order.
struct Case {
  const OrderIntent& intent;
  const ExposureBook& book;
  const GateSettings& settings;
  base::Time now;
  const Leaf& leaf;
  const RowLimits& limits;
  const InstrumentRow& instrument;
  const Scopes& scopes;
  bool buy;
  int64_t quantity;
  Price reference;
  bool reducing;
  bool priced = false;  // there is a worst price
  bool valued = false;  // and a rate for what it comes to
  Int128 notional = 0;  // worst case, quote units; with `priced`
  Value value = 0;      // the same; with `valued`
  bool below_minimum = false;
  std::array<SideChange, 3> changes{};
};

Price WorstPrice(const Case& at) {
  if (HasLimitPrice(at.intent.type)) {
    return at.buy ? at.intent.price : std::max(at.intent.price, at.reference);
  }
  if (at.reference.mantissa <= 0 || at.limits.collar_ppm <= 0) return Price{};
  return controls::Scaled(controls::WorstTrigger(at.intent, at.reference),
                          kPpm + at.limits.collar_ppm, Rounding::kCeiling);
}

// Worst case and least notional; false where amounts leave what sums can hold.
bool WorkOut(Case& at) {
  const TradingRules& rules = at.instrument.rules;
  const Price worst = WorstPrice(at);
  const Price least = at.intent.price.mantissa > 0 ? at.intent.price : at.reference;
  if (rules.divisor == 0) return false;
  at.priced = worst.mantissa > 0;
  QuoteUnits units{};
  if (at.priced) {
    units = UnitsOf(rules, worst.mantissa, at.quantity);
    at.notional = units.whole + (units.rest ? 1 : 0);
    const auto value = at.book.ValueOf(at.notional, at.instrument, Rounding::kUp);
    at.valued = value.has_value();
    at.value = value.value_or(0);
    if (!Sane(at.notional) || !Sane(at.value)) return false;
  }
  if (least.mantissa > 0) {
    const Int128 floor =
        least == worst ? units.whole : UnitsOf(rules, least.mantissa, at.quantity).whole;
    at.below_minimum = floor < rules.min_notional;
  }
  return true;
}

// --- what the order says -------------------------------------------------------

bool NotPermitted(const Case& at) {
  const auto type = static_cast<uint32_t>(at.intent.type);
  const bool model = !at.intent.model_version.empty();
  const bool news = !at.intent.signal.empty() && !model;
  const bool off =
      at.limits.manual_off || (at.limits.model_off && model) || (at.limits.news_off && news);
  return at.instrument.rules.settles_elsewhere || at.limits.forbidden ||
         (at.limits.permitted_types >> type & 1) == 0 || (off && !at.reducing);
}

void CheckForm(const Case& at, ReasonSet& fails) {
  const TradingRules& rules = at.instrument.rules;
  const int64_t price = at.intent.price.mantissa, stop = at.intent.stop_price.mantissa;
  fails.Add(RejectReason::kInstrumentVersion,
            rules.shut || at.intent.instrument_version != rules.version);
  fails.Add(RejectReason::kNotPermitted, NotPermitted(at));
  fails.Add(RejectReason::kOffTick,
            rules.tick <= 0 || price % rules.tick != 0 || (stop != 0 && stop % rules.tick != 0));
  fails.Add(RejectReason::kOffLot, rules.lot <= 0 || at.quantity % rules.lot != 0);
  fails.Add(RejectReason::kBelowMinimum, at.quantity < rules.min_quantity || at.below_minimum);
  const bool large = at.limits.order_quantity != kNoLimit &&
                     market::Rescale(at.quantity, at.instrument.definition.quantity_scale,
                                     kValueScale, Rounding::kUp)
                             .value_or(INT64_MAX) > at.limits.order_quantity;
  fails.Add(RejectReason::kMaxQuantity,
            large || (rules.max_quantity > 0 && at.quantity > rules.max_quantity));
  fails.Add(RejectReason::kMaxNotional, at.valued && at.value > at.limits.order_notional);
  fails.Add(RejectReason::kNotTraceable,
            at.limits.nameless || (at.limits.require_reason && at.intent.reason.empty()) ||
                (at.limits.require_model && at.intent.model_version.empty()));
}

// --- the market ----------------------------------------------------------------

// Compared as products: a bound cut to a whole price divides as whole prices do.
bool OutsideCollar(const Case& at, int64_t price) {
  if (price == 0) return false;
  const Int128 there = static_cast<Int128>(price) * kPpm;
  const Int128 low = static_cast<Int128>(at.reference.mantissa) * (kPpm - at.limits.collar_ppm);
  const Int128 high = static_cast<Int128>(at.reference.mantissa) * (kPpm + at.limits.collar_ppm);
  const bool beyond = high >= (static_cast<Int128>(INT64_MAX) + 1) * kPpm;  // no price holds it
  return there < low || there > high || beyond;
}

void CheckMarket(const Case& at, ReasonSet& fails) {
  const InstrumentRow& row = at.instrument;
  const bool quoted = at.reference.mantissa > 0;
  bool unvalued = false;
  for (const ScopeRow* scope : at.scopes) unvalued |= scope->unvalued > 0;
  fails.Add(RejectReason::kNoPrice, !quoted || (at.priced && !at.valued) || unvalued);
  fails.Add(RejectReason::kStalePrice, quoted && at.now - row.data_time > at.limits.stale_after);
  fails.Add(RejectReason::kBookInvalid, row.feed_down || row.book != market::BookState::kValid);
  fails.Add(RejectReason::kCrossedBook, row.crossed);
  fails.Add(RejectReason::kPriceCollar, quoted && at.limits.collar_ppm > 0 &&
                                            (OutsideCollar(at, at.intent.price.mantissa) ||
                                             OutsideCollar(at, at.intent.stop_price.mantissa)));
  fails.Add(RejectReason::kVenueStatus, !row.rules.trading);
  const int64_t move = at.limits.max_move_ppm, volatility = at.limits.max_volatility_ppm;
  if (move == INT64_MAX && volatility == INT64_MAX) return;
  const Moves& moved = at.book.MovesAt(row, at.now);
  fails.Add(RejectReason::kVelocity, static_cast<Int128>(moved.high - moved.low) * kPpm >
                                             static_cast<Int128>(move) * moved.low &&
                                         move != INT64_MAX);
  fails.Add(
      RejectReason::kVolatility,
      volatility != INT64_MAX && moved.variance > static_cast<Int128>(volatility) * volatility);
}

// --- states --------------------------------------------------------------------

void CheckState(const Case& at, ReasonSet& fails) {
  bool killed = false, forbids = false, reduces = false, throttled = false, open = false;
  for (const ScopeRow* scope : at.scopes) {
    killed |= scope->killed;
    forbids |= scope->state == TradingState::kHalted || scope->state == TradingState::kCancelOnly;
    reduces |= scope->state == TradingState::kReducing;
    throttled |= scope->throttled;
    open |= scope->breaker_open;
  }
  fails.Add(RejectReason::kKillSwitch, killed);
  fails.Add(RejectReason::kTradingState, forbids);
  fails.Add(RejectReason::kReduceOnly, !at.reducing && (reduces || at.intent.reduce_only));
  fails.Add(RejectReason::kThrottled, throttled);
  fails.Add(RejectReason::kCircuitBreaker, open);
  const base::Time oldest = at.book.oldest_unanswered();
  fails.Add(RejectReason::kGateClosed,
            oldest != base::Time::max() && at.now - oldest > at.settings.unanswered_alarm);
  fails.Add(RejectReason::kMissingLimit, at.limits.missing);
  if (at.limits.dead_man != base::Duration::max()) {
    const base::Time seen = at.book.person_seen();
    fails.Add(RejectReason::kDeadMan,
              seen == base::Time::min() || at.now - seen > at.limits.dead_man);
  }
  const base::Time differs = at.leaf.differs_since;
  fails.Add(RejectReason::kPositionMismatch,
            differs != base::Time::max() && at.now - differs > at.settings.position_alarm);
  fails.Add(RejectReason::kReleaseStage,
            at.limits.stage == Stage::kShadow ||
                (at.limits.stage == Stage::kPaper && !at.limits.paper_account));
}

// --- how much in how long ------------------------------------------------------

bool Repeated(const Case& at) {
  if (at.limits.duplicate_limits == 0 || at.intent.kind != market::IntentKind::kNew) return false;
  const OrderShape shape = OrderShape::Of(at.intent);
  for (uint32_t i = 0; i < at.limits.duplicate_limits; ++i) {
    const RateLimit& limit = at.limits.duplicates[i];
    if (at.leaf.answered.Count(shape, at.now - limit.window) + 1 > limit.count) return true;
  }
  return false;
}

bool ClipQuantity(const Case& at, const Flow& flow, risk::Value limit) {
  if (limit == kNoLimit) return false;
  const risk::Value own = market::Rescale(at.quantity, at.instrument.definition.quantity_scale,
                                          kValueScale, Rounding::kUp)
                              .value_or(INT64_MAX);
  return flow.quantity + own > limit;
}

bool ClipNotional(const Case& at, const Flow& flow, risk::Value limit) {
  if (limit == kNoLimit || !at.valued) return false;
  risk::Value total = at.value;
  for (const auto& [asset, amount] : flow.notional) {
    const auto value = at.book.ValueOfAsset(asset, Money(amount, kValueScale));
    if (!value) return true;
    total += *value;
  }
  return total > limit;
}

void CheckRates(const Case& at, ReasonSet& fails) {
  fails.Add(RejectReason::kDuplicate, Repeated(at));
  bool full = false;
  for (const ScopeRow* scope : at.scopes) {
    full |= scope->messages.Full(at.now);
    const FlowLimits& limits = scope->flow_limits;
    if (!limits.any) continue;
    const Flow& flow = scope->flow.SumAt(at.now);
    const uint64_t minimum = at.book.windows().ratio_minimum;
    fails.Add(RejectReason::kClipQuantity, ClipQuantity(at, flow, limits.quantity));
    fails.Add(RejectReason::kClipNotional, ClipNotional(at, flow, limits.notional));
    fails.Add(RejectReason::kClipFills, static_cast<uint32_t>(flow.fills + 1) > limits.fills);
    fails.Add(RejectReason::kOrderToTrade,
              limits.orders_per_fill != UINT64_MAX && flow.messages + 1 > minimum &&
                  flow.messages + 1 > limits.orders_per_fill * flow.fills);
    fails.Add(RejectReason::kCancelRatio,
              limits.cancel_ratio_ppm != INT64_MAX && flow.cancels > minimum &&
                  static_cast<Int128>(flow.cancels) * kPpm >
                      static_cast<Int128>(limits.cancel_ratio_ppm) * flow.orders);
  }
  fails.Add(RejectReason::kMessageRate, full);
}

// --- orders, positions, exposure -----------------------------------------------

void CheckExposure(const Case& at, ReasonSet& fails) {
  bool orders = at.book.open_order_count() >= at.settings.max_open_orders;
  bool open = false, gross = false, net = false, lost = false, fell = false;
  for (size_t i = 0; i < at.scopes.size(); ++i) {
    const ScopeRow& scope = *at.scopes[i];
    const SumLimits& limits = scope.sum_limits;
    const SideChange& change = at.changes[OrderContext::CellOf(i)];
    const risk::Value side = at.buy ? scope.long_side : scope.short_side, result = scope.result();
    orders |= scope.open_orders + 1 > limits.open_orders;
    open |= scope.open_value + at.value > limits.open_value;
    gross |= change.opened > 0 && change.more > 0 && scope.gross + change.more > limits.gross;
    net |= change.opened > 0 && side + change.after - change.before > limits.net;
    lost |= scope.day_baseline - result > limits.loss;
    fell |= scope.high - result > limits.fall;
  }
  bool position = false;
  for (size_t i = 0; i < at.changes.size(); ++i) {
    const risk::Value limit = at.buy ? at.limits.max_long[i] : at.limits.max_short[i];
    position |= at.changes[i].opened > 0 && at.changes[i].after > limit;
  }
  fails.Add(RejectReason::kOpenOrders, orders);
  fails.Add(RejectReason::kOpenNotional, at.valued && open);
  fails.Add(RejectReason::kPositionLimit, at.valued && position);
  fails.Add(RejectReason::kGrossExposure, at.valued && gross);
  fails.Add(RejectReason::kNetExposure, at.valued && net);
  fails.Add(RejectReason::kDailyLoss, !at.reducing && lost);
  fails.Add(RejectReason::kDrawdown, !at.reducing && fell);
  const Cell& account = *at.leaf.cell_rows[1];
  if (!(at.buy ? account.any_sell : account.any_buy) || at.limits.self_trade_by_venue) return;
  const int64_t own = MeetingPrice(at.intent);
  fails.Add(RejectReason::kSelfTrade, at.buy ? account.best_sell <= own : account.best_buy >= own);
}

// How exposure is spread: firm, account and strategy, which have cells of their own.
void CheckSpread(const Case& at, ReasonSet& fails) {
  for (size_t i = 0; i < at.changes.size(); ++i) {
    const ScopeRow& scope = *at.scopes[i];
    const Limits& limits = scope.limits;
    const Cell& cell = *at.leaf.cell_rows[i];
    const SideChange& change = at.changes[i];
    fails.Add(RejectReason::kInstrumentCount,
              limits.max_instruments && !cell.used &&
                  scope.instruments_used + 1 > *limits.max_instruments);
    fails.Add(RejectReason::kVenueCount,
              limits.max_venues && !cell.used &&
                  controls::VenuesWith(scope, at.instrument.venue_scope) > *limits.max_venues);
    if (!at.valued || change.opened <= 0) continue;
    fails.Add(RejectReason::kCorrelation,
              limits.max_correlated && at.instrument.group != kNone &&
                  controls::Correlated(scope, change, at.instrument.group, at.buy,
                                       at.book.group_rho_ppm(at.instrument.group),
                                       *limits.max_correlated));
    if (change.more <= 0 || !limits.max_concentration_ppm) continue;
    const risk::Value all =
        std::max(scope.gross + change.more, limits.concentration_above.value_or(0));
    fails.Add(RejectReason::kConcentration,
              (cell.gross + change.more) * kPpm > *limits.max_concentration_ppm * all);
  }
  const ScopeRow& firm = *at.scopes[0];
  const SideChange& change = at.changes[0];
  if (firm.limits.capital && at.valued && change.opened > 0 && change.more > 0) {
    const risk::Value lost = std::max<risk::Value>(firm.day_baseline - firm.result(), 0);
    fails.Add(RejectReason::kCapital, firm.gross + change.more + lost > *firm.limits.capital);
  }
}

void CheckCanary(const Case& at, ReasonSet& fails) {
  if (at.limits.stage != Stage::kCanary) return;
  bool stated = false;
  for (size_t i = 0; i < at.scopes.size(); ++i) {
    const ScopeRow& scope = *at.scopes[i];
    const auto& limit = scope.limits.canary_notional;
    if (!limit) continue;
    stated = true;
    const SideChange& change = at.changes[OrderContext::CellOf(i)];
    fails.Add(
        RejectReason::kCanaryNotional,
        at.valued && change.opened > 0 && std::max(at.value, scope.gross + change.more) > *limit);
  }
  fails.Add(RejectReason::kCanaryNotional, !stated);
}

// --- money ---------------------------------------------------------------------

bool Short(const BalanceRow& row, const Money& need) {
  const auto alike = [&need](const Money& other) {
    return other.zero() || other.scale() == need.scale();
  };
  if (alike(row.total) && alike(row.reserved) && alike(row.margin))
    return need.units() > row.total.units() - row.reserved.units() - row.margin.units();
  return need > row.total - row.reserved - row.margin;
}

bool MarginShort(const Case& at) {
  const Cell& cell = *at.leaf.cell_rows[1];
  const BalanceRow& row = *cell.balance;
  if (!row.known) return true;
  const int64_t opened =
      std::clamp<int64_t>(cell.side_quantity(at.buy) + at.quantity, 0, at.quantity);
  const auto more = market::MulDiv(at.notional, opened, at.quantity, Rounding::kUp);
  const Int128 side = std::max<Int128>(at.buy ? cell.long_units : cell.short_units, 0);
  const Money after =
      std::max(cell.margin, at.book.MarginOf(cell, side + more.value_or(at.notional)));
  if (opened == 0 || after <= cell.margin) return false;
  return row.margin - cell.margin + after > row.total - row.reserved;
}

void CheckMoney(const Case& at, ReasonSet& fails) {
  if (!at.instrument.rules.spot) {
    fails.Add(RejectReason::kBalance, at.priced && MarginShort(at));
  } else if (at.buy) {
    const BalanceRow& quote = *at.leaf.quote_row;
    fails.Add(RejectReason::kBalance,
              at.priced && (!quote.known ||
                            Short(quote, Money(at.notional, at.instrument.rules.quote_scale))));
  } else {
    const BalanceRow& base = *at.leaf.base_row;
    fails.Add(RejectReason::kBalance, at.priced && !base.known);
    fails.Add(RejectReason::kInventory,
              base.known &&
                  Short(base, at.instrument.definition.BaseAmount(market::Quantity{at.quantity})));
  }
}

}  // namespace

std::optional<Verdict> Judge(const OrderIntent& intent, const ExposureBook& book,
                             const GateSettings& settings, base::Time now) {
  if (intent.kind == market::IntentKind::kParent || intent.kind == market::IntentKind::kAmend ||
      !intent.parent.empty()) {
    return std::nullopt;
  }
  const Index found = book.FindLeaf(intent.account, intent.strategy, intent.instrument);
  if (found == kNone) return std::nullopt;
  const Leaf& leaf = book.leaf(found);
  const RowLimits& limits = leaf.limits;
  const InstrumentRow& instrument = *leaf.instrument_row;
  const bool buy = intent.side == market::Side::kBuy;
  if (!limits.known_account || (!buy && instrument.rules.spot && limits.margin_allowed) ||
      FormFault(intent, book, settings, now, &leaf, nullptr) != nullptr) {
    return std::nullopt;
  }
  Case at{.intent = intent,
          .book = book,
          .settings = settings,
          .now = now,
          .leaf = leaf,
          .limits = limits,
          .instrument = instrument,
          .scopes = leaf.scope_rows,
          .buy = buy,
          .quantity = intent.quantity.mantissa,
          .reference = instrument.mid,
          .reducing = Reduces(leaf, buy, intent.quantity.mantissa, 0)};
  if (!WorkOut(at)) return std::nullopt;
  if (at.valued) {
    for (size_t i = 0; i < at.changes.size(); ++i)
      at.changes[i] = ChangeOf(*leaf.cell_rows[i], buy, at.quantity, at.value);
  }
  Verdict verdict{.reserved = Money(at.notional, instrument.rules.quote_scale),
                  .reference = at.reference};
  CheckForm(at, verdict.failing);
  CheckMarket(at, verdict.failing);
  CheckState(at, verdict.failing);
  CheckRates(at, verdict.failing);
  CheckExposure(at, verdict.failing);
  CheckSpread(at, verdict.failing);
  CheckCanary(at, verdict.failing);
  CheckMoney(at, verdict.failing);
  return verdict;
}

bool BothWaysAgree(const OrderIntent& intent, const ExposureBook& book,
                   const GateSettings& settings, base::Time now) {
  const std::optional<Verdict> quick = Judge(intent, book, settings, now);
  if (!quick) return true;
  const Verdict table = JudgeByControls(MakeContext(intent, book, settings, now));
  return quick->failing == table.failing && quick->reference == table.reference &&
         (!table.failing.empty() ||
          (quick->reserved == table.reserved && quick->reserved.scale() == table.reserved.scale()));
}

Verdict JudgeByControls(const OrderContext& context) {
  Verdict verdict{.reference = context.reference};
  for (const Control& control : Controls())
    verdict.failing.Add(control.reason, control.fails(context, nullptr));
  if (!verdict.failing.empty()) return verdict;
  GANNET_CHECK(context.worst_notional.has_value(), "an order without a worst case passed the gate");
  verdict.reserved = context.carved() ? Money(context.carve.value, context.worst_notional->scale())
                                      : *context.worst_notional;
  return verdict;
}

}  // namespace gannet::risk
