// A test for each reason of the controls 1, 4, 5, 7, 12, 14 to 18, 22, 24 to 26 and
// 28 to 30, in the order of precedence; the others are in risk_engine_test.cc.
#include <catch2/catch_test_macros.hpp>

#include "services/risk/risk_test_kit.h"

namespace gannet::risk {
namespace {

using market::CommandKind;
using market::ExecKind;
using market::OrderState;
using market::RejectReason;
using market::ScopeKind;
using market::Side;
using market::TradingState;
using namespace std::chrono_literals;
using namespace test;

RejectReason ReasonOf(const market::RiskDecision& decision) {
  CHECK(decision.permitted == (decision.reason == RejectReason::kNone));
  if (!decision.permitted) CHECK(!decision.detail.empty());
  return decision.reason;
}

constexpr char kX[] = "binance-spot:XUSDT";
constexpr char kY[] = "other:YUSDT";

void AddMarkets(Gate& gate) {
  gate.Define(MakeInstrument(kX, "X", "USDT"));
  gate.Define(MakeInstrument(kY, "Y", "USDT"));
  for (const char* id : {kBtc, kX, kY}) gate.Quote(id, "99.99", "100.01");
  gate.Fund("X", "1000");
  gate.Fund("USDT", "100000", "other");
}

TEST_CASE("Control 16: restricted, permitted types and instruments") {
  LimitSet limits = WideLimits();
  limits.venues["binance-spot"].restricted = true;
  CHECK(ReasonOf(Gate(limits).Ask(Side::kBuy, "100", "1")) == RejectReason::kNotPermitted);

  limits = WideLimits();
  limits.strategies["*"].permitted_types = OrderTypes{1u << 2};
  Gate types(limits);
  CHECK(types.Ask(Side::kBuy, "100", "1").permitted);
  CHECK(ReasonOf(types.Ask(Side::kBuy, "0", "1")) == RejectReason::kNotPermitted);

  limits = WideLimits();
  limits.accounts[kAccount].permitted_instruments = InstrumentNames{{kX, "other:*"}};
  Gate names(limits);
  AddMarkets(names);
  CHECK(names.Ask(Side::kBuy, "100", "1", kX).permitted);
  CHECK(names.Ask(Side::kBuy, "100", "1", kY).permitted);
  CHECK(ReasonOf(names.Ask(Side::kBuy, "100", "1")) == RejectReason::kNotPermitted);
}

TEST_CASE("Control 16: flags switch off new orders of an origin, in each scope") {
  struct Case {
    const char* name;
    std::optional<bool> Limits::*flag;
    void (*become)(market::OrderIntent&);
  };
  const Case cases[] = {
      {"news_orders", &Limits::news_orders,
       [](market::OrderIntent& intent) {
         intent.signal = {4, 5};
       }},
      {"model_orders", &Limits::model_orders,
       [](market::OrderIntent& intent) {
         intent.signal = {4, 5};
         intent.model_version = "direction@3";
       }},
      {"manual_orders", &Limits::manual_orders,
       [](market::OrderIntent& intent) { intent.strategy = market::StrategyId("manual/ann"); }},
      {"parent_orders", &Limits::parent_orders,
       [](market::OrderIntent& intent) {
         intent.kind = market::IntentKind::kParent;
         intent.expires = intent.created + 1h;
       }},
  };
  for (const Case& off : cases) {
    for (const bool by_firm : {true, false}) {
      LimitSet limits = WideLimits();
      (by_firm ? limits.firm : limits.venues["binance-spot"]).*off.flag = false;
      limits.strategies["*"].*off.flag = true;  // widens nothing
      for (const Case& origin : cases) {
        INFO(off.name << " off, an order of " << origin.name);
        Gate gate(limits);
        market::OrderIntent intent = gate.Intent(Side::kBuy, "100", "1");
        origin.become(intent);
        const market::RiskDecision decision = gate.Ask(intent);
        if (off.name == origin.name) {
          CHECK(ReasonOf(decision) == RejectReason::kNotPermitted);
          CHECK(decision.detail.find(std::string(off.name) + " is switched off for " +
                                     (by_firm ? "firm" : "venue binance-spot")) !=
                std::string::npos);
        } else {
          CHECK(ReasonOf(decision) == RejectReason::kNone);
        }
      }
      CHECK(Gate(limits).Ask(Side::kBuy, "100", "1").permitted);  // of none of them
    }
  }
}

TEST_CASE("Control 16: what is switched off still closes what it has opened") {
  LimitSet limits = WideLimits();
  limits.firm.manual_orders = false;
  Gate gate(limits);
  const auto by_hand = [&](Side side, const char* quantity) {
    market::OrderIntent intent = gate.Intent(side, "100", quantity);
    intent.strategy = market::StrategyId("manual/ann");
    return intent;
  };
  gate.Fill(by_hand(Side::kBuy, "2"), "100", "2", true);  // of before
  CHECK(ReasonOf(gate.Ask(by_hand(Side::kSell, "3"))) == RejectReason::kNotPermitted);
  CHECK(ReasonOf(gate.Ask(by_hand(Side::kBuy, "1"))) == RejectReason::kNotPermitted);
  CHECK(ReasonOf(gate.Ask(by_hand(Side::kSell, "2"))) == RejectReason::kNone);

  // A parent that was permitted is worked to its end, whatever its children rest on.
  limits = WideLimits();
  limits.firm.news_orders = false;
  Gate other(limits);
  market::OrderIntent parent = other.Intent(Side::kBuy, "100", "3");
  parent.kind = market::IntentKind::kParent;
  parent.expires = parent.created + 1h;
  REQUIRE(other.Ask(parent).permitted);
  market::OrderIntent child = other.Intent(Side::kBuy, "100", "1");
  child.parent = parent.client_order_id;
  child.signal = {4, 5};
  CHECK(ReasonOf(other.Ask(child)) == RejectReason::kNone);
  child = other.Intent(Side::kBuy, "100", "1");
  child.signal = {4, 5};
  CHECK(ReasonOf(other.Ask(child)) == RejectReason::kNotPermitted);
}

TEST_CASE("Control 1: the largest quantity of an order") {
  LimitSet limits = WideLimits();
  limits.instruments[kBtc].max_order_quantity = V("2.5");
  Gate gate(limits);
  CHECK(gate.Ask(Side::kBuy, "100", "2.5").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "2.501")) == RejectReason::kMaxQuantity);
}

