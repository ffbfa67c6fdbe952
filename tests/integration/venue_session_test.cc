// What the session with any venue must do, asked of each of them alike: over real
// sockets on loopback, and in memory on virtual time. The venue is venue-sim's server.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "libs/venue/binance/spot_requests.h"
#include "libs/venue/binance/usdm_requests.h"
#include "tests/integration/venue_session_for_test.h"

namespace gannet::execution {
namespace {

using market::ExecKind;
using market::OrderState;
using market::Side;
using namespace std::chrono_literals;

Wire AnyWire() { return GENERATE(Wire::kMemory, Wire::kSockets); }
Product AnyProduct() {
  return GENERATE(Product::kSpot, Product::kUsdm, Product::kBybit, Product::kBybitLinear);
}

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

// Refused for a reason of its moment: of another copy of its request that says nothing, until
// the proof of absence has spoken. By the clock of real sockets that is not waited for.
void IsTurnedAway(Session& session, Wire wire, const std::string& id) {
  REQUIRE(session.Reaches(id, OrderState::kUnknown));
  CHECK_FALSE(session.host().Last(id).venue_code.empty());
  if (wire == Wire::kSockets) return;
  // Comparing each second takes up the weight of a minute: the proof may have to wait for more.
  REQUIRE(session.Reaches(id, OrderState::kRejected, 120s));
  CHECK_FALSE(session.host().Last(id).venue_code.empty());
  session.Agree();
}

TEST_CASE("A session ends what cannot be filled, and reports refusals with their code") {
  const Wire wire = AnyWire();
  Session session(wire, AnyProduct());
  REQUIRE(session.Ready());
  market::OrderIntent at_once = session.Limit("g1ioc", Side::kBuy, -500'000);
  at_once.time_in_force = market::TimeInForce::kIoc;
  session.host().Decide(at_once, 10s);
  REQUIRE(session.Reaches("g1ioc", session.truth().unfilled()));
  session.Agree();
  session.host().Decide(session.Limit("g1tiny", Side::kBuy, -500'000, "0.00001"), 10s);
  IsTurnedAway(session, wire, "g1tiny");
}

TEST_CASE("A session changes an order in place, or says what its venue can") {
  const Product product = AnyProduct();
  Session session(AnyWire(), product);
  REQUIRE(session.Ready());
  CAPTURE(static_cast<int>(product));
  session.host().Decide(session.Limit("g1rests", Side::kBuy, -500'000, "0.004"), 10s);
  REQUIRE(session.Reaches("g1rests", OrderState::kAccepted));
  const auto order = [&]() -> const TrackedOrder& {
    return *session.engine().state().Find(market::ClientOrderId("g1rests"));
  };
  const auto venue_id = order().venue_order_id;
  const auto amend = [&](const char* id, market::Price price, market::Quantity quantity) {
    market::OrderIntent change = session.Limit(id, Side::kBuy, -500'000, "0.004");
    change.kind = market::IntentKind::kAmend;
    change.target = market::ClientOrderId("g1rests");
    change.price = price;
    change.quantity = quantity;
    session.host().Decide(change, 10s);
    REQUIRE(session.Until([&] {
      const market::ExecReport& last = session.host().Last("g1rests");
      return last.target == change.client_order_id && !order().amendment &&
             last.kind != ExecKind::kPendingUpdate;
    }));
    return session.host().Last("g1rests").kind;
  };
  const market::Price price = order().price;
  const market::Quantity half{order().quantity.mantissa / 2};
  CHECK(amend("g1half", price, half) == ExecKind::kReplaced);
  CHECK(order().quantity == half);
  CHECK(order().venue_order_id == venue_id);
  CHECK(order().life.state() == OrderState::kAccepted);
  const market::Price dearer{price.mantissa + 10'000};
  if (product == Product::kSpot) {
    CHECK(amend("g1dearer", dearer, half) == ExecKind::kReplaceRejected);
    CHECK(session.host().Last("g1rests").detail.find("replace it") != std::string::npos);
  } else if (product != Product::kBybit) {  // whose spot the simulator cannot move
    CHECK(amend("g1dearer", dearer, {half.mantissa + half.mantissa / 2}) == ExecKind::kReplaced);
    CHECK(order().price == dearer);
  }
  session.host().CancelOrder("g1c", "g1rests");
  REQUIRE(session.Reaches("g1rests", OrderState::kCanceled));
  CHECK(session.engine().stats().illegal_events == 0);
  session.Agree();
}

TEST_CASE("An amendment whose answer is lost is found out by what the order became") {
  const Product product = AnyProduct();
  const bool heard = GENERATE(true, false);
  GroundOptions how;
  how.configure = [](ExecutionConfig& config) { config.live.request_timeout = 2s; };
  Session session(Wire::kMemory, product, how);  // what never arrived takes its time
  REQUIRE(session.Ready());
  CAPTURE(static_cast<int>(product), heard);
  session.host().Decide(session.Limit("g1rests", Side::kBuy, -500'000, "0.004"), 10s);
  REQUIRE(session.Reaches("g1rests", OrderState::kAccepted));
  const auto order = [&]() -> const TrackedOrder& {
    return *session.engine().state().Find(market::ClientOrderId("g1rests"));
  };
  const market::Quantity whole = order().quantity, half{whole.mantissa / 2};
  venue_sim::FaultRule rule;
  rule.kind = heard ? venue_sim::FaultKind::kLostAnswer : venue_sim::FaultKind::kLostRequest;
  rule.of = venue_sim::RequestClass::kAmend;
  rule.times = 1;
  session.ground().gate().Begin({.rules = {rule}});
  market::OrderIntent change = session.Limit("g1half", Side::kBuy, -500'000, "0.004");
  change.kind = market::IntentKind::kAmend;
  change.target = market::ClientOrderId("g1rests");
  change.price = order().price;
  change.quantity = half;
  session.host().Decide(change, 10s);
  REQUIRE(session.Until([&] { return !order().amendment; }));
  CHECK(order().quantity == (heard ? half : whole));
  session.host().CancelOrder("g1c", "g1rests");
  REQUIRE(session.Reaches("g1rests", OrderState::kCanceled));
  session.Agree();
}

TEST_CASE("A session holds stop orders, and cancels them before they trigger") {
  Session session(AnyWire(), AnyProduct());
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
  Session session(AnyWire(), AnyProduct());
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

TEST_CASE("A session follows trailing stops to their fills, or says who has none") {
  const Product product = AnyProduct();
  GroundOptions how;
  how.speed = 10;
  Session session(AnyWire(), product, how);
  REQUIRE(session.Ready());
  const auto place = [&](const char* id, Side side, int64_t activation) {
    market::OrderIntent trailing = session.Limit(id, side, 0);
    trailing.type = market::OrderType::kTrailingStop;
    trailing.price = {};
    trailing.trailing_bps = 10;
    if (activation != 0) trailing.stop_price.mantissa = session.BestCents(side) + activation;
    session.host().Decide(trailing, 10s);
  };
  place("g1up", Side::kBuy, 0);
  if (product == Product::kBybit || product == Product::kBybitLinear) {
    REQUIRE(session.Until([&] { return !session.host().reports.empty(); }));
    CHECK(session.host().Last("g1up").kind == ExecKind::kNotSent);
    return session.Agree();
  }
  place("g1down", Side::kSell, 0);
  place("g1later", Side::kSell, 600'000);  // is never activated
  REQUIRE(session.Reaches("g1up", OrderState::kFilled, 120s));
  REQUIRE(session.Reaches("g1down", OrderState::kFilled, 120s));
  for (const char* id : {"g1up", "g1down"}) {
    CHECK(std::ranges::any_of(session.host().reports, [id](const market::ExecReport& report) {
      return report.client_order_id.text() == id && report.kind == ExecKind::kTriggered;
    }));
  }
  REQUIRE(session.Reaches("g1later", OrderState::kAccepted));
  session.host().CancelOrder("g1c", "g1later");
  REQUIRE(session.Reaches("g1later", OrderState::kCanceled));
  session.Agree();
}

TEST_CASE("A session places orders that are good till a date, or says who has none") {
  const Product product = AnyProduct();
  Session session(AnyWire(), product);
  REQUIRE(session.Ready());
  market::OrderIntent dated = session.Limit("g1dated", Side::kBuy, -500'000);
  dated.time_in_force = market::TimeInForce::kGtd;
  dated.expires = session.ground().server().exchange().now() + 1h;
  session.host().Decide(dated, 10s);
  if (product != Product::kUsdm) {
    REQUIRE(session.Until([&] { return !session.host().reports.empty(); }));
    CHECK(session.host().Last("g1dated").kind == ExecKind::kNotSent);
    CHECK(session.host().Last("g1dated").detail.find("good-till-date") != std::string::npos);
    return session.Agree();
  }
  REQUIRE(session.Reaches("g1dated", OrderState::kAccepted));
  const venue_sim::UsdmMarket& usdm = session.ground().server().exchange().usdm();
  const auto open = usdm.OpenOrders(0, std::nullopt);
  REQUIRE(open.size() == 1);
  CHECK(open[0]->request.good_till_ms == base::UnixMillis(dated.expires) / 1000 * 1000);
  session.host().CancelOrder("g1c", "g1dated");
  REQUIRE(session.Reaches("g1dated", OrderState::kCanceled));
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

GroundOptions Hedge() {
  GroundOptions how;
  how.before = {venue::binance::usdm::SetPositionMode(true)};
  how.configure = [](ExecutionConfig& config) { config.live.setup.hedge = true; };
  return how;
}

TEST_CASE("A session holds long and short of an instrument apart in hedge mode") {
  const Product product = GENERATE(Product::kUsdm, Product::kBybitLinear);
  const Wire wire = AnyWire();
  Session session(wire, product, Hedge());
  REQUIRE(session.Ready());
  // Opens long, then short beside it, then closes half of the long one.
  session.host().Decide(session.Limit("g1long", Side::kBuy, 20'000, "0.004"), 10s);
  REQUIRE(session.Reaches("g1long", OrderState::kFilled));
  session.host().Decide(session.Limit("g1short", Side::kSell, -20'000, "0.003"), 10s);
  REQUIRE(session.Reaches("g1short", OrderState::kFilled));
  market::OrderIntent close = session.Limit("g1close", Side::kSell, -20'000, "0.002");
  close.reduce_only = true;
  session.host().Decide(close, 10s);
  REQUIRE(session.Reaches("g1close", OrderState::kFilled));
  using Leg = venue_sim::UsdmLeg;
  const venue_sim::UsdmMarket& usdm = session.ground().server().exchange().usdm();
  CHECK(usdm.position(0, {0, Leg::kLong}).quantity == 200'000);
  CHECK(usdm.position(0, {0, Leg::kShort}).quantity == -300'000);
  session.Agree();
  // More than is held cannot be closed.
  market::OrderIntent more = session.Limit("g1more", Side::kBuy, 20'000, "0.009");
  more.reduce_only = true;
  session.host().Decide(more, 10s);
  IsTurnedAway(session, wire, "g1more");
}

TEST_CASE("A session lets a strategy leave while the others hold the account on the other side") {
  Session session(AnyWire(), GENERATE(Product::kUsdm, Product::kBybitLinear));
  REQUIRE(session.Ready());
  session.host().Decide(session.Limit("g1long", Side::kBuy, 20'000, "0.004"), 10s);
  REQUIRE(session.Reaches("g1long", OrderState::kFilled));
  session.host().Decide(session.Limit("g1short", Side::kSell, -20'000, "0.006"), 10s);
  REQUIRE(session.Reaches("g1short", OrderState::kFilled));
  market::OrderIntent close = session.Limit("g1close", Side::kSell, -20'000, "0.004");
  close.reduce_only = true;
  close.time_in_force = market::TimeInForce::kIoc;
  session.host().Decide(close, 10s);
  REQUIRE(session.Reaches("g1close", OrderState::kFilled));
  using Leg = venue_sim::UsdmLeg;
  CHECK(session.ground().server().exchange().usdm().position(0, {0, Leg::kBoth}).quantity ==
        -600'000);
  session.Agree();
}

// More orders and cancels in one second than Bybit takes of an account.
GroundOptions InAnyNumber() {
  GroundOptions how;
  how.configure = [](ExecutionConfig& config) {
    config.rate.orders_per_second = config.rate.cancels_per_second = 0;
  };
  return how;
}

TEST_CASE("A session places what one turn decides by batches where the venue has them") {
  const Wire wire = AnyWire();
  const Product product = AnyProduct();
  // Whole; one of them refused; the answer lost after all of them were placed.
  enum class Fate { kTaken, kOneRefused, kLostAnswer };
  const Fate fate = GENERATE(Fate::kTaken, Fate::kOneRefused, Fate::kLostAnswer);
  if (fate != Fate::kTaken && wire == Wire::kSockets)
    return;  // finding out takes its time: on a real clock not
  Session session(wire, product, InAnyNumber());
  REQUIRE(session.Ready());
  if (fate == Fate::kLostAnswer) {
    venue_sim::FaultRule rule;
    rule.kind = venue_sim::FaultKind::kLostAnswer;
    rule.times = 1;
    session.ground().gate().Begin({.rules = {rule}});
  }
  std::vector<std::string> ids;
  std::vector<market::OrderIntent> intents;
  for (int i = 0; i < 12; ++i) {
    ids.push_back("g1rests" + std::to_string(i));
    const bool tiny = fate == Fate::kOneRefused && i == 1;
    intents.push_back(
        session.Limit(ids.back(), Side::kBuy, -500'000 - 1'000 * i, tiny ? "0.00001" : "0.001"));
  }
  session.host().DecideAll(intents, 10s);
  for (const std::string& id : ids) {
    const bool tiny = fate == Fate::kOneRefused && id == "g1rests1";
    REQUIRE(session.Reaches(id, tiny ? OrderState::kUnknown : OrderState::kAccepted, 60s));
  }
  if (fate == Fate::kOneRefused) {
    CHECK_FALSE(session.host().Last("g1rests1").venue_code.empty());
    REQUIRE(session.Reaches("g1rests1", OrderState::kRejected, 120s));
  }
  CHECK(session.truth().open_orders() == (fate == Fate::kOneRefused ? 11 : 12));
  // Of 5, and of 10 or 20 on Bybit; what is left alone goes alone.
  const ExecutionEngine::Stats& stats = session.engine().stats();
  const uint64_t batches = product == Product::kSpot    ? 0
                           : product == Product::kUsdm  ? 3
                           : product == Product::kBybit ? 2
                                                        : 1;
  CHECK(stats.place_batches == batches);
  CHECK(stats.batched_placements == (product == Product::kSpot ? 0 : 12));
  CHECK(stats.twin_orders == 0);
  session.host().Command(market::CommandKind::kCancelAll, {market::ScopeKind::kFirm, ""});
  for (const std::string& id : ids) {
    if (fate == Fate::kOneRefused && id == "g1rests1") continue;
    REQUIRE(session.Reaches(id, OrderState::kCanceled, 60s));
  }
  session.Agree();
}

TEST_CASE("Orders of one turn are frames of their own over a WebSocket") {
  const Product product = AnyProduct();
  GroundOptions how;
  how.configure = [](ExecutionConfig& config) { config.live.orders_by_socket = true; };
  Session session(Wire::kMemory, product, how);
  REQUIRE(session.Ready());
  REQUIRE(session.Until([&] { return session.host().service->orders_go_by_socket(); }));
  session.host().DecideAll(
      {session.Limit("g1one", Side::kBuy, -500'000), session.Limit("g1two", Side::kBuy, -501'000)},
      10s);
  REQUIRE(session.Reaches("g1one", OrderState::kAccepted));
  REQUIRE(session.Reaches("g1two", OrderState::kAccepted));
  CHECK(session.host().service->sent_by_socket() == 2);
  CHECK(session.engine().stats().place_batches == 0);
}

TEST_CASE("The outside gate stops an order of a batch before its bytes leave, and that one alone") {
  const Product product = GENERATE(Product::kUsdm, Product::kBybit, Product::kBybitLinear);
  Session session(Wire::kMemory, product);
  REQUIRE(session.Ready());
  session.host().stopped = "g1two";
  session.host().DecideAll(
      {session.Limit("g1one", Side::kBuy, -500'000), session.Limit("g1two", Side::kBuy, -501'000),
       session.Limit("g1three", Side::kBuy, -502'000)},
      10s);
  REQUIRE(session.Reaches("g1one", OrderState::kAccepted));
  REQUIRE(session.Reaches("g1three", OrderState::kAccepted));
  REQUIRE(session.Reaches("g1two", OrderState::kDenied));
  CHECK(session.engine().stats().divided_batches == 1);
  CHECK(session.truth().open_orders() == 2);
  CHECK_FALSE(session.truth().Find("g1two").has_value());
  session.host().Command(market::CommandKind::kCancelAll, {market::ScopeKind::kFirm, ""});
  REQUIRE(session.Reaches("g1one", OrderState::kCanceled));
  REQUIRE(session.Reaches("g1three", OrderState::kCanceled));
  session.Agree();
}

TEST_CASE("A session cancels many orders by batches where the venue has them") {
  const Wire wire = AnyWire();
  const Product product = AnyProduct();
  const bool answered = GENERATE(true, false);
  if (!answered && wire == Wire::kSockets)
    return;  // finding out takes its time: on a real clock not
  Session session(wire, product, InAnyNumber());
  REQUIRE(session.Ready());
  std::vector<std::string> ids;
  for (int i = 0; i < 12; ++i) {
    ids.push_back("g1rests" + std::to_string(i));
    session.host().Decide(session.Limit(ids.back(), Side::kBuy, -500'000 - 1'000 * i), 10s);
    REQUIRE(session.Reaches(ids.back(), OrderState::kAccepted));
  }
  if (!answered) {
    venue_sim::FaultRule rule;
    rule.kind = venue_sim::FaultKind::kLostAnswer;
    rule.of = venue_sim::RequestClass::kCancel;
    rule.times = 1;
    session.ground().gate().Begin({.rules = {rule}});
  }
  session.host().Command(market::CommandKind::kCancelAll, {market::ScopeKind::kFirm, ""});
  for (const std::string& id : ids) REQUIRE(session.Reaches(id, OrderState::kCanceled, 60s));
  CHECK(session.truth().open_orders() == 0);
  // Of 10, and of 10 or 20 on Bybit.
  const uint64_t batches = product == Product::kSpot ? 0 : product == Product::kBybitLinear ? 1 : 2;
  CHECK(session.engine().stats().cancel_batches == batches);
  session.Agree();
}

TEST_CASE("A session's kill switch does not wait for a full count of orders (Binance)") {
  GroundOptions how;
  how.orders_per_10_seconds = 3;  // fewer than the settings know of: others use the account too
  const bool socket = GENERATE(false, true);
  how.configure = [&](ExecutionConfig& config) { config.live.orders_by_socket = socket; };
  Session session(Wire::kMemory, GENERATE(Product::kSpot, Product::kUsdm), how);
  REQUIRE(session.Ready());
  std::vector<std::string> ids;
  const auto refused = [&] { return session.engine().budget().stats().refused_there > 0; };
  for (int i = 0; i < 12 && !refused(); ++i) {
    ids.push_back("g1rests" + std::to_string(i));
    session.host().Decide(session.Limit(ids.back(), Side::kBuy, -500'000 - 1'000 * i), 10s);
    const market::ClientOrderId id(ids.back());
    REQUIRE(session.Until([&] {
      const TrackedOrder* order = session.engine().state().Find(id);
      return refused() || (order != nullptr && order->life.state() == OrderState::kAccepted);
    }));
  }
  REQUIRE(refused());
  REQUIRE(ids.size() > 3);
  CHECK(session.engine().budget().paused_until() == base::Time());
  const market::ClientOrderId last(ids.back());
  ids.pop_back();
  session.host().Command(market::CommandKind::kKill, {market::ScopeKind::kFirm, ""});
  for (const std::string& id : ids) REQUIRE(session.Reaches(id, OrderState::kCanceled, 2s));
  REQUIRE(session.Until([&] { return !session.engine().state().Find(last)->open(); }, 60s));
  CHECK(session.truth().open_orders() == 0);
  session.Agree();
}

TEST_CASE("A session finds what ended while its stream was silent, on Binance by one look") {
  const Product product = AnyProduct();
  Session session(Wire::kMemory, product);
  REQUIRE(session.Ready());
  std::vector<std::string> ids;
  for (int i = 0; i < 8; ++i) {
    ids.push_back("g1rests" + std::to_string(i));
    session.host().Decide(session.Limit(ids.back(), Side::kBuy, -500'000 - 1'000 * i), 10s);
    REQUIRE(session.Reaches(ids.back(), OrderState::kAccepted));
  }
  // Withdrawn by another hand, and the stream tells nothing of it.
  venue_sim::FaultRule silent;
  silent.kind = venue_sim::FaultKind::kLostFrame;
  session.ground().gate().Begin({.rules = {silent}});
  const bool perpetual = product == Product::kUsdm || product == Product::kBybitLinear;
  session.ground().Ask(perpetual ? venue::binance::usdm::CancelAll("BTCUSDT")
                                 : venue::binance::spot::CancelAll("BTCUSDT"));
  for (const std::string& id : ids) REQUIRE(session.Reaches(id, OrderState::kCanceled, 120s));
  session.ground().gate().Begin({});
  const bool binance = product == Product::kSpot || product == Product::kUsdm;
  CHECK((session.engine().stats().histories > 0) == binance);
  session.Agree();
}

TEST_CASE("A session does not trade before the account is set up as the settings say") {
  const Product product = GENERATE(Product::kUsdm, Product::kBybitLinear);
  const auto says = [](Session& session, const std::string& words) {
    return session.Until(
        [&] {
          for (const std::string& problem : session.host().service->health().reasons) {
            if (problem.find(words) != std::string::npos) return true;
          }
          return false;
        },
        10s);
  };
  SECTION("the position mode") {
    GroundOptions how = Hedge();
    how.configure = nullptr;
    // Bybit says its mode with a position, or where a symbol is asked for.
    how.configure = [](ExecutionConfig& config) { config.live.setup.leverage["BTCUSDT"] = 20; };
    Session session(Wire::kMemory, product, how);
    CHECK(says(session, "hedge mode"));
    CHECK_FALSE(session.engine().ready());
    session.host().Decide(session.Limit("g1buy", Side::kBuy, 20'000), 10s);
    CHECK(session.Reaches("g1buy", OrderState::kDenied));
    session.ground().Ask(venue::binance::usdm::SetPositionMode(false));
    CHECK(session.Ready());
    session.Agree();
  }
  SECTION("leverage") {
    GroundOptions how;
    how.configure = [](ExecutionConfig& config) { config.live.setup.leverage["BTCUSDT"] = 5; };
    Session session(Wire::kMemory, product, how);
    CHECK(says(session, "leverage of BTCUSDT is 20 at the venue and 5 in the settings"));
    CHECK_FALSE(session.engine().ready());
    session.ground().Ask(venue::binance::usdm::SetLeverage("BTCUSDT", 5));
    CHECK(session.Ready());
  }
  SECTION("the margin mode") {
    GroundOptions how;
    how.before = {venue::binance::usdm::SetMarginType("BTCUSDT", true)};
    how.configure = [](ExecutionConfig& config) {
      config.live.setup.leverage["BTCUSDT"] = 20;
      config.live.setup.margin = venue::MarginMode::kCross;
    };
    Session session(Wire::kMemory, product, how);
    CHECK(says(session, "margin"));
    CHECK_FALSE(session.engine().ready());
    session.ground().Ask(venue::binance::usdm::SetMarginType("BTCUSDT", false));
    CHECK(session.Ready());
  }
}

TEST_CASE("A session reads every page of the open orders") {
  const Product product = GENERATE(Product::kBybit, Product::kBybitLinear);
  Session session(Wire::kMemory, product);
  REQUIRE(session.Ready());
  constexpr int kOrders = 60;  // a page has 50
  for (int i = 0; i < kOrders; ++i) {
    session.host().Decide(session.Limit("g1n" + std::to_string(i), Side::kBuy, -500'000 - 100 * i),
                          60s);
    session.Run(200ms);
  }
  REQUIRE(session.Until([&] { return session.truth().open_orders() == kOrders; }));
  session.Run(5s);
  const auto before = session.engine().stats();
  REQUIRE(session.Until(
      [&] { return session.engine().stats().reconciliations >= before.reconciliations + 3; }));
  // Nothing was missing in the list, so that nothing was asked for by itself.
  CHECK(session.engine().stats().inquiries == before.inquiries);
  for (int i = 0; i < kOrders; ++i) {
    session.host().CancelOrder("g1c" + std::to_string(i), "g1n" + std::to_string(i));
    session.Run(200ms);
  }
  REQUIRE(session.Until([&] { return session.engine().state().open().empty(); }));
  session.Agree();
}

TEST_CASE("Bybit books funding of contracts from its log, once") {
  Session session(AnyWire(), Product::kBybitLinear);
  REQUIRE(session.Ready());
  session.host().Decide(session.Limit("g1buy", Side::kBuy, 20'000, "0.002"), 10s);
  REQUIRE(session.Reaches("g1buy", OrderState::kFilled));
  const auto before = session.engine().stats().balance_changes;
  venue::Call income;
  income.method = "POST";
  income.path = "/sim/v1/income";
  income.parameters.Text("symbol", "BTCUSDT");
  income.parameters.Text("incomeType", "FUNDING_FEE");
  income.parameters.Text("amount", "1.25");
  income.parameters.Text("direction", "OUT");
  session.ground().Ask(income);
  REQUIRE(session.Until([&] { return session.engine().stats().balance_changes == before + 1; }));
  session.Agree();
  CHECK(session.engine().stats().balance_changes == before + 1);
}

GroundOptions BySocket() {
  GroundOptions how;
  how.configure = [](ExecutionConfig& config) { config.live.orders_by_socket = true; };
  return how;
}
uint64_t Sent(Session& session) { return session.host().service->sent_by_socket(); }
bool ReadyBySocket(Session& session) {
  return session.Ready() &&
         session.Until([&] { return session.host().service->orders_go_by_socket(); });
}

TEST_CASE("Orders go over a WebSocket where the settings say so") {
  const Wire wire = AnyWire();
  Session session(wire, AnyProduct(), BySocket());
  REQUIRE(ReadyBySocket(session));
  market::OrderIntent rests = session.Limit("g1rests", Side::kBuy, -500'000, "0.004");
  session.host().Decide(rests, 10s);
  REQUIRE(session.Reaches("g1rests", OrderState::kAccepted));
  CHECK(Sent(session) == 1);
  market::OrderIntent smaller = session.Limit("g1smaller", Side::kBuy, -500'000, "0.002");
  smaller.kind = market::IntentKind::kAmend;
  smaller.target = rests.client_order_id;
  smaller.price = rests.price;
  session.host().Decide(smaller, 10s);
  REQUIRE(session.Until([&] {
    return session.engine().state().Find(rests.client_order_id)->quantity == smaller.quantity;
  }));
  CHECK(Sent(session) == 2);
  session.host().Decide(session.Limit("g1buy", Side::kBuy, 20'000, "0.002"), 10s);
  REQUIRE(session.Reaches("g1buy", OrderState::kFilled));
  market::OrderIntent other = session.Limit("g1other", Side::kBuy, -400'000);
  other.kind = market::IntentKind::kReplace;
  other.target = market::ClientOrderId("g1rests");
  session.host().Decide(other, 10s);
  REQUIRE(session.Reaches("g1other", OrderState::kAccepted));
  REQUIRE(session.Reaches("g1rests", OrderState::kCanceled));
  market::OrderIntent stop = session.Limit("g1stop", Side::kBuy, 600'000);
  stop.type = market::OrderType::kStopLimit;
  stop.stop_price.mantissa = stop.price.mantissa - 10'000;
  session.host().Decide(stop, 10s);
  REQUIRE(session.Reaches("g1stop", OrderState::kAccepted));
  session.host().CancelOrder("g1c", "g1other");
  session.host().CancelOrder("g1d", "g1stop");
  REQUIRE(session.Reaches("g1other", OrderState::kCanceled));
  REQUIRE(session.Reaches("g1stop", OrderState::kCanceled));
  CHECK(Sent(session) >= 6);
  CHECK(session.engine().stats().unknown_outcomes == 0);
  session.Agree();
  // Turned away there as elsewhere; of a frame there is no other copy, so that this is its end.
  session.host().Decide(session.Limit("g1tiny", Side::kBuy, -500'000, "0.00001"), 10s);
  REQUIRE(session.Reaches("g1tiny", OrderState::kRejected));
  CHECK_FALSE(session.host().Last("g1tiny").venue_code.empty());
  CHECK(session.host().Last("g1tiny").evidence.starts_with("ws:"));
  CHECK(session.engine().stats().turned_away == 0);
  CHECK(session.engine().state().open().empty());
  CHECK(Sent(session) >= 7);
  session.Agree();
  CHECK(session.engine().stats().unknown_outcomes == 0);
}

TEST_CASE("A socket that breaks between order and answer leaves the order UNKNOWN, and one") {
  const Product product = AnyProduct();
  const bool heard = GENERATE(true, false);
  const Wire wire = AnyWire();
  // Proof of absence takes its time: on a real clock once.
  if (!heard && wire == Wire::kSockets && product != Product::kSpot) return;
  GroundOptions how;
  how.configure = [](ExecutionConfig& config) {
    config.live.orders_by_socket = true;
    config.live.request_timeout = 2s;
  };
  Session session(wire, product, how);
  REQUIRE(ReadyBySocket(session));
  CAPTURE(static_cast<int>(product), heard);
  venue_sim::FaultRule rule;
  rule.kind = heard ? venue_sim::FaultKind::kLostAnswer : venue_sim::FaultKind::kLostRequest;
  rule.of = venue_sim::RequestClass::kPlace;
  rule.times = 1;
  session.ground().gate().Begin({.rules = {rule}});
  session.host().Decide(session.Limit("g1lost", Side::kBuy, -500'000), 10s);
  // Of what was heard the stream of own updates may have told already.
  const auto accepted = [&] {
    const TrackedOrder* order = session.engine().state().Find(market::ClientOrderId("g1lost"));
    return order != nullptr && order->life.state() == OrderState::kAccepted;
  };
  REQUIRE(session.Until(
      [&] { return session.engine().stats().unknown_outcomes == 1 || (heard && accepted()); }));
  CHECK(Sent(session) == 1);
  // Found by a query, or proven absent; never sent again.
  REQUIRE(session.Until(
      [&] {
        const TrackedOrder* order = session.engine().state().Find(market::ClientOrderId("g1lost"));
        return order->life.state() == (heard ? OrderState::kAccepted : OrderState::kAbsent);
      },
      60s));
  CHECK(session.truth().open_orders() == (heard ? 1 : 0));
  if (heard) {
    session.host().CancelOrder("g1c", "g1lost");
    REQUIRE(session.Reaches("g1lost", OrderState::kCanceled));
  }
  session.Agree();
}

TEST_CASE("Orders go by REST while their socket is not open") {
  GroundOptions how;
  how.configure = [](ExecutionConfig& config) {
    config.live.orders_by_socket = true;
    config.live.order_url =
        config.live.order_url.substr(0, config.live.order_url.find('/', 5)) + "/nowhere";
  };
  Session session(Wire::kMemory, AnyProduct(), how);
  REQUIRE(session.Ready());
  session.host().Decide(session.Limit("g1rests", Side::kBuy, -500'000), 10s);
  REQUIRE(session.Reaches("g1rests", OrderState::kAccepted));
  session.host().CancelOrder("g1c", "g1rests");
  REQUIRE(session.Reaches("g1rests", OrderState::kCanceled));
  CHECK(Sent(session) == 0);
  CHECK(std::ranges::any_of(session.host().service->health().reasons, [](const std::string& why) {
    return why.starts_with("orders go by REST");
  }));
  session.Agree();
}

}  // namespace
}  // namespace gannet::execution
