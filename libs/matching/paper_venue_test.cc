#include "libs/matching/paper_venue.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/property_suite.h"
#include "libs/base/rng.h"

namespace gannet::matching {
namespace {

using namespace std::chrono_literals;
using market::ClientOrderId;
using market::Liquidity;
using market::OrderType;
using market::Price;
using market::Quantity;
using market::Side;
using market::TimeInForce;
using Kind = PaperEventKind;

const market::InstrumentId kBtc("binance-spot:BTCUSDT");

market::Instrument Bitcoin() {
  market::Instrument instrument;
  instrument.id = kBtc;
  instrument.base = market::AssetId("BTC");
  instrument.quote = instrument.settle = market::AssetId("USDT");
  instrument.price_scale = 2;
  instrument.quantity_scale = 3;
  instrument.tick = {1};
  instrument.lot = {1};
  instrument.min_quantity = {1};
  instrument.min_notional = market::Money(1, 0);
  return instrument;
}

base::Time At(int64_t ms) { return base::FromUnixMillis(1'700'000'000'000 + ms); }

struct Fixture {
  explicit Fixture(PaperOptions options = {}, int64_t lot = 1) : venue(options) {
    market::Instrument instrument = Bitcoin();
    instrument.lot = instrument.min_quantity = {lot};
    venue.OnInstrument(instrument);
    Book(true, {{{9990}, {3000}}, {{9980}, {5000}}}, {{{10000}, {2000}}, {{10010}, {4000}}});
  }
  void Book(bool snapshot, std::vector<market::Level> bids, std::vector<market::Level> asks) {
    market::BookUpdate update;
    update.instrument = kBtc;
    update.state = market::BookState::kValid;
    update.snapshot = snapshot;
    update.bids = std::move(bids);
    update.asks = std::move(asks);
    venue.OnBook(update, At(now));
  }
  void Trade(int64_t price, int64_t quantity, Side aggressor) {
    venue.OnTrade(
        {.instrument = kBtc, .price = {price}, .quantity = {quantity}, .aggressor = aggressor},
        At(now));
  }
  PaperOrder Order(const std::string& id, Side side, int64_t price, int64_t quantity) {
    PaperOrder order;
    order.client_order_id = ClientOrderId(id);
    order.instrument = kBtc;
    order.side = side;
    order.price = {price};
    order.quantity = {quantity};
    return order;
  }
  std::vector<PaperEvent> Submit(const PaperOrder& order) {
    venue.Submit(order, At(now));
    return venue.Take();
  }
  std::vector<PaperEvent> Submit(const std::string& id, Side side, int64_t price,
                                 int64_t quantity) {
    return Submit(Order(id, side, price, quantity));
  }
  int64_t Ahead(const std::string& id) { return venue.Find(ClientOrderId(id))->ahead.mantissa; }

