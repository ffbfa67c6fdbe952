#include "services/risk/gate_cases.h"

#include <array>
#include <utility>

#include "libs/base/check.h"
#include "libs/base/status.h"
#include "libs/market/names.h"
#include "services/risk/json_fields.h"
#include "services/risk/verdict.h"

namespace gannet::risk {
namespace {

using market::ExecKind;
using market::OrderState;
using nlohmann::json;

constexpr int kUnknownScale = 8;  // of an instrument that no state defines

absl::StatusOr<json> Parse(std::string_view text, const std::string& place) {
  try {  // the library throws
    return json::parse(text);
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(place, ": is no JSON: ", error.what()));
  }
}

RiskSettings SettingsOf(const RiskConfig& config) {
  RiskSettings settings;
  settings.gate.unanswered_alarm = config.unanswered_alarm;
  settings.gate.position_alarm = config.position_alarm;
  settings.verdict_lifetime = config.verdict_lifetime;
  settings.watch = config.watch;
  return settings;
}

market::InstrumentStatus StatusOf(JsonFields& in) {
  static constexpr std::array<const char*, 4> kNames = {"trading", "halted", "cancel_only",
                                                        "delisted"};
  const std::string text = in.Text("status", kNames[0]);
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (text == kNames[i]) return static_cast<market::InstrumentStatus>(i + 1);
  }
  in.Refuse("status", "must be one of trading, halted, cancel_only, delisted");
  return market::InstrumentStatus::kTrading;
}

market::Instrument ReadInstrument(JsonFields& in) {
  const auto scale = [&in](const char* key) {
    return static_cast<int>(in.Number(key, 8, market::kMaxScale));
  };
  market::Instrument out;
  out.id = market::InstrumentId(in.Text("id"));
  out.version = static_cast<uint32_t>(in.Number("version", 1, UINT32_MAX));
  out.kind = in.Choice("kind", market::InstrumentKind::kSpot, market::InstrumentKind::kFuture,
                       std::optional(market::InstrumentKind::kSpot));
  out.status = StatusOf(in);
  out.base = market::AssetId(in.Text("base"));
  out.quote = market::AssetId(in.Text("quote"));
  out.settle = market::AssetId(in.Text("settle", out.quote.text()));
  out.price_scale = scale("price_scale");
  out.quantity_scale = scale("quantity_scale");
  out.base_scale = scale("base_scale");
  out.quote_scale = scale("quote_scale");
  out.tick = {in.Decimal("tick", out.price_scale, "0")};
  out.lot = {in.Decimal("lot", out.quantity_scale, "0")};
  out.min_quantity = {in.Decimal("min_quantity", out.quantity_scale, "0")};
  out.max_quantity = {in.Decimal("max_quantity", out.quantity_scale, "0")};
  out.min_notional =
      market::Money(in.Decimal128("min_notional", out.quote_scale, "0"), out.quote_scale);
  out.max_notional =
      market::Money(in.Decimal128("max_notional", out.quote_scale, "0"), out.quote_scale);
  out.market_lot = {in.Decimal("market_lot", out.quantity_scale, "0")};
  out.min_market_quantity = {in.Decimal("min_market_quantity", out.quantity_scale, "0")};
  out.max_market_quantity = {in.Decimal("max_market_quantity", out.quantity_scale, "0")};
  out.min_notional_limit_only = in.Flag("min_notional_limit_only", false);
  out.max_notional_limit_only = in.Flag("max_notional_limit_only", false);
  out.multiplier = static_cast<int64_t>(in.Number("multiplier", 1));
  const auto ppm = [&in](const char* key) { return static_cast<int64_t>(in.Number(key, 0)); };
  out.buy_band = {ppm("buy_band_up_ppm"), ppm("buy_band_down_ppm")};
  out.sell_band = {ppm("sell_band_up_ppm"), ppm("sell_band_down_ppm")};
  return out;
}

market::Scope ReadScope(JsonFields& in) {
  market::Scope scope;
  scope.kind = in.Choice("scope", market::ScopeKind::kFirm, market::ScopeKind::kInstrument);
  scope.name = in.Text("name", "");
  if ((scope.kind == market::ScopeKind::kFirm) != scope.name.empty())
    in.Refuse("name", "must name the scope, and be absent for the firm");
  return scope;
}

