#include "services/risk/verdict.h"

#include <algorithm>
#include <cstdlib>

#include "libs/base/check.h"
#include "services/risk/control_families.h"

namespace gannet::risk {
namespace {

using controls::kPpm;
using market::Int128;
using market::Money;
using market::OrderIntent;
using market::Price;
using market::Rounding;

// Amounts beyond it are the table's: what is compared below is then plain numbers, and a sum of
// two does not leave 64 bits.
constexpr int64_t kMostUnits = kMostNarrow;

// By how much an order makes the sums of a cell, and so of its scopes, grow; kNothing where
// nothing is opened, which passes whatever room there is.
constexpr int64_t kNothing = INT64_MIN;
struct Growth {
  int64_t side = kNothing, gross = kNothing;
};

// What the families below read of one order. Each says whether nothing that it looks at is in
// the way; the numbers are those of docs/risk-controls.md.
struct Case {
  const OrderIntent& intent;
  const ExposureBook& book;
  const GateSettings& settings;
  base::Time now;
  const Leaf& leaf;
  const InstrumentRow& instrument;
  const SizeRules& sizes;
  bool buy;
  // Something that only an order which reduces may pass.
  bool must_reduce = false;
  int64_t notional = 0;           // worst case, quote units
  int64_t value = 0;              // the same in the valuation asset
  std::array<Growth, 3> growths;  // firm, account, strategy