TEST_CASE("Control 4: identical orders in a window, whatever became of them") {
  LimitSet limits = WideLimits();
  limits.firm.duplicates = RateLimit{2, 10s};
  Gate gate(limits);
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  gate.now += 1s;
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  CHECK(gate.Ask(Side::kBuy, "99.99", "1").permitted);  // another price
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kDuplicate);
  gate.now += 9s;
  gate.Quote(kBtc, "100", "100.02");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kDuplicate);  // two within 10 s
}

TEST_CASE("Control 4: more orders than are remembered are refused, not forgotten") {
  OrderMemory memory;
  const base::Time start = base::FromUnixMillis(1'000'000);
  for (int i = 0; i < 256; ++i) {
    OrderShape shape;
    shape.price = i;
    CHECK(memory.Count(shape, start - 1s) == 0);
    memory.Add(start + std::chrono::milliseconds(i), shape);
  }
  CHECK(memory.Count({}, start - 1s) == OrderMemory::kSize);
  CHECK(memory.Count({}, start + 5ms) == 0);  // its only one, price 0, is older
  OrderShape newest;
  newest.price = 255;
  CHECK(memory.Count(newest, start + 5ms) == 1);
}

TEST_CASE("Control 17: spot is sold only as far as it is held, unless margin is allowed") {
  Gate gate;
  gate.Fund("BTC", "2");
  CHECK(gate.Ask(Side::kSell, "100", "2").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kSell, "100", "0.1")) == RejectReason::kInventory);

  LimitSet limits = WideLimits();
  limits.accounts[kAccount].margin_allowed = true;
  limits.firm.initial_margin_ppm = 200'000;
  Gate margin(limits);
  margin.Fund("BTC", "2");
  margin.Fund("USDT", "60");
  CHECK(margin.Ask(Side::kSell, "100.01", "4.99").permitted);  // 2.99 borrowed, 59.81 of margin
  CHECK(ReasonOf(margin.Ask(Side::kSell, "100.01", "0.1")) == RejectReason::kBalance);
  limits.venues["binance-spot"].margin_allowed = false;  // one scope can forbid it
  Gate forbidden(limits);
  forbidden.Fund("BTC", "2");
  CHECK(ReasonOf(forbidden.Ask(Side::kSell, "100", "3")) == RejectReason::kInventory);
}

