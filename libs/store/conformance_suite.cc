#include "libs/store/conformance_suite.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "libs/base/rng.h"

namespace gannet::store {
namespace {

using market::Int128;
using market::Money;

FillRow Fill(uint64_t sequence, int64_t second, Int128 fee) {
  FillRow row;
  row.id = {~uint64_t{0} - 7, sequence};  // a stream number above int64
  row.time = base::FromUnixMillis(second * 1000);
  row.account = market::AccountId("main/paper");
  row.strategy = market::StrategyId("test");
  row.instrument = market::InstrumentId("binance-spot:BTCUSDT");
  row.client_order_id = market::ClientOrderId("g1x");
  row.trade_id = std::to_string(sequence);
  row.price = Money(6'168'599, 2);
  row.quantity = Money(1, 8);
  row.notional = Money(616, 6);
  row.fee = Money(fee, 18);
  row.fee_asset = market::AssetId("BNB");
  row.liquidity = market::Liquidity::kMaker;
  row.signal = {1, 2};
  row.model_version = "direction/1 \"quoted\" é";
  return row;
}

OrderRow Order(const char* id, int64_t second, market::OrderState state) {
  OrderRow row;
  row.client_order_id = market::ClientOrderId(id);
  row.account = market::AccountId("main/paper");
  row.instrument = market::InstrumentId("binance-spot:BTCUSDT");
  row.side = market::Side::kSell;
  row.price = Money(-5, 1);
  row.state = state;
  row.detail = "why";
  row.created = base::FromUnixMillis(second * 1000);
  row.updated = row.created + std::chrono::milliseconds(1);
  return row;
}

void RoundTrip(Store& store) {
  Batch batch;
  batch.fills = {Fill(2, 20, 5), Fill(1, 10, -5)};
  batch.orders = {Order("b", 2, market::OrderState::kUnknown),
                  Order("a", 1, market::OrderState::kFilled)};
  PositionRow position;
  position.account = market::AccountId("main/paper");
  position.instrument = market::InstrumentId("v:X");
  position.net = Money(-3, 8);
  position.quote_asset = market::AssetId("USDT");
  position.updated = base::FromUnixMillis(5);
  batch.positions = {position};
  EquityRow equity;
  equity.time = base::FromUnixMillis(9);
  equity.account = position.account;
  equity.asset = position.quote_asset;
  equity.unrealized = Money(-1, 8);
  batch.equity = {equity};
  batch.high_water = {{7, 100}, {~uint64_t{0}, 3}};
  REQUIRE(store.Write(batch).ok());

  CHECK(store.Fills({}).value() == std::vector<FillRow>{batch.fills[1], batch.fills[0]});
  CHECK(store.Orders({}).value() == std::vector<OrderRow>{batch.orders[1], batch.orders[0]});
  CHECK(store.AllPositions().value() == batch.positions);
  CHECK(store.Equity({}).value() == batch.equity);
  CHECK(store.HighWater().value() == batch.high_water);
  CHECK(store.Fills({.from = batch.fills[1].time, .to = batch.fills[0].time}).value().size() == 1);
}

void Upserts(Store& store) {
  Batch batch;
  FillRow again = Fill(1, 10, 777);  // the same fill delivered twice, garbled: the first one stays
  batch.fills = {again};
  batch.orders = {Order("b", 2, market::OrderState::kCanceled)};
  batch.high_water = {{7, 50}};
  REQUIRE(store.Write(batch).ok());
  CHECK(store.Fills({}).value().size() == 2);
  CHECK(store.Fills({}).value()[0].fee == Money(-5, 18));
  CHECK(store.Orders({}).value()[1].state == market::OrderState::kCanceled);
  CHECK(store.HighWater().value().at(7) == 100);  // only ever raised
}

// ±(2^127 − 1) cut to 38 digits, random amounts and small ones: exact one by one
// and in the sum.
void Amounts(Store& store) {
  const Int128 largest = AmountLimit() - 1;
  std::vector<Int128> amounts = {largest, -largest, 0, 1, -1, largest / 7, -(largest / 7)};
  base::Rng rng(11);
  for (int i = 0; i < 200; ++i) {
    const Int128 random =
        static_cast<Int128>(rng.Next() >> 2) * static_cast<Int128>(rng.Next() >> 2);
    amounts.push_back((rng.Chance(0.5) ? random : -random) % AmountLimit());
  }
  Batch batch;
  Int128 written = 0;
  for (size_t i = 0; i < amounts.size(); ++i) {
    batch.fills.push_back(Fill(1'000 + i, 1'000 + static_cast<int64_t>(i), amounts[i]));
    written += amounts[i] / 1'000;  // keeps the sum itself within 128 bits
  }
  REQUIRE(store.Write(batch).ok());
  const auto rows = store.Fills({.from = base::FromUnixMillis(1'000'000)}).value();
  REQUIRE(rows.size() == amounts.size());
  Int128 read = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    REQUIRE(rows[i].fee.units() == amounts[i]);
    REQUIRE(rows[i].fee.scale() == 18);
    read += rows[i].fee.units() / 1'000;
  }
  CHECK(read == written);
}

void AllOrNothing(Store& store) {
  const size_t fills = store.Fills({}).value().size();
  Batch batch;
  batch.fills = {Fill(9'001, 1, 1), Fill(9'002, 1, AmountLimit())};
  batch.high_water = {{99, 1}};
  CHECK(store.Write(batch).code() == absl::StatusCode::kOutOfRange);
  CHECK(store.Fills({}).value().size() == fills);
  CHECK_FALSE(store.HighWater().value().contains(99));
  REQUIRE(store.Write(Batch{}).ok());
}

}  // namespace

void RunConformanceSuite(const StoreUnderTest& subject) {
  std::unique_ptr<Store> store = subject.make();
  REQUIRE(store != nullptr);
  CHECK(store->Fills({}).value().empty());
  CHECK(store->HighWater().value().empty());
  RoundTrip(*store);
  Upserts(*store);
  Amounts(*store);
  AllOrNothing(*store);
  if (!subject.reopen) return;
  const auto fills = store->Fills({}).value();
  const auto marks = store->HighWater().value();
  store.reset();
  store = subject.reopen();
  REQUIRE(store != nullptr);
  CHECK(store->Fills({}).value() == fills);
  CHECK(store->HighWater().value() == marks);
}

}  // namespace gannet::store