// "reserved" has the digits of the instrument's quote.
struct Scales {
  int price = kUnknownScale, quantity = kUnknownScale, quote = kUnknownScale;
  uint32_t version = 1;
};

Scales ScalesOf(const ExposureBook& book, const market::InstrumentId& id) {
  const Index at = book.FindInstrument(id);
  if (at == kNone) return {};
  const market::Instrument& definition = book.instrument(at).definition;
  return {definition.price_scale, definition.quantity_scale, definition.quote_scale,
          definition.version};
}

market::OrderIntent ReadIntent(JsonFields& in, const ExposureBook& book, uint64_t sequence,
                               base::Time at) {
  market::OrderIntent out;
  out.kind = in.Choice("kind", market::IntentKind::kNew, market::IntentKind::kAmend,
                       std::optional(market::IntentKind::kNew));
  if (out.kind == market::IntentKind::kCancel) in.Refuse("kind", "a cancel needs no verdict");
  if (out.kind == market::IntentKind::kParent) in.Refuse("kind", "cases have no parents");
  out.account = market::AccountId(in.Text("account"));
  out.strategy = market::StrategyId(in.Text("strategy"));
  out.instrument = market::InstrumentId(in.Text("instrument"));
  const Scales scales = ScalesOf(book, out.instrument);
  out.instrument_version = static_cast<uint32_t>(in.Number("version", scales.version, UINT32_MAX));
  out.sequence = in.Number("sequence", sequence);
  out.attempt = static_cast<uint32_t>(in.Number("attempt", 1, UINT32_MAX));
  out.client_order_id =
      market::ClientOrderId(in.Text("client_order_id", absl::StrCat("g1case", sequence)));
  out.target = market::ClientOrderId(in.Text("target", ""));
  out.side = in.Choice("side", market::Side::kBuy, market::Side::kSell);
  out.type = in.Choice("type", market::OrderType::kMarket, market::OrderType::kTrailingStop,
                       std::optional(market::OrderType::kLimit));
  out.time_in_force =
      in.Choice("time_in_force", market::TimeInForce::kGtc, market::TimeInForce::kPostOnly,
                std::optional(market::TimeInForce::kGtc));
  out.price = {in.Decimal("price", scales.price, "0")};
  out.stop_price = {in.Decimal("stop_price", scales.price, "0")};
  out.trailing_bps = static_cast<uint32_t>(in.Number("trailing_bps", 0, UINT32_MAX));
  out.quantity = {in.Decimal("quantity", scales.quantity)};
  out.reduce_only = in.Flag("reduce_only", false);
  out.created = at;
  out.expires = in.Time("expires", base::Time());
  out.reason = in.Text("reason", "");
  out.model_version = in.Text("model", "");
  if (const uint64_t signal = in.Number("signal", 0); signal > 0) out.signal = {1, signal};
  out.hash = wire::IntentHash(out);
  if (!in.Flag("hash_matches", true)) out.hash[0] ^= 1;
  return out;
}

}  // namespace

// Applies the entries of a state's history to a gate, one after the other.
class StateReader {
 public:
  explicit StateReader(GateCases& cases) : cases_(cases) {}

  absl::Status Apply(const json& entry, const std::string& place) {
    JsonFields in(entry, place);
    at_ = in.Time("at", cases_.now_);
    const std::string event = in.Text("event");
    if (event == "instrument") {
      Instrument(in);
    } else if (event == "quote") {
      Quote(in);
    } else if (event == "book") {
      Book(in);
    } else if (event == "feed") {
      Feed(in);
    } else if (event == "balance") {
      Balance(in);
    } else if (event == "order") {
      Order(in);
    } else if (event == "cancel") {
      Cancel(in);
    } else if (event == "report" || event == "fill") {
      Report(in, event == "fill");
    } else if (event == "told") {
      Told(in);
    } else if (event == "state") {
      State(in);
    } else if (event == "amended") {
      Amended(in);
    } else if (event == "marks") {
      Marks(in);
    } else if (event == "person") {
      cases_.Record(market::Command{.person = in.Text("name")}, at_);
    } else if (event == "timer") {
      cases_.engine_.OnTimer(at_);
    } else {
      in.Refuse("event", absl::StrCat("there is no event '", event, "'; see docs/risk-check.md"));
    }
    return in.Done();
  }

 private:
  const ExposureBook& book() const { return cases_.engine_.book(); }

