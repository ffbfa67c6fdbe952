#include "libs/matching/matching_engine.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "libs/matching/recording_observer.h"

namespace gannet::matching {
namespace {

using market::OrderType;
using market::Price;
using market::Quantity;
using market::Side;
using market::TimeInForce;
using Lines = std::vector<std::string>;

NewOrder Limit(OrderNumber id, Side side, int64_t price, int64_t quantity, OwnerNumber owner = 1) {
  return {.id = id, .owner = owner, .side = side, .price = {price}, .quantity = {quantity}};
}
NewOrder Market(OrderNumber id, Side side, int64_t quantity, OwnerNumber owner = 1) {
  return {
      .id = id, .owner = owner, .side = side, .type = OrderType::kMarket, .quantity = {quantity}};
}
NewOrder Stop(OrderNumber id, Side side, OrderType type, int64_t stop, int64_t quantity,
              int64_t price = 0) {
  return {.id = id,
          .owner = 1,
          .side = side,
          .type = type,
          .price = {price},
          .stop_price = {stop},
          .quantity = {quantity}};
}

struct Fixture {
  RecordingObserver observer;
  MatchingEngine engine{observer};
  Lines Submit(const NewOrder& order) {
    const Reject reason = engine.Submit(order);
    REQUIRE(reason == Reject::kNone);
    return observer.Take();
  }
};

TEST_CASE("MatchingEngine fills at the resting price, best price first, then oldest") {
  Fixture f;
  f.Submit(Limit(1, Side::kSell, 102, 5));
  f.Submit(Limit(2, Side::kSell, 101, 3));
  f.Submit(Limit(3, Side::kSell, 101, 4));
  CHECK(f.Submit(Limit(4, Side::kBuy, 102, 9, 2)) ==
        Lines{"accepted 4 left 9", "match 4 with 2 at 101 x 3", "done 2 filled left 0",
              "match 4 with 3 at 101 x 4", "done 3 filled left 0", "match 4 with 1 at 102 x 2",
              "done 4 filled left 0"});
  CHECK(f.engine.best(Side::kSell) == market::Level{{102}, {3}});
  CHECK(f.engine.last_price() == Price{102});
  CHECK_FALSE(f.engine.best(Side::kBuy));
}

TEST_CASE("MatchingEngine rests what a GTC order did not fill") {
  Fixture f;
  f.Submit(Limit(1, Side::kSell, 100, 2));
  f.Submit(Limit(2, Side::kBuy, 101, 5));
  CHECK(f.engine.best(Side::kBuy) == market::Level{{101}, {3}});
  CHECK(f.engine.Find(2)->remaining() == Quantity{3});
  CHECK(f.engine.Find(1) == nullptr);
}

TEST_CASE("MatchingEngine expires what IOC, FOK and market orders leave over") {
  Fixture f;
  f.Submit(Limit(1, Side::kSell, 100, 2));
  NewOrder ioc = Limit(2, Side::kBuy, 100, 5);
  ioc.time_in_force = TimeInForce::kIoc;
  CHECK(f.Submit(ioc) == Lines{"accepted 2 left 5", "match 2 with 1 at 100 x 2",
                               "done 1 filled left 0", "done 2 expired left 3"});
  f.Submit(Limit(3, Side::kSell, 100, 2));
  NewOrder fok = Limit(4, Side::kBuy, 100, 3);
  fok.time_in_force = TimeInForce::kFok;
  CHECK(f.Submit(fok) == Lines{"accepted 4 left 3", "done 4 expired left 3"});
  fok.id = 5;
  fok.quantity = {2};
  CHECK(f.Submit(fok) == Lines{"accepted 5 left 2", "match 5 with 3 at 100 x 2",
                               "done 3 filled left 0", "done 5 filled left 0"});
  CHECK(f.Submit(Market(6, Side::kBuy, 1)) == Lines{"accepted 6 left 1", "done 6 expired left 1"});
  CHECK(f.engine.open_orders() == 0);
}

TEST_CASE("MatchingEngine refuses a post-only order that would match") {
  Fixture f;
  f.Submit(Limit(1, Side::kSell, 100, 2));
  NewOrder maker = Limit(2, Side::kBuy, 100, 1);
  maker.time_in_force = TimeInForce::kPostOnly;
  CHECK(f.engine.Submit(maker) == Reject::kWouldTake);
  CHECK(f.observer.lines().empty());
  maker.price = {99};
  CHECK(f.Submit(maker) == Lines{"accepted 2 left 1"});
}

TEST_CASE("MatchingEngine keeps priority on a reduction and loses it on anything else") {
  Fixture f;
  f.Submit(Limit(1, Side::kSell, 100, 5));
  f.Submit(Limit(2, Side::kSell, 100, 5));
  REQUIRE(f.engine.Amend(1, {100}, {2}) == Reject::kNone);
  CHECK(f.observer.Take() == Lines{"amended 1 left 2"});
  CHECK(f.engine.quantity_at(Side::kSell, {100}) == Quantity{7});
  f.Submit(Limit(3, Side::kBuy, 100, 1));
  CHECK(f.engine.Find(1)->remaining() == Quantity{1});
  REQUIRE(f.engine.Amend(1, {100}, {4}) == Reject::kNone);  // more: to the back
  f.observer.Take();
  CHECK(f.Submit(Limit(4, Side::kBuy, 100, 1))[1] == "match 4 with 2 at 100 x 1");
  REQUIRE(f.engine.Amend(1, {100}, {1}) == Reject::kNone);  // at what is filled: nothing left
  CHECK(f.observer.Take() == Lines{"done 1 canceled left 3"});
  CHECK(f.engine.Amend(99, {100}, {1}) == Reject::kUnknownOrder);
  CHECK(f.engine.Amend(2, {0}, {1}) == Reject::kBadOrder);
}

TEST_CASE("MatchingEngine matches an order whose price was moved through the book") {
  Fixture f;
  f.Submit(Limit(1, Side::kSell, 105, 5));
  f.Submit(Limit(2, Side::kBuy, 100, 2));
  REQUIRE(f.engine.Amend(1, {99}, {5}) == Reject::kNone);
  CHECK(f.observer.Take() ==
        Lines{"amended 1 left 5", "match 1 with 2 at 100 x 2", "done 2 filled left 0"});
  CHECK(f.engine.best(Side::kSell) == market::Level{{99}, {3}});
}

TEST_CASE("MatchingEngine replaces as one step or not at all") {
  Fixture f;
  f.Submit(Limit(1, Side::kSell, 105, 5));
  f.Submit(Limit(2, Side::kBuy, 100, 2));
  NewOrder next = Limit(2, Side::kBuy, 105, 1);
  next.time_in_force = TimeInForce::kPostOnly;
  CHECK(f.engine.Replace(2, next) == Reject::kWouldTake);
  CHECK(f.engine.Find(2)->price == Price{100});
  next.price = {101};
  CHECK(f.engine.Replace(2, next) == Reject::kNone);
  CHECK(f.observer.Take() == Lines{"done 2 replaced left 2", "accepted 2 left 1"});
  next.id = 1;
  CHECK(f.engine.Replace(2, next) == Reject::kDuplicate);
  CHECK(f.engine.Replace(77, next) == Reject::kUnknownOrder);
}

TEST_CASE("MatchingEngine prevents self-trades in each mode") {
  const auto run = [](SelfTrade mode) {
    Fixture f;
    f.Submit(Limit(1, Side::kSell, 100, 2, 7));
    f.Submit(Limit(2, Side::kSell, 100, 3, 8));
    NewOrder taker = Limit(3, Side::kBuy, 100, 4, 7);
    taker.self_trade = mode;
    return f.Submit(taker);
  };
  CHECK(run(SelfTrade::kNone) == Lines{"accepted 3 left 4", "match 3 with 1 at 100 x 2",
                                       "done 1 filled left 0", "match 3 with 2 at 100 x 2",
                                       "done 3 filled left 0"});
  CHECK(run(SelfTrade::kExpireTaker) ==
        Lines{"accepted 3 left 4", "prevented 3 with 1 x 2", "done 3 self-trade left 4"});
  CHECK(run(SelfTrade::kExpireMaker) == Lines{"accepted 3 left 4", "prevented 3 with 1 x 2",
                                              "done 1 self-trade left 2",
                                              "match 3 with 2 at 100 x 3", "done 2 filled left 0"});
  CHECK(run(SelfTrade::kExpireBoth) == Lines{"accepted 3 left 4", "prevented 3 with 1 x 2",
                                             "done 1 self-trade left 2",
                                             "done 3 self-trade left 4"});
}

TEST_CASE("MatchingEngine counts own orders out of a fill-or-kill") {
  Fixture f;
  f.Submit(Limit(1, Side::kSell, 100, 2, 7));
  f.Submit(Limit(2, Side::kSell, 100, 3, 8));
  NewOrder taker = Limit(3, Side::kBuy, 100, 4, 7);
  taker.time_in_force = TimeInForce::kFok;
  taker.self_trade = SelfTrade::kExpireMaker;
  CHECK(f.Submit(taker) == Lines{"accepted 3 left 4", "done 3 expired left 4"});
  taker.id = 4;
  taker.quantity = {3};
  f.Submit(taker);
  CHECK(f.engine.open_orders() == 0);
}

TEST_CASE("MatchingEngine triggers stops on trades, oldest first, and cascades") {
  Fixture f;
  f.Submit(Limit(1, Side::kBuy, 100, 1, 2));
  f.Submit(Limit(2, Side::kBuy, 99, 1, 2));
  f.Submit(Limit(3, Side::kBuy, 98, 10, 2));
  f.Submit(Stop(11, Side::kSell, OrderType::kStop, 99, 1));
  f.Submit(Stop(10, Side::kSell, OrderType::kStop, 100, 1));
  f.Submit(Stop(12, Side::kSell, OrderType::kStopLimit, 98, 2, 98));
  f.Submit(Stop(13, Side::kBuy, OrderType::kTakeProfit, 97, 1));
  CHECK(f.engine.open_orders() == 7);
  CHECK(f.Submit(Market(20, Side::kSell, 1, 3)) ==
        Lines{"accepted 20 left 1", "match 20 with 1 at 100 x 1", "done 1 filled left 0",
              "done 20 filled left 0", "triggered 10 left 1", "match 10 with 2 at 99 x 1",
              "done 2 filled left 0", "done 10 filled left 0", "triggered 11 left 1",
              "match 11 with 3 at 98 x 1", "done 11 filled left 0", "triggered 12 left 2",
              "match 12 with 3 at 98 x 2", "done 12 filled left 0"});
  CHECK(f.engine.Submit(Stop(14, Side::kSell, OrderType::kStop, 98, 1)) == Reject::kWouldTrigger);
  CHECK(f.engine.Cancel(13) == Reject::kNone);
  CHECK(f.engine.Cancel(13) == Reject::kUnknownOrder);
}

// Trades at these prices among others; what is told of order 1 by the last of them.
struct Trail {
  RecordingObserver observer;
  MatchingEngine engine{observer};
  OrderNumber next = 100;
  bool TriggeredBy(std::initializer_list<int64_t> prices) {
    Lines told;
    for (const int64_t price : prices) {
      REQUIRE_FALSE(engine.Find(1)->triggered);
      REQUIRE(engine.Submit(Limit(next++, Side::kSell, price, 1, 2)) == Reject::kNone);
      REQUIRE(engine.Submit(Limit(next++, Side::kBuy, price, 1, 3)) == Reject::kNone);
      told = observer.Take();
    }
    return std::find(told.begin(), told.end(), "triggered 1 left 1") != told.end();
  }
};

// The scenarios of Binance's trailing stop FAQ.
TEST_CASE("MatchingEngine trails the price with a stop from the next trade on") {
  Trail t;
  NewOrder sell = Stop(1, Side::kSell, OrderType::kStop, 0, 1);
  sell.trailing_bps = 700;
  REQUIRE(t.engine.Submit(sell) == Reject::kNone);
  CHECK_FALSE(t.TriggeredBy({40'000, 42'000, 39'500, 45'500, 42'316}));
  CHECK(t.TriggeredBy({42'315}));
  CHECK(t.engine.Find(1) == nullptr);
}

TEST_CASE("MatchingEngine lets a trailing stop track once its stop price is reached") {
  const auto buy = [](OrderType type, int64_t stop, uint32_t bps) {
    NewOrder order = Stop(1, Side::kBuy, type, stop, 1);
    order.trailing_bps = bps;
    return order;
  };
  Trail loss;
  REQUIRE(loss.engine.Submit(buy(OrderType::kStop, 44'000, 500)) == Reject::kNone);
  CHECK_FALSE(loss.TriggeredBy({40'000, 37'000, 44'000, 46'000, 42'000, 44'099}));
  CHECK(loss.TriggeredBy({44'100}));
  Trail profit;
  REQUIRE(profit.engine.Submit(buy(OrderType::kTakeProfit, 38'000, 850)) == Reject::kNone);
  CHECK_FALSE(profit.TriggeredBy({40'000, 42'000, 38'000, 37'000, 39'000, 38'000, 40'144}));
  // What it has seen is part of the state.
  wire::CanonicalWriter writer;
  profit.engine.Save(writer);
  Trail restored;
  restored.next = profit.next;
  wire::CanonicalReader reader(writer.bytes());
  REQUIRE(restored.engine.Load(reader).ok());
  CHECK(restored.TriggeredBy({40'145}));
  CHECK(restored.engine.Submit(buy(OrderType::kTakeProfit, 50'000, 850)) == Reject::kWouldTrigger);
  CHECK(restored.engine.Submit(buy(OrderType::kTakeProfit, 0, 10'000)) == Reject::kBadOrder);
  CHECK(restored.engine.Submit(buy(OrderType::kStop, 0, 850)) == Reject::kNone);
  CHECK(restored.engine.Cancel(1) == Reject::kNone);
  CHECK(restored.engine.open_orders() == 0);
}

TEST_CASE("MatchingEngine protects market orders and honours a budget") {
  RecordingObserver observer;
  MatchingEngine engine(observer, {.market_protection_ppm = 20'000});
  REQUIRE(engine.Submit(Limit(1, Side::kSell, 100, 1)) == Reject::kNone);
  REQUIRE(engine.Submit(Limit(2, Side::kSell, 102, 1)) == Reject::kNone);
  REQUIRE(engine.Submit(Limit(3, Side::kSell, 103, 5)) == Reject::kNone);
  observer.Take();
  REQUIRE(engine.Submit(Market(4, Side::kBuy, 5)) == Reject::kNone);
  CHECK(observer.Take().back() == "done 4 expired left 3");
  NewOrder by_value = Market(5, Side::kBuy, INT64_MAX);
  by_value.budget = 103 * 3 + 50;
  by_value.lot = {1};
  REQUIRE(engine.Submit(by_value) == Reject::kNone);
  CHECK(observer.matches().back().quantity == 3);
  CHECK(observer.Take().back().starts_with("done 5 filled"));
}

TEST_CASE("MatchingEngine answers malformed orders with a reject") {
  Fixture f;
  const auto rejected = [&](NewOrder order) { return f.engine.Submit(order) == Reject::kBadOrder; };
  CHECK(rejected(Limit(0, Side::kBuy, 1, 1)));
  CHECK(rejected(Limit(1, Side::kBuy, 0, 1)));
  CHECK(rejected(Limit(1, Side::kBuy, -5, 1)));
  CHECK(rejected(Limit(1, Side::kBuy, 1, 0)));
  CHECK(rejected(Limit(1, static_cast<Side>(9), 1, 1)));
  CHECK(rejected(Stop(1, Side::kBuy, OrderType::kStop, 0, 1)));
  NewOrder order = Limit(1, Side::kBuy, 1, 1);
  order.type = OrderType::kTrailingStop;
  CHECK(rejected(order));
  order = Limit(1, Side::kBuy, 1, 1);
  order.time_in_force = TimeInForce::kGtd;
  CHECK(rejected(order));
  order = Market(1, Side::kBuy, 1);
  order.time_in_force = TimeInForce::kPostOnly;
  CHECK(rejected(order));
  f.Submit(Limit(1, Side::kBuy, 1, 1));
  CHECK(f.engine.Submit(Limit(1, Side::kBuy, 1, 1)) == Reject::kDuplicate);
}

TEST_CASE("MatchingEngine bounds its open orders") {
  RecordingObserver observer;
  MatchingEngine engine(observer, {.max_open_orders = 2});
  CHECK(engine.Submit(Limit(1, Side::kBuy, 1, 1)) == Reject::kNone);
  CHECK(engine.Submit(Limit(2, Side::kBuy, 1, 1)) == Reject::kNone);
  CHECK(engine.Submit(Limit(3, Side::kBuy, 1, 1)) == Reject::kFull);
  CHECK(engine.Replace(2, Limit(3, Side::kBuy, 2, 1)) == Reject::kNone);
}

TEST_CASE("MatchingEngine continues from its saved state as if never stopped") {
  const auto drive = [](MatchingEngine& engine, OrderNumber first) {
    for (OrderNumber id = first; id < first + 60; ++id) {
      const Side side = id % 2 ? Side::kBuy : Side::kSell;
      (void)engine.Submit(Limit(id, side, 100 + static_cast<int64_t>(id * 7 % 11) - 5,
                                static_cast<int64_t>(id % 5) + 1));
      if (id % 6 == 0)
        (void)engine.Submit(
            Stop(1000 + id, side, OrderType::kStop, side == Side::kBuy ? 104 : 96, 2));
      if (id % 9 == 0) (void)engine.Cancel(id - 3);
    }
  };
  RecordingObserver one, two;
  MatchingEngine engine(one), restored(two);
  drive(engine, 1);
  wire::CanonicalWriter writer;
  engine.Save(writer);
  wire::CanonicalReader reader(writer.bytes());
  REQUIRE(restored.Load(reader).ok());
  CHECK(reader.done());
  one.Take();
  drive(engine, 200);
  drive(restored, 200);
  CHECK(one.lines() == two.lines());
  wire::CanonicalWriter after_one, after_two;
  engine.Save(after_one);
  restored.Save(after_two);
  CHECK(after_one.bytes() == after_two.bytes());
}

TEST_CASE("MatchingEngine refuses damaged state and is empty after it") {
  RecordingObserver observer;
  MatchingEngine engine(observer);
  REQUIRE(engine.Submit(Limit(1, Side::kBuy, 5, 5)) == Reject::kNone);
  wire::CanonicalWriter writer;
  engine.Save(writer);
  for (size_t length = 0; length < writer.bytes().size(); ++length) {
    wire::CanonicalReader reader(std::string_view(writer.bytes()).substr(0, length));
    CHECK_FALSE(engine.Load(reader).ok());
  }
  CHECK(engine.open_orders() == 0);
}

}  // namespace
}  // namespace gannet::matching
