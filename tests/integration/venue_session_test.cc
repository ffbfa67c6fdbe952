// What the session with any venue must do, asked of each of them alike: over real
// sockets on loopback, and in memory on virtual time. The venue is venue-sim's server.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/integration/venue_session_for_test.h"

namespace gannet::execution {
namespace {

using market::OrderState;
using market::Side;
using namespace std::chrono_literals;

Wire AnyWire() { return GENERATE(Wire::kMemory, Wire::kSockets); }
Product AnyProduct() { return GENERATE(Product::kSpot, Product::kUsdm, Product::kBybit); }
Product WithStops() { return GENERATE(Product::kSpot, Product::kUsdm); }

TEST_CASE("A session places, queries and cancels") {
  Session session(AnyWire(), AnyProduct());
  REQUIRE(session.Ready());
  session.host().Decide(session.Limit("g1rests", Side::kBuy, -500'000), 10s);
  REQUIRE(session.Reaches("g1rests", OrderState::kAccepted));
  CHECK(session.truth().open_orders() == 1);
  session.host().CancelOrder("g1c", "g1rests");
  REQUIRE(session.Reaches("g1rests", OrderState::kCanceled));
  session.Agree();
}

TEST_CASE("A session books fills, fees and what they leave behind") {
  Session session(AnyWire(), AnyProduct());
  REQUIRE(session.Ready());
  session.host().Decide(session.Limit("g1buy", Side::kBuy, 20'000, "0.002"), 10s);
  REQUIRE(session.Reaches("g1buy", OrderState::kFilled));
  market::OrderIntent out = session.host().Intent("g1sell", Side::kSell, "0.001", "");
  session.host().Decide(out, 10s);
  REQUIRE(session.Reaches("g1sell", OrderState::kFilled));
  CHECK(session.engine().stats().fills >= 2);
  CHECK_FALSE(session.host().positions.empty());
  session.Agree();
}

TEST_CASE("A session ends what cannot be filled, and reports refusals with their code") {
  Session session(AnyWire(), AnyProduct());
  REQUIRE(session.Ready());
  market::OrderIntent at_once = session.Limit("g1ioc", Side::kBuy, -500'000);
  at_once.time_in_force = market::TimeInForce::kIoc;
  session.host().Decide(at_once, 10s);
  REQUIRE(session.Reaches("g1ioc", session.truth().unfilled()));
  session.host().Decide(session.Limit("g1tiny", Side::kBuy, -500'000, "0.00001"), 10s);
  REQUIRE(session.Reaches("g1tiny", OrderState::kRejected));
  CHECK_FALSE(session.host().Last("g1tiny").venue_code.empty());
  session.Agree();
}

TEST_CASE("A session holds stop orders, and cancels them before they trigger") {
  Session session(AnyWire(), WithStops());
  REQUIRE(session.Ready());
  market::OrderIntent stop = session.Limit("g1stop", Side::kBuy, 600'000);
  stop.type = market::OrderType::kStopLimit;
  stop.stop_price.mantissa = stop.price.mantissa - 10'000;
  session.host().Decide(stop, 10s);
  REQUIRE(session.Reaches("g1stop", OrderState::kAccepted));
  CHECK(session.truth().open_orders() == 1);
  session.host().CancelOrder("g1c", "g1stop");
  REQUIRE(session.Reaches("g1stop", OrderState::kCanceled));
  session.Agree();
}

TEST_CASE("A session follows a stop order that triggers to its fills") {
  Session session(AnyWire(), WithStops());
  REQUIRE(session.Ready());
  // Close by, on both sides: the market will touch one of them.
  for (const auto& [id, side] : {std::pair("g1up", Side::kBuy), {"g1down", Side::kSell}}) {
    market::OrderIntent stop = session.Limit(id, side, 0);
    stop.type = market::OrderType::kStop;
    stop.price = {};
    stop.stop_price.mantissa = session.BestCents(side) + 500 * market::Sign(side);
    session.host().Decide(stop, 10s);
  }
  const auto filled = [&](const char* id) {
    const TrackedOrder* order = session.engine().state().Find(market::ClientOrderId(id));
    return order != nullptr && order->life.state() == OrderState::kFilled;
  };
  REQUIRE(session.Until([&] { return filled("g1up") || filled("g1down"); }, 60s));
  for (const char* id : {"g1up", "g1down"}) {
    const TrackedOrder* order = session.engine().state().Find(market::ClientOrderId(id));
    if (order != nullptr && order->open()) session.host().CancelOrder(std::string("g1c") + id, id);
  }
  REQUIRE(session.Until([&] { return session.engine().state().open().empty(); }));
  session.Agree();
}

TEST_CASE("A session comes back when the venue ends its stream") {
  Session session(AnyWire(), AnyProduct(), {.lifetime = 3s, .faults = {}});
  REQUIRE(session.Ready());
  session.host().Decide(session.Limit("g1rests", Side::kBuy, -500'000), 10s);
  REQUIRE(session.Reaches("g1rests", OrderState::kAccepted));
  REQUIRE(session.Until([&] { return session.engine().stats().stream_ends >= 1; }));
  REQUIRE(session.Ready());
  CHECK(session.truth().open_orders() == 1);
  session.host().CancelOrder("g1c", "g1rests");
  REQUIRE(session.Reaches("g1rests", OrderState::kCanceled));
  REQUIRE(session.Ready());
  session.Agree();
}

}  // namespace
}  // namespace gannet::execution
