#include "services/strategy/strategy_engine.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <variant>

#include "libs/base/rng.h"
#include "libs/wire/saved.h"
#include "services/strategy/market_maker.h"
#include "services/strategy/news_playbook.h"
#include "services/strategy/prediction_follower.h"
#include "services/strategy/strategy_test_kit.h"

namespace gannet::strategy {
namespace {

using namespace std::chrono_literals;
using market::ExecKind;
using market::IntentKind;
using market::OrderState;
using market::Side;
using test::Amount;
using test::Floor;
using test::kBtc;
using test::kEth;
using test::One;
using test::P;
using test::Q;

MakerSettings Maker(const char* name = "maker") {
  MakerSettings settings;
  settings.name = market::StrategyId(name);
  settings.instruments = {"binance-spot:*USDT"};
  settings.quote_notional = Amount("100");
  settings.max_position = Amount("300");
  settings.min_half_spread_ppm = 300;
  settings.refresh_ppm = 100;
  return settings;
}

PlaybookSettings Playbook() {
  PlaybookSettings settings;
  settings.name = market::StrategyId("hack");
  settings.instruments = {"binance-spot:*USDT"};
  settings.sizing.max_notional = Amount("200");
  settings.exits = {
      .horizon = 2min, .take_profit_ppm = 3'000, .stop_loss_ppm = 2'000, .max_slippage_ppm = 1'000};
  settings.cooldown = 3min;
  return settings;
}

FollowerSettings Follower() {
  FollowerSettings settings;
  settings.name = market::StrategyId("follower");
  settings.instruments = {"binance-spot:*USDT"};
  settings.taker_fee_ppm = 0;
  settings.min_probability_ppm = 500'000;
  settings.sizing.max_notional = Amount("200");
  return settings;
}

std::vector<std::unique_ptr<Strategy>> All() {
  std::vector<std::unique_ptr<Strategy>> strategies;
  strategies.push_back(std::make_unique<NewsPlaybook>(Playbook()));
  strategies.push_back(std::make_unique<PredictionFollower>(Follower()));
  strategies.push_back(std::make_unique<MarketMaker>(Maker()));
  return strategies;
}

TEST_CASE("Intents are numbered without gaps, named for ever, hashed over their meaning") {
  Floor floor(One<MarketMaker>(Maker()), {.run = 77});
  floor.Open(kBtc, "BTC");
  REQUIRE(floor.intents.size() >= 2);
  for (size_t i = 0; i < floor.intents.size(); ++i) {
    const market::OrderIntent& intent = floor.intents[i];
    CHECK(intent.sequence == i + 1);
    CHECK(intent.attempt == 1);
    CHECK(intent.client_order_id ==
          wire::MakeClientOrderId(intent.account, 77, 0, intent.strategy, i + 1, 1));
    CHECK(intent.hash == wire::IntentHash(intent));
  }
}

TEST_CASE("A strategy changes an order in place, and its figures are the venue's word") {
  Floor floor(One<MarketMaker>(Maker()));
  floor.Open(kBtc, "BTC");
  const market::StrategyId maker("maker");
  const market::InstrumentId btc(kBtc);
  const auto order = [&]() -> const WorkingOrder& {
    return floor.engine.portfolio().Find(maker, btc)->orders.front();
  };
  const market::ClientOrderId id = order().id;
  floor.engine.Apply(floor.Event(floor.ReportOf(id, ExecKind::kAccepted, OrderState::kAccepted)));
  REQUIRE(order().state == OrderState::kAccepted);
  const market::Price price = order().price;
  const market::Quantity half{order().quantity.mantissa / 2};
  std::vector<Draft> drafts;
  AmendOne(maker, btc, order(), price, order().quantity, "nothing changes", drafts);
  AmendOne(maker, btc, order(), price, order().cumulative, "nothing is left", drafts);
  CHECK(drafts.empty());
  AmendOne(maker, btc, order(), price, half, "smaller", drafts);
  REQUIRE(drafts.size() == 1);
  const auto intent = floor.engine.MakeIntent(drafts[0], floor.now);
  REQUIRE(intent);
  CHECK(intent->kind == IntentKind::kAmend);
  CHECK(intent->target == id);
  CHECK(intent->side == order().side);
  const size_t working = floor.engine.portfolio().working_orders();
  floor.engine.Apply(floor.Event(*intent));
  CHECK(floor.engine.portfolio().working_orders() == working);

  auto report = market::ReportOf(*intent, ExecKind::kPendingUpdate, OrderState::kPendingUpdate);
  report.client_order_id = id;
  report.target = intent->client_order_id;
  report.quantity = order().quantity;
  floor.engine.Apply(floor.Event(report));
  CHECK(order().state == OrderState::kPendingUpdate);
  CHECK(order().quantity != half);
  AmendOne(maker, btc, order(), price, half, "one at a time", drafts);
  CHECK(drafts.size() == 1);
  report.kind = ExecKind::kReplaced;
  report.state = OrderState::kAccepted;
  report.quantity = half;
  floor.engine.Apply(floor.Event(report));
  CHECK(order().quantity == half);
  CHECK(order().state == OrderState::kAccepted);
}

TEST_CASE("A strategy stays within its message budget and keeps a share for cancels") {
  MakerSettings settings = Maker();
  settings.min_life = 100ms;
  settings.pause_after_fill = 0s;
  Floor floor(One<MarketMaker>(settings), {.message_count = 10, .message_window = 10s});
  floor.Open(kBtc, "BTC");
  floor.now += 10s;
  floor.intents.clear();
  for (int64_t i = 0; i < 90; ++i) {
    floor.QuoteAt(kBtc, {P("99").mantissa + i * 50'000'000},
                  {P("99.02").mantissa + i * 50'000'000});
    floor.now += 100ms;
  }
  CHECK(floor.intents.size() <= 10);
  CHECK(floor.intents.size() >= 8);
  CHECK(floor.engine.stats().over_budget > 0);
  CHECK(std::count_if(floor.intents.begin(), floor.intents.end(),
                      [](const auto& intent) { return intent.kind == IntentKind::kNew; }) <= 8);
}

TEST_CASE("Draining stops new intents and cancels what works; a resume lets go on") {
  Floor floor(One<MarketMaker>(Maker()));
  floor.Open(kBtc, "BTC");
  REQUIRE(floor.Working("maker", kBtc) == 2);
  floor.engine.OnCommand(
      {.kind = market::CommandKind::kDrain, .scope = {market::ScopeKind::kStrategy, "maker"}});
  floor.Second();
  CHECK(floor.engine.portfolio().working_orders() == 0);
  const size_t before = floor.intents.size();
  for (int i = 0; i < 30; ++i) {
    floor.Quote(kBtc, "99.99", "100.01");
    floor.Second();
  }
  CHECK(floor.intents.size() == before);
  floor.engine.OnCommand(
      {.kind = market::CommandKind::kResume, .scope = {market::ScopeKind::kStrategy, "maker"}});
  floor.Second();
  CHECK(floor.Working("maker", kBtc) == 2);
}

TEST_CASE("Draining cancels at once what a spent message budget would hold back") {
  Floor floor(One<MarketMaker>(Maker()), {.message_count = 4, .message_window = 1h});
  floor.Open(kBtc, "BTC");
  for (int i = 0; i < 20 && floor.intents.size() < 4; ++i) {  // spends what is kept for cancels
    floor.Quote(kBtc, i % 2 == 0 ? "98.99" : "99.99", i % 2 == 0 ? "99.01" : "100.01");
    floor.Second();
  }
  REQUIRE(floor.intents.size() == 4);
  REQUIRE(floor.engine.portfolio().working_orders() > 0);
  floor.engine.StopAll();
  floor.Second();
  CHECK(floor.engine.portfolio().working_orders() == 0);
}

TEST_CASE("Draining leaves working orders alone when told so, exits included") {
  Floor floor(One<MarketMaker>(Maker()), {.cancel_on_drain = false});
  floor.Open(kBtc, "BTC");
  floor.engine.StopAll();
  floor.Quote(kBtc, "99.99", "100.01");
  const size_t working = floor.engine.portfolio().working_orders();
  floor.Second();
  CHECK(floor.engine.portfolio().working_orders() == working);
}

TEST_CASE("Orders of strategies that are no longer configured are cancelled at the start") {
  Floor before(One<MarketMaker>(Maker("old")));
  before.Open(kBtc, "BTC");
  REQUIRE(before.Working("old", kBtc) == 2);
  const std::string saved = before.Saved();
  StrategyEngine engine({}, One<MarketMaker>(Maker("new")));
  wire::CanonicalReader in(saved);
  REQUIRE(engine.Load(in).ok());
  std::vector<Draft> drafts;
  engine.DecideOrphans(before.now, drafts);
  CHECK(drafts.size() == 2);
  CHECK(engine.orphans() == std::vector<std::string>{"old"});
}

TEST_CASE("Instruments are decided on in the order of their names, however they came") {
  MarketView view({});
  for (const char* id : {"binance-spot:SOLUSDT", kBtc, "binance-spot:AAVEUSDT"})
    view.Define(test::MakeInstrument(id, "X"));
  std::vector<std::string> names;
  for (const Index at : view.by_name()) names.push_back(view.row(at).id.text());
  CHECK(names == std::vector<std::string>{"binance-spot:AAVEUSDT", kBtc, "binance-spot:SOLUSDT"});
}

TEST_CASE("A definition is recorded once a version, and only when a strategy trades it") {
  StrategyEngine engine({}, One<MarketMaker>(Maker()));
  auto instrument = test::MakeInstrument(kBtc, "BTC");
  const auto note = engine.DecideInstrument(instrument);
  REQUIRE(note);
  market::Event<wire::EngineNote> event;
  event.value = *note;
  engine.Apply(event);
  CHECK(!engine.DecideInstrument(instrument));
  instrument.version = 2;
  CHECK(engine.DecideInstrument(instrument));
  CHECK(!engine.DecideInstrument(test::MakeInstrument("kraken:BTCUSDT", "BTC")));
  instrument.price_scale = 40;
  CHECK(!engine.DecideInstrument(instrument));
}

TEST_CASE("What is traded by hand follows the venue's definition as well") {
  Floor floor({});
  const market::InstrumentId btc(kBtc);
  floor.engine.OnInstrument(test::MakeInstrument(kBtc, "BTC"));
  floor.engine.Apply(floor.Event(floor.engine.DecideManualInstrument(btc).value()));
  market::Instrument second = test::MakeInstrument(kBtc, "BTC");
  second.version = 2;
  second.min_notional = Amount("6");
  floor.Define(second);
  const MarketView& market = floor.engine.market();
  CHECK(market.row(market.Find(btc)).definition->version == 2);
  floor.Define(test::MakeInstrument(kEth, "ETH"));  // nobody has traded it
  CHECK(market.Find(market::InstrumentId(kEth)) == kNone);
}

TEST_CASE("A book of another version keeps no price fresh, and its fault still counts") {
  Floor floor(One<MarketMaker>(Maker()));
  floor.Open(kBtc, "BTC");
  const auto row = [&]() -> const MarketRow& {
    return floor.engine.market().row(floor.engine.market().Find(market::InstrumentId(kBtc)));
  };
  const base::Duration stale_after = floor.engine.settings().stale_after;
  floor.version = 2;
  for (int i = 0; i < 10; ++i) {
    floor.now += 1s;
    floor.Quote(kBtc, "89.99", "90.01");
    floor.Book(kBtc, market::BookState::kValid);
  }
  CHECK_FALSE(row().tradable(floor.now, stale_after));
  CHECK(row().book == market::BookState::kValid);
  floor.Book(kBtc, market::BookState::kInvalid);
  CHECK(row().book == market::BookState::kInvalid);
  floor.Book(kBtc, market::BookState::kValid);
  CHECK(row().book == market::BookState::kInvalid);
}

TEST_CASE("A fill of an order that an earlier definition placed is booked in the scales of now") {
  Floor floor(One<MarketMaker>(Maker()));
  floor.Open(kBtc, "BTC");
  const auto buy = std::find_if(floor.intents.begin(), floor.intents.end(),
                                [](const auto& intent) { return intent.side == Side::kBuy; });
  REQUIRE(buy != floor.intents.end());
  const market::ClientOrderId id = buy->client_order_id;
  market::Instrument next = test::MakeInstrument(kBtc, "BTC");
  const auto restate = [&] {
    ++next.version;
    floor.Define(next);
  };
  const auto fill = [&] {
    market::ExecReport report = floor.ReportOf(id, ExecKind::kFill, OrderState::kPartiallyFilled);
    report.fill = market::Fill{.trade_id = "1", .price = P("99.5"), .quantity = Q("0.125")};
    return report;
  };
  next.status = market::InstrumentStatus::kHalted;
  restate();
  next.price_scale = 2;
  next.tick = {1};
  next.quantity_scale = 4;
  next.lot = next.min_quantity = {10};
  restate();
  StrategyEngine loaded({}, One<MarketMaker>(Maker()));
  const std::string saved = floor.Saved();
  wire::CanonicalReader in(saved);
  REQUIRE(loaded.Load(in).ok());
  const auto booked = [&](StrategyEngine& engine) -> const Portfolio& {
    engine.Apply(floor.Event(fill()));
    return engine.portfolio();
  };
  for (StrategyEngine* engine : {&floor.engine, &loaded}) {
    const Portfolio& portfolio = booked(*engine);
    CHECK(portfolio.fills_unbooked() == 0);
    const market::Position& position =
        portfolio.Find(market::StrategyId("maker"), market::InstrumentId(kBtc))->position;
    CHECK(position.net.mantissa == 1'250);
    CHECK(market::AveragePrice(position, next).mantissa == 9'950);
  }
  next.quantity_scale = 2;  // too coarse for it
  next.lot = next.min_quantity = {1};
  restate();
  CHECK(booked(floor.engine).fills_unbooked() == 1);
}

TEST_CASE("State of the formats before still says which versions' numbers mean the same") {
  Floor floor(One<MarketMaker>(Maker()));
  const market::Instrument btc = test::MakeInstrument(kBtc, "BTC");
  floor.Define(btc);
  const std::string now = floor.Saved();
  wire::CanonicalWriter definition;
  wire::SaveInstrument(definition, btc);
  const auto read = [&](char version, size_t numbers) {  // as many bytes stood for them
    std::string before = now;
    before[0] = version;
    const size_t at = 1 + 4 + definition.bytes().size();
    before.replace(at, 4 + 4 + 1 + 1 + 8, before.substr(at + 4, numbers));
    StrategyEngine engine({}, One<MarketMaker>(Maker()));
    wire::CanonicalReader in(before);
    REQUIRE(engine.Load(in).ok());
    wire::CanonicalWriter out;
    engine.Save(out);
    CHECK(out.bytes() == now);
  };
  read(4, 4);
  read(3, 0);
}

TEST_CASE("Patterns match with one star") {
  CHECK(MatchesPattern("binance-spot:*USDT", "binance-spot:BTCUSDT"));
  CHECK(!MatchesPattern("binance-spot:*USDT", "binance-usdm:BTCUSDT"));
  CHECK(!MatchesPattern("binance-spot:*USDT", "binance-spot:ETHBTC"));
  CHECK(MatchesPattern("*", "anything"));
  CHECK(MatchesPattern("a:b", "a:b"));
  CHECK(!MatchesPattern("ab*ba", "aba"));
}

// --- hours of market -----------------------------------------------------------

using Fact = std::variant<market::Event<market::OrderIntent>, market::Event<market::RiskDecision>,
                          market::Event<market::ExecReport>, market::Event<market::NewsSignal>,
                          market::Event<wire::EngineNote>>;

// A random market with a venue that fills, refuses, loses and delays; every fact
// is kept in the order of its record.
class Market {
 public:
  explicit Market(uint64_t seed) : rng_(seed), engine_({}, All()) {
    for (const auto& [id, base] : {std::pair(kBtc, "BTC"), std::pair(kEth, "ETH")}) {
      const auto note = engine_.DecideInstrument(test::MakeInstrument(id, base));
      Record(Event(*note));
      prices_[market::InstrumentId(id)] = 10'000'000'000;
      Book(id, market::BookState::kValid);
    }
  }

  void Run(base::Duration span) {
    for (const base::Time end = now_ + span; now_ < end; now_ += 250ms) Step();
  }
  void Drain() {
    engine_.StopAll();
    quiet_ = true;
    Run(1min);
  }

  const StrategyEngine& engine() const { return engine_; }
  const std::vector<Fact>& facts() const { return facts_; }
  const std::vector<std::pair<base::Time, market::OrderIntent>>& intents() const {
    return intents_;
  }
  size_t most_orders() const { return most_orders_; }
  market::Money largest() const { return largest_; }

 private:
  template <class T>
  market::Event<T> Event(T value) {
    market::Event<T> event;
    event.header.id = {1, ++events_};
    event.header.receive_time = event.header.event_time = now_;
    event.value = std::move(value);
    return event;
  }
  template <class T>
  void Record(const market::Event<T>& event) {
    facts_.push_back(event);
    engine_.Apply(event);
  }
  void Book(const char* id, market::BookState state) {
    market::BookUpdate update;
    update.instrument = market::InstrumentId(id);
    update.state = state;
    const Index at = engine_.OnBook(update, now_);
    std::vector<Draft> drafts;
    if (at != kNone) engine_.DecideMarket(at, now_, drafts);
    Emit(drafts);
  }

  void Step() {
    for (auto& [id, price] : prices_) {
      price += static_cast<int64_t>(rng_.Normal() * 1'000'000) / 1'000'000 * 1'000'000;
      price = std::max<int64_t>(price, 5'000'000'000);
      market::Quote quote;
      quote.instrument = id;
      quote.bid = {{price - 1'000'000}, {rng_.Between(1, 1'000) * 1'000'000}};
      quote.ask = {{price + 1'000'000}, {rng_.Between(1, 1'000) * 1'000'000}};
      std::vector<Draft> drafts;
      const Index at = engine_.OnQuote(quote, now_);
      if (at != kNone) engine_.DecideMarket(at, now_, drafts);
      Emit(drafts);
      Match(id, price);
    }
    if (rng_.Chance(0.002)) Book(kBtc, market::BookState::kInvalid);
    if (rng_.Chance(0.05)) Book(kBtc, market::BookState::kValid);
    if (rng_.Chance(0.005)) News();
    if (++steps_ % 4 == 0) {
      engine_.OnTimer();
      std::vector<Draft> drafts;
      engine_.DecideTimer(now_, drafts);
      Emit(drafts);
      Predict();
    }
    Watch();
  }
  void News() {
    market::NewsSignal signal;
    signal.item = {2, ++events_};
    signal.type = market::NewsEventType::kHack;
    signal.sentiment_ppm = static_cast<int32_t>(rng_.Between(-1'000'000, 1'000'000));
    signal.confidence_ppm = signal.novelty_ppm = 900'000;
    signal.instruments = {market::InstrumentId(rng_.Chance(0.5) ? kBtc : kEth)};
    const auto event = Event(signal);
    Record(event);
    std::vector<Draft> drafts;
    engine_.DecideSignal(event, now_, drafts);
    Emit(drafts);
  }
  void Predict() {
    market::Prediction prediction;
    prediction.instrument = market::InstrumentId(rng_.Chance(0.5) ? kBtc : kEth);
    prediction.horizon = 1min;
    prediction.up_ppm = static_cast<uint32_t>(rng_.Between(0, 1'000'000));
    prediction.down_ppm = 1'000'000 - prediction.up_ppm;
    std::vector<Draft> drafts;
    engine_.DecidePrediction(Event(prediction), now_, drafts);
    Emit(drafts);
  }
  void Emit(const std::vector<Draft>& drafts) {
    for (const Draft& draft : drafts) {
      const auto intent = engine_.MakeIntent(draft, now_);
      if (!intent) continue;
      intents_.emplace_back(now_, *intent);
      Record(Event(*intent));
      if (intent->kind == IntentKind::kCancel) {
        if (live_.contains(intent->target) && rng_.Chance(0.9)) cancels_.push_back(intent->target);
        continue;
      }
      market::RiskDecision decision;
      decision.intent = *intent;
      decision.permitted = quiet_ || !rng_.Chance(0.05);
      decision.decided = now_;
      Record(Event(decision));
      if (decision.permitted) live_[intent->client_order_id] = *intent;
    }
  }
  // What the venue does with its orders in this quarter of a second.
  void Match(const market::InstrumentId& id, int64_t price) {
    const auto ids = LiveIn(id);
    for (const auto& order : ids) {
      const market::OrderIntent intent = live_.at(order);
      if (rng_.Chance(0.01) && !quiet_) {
        Report(intent, ExecKind::kUnknown, OrderState::kUnknown);
        continue;
      }
      if (rng_.Chance(0.02)) {
        Report(intent, ExecKind::kRejected, OrderState::kRejected);
        continue;
      }
      if (intent.sequence % 2 == 0) Report(intent, ExecKind::kAccepted, OrderState::kAccepted);
      const bool crosses = intent.side == Side::kBuy ? intent.price.mantissa >= price + 1'000'000
                                                     : intent.price.mantissa <= price - 1'000'000;
      if (crosses) {
        Fill(intent);
      } else if (intent.time_in_force == market::TimeInForce::kIoc) {
        Report(intent, ExecKind::kExpired, OrderState::kExpired);
      }
    }
    const std::deque<market::ClientOrderId> cancels = std::move(cancels_);
    cancels_.clear();
    for (const auto& target : cancels) {
      const auto order = live_.find(target);
      if (order == live_.end()) continue;
      const market::OrderIntent intent = order->second;
      if (rng_.Chance(0.1)) {
        Report(intent, ExecKind::kCancelRejected, OrderState::kAccepted);
      } else {
        Report(intent, ExecKind::kCanceled, OrderState::kCanceled);
      }
    }
  }
  std::vector<market::ClientOrderId> LiveIn(const market::InstrumentId& id) const {
    std::vector<market::ClientOrderId> ids;
    for (const auto& [order, intent] : live_) {
      if (intent.instrument == id) ids.push_back(order);
    }
    return ids;
  }
  void Fill(const market::OrderIntent& intent) {
    market::Fill fill;
    fill.trade_id = std::to_string(++events_);
    fill.price = intent.price;
    fill.quantity = intent.quantity;
    const bool base_fee = intent.side == Side::kBuy && rng_.Chance(0.5);
    fill.fee =
        base_fee ? market::Money(fill.quantity.mantissa / 1'000, 8) : market::Money(1'000'000, 8);
    fill.fee_asset = market::AssetId(
        base_fee ? std::string(intent.instrument.text() == kBtc ? "BTC" : "ETH") : "USDT");
    Report(intent, ExecKind::kFill, OrderState::kFilled, fill);
  }
  void Report(const market::OrderIntent& intent, ExecKind kind, OrderState state,
              std::optional<market::Fill> fill = std::nullopt) {
    market::ExecReport report = market::ReportOf(intent, kind, state);
    report.fill = std::move(fill);
    if (market::IsTerminal(state)) live_.erase(intent.client_order_id);
    Record(Event(report));
    std::vector<Draft> drafts;
    engine_.DecideOrder(report.strategy, report.instrument, now_, drafts);
    Emit(drafts);
  }
  void Watch() {
    for (const auto& [id, row] : engine_.portfolio().strategies()) {
      for (const auto& [instrument, slot] : row.slots) {
        most_orders_ = std::max(most_orders_, slot.orders.size());
        const auto value = engine_.market()
                               .row(engine_.market().Find(instrument))
                               .definition->Notional({prices_.at(instrument)}, slot.position.net,
                                                     market::Rounding::kUp);
        largest_ = std::max(largest_, value->Abs());
      }
    }
  }

  base::Rng rng_;
  base::Time now_ = base::FromUnixMillis(1'700'000'000'000);
  StrategyEngine engine_;
  std::map<market::InstrumentId, int64_t> prices_;
  std::map<market::ClientOrderId, market::OrderIntent> live_;
  std::deque<market::ClientOrderId> cancels_;
  std::vector<Fact> facts_;
  std::vector<std::pair<base::Time, market::OrderIntent>> intents_;
  uint64_t events_ = 0, steps_ = 0;
  size_t most_orders_ = 0;
  market::Money largest_;
  bool quiet_ = false;
};

TEST_CASE("Hours of a lively market: positions bounded, no order storms, and a drain that ends") {
  for (const uint64_t seed : {1, 2, 3}) {
    Market market(seed);
    market.Run(1h);
    std::map<market::StrategyId, std::deque<base::Time>> recent;
    std::map<market::StrategyId, uint64_t> counts;
    for (const auto& [at, intent] : market.intents()) {
      auto& times = recent[intent.strategy];
      times.push_back(at);
      while (times.front() + 10s <= at) times.pop_front();
      REQUIRE(times.size() <= 20);
      ++counts[intent.strategy];
    }
    CHECK(counts.size() == 3);  // all of them traded
    CHECK(counts[market::StrategyId("maker")] > 200);
    CHECK(market.most_orders() <= 2);
    CHECK(market.largest() <= Amount("320"));  // the limit of 300, and the price since
    CHECK(market.engine().portfolio().fills_unbooked() == 0);
    market.Drain();
    CHECK(market.engine().portfolio().working_orders() == 0);
  }
}

TEST_CASE(
    "Applying the recorded facts gives the state that deciding gave; saving and loading keeps it") {
  for (uint64_t seed = 10; seed < 16; ++seed) {
    Market market(seed);
    market.Run(5min);
    wire::CanonicalWriter live;
    market.engine().Save(live);
    StrategyEngine recovered({}, All());
    for (const Fact& fact : market.facts()) {
      std::visit([&](const auto& event) { recovered.Apply(event); }, fact);
    }
    wire::CanonicalWriter again;
    recovered.Save(again);
    CHECK(again.bytes() == live.bytes());
    StrategyEngine loaded({}, All());
    wire::CanonicalReader in(live.bytes());
    REQUIRE(loaded.Load(in).ok());
    CHECK(in.done());
    wire::CanonicalWriter third;
    loaded.Save(third);
    CHECK(third.bytes() == live.bytes());
    wire::CanonicalReader cut(std::string_view(live.bytes()).substr(0, live.bytes().size() / 2));
    StrategyEngine broken({}, All());
    CHECK(!broken.Load(cut).ok());
  }
}

}  // namespace
}  // namespace gannet::strategy
