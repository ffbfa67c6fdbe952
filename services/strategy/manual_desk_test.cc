#include "services/strategy/manual_desk.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "services/strategy/strategy_test_kit.h"

namespace gannet::strategy {
namespace {

using namespace std::chrono_literals;
using market::CommandKind;
using market::CommandOutcome;
using test::P;
using test::Q;

constexpr char kAccount[] = "main/paper";

struct Desk : test::Floor {
  Desk() : Floor({}) {
    engine.OnInstrument(test::MakeInstrument(test::kBtc, "BTC"));
    now = base::FromUnixMillis(1'700'000'000'000);
  }
  market::Event<market::Command> Ask(CommandKind kind, const char* request) {
    market::Command command;
    command.kind = kind;
    command.person = "ann";
    command.request_id = request;
    command.order.emplace();
    command.order->account = market::AccountId(kAccount);
    command.order->instrument = market::InstrumentId(test::kBtc);
    command.order->price = P("99.50");
    command.order->quantity = Q("0.1");
    return Event(command);
  }
  // What the service does with a command, in its order.
  StrategyEngine::Manual Give(const market::Event<market::Command>& command) {
    engine.Apply(command);
    return Decide(command);
  }
  StrategyEngine::Manual Decide(const market::Event<market::Command>& command) {
    if (const auto note = engine.DecideManualInstrument(command.value)) engine.Apply(Event(*note));
    StrategyEngine::Manual manual = engine.DecideManual(command, now);
    if (manual.intent) {
      auto intent = Event(*manual.intent);
      intent.header.causation = command.header.id;
      engine.Apply(intent);
    }
    engine.Apply(Event(manual.answer));
    return manual;
  }
};

TEST_CASE("ManualDesk makes an order of a person an intent of manual/<person>") {
  Desk desk;
  const auto manual = desk.Give(desk.Ask(CommandKind::kSubmitOrder, "r1"));
  REQUIRE(manual.intent);
  CHECK(manual.intent->strategy == market::StrategyId("manual/ann"));
  CHECK(manual.intent->price == P("99.50"));
  CHECK(manual.intent->quantity == Q("0.1"));
  CHECK(manual.intent->reason == "by hand");
  CHECK(manual.intent->hash == wire::IntentHash(*manual.intent));
  CHECK(manual.answer.outcome == CommandOutcome::kApplied);
  CHECK(manual.answer.client_order_id == manual.intent->client_order_id);
  CHECK(manual.answer.person == "ann");
  CHECK(desk.engine.desk().pending().empty());
  CHECK(desk.engine.portfolio().working_orders() == 1);
  CHECK(desk.engine.orphans().empty());
  CHECK(desk.engine.market().size() == 1);  // its definition is recorded: fills can be booked
}

TEST_CASE("ManualDesk passes type, stop price, expiry and flags as they were asked for") {
  Desk desk;
  auto command = desk.Ask(CommandKind::kSubmitOrder, "r1");
  command.value.order->type = market::OrderType::kStopLimit;
  command.value.order->time_in_force = market::TimeInForce::kGtd;
  command.value.order->stop_price = P("99");
  command.value.order->expires = desk.now + 1h;
  command.value.order->reduce_only = true;
  command.value.order->side = market::Side::kSell;
  const auto manual = desk.Give(command);
  REQUIRE(manual.intent);
  CHECK(manual.intent->type == market::OrderType::kStopLimit);
  CHECK(manual.intent->time_in_force == market::TimeInForce::kGtd);
  CHECK(manual.intent->stop_price == P("99"));
  CHECK(manual.intent->expires == desk.now + 1h);
  CHECK(manual.intent->reduce_only);
  CHECK(manual.intent->side == market::Side::kSell);
}

TEST_CASE("ManualDesk lets an OCO only reduce where there are positions") {
  Desk desk;
  constexpr char kPerpetual[] = "binance-usdm:BTCUSDT";
  market::Instrument perpetual = test::MakeInstrument(kPerpetual, "BTC");
  perpetual.kind = market::InstrumentKind::kPerpetual;
  desk.engine.OnInstrument(perpetual);
  for (const std::string id : {test::kBtc, kPerpetual}) {
    auto command = desk.Ask(CommandKind::kSubmitOrder, id.c_str());
    command.value.order->instrument = market::InstrumentId(id);
    command.value.order->side = market::Side::kSell;
    command.value.order->price = P("94");
    command.value.order->expires = desk.now + 1h;
    command.value.order->plan = {.algo = market::Algo::kOco,
                                 .take_profit = P("105"),
                                 .stop = P("95"),
                                 .stop_limit = P("94")};
    desk.engine.Apply(command);
    const auto manual = desk.Decide(command);
    REQUIRE(manual.parent);
    CHECK(manual.parent->intent.reduce_only == (id == kPerpetual));
  }
}

TEST_CASE("ManualDesk passes the distance of a trailing stop, and asks for it") {
  Desk desk;
  auto command = desk.Ask(CommandKind::kSubmitOrder, "r1");
  command.value.order->type = market::OrderType::kTrailingStop;
  command.value.order->price = {};
  CHECK(desk.Give(command).answer.detail.find("has no distance") != std::string::npos);
  command = desk.Ask(CommandKind::kSubmitOrder, "r2");
  command.value.order->trailing_bps = 150;
  CHECK(desk.Give(command).answer.detail.find("leave it out") != std::string::npos);
  command.value.order->type = market::OrderType::kTrailingStop;
  command.value.order->price = {};
  command.value.request_id = "r3";
  const auto manual = desk.Give(command);
  REQUIRE(manual.intent);
  CHECK(manual.intent->trailing_bps == 150);
  CHECK(manual.intent->hash == wire::IntentHash(*manual.intent));
}

TEST_CASE("ManualDesk makes one intent of a request that comes twice") {
  Desk desk;
  const auto first = desk.Give(desk.Ask(CommandKind::kSubmitOrder, "r1"));
  const auto second = desk.Give(desk.Ask(CommandKind::kSubmitOrder, "r1"));
  CHECK_FALSE(second.intent);
  CHECK(second.answer.client_order_id == first.intent->client_order_id);
  CHECK(second.answer.command != first.answer.command);
  CHECK(desk.engine.desk().pending().empty());
  CHECK(desk.Give(desk.Ask(CommandKind::kSubmitOrder, "r2")).intent);
}

TEST_CASE("ManualDesk refuses what it cannot make an intent of, and says why") {
  Desk desk;
  const auto refusal = [&desk](const char* request, auto change) {
    auto command = desk.Ask(CommandKind::kSubmitOrder, request);
    change(command.value);
    const auto manual = desk.Give(command);
    CHECK_FALSE(manual.intent);
    CHECK(manual.answer.outcome == CommandOutcome::kRefused);
    return manual.answer.detail;
  };
  const auto says = [](const std::string& text, const char* part) {
    CAPTURE(text);
    return text.find(part) != std::string::npos;
  };
  CHECK(says(refusal("a", [](auto& c) { c.order->account = market::AccountId("x/y"); }),
             "not traded here"));
  CHECK(says(refusal("b", [](auto& c) { c.order->instrument = market::InstrumentId("v:X"); }),
             "not known"));
  CHECK(says(refusal("c", [](auto& c) { c.order->instrument_version = 7; }), "version 1 now"));
  CHECK(says(refusal("d", [](auto& c) { c.order->price = {}; }), "no price"));
  CHECK(says(refusal("e", [](auto& c) { c.order->type = market::OrderType::kMarket; }),
             "does not take"));
  CHECK(says(refusal("f", [](auto& c) { c.person = ""; }), "names a person"));
  CHECK(says(refusal("g", [](auto& c) { c.order.reset(); }), "and the order"));
  CHECK(desk.engine.desk().pending().empty());
}

TEST_CASE("ManualDesk cancels an order of any strategy, replaces only one's own") {
  Desk desk;
  const auto mine = desk.Give(desk.Ask(CommandKind::kSubmitOrder, "r1"));
  market::OrderIntent other = *mine.intent;
  other.strategy = market::StrategyId("maker");
  other.client_order_id = market::ClientOrderId("g1other");
  desk.engine.Apply(desk.Event(other));

  auto cancel = desk.Ask(CommandKind::kCancelOrder, "r2");
  cancel.value.order->target = other.client_order_id;
  const auto cancelled = desk.Give(cancel);
  REQUIRE(cancelled.intent);
  CHECK(cancelled.intent->kind == market::IntentKind::kCancel);
  CHECK(cancelled.intent->target == other.client_order_id);
  CHECK(cancelled.intent->instrument == other.instrument);

  auto replace = desk.Ask(CommandKind::kReplaceOrder, "r3");
  replace.value.order->target = other.client_order_id;
  CHECK(desk.Give(replace).answer.outcome == CommandOutcome::kRefused);
  replace = desk.Ask(CommandKind::kReplaceOrder, "r4");
  replace.value.order->target = mine.intent->client_order_id;
  replace.value.order->price = P("99.40");
  const auto replaced = desk.Give(replace);
  REQUIRE(replaced.intent);
  CHECK(replaced.intent->kind == market::IntentKind::kReplace);
  CHECK(replaced.intent->price == P("99.40"));

  auto gone = desk.Ask(CommandKind::kCancelOrder, "r5");
  gone.value.order->target = market::ClientOrderId("g1gone");
  CHECK(desk.Give(gone).answer.detail.find("no order g1gone is working") == 0);
}

TEST_CASE("ManualDesk amends one's own limit order; what is left out stays as it is") {
  Desk desk;
  const auto mine = desk.Give(desk.Ask(CommandKind::kSubmitOrder, "r1"));
  auto amend = desk.Ask(CommandKind::kAmendOrder, "r2");
  amend.value.order->target = mine.intent->client_order_id;
  amend.value.order->price = {};
  amend.value.order->quantity = {mine.intent->quantity.mantissa / 2};
  const auto smaller = desk.Give(amend);
  REQUIRE(smaller.intent);
  CHECK(smaller.intent->kind == market::IntentKind::kAmend);
  CHECK(smaller.intent->target == mine.intent->client_order_id);
  CHECK(smaller.intent->price == mine.intent->price);
  CHECK(smaller.intent->quantity.mantissa == mine.intent->quantity.mantissa / 2);
  CHECK(desk.engine.portfolio().working_orders() == 1);

  amend = desk.Ask(CommandKind::kAmendOrder, "r3");
  amend.value.order->target = mine.intent->client_order_id;
  amend.value.order->price = {};
  amend.value.order->quantity = {};
  CHECK(desk.Give(amend).answer.detail.find("already") != std::string::npos);
  market::OrderIntent other = *mine.intent;
  other.strategy = market::StrategyId("maker");
  other.client_order_id = market::ClientOrderId("g1other");
  desk.engine.Apply(desk.Event(other));
  amend = desk.Ask(CommandKind::kAmendOrder, "r4");
  amend.value.order->target = other.client_order_id;
  CHECK(desk.Give(amend).answer.outcome == CommandOutcome::kRefused);
}

TEST_CASE("ManualDesk refuses a person who asks too often, but lets cancels through longer") {
  Desk desk;
  int made = 0;
  std::string refused;
  for (int i = 0; i < 30; ++i) {
    const auto manual = desk.Give(desk.Ask(CommandKind::kSubmitOrder, std::to_string(i).c_str()));
    made += manual.intent ? 1 : 0;
    if (!manual.intent) refused = manual.answer.detail;
  }
  CHECK(made == 16);
  CHECK(refused.find("more than 16 messages in") == 0);
  auto cancel = desk.Ask(CommandKind::kCancelOrder, "cancel");
  cancel.value.order->target =
      desk.engine.portfolio()
          .Find(market::StrategyId("manual/ann"), market::InstrumentId(test::kBtc))
          ->orders.front()
          .id;
  CHECK(desk.Give(cancel).intent);
}

TEST_CASE("ManualDesk knows after a restart what was asked, made and answered") {
  Desk before;
  const auto answered = before.Give(before.Ask(CommandKind::kSubmitOrder, "answered"));
  // Recorded, then the process died: one without intent, one with.
  before.engine.Apply(before.Ask(CommandKind::kSubmitOrder, "open"));
  const auto half = before.Ask(CommandKind::kSubmitOrder, "half");
  before.engine.Apply(half);
  auto made = before.Event(*before.engine.DecideManual(half, before.now).intent);
  made.header.causation = half.header.id;
  before.engine.Apply(made);
  wire::CanonicalWriter saved;
  before.engine.Save(saved);

  Desk after;
  wire::CanonicalReader in(saved.bytes());
  REQUIRE(after.engine.Load(in).ok());
  CHECK(in.done());
  wire::CanonicalWriter again;
  after.engine.Save(again);
  CHECK(again.bytes() == saved.bytes());

  const auto pending = after.engine.desk().pending();
  REQUIRE(pending.size() == 2);
  CHECK(pending[0].command.value.request_id == "open");
  CHECK(pending[0].intent.empty());
  CHECK(pending[1].intent == made.value.client_order_id);
  CHECK_FALSE(after.Give(after.Ask(CommandKind::kSubmitOrder, "answered")).intent);

  SECTION("what is open is decided") { CHECK(after.Decide(pending[0].command).intent); }
  SECTION("but not when it is old") {
    after.now += 31s;
    const auto manual = after.Decide(pending[0].command);
    CHECK_FALSE(manual.intent);
    CHECK(manual.answer.detail.find("too old") != std::string::npos);
    CHECK(after.engine.desk().pending().size() == 1);
  }
}

}  // namespace
}  // namespace gannet::strategy
