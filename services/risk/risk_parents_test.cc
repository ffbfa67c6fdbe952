// Parent orders in the gate: one reservation, out of which children take theirs.
#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <vector>

#include "libs/base/property_suite.h"
#include "services/risk/risk_test_kit.h"

namespace gannet::risk::test {
namespace {

using market::ExecKind;
using market::OrderState;
using market::RejectReason;
using market::Side;

market::OrderIntent Parent(Gate& gate, Side side, std::string_view limit,
                           std::string_view quantity) {
  market::OrderIntent intent = gate.Intent(side, limit, quantity);
  intent.kind = market::IntentKind::kParent;
  intent.expires = gate.now + std::chrono::hours(1);
  return intent;
}

market::OrderIntent Child(Gate& gate, const market::OrderIntent& parent, std::string_view price,
                          std::string_view quantity) {
  market::OrderIntent intent = gate.Intent(parent.side, price, quantity);
  intent.parent = parent.client_order_id;
  return intent;
}

void End(Gate& gate, const market::OrderIntent& parent) {
  market::ParentOrder ended;
  ended.intent = parent;
  ended.state = market::ParentState::kCanceled;
  gate.engine.Apply(gate.Event(ended));
}

const BalanceRow& Balance(const Gate& gate, const char* asset) {
  const ExposureBook& book = gate.engine.book();
  return book.balance(book.FindBalance(book.FindScope(market::ScopeKind::kAccount, kAccount),
                                       "binance-spot", market::AssetId(asset)));
}

TEST_CASE("A parent reserves its whole, a child only moves a part of it") {
  Gate gate;
  const auto parent = Parent(gate, Side::kBuy, "101", "10");
  const auto verdict = gate.Ask(parent);
  REQUIRE(verdict.permitted);
  CHECK(verdict.reserved == Amount("1010"));
  CHECK(gate.Firm().open_orders == 0);  // nothing of it is at a venue
  CHECK(gate.Firm().open_value() == V("1010"));
  CHECK(gate.engine.book().oldest_unanswered() == base::Time::max());

  const auto child = Child(gate, parent, "100.02", "3");
  const auto carved = gate.Ask(child);
  REQUIRE(carved.permitted);
  CHECK(carved.reserved == Amount("303"));  // its share, not what it costs by itself
  CHECK(gate.Firm().open_orders == 1);
  CHECK(gate.Firm().open_value() == V("1010"));
  CHECK(Balance(gate, "USDT").reserved == Amount("1010"));

  gate.Fill(child, "100.02", "1", false);
  CHECK(gate.Firm().open_value() == V("909"));
  gate.Report(child, ExecKind::kCanceled, OrderState::kCanceled);
  {
    const OpenOrder* open = gate.engine.book().FindOrder(parent.client_order_id);
    REQUIRE(open != nullptr);
    CHECK(open->rest == Q("9").mantissa);
    CHECK(open->rest_value == Amount("909").units());
  }
  End(gate, parent);
  CHECK(gate.engine.book().FindOrder(parent.client_order_id) == nullptr);
  CHECK(gate.Firm().open_value() == 0);
  CHECK(Balance(gate, "USDT").reserved.zero());
}

TEST_CASE("A parent that takes all there is leaves room for its children") {
  LimitSet limits = WideLimits();
  limits.firm.max_open_notional = limits.firm.max_long = limits.firm.max_gross =
      limits.firm.max_net = V("1010");
  limits.firm.max_open_orders = 1;
  limits.firm.duplicates = RateLimit{1, std::chrono::seconds(60)};
  Gate gate(limits);
  gate.Fund("USDT", "1010");
  const auto parent = Parent(gate, Side::kBuy, "101", "10");
  REQUIRE(gate.Ask(parent).permitted);
  CHECK_FALSE(gate.Ask(Side::kBuy, "100", "1").permitted);
  for (int i = 0; i < 10; ++i) {
    const auto child = Child(gate, parent, "100.02", "1");
    const auto verdict = gate.Ask(child);
    INFO(verdict.detail);
    REQUIRE(verdict.permitted);
    gate.Fill(child, "100.02", "1", true);
  }
  CHECK(gate.Ask(Child(gate, parent, "100.02", "0.1")).reason == RejectReason::kMalformed);
}

TEST_CASE("A child that its parent does not cover is refused") {
  Gate gate;
  const auto parent = Parent(gate, Side::kBuy, "101", "10");
  REQUIRE(gate.Ask(parent).permitted);
  const auto refused = [&](const market::OrderIntent& intent, const char* why) {
    const auto verdict = gate.Ask(intent);
    CHECK_FALSE(verdict.permitted);
    CHECK(verdict.reason == RejectReason::kMalformed);
    CHECK(verdict.detail == why);
  };
  refused(Child(gate, parent, "100", "10.001"), "its parent has less left than it wants");
  refused(Child(gate, parent, "101.01", "1"), "its price is beyond its parent's limit");
  auto other = Child(gate, parent, "100", "1");
  other.strategy = market::StrategyId("taker");
  refused(other, "its parent is of another account or strategy");
  auto against = Child(gate, parent, "101", "1");
  against.side = Side::kSell;
  refused(against, "against its parent's side it may only reduce");
  auto orphan = Child(gate, parent, "100", "1");
  orphan.parent = market::ClientOrderId("g1none");
  refused(orphan, "its parent is not open");
  auto replacing = Child(gate, parent, "100", "1");
  replacing.kind = market::IntentKind::kReplace;
  replacing.target = parent.client_order_id;
  refused(replacing, "a child is new, never a replacement");
  gate.Define(MakeInstrument("binance-spot:ETHUSDT", "ETH", "USDT"));
  gate.Quote("binance-spot:ETHUSDT", "100", "100.02");
  auto elsewhere = Child(gate, parent, "100", "1");
  elsewhere.instrument = market::InstrumentId("binance-spot:ETHUSDT");
  refused(elsewhere, "it trades another thing than its parent");
  End(gate, parent);
  refused(Child(gate, parent, "100", "1"), "its parent is not open");
}

TEST_CASE("A parent without a price limit or a time limit is refused") {
  Gate gate;
  auto timeless = Parent(gate, Side::kBuy, "101", "10");
  timeless.expires = base::Time();
  CHECK(gate.Ask(timeless).detail == "a parent needs a time limit that is to come");
  auto priceless = Parent(gate, Side::kBuy, "0", "10");
  CHECK(gate.Ask(priceless).detail == "a parent needs a limit price");
}

TEST_CASE("A parent may be larger than an order where the limits say so") {
  LimitSet limits = WideLimits();
  limits.firm.max_order_notional = V("500");
  Gate strict(limits);
  CHECK(strict.Ask(Parent(strict, Side::kBuy, "101", "10")).reason == RejectReason::kMaxNotional);
  limits.firm.max_parent_notional = V("1010");
  Gate gate(limits);
  const auto parent = Parent(gate, Side::kBuy, "101", "10");
  CHECK(gate.Ask(parent).permitted);
  CHECK(gate.Ask(Child(gate, parent, "100", "6")).reason == RejectReason::kMaxNotional);
  CHECK(gate.Ask(Parent(gate, Side::kBuy, "101", "10.001")).reason == RejectReason::kMaxNotional);
}

TEST_CASE("A child on another venue of the same thing takes from its parent too") {
  Gate gate;
  constexpr char kOther[] = "bybit-spot:BTCUSDT";
  gate.Define(MakeInstrument(kOther, "BTC", "USDT"));
  gate.Quote(kOther, "100", "100.02");
  gate.Fund("USDT", "500", "bybit-spot");
  const auto parent = Parent(gate, Side::kBuy, "101", "10");
  REQUIRE(gate.Ask(parent).permitted);
  auto child = Child(gate, parent, "100", "4");
  child.instrument = market::InstrumentId(kOther);
  const auto verdict = gate.Ask(child);
  INFO(verdict.detail);
  REQUIRE(verdict.permitted);
  CHECK(verdict.reserved == Amount("400"));
  CHECK(gate.Firm().open_value() == V("1006"));  // 6 at the parent's limit, 4 at the child's
  auto poor = Child(gate, parent, "101", "3");
  poor.instrument = market::InstrumentId(kOther);
  CHECK(gate.Ask(poor).reason == RejectReason::kBalance);  // the money is at the other venue
  gate.Report(child, ExecKind::kCanceled, OrderState::kCanceled);
  CHECK(gate.Firm().open_value() == V("1010"));
}

TEST_CASE("What a routed child took comes back whole though scales changed while it was open") {
  Gate gate;
  constexpr char kOther[] = "bybit-spot:BTCUSDT";
  gate.Define(MakeInstrument(kOther, "BTC", "USDT"));
  gate.Quote(kOther, "100", "100.02");
  gate.Fund("USDT", "500", "bybit-spot");
  const auto parent = Parent(gate, Side::kBuy, "101", "10");
  REQUIRE(gate.Ask(parent).permitted);
  auto child = Child(gate, parent, "100", "4");
  child.instrument = market::InstrumentId(kOther);
  REQUIRE(gate.Ask(child).permitted);
  const auto restate = [&gate](const char* id) {
    auto next = MakeInstrument(id, "BTC", "USDT");
    next.version = 2;
    next.price_scale = 4;
    next.quantity_scale = 10;
    next.tick = {100};
    next.lot = {10'000'000};
    gate.Define(next);
  };
  if (GENERATE(true, false)) restate(kBtc);
  if (GENERATE(true, false)) restate(kOther);
  gate.Fill(child, "100", "1", false);
  gate.Report(child, ExecKind::kCanceled, OrderState::kCanceled);
  const OpenOrder& left = *gate.engine.book().FindOrder(parent.client_order_id);
  const int digits = gate.engine.book()
                         .instrument(gate.engine.book().FindInstrument(parent.instrument))
                         .definition.quantity_scale;
  CHECK(market::Money(left.rest, digits) == Amount("9"));
  CHECK(market::Money(left.rest_value, 8) == Amount("909"));
}

TEST_CASE("Reservations of a parent and its children never sum to more than was permitted") {
  CHECK(base::Holds("carve-out", [] {
    Gate gate;
    const bool buy = *rc::gen::arbitrary<bool>();
    market::OrderIntent parent =
        Parent(gate, buy ? Side::kBuy : Side::kSell, buy ? "101" : "99", "1");
    parent.price.mantissa +=
        *rc::gen::inRange<int64_t>(0, 99) * P("0.01").mantissa * (buy ? 1 : -1);
    parent.quantity.mantissa = *rc::gen::inRange<int64_t>(1'000, 50'000) * Q("0.001").mantissa;
    const auto verdict = gate.Ask(parent);
    RC_ASSERT(verdict.permitted);
    struct Live {
      market::OrderIntent intent;
      int64_t filled = 0;
    };
    std::vector<Live> live;
    int64_t filled = 0;
    market::Int128 before = verdict.reserved.units();
    const auto check = [&] {
      const ExposureBook& book = gate.engine.book();
      const OpenOrder* open = book.FindOrder(parent.client_order_id);
      RC_ASSERT(open != nullptr);
      market::Int128 value = open->rest_value;
      int64_t rest = open->rest;
      for (const Live& child : live) {
        const OpenOrder* order = book.FindOrder(child.intent.client_order_id);
        RC_ASSERT(order != nullptr);
        RC_ASSERT(order->rest_value >= 0);
        value += order->rest_value;
        rest += order->rest;
      }
      RC_ASSERT(open->rest_value >= 0);
      RC_ASSERT(value <= before);  // so never above what was permitted
      RC_ASSERT(rest + filled == parent.quantity.mantissa);
      before = value;
      if (buy) RC_ASSERT(Balance(gate, "USDT").reserved.units() == value);
    };
    const int steps = *rc::gen::inRange(1, 40);
    for (int i = 0; i < steps; ++i) {
      const int what = *rc::gen::inRange(0, 4);
      if (what == 0 || live.empty()) {
        const OpenOrder* open = gate.engine.book().FindOrder(parent.client_order_id);
        auto child = Child(gate, parent, buy ? "100.5" : "99.5", "1");
        child.quantity.mantissa = *rc::gen::inRange<int64_t>(100, 20'000) * Q("0.001").mantissa;
        const bool fits = child.quantity.mantissa <= open->rest;
        const auto answer = gate.Ask(child);
        RC_ASSERT(answer.permitted == fits);
        if (fits) live.push_back({answer.intent});
      } else {
        const size_t at = *rc::gen::inRange<size_t>(0, live.size());
        Live& child = live[at];
        const int64_t left = child.intent.quantity.mantissa - child.filled;
        if (what == 1) {  // a part, or all of it
          const int64_t part = *rc::gen::inRange<int64_t>(1, left + 1);
          const market::Quantity amount{part};
          const auto& definition = MakeInstrument(kBtc, "BTC", "USDT");
          gate.Fill(child.intent, buy ? "100.5" : "99.5", definition.Format(amount), part == left);
          child.filled += part;
          filled += part;
          if (part == left) live.erase(live.begin() + static_cast<ptrdiff_t>(at));
        } else if (what == 2) {
          gate.Report(child.intent, ExecKind::kCanceled, OrderState::kCanceled);
          live.erase(live.begin() + static_cast<ptrdiff_t>(at));
        } else {
          gate.Report(child.intent, ExecKind::kUnknown, OrderState::kUnknown);
        }
      }
      check();
    }
    // A restart knows the same.
    wire::CanonicalWriter out;
    gate.engine.Save(out);
    Gate again;
    wire::CanonicalReader in(out.bytes());
    RC_ASSERT(again.engine.Load(in).ok());
    RC_ASSERT(again.Hash() == gate.Hash());
    for (const Live& child : live)
      gate.Report(child.intent, ExecKind::kCanceled, OrderState::kCanceled);
    End(gate, parent);
    RC_ASSERT(gate.engine.book().open_order_count() == 0u);
    RC_ASSERT(gate.Firm().open_value() == 0);
    RC_ASSERT(Balance(gate, "USDT").reserved.zero());
    RC_ASSERT(Balance(gate, "BTC").reserved.zero());
  }));
}

}  // namespace
}  // namespace gannet::risk::test
