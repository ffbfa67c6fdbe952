// Controls over what the order itself says: form, names, tick and lot, size.
#include "libs/market/manual.h"
#include "libs/market/names.h"
#include "libs/wire/canonical.h"
#include "services/risk/control_families.h"

namespace gannet::risk {
namespace controls {
namespace {

using market::IntentKind;
using market::OrderType;
using market::Rounding;
using market::Side;
using market::TimeInForce;

constexpr size_t kMaxClientOrderId = 36;     // Binance's limit; docs/orders.md
constexpr uint32_t kMaxTrailingBps = 2'000;  // the widest that a venue takes: Binance spot

bool HasStopPrice(OrderType type) {
  return type == OrderType::kStop || type == OrderType::kStopLimit ||
         type == OrderType::kTakeProfit || type == OrderType::kTakeProfitLimit;
}

// `value` of an instrument's quantity with kValueScale digits, upwards.
Value InUnits(const Context& context, market::Quantity quantity) {
  return market::Rescale(quantity.mantissa, context.instrument->definition.quantity_scale,
                         kValueScale, Rounding::kUp)
      .value_or(INT64_MAX);
}

// What the venue holds the order's size to.
market::OrderBounds BoundsOf(const Context& context) {
  return context.instrument->definition.BoundsOf(!HasLimitPrice(context.intent.type));
}

// What the venue values it at: its limit, or about the market. 0: not known.
market::Price VenuePrice(const Context& context) {
  return context.intent.price.mantissa > 0 ? context.intent.price : context.reference;
}

// --- 21 malformed --------------------------------------------------------------

bool ValidEnums(const market::OrderIntent& intent) {
  return (intent.kind == IntentKind::kNew || intent.kind == IntentKind::kReplace ||
          intent.kind == IntentKind::kParent || intent.kind == IntentKind::kAmend) &&
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
  const bool trails = intent.type == OrderType::kTrailingStop;
  const int64_t stop = intent.stop_price.mantissa;
  if (HasStopPrice(intent.type) ? stop <= 0 : trails ? stop < 0 : stop != 0) {
    return "the stop price does not fit the order type";
  }
  if (trails ? intent.trailing_bps == 0 || intent.trailing_bps > kMaxTrailingBps
             : intent.trailing_bps != 0) {
    return "the trailing distance does not fit the order type; a trailing stop has 1 to 2000 "
           "basis points, others none";
  }
  if (intent.time_in_force == TimeInForce::kPostOnly && intent.type != OrderType::kLimit) {
    return "only limit orders can be post-only";
  }
  return nullptr;
}

const char* IdentityFault(const market::OrderIntent& intent, const ExposureBook& book,
                          const Leaf* leaf) {
  if (intent.client_order_id.empty() || intent.client_order_id.text().size() > kMaxClientOrderId) {
    return "the client order id is empty or longer than 36 characters";
  }
  if (intent.strategy.empty()) return "no strategy";
  if (intent.attempt == 0) return "attempts count from 1";
  if (book.FindOrder(intent.client_order_id) != nullptr)
    return "the client order id is already open";
  if (intent.attempt == 1 && leaf != nullptr && intent.sequence <= leaf->last_sequence) {
    return "the sequence has been used";
  }
  if (intent.kind == IntentKind::kReplace && book.FindOrder(intent.target) == nullptr) {
    return "replaces an order that is not open";
  }
  return nullptr;
}

// In place: the order keeps its name, side and type.
const char* AmendFault(const market::OrderIntent& intent, const ExposureBook& book) {
  if (book.FindOrder(intent.target) == nullptr) return "amends an order that is not open";
  const OpenOrder* order = book.AmendedBy(intent);
  if (order == nullptr)
    return "amends a parent, or an order of another account, strategy, instrument or side";
  if (!order->parent.empty() || !intent.parent.empty())
    return "a parent order and its children are not amended; cancel it and give another";
  if (intent.type != OrderType::kLimit || order->meets == kAnyBuy || order->meets == kAnySell)
    return "only limit orders are amended in place; replace it";
  if (!order->amendment.empty()) return "an amendment of the order is under way";
  if (!order->answered) return "execution has not taken the order up yet";
  if (intent.quantity <= order->cumulative)
    return "as much of the order is filled already; cancel what is left of it";
  if (intent.quantity == order->quantity && intent.price.mantissa == order->meets)
    return "it changes nothing";
  return nullptr;
}

// A parent bounds what its children may do: how much, at what price, until when.
const char* ParentFault(const market::OrderIntent& intent, base::Time now) {
  if (!intent.parent.empty()) return "a parent has no parent";
  if (intent.type != OrderType::kLimit) return "a parent needs a limit price";
  if (intent.expires <= now) return "a parent needs a time limit that is to come";
  return nullptr;
}

}  // namespace

bool Malformed(const Context& context, Finding* out) {
  const char* fault = FormFault(context.intent, context.book, context.settings, context.now,
                                context.leaf, context.carve.fault);
  return fault != nullptr && Fail(out, fault);
}

// --- names, versions -----------------------------------------------------------

bool UnknownAccount(const Context& context, Finding* out) {
  return !context.account_known && Fail(out, "account ", context.intent.account.text(),
                                        " is not named under accounts in the limits file");
}

bool UnknownInstrument(const Context& context, Finding* out) {
  return context.instrument == nullptr &&
         Fail(out, "no definition of ", context.intent.instrument.text(), " has come");
}

bool WrongVersion(const Context& context, Finding* out) {
  if (context.instrument == nullptr) return false;
  if (!context.instrument->broken.empty()) return Fail(out, context.instrument->broken);
  const uint32_t current = context.instrument->scales.back().version;
  return (context.intent.instrument_version != current ||
          context.instrument->definition.version != current) &&
         Fail(out, "speaks of version ", context.intent.instrument_version, ", current is ",
              current);
}

// --- 16 ------------------------------------------------------------------------

namespace {

bool FromNews(const market::OrderIntent& intent) {
  return !intent.signal.empty() && intent.model_version.empty();
}
bool FromModel(const market::OrderIntent& intent) { return !intent.model_version.empty(); }
bool FromPerson(const market::OrderIntent& intent) { return market::IsManual(intent.strategy); }
bool IsParent(const market::OrderIntent& intent) { return intent.kind == IntentKind::kParent; }

struct Flag {
  const char* name;
  std::optional<bool> Limits::*stated;
  bool (*covers)(const market::OrderIntent& intent);
};
constexpr Flag kFlags[] = {{"news_orders", &Limits::news_orders, FromNews},
                           {"model_orders", &Limits::model_orders, FromModel},
                           {"manual_orders", &Limits::manual_orders, FromPerson},
                           {"parent_orders", &Limits::parent_orders, IsParent}};

// What is switched off still closes what it has opened, and a parent that was permitted is worked
// to its end.
bool SwitchedOff(const Context& context, Finding* out) {
  if (context.reducing || context.carved()) return false;
  for (const Flag& flag : kFlags) {
    if (!flag.covers(context.intent)) continue;
    for (const ScopeRow* scope : context.scopes) {
      const std::optional<bool>& stated = scope->limits.*flag.stated;
      if (stated) Compared(out, *scope, flag.name, *stated, "");
      if (!stated.value_or(true))
        return Fail(out, flag.name, " is switched off for ", FormatScope(scope->scope));
    }
  }
  return false;
}

}  // namespace

bool NotPermitted(const Context& context, Finding* out) {
  const OrderType type = context.intent.type;
  if (context.instrument == nullptr) return false;
  const market::Instrument& definition = context.instrument->definition;
  if (!context.spot() && definition.settle != definition.quote)
    return Fail(out, "derivatives settled in ", definition.settle.text(), " are not supported");
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    const Limits& limits = scope->limits;
    if (limits.restricted) Compared(out, *scope, "restricted", *limits.restricted, "");
    if (limits.restricted.value_or(false))
      return Fail(out, FormatScope(scope->scope), " is restricted");
    if (limits.permitted_types)
      Compared(out, *scope, "permitted_types", *limits.permitted_types, market::Name(type));
    if (limits.permitted_types && !limits.permitted_types->Has(type)) {
      return Fail(out, FormatScope(scope->scope), " permits only ",
                  FormatLimit(*limits.permitted_types), " orders");
    }
    if (limits.permitted_instruments) {
      Compared(out, *scope, "permitted_instruments", *limits.permitted_instruments,
               definition.id.text());
    }
    if (limits.permitted_instruments &&
        !limits.permitted_instruments->Has(definition.id.text(), context.instrument->venue)) {
      return Fail(out, FormatScope(scope->scope), " may not trade ", definition.id.text());
    }
  }
  return SwitchedOff(context, out);
}

// --- 21 tick, lot, minimum -----------------------------------------------------

bool OffTick(const Context& context, Finding* out) {
  if (context.instrument == nullptr) return false;
  const market::Instrument& definition = context.instrument->definition;
  if (definition.tick.mantissa <= 0) return Fail(out, "the tick size is not known");
  for (const market::Price price : {context.intent.price, context.intent.stop_price}) {
    if (price.mantissa % definition.tick.mantissa != 0) {
      return Fail(out, "price ", definition.Format(price), ", tick ",
                  definition.Format(definition.tick));
    }
  }
  return false;
}

bool OffLot(const Context& context, Finding* out) {
  if (context.instrument == nullptr) return false;
  const market::Instrument& definition = context.instrument->definition;
  const market::Quantity lot = BoundsOf(context).lot;
  if (lot.mantissa <= 0) return Fail(out, "the lot size is not known");
  return context.intent.quantity.mantissa % lot.mantissa != 0 &&
         Fail(out, "quantity ", definition.Format(context.intent.quantity), ", lot ",
              definition.Format(lot));
}

bool BelowMinimum(const Context& context, Finding* out) {
  if (context.instrument == nullptr) return false;
  const market::Instrument& definition = context.instrument->definition;
  const market::OrderBounds bounds = BoundsOf(context);
  if (context.intent.quantity < bounds.min_quantity) {
    return Fail(out, "quantity ", definition.Format(context.intent.quantity), " below ",
                definition.Format(bounds.min_quantity));
  }
  // Venues of derivatives take what only reduces however little it is worth.
  if (context.intent.reduce_only && definition.kind != market::InstrumentKind::kSpot) return false;
  const market::Price price = VenuePrice(context);
  if (price.mantissa <= 0) return false;
  const auto notional = definition.Notional(price, context.intent.quantity, Rounding::kFloor);
  return notional && *notional < bounds.min_notional &&
         Fail(out, "notional ", notional->ToString(), " below ", bounds.min_notional.ToString());
}

// --- 1, 2 ----------------------------------------------------------------------

bool MaxQuantity(const Context& context, Finding* out) {
  if (context.instrument == nullptr) return false;
  const market::Instrument& definition = context.instrument->definition;
  const market::Quantity quantity = context.intent.quantity;
  const market::Quantity most = BoundsOf(context).max_quantity;
  // The venue never sees a parent.
  if (!context.is_parent() && most.mantissa > 0 && quantity > most) {
    return Fail(out, "quantity ", definition.Format(quantity), " above the venue's ",
                definition.Format(most));
  }
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    const auto& limit = scope->limits.max_order_quantity;
    if (limit && Over(out, *scope, "max_order_quantity", InUnits(context, quantity), *limit))
      return true;
  }
  return false;
}

