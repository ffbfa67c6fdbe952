#include "services/strategy/market_maker.h"

#include <catch2/catch_test_macros.hpp>

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
using test::One;
using test::P;
using test::Q;

MakerSettings Settings() {
  MakerSettings settings;
  settings.name = market::StrategyId("maker");
  settings.instruments = {"binance-spot:*USDT"};
  settings.quote_notional = Amount("100");
  settings.max_position = Amount("300");
  settings.min_half_spread_ppm = 1'000;  // 0.10 at 100
  settings.volatility_ppm = 0;
  settings.refresh_ppm = 200;
  return settings;
}

struct Desk : Floor {
  explicit Desk(MakerSettings settings = Settings())
      : Floor(One<MarketMaker>(std::move(settings))) {}
  void Start() {
    Open(kBtc, "BTC");
    // What warming up has quoted goes, so that each test begins with two quotes
    // around 100.
    now += 1min;
    Quote(kBtc, "99.99", "100.01");
  }
  const market::OrderIntent* Live(Side side) {
    const Slot* slot =
        engine.portfolio().Find(market::StrategyId("maker"), market::InstrumentId(kBtc));
    const WorkingOrder* order = slot == nullptr ? nullptr : slot->Order(side);
    return order == nullptr ? nullptr : &orders.at(order->id);
  }
};

TEST_CASE("MarketMaker quotes both sides around the microprice, post-only") {
  Desk desk;
  desk.Start();
  REQUIRE(desk.Live(Side::kBuy) != nullptr);
  REQUIRE(desk.Live(Side::kSell) != nullptr);
  const market::OrderIntent& bid = *desk.Live(Side::kBuy);
  const market::OrderIntent& ask = *desk.Live(Side::kSell);
  CHECK(bid.price == P("99.90"));
  CHECK(ask.price == P("100.10"));
  CHECK(bid.time_in_force == market::TimeInForce::kPostOnly);
  CHECK(bid.quantity == Q("1.001"));  // 100 at 99.90
  CHECK(desk.Working("maker", kBtc) == 2);
}

TEST_CASE("MarketMaker leaves a quote alone until it is off by more than the refresh distance") {
  Desk desk;
  desk.Start();
  const size_t before = desk.intents.size();
  desk.now += 10s;
  desk.Quote(kBtc, "100.00", "100.02");  // 0.01 off
  CHECK(desk.intents.size() == before);
  desk.Quote(kBtc, "100.09", "100.11");  // 0.10 off
  // Both cancelled; the new ones follow in the same breath, since the venue confirmed.
  CHECK(desk.intents.size() == before + 4);
  CHECK(desk.Live(Side::kBuy)->price == P("99.99"));  // microprice 100.10 less 0.1001, down
  CHECK(desk.Live(Side::kSell)->price == P("100.21"));
}

TEST_CASE("A quote lives its least time whatever the market does") {
  Desk desk;
  desk.Start();
  const size_t before = desk.intents.size();
  for (int i = 0; i < 100; ++i) {
    desk.QuoteAt(kBtc, {P("99").mantissa + i * 2'000'000}, {P("99.02").mantissa + i * 2'000'000});
    desk.now += 100ms;
  }
  // 10 seconds, 2 seconds of least life: at most 5 renewals of 2 sides, 2 messages each.
  CHECK(desk.intents.size() - before <= 20);
  CHECK(desk.intents.size() - before >= 8);
}

TEST_CASE("MarketMaker leans against its inventory and stops at its limit") {
  Desk desk;
  desk.Start();
  for (int i = 0; i < 5; ++i) {
    if (desk.Live(Side::kBuy) == nullptr) break;
    desk.FillAll(*desk.Live(Side::kBuy));
    desk.now += 5s;
    desk.Quote(kBtc, "99.99", "100.01");
  }
  CHECK(desk.Live(Side::kBuy) == nullptr);  // 3 of 100 each, limit 300
  CHECK(desk.Net("maker", kBtc) > Q("2.9").mantissa);
  CHECK(desk.Net("maker", kBtc) <= Q("3.01").mantissa);
  REQUIRE(desk.Live(Side::kSell) != nullptr);
  // Half of the half spread lower, less what the refresh distance forgives.
  CHECK(desk.Live(Side::kSell)->price == P("100.07"));
}

