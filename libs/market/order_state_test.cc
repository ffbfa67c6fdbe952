#include "libs/market/order_state.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <set>
#include <string_view>
#include <vector>

namespace gannet::market {
namespace {

constexpr std::array<OrderState, kOrderStates> kStates = {
    OrderState::kInitialized,   OrderState::kDenied,        OrderState::kSubmitted,
    OrderState::kUnknown,       OrderState::kAccepted,      OrderState::kTriggered,
    OrderState::kPendingUpdate, OrderState::kPendingCancel, OrderState::kPartiallyFilled,
    OrderState::kFilled,        OrderState::kCanceled,      OrderState::kExpired,
    OrderState::kRejected,      OrderState::kAbsent};

constexpr std::array<OrderEvent, kOrderEvents> kEvents = {
    OrderEvent::kJournaled,      OrderEvent::kNotSent,       OrderEvent::kAccepted,
    OrderEvent::kRejected,       OrderEvent::kPartialFill,   OrderEvent::kFullFill,
    OrderEvent::kCanceled,       OrderEvent::kExpired,       OrderEvent::kTriggered,
    OrderEvent::kUnknown,        OrderEvent::kAbsent,        OrderEvent::kPendingCancel,
    OrderEvent::kCancelRejected, OrderEvent::kPendingUpdate, OrderEvent::kReplaced,
    OrderEvent::kReplaceRejected};

// What docs/orders.md draws, written a second time: a letter a state, '.' for
// what cannot happen, '<' for "back to the state beneath the pending request".
constexpr std::string_view kLetters = "IDSUATMCPFZERN";
struct Expected {
  char state;
  std::string_view next;  // by event, in the order of OrderEvent
};
constexpr std::array<Expected, kOrderStates> kExpected = {{
    {'I', "SD..........I..I"},
    {'D', "............D..D"},
    {'S', ".DARPFZETU.CS..S"},
    {'U', "..ARPFZETUNUU.UU"},
    {'A', "..A.PFZET..CAMAA"},
    {'T', "..T.PFZET..CTMTT"},
    {'M', "..M.MFZEM..CMM<<"},
    {'C', ".DCRCFZECU.C<.CC"},
    {'P', "..P.PFZEP..CPMPP"},
    {'F', "..F.....F...F..F"},
    {'Z', "..Z.ZZZ.Z...Z..Z"},
    {'E', "..E.EE.EE...E..E"},
    {'R', "...R........R..R"},
    {'N', "..........N.N..N"},
}};

OrderState StateOf(char letter) { return kStates[kLetters.find(letter)]; }

bool IsPending(OrderState state) {
  return state == OrderState::kPendingCancel || state == OrderState::kPendingUpdate;
}

TEST_CASE("The order state table answers every pair of state and event as documented") {
  for (size_t row = 0; row < kOrderStates; ++row) {
    REQUIRE(StateOf(kExpected[row].state) == kStates[row]);
    for (size_t column = 0; column < kOrderEvents; ++column) {
      CAPTURE(Name(kStates[row]), Name(kEvents[column]));
      const char expected = kExpected[row].next[column];
      // Beneath a pending request: SUBMITTED for what only an unacknowledged
      // order can meet, ACCEPTED for the rest.
      const bool early = kEvents[column] == OrderEvent::kNotSent ||
                         kEvents[column] == OrderEvent::kRejected ||
                         kEvents[column] == OrderEvent::kUnknown;
      const OrderState beneath = early ? OrderState::kSubmitted : OrderState::kAccepted;
      const std::optional<OrderState> next = NextOrderState(kStates[row], beneath, kEvents[column]);
      if (expected == '.') {
        CHECK_FALSE(next.has_value());
      } else {
        REQUIRE(next.has_value());
        CHECK(*next == (expected == '<' ? beneath : StateOf(expected)));
      }
    }
  }
}

TEST_CASE("A terminal order state is never left") {
  for (const OrderState state : kStates) {
    if (!IsTerminal(state)) continue;
    for (const OrderEvent event : kEvents) {
      CAPTURE(Name(state), Name(event));
      CHECK(NextOrderState(state, state, event).value_or(state) == state);
    }
  }
}

TEST_CASE("Every order state that is not terminal leads to a terminal one") {
  for (const OrderState state : kStates) {
    if (IsTerminal(state)) continue;
    bool ends = false;
    for (const OrderEvent event : kEvents) {
      const auto next = NextOrderState(state, OrderState::kAccepted, event);
      ends = ends || (next && IsTerminal(*next));
    }
    CHECK(ends);
  }
}

TEST_CASE("A fill is applied in every state in which the venue may have had the order") {
  for (const OrderState state : kStates) {
    CAPTURE(Name(state));
    const bool never_there = state == OrderState::kInitialized || state == OrderState::kDenied ||
                             state == OrderState::kRejected || state == OrderState::kAbsent;
    const bool complete = state == OrderState::kFilled;
    CHECK(NextOrderState(state, OrderState::kAccepted, OrderEvent::kPartialFill).has_value() ==
          (!never_there && !complete));
  }
}

TEST_CASE("A late fill after CANCELED or EXPIRED keeps the state") {
  for (const OrderState done : {OrderState::kCanceled, OrderState::kExpired}) {
    OrderLife life(done, done);
    CHECK(life.Apply(OrderEvent::kPartialFill));
    CHECK(life.state() == done);
    CHECK(life.Apply(OrderEvent::kFullFill));
    CHECK(life.state() == done);
  }
}

TEST_CASE("Only UNKNOWN leads to ABSENT") {
  for (const OrderState state : kStates) {
    const auto next = NextOrderState(state, OrderState::kSubmitted, OrderEvent::kAbsent);
    CHECK(next.has_value() == (state == OrderState::kUnknown || state == OrderState::kAbsent));
  }
}

TEST_CASE("A refused cancel leads back to the state beneath it") {
  OrderLife life;
  REQUIRE(life.Apply(OrderEvent::kJournaled));
  REQUIRE(life.Apply(OrderEvent::kPendingCancel));
  CHECK(life.working() == OrderState::kSubmitted);
  REQUIRE(life.Apply(OrderEvent::kAccepted));  // the ack was on its way
  CHECK(life.state() == OrderState::kPendingCancel);
  CHECK(life.working() == OrderState::kAccepted);
  REQUIRE(life.Apply(OrderEvent::kPartialFill));
  CHECK(life.working() == OrderState::kPartiallyFilled);
  REQUIRE(life.Apply(OrderEvent::kCancelRejected));
  CHECK(life == OrderLife(OrderState::kPartiallyFilled, OrderState::kPartiallyFilled));
}

TEST_CASE("An amendment lies over the working state, and a cancel over both") {
  OrderLife life(OrderState::kAccepted, OrderState::kAccepted);
  REQUIRE(life.Apply(OrderEvent::kPendingUpdate));
  REQUIRE(life.Apply(OrderEvent::kPartialFill));  // while it is on its way
  CHECK(life == OrderLife(OrderState::kPendingUpdate, OrderState::kPartiallyFilled));
  REQUIRE(life.Apply(OrderEvent::kPendingCancel));  // crosses it
  REQUIRE(life.Apply(OrderEvent::kReplaced));
  CHECK(life == OrderLife(OrderState::kPendingCancel, OrderState::kPartiallyFilled));
  REQUIRE(life.Apply(OrderEvent::kCancelRejected));
  CHECK(life == OrderLife(OrderState::kPartiallyFilled, OrderState::kPartiallyFilled));
  REQUIRE(life.Apply(OrderEvent::kPendingUpdate));
  REQUIRE(life.Apply(OrderEvent::kReplaceRejected));
  CHECK(life == OrderLife(OrderState::kPartiallyFilled, OrderState::kPartiallyFilled));
  CHECK_FALSE(OrderLife(OrderState::kPendingCancel, OrderState::kAccepted)
                  .Next(OrderEvent::kPendingUpdate));
}

TEST_CASE("What cannot happen to an acknowledged order cannot happen while its cancel is pending") {
  OrderLife life(OrderState::kPendingCancel, OrderState::kAccepted);
  CHECK_FALSE(life.Apply(OrderEvent::kRejected));
  CHECK_FALSE(life.Apply(OrderEvent::kNotSent));
  CHECK_FALSE(life.Apply(OrderEvent::kUnknown));
  CHECK(life == OrderLife(OrderState::kPendingCancel, OrderState::kAccepted));
}

TEST_CASE("No sequence of order events leaves the pending states beneath themselves") {
  // Every reachable (state, working) pair, by breadth first search.
  std::set<std::pair<OrderState, OrderState>> seen;
  std::vector<OrderLife> open = {OrderLife()};
  while (!open.empty()) {
    const OrderLife life = open.back();
    open.pop_back();
    if (!seen.insert({life.state(), life.working()}).second) continue;
    CHECK_FALSE(IsPending(life.working()));
    if (!IsPending(life.state())) CHECK(life.state() == life.working());
    if (IsPending(life.state())) CHECK_FALSE(IsTerminal(life.working()));
    for (const OrderEvent event : kEvents) {
      OrderLife next = life;
      if (next.Apply(event)) open.push_back(next);
    }
  }
  CHECK(seen.size() > kOrderStates - 1);
}

TEST_CASE("EventOf tells a completing fill from a partial one and calls an illegal report none") {
  ExecReport report;
  report.kind = ExecKind::kFill;
  report.quantity = {10};
  report.cumulative = {9};
  CHECK(EventOf(report) == OrderEvent::kPartialFill);
  report.cumulative = {10};
  CHECK(EventOf(report) == OrderEvent::kFullFill);
  report.kind = ExecKind::kIllegal;
  CHECK_FALSE(EventOf(report).has_value());
  report.kind = ExecKind::kPendingUpdate;
  CHECK(EventOf(report) == OrderEvent::kPendingUpdate);
}

TEST_CASE("Order states and events outside the enums have no successor") {
  CHECK_FALSE(
      NextOrderState(static_cast<OrderState>(0), OrderState::kAccepted, OrderEvent::kFullFill));
  CHECK_FALSE(
      NextOrderState(static_cast<OrderState>(15), OrderState::kAccepted, OrderEvent::kFullFill));
  CHECK_FALSE(
      NextOrderState(OrderState::kAccepted, OrderState::kAccepted, static_cast<OrderEvent>(17)));
}

}  // namespace
}  // namespace gannet::market
