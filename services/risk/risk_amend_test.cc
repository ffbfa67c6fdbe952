// Amendments at the gate: what they add is judged, and while their fate is open the worse of
// the order as it was and as it would be is reserved.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "services/risk/risk_engine.h"
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
using test::kBtc;
using test::P;
using test::Q;
using test::V;
using test::WideLimits;

const Scope kFirm{ScopeKind::kFirm, ""};

// An order that execution has taken up and the venue works.
market::OrderIntent Working(Gate& gate, Side side, const char* price, const char* quantity) {
  const auto decision = gate.Ask(side, price, quantity);
  REQUIRE(decision.permitted);
  gate.Report(decision.intent, ExecKind::kAccepted, OrderState::kAccepted);
  return decision.intent;
}

market::OrderIntent Amendment(Gate& gate, const market::OrderIntent& order, const char* price,
                              const char* quantity) {
  auto intent = gate.Intent(order.side, price, quantity);
  intent.kind = market::IntentKind::kAmend;
  intent.target = order.client_order_id;
  intent.strategy = order.strategy;
  intent.time_in_force = order.time_in_force;
  return intent;
}

void Say(Gate& gate, const market::OrderIntent& order, const market::OrderIntent& amendment,
         ExecKind kind) {
  auto report = market::ReportOf(
      order, kind,
      kind == ExecKind::kPendingUpdate ? OrderState::kPendingUpdate : OrderState::kAccepted);
  report.target = amendment.client_order_id;
  gate.engine.Apply(gate.Event(report));
}

const Cell& FirmCell(const Gate& gate) { return gate.engine.book().cell(0); }

TEST_CASE("While the fate of an amendment is open, the worse of old and new is reserved") {
  for (const bool took_effect : {true, false}) {
    for (const auto& [price, quantity, worse, then] :
         {std::tuple("99", "3", "297", "297"), std::tuple("99", "0.5", "99", "49.5"),
          std::tuple("98", "2", "196", "196"), std::tuple("98", "1", "99", "98")}) {
      CAPTURE(price, quantity, took_effect);
      Gate gate;
      const auto order = Working(gate, Side::kBuy, "99", "1");
      const auto decision = gate.Ask(Amendment(gate, order, price, quantity));
      REQUIRE(decision.permitted);
      CHECK(gate.Firm().open_value() == V(worse));
      CHECK(gate.Firm().open_orders == 1);
      CHECK(gate.engine.book().oldest_unanswered() == gate.now);
      gate.Report(order, ExecKind::kAccepted, OrderState::kAccepted);  // not about it
      CHECK(gate.engine.book().oldest_unanswered() == gate.now);
      Say(gate, order, decision.intent, ExecKind::kPendingUpdate);
      CHECK(gate.engine.book().oldest_unanswered() == base::Time::max());
      CHECK(gate.Firm().open_value() == V(worse));
      Say(gate, order, decision.intent,
          took_effect ? ExecKind::kReplaced : ExecKind::kReplaceRejected);
      CHECK(gate.Firm().open_value() == V(took_effect ? then : "99"));
      CHECK(FirmCell(gate).open_buy == (took_effect ? Q(quantity) : Q("1")).mantissa);
      gate.Report(order, ExecKind::kCanceled, OrderState::kCanceled);
      CHECK(gate.Firm().open_value() == 0);
      CHECK(FirmCell(gate).open_buy == 0);
      CHECK(gate.engine.book().open_order_count() == 0);
    }
  }
}

TEST_CASE("Fills while an amendment is on its way lessen both reservations") {
  Gate gate;
  const auto order = Working(gate, Side::kBuy, "100", "2");
  const auto decision = gate.Ask(Amendment(gate, order, "96", "4"));
  REQUIRE(decision.permitted);
  CHECK(decision.reserved == Amount("384"));
  CHECK(gate.Firm().open_value() == V("384"));
  gate.Fill(order, "100", "1", false);
  CHECK(FirmCell(gate).open_buy == Q("3").mantissa);
  CHECK(gate.Firm().open_value() == V("288"));  // 96 × 3; the old one: 100 × 1
  gate.Fill(order, "100", "1.5", false);        // beyond the old order: it is the new one
  CHECK(FirmCell(gate).open_buy == Q("1.5").mantissa);
  Say(gate, order, decision.intent, ExecKind::kReplaced);
  CHECK(gate.Firm().open_value() == V("144"));
}

