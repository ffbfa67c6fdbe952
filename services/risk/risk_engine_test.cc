#include "services/risk/risk_engine.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>
#include <string>
#include <vector>

#include "services/risk/risk_test_kit.h"

namespace gannet::risk {
namespace {

using namespace std::chrono_literals;
using market::CommandKind;
using market::ExecKind;
using market::OrderState;
using market::RejectReason;
using market::Scope;
using market::ScopeKind;
using market::Side;
using market::TradingState;
using test::Amount;
using test::Gate;
using test::kAccount;
using test::kBtc;
using test::kStrategy;
using test::MakeInstrument;
using test::P;
using test::Q;
using test::V;
using test::WideLimits;

const Scope kFirm{ScopeKind::kFirm, ""};

// The reason, checked against the list: the first failing control is the answer.
RejectReason ReasonOf(const market::RiskDecision& decision) {
  CHECK(decision.permitted == decision.failing.empty());
  CHECK(decision.permitted == (decision.reason == RejectReason::kNone));
  if (!decision.permitted) {
    CHECK(decision.reason == decision.failing.front());
    CHECK(!decision.detail.empty());
    CHECK(std::is_sorted(decision.failing.begin(), decision.failing.end()));
    CHECK(decision.reserved.zero());
  }
  return decision.reason;
}

TEST_CASE("RiskEngine permits an order within every limit and reserves its worst case") {
  Gate gate;
  const auto decision = gate.Ask(Side::kBuy, "99.5", "2");
  CHECK(decision.permitted);
  CHECK(decision.reserved == Amount("199"));
  CHECK(decision.reference_price == P("100.01"));
  CHECK(decision.limit_version == 7);
  CHECK(decision.epoch == 1);
  CHECK(decision.expires == gate.now + 2s);
  CHECK(gate.Firm().open_value() == V("199"));
  CHECK(gate.Firm().open_orders == 1);
}

TEST_CASE("RiskEngine values market orders at the reference price and the collar") {
  Gate gate;
  const auto decision = gate.Ask(Side::kBuy, "0", "2");
  REQUIRE(decision.permitted);
  CHECK(decision.reserved == Amount("210.021"));  // 2 × 100.01 × 1.05
}

TEST_CASE("RiskEngine values a sell at the better of its limit and the reference price") {
  Gate gate;
  CHECK(gate.Ask(Side::kSell, "99.5", "1").reserved == Amount("100.01"));
  CHECK(gate.Ask(Side::kSell, "101", "1").reserved == Amount("101"));
}

// --- every reason, in the order of precedence --------------------------------

TEST_CASE("RiskEngine rejects a malformed intent") {
  Gate gate;
  const auto reason = [&](auto change) {
    market::OrderIntent intent = gate.Intent(Side::kBuy, "100", "1");
    change(intent);
    return ReasonOf(gate.Ask(intent));
  };
  CHECK(reason([](auto& i) { i.quantity = Q("0"); }) == RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.quantity = Q("-1"); }) == RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.price = P("0"); }) == RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.price = P("-1"); }) == RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.type = market::OrderType::kMarket; }) == RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.stop_price = P("1"); }) == RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.type = market::OrderType::kStop, i.price = P("0"); }) ==
        RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.client_order_id = market::ClientOrderId(); }) ==
        RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.client_order_id = market::ClientOrderId(std::string(37, 'x')); }) ==
        RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.strategy = market::StrategyId(); }) == RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.attempt = 0; }) == RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.side = static_cast<Side>(9); }) == RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.type = static_cast<market::OrderType>(0); }) ==
        RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.time_in_force = market::TimeInForce::kGtd; }) ==
        RejectReason::kMalformed);
  CHECK(reason([](auto& i) { i.kind = market::IntentKind::kReplace; }) == RejectReason::kMalformed);
  CHECK(reason([](auto& i) {
          i.kind = market::IntentKind::kCancel;
          i.kind = static_cast<market::IntentKind>(0);
        }) == RejectReason::kMalformed);
  market::OrderIntent intent = gate.Intent(Side::kBuy, "100", "1");
  intent.hash = wire::IntentHash(intent);
  intent.quantity = Q("2");  // the verdict would be over another meaning
  CHECK(ReasonOf(gate.Ask(intent, /*own_hash=*/false)) == RejectReason::kMalformed);
}

TEST_CASE("RiskEngine rejects an order that is open already or an old sequence") {
  Gate gate;
  const auto first = gate.Ask(Side::kBuy, "100", "1");
  REQUIRE(first.permitted);
  CHECK(ReasonOf(gate.Ask(first.intent)) == RejectReason::kMalformed);
  CHECK(gate.Firm().open_value() == V("100"));
  gate.Report(first.intent, ExecKind::kCanceled, OrderState::kCanceled);
  CHECK(ReasonOf(gate.Ask(first.intent)) == RejectReason::kMalformed);  // never twice
  auto again = first.intent;  // proven absent and tried anew: another id, same sequence
  again.attempt = 2;
  again.client_order_id = market::ClientOrderId("g1test1b");
  CHECK(gate.Ask(again).permitted);
}

TEST_CASE("RiskEngine rejects an account that no limits name") {
  Gate gate;
  auto intent = gate.Intent(Side::kBuy, "100", "1");
  intent.account = market::AccountId("main/other");
  CHECK(ReasonOf(gate.Ask(intent)) == RejectReason::kUnknownAccount);
  intent.account = market::AccountId("*");
  intent.sequence = 0;
  CHECK(ReasonOf(gate.Ask(intent)) == RejectReason::kUnknownAccount);
}

TEST_CASE("RiskEngine rejects an instrument that nobody has defined") {
  Gate gate;
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1", "binance-spot:NOPE")) ==
        RejectReason::kUnknownInstrument);
}

TEST_CASE("RiskEngine rejects an intent about another version of the instrument") {
  Gate gate;
  auto intent = gate.Intent(Side::kBuy, "100", "1");
  intent.instrument_version = 2;
  CHECK(ReasonOf(gate.Ask(intent)) == RejectReason::kInstrumentVersion);
}

TEST_CASE("RiskEngine rejects under the kill switch of any scope until a person lifts it") {
  const std::vector<Scope> scopes = {kFirm,
                                     {ScopeKind::kAccount, kAccount},
                                     {ScopeKind::kStrategy, kStrategy},
                                     {ScopeKind::kVenue, "binance-spot"},
                                     {ScopeKind::kInstrument, kBtc}};
  for (const Scope& scope : scopes) {
    Gate gate;
    REQUIRE(gate.Command(CommandKind::kKill, scope, "", "fat finger").ok());
    CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kKillSwitch);
    CHECK(!gate.Command(CommandKind::kResume, scope, "", "me again").ok());
    CHECK(!gate.Command(CommandKind::kResume, scope, "ann", "").ok());
    CHECK(!gate.Command(CommandKind::kSetTradingState, scope).ok());
    CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kKillSwitch);
    REQUIRE(gate.Command(CommandKind::kResume, scope, "ann", "checked").ok());
    CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  }
}

TEST_CASE("A kill switch for one scope leaves the others trading") {
  Gate gate;
  REQUIRE(gate.Command(CommandKind::kKill, {ScopeKind::kStrategy, "other"}).ok());
  REQUIRE(gate.Command(CommandKind::kKill, {ScopeKind::kInstrument, "binance-spot:ETHUSDT"}).ok());
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
}

TEST_CASE("A start says what is restricted: who watches may not have heard of it") {
  Gate gate;
  const market::Scope maker{ScopeKind::kStrategy, "maker"}, venue{ScopeKind::kVenue, "v"};
  REQUIRE(gate.Command(CommandKind::kKill, maker, "ann", "runaway").ok());
  REQUIRE(gate.Command(CommandKind::kSetTradingState, venue, "ann", "trouble",
                       TradingState::kCancelOnly)
              .ok());
  REQUIRE(gate.Command(CommandKind::kKill, {ScopeKind::kStrategy, "other"}).ok());
  REQUIRE(
      gate.Command(CommandKind::kResume, {ScopeKind::kStrategy, "other"}, "ann", "checked").ok());
  wire::CanonicalWriter out;
  gate.engine.Save(out);
  RiskEngine next({.epoch = 2}, WideLimits());
  wire::CanonicalReader in(out.bytes());
  REQUIRE(next.Load(in).ok());
  const std::vector<market::RiskState> told = next.DecideStart().states;
  REQUIRE(told.size() == 3);
  CHECK(told[0].scope.kind == ScopeKind::kFirm);
  CHECK(told[1].scope == maker);
  CHECK(told[1].killed);
  CHECK(told[1].reason == "runaway");
  CHECK(told[1].epoch == 2);
  CHECK(told[2].scope == venue);
  CHECK(told[2].state == TradingState::kCancelOnly);
}