TEST_CASE("Control 18: no order that would trade with one of the account's own") {
  Gate gate;
  const auto sell = gate.Ask(Side::kSell, "101", "1");
  REQUIRE(sell.permitted);
  CHECK(gate.Ask(Side::kBuy, "100.99", "1").permitted);
  auto other = gate.Intent(Side::kBuy, "101", "1");
  other.strategy = market::StrategyId("other");
  CHECK(ReasonOf(gate.Ask(other)) == RejectReason::kSelfTrade);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "0", "1")) == RejectReason::kSelfTrade);
  CHECK(ReasonOf(gate.Ask(Side::kSell, "100.99", "1")) == RejectReason::kSelfTrade);
  gate.Report(sell.intent, ExecKind::kUnknown, OrderState::kUnknown);  // may be working
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "101", "1")) == RejectReason::kSelfTrade);
  gate.Report(sell.intent, ExecKind::kAbsent, OrderState::kAbsent);
  CHECK(gate.Ask(Side::kBuy, "101", "1").permitted);

  Gate resting;  // an order without a limit price meets every price, even a malformed one
  REQUIRE(resting.Ask(Side::kSell, "0", "1").permitted);
  auto wrong = resting.Intent(Side::kBuy, "100", "1");
  wrong.price = {-1};
  CHECK(resting.Ask(wrong).failing.back() == RejectReason::kSelfTrade);

  LimitSet limits = WideLimits();
  limits.venues["binance-spot"].self_trade_by_venue = true;
  Gate venue(limits);
  REQUIRE(venue.Ask(Side::kSell, "101", "1").permitted);
  CHECK(venue.Ask(Side::kBuy, "101", "1").permitted);

  // A venue may take its prevention off an order that is amended.
  Gate amended(limits);
  REQUIRE(amended.Ask(Side::kSell, "101", "1").permitted);
  const auto buy = amended.Ask(Side::kBuy, "100", "1").intent;
  amended.Report(buy, ExecKind::kAccepted, OrderState::kAccepted);
  auto dearer = amended.Intent(Side::kBuy, "101", "1");
  dearer.kind = market::IntentKind::kAmend;
  dearer.target = buy.client_order_id;
  CHECK(ReasonOf(amended.Ask(dearer)) == RejectReason::kSelfTrade);
}

TEST_CASE("Control 5: repeated executions stop a strategy until a person resumes it") {
  LimitSet limits = WideLimits();
  limits.strategies[kStrategy].repeated_executions = RateLimit{2, 60s};
  Gate gate(limits);
  gate.Timer();
  const auto first = gate.Ask(Side::kBuy, "100", "2");
  gate.Fill(first.intent, "100", "1", false);
  gate.Fill(first.intent, "100", "1", true);  // one executed order, two fills
  CHECK(gate.Trade(Side::kBuy, "100", "1").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kThrottled);
  gate.now += 2min;
  gate.Quote(kBtc, "100", "100.02");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kThrottled);  // time does not
  CHECK(!gate.Command(CommandKind::kResume, {ScopeKind::kStrategy, kStrategy}, "").ok());
  gate.Timer();  // for all to see
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kTradingState);
  REQUIRE(gate.Command(CommandKind::kResume, {ScopeKind::kStrategy, kStrategy}).ok());
  CHECK(gate.Trade(Side::kBuy, "100", "1").permitted);
  CHECK(gate.Trade(Side::kBuy, "100", "1").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kThrottled);
  REQUIRE(gate.Command(CommandKind::kResume, {ScopeKind::kStrategy, kStrategy}).ok());  // at once
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
}

TEST_CASE("Control 5: people are not throttled") {
  LimitSet limits = WideLimits();
  limits.firm.repeated_executions = RateLimit{1, 60s};
  Gate gate(limits);
  auto intent = gate.Intent(Side::kBuy, "100", "1");
  intent.strategy = market::StrategyId("manual/ann");
  const auto decision = gate.Ask(intent);
  gate.Fill(decision.intent, "100", "1", true);
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
}