TEST_CASE("An end of the order ends its amendment") {
  Gate gate;
  const auto order = Working(gate, Side::kBuy, "99", "1");
  REQUIRE(gate.Ask(Amendment(gate, order, "99", "3")).permitted);
  gate.Report(order, ExecKind::kCanceled, OrderState::kCanceled);
  CHECK(gate.Firm().open_value() == 0);
  CHECK(gate.engine.book().oldest_unanswered() == base::Time::max());
}

TEST_CASE("Only what an amendment adds is compared with limits of sums") {
  LimitSet limits = WideLimits();
  limits.firm.max_open_notional = V("250");
  limits.firm.max_open_orders = 1;
  Gate gate(limits);
  const auto order = Working(gate, Side::kBuy, "100", "2");
  CHECK(gate.Ask(Amendment(gate, order, "100", "2.6")).reason == RejectReason::kOpenNotional);
  const auto more = gate.Ask(Amendment(gate, order, "100", "2.5"));
  REQUIRE(more.permitted);
  Say(gate, order, more.intent, ExecKind::kReplaceRejected);
  gate.Fund("USDT", "249");
  CHECK(gate.Ask(Amendment(gate, order, "100", "2.5")).reason == RejectReason::kBalance);
  CHECK(gate.Ask(Amendment(gate, order, "100", "2.4")).permitted);
}

TEST_CASE("A smaller amendment passes where nothing else does that opens") {
  LimitSet limits = WideLimits();
  Gate gate(limits);
  const auto order = Working(gate, Side::kBuy, "100", "2");
  gate.Fund("USDT", "1");  // less than is reserved
  REQUIRE(gate.Command(CommandKind::kSetTradingState, kFirm, "", "trouble", TradingState::kReducing)
              .ok());
  CHECK(gate.Ask(Side::kBuy, "100", "1").reason == RejectReason::kBalance);
  CHECK(gate.Ask(Amendment(gate, order, "99", "2")).reason == RejectReason::kReduceOnly);
  CHECK(gate.Ask(Amendment(gate, order, "100", "3")).reason == RejectReason::kBalance);
  const auto less = gate.Ask(Amendment(gate, order, "100", "1.5"));
  REQUIRE(less.permitted);
  CHECK(less.reserved == Amount("150"));
  Say(gate, order, less.intent, ExecKind::kReplaced);
  CHECK(gate.Firm().open_value() == V("150"));
  REQUIRE(
      gate.Command(CommandKind::kSetTradingState, kFirm, "", "trouble", TradingState::kCancelOnly)
          .ok());
  CHECK(gate.Ask(Amendment(gate, order, "100", "1")).reason == RejectReason::kTradingState);
}

TEST_CASE("An amendment that makes no sense is malformed, each in its own words") {
  Gate gate;
  const auto order = Working(gate, Side::kBuy, "99", "2");
  const auto refused = [&](market::OrderIntent intent, const char* words) {
    const auto decision = gate.Ask(std::move(intent));
    CAPTURE(decision.detail);
    CHECK(decision.reason == RejectReason::kMalformed);
    CHECK(decision.detail.find(words) != std::string::npos);
  };
  auto nobody = Amendment(gate, order, "99", "1");
  nobody.target = market::ClientOrderId("g1nobody");
  refused(nobody, "not open");
  auto other = Amendment(gate, order, "101", "1");
  other.side = Side::kSell;
  refused(other, "side");
  auto stranger = Amendment(gate, order, "99", "1");
  stranger.strategy = market::StrategyId("another");
  refused(stranger, "strategy");
  auto stop = Amendment(gate, order, "99", "1");
  stop.type = market::OrderType::kStopLimit;
  stop.stop_price = P("99");
  refused(stop, "replace it");
  refused(Amendment(gate, order, "99", "2"), "changes nothing");
  gate.Fill(order, "99", "1", false);
  refused(Amendment(gate, order, "99", "1"), "filled already");
  REQUIRE(gate.Ask(Amendment(gate, order, "99", "1.5")).permitted);
  refused(Amendment(gate, order, "99", "1.4"), "under way");
  const auto fresh = gate.Ask(Side::kBuy, "99", "2");
  REQUIRE(fresh.permitted);
  refused(Amendment(gate, fresh.intent, "99", "1"), "not taken the order up");
}