  void Instrument(JsonFields& in) {
    const auto facts = cases_.engine_.DecideInstrument(ReadInstrument(in));
    if (!facts.ok()) return in.Refuse("", std::string(facts.status().message()));
    for (const wire::EngineNote& note : facts->notes) cases_.Record(note, at_);
  }
  // Of an instrument that is known; refuses others.
  Scales Known(JsonFields& in, const market::InstrumentId& id) {
    if (book().FindInstrument(id) == kNone)
      in.Refuse("instrument", absl::StrCat("'", id.text(), "' has no instrument event before"));
    return ScalesOf(book(), id);
  }
  void Quote(JsonFields& in) {
    market::Quote quote;
    quote.instrument = market::InstrumentId(in.Text("instrument"));
    const Scales scales = Known(in, quote.instrument);
    quote.instrument_version = scales.version;
    quote.bid.price = {in.Decimal("bid", scales.price, "0")};
    quote.ask.price = {in.Decimal("ask", scales.price, "0")};
    quote.bid.quantity = {quote.bid.price.mantissa > 0 ? 1 : 0};
    quote.ask.quantity = {quote.ask.price.mantissa > 0 ? 1 : 0};
    cases_.engine_.OnQuote(quote, at_);
  }
  void Book(JsonFields& in) {
    market::BookUpdate update;
    update.instrument = market::InstrumentId(in.Text("instrument"));
    update.instrument_version = Known(in, update.instrument).version;
    update.state = in.Flag("valid", true) ? market::BookState::kValid : market::BookState::kInvalid;
    cases_.engine_.OnBook(update, at_);
  }
  void Feed(JsonFields& in) {
    market::MarketStatus status;
    status.feed = in.Text("venue");
    status.feed_state =
        in.Flag("up", true) ? market::FeedState::kConnected : market::FeedState::kDisconnected;
    cases_.engine_.OnMarketStatus(status);
  }
  void Balance(JsonFields& in) {
    market::BalanceUpdate update;
    update.account = market::AccountId(in.Text("account"));
    update.venue = in.Text("venue");
    update.asset = market::AssetId(in.Text("asset"));
    update.free = market::Money(in.Decimal128("total", 8), 8);
    cases_.Record(update, at_);
  }
  void Order(JsonFields& in) {
    market::RiskDecision decision;
    decision.intent = ReadIntent(in, book(), ++cases_.sequence_, at_);
    decision.decided = at_;
    decision.permitted = in.Flag("permitted", true);
    const Scales scales = ScalesOf(book(), decision.intent.instrument);
    if (decision.permitted) {
      Known(in, decision.intent.instrument);
      decision.reserved = market::Money(in.Decimal128("reserved", scales.quote), scales.quote);
      if (decision.intent.quantity.mantissa <= 0)
        in.Refuse("quantity", "must be above 0 of a permitted order");
      if (!cases_.limits().KnowsAccount(decision.intent.account.text()))
        in.Refuse("account", "must be named in the limits for an order to be permitted");
      if (decision.intent.strategy.empty()) in.Refuse("strategy", "must not be empty");
    } else {
      decision.reason = in.Flag("malformed", false) ? market::RejectReason::kMalformed
                                                    : market::RejectReason::kBalance;
    }
    const bool answered = in.Flag("answered", true);
    if (!in.Done().ok()) return;
    cases_.Record(decision.intent, at_);
    cases_.Record(decision, at_);
    const bool amends = decision.intent.kind == market::IntentKind::kAmend;
    if (decision.permitted && amends) {
      const auto target = intents_.find(decision.intent.target);
      if (target == intents_.end())
        return in.Refuse("target", "no permitted order before has this client_order_id");
      if (answered)
        Amended(target->second, decision.intent.client_order_id, ExecKind::kPendingUpdate);
      return;
    }
    if (decision.permitted) intents_[decision.intent.client_order_id] = decision.intent;
    if (decision.permitted && answered)
      Report(decision.intent, ExecKind::kJournaled, OrderState::kSubmitted, std::nullopt);
  }
  void Cancel(JsonFields& in) {
    market::OrderIntent intent;
    intent.kind = market::IntentKind::kCancel;
    intent.account = market::AccountId(in.Text("account"));
    intent.strategy = market::StrategyId(in.Text("strategy"));
    intent.instrument = market::InstrumentId(in.Text("instrument"));
    intent.created = at_;
    cases_.Record(intent, at_);
  }
  // Of an order by its client_order_id, or a fill that belongs to none.
  void Report(JsonFields& in, bool fill) {
    market::OrderIntent intent;
    const market::ClientOrderId id(in.Text("client_order_id", ""));
    if (const auto known = intents_.find(id); known != intents_.end()) {
      intent = known->second;
    } else if (!fill || !id.empty()) {
      return in.Refuse("client_order_id", "no permitted order before has it");
    } else {
      intent.account = market::AccountId(in.Text("account"));
      intent.strategy = market::StrategyId(in.Text("strategy"));
      intent.instrument = market::InstrumentId(in.Text("instrument"));
      intent.side = in.Choice("side", market::Side::kBuy, market::Side::kSell);
      intent.instrument_version = Known(in, intent.instrument).version;
    }
    if (!fill) {
      const ExecKind kind = in.Choice("kind", ExecKind::kJournaled, ExecKind::kAbsent);
      if (kind == ExecKind::kFill) in.Refuse("kind", "write \"event\": \"fill\"");
      return Report(intent, kind, StateAfter(kind), std::nullopt);
    }
    const Scales scales = ScalesOf(book(), intent.instrument);
    market::Fill part;
    part.trade_id = absl::StrCat(++trades_);
    part.price = {in.Decimal("price", scales.price)};
    part.quantity = {in.Decimal("quantity", scales.quantity)};
    part.fee = market::Money(in.Decimal128("fee", 8, "0"), 8);
    part.fee_asset = market::AssetId(in.Text("fee_asset", ""));
    if (part.price.mantissa <= 0 || part.quantity.mantissa <= 0)
      return in.Refuse("price", "price and quantity of a fill must be above 0");
    const OrderState state =
        in.Flag("last", false) ? OrderState::kFilled : OrderState::kPartiallyFilled;
    Report(intent, ExecKind::kFill, state, part);
  }
  // What became of an amendment.
  void Amended(JsonFields& in) {
    const auto order = intents_.find(market::ClientOrderId(in.Text("client_order_id")));
    if (order == intents_.end())
      return in.Refuse("client_order_id", "no permitted order before has it");
    const market::ClientOrderId amendment(in.Text("amendment"));
    Amended(order->second, amendment,
            in.Flag("took_effect", true) ? ExecKind::kReplaced : ExecKind::kReplaceRejected);
  }
  void Amended(const market::OrderIntent& order, const market::ClientOrderId& amendment,
               ExecKind kind) {
    const bool pending = kind == ExecKind::kPendingUpdate;
    market::ExecReport report =
        market::ReportOf(order, kind, pending ? OrderState::kPendingUpdate : OrderState::kAccepted);
    report.target = amendment;
    cases_.Record(report, at_);
  }
  static OrderState StateAfter(ExecKind kind) {
    switch (kind) {
      case ExecKind::kNotSent:
        return OrderState::kDenied;
      case ExecKind::kAccepted:
        return OrderState::kAccepted;
      case ExecKind::kRejected:
        return OrderState::kRejected;
      case ExecKind::kCanceled:
        return OrderState::kCanceled;
      case ExecKind::kExpired:
        return OrderState::kExpired;
      case ExecKind::kTriggered:
        return OrderState::kTriggered;
      case ExecKind::kUnknown:
        return OrderState::kUnknown;
      case ExecKind::kAbsent:
        return OrderState::kAbsent;
      default:
        return OrderState::kSubmitted;
    }
  }
  void Report(const market::OrderIntent& intent, ExecKind kind, OrderState state,
              std::optional<market::Fill> fill) {
    market::ExecReport report = market::ReportOf(intent, kind, state);
    report.fill = std::move(fill);
    cases_.Record(report, at_);
  }
  void Told(JsonFields& in) {
    market::PositionUpdate update;
    update.account = market::AccountId(in.Text("account"));
    update.strategy = market::StrategyId(in.Text("strategy"));
    update.instrument = market::InstrumentId(in.Text("instrument"));
    const Scales scales = Known(in, update.instrument);
    update.instrument_version = scales.version;
    update.net = {in.Decimal("position", scales.quantity)};
    cases_.Record(update, at_);
  }
  void State(JsonFields& in) {
    market::RiskState state;
    state.scope = ReadScope(in);
    state.state = in.Choice("state", market::TradingState::kActive, market::TradingState::kHalted,
                            std::optional(market::TradingState::kActive));
    state.killed = in.Flag("killed", false);
    state.reason = in.Text("reason", "");
    state.person = in.Text("person", "");
    cases_.Record(state, at_);
  }
  void Marks(JsonFields& in) {
    const market::Scope scope = ReadScope(in);
    const Value baseline = in.Decimal128("day_baseline", kValueScale, "0");
    const Value peak = in.Decimal128("peak", kValueScale, "0");
    cases_.Record(RiskEngine::MarksNote(at_, {{scope, {.day_baseline = baseline, .peak = peak}}}),
                  at_);
  }

