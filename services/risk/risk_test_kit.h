// What the tests of this folder share: a gate with one market and wide limits.
// Tests only.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/check.h"
#include "libs/base/digest.h"
#include "libs/market/decimal.h"
#include "libs/wire/canonical.h"
#include "services/risk/risk_engine.h"
#include "services/risk/verdict.h"

namespace gannet::risk::test {

inline constexpr char kAccount[] = "main/paper";
inline constexpr char kStrategy[] = "maker";
inline constexpr char kBtc[] = "binance-spot:BTCUSDT";
inline constexpr char kEth[] = "binance-spot:ETHBTC";
inline constexpr char kPerp[] = "binance-usdm:BTCUSDT";

inline Value V(std::string_view text) { return market::ParseDecimal128(text, kValueScale).value(); }
inline market::Money Amount(std::string_view text, int scale = 8) {
  return market::Money(market::ParseDecimal128(text, scale).value(), scale);
}
inline market::Price P(std::string_view text) { return {market::ParseDecimal(text, 8).value()}; }
inline market::Quantity Q(std::string_view text) { return {market::ParseDecimal(text, 8).value()}; }

inline market::Instrument MakeInstrument(const char* id, const char* base, const char* quote) {
  market::Instrument instrument;
  instrument.id = market::InstrumentId(id);
  instrument.base = market::AssetId(base);
  instrument.quote = instrument.settle = market::AssetId(quote);
  instrument.tick = P("0.01");
  instrument.lot = Q("0.001");
  instrument.min_quantity = Q("0.001");
  instrument.max_quantity = Q("1000");
  instrument.min_notional = Amount("5");
  return instrument;
}

inline LimitSet WideLimits() {
  LimitSet limits;
  limits.version = 7;
  limits.converted_by[market::AssetId("BTC")] = market::InstrumentId(kBtc);
  limits.converted_by[market::AssetId("BNB")] = market::InstrumentId("binance-spot:BNBUSDT");
  Limits& firm = limits.firm;
  firm.max_order_notional = V("100000");
  firm.price_collar_ppm = 50'000;
  firm.stale_after = std::chrono::seconds(5);
  firm.message_rate = RateLimit{1000, std::chrono::seconds(1)};
  firm.max_open_orders = 100;
  firm.max_open_notional = V("1000000");
  firm.max_long = firm.max_short = V("1000000");
  firm.max_gross = firm.max_net = V("2000000");
  firm.max_daily_loss = firm.max_drawdown = V("10000");
  firm.stage = Stage::kFull;
  limits.accounts[kAccount];
  return limits;
}

// Applies what is decided, as the service does.
class Gate {
 public:
  explicit Gate(LimitSet limits = WideLimits(), RiskSettings settings = {}, std::string text = "")
      : engine(settings, limits, std::move(text)) {
    Take(engine.DecideStart());
    Define(MakeInstrument(kBtc, "BTC", "USDT"));
    Quote(kBtc, "100", "100.02");
    Fund("USDT", "10000000");
    Fund("BTC", "100000");
  }

  void Take(const RiskEngine::Facts& facts) {
    for (const auto& limits : facts.limits) engine.Apply(Event(limits));
    for (const auto& state : facts.states) engine.Apply(Event(state));
    for (const auto& note : facts.notes) engine.Apply(Event(note));
  }
  template <class T>
  market::Event<T> Event(T value) {
    market::Event<T> event;
    event.header.id = {1, ++events};
    event.header.event_time = event.header.receive_time = now;
    event.value = std::move(value);
    return event;
  }
  void Define(const market::Instrument& instrument) {
    Take(engine.DecideInstrument(instrument).value());
  }
  void Quote(const char* id, std::string_view bid, std::string_view ask) {
    market::Quote quote;
    quote.instrument = market::InstrumentId(id);
    quote.bid = {P(bid), Q(P(bid).mantissa > 0 ? "1" : "0")};
    quote.ask = {P(ask), Q(P(ask).mantissa > 0 ? "1" : "0")};
    engine.OnQuote(quote, now);
    Book(id, market::BookState::kValid);
  }
  void Book(const char* id, market::BookState state) {
    market::BookUpdate update;
    update.instrument = market::InstrumentId(id);
    update.state = state;
    engine.OnBook(update, now);
  }
  void Fund(const char* asset, std::string_view free, const char* venue = "binance-spot") {
    market::BalanceUpdate update;
    update.account = market::AccountId(kAccount);
    update.venue = venue;
    update.asset = market::AssetId(asset);
    update.free = Amount(free);
    engine.Apply(Event(update));
  }