TEST_CASE("A kill of what is killed already is told with its own reason") {
  Gate gate;
  const market::Scope maker{ScopeKind::kStrategy, "maker"};
  REQUIRE(gate.Command(CommandKind::kKill, maker, "ann", "drill").ok());
  REQUIRE(gate.Command(CommandKind::kKill, maker, "ben", "runaway").ok());
  const ExposureBook& book = gate.engine.book();
  CHECK(book.scope(book.FindScope(maker.kind, maker.name)).reason == "runaway");
}

TEST_CASE("RiskEngine rejects in CANCEL_ONLY and HALTED, and when the venue does not trade") {
  Gate gate;
  for (const TradingState state : {TradingState::kCancelOnly, TradingState::kHalted}) {
    REQUIRE(gate.Command(CommandKind::kSetTradingState, {ScopeKind::kVenue, "binance-spot"}, "",
                         "venue trouble", state)
                .ok());
    CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kTradingState);
  }
  CHECK(!gate.Command(CommandKind::kSetTradingState, {ScopeKind::kVenue, "binance-spot"}, "", "",
                      TradingState::kActive)
             .ok());
  REQUIRE(gate.Command(CommandKind::kSetTradingState, {ScopeKind::kVenue, "binance-spot"}).ok());
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  auto halted = MakeInstrument(kBtc, "BTC", "USDT");
  halted.version = 2;
  halted.status = market::InstrumentStatus::kHalted;
  gate.Define(halted);
  auto intent = gate.Intent(Side::kBuy, "100", "1");
  intent.instrument_version = 2;
  CHECK(gate.Ask(intent).failing.back() == RejectReason::kVenueStatus);
}

TEST_CASE("RiskEngine closes the gate while execution leaves verdicts unanswered") {
  Gate gate;
  const auto silent = gate.Ask(Side::kBuy, "100", "1");
  REQUIRE(silent.permitted);
  gate.now += 10s;
  gate.Quote(kBtc, "100", "100.02");
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  gate.now += 1ns;
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kGateClosed);
  gate.Report(silent.intent, ExecKind::kJournaled, OrderState::kSubmitted);
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
}

TEST_CASE("RiskEngine rejects an order for which a mandatory limit is stated nowhere") {
  const auto without = [](auto change) {
    LimitSet limits = WideLimits();
    change(limits.firm);
    Gate gate(limits);
    const auto decision = gate.Ask(Side::kBuy, "100", "1");
    CHECK(ReasonOf(decision) == RejectReason::kMissingLimit);
    return decision.detail;
  };
  CHECK(without([](Limits& l) { l.max_order_notional.reset(); }).ends_with("max_order_notional"));
  CHECK(without([](Limits& l) { l.price_collar_ppm.reset(); }).ends_with("price_collar"));
  CHECK(without([](Limits& l) { l.stale_after.reset(); }).ends_with("stale_after"));
  CHECK(without([](Limits& l) { l.message_rate.reset(); }).ends_with("message_rate"));
  CHECK(without([](Limits& l) { l.max_open_orders.reset(); }).ends_with("max_open_orders"));
  CHECK(without([](Limits& l) { l.max_open_notional.reset(); }).ends_with("max_open_notional"));
  CHECK(without([](Limits& l) { l.max_long.reset(); }).ends_with("max_long"));
  CHECK(without([](Limits& l) { l.max_short.reset(); }).ends_with("max_short"));
  CHECK(without([](Limits& l) { l.max_gross.reset(); }).ends_with("max_gross"));
  CHECK(without([](Limits& l) { l.max_net.reset(); }).ends_with("max_net"));
  CHECK(without([](Limits& l) { l.max_daily_loss.reset(); }).ends_with("max_daily_loss"));
  CHECK(without([](Limits& l) { l.max_drawdown.reset(); }).ends_with("max_drawdown"));
  CHECK(without([](Limits& l) { l.stage.reset(); }).ends_with("stage"));
  LimitSet elsewhere = WideLimits();
  elsewhere.firm.max_net.reset();
  elsewhere.strategies["*"].max_net = V("1000");
  CHECK(Gate(elsewhere).Ask(Side::kBuy, "100", "1").permitted);
}

TEST_CASE("RiskEngine rejects what it does not support") {
  Gate gate;
  auto inverse = MakeInstrument("binance-coinm:BTCUSD", "BTC", "USDT");
  inverse.kind = market::InstrumentKind::kPerpetual;
  inverse.settle = market::AssetId("BTC");
  gate.Define(inverse);
  gate.Quote("binance-coinm:BTCUSD", "100", "100.02");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1", "binance-coinm:BTCUSD")) ==
        RejectReason::kNotPermitted);
}

TEST_CASE("RiskEngine reserves a trailing stop at the furthest price that triggers it") {
  Gate gate;
  const auto trailing = [&gate](const char* activation, uint32_t bps) {
    auto intent = gate.Intent(Side::kBuy, "0", "1");
    intent.type = market::OrderType::kTrailingStop;
    intent.stop_price = P(activation);
    intent.trailing_bps = bps;
    return gate.Ask(intent);
  };
  auto stop = gate.Intent(Side::kBuy, "0", "1");
  stop.type = market::OrderType::kStop;
  stop.stop_price = P("102");
  const auto fixed = gate.Ask(stop);
  REQUIRE(fixed.permitted);
  // 2 % above 100.
  const auto at_once = trailing("0", 200);
  REQUIRE(at_once.permitted);
  CHECK(at_once.reserved > fixed.reserved);  // the reference lies above 100
  CHECK(trailing("100", 198).reserved <= at_once.reserved);
  CHECK(trailing("101", 200).reserved > at_once.reserved);
  CHECK(ReasonOf(trailing("150", 200)) == RejectReason::kPriceCollar);
  CHECK(ReasonOf(trailing("99.001", 200)) == RejectReason::kOffTick);
  CHECK(ReasonOf(trailing("0", 0)) == RejectReason::kMalformed);
  CHECK(ReasonOf(trailing("0", 2001)) == RejectReason::kMalformed);
  stop.trailing_bps = 100;
  CHECK(ReasonOf(gate.Ask(stop)) == RejectReason::kMalformed);
}

TEST_CASE("RiskEngine rejects prices off the tick and quantities off the lot") {
  Gate gate;
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100.001", "1")) == RejectReason::kOffTick);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1.0001")) == RejectReason::kOffLot);
  const auto both = gate.Ask(Side::kBuy, "100.001", "1.0001");
  CHECK(both.failing == std::vector{RejectReason::kOffTick, RejectReason::kOffLot});
  auto unknown = MakeInstrument("binance-spot:NEWUSDT", "NEW", "USDT");
  unknown.tick = {};
  unknown.lot = {};
  gate.Define(unknown);
  gate.Quote("binance-spot:NEWUSDT", "100", "100.02");
  CHECK(gate.Ask(Side::kBuy, "100", "1", "binance-spot:NEWUSDT").failing ==
        std::vector{RejectReason::kOffTick, RejectReason::kOffLot});
}

TEST_CASE("RiskEngine rejects orders below the venue's minimum and above its maximum") {
  Gate gate;
  auto instrument = MakeInstrument("binance-spot:XUSDT", "X", "USDT");
  instrument.min_quantity = Q("0.01");
  gate.Define(instrument);
  gate.Quote("binance-spot:XUSDT", "100", "100.02");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "0.009", "binance-spot:XUSDT")) ==
        RejectReason::kBelowMinimum);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "0.049", "binance-spot:XUSDT")) ==
        RejectReason::kBelowMinimum);  // 4.9 of 5
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1000.001")) == RejectReason::kMaxQuantity);
}

TEST_CASE("RiskEngine holds an order to the venue's bounds of its type, and to its value") {
  Gate gate;
  const char* id = "binance-spot:XUSDT";
  auto instrument = MakeInstrument(id, "X", "USDT");
  instrument.market_lot = Q("0.01");
  instrument.min_market_quantity = Q("0.1");
  instrument.max_market_quantity = Q("10");
  instrument.max_notional = Amount("2000");
  instrument.max_notional_limit_only = true;
  gate.Define(instrument);
  gate.Quote(id, "100", "100.02");
  const auto with = [&](market::OrderType type, std::string_view price, std::string_view stop,
                        std::string_view quantity) {
    auto intent = gate.Intent(Side::kBuy, price, quantity, id);
    intent.type = type;
    intent.stop_price = P(stop);
    return gate.Ask(intent);
  };
  const auto market = [&](std::string_view quantity) {
    return with(market::OrderType::kMarket, "0", "0", quantity);
  };
  CHECK(market("10").permitted);
  const auto large = market("10.01");
  CHECK(ReasonOf(large) == RejectReason::kMaxQuantity);
  CHECK(large.detail.find("above the venue's 10") != std::string::npos);
  CHECK(ReasonOf(market("0.101")) == RejectReason::kOffLot);
  CHECK(ReasonOf(market("0.09")) == RejectReason::kBelowMinimum);
  // What becomes a market order is one.
  CHECK(ReasonOf(with(market::OrderType::kStop, "0", "101", "11")) == RejectReason::kMaxQuantity);
  CHECK(with(market::OrderType::kStopLimit, "101", "101", "11").permitted);

  CHECK(gate.Ask(Side::kBuy, "100", "20", id).permitted);
  const auto dear = gate.Ask(Side::kBuy, "100", "20.001", id);
  CHECK(ReasonOf(dear) == RejectReason::kMaxNotional);
  CHECK(dear.detail.find("above the venue's 2000") != std::string::npos);

  id = "binance-spot:YUSDT";
  instrument.id = market::InstrumentId(id);
  instrument.max_market_quantity = {};
  instrument.max_notional_limit_only = false;
  instrument.min_notional_limit_only = true;
  instrument.min_market_quantity = Q("0.01");
  gate.Define(instrument);
  gate.Quote(id, "100", "100.02");
  CHECK(market("0.04").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "0.04", id)) == RejectReason::kBelowMinimum);
  CHECK(ReasonOf(market("20")) == RejectReason::kMaxNotional);  // at the middle, 100.01
  CHECK(market("19").permitted);
}

