#include "services/risk/controls.h"

#include <algorithm>

#include "libs/market/decimal.h"
#include "services/risk/control_families.h"

namespace gannet::risk {

bool controls::BandAllows(const market::OrderIntent& intent, const TradingRules& rules,
                          market::Price reference) {
  if (!HasLimitPrice(intent.type) || (!rules.spot && intent.stop_price.mantissa != 0)) return true;
  const auto& band = intent.side == market::Side::kBuy ? rules.buy_band : rules.sell_band;
  const auto there = static_cast<market::Int128>(intent.price.mantissa) * kPpm;
  const auto at = [&reference](market::Int128 ppm) { return reference.mantissa * ppm; };
  return (band.up_ppm <= 0 || there <= at(market::Int128{kPpm} + band.up_ppm)) &&
         (band.down_ppm <= 0 || there >= at(market::Int128{kPpm} - band.down_ppm));
}

market::Price controls::Scaled(market::Price price, int64_t ppm, market::Rounding rounding) {
  const auto scaled = market::MulDiv(price.mantissa, ppm, kPpm, rounding);
  return scaled && *scaled <= INT64_MAX ? market::Price{static_cast<int64_t>(*scaled)}
                                        : market::Price{};
}

market::Price controls::WorstTrigger(const market::OrderIntent& intent, market::Price reference) {
  const market::Price highest = std::max(reference, intent.stop_price);
  if (intent.trailing_bps == 0) return highest;
  return Scaled(highest, kPpm + int64_t{intent.trailing_bps} * kPpm / 10'000,
                market::Rounding::kCeiling);
}

bool controls::Allowed(const Context& context, std::optional<bool> Limits::*permission) {
  bool allowed = false;
  for (const ScopeRow* scope : context.scopes) {
    const std::optional<bool>& stated = scope->limits.*permission;
    if (stated && !*stated) return false;
    allowed = allowed || stated;
  }
  return allowed;
}

bool Reduces(const Leaf& leaf, bool buy, int64_t quantity, int64_t own) {
  if (quantity <= 0) return false;
  return buy ? quantity <= -leaf.position - (leaf.open_buy - own)
             : quantity <= leaf.position - (leaf.open_sell - own);
}

SideChange ChangeOf(const Cell& cell, bool buy, int64_t quantity, Value worst_value) {
  const int64_t side = cell.side_quantity(buy);
  SideChange change;
  change.before = change.after = buy ? cell.long_side : cell.short_side;
  change.opened = side >= 0 ? quantity : std::clamp<int64_t>(side + quantity, 0, quantity);
  if (change.opened == quantity) {
    change.after += worst_value;
  } else {
    const auto opens = market::MulDiv(worst_value, change.opened, quantity, market::Rounding::kUp);
    const auto closes = market::MulDiv(change.before, quantity - change.opened, side,
                                       market::Rounding::kUp);  // both negative
    change.after += opens.value_or(worst_value) + closes.value_or(0);
  }
  change.more = std::max(change.after, cell.gross) - cell.gross;
  return change;
}

bool Finding::Closer(bool failed, market::Int128 room) {
  const bool keep = failed || !any_ || room < room_;
  if (keep) room_ = room;
  any_ = true;
  return keep;
}

namespace {

using market::RejectReason;
using market::Rounding;
using market::Side;
using namespace controls;  // NOLINT: the table below

// The price at which this order weighs most: its limit for a buy; for a sell,
// which may fill higher, the larger of limit and reference; where there is no
// limit, the reference (or stop) price, of a trailing stop with its distance, and the collar on
// top.
market::Price WorstPrice(const OrderContext& context) {
  const market::OrderIntent& intent = context.intent;
  if (HasLimitPrice(intent.type)) {
    return intent.side == Side::kBuy ? intent.price : std::max(intent.price, context.reference);
  }
  if (context.reference.mantissa <= 0 || context.collar_ppm <= 0) return market::Price{};
  return Scaled(WorstTrigger(intent, context.reference), kPpm + context.collar_ppm,
                Rounding::kCeiling);
}

// What `quantity` takes of a reservation for `whole`, away from zero.
std::optional<market::Money> PartOf(const market::Money& reserved, market::Quantity quantity,
                                    market::Quantity whole) {
  const auto units =
      market::MulDiv(reserved.units(), quantity.mantissa, whole.mantissa, Rounding::kUp);
  if (!units) return std::nullopt;
  return market::Money(*units, reserved.scale());
}

constexpr Control kControls[] = {
    {RejectReason::kMalformed, 21, "a well-formed order", Malformed, Needs::kNothing},
    {RejectReason::kUnknownAccount, 21, "an account that limits name", UnknownAccount,
     Needs::kNothing},
    {RejectReason::kUnknownInstrument, 21, "an instrument that is defined", UnknownInstrument,
     Needs::kNothing},
    {RejectReason::kInstrumentVersion, 21, "the current definition", WrongVersion,
     Needs::kInstrument},
    {RejectReason::kKillSwitch, 23, "kill switch off", Killed, Needs::kNothing},
    {RejectReason::kTradingState, 19, "trading state", StateForbids},
    {RejectReason::kGateClosed, 26, "execution answers, what is needed is heard", GateClosed,
     Needs::kNothing},
    {RejectReason::kMissingLimit, 26, "mandatory limits are stated", MissingLimit},
    {RejectReason::kNotPermitted, 16, "permitted instrument and type", NotPermitted},
    {RejectReason::kOffTick, 21, "price on the tick", OffTick, Needs::kInstrument},
    {RejectReason::kOffLot, 21, "quantity on the lot", OffLot, Needs::kInstrument},
    {RejectReason::kBelowMinimum, 21, "the venue's least size", BelowMinimum, Needs::kInstrument},
    {RejectReason::kNoPrice, 20, "a reference price", NoPrice, Needs::kInstrument},
    {RejectReason::kStalePrice, 20, "fresh market data", StalePrice, Needs::kReference},
    {RejectReason::kBookInvalid, 20, "a proven book", BookInvalid, Needs::kInstrument},
    {RejectReason::kCrossedBook, 20, "bid below ask", Crossed, Needs::kInstrument},
    {RejectReason::kMaxQuantity, 1, "largest quantity", MaxQuantity},
    {RejectReason::kMaxNotional, 2, "largest notional", MaxNotional, Needs::kValue},
    {RejectReason::kPriceCollar, 3, "price collar", PriceCollar, Needs::kReference},
    {RejectReason::kDuplicate, 4, "repeated identical orders", Duplicate},
    {RejectReason::kMessageRate, 6, "message rate", MessageRate},
    {RejectReason::kOpenOrders, 8, "number of open orders", OpenOrders},
    {RejectReason::kOpenNotional, 8, "value of open orders", OpenNotional, Needs::kValue},
    {RejectReason::kPositionLimit, 9, "position", PositionLimit, Needs::kValue},
    {RejectReason::kGrossExposure, 10, "gross exposure", GrossExposure, Needs::kValue},
    {RejectReason::kNetExposure, 10, "net exposure", NetExposure, Needs::kValue},
    {RejectReason::kBalance, 11, "balance and margin", Balance, Needs::kValue},
    {RejectReason::kDailyLoss, 13, "loss of the day", DailyLoss},
    {RejectReason::kDrawdown, 13, "fall from the best result", Drawdown},
    {RejectReason::kReduceOnly, 19, "only what reduces", MustReduce},
    {RejectReason::kInventory, 17, "sold only what is held", Inventory},
    {RejectReason::kSelfTrade, 18, "no trade with ourselves", SelfTrade},
    {RejectReason::kThrottled, 5, "repeated executions", Throttled},
    {RejectReason::kClipQuantity, 7, "quantity in a window", ClipQuantity},
    {RejectReason::kClipNotional, 7, "notional in a window", ClipNotional, Needs::kValue},
    {RejectReason::kClipFills, 7, "fills in a window", ClipFills},
    {RejectReason::kCapital, 12, "capital of the firm", Capital, Needs::kValue},
    {RejectReason::kConcentration, 14, "concentration", Concentration, Needs::kValue},
    {RejectReason::kCorrelation, 14, "correlated exposure", Correlation, Needs::kValue},
    {RejectReason::kInstrumentCount, 15, "number of instruments", InstrumentCount},
    {RejectReason::kVenueCount, 15, "number of venues", VenueCount},
    {RejectReason::kVenueStatus, 22, "the venue trades it", VenueStatus, Needs::kInstrument},
    {RejectReason::kVelocity, 22, "velocity pause", Velocity},
    {RejectReason::kVolatility, 22, "volatility pause", Volatility},
    {RejectReason::kDeadMan, 24, "sign of life of a person", DeadMan},
    {RejectReason::kOrderToTrade, 25, "messages for a fill", OrderToTrade},
    {RejectReason::kCancelRatio, 25, "cancels for an order", CancelRatio},
    {RejectReason::kCircuitBreaker, 26, "circuit breaker", BreakerOpen},
    {RejectReason::kPositionMismatch, 28, "position as execution tells it", PositionMismatch},
    {RejectReason::kNotTraceable, 29, "reason and model given", NotTraceable},
    {RejectReason::kReleaseStage, 30, "release stage", ReleaseStage},
    {RejectReason::kCanaryNotional, 30, "canary cap", CanaryNotional, Needs::kValue},
};

constexpr bool Complete() {
  for (size_t i = 0; i < std::size(kControls); ++i) {
    if (kControls[i].reason != static_cast<RejectReason>(i + 1)) return false;
  }
  return std::size(kControls) == static_cast<size_t>(market::kLastRejectReason);
}
static_assert(Complete(), "a control for each reason, in the order of the reasons");

}  // namespace

std::span<const Control> Controls() { return kControls; }

bool LooksAt(const Control& control, const OrderContext& context) {
  switch (control.needs) {
    case Needs::kNothing:
      return true;
    case Needs::kInstrument:
      return context.instrument != nullptr;
    case Needs::kRows:
      return context.leaf != nullptr;
    case Needs::kReference:
      return context.leaf != nullptr && context.reference.mantissa > 0;
    case Needs::kValue:
      return context.leaf != nullptr && context.worst_value.has_value();
  }
  return false;
}

OrderContext MakeContext(const market::OrderIntent& intent, const ExposureBook& book,
                         const GateSettings& settings, base::Time now, const ServiceWatch* watch) {
  OrderContext context{
      .intent = intent, .book = book, .settings = settings, .now = now, .watch = watch};
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
    context.stage = std::min(context.stage, scope->limits.stage.value_or(Stage::kFull));
  }
  if (!intent.parent.empty()) context.carve = book.CarveOf(intent);
  context.amended = book.AmendedBy(intent);
  const bool only_reduces =
      context.amended != nullptr && ExposureBook::OnlyReduces(*context.amended, intent);
  context.worst = WorstPrice(context);
  if (context.worst.mantissa > 0 && intent.quantity.mantissa > 0) {
    context.worst_notional =
        only_reduces ? PartOf(context.amended->reserved, intent.quantity, context.amended->quantity)
                     : context.instrument->definition.Notional(context.worst, intent.quantity,
                                                               Rounding::kUp);
    if (context.worst_notional) {
      context.worst_value =
          book.ValueOf(context.worst_notional->units(), *context.instrument, Rounding::kUp);
    }
  }
  context.adds = intent.quantity.mantissa;
  context.adds_notional = context.worst_notional;
  context.adds_value = context.worst_value;
  std::optional<Value> opens = context.worst_value;  // what is added, at the worst price
  if (context.amended != nullptr && context.worst_notional) {
    const auto adds = ExposureBook::AdditionOf(*context.amended, intent, *context.worst_notional);
    const auto value = [&](market::Int128 units) {
      return book.ValueOf(units, *context.instrument, Rounding::kUp);
    };
    context.adds = adds.quantity;
    context.adds_notional = market::Money(adds.value, context.worst_notional->scale());
    context.adds_value = value(adds.value);
    const auto part =
        PartOf(*context.worst_notional, market::Quantity{adds.quantity}, intent.quantity);
    opens = part ? value(part->units()) : std::nullopt;
  }
  if (context.worst_value && opens) {
    for (size_t i = 0; i < context.cells.size(); ++i) {
      const Cell& cell = *context.cells[i];
      SideChange& change = context.changes[i];
      if (context.carved() || (context.amended != nullptr && context.adds == 0)) {
        change.before = change.after = context.buy() ? cell.long_side : cell.short_side;
      } else {
        change = ChangeOf(cell, context.buy(), context.adds, *opens);
      }
    }
  }
  if (context.amended != nullptr) {
    const int64_t rest = intent.quantity.mantissa - context.amended->cumulative.mantissa;
    context.reducing =
        only_reduces || Reduces(*context.leaf, context.buy(), rest, context.amended->rest);
  } else {
    context.reducing = Reduces(*context.leaf, context.buy(), intent.quantity.mantissa,
                               context.carved() ? context.carve.quantity : 0);
  }
  return context;
}

}  // namespace gannet::risk
