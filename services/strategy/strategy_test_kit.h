// What the tests of this folder share: an engine with strategies, a market that
// the test moves, and a venue that answers as it is told. Tests only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/market/decimal.h"
#include "libs/wire/canonical.h"
#include "services/strategy/strategy_engine.h"

namespace gannet::strategy::test {

inline constexpr char kBtc[] = "binance-spot:BTCUSDT";
inline constexpr char kEth[] = "binance-spot:ETHUSDT";

inline market::Money Amount(std::string_view text) {
  return market::Money(market::ParseDecimal128(text, 8).value(), 8);
}
inline market::Price P(std::string_view text) { return {market::ParseDecimal(text, 8).value()}; }
inline market::Quantity Q(std::string_view text) { return {market::ParseDecimal(text, 8).value()}; }

inline market::Instrument MakeInstrument(const char* id, const char* base) {
  market::Instrument instrument;
  instrument.id = market::InstrumentId(id);
  instrument.base = market::AssetId(base);
  instrument.quote = instrument.settle = market::AssetId("USDT");
  instrument.tick = P("0.01");
  instrument.lot = Q("0.001");
  instrument.min_quantity = Q("0.001");
  instrument.min_notional = Amount("5");
  return instrument;
}

class Floor {
 public:
  explicit Floor(std::vector<std::unique_ptr<Strategy>> strategies, EngineSettings settings = {})
      : engine(std::move(settings), std::move(strategies)) {}

  template <class T>
  market::Event<T> Event(T value) {
    market::Event<T> event;
    event.header.id = {1, ++events};
    event.header.event_time = event.header.receive_time = now;
    event.value = std::move(value);
    return event;
  }
  void Define(const market::Instrument& instrument) {
    if (const auto note = engine.DecideInstrument(instrument)) engine.Apply(Event(*note));
  }
  void Quote(const char* id, std::string_view bid, std::string_view ask) {
    QuoteAt(id, P(bid), P(ask));
  }
  void QuoteAt(const char* id, market::Price bid, market::Price ask) {
    market::Quote quote;
    quote.instrument = market::InstrumentId(id);
    quote.instrument_version = version;
    quote.bid = {bid, Q("1")};
    quote.ask = {ask, Q("1")};
    Look(engine.OnQuote(quote, now));
  }
  void Book(const char* id, market::BookState state) {
    market::BookUpdate update;
    update.instrument = market::InstrumentId(id);
    update.instrument_version = version;
    update.state = state;
    Look(engine.OnBook(update, now));
  }
  // Defined, proven, quoted around 100 and moving enough to be believed.
  void Open(const char* id, const char* base) {
    Define(MakeInstrument(id, base));
    Book(id, market::BookState::kValid);
    for (int i = 0; i < 40; ++i) {
      Quote(id, i % 2 == 0 ? "99.99" : "100.00", i % 2 == 0 ? "100.01" : "100.02");
      Second();
    }
    Quote(id, "99.99", "100.01");
  }
  void Look(Index instrument) {
    std::vector<Draft> drafts;
    if (instrument != kNone) engine.DecideMarket(instrument, now, drafts);
    Emit(drafts);
    Drive();
  }
  // Parent orders do what is next; what they tell is kept in `told`.
  void Drive() {
    ParentSteps steps;
    engine.DecideParents(now, steps);
    for (const market::ParentOrder& parent : steps.told) {
      told.push_back(parent);
      engine.Apply(Event(parent));
    }
    Emit(steps.drafts);
  }
  void Second() {
    now += std::chrono::seconds(1);
    engine.OnTimer();
    std::vector<Draft> drafts;
    engine.DecideTimer(now, drafts);
    Emit(drafts);
    Drive();
  }
  void Signal(const market::NewsSignal& signal) {
    const auto event = Event(signal);
    engine.Apply(event);
    std::vector<Draft> drafts;
    engine.DecideSignal(event, now, drafts);
    Emit(drafts);
  }
  void Predict(const market::Prediction& prediction) {
    std::vector<Draft> drafts;
    engine.DecidePrediction(Event(prediction), now, drafts);
    Emit(drafts);
  }
  // Intents are numbered, applied, and permitted unless `refuse` is set. The venue's
  // answers come after the turn, as they do in a shard.
  void Emit(const std::vector<Draft>& drafts) {
    std::vector<market::ClientOrderId> canceled;
    for (const Draft& draft : drafts) {
      std::optional<market::OrderIntent> intent;
      if (draft.plan) {
        if (const auto parent = engine.MakeParent(draft, now, &refused)) {
          intent = parent->intent;
          told.push_back(*parent);
          engine.Apply(Event(*parent));
        }
      } else {
        intent = engine.MakeIntent(draft, now);
      }
      if (!intent) continue;
      intents.push_back(*intent);
      engine.Apply(Event(*intent));
      if (intent->kind == market::IntentKind::kCancel) {
        if (answer_cancels) canceled.push_back(intent->target);
        continue;
      }
      orders[intent->client_order_id] = *intent;
      market::RiskDecision decision;
      decision.intent = *intent;
      decision.permitted = !refuse;
      decision.reason = refuse ? market::RejectReason::kMaxNotional : market::RejectReason::kNone;
      decision.decided = now;
      engine.Apply(Event(decision));
    }
    for (const auto& id : canceled)
      Report(id, market::ExecKind::kCanceled, market::OrderState::kCanceled);
  }
  void Report(const market::ClientOrderId& id, market::ExecKind kind, market::OrderState state) {
    market::ExecReport report = ReportOf(id, kind, state);
    engine.Apply(Event(report));
    LookAt(report);
  }
  void Fill(const market::ClientOrderId& id, market::Price price, market::Quantity quantity,
            bool last) {
    market::ExecReport report =
        ReportOf(id, market::ExecKind::kFill,
                 last ? market::OrderState::kFilled : market::OrderState::kPartiallyFilled);
    report.fill = market::Fill{.trade_id = std::to_string(++trades),
                               .price = price,
                               .quantity = quantity,
                               .fee_asset = market::AssetId("USDT")};
    engine.Apply(Event(report));
    LookAt(report);
  }
  void FillAll(const market::OrderIntent& intent) {
    Fill(intent.client_order_id, intent.price, intent.quantity, true);
  }

