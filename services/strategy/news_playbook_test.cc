#include "services/strategy/news_playbook.h"

#include <catch2/catch_test_macros.hpp>

#include "services/strategy/strategy_test_kit.h"

namespace gannet::strategy {
namespace {

using namespace std::chrono_literals;
using market::Side;
using test::Amount;
using test::Floor;
using test::kBtc;
using test::kEth;
using test::One;
using test::P;
using test::Q;

PlaybookSettings Settings() {
  PlaybookSettings settings;
  settings.name = market::StrategyId("hack");
  settings.event = market::NewsEventType::kHack;
  settings.instruments = {"binance-spot:*USDT"};
  settings.sizing.max_notional = Amount("500");
  settings.exits.take_profit_ppm = 5'000;
  settings.exits.stop_loss_ppm = 4'000;
  settings.exits.horizon = 5min;
  return settings;
}

market::NewsSignal Hack(std::vector<const char*> instruments = {kBtc}) {
  market::NewsSignal signal;
  signal.item = {9, 1};
  signal.type = market::NewsEventType::kHack;
  signal.sentiment_ppm = -800'000;
  signal.confidence_ppm = 900'000;
  signal.novelty_ppm = 1'000'000;
  for (const char* id : instruments) signal.instruments.emplace_back(id);
  return signal;
}

constexpr char kPerpetual[] = "binance-usdm:BTCUSDT";

market::Instrument Perpetual() {
  market::Instrument instrument = test::MakeInstrument(kPerpetual, "BTC");
  instrument.kind = market::InstrumentKind::kPerpetual;
  return instrument;
}

struct Desk : Floor {
  explicit Desk(PlaybookSettings settings = Settings())
      : Floor(One<NewsPlaybook>(std::move(settings))) {
    Open(kBtc, "BTC");
  }
};

TEST_CASE("NewsPlaybook sells bad news with a limit, names the signal, sizes by the cap") {
  Desk desk;
  desk.Signal(Hack());
  REQUIRE(desk.intents.size() == 1);
  const market::OrderIntent& intent = desk.intents[0];
  CHECK(intent.side == Side::kSell);
  CHECK(intent.type == market::OrderType::kLimit);
  CHECK(intent.time_in_force == market::TimeInForce::kIoc);
  CHECK(intent.price == P("99.79"));  // 20 basis points below the bid, to the tick
  CHECK(intent.quantity == Q("5"));
  CHECK(intent.signal == market::EventId{1, desk.events - 2});  // before intent and verdict
  CHECK(intent.hash == wire::IntentHash(intent));
  CHECK(intent.client_order_id ==
        wire::MakeClientOrderId(intent.account, 0, 0, intent.strategy, 1, 1));
}

TEST_CASE("NewsPlaybook opens nothing on news it does not believe") {
  const auto silent = [](auto change) {
    Desk desk;
    market::NewsSignal signal = Hack();
    change(signal);
    desk.Signal(signal);
    CHECK(desk.intents.empty());
  };
  silent([](auto& s) { s.type = market::NewsEventType::kRegulation; });
  silent([](auto& s) { s.confidence_ppm = 599'999; });
  silent([](auto& s) { s.novelty_ppm = 499'999; });
  silent([](auto& s) { s.sentiment_ppm = -199'999; });
  silent([](auto& s) { s.relation = market::NewsRelation::kRepeat; });
  silent([](auto& s) { s.relation = market::NewsRelation::kCorrection; });
  silent([](auto& s) { s.instruments.clear(); });
  silent([](auto& s) { s.instruments = {market::InstrumentId("kraken:BTCUSD")}; });
}

TEST_CASE("NewsPlaybook trades each coin by what the headline says of it") {
  Desk desk;
  desk.Open(kEth, "ETH");
  desk.Quote(kBtc, "99.99", "100.01");
  market::NewsSignal signal = Hack({kBtc, kEth});
  SECTION("each its own way") {
    signal.entities = {{"coin:BTC", "Bitcoin", 0, 600'000}, {"coin:ETH", "Ethereum", 9, -600'000}};
    desk.Signal(signal);
    REQUIRE(desk.intents.size() == 2);
    CHECK(desk.intents[0].side == Side::kBuy);
    CHECK(desk.intents[1].side == Side::kSell);
  }
  SECTION("not at all where it says too little") {
    signal.entities = {{"coin:BTC", "Bitcoin", 0, 199'999}};
    desk.Signal(signal);
    REQUIRE(desk.intents.size() == 1);
    CHECK(desk.intents[0].instrument.text() == kEth);  // not named: by the tone of the whole
    CHECK(desk.intents[0].side == Side::kSell);
  }
  SECTION("the mean where it is named twice") {
    signal.entities = {{"coin:BTC", "Bitcoin", 0, -100'000}, {"coin:BTC", "BTC", 9, 700'000}};
    signal.instruments.resize(1);
    desk.Signal(signal);
    REQUIRE(desk.intents.size() == 1);
    CHECK(desk.intents[0].side == Side::kBuy);
  }
}

TEST_CASE("NewsPlaybook opens nothing on old news") {
  Desk desk;
  auto item = desk.Event(market::NewsItem{});
  item.value.published = desk.now - 61s;
  desk.engine.OnNews(item);
  auto signal = Hack();
  signal.item = item.header.id;
  desk.Signal(signal);
  CHECK(desk.intents.empty());
  auto fresh = desk.Event(market::NewsItem{});
  fresh.value.published = desk.now - 60s;
  desk.engine.OnNews(fresh);
  signal.item = fresh.header.id;
  desk.Signal(signal);
  CHECK(desk.intents.size() == 1);
}

TEST_CASE("NewsPlaybook trades what moves with everything when it is told to") {
  PlaybookSettings settings = Settings();
  settings.linked_only = false;
  settings.direction = Direction::kLong;
  Desk desk(settings);
  desk.Open(kEth, "ETH");
  desk.Quote(kBtc, "99.99", "100.01");
  desk.Signal(Hack({}));
  REQUIRE(desk.intents.size() == 2);
  CHECK(desk.intents[0].side == Side::kBuy);
  CHECK(desk.intents[1].instrument.text() == kEth);
}

TEST_CASE("NewsPlaybook keeps to its number of positions") {
  PlaybookSettings settings = Settings();
  settings.linked_only = false;
  settings.max_positions = 1;
  Desk desk(settings);
  desk.Open(kEth, "ETH");
  desk.Quote(kBtc, "99.99", "100.01");
  desk.Signal(Hack({}));
  CHECK(desk.intents.size() == 1);
}

TEST_CASE(
    "NewsPlaybook leaves at a profit, at a loss, at the horizon, and when the news is taken back") {
  const auto leaves = [](auto change, const char* reason) {
    Desk desk;
    desk.Signal(Hack());
    desk.Fill(desk.intents[0].client_order_id, P("100"), Q("5"), true);
    desk.now += 2s;
    desk.Quote(kBtc, "99.99", "100.01");
    REQUIRE(desk.intents.size() == 1);
    change(desk);
    REQUIRE(desk.intents.size() == 2);
    const market::OrderIntent& exit = desk.intents[1];
    CHECK(exit.side == Side::kBuy);
    CHECK(exit.reduce_only);
    CHECK(exit.quantity == Q("5"));
    CHECK(exit.reason == reason);
    CHECK(exit.signal == desk.intents[0].signal);
    desk.FillAll(exit);
    desk.now += 10s;
    desk.Quote(kBtc, "99.99", "100.01");
    CHECK(desk.Net("hack", kBtc) == 0);
    CHECK(desk.intents.size() == 2);
  };
  leaves([](Desk& desk) { desk.Quote(kBtc, "99.48", "99.50"); }, "take profit");
  leaves([](Desk& desk) { desk.Quote(kBtc, "100.38", "100.40"); }, "stop loss");
  leaves(
      [](Desk& desk) {
        desk.now += 5min;
        desk.Quote(kBtc, "99.99", "100.01");
      },
      "horizon reached");
  leaves(
      [](Desk& desk) {
        market::NewsSignal back = Hack();
        back.item = {9, 2};
        back.relation = market::NewsRelation::kRetraction;
        back.original = {9, 1};
        desk.Signal(back);
        desk.Quote(kBtc, "99.99", "100.01");
      },
      "news retracted");
}

TEST_CASE(
    "NewsPlaybook ends an entry over time when the news is taken back before its first fill") {
  PlaybookSettings settings = Settings();
  settings.entry.over = 60s;
  Desk desk(settings);
  desk.answer_cancels = false;  // there is no venue behind a parent
  desk.Signal(Hack());
  REQUIRE(desk.intents.size() == 1);
  REQUIRE(desk.intents[0].kind == market::IntentKind::kParent);
  desk.Quote(kBtc, "99.48", "99.50");  // beyond its limit
  market::NewsSignal back = Hack();
  back.item = {9, 2};
  back.relation = market::NewsRelation::kRetraction;
  desk.Signal(back);  // of what, it does not say
  desk.Quote(kBtc, "99.48", "99.50");
  CHECK(desk.intents.size() == 1);
  back.original = {9, 1};
  desk.Signal(back);
  desk.Quote(kBtc, "99.48", "99.50");
  REQUIRE(desk.intents.size() == 2);
  CHECK(desk.intents[1].kind == market::IntentKind::kCancel);
  CHECK(desk.intents[1].target == desk.intents[0].client_order_id);
  CHECK(desk.intents[1].reason == "news retracted");
  CHECK(desk.told.back().state == market::ParentState::kCanceled);
  desk.now += 2s;
  desk.Quote(kBtc, "99.99", "100.01");
  CHECK(desk.intents.size() == 2);
}

TEST_CASE("NewsPlaybook leaves what a perpetual holds below the minimum of an entry, and waits") {
  PlaybookSettings settings = Settings();
  settings.instruments = {kPerpetual};
  settings.cooldown = 1s;
  Floor desk(One<NewsPlaybook>(settings));
  desk.Define(Perpetual());
  desk.Open(kPerpetual, "BTC");
  desk.Signal(Hack({kPerpetual}));
  REQUIRE(desk.intents.size() == 1);
  const market::ClientOrderId entry = desk.intents[0].client_order_id;
  desk.Fill(entry, P("100"), Q("0.02"), false);  // worth 2 of the 5 that an entry needs
  desk.Report(entry, market::ExecKind::kExpired, market::OrderState::kExpired);
  desk.now += 2s;
  desk.Quote(kPerpetual, "99.99", "100.01");
  desk.Signal(Hack({kPerpetual}));
  CHECK(desk.intents.size() == 1);
  desk.now += 5min;
  desk.Quote(kPerpetual, "99.99", "100.01");
  REQUIRE(desk.intents.size() == 2);
  const market::OrderIntent& exit = desk.intents[1];
  CHECK(exit.side == Side::kBuy);
  CHECK(exit.reduce_only);
  CHECK(exit.quantity == Q("0.02"));
  CHECK(exit.reason == std::string("horizon reached"));
}

TEST_CASE("NewsPlaybook holds no spot that the limit of an exit makes worth too little") {
  const auto exits = [](std::string_view filled) {
    Desk desk;
    market::NewsSignal good = Hack();
    good.sentiment_ppm = 800'000;
    desk.Signal(good);
    REQUIRE(desk.intents.size() == 1);
    const market::ClientOrderId entry = desk.intents[0].client_order_id;
    desk.Fill(entry, P("100"), Q(filled), false);
    desk.Report(entry, market::ExecKind::kExpired, market::OrderState::kExpired);
    desk.now += 5min;
    desk.Quote(kBtc, "99.99", "100.01");
    return desk.intents.size() - 1;
  };
  CHECK(exits("0.050") == 0);  // 5.00 at the middle, 4.99 at the limit
  CHECK(exits("0.051") == 1);
}

TEST_CASE("NewsPlaybook tries to leave once a second, not more") {
  Desk desk;
  desk.Signal(Hack());
  desk.Fill(desk.intents[0].client_order_id, P("100"), Q("5"), true);
  desk.now += 10s;
  for (int i = 0; i < 50; ++i) {  // nothing fills within the slippage
    desk.Quote(kBtc, "100.48", "100.50");
    const auto exit = desk.intents.back();
    if (desk.Working("hack", kBtc) > 0)
      desk.Report(exit.client_order_id, market::ExecKind::kExpired, market::OrderState::kExpired);
    desk.now += 100ms;
  }
  CHECK(desk.intents.size() == 1 + 5);
}

TEST_CASE("NewsPlaybook cools down in an instrument") {
  Desk desk;
  desk.Signal(Hack());
  desk.Report(desk.intents[0].client_order_id, market::ExecKind::kExpired,
              market::OrderState::kExpired);
  desk.now += 10min - 1ns;
  desk.Quote(kBtc, "99.99", "100.01");
  desk.Signal(Hack());
  CHECK(desk.intents.size() == 1);
  desk.now += 1ns;
  desk.Quote(kBtc, "99.99", "100.01");
  desk.Signal(Hack());
  CHECK(desk.intents.size() == 2);
}

TEST_CASE("NewsPlaybook waits while the fate of its order is unknown") {
  Desk desk;
  desk.Signal(Hack());
  desk.Report(desk.intents[0].client_order_id, market::ExecKind::kUnknown,
              market::OrderState::kUnknown);
  desk.now += 1h;
  desk.Quote(kBtc, "90", "90.02");
  desk.Signal(Hack());
  desk.Second();
  CHECK(desk.intents.size() == 1);
}

TEST_CASE("NewsPlaybook acts on no book that is not proven, stale or warming up") {
  Desk desk;
  desk.Book(kBtc, market::BookState::kInvalid);
  desk.Signal(Hack());
  CHECK(desk.intents.empty());
  desk.Book(kBtc, market::BookState::kValid);
  desk.now += 6s;
  desk.Signal(Hack());
  CHECK(desk.intents.empty());
  Floor cold(One<NewsPlaybook>(Settings()));
  cold.Define(test::MakeInstrument(kBtc, "BTC"));
  cold.Book(kBtc, market::BookState::kValid);
  cold.Quote(kBtc, "99.99", "100.01");
  cold.Signal(Hack());
  CHECK(cold.intents.empty());
}

}  // namespace
}  // namespace gannet::strategy