TEST_CASE("A limit price outside the band that the venue states for its side is refused") {
  const bool spot = GENERATE(true, false);
  const char* id = spot ? "binance-spot:XUSDT" : test::kPerp;
  auto instrument = MakeInstrument(id, "X", "USDT");
  if (!spot) instrument.kind = market::InstrumentKind::kPerpetual;
  instrument.buy_band = {20'000, 0};
  instrument.sell_band = {0, 30'000};
  Gate buys, sells;
  for (Gate* gate : {&buys, &sells}) {
    gate->Define(instrument);
    gate->Quote(id, "99.99", "100.01");
    gate->Fund("X", "100");
    gate->Fund("USDT", "100000", spot ? "binance-spot" : "binance-usdm");
  }
  CHECK(buys.Ask(Side::kBuy, "102", "1", id).permitted);
  CHECK(buys.Ask(Side::kBuy, "96", "1", id).permitted);
  const auto above = buys.Ask(Side::kBuy, "102.01", "1", id);
  CHECK(ReasonOf(above) == RejectReason::kPriceCollar);
  CHECK(above.detail ==
        "price 102.01 outside the venue's band for buys, 2% above and any below 100");

  CHECK(sells.Ask(Side::kSell, "97", "1", id).permitted);
  CHECK(sells.Ask(Side::kSell, "104", "1", id).permitted);
  CHECK(ReasonOf(sells.Ask(Side::kSell, "96.99", "1", id)) == RejectReason::kPriceCollar);
  auto stop = sells.Intent(Side::kSell, "96", "1", id);
  stop.type = market::OrderType::kStopLimit;
  stop.stop_price = P("96.5");
  CHECK(sells.Ask(stop).permitted == !spot);
}

TEST_CASE("A small rest of a derivative can be closed, and of nothing else") {
  Gate gate;
  auto perpetual = MakeInstrument(test::kPerp, "BTC", "USDT");
  perpetual.kind = market::InstrumentKind::kPerpetual;
  gate.Define(perpetual);
  gate.Quote(test::kPerp, "100", "100.02");
  gate.Fund("USDT", "1000", "binance-usdm");
  REQUIRE(gate.Trade(Side::kBuy, "100", "1", test::kPerp).permitted);
  REQUIRE(gate.Trade(Side::kSell, "100", "0.99", test::kPerp).permitted);
  auto rest = gate.Intent(Side::kSell, "100", "0.01", test::kPerp);  // 1 of 5
  CHECK(ReasonOf(gate.Ask(rest)) == RejectReason::kBelowMinimum);
  rest = gate.Intent(Side::kSell, "100", "0.01", test::kPerp);
  rest.reduce_only = true;
  CHECK(gate.Ask(rest).permitted);
  auto spot = gate.Intent(Side::kSell, "100", "0.01");
  spot.reduce_only = true;
  CHECK(gate.Ask(spot).failing.front() == RejectReason::kBelowMinimum);
}

TEST_CASE("RiskEngine rejects without a price, never guesses one") {
  Gate gate;
  gate.Define(MakeInstrument("binance-spot:XUSDT", "X", "USDT"));
  gate.Book("binance-spot:XUSDT", market::BookState::kValid);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1", "binance-spot:XUSDT")) == RejectReason::kNoPrice);
  gate.Quote("binance-spot:XUSDT", "100", "0");  // one side is no price
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "0", "1", "binance-spot:XUSDT")) == RejectReason::kNoPrice);
  gate.Define(MakeInstrument("binance-spot:XEUR", "X", "EUR"));  // EUR has no conversion
  gate.Quote("binance-spot:XEUR", "100", "100.02");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1", "binance-spot:XEUR")) == RejectReason::kNoPrice);
}

TEST_CASE("RiskEngine rejects on stale market data") {
  Gate gate;
  gate.now += 5s;
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  gate.now += 1ns;
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kStalePrice);
  gate.Book(kBtc,
            market::BookState::kValid);  // a book update is news, even if the best prices stand
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
}

TEST_CASE("RiskEngine rejects on an INVALID book, a lost feed, a crossed book") {
  Gate gate;
  gate.Book(kBtc, market::BookState::kInvalid);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kBookInvalid);
  gate.Book(kBtc, market::BookState::kValid);
  gate.engine.OnMarketStatus(
      {.feed = "binance-spot", .feed_state = market::FeedState::kDisconnected});
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kBookInvalid);
  gate.engine.OnMarketStatus({.feed = "binance-spot", .feed_state = market::FeedState::kConnected});
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  gate.Quote(kBtc, "100.02", "100.02");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kCrossedBook);
}

TEST_CASE("RiskEngine rejects an order above the notional limit, market orders included") {
  LimitSet limits = WideLimits();
  limits.instruments[kBtc].max_order_notional = V("1000");
  Gate gate(limits);
  CHECK(gate.Ask(Side::kBuy, "100", "10").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100.01", "10")) == RejectReason::kMaxNotional);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "0", "9.7")) == RejectReason::kMaxNotional);  // 9.7 × 105.02
  CHECK(Gate(limits).Ask(Side::kSell, "0", "9.5").permitted);
}

TEST_CASE("RiskEngine rejects prices outside the collar, both sides, both ways") {
  Gate gate;
  CHECK(gate.Ask(Side::kBuy, "105.01", "1").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "105.02", "1")) == RejectReason::kPriceCollar);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "95.00", "1")) == RejectReason::kPriceCollar);
  CHECK(ReasonOf(gate.Ask(Side::kSell, "95.00", "1")) == RejectReason::kPriceCollar);
  CHECK(ReasonOf(gate.Ask(Side::kSell, "105.02", "1")) == RejectReason::kPriceCollar);
  CHECK(Gate().Ask(Side::kSell, "95.01", "1").permitted);
}

TEST_CASE("RiskEngine rejects above the message rate; rejects and cancels count") {
  LimitSet limits = WideLimits();
  limits.strategies[kStrategy].message_rate = RateLimit{3, 1s};
  Gate gate(limits);
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  CHECK(!gate.Ask(Side::kBuy, "100.001", "1").permitted);
  auto cancel = gate.Intent(Side::kBuy, "100", "1");
  cancel.kind = market::IntentKind::kCancel;
  gate.engine.Apply(gate.Event(cancel));
  CHECK(gate.engine.pending().empty());
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kMessageRate);
  gate.now += 999ms;
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kMessageRate);
  gate.now += 1ms;  // the three newest: two rejects above and the one 999 ms ago
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
}

TEST_CASE("RiskEngine rejects above the count and the value of open orders") {
  LimitSet limits = WideLimits();
  limits.accounts[kAccount].max_open_orders = 2;
  Gate gate(limits);
  const auto first = gate.Ask(Side::kBuy, "100", "1");
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kOpenOrders);
  gate.Report(first.intent, ExecKind::kCanceled, OrderState::kCanceled);
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);

  limits = WideLimits();
  limits.venues["binance-spot"].max_open_notional = V("250");
  Gate value(limits);
  CHECK(value.Ask(Side::kBuy, "100", "1").permitted);
  CHECK(value.Ask(Side::kSell, "100.01", "1").permitted);
  CHECK(ReasonOf(value.Ask(Side::kBuy, "100", "1")) == RejectReason::kOpenNotional);
}

TEST_CASE("RiskEngine counts open orders into the position limit, long and short apart") {
  LimitSet limits = WideLimits();
  limits.strategies[kStrategy].max_long = V("300");
  limits.strategies[kStrategy].max_short = V("150");
  Gate gate(limits);
  gate.Quote(kBtc, "99.99", "100.01");
  CHECK(gate.Trade(Side::kBuy, "100", "2").permitted);
  CHECK(gate.Ask(Side::kBuy, "99.99", "1").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "0.1")) == RejectReason::kPositionLimit);
  CHECK(gate.Ask(Side::kSell, "100", "3.5").permitted);  // 2 close, 1.5 open a short
  CHECK(ReasonOf(gate.Ask(Side::kSell, "100", "0.1")) == RejectReason::kPositionLimit);
}