TEST_CASE(
    "MarketMaker pulls its quotes from an INVALID book, a stale one, a lost feed, a trading "
    "state") {
  const auto pulls = [](auto change) {
    Desk desk;
    desk.Start();
    REQUIRE(desk.Working("maker", kBtc) == 2);
    const size_t before = desk.intents.size();
    change(desk);
    CHECK(desk.Working("maker", kBtc) == 0);
    CHECK(desk.intents.size() == before + 2);
    CHECK(desk.intents.back().kind == IntentKind::kCancel);
    for (int i = 0; i < 5; ++i) desk.Second();
    CHECK(desk.intents.size() == before + 2);
  };
  pulls([](Desk& desk) { desk.Book(kBtc, market::BookState::kInvalid); });
  pulls([](Desk& desk) {
    desk.now += 6s;
    desk.Second();
  });
  pulls([](Desk& desk) {
    desk.engine.OnStatus({.feed = "binance-spot", .feed_state = market::FeedState::kDisconnected});
    desk.Second();
  });
  pulls([](Desk& desk) {
    desk.engine.Apply(
        desk.Event(market::RiskState{.scope = {market::ScopeKind::kVenue, "binance-spot"},
                                     .state = market::TradingState::kHalted}));
    desk.Second();
  });
}

TEST_CASE("MarketMaker under REDUCING quotes only what closes its position") {
  Desk desk;
  desk.Start();
  desk.FillAll(*desk.Live(Side::kBuy));
  desk.engine.Apply(desk.Event(market::RiskState{.state = market::TradingState::kReducing}));
  for (int i = 0; i < 8; ++i) {
    desk.Second();
    desk.Quote(kBtc, "99.99", "100.01");
  }
  CHECK(desk.Live(Side::kBuy) == nullptr);
  REQUIRE(desk.Live(Side::kSell) != nullptr);
  CHECK(desk.Live(Side::kSell)->reduce_only);
  CHECK(desk.Live(Side::kSell)->quantity.mantissa <= desk.Net("maker", kBtc));
}

TEST_CASE("MarketMaker backs off when it is refused, longer each time") {
  Desk desk;
  desk.refuse = true;
  desk.Start();
  const size_t before = desk.intents.size();
  for (int i = 0; i < 1'200; ++i) {  // two minutes
    desk.Quote(kBtc, "99.99", "100.01");
    desk.now += 100ms;
  }
  CHECK(desk.intents.size() - before <= 2 * 6);
  desk.refuse = false;
  desk.now += 64s;
  desk.Quote(kBtc, "99.99", "100.01");
  CHECK(desk.Working("maker", kBtc) == 2);
}

TEST_CASE("MarketMaker waits for a cancel that is not answered, and asks again after a while") {
  Desk desk;
  desk.Start();
  desk.answer_cancels = false;
  const size_t before = desk.intents.size();
  desk.Book(kBtc, market::BookState::kInvalid);
  for (int i = 0; i < 9; ++i) desk.Second();
  CHECK(desk.intents.size() == before + 2);
  desk.Second();
  CHECK(desk.intents.size() == before + 4);
}

TEST_CASE("MarketMaker does nothing about an order whose fate is unknown") {
  Desk desk;
  desk.Start();
  const auto id = desk.Live(Side::kBuy)->client_order_id;
  desk.Report(id, ExecKind::kUnknown, OrderState::kUnknown);
  const size_t before = desk.intents.size();
  for (int i = 0; i < 60; ++i) {
    desk.Quote(kBtc, "95.99", "96.01");
    desk.Second();
  }
  for (size_t i = before; i < desk.intents.size(); ++i) CHECK(desk.intents[i].side == Side::kSell);
  desk.Report(id, ExecKind::kAbsent, OrderState::kAbsent);
  desk.now += 5s;
  desk.Quote(kBtc, "95.99", "96.01");
  CHECK(desk.Live(Side::kBuy) != nullptr);
}

TEST_CASE("MarketMaker sells only what it has when shorts are not allowed") {
  MakerSettings settings = Settings();
  settings.allow_short = false;
  Desk desk(settings);
  desk.Start();
  CHECK(desk.Live(Side::kSell) == nullptr);
  desk.FillAll(*desk.Live(Side::kBuy));
  desk.now += 5s;
  desk.Quote(kBtc, "99.99", "100.01");
  REQUIRE(desk.Live(Side::kSell) != nullptr);
  CHECK(desk.Live(Side::kSell)->quantity.mantissa <= desk.Net("maker", kBtc));
}

TEST_CASE("MarketMaker widens with volatility") {
  MakerSettings settings = Settings();
  settings.volatility_ppm = 1'000'000;
  settings.horizon = 100s;
  Desk calm(Settings()), lively(settings);
  calm.Start();
  lively.Start();
  CHECK(lively.Live(Side::kBuy)->price <= calm.Live(Side::kBuy)->price);
}

}  // namespace
}  // namespace gannet::strategy