  const RowLimits& limits() const { return leaf.limits; }
  int64_t quantity() const { return intent.quantity.mantissa; }
  Price reference() const { return instrument.mid; }
};

Price WorstPrice(const Case& at) {
  if (HasLimitPrice(at.intent.type)) {
    return at.buy ? at.intent.price : std::max(at.intent.price, at.reference());
  }
  if (at.limits().collar_ppm <= 0) return Price{};
  return controls::Scaled(controls::WorstTrigger(at.intent, at.reference()),
                          kPpm + at.limits().collar_ppm, Rounding::kCeiling);
}

// 2, 21: the worst case, what it comes to, and what the venue takes.
bool Worth(Case& at) {
  const TradingRules& rules = at.instrument.rules;
  const Price worst = WorstPrice(at);
  const Price least = at.intent.price.mantissa > 0 ? at.intent.price : at.reference();
  if (rules.divisor == 0 || worst.mantissa <= 0) return false;
  const QuoteUnits units = UnitsOf(rules, worst.mantissa, at.quantity());
  if (units.whole >= kMostUnits) return false;
  at.notional = static_cast<int64_t>(units.whole) + (units.rest ? 1 : 0);
  if (at.instrument.plain) {
    at.value = at.notional;
  } else {
    const auto value = at.book.ValueOf(at.notional, at.instrument, Rounding::kUp);
    if (!value || *value > kMostUnits) return false;
    at.value = static_cast<int64_t>(*value);
  }
  if (at.value > at.limits().order_notional) return false;
  const SizeRules& sizes = at.sizes;
  const QuoteUnits seen = least == worst ? units : UnitsOf(rules, least.mantissa, at.quantity());
  if (sizes.max_notional > 0 && seen.whole + (seen.rest ? 1 : 0) > sizes.max_notional) return false;
  if (at.intent.reduce_only && !rules.spot) return true;  // however little it is worth
  return seen.whole >= sizes.min_notional;
}

// --- what the order says: 1, 16, 21, 29 -----------------------------------------

// With kValueScale digits, upwards.
Value QuantityOf(const Case& at) {
  const int scale = at.instrument.rules.quantity_scale;
  if (scale == kValueScale) return at.quantity();
  return market::Rescale(at.quantity(), scale, kValueScale, Rounding::kUp).value_or(INT64_MAX);
}

bool OnGrid(const Case& at) {
  const TradingRules& rules = at.instrument.rules;
  const int64_t stop = at.intent.stop_price.mantissa, quantity = at.quantity();
  if (rules.shut || at.intent.instrument_version != rules.version || rules.settles_elsewhere)
    return false;
  if (rules.tick <= 0 || at.intent.price.mantissa % rules.tick != 0 ||
      (stop != 0 && stop % rules.tick != 0))
    return false;
  const SizeRules& sizes = at.sizes;
  if (sizes.lot <= 0 || quantity % sizes.lot != 0 || quantity < sizes.min_quantity) return false;
  if (sizes.max_quantity > 0 && quantity > sizes.max_quantity) return false;
  return QuantityOf(at) <= at.limits().order_quantity;
}

bool OfPermittedKind(Case& at) {
  const RowLimits& limits = at.limits();
  if ((limits.permitted_types >> static_cast<uint32_t>(at.intent.type) & 1) == 0) return false;
  if (limits.manual_off || limits.model_off || limits.news_off) {
    const bool model = !at.intent.model_version.empty();
    const bool news = !at.intent.signal.empty() && !model;
    at.must_reduce = at.must_reduce || limits.manual_off || (limits.model_off && model) ||
                     (limits.news_off && news);
  }
  return !(limits.require_reason && at.intent.reason.empty()) &&
         !(limits.require_model && at.intent.model_version.empty());
}

// --- the market: 3, 20, 22 -------------------------------------------------------

// Of numbers that are not negative.
unsigned __int128 Product(int64_t a, int64_t b) {
  return static_cast<unsigned __int128>(static_cast<uint64_t>(a)) * static_cast<uint64_t>(b);
}

// Compared as products: a bound cut to a whole price divides as whole prices do.
bool WithinCollar(const Case& at) {
  const int64_t reference = at.reference().mantissa, collar = at.limits().collar_ppm;
  if (!controls::BandAllows(at.intent, at.instrument.rules, at.reference())) return false;
  if (collar <= 0) return true;
  if (Product(reference, kPpm + collar) >> 63 >= kPpm) return false;  // no price holds it
  const auto near = [reference, most = Product(reference, collar)](int64_t price) {
    return price == 0 || Product(std::abs(price - reference), kPpm) <= most;
  };
  return near(at.intent.price.mantissa) && near(at.intent.stop_price.mantissa);
}

bool MovesLittle(const Case& at) {
  const int64_t move = at.limits().max_move_ppm, volatility = at.limits().max_volatility_ppm;
  if (move == INT64_MAX && volatility == INT64_MAX) return true;
  const Moves& moved = at.book.MovesAt(at.instrument, at.now);
  if (move != INT64_MAX && Product(moved.high - moved.low, kPpm) > Product(move, moved.low))
    return false;
  return volatility == INT64_MAX ||
         static_cast<unsigned __int128>(moved.variance) <= Product(volatility, volatility);
}

bool Proven(const Case& at, const InstrumentRow& row) {
  return row.mid.mantissa > 0 && !row.feed_down && !row.crossed &&
         row.book == market::BookState::kValid && at.now - row.data_time <= at.limits().stale_after;
}

bool MarketOpen(const Case& at) {
  const InstrumentRow& row = at.instrument;
  return row.rules.trading && Proven(at, row) &&
         (row.conversion != Conversion::kByPrice || Proven(at, at.book.instrument(row.rate)));
}

// --- the gate: 4, 8, 24, 26, 28, 30 ------------------------------------------------

bool GateOpen(const Case& at) {
  const base::Time oldest = at.book.oldest_unanswered(), differs = at.leaf.differs_since;
  if (oldest != base::Time::max() && at.now - oldest > at.settings.unanswered_alarm) return false;
  if (differs != base::Time::max() && at.now - differs > at.settings.position_alarm) return false;
  if (at.limits().dead_man != base::Duration::max()) {
    const base::Time seen = at.book.person_seen();
    if (seen == base::Time::min() || at.now - seen > at.limits().dead_man) return false;
  }
  return at.book.open_order_count() < at.settings.max_open_orders;
}

bool Repeated(const Case& at) {
  const base::Duration within = at.limits().duplicates_within;
  if (within == base::Duration::min() || !at.leaf.answered.AnyAfter(at.now - within) ||
      at.intent.kind != market::IntentKind::kNew)
    return false;
  const OrderShape shape = OrderShape::Of(at.intent);
  for (const RateLimit& limit : at.leaf.duplicates) {
    if (at.leaf.answered.Count(shape, at.now - limit.window) + 1 > limit.count) return true;
  }
  return false;
}

// --- scopes: 5, 6, 8, 10, 12, 13, 19, 23, 26 ---------------------------------------------

// 7, 25.
bool WithinFlow(const Case& at, const ScopeRow& scope) {
  const FlowLimits& limits = scope.flow_limits;
  const Flow& flow = scope.flow.SumAt(at.now);
  const uint64_t minimum = at.book.windows().ratio_minimum;
  if (limits.quantity != kNoLimit && flow.quantity + QuantityOf(at) > limits.quantity) return false;
  if (limits.notional != kNoLimit) {
    Value total = at.value;
    bool known = true;
    flow.ForEachNotional([&](Index asset, Int128 amount) {
      const auto worth = at.book.ValueOfFlow(asset, amount);
      known = known && worth.has_value();
      total += worth.value_or(0);
    });
    if (!known) return false;
    if (total > limits.notional) return false;
  }
  if (static_cast<uint32_t>(flow.fills + 1) > limits.fills) return false;
  if (limits.orders_per_fill != UINT64_MAX && flow.messages + 1 > minimum &&
      flow.messages + 1 > limits.orders_per_fill * flow.fills)
    return false;
  return limits.cancel_ratio_ppm == INT64_MAX || flow.cancels <= minimum ||
         static_cast<Int128>(flow.cancels) * kPpm <=
             static_cast<Int128>(limits.cancel_ratio_ppm) * flow.orders;
}

bool WithinSums(Case& at) {
  const size_t side = at.buy ? 0 : 1;
  for (size_t i = 0; i < at.leaf.scope_rows.size(); ++i) {
    const ScopeRow& scope = *at.leaf.scope_rows[i];
    const Growth& growth = at.growths[OrderContext::CellOf(i)];
    const Room& room = scope.room;
    if (room.orders <= 0 || scope.messages.Full(at.now) || at.value > room.open_value ||
        growth.gross > room.gross || growth.side > room.net[side])
      return false;
    at.must_reduce |= scope.only_reduces;
    if (scope.flow_limits.any && !WithinFlow(at, scope)) return false;
  }
  return true;
}

// --- how exposure is spread: 14, 15, 30 ---------------------------------------------

// Of firm, account or strategy, which have cells of their own.
bool WellSpread(const Case& at, const Cell& cell, const Growth& growth) {
  const ScopeRow& scope = *cell.scopes[0];
  const SpreadLimits& limits = scope.spread_limits;
  if (!cell.used) {
    if (scope.instruments_used >= limits.instruments) return false;
    if (scope.venues_used.size() >= limits.venues &&
        controls::VenuesWith(scope, at.instrument.venue_scope) > limits.venues)
      return false;
  }
  if (growth.side == kNothing) return true;
  if (at.instrument.group != kNone && limits.correlated != kNoLimit) {
    SideChange change{.before = at.buy ? cell.long_side : cell.short_side};
    change.after = change.before + growth.side;
    if (controls::Correlated(scope, change, at.instrument.group, at.buy,
                             at.book.group_rho_ppm(at.instrument.group), limits.correlated))
      return false;
  }
  if (growth.gross == kNothing) return true;
  const int64_t own = static_cast<int64_t>(cell.gross) + growth.gross;
  return own <= limits.gross_free ||
         static_cast<Value>(own) * kPpm <=
             limits.concentration_ppm *
                 std::max(scope.gross() + growth.gross, limits.concentration_above);
}

bool WithinCanary(const Case& at) {
  bool stated = false;
  for (size_t i = 0; i < at.leaf.scope_rows.size(); ++i) {
    const ScopeRow& scope = *at.leaf.scope_rows[i];
    const auto& limit = scope.limits.canary_notional;
    if (!limit) continue;
    stated = true;
    const Growth& growth = at.growths[OrderContext::CellOf(i)];
    if (growth.side != kNothing &&
        std::max<Value>(at.value, scope.gross() + std::max<int64_t>(growth.gross, 0)) > *limit)
      return false;
  }
  return stated;
}

// --- positions and orders: 9, 18 --------------------------------------------------------

// Firm, account or strategy in the instrument: 9, and what is said of its spread.
bool WithinCell(Case& at, size_t which) {
  const Cell& cell = *at.leaf.cell_rows[which];
  if (!cell.narrow) return false;
  Growth growth;
  if (cell.side_quantity(at.buy) >= 0) {  // nothing is closed
    growth.side = at.value;
  } else if (const SideChange change = ChangeOf(cell, at.buy, at.quantity(), at.value);
             change.opened > 0) {
    if (change.after > kMostNarrow || change.after < -kMostNarrow) return false;
    growth.side = static_cast<int64_t>(change.after - change.before);
  }
  if (growth.side != kNothing) {
    const auto before = static_cast<int64_t>(at.buy ? cell.long_side : cell.short_side);
    const int64_t after = before + growth.side, more = after - static_cast<int64_t>(cell.gross);
    if (after > at.limits().position[at.buy ? 0 : 1][which]) return false;
    if (more > 0) growth.gross = more;
  }
  at.growths[which] = growth;
  return WellSpread(at, cell, growth);
}

bool MeetsOwn(const Case& at) {
  const Cell& account = *at.leaf.cell_rows[1];
  if (!(at.buy ? account.any_sell : account.any_buy) || at.limits().self_trade_by_venue)
    return false;
  const int64_t own = MeetingPrice(at.intent);
  return at.buy ? account.best_sell <= own : account.best_buy >= own;
}

// --- money: 11, 17 ------------------------------------------------------------------------

bool Covers(const BalanceRow& row, Int128 units, int scale) {
  const auto alike = [scale](const Money& other) { return other.scale() == scale || other.zero(); };
  if (alike(row.total) && alike(row.reserved) && alike(row.margin))
    return units <= row.total.units() - row.reserved.units() - row.margin.units();
  return Money(units, scale) <= row.total - row.reserved - row.margin;
}

bool CoversMargin(const Case& at) {
  const Cell& cell = *at.leaf.cell_rows[1];
  const BalanceRow& row = *cell.balance;
  if (!row.known) return false;
  const int64_t opened =
      std::clamp<int64_t>(cell.side_quantity(at.buy) + at.quantity(), 0, at.quantity());
  const auto more = market::MulDiv(at.notional, opened, at.quantity(), Rounding::kUp);
  const Int128 side = std::max<Int128>(at.buy ? cell.long_units : cell.short_units, 0);
  const Money after =
      std::max(cell.margin, at.book.MarginOf(cell, side + more.value_or(at.notional)));
  if (opened == 0 || after <= cell.margin) return true;
  return row.margin - cell.margin + after <= row.total - row.reserved;
}

bool Funded(const Case& at) {
  const TradingRules& rules = at.instrument.rules;
  if (!rules.spot) return CoversMargin(at);
  const BalanceRow& spent = at.buy ? *at.leaf.quote_row : *at.leaf.base_row;
  return spent.known && (at.buy ? Covers(spent, at.notional, rules.quote_scale)
                                : Covers(spent, at.quantity(), rules.quantity_scale));
}

}  // namespace

std::optional<Permit> PermitAtOnce(Index which, const OrderIntent& intent, const ExposureBook& book,
                                   const GateSettings& settings, base::Time now) {
  if (which == kNone || !intent.parent.empty() || intent.kind == market::IntentKind::kParent ||
      intent.kind == market::IntentKind::kAmend)
    return std::nullopt;
  const Leaf& leaf = book.leaf(which);
  const bool buy = intent.side == market::Side::kBuy;
  const InstrumentRow& instrument = *leaf.instrument_row;
  if (!leaf.limits.open || (!buy && instrument.rules.spot && leaf.limits.margin_allowed) ||
      FormFault(intent, book, settings, now, &leaf, nullptr) != nullptr)
    return std::nullopt;
  Case at{.intent = intent,
          .book = book,
          .settings = settings,
          .now = now,
          .leaf = leaf,
          .instrument = instrument,
          .sizes = HasLimitPrice(intent.type) ? instrument.rules.limit : instrument.rules.market,
          .buy = buy,
          .must_reduce = intent.reduce_only};
  if (!MarketOpen(at) || !OnGrid(at) || !OfPermittedKind(at) || !Worth(at) || !WithinCollar(at) ||
      !MovesLittle(at) || !GateOpen(at) || Repeated(at) || MeetsOwn(at) || !Funded(at))
    return std::nullopt;
  for (size_t i = 0; i < leaf.cell_rows.size(); ++i) {
    if (!WithinCell(at, i)) return std::nullopt;
  }
  if (!WithinSums(at) || (at.must_reduce && !Reduces(leaf, buy, at.quantity(), 0)) ||
      (leaf.limits.stage == Stage::kCanary && !WithinCanary(at)))
    return std::nullopt;
  return Permit{Money(at.notional, instrument.rules.quote_scale), at.reference()};
}

bool BothWaysAgree(const OrderIntent& intent, const ExposureBook& book,
                   const GateSettings& settings, base::Time now) {
  const Index leaf = book.FindLeaf(intent.account, intent.strategy, intent.instrument);
  const std::optional<Permit> quick = PermitAtOnce(leaf, intent, book, settings, now);
  if (!quick) return true;
  const Verdict table = JudgeByControls(MakeContext(intent, book, settings, now));
  return book.SumsFit() && table.failing.empty() && quick->reference == table.permit.reference &&
         quick->reserved == table.permit.reserved &&
         quick->reserved.scale() == table.permit.reserved.scale();
}

Verdict JudgeByControls(const OrderContext& context) {
  Verdict verdict{.permit = {.reference = context.reference}};
  for (const Control& control : Controls())
    verdict.failing.Add(control.reason, control.fails(context, nullptr));
  if (!verdict.failing.empty()) return verdict;
  GANNET_CHECK(context.worst_notional.has_value(), "an order without a worst case passed the gate");
  verdict.permit.reserved = context.carved()
                                ? Money(context.carve.value, context.worst_notional->scale())
                                : *context.worst_notional;
  return verdict;
}

}  // namespace gannet::risk