  market::OrderIntent Intent(market::Side side, std::string_view price, std::string_view quantity,
                             const char* id = kBtc) {
    market::OrderIntent intent;
    intent.account = market::AccountId(kAccount);
    intent.strategy = market::StrategyId(kStrategy);
    intent.sequence = ++sequence;
    intent.client_order_id = market::ClientOrderId("g1test" + std::to_string(sequence));
    intent.instrument = market::InstrumentId(id);
    intent.side = side;
    intent.price = P(price);
    intent.quantity = Q(quantity);
    intent.created = now;
    if (intent.price.mantissa == 0) {
      intent.type = market::OrderType::kMarket;
      intent.time_in_force = market::TimeInForce::kIoc;
    }
    return intent;
  }
  // Hash, intent, verdict: all applied.
  market::RiskDecision Ask(market::OrderIntent intent, bool own_hash = true) {
    if (own_hash) intent.hash = wire::IntentHash(intent);
    engine.Apply(Event(intent));
    GANNET_CHECK(BothWaysAgree(intent, engine.book(), engine.settings().gate, now),
                 "the quick way permits only what the controls do");
    const market::RiskDecision decision = engine.Decide(intent, now);
    engine.Apply(Event(decision));
    return decision;
  }
  market::RiskDecision Ask(market::Side side, std::string_view price, std::string_view quantity,
                           const char* id = kBtc) {
    return Ask(Intent(side, price, quantity, id));
  }
  void Report(const market::OrderIntent& intent, market::ExecKind kind, market::OrderState state) {
    engine.Apply(Event(market::ReportOf(intent, kind, state)));
  }
  void Fill(const market::OrderIntent& intent, std::string_view price, std::string_view quantity,
            bool last, std::string_view fee = "0", const char* fee_asset = "USDT") {
    auto report =
        market::ReportOf(intent, market::ExecKind::kFill,
                         last ? market::OrderState::kFilled : market::OrderState::kPartiallyFilled);
    report.fill = market::Fill{.trade_id = std::to_string(++trades),
                               .price = P(price),
                               .quantity = Q(quantity),
                               .fee = Amount(fee),
                               .fee_asset = market::AssetId(fee_asset)};
    engine.Apply(Event(report));
  }
  // Buys or sells at once: intent, verdict, one fill.
  market::RiskDecision Trade(market::Side side, std::string_view price, std::string_view quantity,
                             const char* id = kBtc) {
    market::RiskDecision decision = Ask(side, price, quantity, id);
    if (decision.permitted) Fill(decision.intent, price, quantity, true);
    return decision;
  }
  absl::Status Command(market::CommandKind kind, market::Scope scope, std::string person = "ann",
                       std::string reason = "checked",
                       market::TradingState state = market::TradingState::kActive) {
    const auto facts = engine.DecideCommand({.kind = kind,
                                             .scope = std::move(scope),
                                             .state = state,
                                             .reason = std::move(reason),
                                             .person = std::move(person)},
                                            now);
    if (facts.ok()) Take(*facts);
    return facts.status();
  }
  void Timer() {
    engine.OnTimer(now);
    Take(engine.DecideTimer(now));
  }
  // Goes on where another one stopped, as after a restart: without prices.
  void TakeUp(const Gate& before) {
    wire::CanonicalWriter out;
    before.engine.Save(out);
    wire::CanonicalReader in(out.bytes());
    GANNET_CHECK(engine.Load(in).ok(), "what was saved is read");
    sequence = before.sequence;
    trades = before.trades;
    now = before.now;
    for (const InstrumentRow& row : before.engine.book().instruments())
      Quote(row.definition.id.text().c_str(), "0", "0");
  }
  base::Sha256Digest Hash() const {
    wire::CanonicalWriter out;
    engine.Save(out);
    return base::Sha256(out.bytes());
  }
  const ScopeRow& Firm() const { return engine.book().scope(0); }

  base::Time now = base::FromUnixMillis(1'700'000'000'000);
  uint64_t sequence = 0, trades = 0, events = 0;
  RiskEngine engine;
};

}  // namespace gannet::risk::test
