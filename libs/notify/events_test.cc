#include "libs/notify/events.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::notify {
namespace {

market::Event<market::ExecReport> Report(market::ExecKind kind, market::OrderState state) {
  market::Event<market::ExecReport> event;
  event.value.kind = kind;
  event.value.state = state;
  event.value.account = market::AccountId("main/paper");
  event.value.strategy = market::StrategyId("maker");
  event.value.instrument = market::InstrumentId("v:BTCUSDT");
  event.value.client_order_id = market::ClientOrderId("g1a");
  event.value.quantity = {15};
  return event;
}

TradingEvents Known() {
  TradingEvents events;
  market::Instrument instrument;
  instrument.id = market::InstrumentId("v:BTCUSDT");
  instrument.price_scale = 2;
  instrument.quantity_scale = 1;
  events.OnInstrument(instrument);
  return events;
}

TEST_CASE("A fill is told in the instrument's own digits, or without a number") {
  TradingEvents events = Known();
  auto event = Report(market::ExecKind::kFill, market::OrderState::kFilled);
  event.value.fill = market::Fill{.trade_id = "7",
                                  .price = {6'000'050},
                                  .quantity = {15},
                                  .fee = {},
                                  .fee_asset = {},
                                  .liquidity = {}};
  const auto message = events.OnReport(event);
  REQUIRE(message);
  CHECK(message->title == "Bought 1.5 BTCUSDT at 60000.5");
  CHECK(message->key == "fill:v:BTCUSDT:7");
  CHECK(message->severity == Severity::kInfo);
  CHECK(message->text == "Order g1a of maker, account main/paper");
  event.value.instrument_version = 2;  // of which nothing is known here
  CHECK(events.OnReport(event)->title == "Bought BTCUSDT");
}

TEST_CASE("Refusals, and a fate that is not known until it is") {
  TradingEvents events = Known();
  auto event = Report(market::ExecKind::kRejected, market::OrderState::kRejected);
  event.value.venue_code = "-2010";
  CHECK(events.OnReport(event)->title == "Refused by the venue (-2010): buy 1.5 BTCUSDT");
  event = Report(market::ExecKind::kNotSent, market::OrderState::kDenied);
  event.value.local_reason = market::RejectReason::kGateClosed;
  CHECK(events.OnReport(event)->title == "Not sent (GATE_CLOSED): buy 1.5 BTCUSDT");

  const auto unknown =
      events.OnReport(Report(market::ExecKind::kUnknown, market::OrderState::kUnknown));
  REQUIRE(unknown);
  CHECK(unknown->severity == Severity::kPage);
  CHECK_FALSE(unknown->resolved);
  const auto absent =
      events.OnReport(Report(market::ExecKind::kAbsent, market::OrderState::kAbsent));
  REQUIRE(absent);
  CHECK(absent->resolved);
  CHECK(absent->key == unknown->key);
  CHECK_FALSE(events.OnReport(Report(market::ExecKind::kAbsent, market::OrderState::kAbsent)));
  CHECK_FALSE(events.OnReport(Report(market::ExecKind::kAccepted, market::OrderState::kAccepted)));
}

TEST_CASE("Denials are told once a reason, permissions are not") {
  TradingEvents events = Known();
  market::Event<market::RiskDecision> event;
  event.value.intent.strategy = market::StrategyId("maker");
  event.value.intent.instrument = market::InstrumentId("v:BTCUSDT");
  event.value.reason = market::RejectReason::kMaxNotional;
  event.value.detail = "120 above 100";
  const auto first = events.OnDecision(event);
  event.value.intent.client_order_id = market::ClientOrderId("g1b");
  const auto second = events.OnDecision(event);
  REQUIRE((first && second));
  CHECK(first->key == second->key);
  CHECK(first->title == "Denied by risk (MAX_NOTIONAL): buy BTCUSDT");
  event.value.permitted = true;
  CHECK_FALSE(events.OnDecision(event));
}

TEST_CASE("Halts and kill switches are told with their end; a scope that trades is no news") {
  TradingEvents events;
  market::Event<market::RiskState> event;
  event.value.scope = {market::ScopeKind::kStrategy, "maker"};
  CHECK_FALSE(events.OnState(event));
  event.value.state = market::TradingState::kReducing;
  event.value.reason = "drawdown";
  event.value.person = "ann";
  const auto reducing = events.OnState(event);
  REQUIRE(reducing);
  CHECK(reducing->title == "Trading of strategy maker is REDUCING");
  CHECK(reducing->text == "drawdown (ann)");
  event.value.state = market::TradingState::kHalted;
  CHECK(events.OnState(event)->state != reducing->state);
  event.value.killed = true;
  const auto killed = events.OnState(event);
  CHECK(killed->kind == Kind::kKill);
  CHECK(killed->severity == Severity::kPage);
  event.value.killed = false;
  event.value.state = market::TradingState::kActive;
  const auto over = events.OnState(event);
  REQUIRE(over);
  CHECK(over->resolved);
  CHECK(over->key == killed->key);
}

}  // namespace
}  // namespace gannet::notify