TEST_CASE("Control 7: quantity, notional and fills in a window") {
  LimitSet limits = WideLimits();
  limits.instruments[kBtc].clip_quantity = V("3");
  Gate quantity(limits);
  CHECK(quantity.Ask(Side::kBuy, "100", "2").permitted);
  CHECK(ReasonOf(quantity.Ask(Side::kBuy, "100", "1.001")) == RejectReason::kClipQuantity);
  CHECK(quantity.Ask(Side::kBuy, "100", "1").permitted);

  limits = WideLimits();
  limits.firm.clip_notional = V("300");
  limits.windows.flow = 16s;
  Gate notional(limits);
  const auto order = notional.Ask(Side::kBuy, "100", "2");
  notional.Report(order.intent, ExecKind::kCanceled, OrderState::kCanceled);  // counts all the same
  CHECK(ReasonOf(notional.Ask(Side::kBuy, "100", "1.001")) == RejectReason::kClipNotional);
  notional.now += 17s;
  notional.Quote(kBtc, "100", "100.02");
  CHECK(notional.Ask(Side::kBuy, "100", "3").permitted);

  limits = WideLimits();
  limits.accounts[kAccount].clip_fills = 2;
  Gate fills(limits);
  CHECK(fills.Trade(Side::kBuy, "100", "1").permitted);
  CHECK(fills.Trade(Side::kBuy, "100", "1").permitted);
  CHECK(ReasonOf(fills.Ask(Side::kBuy, "100", "1")) == RejectReason::kClipFills);
}

TEST_CASE("Control 12: the capital of the firm, what was lost taken off") {
  LimitSet limits = WideLimits();
  limits.firm.capital = V("1000");
  Gate gate(limits);
  gate.Quote(kBtc, "100", "100");
  gate.Quote(kBtc, "99.99", "100.01");
  CHECK(gate.Trade(Side::kBuy, "100", "5").permitted);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "5.001")) == RejectReason::kCapital);
  gate.Quote(kBtc, "97.99", "98.01");  // 490 in use, 10 lost
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "5.001")) == RejectReason::kCapital);
  CHECK(gate.Ask(Side::kBuy, "100", "5").permitted);
}

TEST_CASE("Control 14: concentration in one instrument") {
  LimitSet limits = WideLimits();
  limits.accounts[kAccount].max_concentration_ppm = 500'000;
  limits.accounts[kAccount].concentration_above = V("400");
  Gate gate(limits);
  AddMarkets(gate);
  CHECK(gate.Ask(Side::kBuy, "100", "2").permitted);  // half of the floor
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "0.1")) == RejectReason::kConcentration);
  CHECK(gate.Ask(Side::kBuy, "100", "2", kX).permitted);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "0.1")) == RejectReason::kConcentration);
}

TEST_CASE("Control 14: exposure to assets that move together") {
  LimitSet limits = WideLimits();
  limits.correlation["majors"] = {.rho_ppm = 500'000,
                                  .assets = {market::AssetId("BTC"), market::AssetId("X")}};
  limits.strategies["*"].max_correlated = V("300");
  Gate gate(limits);
  AddMarkets(gate);
  CHECK(gate.Ask(Side::kBuy, "100", "2").permitted);
  // 200 and e: 0.5 (200 + e)^2 + 0.5 (200^2 + e^2) <= 300^2 up to e = 144.9.
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1.45", kX)) == RejectReason::kCorrelation);
  CHECK(gate.Ask(Side::kBuy, "100", "5", kY).permitted);  // in no group
  CHECK(gate.Ask(Side::kBuy, "100", "1.44", kX).permitted);
}

TEST_CASE("Control 15: number of instruments and venues of a strategy") {
  LimitSet limits = WideLimits();
  limits.strategies[kStrategy].max_instruments = 1;
  Gate instruments(limits);
  AddMarkets(instruments);
  const auto order = instruments.Ask(Side::kBuy, "100", "1");
  CHECK(instruments.Ask(Side::kBuy, "100", "1").permitted);
  CHECK(ReasonOf(instruments.Ask(Side::kBuy, "100", "1", kX)) == RejectReason::kInstrumentCount);

  limits = WideLimits();
  limits.strategies[kStrategy].max_venues = 1;
  Gate venues(limits);
  AddMarkets(venues);
  const auto only = venues.Ask(Side::kBuy, "100", "1");
  CHECK(venues.Ask(Side::kBuy, "100", "1", kX).permitted);
  CHECK(ReasonOf(venues.Ask(Side::kBuy, "100", "1", kY)) == RejectReason::kVenueCount);
}