  GateCases& cases_;
  base::Time at_;
  uint64_t trades_ = 0;
  std::map<market::ClientOrderId, market::OrderIntent> intents_;
};

GateCases::GateCases(const RiskConfig& config, base::Time now)
    : config_(config), now_(now), engine_(SettingsOf(config), config.limits) {
  for (const market::RiskState& state : engine_.DecideStart().states) Record(state, now);
}

template <class T>
void GateCases::Record(T value, base::Time at) {
  market::Event<T> event;
  event.header.id = {1, ++events_};
  event.header.receive_time = at;
  event.value = std::move(value);
  engine_.Apply(event);
}

absl::StatusOr<std::unique_ptr<GateCases>> GateCases::Load(std::string_view state_json,
                                                           const std::string& name) {
  GANNET_ASSIGN_OR_RETURN(const json document, Parse(state_json, name));
  JsonFields in(document, name);
  const base::Time now = in.Time("now");
  const json* limits = in.Object("limits");
  const json& history = in.Array("history");
  GANNET_RETURN_IF_ERROR(in.Done());
  // JSON is YAML.
  auto config = ParseRiskConfig(limits->dump(), absl::StrCat(name, ": limits"));
  GANNET_RETURN_IF_ERROR(config.status());
  std::unique_ptr<GateCases> cases(new GateCases(*config, now));
  StateReader reader(*cases);
  for (size_t i = 0; i < history.size(); ++i) {
    GANNET_RETURN_IF_ERROR(reader.Apply(history[i], absl::StrCat(name, ": history[", i, "]")));
  }
  return cases;
}

