#include "libs/notify/events.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

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

// Nothing: there is none, or there are more.
std::optional<Message> Only(const std::vector<Message>& messages) {
  return messages.size() == 1 ? std::optional(messages.front()) : std::nullopt;
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
  const auto message = Only(events.OnReport(event));
  REQUIRE(message);
  CHECK(message->title == "Bought 1.5 BTCUSDT at 60000.5");
  CHECK(message->key == "fill:v:BTCUSDT:7");
  CHECK(message->severity == Severity::kInfo);
  CHECK(message->text == "Order g1a of maker, account main/paper");
  event.value.instrument_version = 2;  // of which nothing is known here
  CHECK(Only(events.OnReport(event))->title == "Bought BTCUSDT");
}

TEST_CASE("Refusals, and a fate that is not known until it is") {
  TradingEvents events = Known();
  auto event = Report(market::ExecKind::kRejected, market::OrderState::kRejected);
  event.value.venue_code = "-2010";
  CHECK(Only(events.OnReport(event))->title == "Refused by the venue (-2010): buy 1.5 BTCUSDT");
  event = Report(market::ExecKind::kNotSent, market::OrderState::kDenied);
  event.value.local_reason = market::RejectReason::kGateClosed;
  CHECK(Only(events.OnReport(event))->title == "Not sent (GATE_CLOSED): buy 1.5 BTCUSDT");

  const auto unknown =
      Only(events.OnReport(Report(market::ExecKind::kUnknown, market::OrderState::kUnknown)));
  REQUIRE(unknown);
  CHECK(unknown->severity == Severity::kPage);
  CHECK_FALSE(unknown->resolved);
  const auto absent =
      Only(events.OnReport(Report(market::ExecKind::kAbsent, market::OrderState::kAbsent)));
  REQUIRE(absent);
  CHECK(absent->resolved);
  CHECK(absent->key == unknown->key);
  CHECK(events.OnReport(Report(market::ExecKind::kAbsent, market::OrderState::kAbsent)).empty());
  CHECK(
      events.OnReport(Report(market::ExecKind::kAccepted, market::OrderState::kAccepted)).empty());
}

TEST_CASE("The page of a fate that is not known ends with a fill or a refusal too") {
  TradingEvents events = Known();
  const auto [kind, state] =
      GENERATE(std::pair(market::ExecKind::kRejected, market::OrderState::kRejected),
               std::pair(market::ExecKind::kFill, market::OrderState::kFilled));
  auto event = Report(kind, state);
  event.value.fill = market::Fill{.trade_id = "7",
                                  .price = {100},
                                  .quantity = {15},
                                  .fee = {},
                                  .fee_asset = {},
                                  .liquidity = {}};
  const auto unknown =
      Only(events.OnReport(Report(market::ExecKind::kUnknown, market::OrderState::kUnknown)));
  REQUIRE(unknown);
  const auto messages = events.OnReport(event);
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].key == unknown->key);
  CHECK(messages[0].severity == Severity::kPage);
  CHECK(messages[0].resolved);
  CHECK_FALSE(messages[1].resolved);
  CHECK(messages[1].text.starts_with("Its fate had not been known. Order g1a"));
  CHECK(events.OnReport(event).size() == 1);
}

TEST_CASE("Denials are told once a reason, permissions are not") {
  TradingEvents events = Known();
  market::Event<market::RiskDecision> event;
  event.value.intent.strategy = market::StrategyId("maker");
  event.value.intent.instrument = market::InstrumentId("v:BTCUSDT");
  event.value.reason = market::RejectReason::kMaxNotional;
  event.value.detail = "120 above 100";
  const auto first = Only(events.OnDecision(event));
  event.value.intent.client_order_id = market::ClientOrderId("g1b");
  const auto second = Only(events.OnDecision(event));
  REQUIRE((first && second));
  CHECK(first->key == second->key);
  CHECK(first->title == "Denied by risk (MAX_NOTIONAL): buy BTCUSDT");
  event.value.permitted = true;
  CHECK(events.OnDecision(event).empty());
}

TEST_CASE("Halts and kill switches are told with their end; a scope that trades is no news") {
  TradingEvents events;
  market::Event<market::RiskState> event;
  event.value.scope = {market::ScopeKind::kStrategy, "maker"};
  CHECK(events.OnState(event).empty());
  event.value.state = market::TradingState::kReducing;
  event.value.reason = "drawdown";
  event.value.person = "ann";
  const auto reducing = Only(events.OnState(event));
  REQUIRE(reducing);
  CHECK(reducing->title == "Trading of strategy maker is REDUCING");
  CHECK(reducing->text == "drawdown (ann)");
  event.value.state = market::TradingState::kHalted;
  CHECK(Only(events.OnState(event))->state != reducing->state);
  event.value.killed = true;
  const auto killed = Only(events.OnState(event));
  CHECK(killed->kind == Kind::kKill);
  CHECK(killed->severity == Severity::kPage);
  event.value.killed = false;
  event.value.state = market::TradingState::kActive;
  const auto over = events.OnState(event);
  REQUIRE(over.size() == 2);
  CHECK((over[0].resolved && over[1].resolved));
  CHECK(over[0].key == killed->key);
  CHECK(over[1].key == reducing->key);
  CHECK(events.OnState(event).empty());
}

TEST_CASE("A kill switch that goes off over a scope that stays halted is told") {
  TradingEvents events;
  market::Event<market::RiskState> event;
  event.value.scope = {market::ScopeKind::kFirm, ""};
  event.value.killed = true;
  const auto killed = Only(events.OnState(event));
  REQUIRE(killed);
  event.value.killed = false;
  event.value.state = market::TradingState::kHalted;
  const auto messages = events.OnState(event);
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].key == killed->key);
  CHECK(messages[0].resolved);
  CHECK(messages[0].title == "Kill switch off: firm");
  CHECK(messages[1].kind == Kind::kHalt);
  event.value.state = market::TradingState::kActive;
  CHECK(Only(events.OnState(event))->key == messages[1].key);
}

}  // namespace
}  // namespace gannet::notify