TEST_CASE("Control 22: velocity and volatility pause an instrument") {
  LimitSet limits = WideLimits();
  limits.venues["binance-spot"].max_move_ppm = 20'000;
  limits.windows.market = 16s;
  Gate velocity(limits);
  velocity.Quote(kBtc, "101.99", "102.01");
  CHECK(velocity.Trade(Side::kBuy, "101", "1").permitted);  // from 100.01: less than 2 %
  velocity.Quote(kBtc, "102.02", "102.04");
  CHECK(ReasonOf(velocity.Ask(Side::kBuy, "101", "1")) == RejectReason::kVelocity);
  velocity.now += 17s;
  velocity.Quote(kBtc, "102.02", "102.04");
  CHECK(velocity.Ask(Side::kBuy, "101", "1").permitted);

  limits = WideLimits();
  limits.firm.max_volatility_ppm = 30'000;
  limits.windows.market = 16s;
  Gate volatility(limits);
  for (const char* price : {"102.00", "100.00"}) {  // 1.99 % up, 1.96 % down
    CHECK(volatility.Ask(Side::kBuy, "0", "1").permitted);
    volatility.now += 1s;
    volatility.Quote(kBtc, price, price);
    volatility.Quote(kBtc, price, std::string(price) + "2");
  }
  CHECK(volatility.Ask(Side::kBuy, "0", "1").permitted);  // 2.79 %
  volatility.now += 1s;
  volatility.Quote(kBtc, "102", "102.02");
  CHECK(ReasonOf(volatility.Ask(Side::kBuy, "0", "1")) == RejectReason::kVolatility);  // 3.43 %
}

TEST_CASE("Control 24: without a sign of life from a person nothing leaves") {
  LimitSet limits = WideLimits();
  limits.firm.dead_man = 1h;
  Gate gate(limits);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kDeadMan);
  gate.engine.Apply(gate.Event(market::Command{.kind = CommandKind::kResume, .person = "ann"}));
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  gate.now += 1h + 1ns;
  gate.Quote(kBtc, "100", "100.02");
  const auto decision = gate.Ask(Side::kBuy, "100", "1");
  CHECK(decision.failing.back() == RejectReason::kDeadMan);
}

TEST_CASE("Control 25: messages for a fill, cancels for an order") {
  LimitSet limits = WideLimits();
  limits.firm.max_orders_per_fill = 2;
  limits.windows.ratio_minimum = 3;
  Gate ratio(limits);
  for (int i = 0; i < 3; ++i) CHECK(ratio.Ask(Side::kBuy, "100", "1").permitted);
  CHECK(ReasonOf(ratio.Ask(Side::kBuy, "100", "1")) == RejectReason::kOrderToTrade);
  ratio.Fill(ratio.Intent(Side::kBuy, "100", "1"), "100", "1", true);  // foreign, a fill is one
  ratio.Fill(ratio.Intent(Side::kBuy, "100", "1"), "100", "1", true);
  ratio.Fill(ratio.Intent(Side::kBuy, "100", "1"), "100", "1", true);
  CHECK(ratio.Ask(Side::kBuy, "100", "1").permitted);

  limits = WideLimits();
  limits.firm.max_cancel_ratio_ppm = 1'000'000;
  limits.windows.ratio_minimum = 1;
  Gate cancels(limits);
  CHECK(cancels.Ask(Side::kBuy, "100", "1").permitted);
  for (int i = 0; i < 2; ++i) {
    auto cancel = cancels.Intent(Side::kBuy, "100", "1");
    cancel.kind = market::IntentKind::kCancel;
    cancels.engine.Apply(cancels.Event(cancel));
  }
  CHECK(ReasonOf(cancels.Ask(Side::kBuy, "100", "1")) == RejectReason::kCancelRatio);
}