TEST_CASE(
    "A limit of no short positions still lets the whole position be sold, at any price within the "
    "collar") {
  LimitSet limits = WideLimits();
  limits.firm.max_short = V("0");
  Gate gate(limits);
  CHECK(ReasonOf(gate.Ask(Side::kSell, "100", "0.1")) == RejectReason::kPositionLimit);
  REQUIRE(gate.Trade(Side::kBuy, "100", "2").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kSell, "104", "2.001")) == RejectReason::kPositionLimit);
  CHECK(gate.Ask(Side::kSell, "104", "1").permitted);
  CHECK(gate.Ask(Side::kSell, "0", "1").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kSell, "100", "0.1")) == RejectReason::kPositionLimit);
}

// An exit is one for its strategy. In the cell of the firm it takes away what nets the sales of
// others, so that the firm may be short by more.
TEST_CASE("An exit passes where it adds nothing to the firm's side, and counts where it does") {
  LimitSet limits = WideLimits();
  limits.firm.max_short = V("150");
  Gate gate(limits);
  const auto of = [&gate](const char* strategy, Side side, const char* quantity) {
    market::OrderIntent intent = gate.Intent(side, "100", quantity);
    intent.strategy = market::StrategyId(strategy);
    return intent;
  };
  const market::OrderIntent entry = of(kStrategy, Side::kBuy, "2");
  REQUIRE(gate.Ask(entry).permitted);
  gate.Fill(entry, "100", "2", true);

  // Long 2, and others sell 3: the firm may be short by 1.
  const market::OrderIntent other = of("other", Side::kSell, "3");
  REQUIRE(gate.Ask(other).permitted);
  CHECK(ReasonOf(gate.Ask(of(kStrategy, Side::kSell, "2"))) == RejectReason::kPositionLimit);
  CHECK(gate.Ask(of(kStrategy, Side::kSell, "0.4")).permitted);
  CHECK(ReasonOf(gate.Ask(of(kStrategy, Side::kSell, "0.2"))) == RejectReason::kPositionLimit);

  // Without those sales it closes what the firm holds.
  gate.Report(other, ExecKind::kCanceled, OrderState::kCanceled);
  CHECK(gate.Ask(of(kStrategy, Side::kSell, "1.6")).permitted);
}

TEST_CASE("A firm beyond its limit may come nearer to it, and no further from it by an exit") {
  LimitSet limits = WideLimits();
  limits.firm.max_short = V("150");
  Gate gate(limits);
  REQUIRE(gate.Trade(Side::kBuy, "100", "0.5").permitted);
  market::OrderIntent sale = gate.Intent(Side::kSell, "100", "1.5");
  sale.strategy = market::StrategyId("other");
  REQUIRE(gate.Ask(sale).permitted);
  gate.Fill(sale, "100", "1.5", true);
  gate.Quote(kBtc, "200", "200.02");  // short by 1, worth 200
  CHECK(ReasonOf(gate.Ask(Side::kSell, "200", "0.5")) == RejectReason::kPositionLimit);
  market::OrderIntent cover = gate.Intent(Side::kBuy, "200", "1");
  cover.strategy = market::StrategyId("other");
  CHECK(gate.Ask(cover).permitted);
}

TEST_CASE("RiskEngine rejects above gross and net exposure over all instruments") {
  LimitSet limits = WideLimits();
  limits.accounts[kAccount].max_gross = V("400");
  Gate gate(limits);
  gate.Define(MakeInstrument("binance-spot:XUSDT", "X", "USDT"));
  gate.Quote("binance-spot:XUSDT", "99.99", "100.01");
  gate.Quote(kBtc, "99.99", "100.01");
  gate.Fund("X", "100");
  CHECK(gate.Trade(Side::kBuy, "100", "2").permitted);
  CHECK(gate.Ask(Side::kSell, "100", "1", "binance-spot:XUSDT").permitted);
  CHECK(gate.Ask(Side::kBuy, "99.99", "1", "binance-spot:XUSDT")
            .permitted);  // the larger side counts
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1.1")) == RejectReason::kGrossExposure);
  CHECK(gate.Ask(Side::kSell, "100", "2").permitted);  // closing adds nothing

  limits = WideLimits();
  limits.strategies["*"].max_net = V("250");
  Gate net(limits);
  net.Define(MakeInstrument("binance-spot:XUSDT", "X", "USDT"));
  net.Quote("binance-spot:XUSDT", "99.99", "100.01");
  net.Quote(kBtc, "99.99", "100.01");
  net.Fund("X", "100");
  CHECK(net.Trade(Side::kBuy, "100", "2").permitted);
  CHECK(ReasonOf(net.Ask(Side::kBuy, "100", "1", "binance-spot:XUSDT")) ==
        RejectReason::kNetExposure);
  CHECK(net.Trade(Side::kSell, "100", "1", "binance-spot:XUSDT").permitted);
  CHECK(net.Ask(Side::kBuy, "100", "1", "binance-spot:XUSDT").permitted);
}

TEST_CASE("RiskEngine rejects above the free balance, its own reservations taken off") {
  Gate gate;
  gate.Fund("USDT", "300");
  gate.Fund("BTC", "1.5");
  const auto first = gate.Ask(Side::kBuy, "100", "2");
  CHECK(first.permitted);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1.001")) == RejectReason::kBalance);
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  CHECK(gate.Ask(Side::kSell, "100.01", "1.5").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kSell, "100.01", "0.1")) == RejectReason::kInventory);
  // A fill spends for good even before the venue's next word on the balance.
  gate.Fill(first.intent, "99", "1", false);
  gate.Report(first.intent, ExecKind::kCanceled, OrderState::kCanceled);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1.02")) == RejectReason::kBalance);  // 300 - 99 - 100
  CHECK(gate.Ask(Side::kBuy, "100", "1.01").permitted);
  gate.Define(MakeInstrument("binance-spot:XEUR", "X", "USDT"));
  gate.Quote("binance-spot:XEUR", "100", "100.02");
  CHECK(ReasonOf(gate.Ask(Side::kSell, "100", "1", "binance-spot:XEUR")) ==
        RejectReason::kBalance);  // none has come
}

TEST_CASE("RiskEngine asks margin for derivatives, none for what closes") {
  LimitSet limits = WideLimits();
  limits.venues["binance-usdm"].initial_margin_ppm = 100'000;
  Gate gate(limits);
  auto perpetual = MakeInstrument(test::kPerp, "BTC", "USDT");
  perpetual.kind = market::InstrumentKind::kPerpetual;
  gate.Define(perpetual);
  gate.Quote(test::kPerp, "99.99", "100.01");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1", test::kPerp)) ==
        RejectReason::kBalance);  // no balance there yet
  gate.Fund("USDT", "100", "binance-usdm");
  CHECK(gate.Trade(Side::kBuy, "100", "8", test::kPerp).permitted);  // 80 of margin
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "3", test::kPerp)) == RejectReason::kBalance);
  CHECK(gate.Ask(Side::kSell, "100", "8", test::kPerp).permitted);
  CHECK(gate.Ask(Side::kSell, "100", "10", test::kPerp).permitted);  // short 10 at worst
  CHECK(ReasonOf(gate.Ask(Side::kSell, "100", "1", test::kPerp)) == RejectReason::kBalance);
}

TEST_CASE("RiskEngine lets one wallet back spot and derivatives of several venues, once") {
  LimitSet limits = WideLimits();
  limits.venues["binance-usdm"].initial_margin_ppm = 100'000;
  limits.wallets[kAccount] = "paper";
  Gate gate(limits);
  auto perpetual = MakeInstrument(test::kPerp, "BTC", "USDT");
  perpetual.kind = market::InstrumentKind::kPerpetual;
  gate.Define(perpetual);
  gate.Quote(test::kPerp, "99.99", "100.01");
  gate.Fund("USDT", "1000");  // at the instrument's own venue: not what backs this account
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kBalance);
  gate.Fund("USDT", "300", "paper");
  CHECK(gate.Ask(Side::kBuy, "100", "2").permitted);                 // 100 left
  CHECK(gate.Trade(Side::kBuy, "100", "6", test::kPerp).permitted);  // 60 of margin, 40 left
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "0.41")) == RejectReason::kBalance);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "5", test::kPerp)) == RejectReason::kBalance);
  CHECK(gate.Ask(Side::kBuy, "100", "0.4").permitted);
}

TEST_CASE("RiskEngine stops all but reducing orders past the daily loss") {
  LimitSet limits = WideLimits();
  limits.strategies[kStrategy].max_daily_loss = V("50");
  Gate gate(limits);
  gate.Timer();
  REQUIRE(gate.Trade(Side::kBuy, "100", "10").permitted);
  gate.Quote(kBtc, "94.99", "95.01");
  CHECK(gate.Ask(Side::kBuy, "95", "1").permitted);  // lost 50, at the limit
  gate.Quote(kBtc, "94.98", "95");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "95", "1")) == RejectReason::kDailyLoss);
  CHECK(gate.Trade(Side::kSell, "95.01", "1").permitted);
  gate.Timer();  // and the engine says so to all
  const Index strategy = gate.engine.book().FindScope(ScopeKind::kStrategy, kStrategy);
  CHECK(gate.engine.book().scope(strategy).state == TradingState::kReducing);
  gate.Quote(kBtc, "99.99", "100.01");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kReduceOnly);  // sticky
  REQUIRE(gate.Command(CommandKind::kResume, {ScopeKind::kStrategy, kStrategy}).ok());
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
}