  market::ExecReport ReportOf(const market::ClientOrderId& id, market::ExecKind kind,
                              market::OrderState state) {
    const market::OrderIntent& intent = orders.at(id);
    market::ExecReport report;
    report.kind = kind;
    report.state = state;
    report.account = intent.account;
    report.strategy = intent.strategy;
    report.instrument = intent.instrument;
    report.client_order_id = id;
    report.side = intent.side;
    report.quantity = intent.quantity;
    return report;
  }
  void LookAt(const market::ExecReport& report) {
    std::vector<Draft> drafts;
    engine.DecideOrder(report.strategy, report.instrument, now, drafts);
    Emit(drafts);
    Drive();
  }
  std::string Saved() const {
    wire::CanonicalWriter out;
    engine.Save(out);
    return out.Take();
  }
  int64_t Net(const char* strategy, const char* id) const {
    const Slot* slot =
        engine.portfolio().Find(market::StrategyId(strategy), market::InstrumentId(id));
    return slot == nullptr ? 0 : slot->position.net.mantissa;
  }
  size_t Working(const char* strategy, const char* id) const {
    const Slot* slot =
        engine.portfolio().Find(market::StrategyId(strategy), market::InstrumentId(id));
    return slot == nullptr ? 0 : slot->orders.size();
  }

  base::Time now = base::FromUnixMillis(1'700'000'000'000);
  StrategyEngine engine;
  std::vector<market::OrderIntent> intents;
  std::map<market::ClientOrderId, market::OrderIntent> orders;
  std::vector<market::ParentOrder> told;
  std::string refused;  // why no parent was made
  bool refuse = false, answer_cancels = true;
  uint32_t version = 1;  // of the definitions that quotes and books speak of
  uint64_t events = 0, trades = 0;
};

template <class S, class Settings>
std::vector<std::unique_ptr<Strategy>> One(Settings settings) {
  std::vector<std::unique_ptr<Strategy>> strategies;
  strategies.push_back(std::make_unique<S>(std::move(settings)));
  return strategies;
}

}  // namespace gannet::strategy::test