TEST_CASE("Control 26: failures open the breaker of a venue until a person resumes it") {
  LimitSet limits = WideLimits();
  limits.venues["binance-spot"].breaker = RateLimit{2, 60s};
  Gate gate(limits);
  const auto first = gate.Ask(Side::kBuy, "100", "1"), second = gate.Ask(Side::kBuy, "100", "1");
  gate.Report(first.intent, ExecKind::kRejected, OrderState::kRejected);
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  gate.Report(second.intent, ExecKind::kUnknown, OrderState::kUnknown);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kCircuitBreaker);
  REQUIRE(gate.Command(CommandKind::kResume, {ScopeKind::kVenue, "binance-spot"}).ok());
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
}

TEST_CASE("Control 26: an order is one failure, whatever its unknown fate turns out to be") {
  LimitSet limits = WideLimits();
  limits.venues["binance-spot"].breaker = RateLimit{2, 60s};
  Gate gate(limits);
  const auto first = gate.Ask(Side::kBuy, "100", "1"), second = gate.Ask(Side::kBuy, "100", "1");
  gate.Report(first.intent, ExecKind::kUnknown, OrderState::kUnknown);
  gate.Report(first.intent, ExecKind::kRejected, OrderState::kRejected);
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
  gate.Report(second.intent, ExecKind::kUnknown, OrderState::kUnknown);
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kCircuitBreaker);
}

TEST_CASE("Control 28: a position that execution tells otherwise shuts it after a while") {
  Gate gate;
  CHECK(gate.Trade(Side::kBuy, "100", "1").permitted);
  market::PositionUpdate told;
  told.account = market::AccountId(kAccount);
  told.strategy = market::StrategyId(kStrategy);
  told.instrument = market::InstrumentId(kBtc);
  told.net = Q("1");
  gate.engine.Apply(gate.Event(told));
  gate.now += 1s;
  told.net = Q("2");
  gate.engine.Apply(gate.Event(told));
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);  // the fill may be on its way
  gate.now += 5s + 1ns;
  gate.Quote(kBtc, "100", "100.02");
  CHECK(ReasonOf(gate.Ask(Side::kBuy, "100", "1")) == RejectReason::kPositionMismatch);
  gate.Fill(gate.Intent(Side::kBuy, "100", "1"), "100", "1", true);  // here it is
  CHECK(gate.Ask(Side::kBuy, "100", "1").permitted);
}

TEST_CASE("Control 29: an order says why, by which model, by whom") {
  Gate gate;
  auto intent = gate.Intent(Side::kBuy, "100", "1");
  intent.strategy = market::StrategyId("manual/");
  CHECK(ReasonOf(gate.Ask(intent)) == RejectReason::kNotTraceable);
  LimitSet limits = WideLimits();
  limits.firm.require_reason = true;
  limits.strategies[kStrategy].require_model = true;
  Gate strict(limits);
  intent = strict.Intent(Side::kBuy, "100", "1");
  intent.reason = "quote refresh";
  CHECK(ReasonOf(strict.Ask(intent)) == RejectReason::kNotTraceable);
  intent = strict.Intent(Side::kBuy, "100", "1");
  intent.model_version = "m1";
  CHECK(ReasonOf(strict.Ask(intent)) == RejectReason::kNotTraceable);
  intent = strict.Intent(Side::kBuy, "100", "1");
  intent.reason = "quote refresh";
  intent.model_version = "m1";
  CHECK(strict.Ask(intent).permitted);
}

TEST_CASE("Control 30: the release stage of a strategy, the lowest stated holds") {
  const auto at_stage = [](Stage stage, auto change) {
    LimitSet limits = WideLimits();
    limits.strategies[kStrategy].stage = stage;
    change(limits);
    Gate gate(limits);
    return ReasonOf(gate.Ask(Side::kBuy, "100", "2"));
  };
  const auto nothing = [](LimitSet&) {};
  CHECK(at_stage(Stage::kShadow, nothing) == RejectReason::kReleaseStage);
  CHECK(at_stage(Stage::kPaper, nothing) == RejectReason::kReleaseStage);
  CHECK(at_stage(Stage::kPaper, [](LimitSet& l) { l.paper_accounts.insert(kAccount); }) ==
        RejectReason::kNone);
  CHECK(at_stage(Stage::kFull, [](LimitSet& l) { l.firm.stage = Stage::kShadow; }) ==
        RejectReason::kReleaseStage);
  CHECK(at_stage(Stage::kCanary, nothing) == RejectReason::kCanaryNotional);  // no cap stated
  CHECK(at_stage(Stage::kCanary, [](LimitSet& l) { l.firm.canary_notional = V("199.99"); }) ==
        RejectReason::kCanaryNotional);
  CHECK(at_stage(Stage::kCanary, [](LimitSet& l) { l.firm.canary_notional = V("200.02"); }) ==
        RejectReason::kNone);
}

