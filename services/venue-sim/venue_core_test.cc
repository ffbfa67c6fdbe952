#include "services/venue-sim/venue_core.h"

#include <catch2/catch_test_macros.hpp>

#include "services/venue-sim/core_for_test.h"
#include "services/venue-sim/filters.h"

namespace gannet::venue_sim {
namespace {

using namespace std::chrono_literals;
using market::Side;

std::vector<ExecutionType> Types(const std::vector<Execution>& executions) {
  std::vector<ExecutionType> types;
  for (const Execution& execution : executions) types.push_back(execution.type);
  return types;
}

TEST_CASE("VenueCore opens with history, two-sided books and trades in every symbol") {
  CoreFixture f;
  REQUIRE(ListedSymbols().size() >= 10);
  for (SymbolIndex i = 0; i < ListedSymbols().size(); ++i) {
    CAPTURE(ListedSymbols()[i].name);
    const auto bid = f.core.Best(i, Side::kBuy), ask = f.core.Best(i, Side::kSell);
    REQUIRE(bid);
    REQUIRE(ask);
    CHECK(bid->price < ask->price);
    CHECK(f.core.engine(i).depth(Side::kBuy) >= 20);
    CHECK(f.core.engine(i).depth(Side::kSell) >= 20);
    CHECK(f.core.tape(i).Candles(Interval::k1m, 0, INT64_MAX, 1000).size() == 1000);
    CHECK(f.core.tape(i).Candles(Interval::k1h, 0, INT64_MAX, 1000).size() >= 900);
    CHECK(f.core.tape(i).Candles(Interval::k1d, 0, INT64_MAX, 1000).size() >= 300);
    // No leap between what it traded before it opened and after.
    const double start = static_cast<double>(ListedSymbols()[i].start_price);
    CHECK(std::abs(static_cast<double>(bid->price.mantissa) / start - 1) < 0.02);
  }
  CHECK(f.core.ledger().balance(0, "USDT").free == DefaultDeposits().at("USDT"));
}

TEST_CASE("VenueCore's market is lively, moves, and its feeds have no gaps") {
  CoreFixture f;
  std::map<SymbolIndex, uint64_t> before = f.events.trades;
  f.Run(120s);
  for (SymbolIndex i = 0; i < ListedSymbols().size(); ++i) {
    CAPTURE(ListedSymbols()[i].name);
    CHECK(f.events.trades[i] - before[i] >= 30);
    CHECK(f.events.aggregate_trades[i] == f.events.trades[i]);
    const DayFigures day = f.core.tape(i).Day(base::UnixMillis(f.core.now()));
    CHECK(day.high > day.low);
    // The book told level by level is the engine's own.
    for (const Side side : {Side::kBuy, Side::kSell}) {
      const auto& told = f.events.books[{i, side}];
      REQUIRE(told.size() == f.core.engine(i).depth(side));
      for (const auto& [price, quantity] : told) {
        CHECK(f.core.engine(i).quantity_at(side, {price}) == market::Quantity{quantity});
      }
    }
  }
  CHECK(f.events.update_gaps == 0);
  CHECK(f.events.trade_gaps == 0);
  CHECK(f.events.stories.size() >= 5);
  CHECK(f.Conserved());
}

TEST_CASE("VenueCore is the same twice under a seed, and another under another") {
  const auto run = [](uint64_t seed) {
    CoreFixture f(QuickOptions(seed));
    f.Run(10s);
    (void)f.Place(f.Market(Side::kBuy, "0.5"));
    f.Run(10s);
    wire::CanonicalWriter writer;
    f.core.Save(writer);
    return base::Hex(base::Sha256(writer.bytes()));
  };
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
}

TEST_CASE("VenueCore locks for a resting order and gives back on cancel") {
  CoreFixture f;
  const int64_t price = f.best(Side::kBuy) / 100 * 90 / 1'000'000 * 1'000'000;
  auto placed = f.Place(f.Limit(Side::kBuy, price, "0.5"));
  REQUIRE(Ok(placed));
  const VenueOrder& order = Ok(placed)->order;
  CHECK(order.status == OrderStatus::kNew);
  CHECK(order.is_working);
  CHECK(order.request.client_order_id.size() == 22);
  CHECK(f.core.ledger().balance(0, "USDT").locked == QuoteAmount(price, D("0.5")));
  CHECK(Types(f.events.executions) == std::vector{ExecutionType::kNew});
  auto canceled = f.core.Cancel(0, {0, order.order_id, {}}, "bye", f.core.now());
  REQUIRE(Ok(canceled));
  CHECK(Ok(canceled)->order.status == OrderStatus::kCanceled);
  CHECK(Ok(canceled)->cancel_client_order_id == "bye");
  CHECK(f.events.executions.back().client_order_id == "bye");
  CHECK(f.events.executions.back().original_client_order_id == order.request.client_order_id);
  CHECK(f.core.ledger().balance(0, "USDT").locked == 0);
  CHECK(f.core.ledger().balance(0, "USDT").free == DefaultDeposits().at("USDT"));
  canceled = f.core.Cancel(0, {0, order.order_id, {}}, "", f.core.now());
  REQUIRE(Failed(canceled));
  CHECK(Failed(canceled)->code == -2011);
}

TEST_CASE("VenueCore loses an order without a word, and keeps what it did") {
  CoreFixture f;
  const int64_t price = f.best(Side::kSell);  // what stands there, and then it rests
  PlaceRequest request = f.Limit(Side::kBuy, price, "0");
  const market::Level ask = *f.core.Best(0, Side::kSell);
  request.quantity = ask.quantity.mantissa + D("0.5");
  request.client_order_id = "mine";
  const auto placed = f.Place(request);
  REQUIRE(Ok(placed));
  REQUIRE(Ok(placed)->order.status == OrderStatus::kPartiallyFilled);
  const OrderRef ref{0, Ok(placed)->order.order_id, {}};
  const size_t told = f.events.executions.size(), trades = f.core.account_trades(0).size();
  const size_t balances = f.events.balances.size();
  REQUIRE(trades > 0);
  REQUIRE_FALSE(f.core.Lose(0, ref, f.core.now()));
  CHECK(f.core.OpenOrders(0, std::nullopt).empty());
  CHECK(Failed(f.core.FindOrder(0, ref)));
  CHECK(Failed(f.core.FindOrder(0, {0, 0, "mine"})));
  CHECK(f.core.engine(0).Find(ref.order_id) == nullptr);  // nor in the book
  CHECK(f.core.ledger().balance(0, "USDT").locked == 0);
  CHECK(f.core.account_trades(0).size() == trades);
  CHECK(f.events.executions.size() == told);
  CHECK(f.events.balances.size() == balances);
  CHECK(Failed(f.core.Cancel(0, ref, "", f.core.now())));
  CHECK(f.core.Lose(0, ref, f.core.now()));  // it is gone
  f.Run(5s);
  CHECK(Ok(f.Place(f.Limit(Side::kBuy, price / 100 * 90 / 1'000'000 * 1'000'000, "0.5"))));
}

TEST_CASE("VenueCore fills a market order at the book and charges the fee in what is received") {
  CoreFixture f;
  const auto placed = f.Place(f.Market(Side::kBuy, "0.01"));
  REQUIRE(Ok(placed));
  CHECK(Ok(placed)->order.status == OrderStatus::kFilled);
  Amount quantity = 0, quote = 0, fees = 0;
  for (const FillReport& fill : Ok(placed)->fills) {
    CHECK(fill.commission_asset == "BTC");
    CHECK_FALSE(fill.is_maker);
    quantity += fill.quantity;
    quote += fill.quote;
    fees += fill.commission;
  }
  CHECK(quantity == D("0.01"));
  CHECK(fees == D("0.01") / 1000);
  CHECK(f.core.ledger().balance(0, "BTC").free == DefaultDeposits().at("BTC") + quantity - fees);
  CHECK(f.core.ledger().balance(0, "USDT").free == DefaultDeposits().at("USDT") - quote);
  CHECK(f.core.account_trades(0).size() == Ok(placed)->fills.size());
  CHECK(f.Conserved());
}

TEST_CASE("VenueCore spends a market order by value, whole lots at a time") {
  CoreFixture f;
  PlaceRequest request = f.Market(Side::kBuy, "0");
  request.quote_quantity = D("1000");
  auto placed = f.Place(request);
  REQUIRE(Ok(placed));
  CHECK(Ok(placed)->order.status == OrderStatus::kFilled);
  CHECK(Ok(placed)->order.cumulative_quote <= D("1000"));
  CHECK(Ok(placed)->order.cumulative_quote > D("999"));
  request.side = Side::kSell;
  placed = f.Place(request);
  REQUIRE(Ok(placed));
  CHECK(Ok(placed)->order.executed > 0);
  CHECK(Ok(placed)->order.request.quantity == Ok(placed)->order.executed);
  CHECK(f.Conserved());
}

TEST_CASE(
    "VenueCore lets the market hit a resting order: maker fee, partial fills, better prices given "
    "back") {
  CoreFixture f;
  f.events.executions.clear();
  // At the touch: noise traders will come.
  const auto placed = f.Place(f.Limit(Side::kSell, f.best(Side::kSell), "0.2"));
  REQUIRE(Ok(placed));
  f.Run(60s);
  const auto order = f.core.FindOrder(0, {0, Ok(placed)->order.order_id, {}});
  REQUIRE(Ok(order));
  CHECK(Ok(order)->executed > 0);
  for (const AccountTrade& trade : f.core.account_trades(0)) {
    CHECK(trade.fill.is_maker);
    CHECK(trade.fill.commission_asset == "USDT");
  }
  CHECK(f.core.ledger().balance(0, "BTC").locked == Ok(order)->remaining());
  CHECK(f.Conserved());
}

TEST_CASE("VenueCore answers each filter by its name") {
  CoreFixture f;
  const int64_t bid = f.best(Side::kBuy);
  CHECK(f.Refusal(f.Limit(Side::kBuy, bid + 1, "0.01")) == "-1013 Filter failure: PRICE_FILTER");
  CHECK(f.Refusal(f.Limit(Side::kBuy, 0, "0.01")) == "-1013 Filter failure: PRICE_FILTER");
  CHECK(f.Refusal(f.Limit(Side::kBuy, D("100"), "0.01")) ==
        "-1013 Filter failure: PERCENT_PRICE_BY_SIDE");
  CHECK(f.Refusal(f.Limit(Side::kSell, D("500000"), "0.01")) ==
        "-1013 Filter failure: PERCENT_PRICE_BY_SIDE");
  CHECK(f.Refusal(f.Limit(Side::kBuy, bid, "0.010001")) == "-1013 Filter failure: LOT_SIZE");
  CHECK(f.Refusal(f.Limit(Side::kBuy, bid, "0")) == "-1013 Filter failure: LOT_SIZE");
  CHECK(f.Refusal(f.Market(Side::kBuy, "100")) == "-1013 Filter failure: MARKET_LOT_SIZE");
  CHECK(f.Refusal(f.Limit(Side::kBuy, bid, "0.00001")) == "-1013 Filter failure: NOTIONAL");
  CHECK(f.Refusal(f.Limit(Side::kBuy, bid, "400")) == "-1013 Filter failure: NOTIONAL");
  CHECK(f.Refusal(f.Limit(Side::kBuy, bid, "100")) ==
        "-2010 Account has insufficient balance for requested action.");
  CHECK(f.Refusal(f.Market(Side::kSell, "3")) ==
        "-2010 Account has insufficient balance for requested action.");
  PlaceRequest stop = f.Limit(Side::kSell, bid / 100 * 98 / 1'000'000 * 1'000'000, "0.001");
  stop.kind = OrderKind::kStopLossLimit;
  stop.stop_price = bid + 1'000'000'000;
  CHECK(f.Refusal(stop) == "-2010 Stop price would trigger immediately.");
  stop.stop_price = stop.price;
  PlaceRequest trailing = stop;
  trailing.stop_price = 0;
  trailing.trailing_delta = 9;
  CHECK(f.Refusal(trailing) == "-1013 Filter failure: TRAILING_DELTA");
  trailing.trailing_delta = 2'001;
  CHECK(f.Refusal(trailing) == "-1013 Filter failure: TRAILING_DELTA");
  for (size_t i = 0; i < kMaxAlgoOrders; ++i) CHECK(f.Refusal(stop).empty());
  CHECK(f.Refusal(stop) == "-1013 Filter failure: MAX_NUM_ALGO_ORDERS");
  const PlaceRequest low = f.Limit(Side::kBuy, D("20000"), "0.001");
  for (size_t i = kMaxAlgoOrders; i < kMaxOpenOrders; ++i) CHECK(f.Refusal(low).empty());
  CHECK(f.Refusal(low) == "-1013 Filter failure: MAX_NUM_ORDERS");
  CHECK(f.core.CancelAll(0, 0, f.core.now()).size() == kMaxOpenOrders);
  CHECK(f.core.OpenOrders(0, std::nullopt).empty());
  CHECK(f.core.ledger().balance(0, "BTC").locked == 0);
}

TEST_CASE("VenueCore refuses a maker order that would take") {
  CoreFixture f;
  PlaceRequest maker = f.Limit(Side::kBuy, f.best(Side::kSell), "0.001");
  maker.kind = OrderKind::kLimitMaker;
  CHECK(f.Refusal(maker) == "-2010 Order would immediately match and take.");
  CHECK(f.core.ledger().balance(0, "USDT").locked == 0);
  CHECK(f.core.OpenOrders(0, std::nullopt).empty());
}

TEST_CASE("VenueCore takes a client order id again once its order is done") {
  CoreFixture f;
  PlaceRequest request = f.Limit(Side::kBuy, D("30000"), "0.001");
  request.client_order_id = "mine";
  CHECK(f.Refusal(request).empty());
  CHECK(f.Refusal(request) == "-2010 Duplicate order sent.");
  REQUIRE(Ok(f.core.Cancel(0, {0, 0, "mine"}, "", f.core.now())));
  PlaceRequest market = f.Market(Side::kBuy, "0.001");
  market.client_order_id = "mine";
  CHECK(f.Refusal(market).empty());  // filled at once
  CHECK(f.Refusal(market).empty());  // and again: a second position
  CHECK(f.core.FindOrder(0, {0, 0, "other"}).index() == 1);
}

TEST_CASE("VenueCore triggers a stop when the market trades through it") {
  CoreFixture f;
  PlaceRequest stop = f.Market(Side::kSell, "0.01");
  stop.kind = OrderKind::kStopLoss;
  stop.stop_price = f.core.engine(0).level(Side::kBuy, 3).price.mantissa;
  const auto placed = f.Place(stop);
  REQUIRE(Ok(placed));
  CHECK_FALSE(Ok(placed)->order.is_working);
  CHECK(f.core.ledger().balance(0, "BTC").locked == D("0.01"));
  PlaceRequest sweep =
      f.Limit(Side::kSell, f.core.engine(0).level(Side::kBuy, 3).price.mantissa, "0");
  for (size_t i = 0; i < 4; ++i)
    sweep.quantity += f.core.engine(0).level(Side::kBuy, i).quantity.mantissa;
  REQUIRE(Ok(f.Place(sweep)));
  const auto order = f.core.FindOrder(0, {0, Ok(placed)->order.order_id, {}});
  REQUIRE(Ok(order));
  CHECK(Ok(order)->status == OrderStatus::kFilled);
  CHECK(f.core.ledger().balance(0, "BTC").locked == 0);
  std::vector<Execution> own;
  for (const Execution& e : f.events.executions) {
    if (e.order.order_id == Ok(placed)->order.order_id) own.push_back(e);
  }
  REQUIRE(own.size() >= 3);
  CHECK(own[0].type == ExecutionType::kNew);
  CHECK_FALSE(own[0].order.is_working);
  CHECK(own[1].type == ExecutionType::kNew);
  CHECK(own[1].order.is_working);
  CHECK(own[2].type == ExecutionType::kTrade);
  CHECK(f.Conserved());
}

TEST_CASE("VenueCore prevents a trade of an account with itself, and reports it") {
  CoreFixture f;
  const int64_t inside = f.best(Side::kBuy) + D("0.01");
  if (inside >= f.best(Side::kSell)) SKIP("the spread is one tick under this seed");
  const auto maker = f.Place(f.Limit(Side::kBuy, inside, "0.001"));
  REQUIRE(Ok(maker));
  PlaceRequest taker = f.Limit(Side::kSell, inside, "0.001");
  taker.self_trade = matching::SelfTrade::kExpireTaker;
  auto placed = f.Place(taker);
  REQUIRE(Ok(placed));
  CHECK(Ok(placed)->order.status == OrderStatus::kExpiredInMatch);
  CHECK(Ok(placed)->prevented.size() == 1);
  CHECK(Ok(placed)->order.prevented_quantity == D("0.001"));
  taker.self_trade = matching::SelfTrade::kExpireMaker;
  placed = f.Place(taker);
  REQUIRE(Ok(placed));
  const auto expired = f.core.FindOrder(0, {0, Ok(maker)->order.order_id, {}});
  CHECK(Ok(expired)->status == OrderStatus::kExpiredInMatch);
  CHECK(f.core.account_trades(0).empty());
  CHECK(f.Conserved());
}

TEST_CASE("VenueCore cancels and replaces leg by leg") {
  CoreFixture f;
  const PlaceRequest low = f.Limit(Side::kBuy, D("30000"), "0.001");
  const auto first = f.Place(low);
  PlaceRequest bad = low;
  bad.price += 1;
  auto result = f.core.CancelReplace(0, {0, 999'999'999, {}}, "", true, low, f.core.now());
  CHECK(result.cancel == LegResult::kFailure);
  CHECK(result.place == LegResult::kNotAttempted);
  result = f.core.CancelReplace(0, {0, 999'999'999, {}}, "", false, low, f.core.now());
  CHECK(result.cancel == LegResult::kFailure);
  CHECK(result.place == LegResult::kSuccess);
  result = f.core.CancelReplace(0, {0, Ok(first)->order.order_id, {}}, "", true, bad, f.core.now());
  CHECK(result.cancel == LegResult::kSuccess);
  CHECK(result.place == LegResult::kFailure);
  CHECK(f.core.OpenOrders(0, 0).size() == 1);
}

TEST_CASE("VenueCore amends a quantity downwards and keeps the rest locked") {
  CoreFixture f;
  const auto placed = f.Place(f.Limit(Side::kBuy, D("30000"), "0.01"));
  const OrderRef ref{0, Ok(placed)->order.order_id, {}};
  auto amended = f.core.Amend(0, ref, D("0.004"), "smaller", f.core.now());
  REQUIRE(Ok(amended));
  CHECK(Ok(amended)->order.request.quantity == D("0.004"));
  CHECK(f.core.ledger().balance(0, "USDT").locked == D("120"));
  CHECK(f.events.executions.back().type == ExecutionType::kReplaced);
  CHECK(Ok(f.core.FindOrder(0, {0, 0, "smaller"})));
  amended = f.core.Amend(0, ref, D("0.01"), "", f.core.now());
  REQUIRE(Failed(amended));
  CHECK(Failed(amended)->code == -2038);
}

TEST_CASE("VenueCore keeps accounts apart") {
  CoreOptions options = QuickOptions();
  options.accounts = 2;
  CoreFixture f(options);
  const int64_t inside = f.best(Side::kBuy) + D("0.01");
  const auto maker = f.Place(f.Limit(Side::kBuy, inside, "0.001"), 0);
  REQUIRE(Ok(maker));
  CHECK(f.core.FindOrder(1, {0, Ok(maker)->order.order_id, {}}).index() == 1);
  CHECK(f.core.Cancel(1, {0, Ok(maker)->order.order_id, {}}, "", f.core.now()).index() == 1);
  const auto taker = f.Place(f.Limit(Side::kSell, inside, "0.001"), 1);
  REQUIRE(Ok(taker));
  CHECK(Ok(taker)->order.status == OrderStatus::kFilled);  // between accounts it is a trade
  CHECK(f.core.account_trades(0).size() == 1);
  CHECK(f.core.account_trades(1).size() == 1);
  CHECK(f.Conserved());
}

TEST_CASE("VenueCore continues from its saved state as if never stopped") {
  CoreFixture whole;
  whole.Run(5s);
  (void)whole.Place(whole.Limit(Side::kBuy, whole.best(Side::kBuy), "0.05"));
  (void)whole.Place(whole.Market(Side::kSell, "0.02"));
  PlaceRequest trailing = whole.Market(Side::kBuy, "0.02");
  trailing.kind = OrderKind::kStopLoss;
  trailing.trailing_delta = 10;
  REQUIRE(Ok(whole.Place(trailing)));
  whole.Run(200ms);
  wire::CanonicalWriter saved;
  whole.core.Save(saved);
  VenueCore restored(nullptr);
  wire::CanonicalReader reader(saved.bytes());
  REQUIRE(restored.Load(reader).ok());
  CHECK(reader.done());
  const base::Time end = whole.core.now() + 20s;
  while (whole.core.now() < end) {
    const base::Time next = whole.core.now() + 50ms;
    whole.core.Tick(next);
    restored.Tick(next);
  }
  wire::CanonicalWriter one, two;
  whole.core.Save(one);
  restored.Save(two);
  CHECK(base::Sha256(one.bytes()) == base::Sha256(two.bytes()));
}

TEST_CASE(
    "VenueCore keeps to the rules that are stated anew, and what is open to those of before") {
  CoreFixture f;
  const int64_t low = f.best(Side::kBuy) / kOne * kOne / 2;
  REQUIRE(Ok(f.Place(f.Limit(Side::kBuy, low + D("0.01"), "0.00123"))));
  REQUIRE(f.core.Restate(
      0, {.tick = D("0.1"), .lot = D("0.001"), .max_quantity = D("3"), .min_notional = D("100")},
      f.core.now()));
  CHECK(f.Refusal(f.Limit(Side::kBuy, low + D("0.01"), "0.01")) ==
        "-1013 Filter failure: PRICE_FILTER");
  CHECK(f.Refusal(f.Limit(Side::kBuy, low, "0.0105")) == "-1013 Filter failure: LOT_SIZE");
  CHECK(f.Refusal(f.Limit(Side::kBuy, low, "3.001")) == "-1013 Filter failure: LOT_SIZE");
  CHECK(f.Refusal(f.Limit(Side::kBuy, low, "0.001")) == "-1013 Filter failure: NOTIONAL");
  CHECK(f.Refusal(f.Limit(Side::kBuy, low, "0.01")).empty());
  f.Run(2s);
  CHECK(f.best(Side::kBuy) % D("0.1") == 0);
  REQUIRE(f.core.OpenOrders(0, 0).size() == 2);
  CHECK(f.core.OpenOrders(0, 0)[0]->request.quantity == D("0.00123"));
  CHECK(f.core.CancelAll(0, 0, f.core.now()).size() == 2);
  // As it is listed, again.
  REQUIRE(f.core.Restate(0, {}, f.core.now()));
  CHECK(f.Refusal(f.Limit(Side::kBuy, low + D("0.01"), "0.0105")).empty());
  // 0.00001 of a price by a lot of 0.00001 is no amount at scale 8.
  CHECK_FALSE(f.core.Restate(0, {.tick = D("0.00001")}, f.core.now()));
  CHECK(f.core.symbol(0).tick == ListedSymbols()[0].tick);
}

TEST_CASE("VenueCore trades nothing in a halted symbol and takes cancels alone") {
  CoreFixture f;
  const int64_t low = f.best(Side::kBuy) / kOne * kOne / 2;
  const auto resting = f.Place(f.Limit(Side::kBuy, low, "0.01"));
  REQUIRE(Ok(resting));
  REQUIRE(f.core.Restate(0, {.halted = true}, f.core.now()));
  const uint64_t traded = f.events.trades[0], elsewhere = f.events.trades[1];
  f.Run(5s);
  CHECK(f.events.trades[0] == traded);
  CHECK(f.events.trades[1] > elsewhere);
  CHECK(f.Refusal(f.Limit(Side::kBuy, low, "0.01")) == "-2010 Market is closed.");
  CHECK(f.Refusal(f.Limit(Side::kBuy, f.best(Side::kBuy, 1), "0.01", 1)).empty());
  const OrderRef order{0, std::get<Placed>(resting).order.order_id, ""};
  CHECK_FALSE(Ok(f.core.Amend(0, order, D("0.005"), "", f.core.now())));
  CHECK(Ok(f.core.Cancel(0, order, "", f.core.now())));
  REQUIRE(f.core.Restate(0, {}, f.core.now()));
  f.Run(5s);
  CHECK(f.events.trades[0] > traded);
}

TEST_CASE("VenueCore's saved state holds what is restated, and without it is as it was") {
  CoreFixture f;
  wire::CanonicalWriter before, restated;
  f.core.Save(before);
  CHECK(before.bytes()[0] == 2);
  REQUIRE(f.core.Restate(3, {.tick = D("0.05"), .halted = true}, f.core.now()));
  f.core.Save(restated);
  VenueCore other(nullptr);
  wire::CanonicalReader reader(restated.bytes());
  REQUIRE(other.Load(reader).ok());
  CHECK(reader.done());
  CHECK(other.symbol(3).tick == D("0.05"));
  CHECK(other.symbol(3).halted);
  wire::CanonicalReader older(before.bytes());
  REQUIRE(other.Load(older).ok());
  CHECK(other.symbol(3).tick == ListedSymbols()[3].tick);
}

TEST_CASE("VenueCore refuses damaged state") {
  CoreFixture f;
  wire::CanonicalWriter saved;
  f.core.Save(saved);
  const std::string& bytes = saved.bytes();
  for (size_t cut = 1; cut < bytes.size(); cut += bytes.size() / 37 + 1) {
    VenueCore other(nullptr);
    wire::CanonicalReader reader(std::string_view(bytes).substr(0, cut));
    CHECK_FALSE(other.Load(reader).ok());
  }
}

TEST_CASE("VenueCore's reactors carry a headline into the price") {
  CoreOptions options = QuickOptions();
  options.news_interval = 0s;
  const auto drift = [&](double impact) {
    CoreFixture f(options);
    f.Run(2s);
    const double before = static_cast<double>(f.best(Side::kBuy, 3));
    f.core.InjectShock({.symbol = 3, .impact = impact});
    f.Run(45s);
    return static_cast<double>(f.best(Side::kBuy, 3)) / before - 1;
  };
  const double up = drift(0.01), down = drift(-0.01), flat = drift(0);
  CHECK(up - flat > 0.006);
  CHECK(down - flat < -0.006);
}

TEST_CASE("VenueCore conserves money and never overdraws whatever is sent") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    CoreOptions options = QuickOptions(seed);
    options.accounts = 2;
    options.warm_up = 1s;
    CoreFixture f(options);
    base::Rng rng(seed);
    for (int step = 0; step < 60; ++step) {
      const auto account = static_cast<AccountIndex>(rng.Below(2));
      const auto symbol = static_cast<SymbolIndex>(rng.Below(3) * 5);
      const Symbol& spec = ListedSymbols()[symbol];
      PlaceRequest r;
      r.symbol = symbol;
      r.side = rng.Chance(0.5) ? Side::kBuy : Side::kSell;
      r.kind = static_cast<OrderKind>(rng.Between(1, 7));
      r.time_in_force = static_cast<TimeInForce>(rng.Between(1, 3));
      r.self_trade = static_cast<matching::SelfTrade>(rng.Below(4));
      const int64_t bid = f.best(Side::kBuy, symbol);
      r.price = HasPrice(r.kind) ? bid + rng.Between(-20, 20) * spec.tick : 0;
      r.stop_price = HasStop(r.kind) ? bid + rng.Between(-30, 30) * spec.tick : 0;
      if (HasStop(r.kind) && rng.Chance(0.3)) {
        r.trailing_delta = static_cast<uint32_t>(rng.Between(10, 30));
        if (rng.Chance(0.7)) r.stop_price = 0;
      }
      r.quantity = rng.Between(1, 20) * (spec.typical_quantity / spec.lot / 4 + 1) * spec.lot;
      if (r.kind == OrderKind::kMarket && rng.Chance(0.3)) {
        r.quantity = 0;
        r.quote_quantity = rng.Between(5, 20'000) * kOne / 7;
      }
      const auto placed = f.Place(r, account);
      if (Ok(placed) && rng.Chance(0.3))
        (void)f.core.Cancel(account, {symbol, Ok(placed)->order.order_id, {}}, "", f.core.now());
      if (rng.Chance(0.5)) f.Run(100ms);
      REQUIRE(f.Conserved());
    }
    for (AccountIndex account = 0; account < 2; ++account) {
      std::map<std::string, Amount> locked;
      for (const VenueOrder* order : f.core.OpenOrders(account, std::nullopt)) {
        locked[order->LockedAsset()] += order->locked;
        REQUIRE(order->remaining() > 0);
      }
      for (const auto& [asset, balance] : f.core.ledger().balances(account)) {
        REQUIRE(balance.free >= 0);
        REQUIRE(balance.locked == locked[asset]);
      }
    }
  }
}

}  // namespace
}  // namespace gannet::venue_sim