TEST_CASE("Orders of the other side meet an order at both prices while its amendment is open") {
  Gate gate;
  const auto order = Working(gate, Side::kBuy, "99", "1");
  const auto dearer = gate.Ask(Amendment(gate, order, "100", "1"));
  REQUIRE(dearer.permitted);
  CHECK(gate.Ask(Side::kSell, "100", "1").reason == RejectReason::kSelfTrade);
  Say(gate, order, dearer.intent, ExecKind::kReplaceRejected);
  CHECK(gate.Ask(Side::kSell, "100", "1").permitted);
  CHECK(gate.Ask(Amendment(gate, order, "100", "1")).reason == RejectReason::kSelfTrade);
}

TEST_CASE("An open amendment survives a restart and a change of scales") {
  Gate gate;
  const auto order = Working(gate, Side::kBuy, "99", "1");
  const auto decision = gate.Ask(Amendment(gate, order, "98", "3"));
  REQUIRE(decision.permitted);
  wire::CanonicalWriter out;
  gate.engine.Save(out);
  Gate next;
  wire::CanonicalReader in(out.bytes());
  REQUIRE(next.engine.Load(in).ok());
  CHECK(next.Hash() == gate.Hash());
  for (Gate* each : {&gate, &next}) {
    each->Quote(kBtc, "100", "100.02");
    CHECK(each->Firm().open_value() == V("294"));
    CHECK(each->engine.book().oldest_unanswered() == gate.now);
  }
  auto changed = test::MakeInstrument(kBtc, "BTC", "USDT");
  changed.version = 2;
  changed.price_scale = 4;
  changed.quantity_scale = 10;
  changed.tick = {100};
  changed.lot = {10'000'000};
  next.Define(changed);
  CHECK(next.engine.book().stats().reports_unplaced == 0);
  // Without a price in its scales nothing is valued; what is reserved is there.
  const OpenOrder& there = *next.engine.book().FindOrder(order.client_order_id);
  CHECK(there.rest == 30'000'000'000);
  CHECK(there.rest_value == Amount("294").units());
  Say(next, order, decision.intent, ExecKind::kReplaced);
  CHECK(there.quantity.mantissa == 30'000'000'000);
  CHECK(there.rest_value == Amount("294").units());
  CHECK(there.meets == 98'0000);
}

// As execution reports that another hand has changed the order at the venue.
void Changed(Gate& gate, const market::OrderIntent& order, const char* price,
             const char* quantity) {
  auto report = market::ReportOf(order, ExecKind::kReplaced, OrderState::kAccepted);
  report.price = P(price);
  report.quantity = Q(quantity);
  gate.engine.Apply(gate.Event(report));
}

TEST_CASE("What another hand changed at the venue is reserved for as it is") {
  Gate gate;
  const auto order = Working(gate, Side::kBuy, "99", "1");
  Changed(gate, order, "99", "2");
  CHECK(gate.Firm().open_value() == V("198"));
  CHECK(gate.engine.book().FindOrder(order.client_order_id)->quantity == Q("2"));
  Changed(gate, order, "100", "2");  // dearer
  CHECK(gate.Firm().open_value() == V("200"));
  CHECK(gate.Ask(Side::kSell, "100", "1").reason == RejectReason::kSelfTrade);
  Changed(gate, order, "98", "1");  // cheaper: the price that was reserved at stays
  CHECK(gate.Firm().open_value() == V("100"));
  CHECK(FirmCell(gate).open_buy == Q("1").mantissa);
  CHECK(gate.engine.book().oldest_unanswered() == base::Time::max());
  CHECK(gate.Ask(Side::kSell, "98", "1").reason == RejectReason::kSelfTrade);
  gate.Report(order, ExecKind::kCanceled, OrderState::kCanceled);
  CHECK(gate.Firm().open_value() == 0);
  CHECK(gate.engine.book().open_order_count() == 0);
}

TEST_CASE("An order changed to what has no value shuts its instrument") {
  Gate gate;
  const auto order = Working(gate, Side::kBuy, "99", "1");
  auto report = market::ReportOf(order, ExecKind::kReplaced, OrderState::kAccepted);
  report.instrument_version += 1;
  report.quantity = Q("5");
  gate.engine.Apply(gate.Event(report));
  CHECK_FALSE(gate.Ask(Side::kBuy, "99", "1").permitted);
}

}  // namespace
}  // namespace gannet::risk