namespace {

bool AboveVenue(const Context& context, Finding* out) {
  if (context.instrument == nullptr || context.is_parent()) return false;
  const market::Money most = BoundsOf(context).max_notional;
  const market::Price price = VenuePrice(context);
  if (most.units() <= 0 || price.mantissa <= 0) return false;
  const auto notional =
      context.instrument->definition.Notional(price, context.intent.quantity, Rounding::kCeiling);
  if (!notional) return Fail(out, "the notional is larger than any amount");
  return *notional > most &&
         Fail(out, "notional ", notional->ToString(), " above the venue's ", most.ToString());
}

}  // namespace

bool MaxNotional(const Context& context, Finding* out) {
  if (AboveVenue(context, out)) return true;
  if (context.leaf == nullptr || context.worst.mantissa <= 0) return false;
  if (!context.worst_notional && context.intent.quantity.mantissa > 0)
    return Fail(out, "the notional is larger than any amount");
  if (!context.worst_value) return false;
  for (const ScopeRow* scope : context.scopes) {
    const bool parents = context.is_parent() && scope->limits.max_parent_notional;
    const auto& limit =
        parents ? scope->limits.max_parent_notional : scope->limits.max_order_notional;
    const char* name = parents ? "max_parent_notional" : "max_order_notional";
    if (limit && Over(out, *scope, name, *context.worst_value, *limit)) return true;
  }
  return false;
}