TEST_CASE("RiskEngine counts the daily loss from midnight UTC") {
  LimitSet limits = WideLimits();
  limits.firm.max_daily_loss = V("50");
  Gate gate(limits);
  gate.Timer();
  REQUIRE(gate.Trade(Side::kBuy, "100", "10").permitted);
  gate.Quote(kBtc, "95.99", "96.01");  // 40 lost
  gate.now = base::ParseRfc3339("2023-11-15T00:00:00Z").value();
  gate.Quote(kBtc, "95.99", "96.01");
  gate.Timer();
  gate.Quote(kBtc, "91.99", "92.01");  // 40 more on the new day
  CHECK(gate.Ask(Side::kBuy, "92", "1").permitted);
  gate.Quote(kBtc, "90.98", "91");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "91", "1")) == RejectReason::kDailyLoss);
  CHECK(gate.Firm().day_baseline == V("-40"));
  CHECK(gate.Firm().result() == V("-90.1"));
}

TEST_CASE(
    "A day without a quote at its first timer begins with the first one, after a restart too") {
  LimitSet limits = WideLimits();
  limits.firm.max_daily_loss = V("50");
  Gate before(limits);
  before.Timer();
  REQUIRE(before.Trade(Side::kBuy, "100", "10").permitted);
  before.Quote(kBtc, "149.99", "150.01");
  before.Timer();
  Gate gate(limits);
  gate.TakeUp(before);
  gate.now = base::ParseRfc3339("2023-11-15T07:00:00Z").value();
  gate.Timer();
  CHECK(gate.Firm().day_baseline == 0);  // that of the day before, and due
  Gate again(limits);
  again.TakeUp(gate);
  again.Timer();
  CHECK(again.Hash() == gate.Hash());
  again.Quote(kBtc, "149.99", "150.01");
  again.now += 2s;
  again.Timer();
  CHECK(again.Firm().day_baseline == V("500"));
  again.Quote(kBtc, "144.98", "145");
  CHECK(ReasonOf(again.Ask(Side::kBuy, "145", "1")) == RejectReason::kDailyLoss);
}

TEST_CASE("What nobody quotes any more keeps no loss from being counted") {
  constexpr char kDust[] = "binance-spot:XYZUSDT";
  LimitSet limits = WideLimits();
  limits.firm.max_drawdown = limits.firm.max_daily_loss = V("200");
  Gate gate(limits);
  gate.Define(MakeInstrument(kDust, "XYZ", "USDT"));
  gate.Fill(gate.Intent(Side::kBuy, "0.05", "1", kDust), "0.05", "1", true);
  gate.Timer();
  CHECK(gate.Trade(Side::kBuy, "100", "100").permitted);
  // As long as a quote may still come, nothing is decided by what is not known.
  gate.now += kQuoteWait - 1s;
  gate.Quote(kBtc, "199.99", "200.01");
  gate.Timer();
  CHECK(gate.Firm().high == 0);
  CHECK(gate.engine.book().Unquoted().empty());
  gate.now += 1s;
  gate.Timer();
  CHECK(gate.Firm().high == V("10000"));
  CHECK(gate.engine.book().Unquoted() == std::vector{market::InstrumentId(kDust)});
  // The next day begins.
  gate.now = base::ParseRfc3339("2023-11-15T00:00:00Z").value();
  gate.Quote(kBtc, "199.99", "200.01");
  gate.Timer();
  CHECK(gate.Firm().day_baseline == V("10000"));
  gate.Quote(kBtc, "100.99", "101.01");
  gate.Timer();
  CHECK(gate.Firm().state == TradingState::kReducing);
  // A quote, after all.
  gate.Quote(kDust, "0.06", "0.08");
  gate.Timer();
  CHECK(gate.engine.book().Unquoted().empty());
  CHECK(gate.Firm().result() == V("100.02"));
}

TEST_CASE("Quotes are waited for as long as their feed is down") {
  Gate before;
  REQUIRE(before.Trade(Side::kBuy, "100", "10").permitted);
  Gate gate;
  gate.TakeUp(before);
  gate.engine.OnMarketStatus(
      {.feed = "binance-spot", .feed_state = market::FeedState::kDisconnected});
  gate.Timer();
  for (int hours = 0; hours < 3; ++hours) {
    gate.now += 1h;
    gate.Timer();
    CHECK_FALSE(gate.Firm().known());
  }
  gate.engine.OnMarketStatus({.feed = "binance-spot", .feed_state = market::FeedState::kConnected});
  gate.now += kQuoteWait - 1s;
  gate.Timer();
  CHECK_FALSE(gate.Firm().known());
  gate.now += 1s;
  gate.Timer();
  CHECK(gate.Firm().known());
}

TEST_CASE("A quote of one side at midnight puts the day's beginning off, of what it values") {
  Gate gate;
  gate.Define(MakeInstrument(test::kPerp, "BTC", "USDT"));
  gate.Quote(test::kPerp, "100", "100.02");
  gate.Timer();
  REQUIRE(gate.Trade(Side::kBuy, "100", "10").permitted);
  gate.Fill(gate.Intent(Side::kBuy, "100", "1", test::kPerp), "100", "1", true, "3");
  const auto baseline = [&gate](const char* instrument) {
    const ExposureBook& book = gate.engine.book();
    return book.scope(book.FindScope(ScopeKind::kInstrument, instrument)).day_baseline;
  };
  gate.now = base::ParseRfc3339("2023-11-15T00:00:00.3Z").value();
  gate.Quote(kBtc, "149.99", "0");
  gate.Timer();
  CHECK(baseline(kBtc) == 0);
  CHECK(baseline(test::kPerp) == V("-2.99"));
  gate.now += 1s;
  gate.Quote(kBtc, "149.99", "150.01");
  gate.Quote(test::kPerp, "90", "90.02");
  gate.Timer();
  CHECK(baseline(kBtc) == V("500"));
  CHECK(baseline(test::kPerp) == V("-2.99"));  // its day has begun
}

TEST_CASE("A resume between midnight and the timer begins no other scope's day") {
  const market::Scope venue{ScopeKind::kVenue, "binance-usdm"};
  LimitSet limits = WideLimits();
  limits.venues[venue.name].max_daily_loss = V("1");
  Gate gate(limits);
  gate.Define(MakeInstrument(test::kPerp, "BTC", "USDT"));
  gate.Quote(test::kPerp, "100", "100.02");
  gate.Timer();
  REQUIRE(gate.Trade(Side::kBuy, "100", "10").permitted);
  gate.Fill(gate.Intent(Side::kBuy, "100", "1", test::kPerp), "100", "1", true, "3");
  gate.Quote(kBtc, "149.99", "150.01");
  gate.Timer();
  const ScopeRow& row =
      gate.engine.book().scope(gate.engine.book().FindScope(venue.kind, venue.name));
  REQUIRE(row.state == TradingState::kReducing);
  gate.now = base::ParseRfc3339("2023-11-15T00:00:00.4Z").value();
  REQUIRE(gate.Command(CommandKind::kResume, venue).ok());
  CHECK(row.day_baseline == V("-2.99"));
  gate.now += 1s;
  gate.Timer();
  CHECK(gate.Firm().day_baseline == V("497.01"));
}

TEST_CASE("A restart while flat raises no result by the fees in a third asset") {
  constexpr char kBnb[] = "binance-spot:BNBUSDT";
  LimitSet limits = WideLimits();
  limits.firm.max_drawdown = limits.firm.max_daily_loss = V("50");
  Gate before(limits);
  before.Define(MakeInstrument(kBnb, "BNB", "USDT"));
  before.Quote(kBnb, "599.99", "600.01");
  before.Timer();
  before.Fill(before.Ask(Side::kBuy, "100", "10").intent, "100", "10", true, "0.07", "BNB");
  before.Quote(kBtc, "110", "110.02");
  before.Fill(before.Ask(Side::kSell, "110", "10").intent, "110", "10", true, "0.08", "BNB");
  before.Timer();
  REQUIRE(before.Firm().result() == V("10"));  // 100 less 0.15 BNB
  Gate gate(limits);
  gate.TakeUp(before);
  gate.now += 20s;
  gate.Timer();  // no quote yet
  gate.now += 20s;
  gate.Quote(kBtc, "110", "110.02");
  gate.Quote(kBnb, "599.99", "600.01");
  gate.Timer();
  CHECK(gate.Firm().high == before.Firm().high);
  CHECK(gate.Ask(Side::kBuy, "110", "0.1").permitted);
  // Over midnight too.
  Gate next(limits);
  next.TakeUp(before);
  next.now = base::ParseRfc3339("2023-11-15T07:00:00Z").value();
  next.Timer();
  next.now += 2s;
  next.Quote(kBnb, "599.99", "600.01");
  next.Timer();
  CHECK(next.Firm().day_baseline == V("10"));
  CHECK(next.Firm().state == TradingState::kActive);
}