std::unique_ptr<GateCases> GateCases::WithLimits(const RiskConfig& config, base::Time now) {
  return std::unique_ptr<GateCases>(new GateCases(config, now));
}

absl::StatusOr<OrderCase> GateCases::ReadOrder(std::string_view text, const std::string& place) {
  GANNET_ASSIGN_OR_RETURN(const json object, Parse(text, place));
  JsonFields in(object, place);
  OrderCase order;
  order.at = in.Time("at", now_);
  order.intent = ReadIntent(in, engine_.book(), ++sequence_, order.at);
  GANNET_RETURN_IF_ERROR(in.Done());
  return order;
}

market::RiskDecision GateCases::Ask(const OrderCase& order, bool apply) {
  engine_.Prepare(order.intent);
  GANNET_CHECK(
      BothWaysAgree(order.intent, engine_.book(), engine_.settings().gate, order.at),
      "the quick way permits only what the controls do; this is a defect, report it with the case");
  const market::RiskDecision decision = engine_.Decide(order.intent, order.at);
  if (apply) {
    Record(order.intent, order.at);
    Record(decision, order.at);
  }
  return decision;
}

std::string VerdictJson(const market::RiskDecision& decision, const GateCases& cases,
                        uint64_t line) {
  nlohmann::ordered_json out;
  out["line"] = line;
  out["client_order_id"] = decision.intent.client_order_id.text();
  out["permitted"] = decision.permitted;
  out["reason"] = market::Name(decision.reason);
  out["failing"] = json::array();
  for (const market::RejectReason reason : decision.failing)
    out["failing"].push_back(market::Name(reason));
  out["detail"] = decision.detail;
  if (decision.permitted) out["reserved"] = decision.reserved.ToString();
  const Scales scales = ScalesOf(cases.engine().book(), decision.intent.instrument);
  out["reference_price"] = market::FormatDecimal(decision.reference_price.mantissa, scales.price);
  out["limit_version"] = decision.limit_version;
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace gannet::risk