TEST_CASE("What the windows and latches hold survives a restart") {
  LimitSet limits = WideLimits();
  limits.firm.repeated_executions = RateLimit{2, 60s};
  limits.firm.breaker = RateLimit{1, 60s};
  limits.firm.duplicates = RateLimit{2, 60s};
  limits.firm.clip_notional = V("1000");
  limits.firm.dead_man = 1h;
  Gate gate(limits);
  gate.engine.Apply(gate.Event(market::Command{.kind = CommandKind::kResume, .person = "ann"}));
  CHECK(gate.Trade(Side::kBuy, "100", "1").permitted);
  const auto open = gate.Ask(Side::kSell, "101", "1");
  gate.Report(open.intent, ExecKind::kUnknown, OrderState::kUnknown);
  wire::CanonicalWriter saved;
  gate.engine.Save(saved);
  Gate again(limits);
  wire::CanonicalReader in(saved.bytes());
  REQUIRE(again.engine.Load(in).ok());
  CHECK(again.Hash() == gate.Hash());
  const auto intent = gate.Intent(Side::kBuy, "101", "9");
  again.sequence = gate.sequence;
  CHECK(again.Ask(intent).failing == gate.Ask(intent).failing);
  CHECK(again.Ask(Side::kBuy, "101", "9").failing == std::vector{RejectReason::kSelfTrade,
                                                                 RejectReason::kClipNotional,
                                                                 RejectReason::kCircuitBreaker});
}

TEST_CASE("A flow window of another length counts on after a restart") {
  for (const base::Duration window : {20s, 60s, 300s}) {
    LimitSet limits = WideLimits();
    limits.firm.clip_notional = V("1000");
    limits.windows.flow = 60s;
    Gate before(limits);
    for (int i = 0; i < 20; ++i) {
      before.now += 4s;
      before.Quote(kBtc, "100", "100.02");
      const auto order = before.Ask(Side::kBuy, "99", "0.1");
      before.Report(order.intent, ExecKind::kCanceled, OrderState::kCanceled);
    }
    limits.windows.flow = window;
    Gate gate(limits);
    gate.TakeUp(before);
    gate.now += 1h;
    gate.Quote(kBtc, "100", "100.02");
    CHECK(gate.Ask(Side::kBuy, "99", "4").permitted);
    CHECK(gate.Ask(Side::kBuy, "98", "4").permitted);
    CHECK(gate.Ask(Side::kBuy, "97", "4").failing == std::vector{RejectReason::kClipNotional});
  }
}

TEST_CASE("Limits that have no meaning where they stand are refused by name") {
  LimitSet limits = WideLimits();
  limits.firm.clip_quantity = V("1");
  CHECK(Validate(limits).message() ==
        "firm.clip_quantity: is stated under instruments, in whose units it is; move it there in "
        "the limits file");
  limits = WideLimits();
  limits.strategies["s"].initial_margin_ppm = 200'000;
  CHECK(Validate(limits).message() ==
        "strategies.s.initial_margin: is stated for the firm, accounts, venues and instruments; "
        "move it there in the limits file");
  limits = WideLimits();
  limits.venues["v"].max_venues = 1;
  CHECK(!Validate(limits).ok());
  limits = WideLimits();
  limits.accounts[kAccount].capital = V("1");
  CHECK(!Validate(limits).ok());
  limits = WideLimits();
  limits.firm.duplicates = RateLimit{256, 1s};
  CHECK(!Validate(limits).ok());
  limits = WideLimits();
  limits.correlation["a"].assets = limits.correlation["b"].assets = {market::AssetId("BTC")};
  CHECK(!Validate(limits).ok());
}

}  // namespace
}  // namespace gannet::risk