TEST_CASE("A resume after another restriction than for a loss forgives no loss") {
  LimitSet limits = WideLimits();
  limits.firm.max_daily_loss = limits.firm.max_drawdown = V("100");
  Gate gate(limits);
  gate.Timer();
  REQUIRE(gate.Trade(Side::kBuy, "100", "10").permitted);
  gate.Quote(kBtc, "90.09", "90.11");  // 99 lost
  gate.Timer();
  REQUIRE(gate.Command(CommandKind::kKill, kFirm).ok());
  REQUIRE(gate.Command(CommandKind::kResume, kFirm).ok());
  CHECK(gate.Firm().day_baseline == 0);
  CHECK(gate.Firm().high == 0);
  CHECK(gate.Ask(Side::kBuy, "90", "1").permitted);
  gate.Quote(kBtc, "89.9", "90");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "90", "1")) == RejectReason::kDailyLoss);
  // Killed beyond the limit, before the timer says so.
  REQUIRE(gate.Command(CommandKind::kKill, kFirm).ok());
  REQUIRE(gate.Command(CommandKind::kResume, kFirm).ok());
  CHECK(gate.Firm().day_baseline == V("-100.5"));
  CHECK(gate.Ask(Side::kBuy, "90", "1").permitted);
}

TEST_CASE("A resume after a loss begins the new count when the result is known") {
  LimitSet limits = WideLimits();
  limits.firm.max_daily_loss = limits.firm.max_drawdown = V("50");
  Gate before(limits);
  before.Timer();
  REQUIRE(before.Trade(Side::kBuy, "100", "10").permitted);
  before.Quote(kBtc, "89.99", "90.01");
  before.Timer();
  REQUIRE(before.Firm().state == TradingState::kReducing);
  Gate gate(limits);
  gate.TakeUp(before);
  REQUIRE(gate.Command(CommandKind::kResume, kFirm).ok());
  gate.Timer();
  CHECK(gate.Firm().day_baseline == 0);
  Gate again(limits);
  again.TakeUp(gate);
  again.Quote(kBtc, "87.99", "88.01");
  again.Timer();
  CHECK(again.Firm().state == TradingState::kActive);
  CHECK(again.Firm().day_baseline == V("-120"));
  CHECK(again.Firm().high == V("-120"));
  CHECK(again.Ask(Side::kBuy, "88", "1").permitted);
}

TEST_CASE("Marks of one day for all scopes, as builds before recorded them, are read") {
  Gate gate;
  REQUIRE(gate.Trade(Side::kBuy, "100", "10").permitted);
  wire::CanonicalWriter body;
  body.Time(gate.now);
  body.U32(1);
  body.U8(static_cast<uint8_t>(ScopeKind::kFirm));
  body.Bytes("");
  body.I128(V("7"));
  body.I128(V("9"));
  gate.engine.Apply(
      gate.Event(wire::EngineNote{.engine = "risk", .kind = "marks", .body = body.Take()}));
  CHECK(gate.Firm().day_baseline == V("7"));
  CHECK(gate.Firm().peak == V("9"));
  gate.Timer();
  CHECK(gate.Firm().day_baseline == V("7"));  // of this day already
}

TEST_CASE("RiskEngine stops all but reducing orders past the drawdown") {
  LimitSet limits = WideLimits();
  limits.accounts[kAccount].max_drawdown = V("30");
  Gate gate(limits);
  gate.Timer();
  REQUIRE(gate.Trade(Side::kBuy, "100", "10").permitted);
  gate.Quote(kBtc, "103.99", "104.01");
  gate.Timer();  // 40 up
  gate.Quote(kBtc, "100.98", "101");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "101", "1")) == RejectReason::kDrawdown);
  CHECK(gate.Ask(Side::kSell, "101", "1").permitted);
}

TEST_CASE("RiskEngine lets REDUCING orders only reduce, never flip, open ones counted") {
  Gate gate;
  REQUIRE(gate.Trade(Side::kBuy, "100", "3").permitted);
  REQUIRE(
      gate.Command(CommandKind::kSetTradingState, kFirm, "", "end of day", TradingState::kReducing)
          .ok());
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kReduceOnly);
  CHECK(ReasonOf(gate.Ask(Side::kSell, "100", "3.001")) == RejectReason::kReduceOnly);
  const auto sell = gate.Ask(Side::kSell, "100", "2");
  REQUIRE(sell.permitted);
  CHECK(ReasonOf(gate.Ask(Side::kSell, "100", "1.5")) == RejectReason::kReduceOnly);
  CHECK(gate.Ask(Side::kSell, "100", "1").permitted);
  gate.Report(sell.intent, ExecKind::kCanceled, OrderState::kCanceled);
  CHECK(gate.Ask(Side::kSell, "100", "2").permitted);
}

TEST_CASE("RiskEngine holds an intent to its own reduce_only") {
  Gate gate;
  auto intent = gate.Intent(Side::kSell, "100", "1");
  intent.reduce_only = true;
  CHECK(ReasonOf(gate.Ask(intent)) == RejectReason::kReduceOnly);
  REQUIRE(gate.Trade(Side::kBuy, "100", "1").permitted);
  intent = gate.Intent(Side::kSell, "100", "1");
  intent.reduce_only = true;
  CHECK(gate.Ask(intent).permitted);
}

TEST_CASE("The table of controls covers every reason, once, in order") {
  int reason = 0;
  for (const Control& control : Controls())
    CHECK(control.reason == static_cast<RejectReason>(++reason));
  CHECK(reason == static_cast<int>(market::kLastRejectReason));
}

TEST_CASE("RiskEngine lists every failing control and answers with the first") {
  LimitSet limits = WideLimits();
  limits.firm.max_order_notional = V("10");
  limits.firm.max_long = V("10");
  Gate gate(limits);
  gate.Fund("USDT", "1");
  const auto decision = gate.Ask(Side::kBuy, "120.001", "2");
  CHECK(decision.failing == std::vector{RejectReason::kOffTick, RejectReason::kMaxNotional,
                                        RejectReason::kPriceCollar, RejectReason::kPositionLimit,
                                        RejectReason::kBalance});
  CHECK(ReasonOf(decision) == RejectReason::kOffTick);
}

// --- reservations -------------------------------------------------------------

TEST_CASE("Reservations follow fills exactly and end with the order") {
  Gate gate;
  const auto order = gate.Ask(Side::kBuy, "100", "3");
  REQUIRE(order.permitted);
  gate.Report(order.intent, ExecKind::kJournaled, OrderState::kSubmitted);
  gate.Report(order.intent, ExecKind::kUnknown, OrderState::kUnknown);
  CHECK(gate.Firm().open_value() == V("300"));  // an order whose fate is unknown keeps it
  gate.Fill(order.intent, "99", "1", false);
  CHECK(gate.Firm().open_value() == V("200"));
  gate.Fill(order.intent, "99", "1", false);
  CHECK(gate.Firm().open_value() == V("100"));
  gate.Report(order.intent, ExecKind::kCanceled, OrderState::kCanceled);
  CHECK(gate.Firm().open_value() == 0);
  CHECK(gate.Firm().open_orders == 0);
  CHECK(gate.Firm().long_side() == gate.Firm().gross());
  gate.Fill(order.intent, "99", "1", false);  // late, and still a fact
  CHECK(gate.engine.book().leaf(0).position == Q("3").mantissa);
  CHECK(gate.Firm().open_value() == 0);
}

TEST_CASE("Every end of an order releases its reservation") {
  for (const auto& [kind, state] : {std::pair(ExecKind::kNotSent, OrderState::kDenied),
                                    std::pair(ExecKind::kRejected, OrderState::kRejected),
                                    std::pair(ExecKind::kCanceled, OrderState::kCanceled),
                                    std::pair(ExecKind::kExpired, OrderState::kExpired),
                                    std::pair(ExecKind::kAbsent, OrderState::kAbsent)}) {
    Gate gate;
    const auto order = gate.Ask(Side::kSell, "100", "3");
    gate.Report(order.intent, kind, state);
    CHECK(gate.Firm().open_value() == 0);
    CHECK(gate.engine.book().open_order_count() == 0);
    CHECK(gate.engine.book().oldest_unanswered() == base::Time::max());
  }
}

// As execution tells of an order whose end two people have signed (docs/orders.md, "Sign an end").
market::ExecReport SignedEnd(const market::OrderIntent& intent) {
  market::ExecReport report = market::ReportOf(intent, ExecKind::kCanceled, OrderState::kCanceled);
  report.detail = "its end was signed: proposed by ann: purged; approved by ben: looked into";
  report.evidence = "signed:1 https://tickets/12";
  return report;
}