  PaperVenue venue;
  int64_t now = 0;
};

std::vector<Kind> Kinds(const std::vector<PaperEvent>& events) {
  std::vector<Kind> kinds;
  for (const PaperEvent& event : events) kinds.push_back(event.kind);
  return kinds;
}

TEST_CASE("PaperVenue fills a taker along the visible book and charges the taker fee") {
  Fixture f({.maker_fee_ppm = 200, .taker_fee_ppm = 1000});
  const auto events = f.Submit("a", Side::kBuy, 10010, 3000);
  REQUIRE(Kinds(events) == std::vector{Kind::kAccepted, Kind::kFill, Kind::kFill});
  CHECK(events[1].price == Price{10000});
  CHECK(events[1].quantity == Quantity{2000});
  CHECK(events[1].fee.ToString() == "0.2");  // 0.1 % of 100.00 × 2.000
  CHECK(events[1].fee_asset.text() == "USDT");
  CHECK(events[1].liquidity == Liquidity::kTaker);
  CHECK(events[2].price == Price{10010});
  CHECK(events[2].cumulative == Quantity{3000});
  CHECK(events[1].trade_id != events[2].trade_id);
  CHECK(f.venue.Find(ClientOrderId("a"))->state == market::OrderState::kFilled);
  CHECK(f.venue.OpenOrders().empty());
}

TEST_CASE("PaperVenue takes the same visible quantity only once until the market renews it") {
  Fixture f;
  f.Submit("a", Side::kBuy, 10000, 1500);
  auto second = f.Order("b", Side::kBuy, 10000, 1500);
  second.time_in_force = TimeInForce::kIoc;
  auto events = f.Submit(second);
  REQUIRE(Kinds(events) == std::vector{Kind::kAccepted, Kind::kFill, Kind::kExpired});
  CHECK(events[1].quantity == Quantity{500});
  second.client_order_id = ClientOrderId("c");
  CHECK(Kinds(f.Submit(second)) == std::vector{Kind::kAccepted, Kind::kExpired});
  f.Book(false, {}, {{{10000}, {2600}}});  // 600 more than was there
  second.client_order_id = ClientOrderId("d");
  CHECK(f.Submit(second)[1].quantity == Quantity{600});
  f.Book(false, {}, {{{10000}, {0}}});
  f.Book(false, {}, {{{10000}, {700}}});  // another level at that price
  second.client_order_id = ClientOrderId("e");
  CHECK(f.Submit(second)[1].quantity == Quantity{700});
}

TEST_CASE(
    "PaperVenue queues a maker behind the visible level and fills from what a trade leaves over") {
  Fixture f({.maker_fee_ppm = 100});
  CHECK(Kinds(f.Submit("a", Side::kBuy, 9990, 1000)) == std::vector{Kind::kAccepted});
  CHECK(f.Ahead("a") == 3000);
  f.Trade(9990, 2000, Side::kSell);
  CHECK(f.Ahead("a") == 1000);
  CHECK(f.venue.Take().empty());
  f.Book(false, {{{9990}, {1000}}}, {});  // shows the trade: nothing was cancelled
  CHECK(f.Ahead("a") == 1000);
  f.Trade(9990, 1400, Side::kSell);
  auto events = f.venue.Take();
  REQUIRE(Kinds(events) == std::vector{Kind::kFill});
  CHECK(events[0].quantity == Quantity{400});
  CHECK(events[0].liquidity == Liquidity::kMaker);
  f.Trade(9990, 900, Side::kBuy);  // an aggressor of our own side meets the other one
  CHECK(f.venue.Take().empty());
  f.Trade(9985, 50, Side::kSell);  // through our price: we stood before it
  events = f.venue.Take();
  REQUIRE(events.size() == 1);
  CHECK(events[0].price == Price{9990});
  CHECK(events[0].quantity == Quantity{50});
}

TEST_CASE("PaperVenue shares cancellations at its price in proportion, rounded against us") {
  Fixture f;
  f.Submit("a", Side::kBuy, 9990, 1000);
  f.Book(false, {{{9990}, {6000}}}, {});  // 3000 joined behind us
  CHECK(f.Ahead("a") == 3000);
  f.Book(false, {{{9990}, {4001}}}, {});  // 1999 of 6000 left: half of them stood before us
  CHECK(f.Ahead("a") == 2001);            // 3000 × 4001 / 6000 = 2000.5, up
  f.Book(true, {{{9990}, {1500}}},
         {{{10000}, {2000}}});  // a new snapshot proves only the upper bound
  CHECK(f.Ahead("a") == 1500);
}

TEST_CASE("PaperVenue with cancels behind moves only when the level is smaller than the queue") {
  Fixture f({.queue_model = QueueModel::kCancelsBehind});
  f.Submit("a", Side::kBuy, 9990, 1000);
  f.Book(false, {{{9990}, {6000}}}, {});
  f.Book(false, {{{9990}, {4000}}}, {});
  CHECK(f.Ahead("a") == 3000);
  f.Book(false, {{{9990}, {1200}}}, {});
  CHECK(f.Ahead("a") == 1200);
}

TEST_CASE("PaperVenue does not count a trade twice when the book shows it first") {
  Fixture f;
  f.Submit("a", Side::kBuy, 9990, 1000);
  f.Book(false, {{{9990}, {1000}}}, {});
  CHECK(f.Ahead("a") == 1000);
  f.Trade(9990, 2000, Side::kSell);  // the reason for the shrinking, late
  CHECK(f.Ahead("a") == 1000);
  CHECK(f.venue.Take().empty());
}

TEST_CASE("PaperVenue counts the first level seen at an unknown price as ahead") {
  Fixture f;
  f.Submit("a", Side::kBuy, 9000, 2000);  // below the visible book
  CHECK(f.Ahead("a") == 0);
  f.Trade(9000, 500, Side::kSell);
  CHECK(f.venue.Take().empty());
  f.Book(false, {{{9000}, {700}}}, {});
  CHECK(f.Ahead("a") == 700);
}

TEST_CASE("PaperVenue fills a maker at its price when the other side crosses it") {
  Fixture f;
  f.Submit("a", Side::kBuy, 9995, 1000);  // inside the spread
  f.Book(false, {}, {{{9994}, {300}}, {{9995}, {200}}});
  auto events = f.venue.Take();
  REQUIRE(Kinds(events) == std::vector{Kind::kFill, Kind::kFill});
  CHECK(events[0].price == Price{9995});
  CHECK(events[1].cumulative == Quantity{500});
  f.Book(false, {}, {{{9994}, {300}}});  // the same quantity, shown again
  CHECK(f.venue.Take().empty());
}

TEST_CASE("PaperVenue carries out time in force") {
  Fixture f;
  auto order = f.Order("post", Side::kBuy, 10000, 10);
  order.time_in_force = TimeInForce::kPostOnly;
  auto events = f.Submit(order);
  REQUIRE(Kinds(events) == std::vector{Kind::kRejected});
  CHECK(events[0].reason == PaperReject::kWouldTake);
  order = f.Order("fok", Side::kBuy, 10010, 6001);
  order.time_in_force = TimeInForce::kFok;
  CHECK(Kinds(f.Submit(order)) == std::vector{Kind::kAccepted, Kind::kExpired});
  order = f.Order("fok2", Side::kBuy, 10010, 6000);
  order.time_in_force = TimeInForce::kFok;
  CHECK(f.Submit(order).back().cumulative == Quantity{6000});
  order = f.Order("gtd", Side::kBuy, 9900, 100);
  order.time_in_force = TimeInForce::kGtd;
  order.expires = At(500);
  f.Submit(order);
  CHECK(f.venue.next_deadline() == At(500));
  f.venue.Advance(At(499));
  CHECK(f.venue.Take().empty());
  f.venue.Advance(At(500));
  CHECK(Kinds(f.venue.Take()) == std::vector{Kind::kExpired});
}

TEST_CASE("PaperVenue changes orders in place: smaller keeps its place, the rest joins anew") {
  Fixture f;
  REQUIRE(Kinds(f.Submit("a", Side::kBuy, 9990, 500)) == std::vector{Kind::kAccepted});
  f.Trade(9990, 1000, Side::kSell);
  CHECK(f.Ahead("a") == 2000);
  const auto amend = [&](const char* id, int64_t price, int64_t quantity) {
    f.venue.Amend(ClientOrderId(id), {price}, {quantity}, At(f.now));
    return f.venue.Take();
  };
  auto events = amend("a", 9990, 300);
  REQUIRE(Kinds(events) == std::vector{Kind::kAmended});
  CHECK(events[0].quantity.mantissa == 300);
  CHECK(f.Ahead("a") == 2000);
  REQUIRE(Kinds(amend("a", 9990, 400)) == std::vector{Kind::kAmended});
  CHECK(f.Ahead("a") == 3000);
  REQUIRE(Kinds(amend("a", 9980, 400)) == std::vector{Kind::kAmended});
  CHECK(f.Ahead("a") == 5000);
  events = amend("a", 10000, 2500);  // takes what is there, the rest stands first
  REQUIRE(Kinds(events) == std::vector{Kind::kAmended, Kind::kFill});
  CHECK(events[1].cumulative.mantissa == 2000);
  events = amend("a", 10000, 2000);
  REQUIRE(Kinds(events) == std::vector{Kind::kAmendRejected});
  CHECK(events[0].reason == PaperReject::kBadQuantity);  // as much is filled
  CHECK(f.venue.Find(ClientOrderId("a"))->remaining().mantissa == 500);
  CHECK(amend("b", 10000, 1)[0].reason == PaperReject::kUnknownOrder);
  PaperOrder maker = f.Order("c", Side::kBuy, 9990, 500);
  maker.time_in_force = market::TimeInForce::kPostOnly;
  REQUIRE(Kinds(f.Submit(maker)) == std::vector{Kind::kAccepted});
  CHECK(amend("c", 10010, 500)[0].reason == PaperReject::kWouldTake);
  CHECK(f.venue.Find(ClientOrderId("c"))->order.price.mantissa == 9990);
}

TEST_CASE("PaperVenue lets orders and cancels arrive after their latency") {
  Fixture f({.order_latency = 20ms, .cancel_latency = 5ms});
  f.venue.Submit(f.Order("a", Side::kBuy, 10000, 500), At(0));
  CHECK(f.venue.next_deadline() == At(20));
  f.venue.Cancel(ClientOrderId("a"), At(1));  // overtakes the order: the venue does not know it yet
  f.now = 10;
  f.Book(false, {}, {{{10000}, {0}}});  // the price is gone before the order is there
  auto events = f.venue.Take();
  REQUIRE(Kinds(events) == std::vector{Kind::kCancelRejected});
  CHECK(events[0].time == At(6));
  f.venue.Advance(At(20));
  CHECK(Kinds(f.venue.Take()) == std::vector{Kind::kAccepted});
  f.venue.Cancel(ClientOrderId("a"), At(30));
  f.venue.Advance(At(35));
  CHECK(Kinds(f.venue.Take()) == std::vector{Kind::kCanceled});
}

TEST_CASE("PaperVenue triggers stops on trades only") {
  Fixture f;
  auto stop = f.Order("s", Side::kSell, 0, 1000);
  stop.type = OrderType::kStop;
  stop.stop_price = {9985};
  CHECK(Kinds(f.Submit(stop)) == std::vector{Kind::kAccepted});
  f.Book(false, {{{9990}, {0}}}, {});
  CHECK(f.venue.Take().empty());
  f.Trade(9986, 10, Side::kSell);
  CHECK(f.venue.Take().empty());
  f.Trade(9985, 10, Side::kSell);
  const auto events = f.venue.Take();
  REQUIRE(Kinds(events) == std::vector{Kind::kTriggered, Kind::kFill});
  CHECK(events[1].price == Price{9980});
  stop.client_order_id = ClientOrderId("t");
  stop.stop_price = {9990};
  CHECK(f.Submit(stop)[0].reason == PaperReject::kWouldTrigger);
  auto profit = f.Order("p", Side::kSell, 10000, 100);
  profit.type = OrderType::kTakeProfitLimit;
  profit.stop_price = {10000};
  f.Submit(profit);
  f.Trade(10000, 10, Side::kBuy);
  CHECK(Kinds(f.venue.Take()) == std::vector{Kind::kTriggered});
  CHECK(f.Ahead("p") == 2000);
}

PaperOrder SellStop(Fixture& f, int64_t stop_price, int64_t quantity) {
  PaperOrder stop = f.Order("s", Side::kSell, 0, quantity);
  stop.type = OrderType::kStop;
  stop.stop_price = {stop_price};
  return stop;
}

TEST_CASE("PaperVenue's stops do not get what the trade that triggered them has taken") {
  Fixture f;
  f.Submit(SellStop(f, 9985, 5000));
  f.Trade(9990, 3000, Side::kSell);
  f.Trade(9980, 1000, Side::kSell);  // of one seller: the book is older than both
  auto events = f.venue.Take();
  REQUIRE(Kinds(events) == std::vector{Kind::kTriggered, Kind::kFill, Kind::kExpired});
  CHECK(events[1].price == Price{9980});
  CHECK(events[1].quantity == Quantity{4000});
  // Nor does who comes before the next book.
  Fixture g;
  g.Trade(10010, 1000, Side::kBuy);
  events = g.Submit("a", Side::kBuy, 10010, 5000);
  REQUIRE(Kinds(events) == std::vector{Kind::kAccepted, Kind::kFill});
  CHECK(events[1].price == Price{10010});
  CHECK(events[1].quantity == Quantity{3000});
  g.Book(false, {}, {{{10000}, {100}}});  // there again
  CHECK(g.venue.Take().at(0).quantity == Quantity{100});
}

TEST_CASE("PaperVenue takes a trade off a book once that shows it already") {
  Fixture f;
  f.Submit(SellStop(f, 9985, 5000));
  f.Book(false, {{{9990}, {500}}, {{9980}, {4500}}}, {});
  f.Trade(9990, 2500, Side::kSell);
  f.Trade(9980, 500, Side::kSell);
  const auto events = f.venue.Take();
  REQUIRE(Kinds(events) == std::vector{Kind::kTriggered, Kind::kFill, Kind::kFill});
  CHECK(events[1].quantity == Quantity{500});
  CHECK(events[2].quantity == Quantity{4500});
}

TEST_CASE("PaperVenue's stops wait for a book when a trade went beyond all that is visible") {
  Fixture f;
  f.Submit(SellStop(f, 9985, 1000));
  f.Trade(9950, 10, Side::kSell);
  CHECK(Kinds(f.venue.Take()) == std::vector{Kind::kTriggered});
  f.Trade(9990, 10, Side::kSell);
  CHECK(f.venue.Take().empty());
  f.Book(true, {{{9940}, {2000}}}, {{{9960}, {2000}}});
  const auto events = f.venue.Take();
  REQUIRE(Kinds(events) == std::vector{Kind::kFill});
  CHECK(events[0].price == Price{9940});
}

TEST_CASE("PaperVenue prevents a trade with itself") {
  Fixture f;
  f.Submit("maker", Side::kBuy, 9995, 100);
  auto events = f.Submit("taker", Side::kSell, 9990, 100);
  REQUIRE(Kinds(events) == std::vector{Kind::kAccepted, Kind::kExpired, Kind::kFill});
  CHECK(events[1].client_order_id.text() == "maker");
  Fixture g({.self_trade = SelfTrade::kExpireTaker});
  g.Submit("maker", Side::kBuy, 9995, 100);
  events = g.Submit("taker", Side::kSell, 9990, 100);
  REQUIRE(Kinds(events) == std::vector{Kind::kAccepted, Kind::kExpired});
  CHECK(events[1].client_order_id.text() == "taker");
  CHECK(g.venue.stats().self_trades_prevented == 1);
}

TEST_CASE("PaperVenue limits how far a market order goes") {
  Fixture f({.market_protection_ppm = 500});
  auto order = f.Order("m", Side::kBuy, 0, 5000);
  order.type = OrderType::kMarket;
  const auto events = f.Submit(order);
  REQUIRE(Kinds(events) == std::vector{Kind::kAccepted, Kind::kFill, Kind::kExpired});
  CHECK(events[1].quantity == Quantity{2000});
}

TEST_CASE("PaperVenue pays fees in the received asset where asked") {
  Fixture f({.taker_fee_ppm = 1000, .fee_asset = FeeAsset::kReceived});
  auto events = f.Submit("a", Side::kBuy, 10000, 1000);
  CHECK(events[1].fee.ToString() == "0.001");
  CHECK(events[1].fee_asset.text() == "BTC");
  events = f.Submit("b", Side::kSell, 9990, 1000);
  CHECK(events[1].fee.ToString() == "0.0999");
  CHECK(events[1].fee_asset.text() == "USDT");
}

TEST_CASE("PaperVenue refuses what a venue would refuse") {
  Fixture f;
  const auto reason = [&f](const PaperOrder& order) { return f.Submit(order)[0].reason; };
  auto order = f.Order("x", Side::kBuy, 9990, 100);
  order.instrument = market::InstrumentId("binance-spot:NONE");
  CHECK(reason(order) == PaperReject::kUnknownInstrument);
  CHECK(reason(f.Order("x", Side::kBuy, 0, 100)) == PaperReject::kBadPrice);
  CHECK(reason(f.Order("x", Side::kBuy, 9990, 0)) == PaperReject::kBadQuantity);
  CHECK(reason(f.Order("x", Side::kBuy, 9990, 1)) == PaperReject::kBelowMinimum);
  f.Submit("x", Side::kBuy, 9900, 100);
  CHECK(reason(f.Order("x", Side::kBuy, 9900, 100)) == PaperReject::kDuplicate);
  f.venue.Cancel(ClientOrderId("x"), At(0));
  f.venue.Take();
  CHECK(Kinds(f.Submit("x", Side::kBuy, 9900, 100)) == std::vector{Kind::kAccepted});
  market::BookUpdate invalid;
  invalid.instrument = kBtc;
  f.venue.OnBook(invalid, At(0));
  CHECK(reason(f.Order("y", Side::kBuy, 9900, 100)) == PaperReject::kNoMarket);
}

TEST_CASE("PaperVenue holds market orders to their own bounds, and limits to their value") {
  Fixture f;
  auto bounded = Bitcoin();
  bounded.version = 2;
  bounded.market_lot = {10};
  bounded.min_market_quantity = {20};
  bounded.max_market_quantity = {500};
  bounded.max_notional = market::Money(100, 0);
  bounded.max_notional_limit_only = true;
  f.venue.OnInstrument(bounded);
  const auto market = [&f](int64_t quantity) {
    auto order = f.Order("m" + std::to_string(quantity), Side::kBuy, 0, quantity);
    order.type = market::OrderType::kMarket;
    order.time_in_force = market::TimeInForce::kIoc;
    return f.Submit(order)[0];
  };
  CHECK(market(510).reason == PaperReject::kBadQuantity);
  CHECK(market(10).reason == PaperReject::kBadQuantity);
  CHECK(market(25).reason == PaperReject::kBadQuantity);
  CHECK(market(500).kind == Kind::kAccepted);
  const auto limit = [&f](int64_t quantity) {
    return f.Submit(f.Order("l" + std::to_string(quantity), Side::kBuy, 9900, quantity))[0];
  };
  CHECK(limit(1'011).reason == PaperReject::kBadQuantity);  // 100.089
  CHECK(limit(1'010).kind == Kind::kAccepted);
}

TEST_CASE("PaperVenue fills whole lots though a queue is guessed by its share") {
  Fixture f({}, 10);
  f.Submit("a", Side::kBuy, 9990, 100);   // 3000 are ahead
  f.Book(false, {{{9990}, {5000}}}, {});  // others behind
  f.Book(false, {{{9990}, {4990}}}, {});  // somebody left: 2994 by the share
  f.Trade(9990, 3000, Side::kSell);       // those ahead, and nothing of ours
  CHECK(f.venue.Take().empty());
  f.Trade(9990, 50, Side::kSell);
  const auto events = f.venue.Take();
  REQUIRE(events.size() == 1);
  CHECK(events[0].quantity == Quantity{50});
}

TEST_CASE("PaperVenue takes what only reduces a derivative however little it is worth") {
  Fixture f;
  auto order = f.Order("x", Side::kBuy, 9990, 1);
  order.reduce_only = true;
  CHECK(f.Submit(order)[0].reason == PaperReject::kBelowMinimum);  // spot
  auto perpetual = Bitcoin();
  perpetual.version = 2;
  perpetual.kind = market::InstrumentKind::kPerpetual;
  f.venue.OnInstrument(perpetual);
  CHECK(Kinds(f.Submit(order)) == std::vector{Kind::kAccepted});
  order = f.Order("y", Side::kBuy, 9990, 1);
  CHECK(f.Submit(order)[0].reason == PaperReject::kBelowMinimum);
}

TEST_CASE("PaperVenue cancels what is open when the scale of an instrument changes") {
  Fixture f;
  f.Submit("a", Side::kBuy, 9900, 100);
  auto next = Bitcoin();
  next.version = 2;
  next.price_scale = 4;
  f.venue.OnInstrument(next);
  CHECK(Kinds(f.venue.Take()) == std::vector{Kind::kCanceled});
  f.Trade(9900, 5, Side::kSell);  // still speaks of version 1
  CHECK(f.venue.stats().version_mismatch == 1);
}

TEST_CASE("PaperVenue forgets the oldest closed orders first") {
  Fixture f({.max_closed_orders = 2});
  for (const char* id : {"a", "b", "c"}) f.Submit(id, Side::kBuy, 10010, 10);
  CHECK(f.venue.Find(ClientOrderId("a")) == nullptr);
  CHECK(f.venue.Find(ClientOrderId("c")) != nullptr);
  CHECK(f.venue.stats().closed_forgotten == 1);
}

// Drives a venue with random market and orders; checks quantities as it goes.
struct RandomRun {
  explicit RandomRun(uint64_t seed, PaperOptions options) : rng(seed), f(options) {}

  void Steps(int count) {
    for (int i = 0; i < count; ++i) {
      f.now += static_cast<int64_t>(rng.Below(30));
      const int64_t price = 9990 + rng.Between(-8, 8);
      switch (rng.Below(6)) {
        case 0:
          f.Book(false, {{{std::min<int64_t>(price, 9989)}, {rng.Between(0, 5000)}}}, {});
          break;
        case 1:
          f.Book(false, {}, {{{std::max<int64_t>(price, 9990)}, {rng.Between(0, 5000)}}});
          break;
        case 2:
          f.Trade(price, rng.Between(1, 3000), rng.Chance(0.5) ? Side::kBuy : Side::kSell);
          break;
        case 3:
          f.venue.Cancel(ClientOrderId(std::to_string(rng.Below(next + 1))), At(f.now));
          break;
        default:
          Order(price);
      }
      for (PaperEvent& event : f.venue.Take()) events.push_back(std::move(event));
    }
  }
  void Order(int64_t price) {
    auto order = f.Order(std::to_string(next++), rng.Chance(0.5) ? Side::kBuy : Side::kSell, price,
                         rng.Between(20, 2000));
    static constexpr TimeInForce kTimes[] = {TimeInForce::kGtc, TimeInForce::kIoc,
                                             TimeInForce::kFok, TimeInForce::kPostOnly};
    order.time_in_force = kTimes[rng.Below(4)];
    if (rng.Chance(0.2)) {
      order.type = OrderType::kStopLimit;
      order.stop_price = {order.side == Side::kBuy ? 9996 : 9984};
    }
    f.venue.Submit(order, At(f.now));
  }

  base::Rng rng;
  Fixture f;
  uint64_t next = 0;
  std::vector<PaperEvent> events;
};

TEST_CASE("PaperVenue never fills beyond an order, and is the same after a save in the middle") {
  const auto holds = base::Holds("quantities and restored state", [](uint64_t seed) {
    const PaperOptions options{.order_latency = 10ms, .cancel_latency = 4ms, .taker_fee_ppm = 750};
    RandomRun whole(seed, options), stopped(seed, options);
    whole.Steps(150);
    stopped.Steps(70);
    wire::CanonicalWriter writer;
    stopped.f.venue.Save(writer);
    RandomRun resumed(0, options);
    wire::CanonicalReader reader(writer.bytes());
    RC_ASSERT(resumed.f.venue.Load(reader).ok());
    RC_ASSERT(reader.done());
    resumed.rng.set_state(stopped.rng.state());
    resumed.next = stopped.next;
    resumed.f.now = stopped.f.now;
    resumed.events = stopped.events;
    resumed.Steps(80);
    RC_ASSERT(resumed.events == whole.events);

    std::map<ClientOrderId, Quantity> filled;
    std::map<ClientOrderId, bool> over;
    for (const PaperEvent& event : whole.events) {
      if (event.kind == Kind::kAccepted) filled[event.client_order_id] = {};
      if (event.kind == Kind::kCanceled || event.kind == Kind::kExpired)
        over[event.client_order_id] = true;
      if (event.kind != Kind::kFill) continue;
      RC_ASSERT(!over[event.client_order_id]);
      RC_ASSERT(event.quantity.mantissa > 0);
      filled.at(event.client_order_id) += event.quantity;
      RC_ASSERT(filled.at(event.client_order_id) == event.cumulative);
      RC_ASSERT(event.cumulative <= whole.f.venue.Find(event.client_order_id)->order.quantity);
    }
  });
  CHECK(holds);
}

TEST_CASE("PaperVenue refuses damaged state and is empty after it") {
  Fixture f;
  f.Submit("a", Side::kBuy, 9990, 100);
  wire::CanonicalWriter writer;
  f.venue.Save(writer);
  const std::string& bytes = writer.bytes();
  for (size_t length = 0; length < bytes.size(); length += 7) {
    wire::CanonicalReader reader(std::string_view(bytes).substr(0, length));
    CHECK_FALSE(f.venue.Load(reader).ok());
  }
  CHECK(f.venue.OpenOrders().empty());
}

TEST_CASE("PaperVenue reads state of the versions before") {
  Fixture f;
  f.Submit("a", Side::kBuy, 9990, 100);
  wire::CanonicalWriter writer;
  f.venue.Save(writer);
  std::string bytes = writer.bytes();
  // Without what the order says of reducing, which stands before the venue's id of it.
  bytes.erase(bytes.find("paper-1") - 5, 1);
  for (const char version : {1, 2}) {
    bytes.front() = version;  // nothing was taken from a level
    wire::CanonicalReader reader(bytes);
    PaperVenue loaded(PaperOptions{});
    CHECK(loaded.Load(reader).ok());
    CHECK(loaded.OpenOrders().size() == 1);
  }
}

}  // namespace
}  // namespace gannet::matching