// --- 29 ------------------------------------------------------------------------

bool NotTraceable(const Context& context, Finding* out) {
  const market::OrderIntent& intent = context.intent;
  if (intent.strategy.text() == market::kManualPrefix) return Fail(out, "manual/ names no person");
  if (context.leaf == nullptr) return false;
  for (const ScopeRow* scope : context.scopes) {
    for (const auto& [name, stated] : {std::pair("require_reason", &scope->limits.require_reason),
                                       std::pair("require_model", &scope->limits.require_model)}) {
      if (*stated) Compared(out, *scope, name, **stated, "");
    }
    if (scope->limits.require_reason.value_or(false) && intent.reason.empty())
      return Fail(out, FormatScope(scope->scope), " requires a reason, the order has none");
    if (scope->limits.require_model.value_or(false) && intent.model_version.empty())
      return Fail(out, FormatScope(scope->scope), " requires a model version, the order has none");
  }
  return false;
}

}  // namespace controls

const char* FormFault(const market::OrderIntent& intent, const ExposureBook& book,
                      const GateSettings& settings, base::Time now, const Leaf* leaf,
                      const char* carve_fault) {
  using namespace controls;  // NOLINT: what this is made of
  if (!ValidEnums(intent)) return "a field has a value that does not exist";
  if (const char* fault = PriceFault(intent)) return fault;
  if (const char* fault = IdentityFault(intent, book, leaf)) return fault;
  if (intent.kind == IntentKind::kAmend) {
    if (const char* fault = AmendFault(intent, book)) return fault;
  } else if (intent.kind == IntentKind::kParent) {
    if (const char* fault = ParentFault(intent, now)) return fault;
  } else if (carve_fault != nullptr) {
    return carve_fault;
  }
  // An amendment leaves the time at which its order ends alone.
  if (intent.time_in_force == TimeInForce::kGtd && intent.kind != IntentKind::kAmend &&
      intent.expires <= now)
    return "it has expired already";
  if (settings.verify_hash && wire::IntentHash(intent) != intent.hash)
    return "the hash is not that of the intent";
  return nullptr;
}

}  // namespace gannet::risk