TEST_CASE("A signed end gives back what is reserved, money and room, and keeps the fills") {
  LimitSet limits = WideLimits();
  limits.firm.max_open_orders = 1;
  Gate gate(limits);
  gate.Fund("USDT", "300");
  const auto order = gate.Ask(Side::kBuy, "100", "3");
  REQUIRE(order.permitted);
  gate.Report(order.intent, ExecKind::kAccepted, OrderState::kAccepted);
  gate.Fill(order.intent, "100", "1", false);
  CHECK(gate.Firm().open_value() == V("200"));
  gate.now += std::chrono::hours(24);  // however long the venue does not find it
  gate.Quote(kBtc, "100", "100.02");
  gate.Timer();
  CHECK(gate.Firm().open_value() == V("200"));
  CHECK_FALSE(gate.Ask(Side::kBuy, "100", "1").permitted);

  gate.engine.Apply(gate.Event(SignedEnd(order.intent)));
  CHECK(gate.Firm().open_value() == 0);
  CHECK(gate.Firm().open_orders == 0);
  CHECK(gate.engine.book().leaf(0).position == Q("1").mantissa);
  Gate restarted(limits);
  restarted.TakeUp(gate);
  CHECK(restarted.Hash() == gate.Hash());
  CHECK(restarted.Firm().open_value() == 0);

  SECTION("what it had reserved can be spent") {
    CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "2.01")) == RejectReason::kBalance);
    CHECK(gate.Ask(Side::kBuy, "100", "2").permitted);
  }
  SECTION("signed again, nothing is given back twice") {
    const auto next = gate.Ask(Side::kBuy, "100", "2");
    REQUIRE(next.permitted);
    gate.engine.Apply(gate.Event(SignedEnd(order.intent)));
    CHECK(gate.Firm().open_value() == V("200"));
    CHECK(gate.Firm().open_orders == 1);
  }
  SECTION("a fill that comes late is held, and reserves nothing") {
    gate.Fill(order.intent, "100", "2", false);
    CHECK(gate.engine.book().leaf(0).position == Q("3").mantissa);
    CHECK(gate.Firm().open_value() == 0);
  }
}

TEST_CASE("An order that works on after its signed end is EXTERNAL's, beside what was filled") {
  Gate gate;
  const auto order = gate.Ask(Side::kBuy, "100", "3");
  gate.Report(order.intent, ExecKind::kAccepted, OrderState::kAccepted);
  gate.Fill(order.intent, "100", "1", false);
  gate.engine.Apply(gate.Event(SignedEnd(order.intent)));
  gate.Report(order.intent, ExecKind::kIllegal, OrderState::kCanceled);  // contradicted
  CHECK(gate.Firm().open_value() == 0);
  auto twin = gate.Intent(Side::kBuy, "100", "3");
  twin.strategy = market::StrategyId("EXTERNAL");
  twin.client_order_id = market::ClientOrderId("twin:BTCUSDT:7");
  gate.Report(twin, ExecKind::kAccepted, OrderState::kAccepted);
  gate.Fill(twin, "100", "1", false);
  gate.Report(twin, ExecKind::kCanceled, OrderState::kCanceled);
  CHECK(gate.Firm().open_value() == 0);
  CHECK(gate.Firm().long_side() == V("200.02"));
}

TEST_CASE("A replacement reserves its own leg beside the one it replaces") {
  Gate gate;
  const auto old = gate.Ask(Side::kBuy, "100", "1");
  auto replace = gate.Intent(Side::kBuy, "101", "1");
  replace.kind = market::IntentKind::kReplace;
  replace.target = old.intent.client_order_id;
  const auto decision = gate.Ask(replace);
  REQUIRE(decision.permitted);
  CHECK(gate.Firm().open_value() == V("201"));
  gate.Report(old.intent, ExecKind::kReplaceRejected, OrderState::kAccepted);
  CHECK(gate.Firm().open_value() == V("201"));
  gate.Report(old.intent, ExecKind::kCanceled, OrderState::kCanceled);
  CHECK(gate.Firm().open_value() == V("101"));
}

TEST_CASE("Fills of foreign orders count, under the strategy that execution names") {
  Gate gate;
  auto foreign = gate.Intent(Side::kBuy, "100", "2");
  foreign.strategy = market::StrategyId("EXTERNAL");
  gate.Fill(foreign, "100", "2", true);
  CHECK(gate.Firm().long_side() == V("200.02"));
}

TEST_CASE("Amounts in other quote assets are valued by their instrument's price") {
  Gate gate;
  gate.Define(MakeInstrument(test::kEth, "ETH", "BTC"));
  gate.Quote(test::kEth, "9.99", "10.01");  // BTC a piece; BTC at 100.01
  const auto decision = gate.Ask(Side::kBuy, "10", "1", test::kEth);
  REQUIRE(decision.permitted);
  CHECK(decision.reserved == Amount("10"));
  CHECK(gate.Firm().open_value() == V("1000.1"));
  gate.Quote(kBtc, "200", "200.02");
  CHECK(gate.Firm().open_value() == V("2000.1"));
}

TEST_CASE("What converts an order's value is held to the tests of its own market") {
  LimitSet limits = WideLimits();
  limits.venues["binance-spot"].stale_after = 2s;
  Gate gate(limits);
  gate.Define(MakeInstrument(test::kEth, "ETH", "BTC"));
  gate.Quote(test::kEth, "9.99", "10.01");
  gate.Fund("ETH", "10");
  REQUIRE(gate.Trade(Side::kBuy, "100", "1").permitted);  // a last fill is no rate
  const auto ask = [&gate](Side side = Side::kBuy) {
    return gate.Ask(side, "10", "1", test::kEth).failing;
  };
  using Failing = std::vector<RejectReason>;
  REQUIRE(gate.Trade(Side::kBuy, "10", "1", test::kEth).permitted);
  SECTION("its age") {
    gate.now += 3s;
    gate.Quote(test::kEth, "9.99", "10.01");
    CHECK(ask() == Failing{RejectReason::kStalePrice});
    CHECK(ask(Side::kSell) == Failing{RejectReason::kStalePrice});  // reducing or not
  }
  SECTION("its book") {
    gate.Book(kBtc, market::BookState::kInvalid);
    CHECK(ask() == Failing{RejectReason::kBookInvalid});
  }
  SECTION("its quote") {
    gate.Quote(kBtc, "100", "0");
    CHECK(ReasonOf(gate.Ask(Side::kSell, "10", "1", test::kEth)) == RejectReason::kNoPrice);
  }
  SECTION("bid and ask") {
    gate.Quote(kBtc, "100.02", "100");
    CHECK(ask() == Failing{RejectReason::kCrossedBook});
  }
  gate.Quote(kBtc, "100", "100.02");
  CHECK(ask().empty());
}

TEST_CASE("Fees lower the result: quote, base and third asset") {
  Gate gate;
  gate.Define(MakeInstrument("binance-spot:BNBUSDT", "BNB", "USDT"));
  gate.Quote("binance-spot:BNBUSDT", "499.99", "500.01");
  gate.Quote(kBtc, "99.99", "100.01");
  gate.Fill(gate.Intent(Side::kBuy, "100", "1"), "100", "1", true, "0.5");
  CHECK(gate.Firm().result() == V("-0.5"));
  gate.Fill(gate.Intent(Side::kBuy, "100", "1"), "100", "1", true, "0.01", "BTC");
  CHECK(gate.Firm().result() == V("-1.5"));
  CHECK(gate.engine.book().leaf(0).position == Q("1.99").mantissa);
  gate.Fill(gate.Intent(Side::kBuy, "100", "1"), "100", "1", true, "0.002", "BNB");
  gate.Timer();
  CHECK(gate.Firm().result() == V("-2.5"));
}

TEST_CASE("Fees in an asset without a price are named, not passed over in silence") {
  const market::AssetId bnb("BNB");
  const auto pay = [](Gate& gate) {
    gate.Fill(gate.Intent(Side::kBuy, "100", "1"), "100", "1", true, "10", "BNB");
    gate.Timer();
  };
  SECTION("no instrument is named for it") {
    LimitSet limits = WideLimits();
    limits.converted_by.clear();
    Gate gate(limits);
    CHECK(gate.engine.book().Unvalued().empty());
    pay(gate);
    CHECK(gate.engine.book().Unvalued() == std::vector{bnb});
  }
  SECTION("the one that is named is not known") {
    Gate gate;
    pay(gate);
    CHECK(gate.engine.book().Unvalued() == std::vector{bnb});
  }
  SECTION("the one that is named has no quote yet, or never") {
    Gate gate;
    gate.Define(MakeInstrument("binance-spot:BNBUSDT", "BNB", "USDT"));
    pay(gate);
    CHECK(gate.engine.book().Unvalued().empty());
    gate.now += kQuoteWait;
    gate.Timer();
    CHECK(gate.engine.book().Unvalued() == std::vector{bnb});
    gate.Quote("binance-spot:BNBUSDT", "599.99", "600.01");
    CHECK(gate.engine.book().Unvalued().empty());
  }
}

TEST_CASE("A fill that cannot be booked shuts its instrument, visibly") {
  Gate gate;
  auto intent = gate.Intent(Side::kBuy, "100", "1");
  intent.instrument_version = 9;
  gate.Fill(intent, "100", "1", true);
  CHECK(gate.engine.book().stats().reports_unplaced == 1);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kInstrumentVersion);
}

TEST_CASE(
    "A new version with other scales carries position, orders and reservations over exactly") {
  Gate gate;
  REQUIRE(gate.Trade(Side::kBuy, "100", "2").permitted);
  const auto order = gate.Ask(Side::kBuy, "99", "1");
  auto next = MakeInstrument(kBtc, "BTC", "USDT");
  next.version = 2;
  next.price_scale = 4;
  next.quantity_scale = 10;
  next.tick = {100};
  next.lot = {10'000'000};
  gate.Define(next);
  CHECK(gate.engine.book().leaf(0).position == 20'000'000'000);
  CHECK(gate.Firm().open_value() == V("99"));
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "99", "1")) == RejectReason::kInstrumentVersion);
  gate.Fill(order.intent, "99", "1", true);  // speaks of version 1 still
  CHECK(gate.engine.book().leaf(0).position == 30'000'000'000);
  CHECK(gate.Firm().open_value() == 0);
  CHECK(gate.engine.book().stats().reports_unplaced == 0);
}

TEST_CASE("The fill of an order is booked however many versions have come since") {
  Gate gate;
  const auto order = gate.Ask(Side::kBuy, "100", "3");
  REQUIRE(order.permitted);
  auto next = MakeInstrument(kBtc, "BTC", "USDT");
  const auto restate = [&] {
    ++next.version;
    next.max_quantity.mantissa += next.lot.mantissa;
    gate.Define(next);
  };
  for (size_t i = 0; i < 3 * kMaxScaleVersions; ++i) restate();
  gate.Fill(order.intent, "100", "1", false);
  CHECK(gate.engine.book().leaf(0).position == 100'000'000);
  next.price_scale = 4;
  next.quantity_scale = 10;
  next.tick = {100};
  next.lot = {10'000'000};
  for (size_t i = 0; i < 3 * kMaxScaleVersions; ++i) restate();
  gate.Fill(order.intent, "100", "1", false);
  CHECK(gate.engine.book().leaf(0).position == 20'000'000'000);

  Gate again;
  again.TakeUp(gate);
  CHECK(again.Hash() == gate.Hash());
  again.Fill(order.intent, "100", "1", true);
  CHECK(again.engine.book().leaf(0).position == 30'000'000'000);
  CHECK(again.engine.book().stats().reports_unplaced == 0);

  // One that was never seen is not guessed.
  market::OrderIntent unseen = order.intent;
  unseen.instrument_version = next.version + 1;
  again.Fill(unseen, "100", "1", true);
  CHECK(again.engine.book().stats().reports_unplaced == 1);
}

TEST_CASE("Execution's word on a position counts in the version of the order that was filled") {
  Gate gate;
  const auto order = gate.Ask(Side::kBuy, "100", "2");
  REQUIRE(order.permitted);
  auto next = MakeInstrument(kBtc, "BTC", "USDT");
  next.version = 2;
  SECTION("with the scales that it had") { next.max_quantity.mantissa += next.lot.mantissa; }
  SECTION("with other scales") {
    next.price_scale = 4;
    next.quantity_scale = 10;
    next.tick = {100};
    next.lot = {10'000'000};
  }
  const auto told = [&](market::Quantity net) {
    market::PositionUpdate update;
    update.account = market::AccountId(kAccount);
    update.strategy = market::StrategyId(kStrategy);
    update.instrument = market::InstrumentId(kBtc);
    update.instrument_version = order.intent.instrument_version;
    update.net = net;
    gate.engine.Apply(gate.Event(update));
  };
  gate.Fill(order.intent, "100", "1", false);
  told(Q("1"));
  gate.Define(next);
  gate.Fill(order.intent, "100", "1", true);
  told(Q("2"));
  const Leaf& leaf = gate.engine.book().leaf(0);
  CHECK(leaf.told);
  CHECK(leaf.told_position == leaf.position);
  CHECK(leaf.differs_since == base::Time::max());
  told(Q("1"));
  CHECK(leaf.told_position == leaf.position / 2);
  CHECK(leaf.differs_since != base::Time::max());
}

TEST_CASE("An instrument with impossible scales is refused") {
  Gate gate;
  auto instrument = MakeInstrument("binance-spot:XUSDT", "X", "USDT");
  instrument.price_scale = 19;
  CHECK(!gate.engine.DecideInstrument(instrument).ok());
  instrument.price_scale = -1;
  CHECK(!gate.engine.DecideInstrument(instrument).ok());
  instrument.price_scale = 2;
  instrument.multiplier = 0;
  CHECK(!gate.engine.DecideInstrument(instrument).ok());
  instrument.multiplier = 1;
  instrument.id = market::InstrumentId("XUSDT");
  CHECK(!gate.engine.DecideInstrument(instrument).ok());
}

TEST_CASE("Intents without a verdict are open work, also after loading") {
  Gate gate;
  auto intent = gate.Intent(Side::kBuy, "100", "1");
  intent.hash = wire::IntentHash(intent);
  gate.engine.Apply(gate.Event(intent));
  wire::CanonicalWriter out;
  gate.engine.Save(out);
  RiskEngine loaded({}, WideLimits());
  wire::CanonicalReader in(out.bytes());
  REQUIRE(loaded.Load(in).ok());
  REQUIRE(loaded.pending().size() == 1);
  CHECK(loaded.pending()[0].intent == intent);
  CHECK(loaded.pending()[0].header.id == market::EventId{1, gate.events});
  const auto decision = loaded.Decide(intent, gate.now);
  CHECK(decision.reason == RejectReason::kNoPrice);  // prices are not recovered
  loaded.Apply(gate.Event(decision));
  CHECK(loaded.pending().empty());
}

TEST_CASE("RiskEngine decides the same after loading, in whatever order its scopes came") {
  // Only the strategy has something to save, so that it comes first when loaded.
  LimitSet limits = WideLimits();
  limits.strategies[kStrategy].message_rate = RateLimit{1000, std::chrono::seconds(1)};
  Gate first(limits);
  first.Trade(Side::kBuy, "100", "1");
  wire::CanonicalWriter saved;
  first.engine.Save(saved);
  RiskEngine loaded({}, limits);
  wire::CanonicalReader in(saved.bytes());
  REQUIRE(loaded.Load(in).ok());
  first.Quote(kBtc, "110", "110.02");
  market::Quote quote;
  quote.instrument = market::InstrumentId(kBtc);
  quote.bid = {P("110"), Q("1")};
  quote.ask = {P("110.02"), Q("1")};
  loaded.OnQuote(quote, first.now);
  const base::Time tomorrow = first.now + std::chrono::hours(24);
  const RiskEngine::Facts ours = first.engine.DecideTimer(tomorrow);
  const RiskEngine::Facts theirs = loaded.DecideTimer(tomorrow);
  REQUIRE(ours.notes.size() == 1);
  CHECK(ours.notes == theirs.notes);
}

TEST_CASE("RiskEngine refuses a snapshot that it cannot read") {
  Gate gate;
  gate.Trade(Side::kBuy, "100", "2");
  wire::CanonicalWriter out;
  gate.engine.Save(out);
  for (size_t size = 0; size < out.bytes().size(); size += 7) {
    RiskEngine loaded({}, WideLimits());
    wire::CanonicalReader in(std::string_view(out.bytes()).substr(0, size));
    CHECK(!loaded.Load(in).ok());
  }
  std::string newer = out.bytes();
  newer[0] = 99;
  RiskEngine loaded({}, WideLimits());
  wire::CanonicalReader in(newer);
  CHECK(loaded.Load(in).code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("Limits say which entry makes no sense") {
  LimitSet limits = WideLimits();
  REQUIRE(Validate(limits).ok());
  limits.strategies["maker"].price_collar_ppm = 0;
  CHECK(Validate(limits).message().find("strategies.maker.price_collar") !=
        absl::string_view::npos);
  limits = WideLimits();
  limits.firm.message_rate = RateLimit{0, 1s};
  CHECK(!Validate(limits).ok());
  limits = WideLimits();
  limits.firm.max_net = V("-1");
  CHECK(!Validate(limits).ok());
  limits = WideLimits();
  limits.at_par.insert(market::AssetId("BTC"));
  CHECK(!Validate(limits).ok());
}

TEST_CASE("A named entry takes from the default entry what it leaves open") {
  LimitSet limits;
  limits.strategies["*"].max_open_orders = 5;
  limits.strategies["*"].max_gross = V("10");
  limits.strategies["maker"].max_open_orders = 50;
  CHECK(limits.Of({ScopeKind::kStrategy, "maker"}).max_open_orders == 50);
  CHECK(limits.Of({ScopeKind::kStrategy, "maker"}).max_gross == V("10"));
  CHECK(limits.Of({ScopeKind::kStrategy, "taker"}).max_open_orders == 5);
  CHECK(!limits.Of({ScopeKind::kVenue, "maker"}).max_open_orders);
}

}  // namespace
}  // namespace gannet::risk
