#include "services/reporting/reporting_engine.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/store/memory_store.h"

namespace gannet::reporting {
namespace {

using base::FromUnixMillis;
using market::Money;
using market::Price;
using market::Quantity;

const market::AccountId kAccount("main/paper");
const market::StrategyId kStrategy("test");
const market::InstrumentId kInstrument("v:BTCUSDT");

market::Instrument Definition() {
  market::Instrument instrument;
  instrument.id = kInstrument;
  instrument.base = market::AssetId("BTC");
  instrument.quote = market::AssetId("USDT");
  instrument.price_scale = 2;
  instrument.quantity_scale = 5;
  return instrument;
}

market::Event<market::ExecReport> Report(uint64_t sequence, market::OrderState state) {
  market::Event<market::ExecReport> event;
  event.header.id = {7, sequence};
  event.header.event_time = event.header.publish_time =
      FromUnixMillis(static_cast<int64_t>(sequence));
  market::ExecReport& report = event.value;
  report.account = kAccount;
  report.strategy = kStrategy;
  report.instrument = kInstrument;
  report.client_order_id = market::ClientOrderId("g1a");
  report.quantity = Quantity{200'000};
  report.state = state;
  return event;
}

market::Event<market::ExecReport> FillOf(uint64_t sequence, market::Side side, int64_t price,
                                         int64_t quantity, int64_t fee_units) {
  auto event = Report(sequence, market::OrderState::kPartiallyFilled);
  event.value.kind = market::ExecKind::kFill;
  event.value.side = side;
  market::Fill fill;
  fill.trade_id = std::to_string(sequence);
  fill.price = Price{price};
  fill.quantity = Quantity{quantity};
  fill.fee = Money(fee_units, 8);
  fill.fee_asset = market::AssetId("USDT");
  event.value.fill = fill;
  return event;
}

market::Quote QuoteOf(int64_t bid, int64_t ask) {
  market::Quote quote;
  quote.instrument = kInstrument;
  quote.bid = {Price{bid}, Quantity{1}};
  quote.ask = {Price{ask}, Quantity{1}};
  return quote;
}

TEST_CASE("ReportingEngine folds fills into FIFO profit, fees and a marked position") {
  ReportingEngine engine;
  engine.OnInstrument(Definition());
  engine.OnReport(
      FillOf(1, market::Side::kBuy, 10'000, 100'000, 10'000'000));  // 1 at 100.00, fee 0.1
  engine.OnReport(
      FillOf(2, market::Side::kBuy, 11'000, 100'000, 10'000'000));  // 1 at 110.00, fee 0.1
  engine.OnReport(
      FillOf(3, market::Side::kSell, 12'000, 150'000, 20'000'000));  // 1.5 at 120.00, fee 0.2
  engine.OnQuote(QuoteOf(12'900, 13'100));
  const store::Batch batch = engine.TakeChangesWithEquity(FromUnixMillis(99));
  REQUIRE(batch.fills.size() == 3);
  CHECK(batch.fills[2].notional == Money(180, 0));
  REQUIRE(batch.positions.size() == 1);
  const store::PositionRow& position = batch.positions[0];
  CHECK(position.net == Money(5, 1));
  CHECK(position.average_price == Money(110, 0));
  CHECK(position.realized == Money(246, 1));  // 20 + 5 − 0.4
  CHECK(position.unrealized == Money(10, 0));
  CHECK(position.fees == Money(4, 1));
  REQUIRE(batch.equity.size() == 1);
  CHECK(batch.equity[0].realized + batch.equity[0].unrealized == Money(346, 1));
  CHECK(batch.high_water.at(7) == 3);
  CHECK(engine.TakeChanges(FromUnixMillis(100)).empty());
}

TEST_CASE("ReportingEngine applies a report once, whatever is delivered again") {
  ReportingEngine engine;
  engine.OnInstrument(Definition());
  for (int i = 0; i < 3; ++i) {
    engine.OnReport(FillOf(5, market::Side::kBuy, 10'000, 100'000, 0));
    engine.OnReport(FillOf(4, market::Side::kBuy, 10'000, 100'000, 0));
  }
  CHECK(engine.TakeChanges(FromUnixMillis(9)).fills.size() == 1);
  CHECK(engine.stats().repeated == 5);
}

TEST_CASE("ReportingEngine restored from its store goes on as if it had never stopped") {
  store::MemoryStore store;
  ReportingEngine first, straight;
  for (ReportingEngine* engine : {&first, &straight}) {
    engine->OnInstrument(Definition());
    engine->OnReport(FillOf(1, market::Side::kBuy, 10'000, 100'000, 1'000));
    engine->OnReport(FillOf(2, market::Side::kSell, 10'500, 40'000, 1'000));
  }
  REQUIRE(store.Write(first.TakeChangesWithEquity(FromUnixMillis(50))).ok());
  ReportingEngine second;
  REQUIRE(
      second.Restore(store.Fills({}).value(), store.Orders({}).value(), store.HighWater().value())
          .ok());
  second.OnInstrument(Definition());
  for (ReportingEngine* engine : {&second, &straight}) {
    engine->OnReport(FillOf(2, market::Side::kSell, 10'500, 40'000, 1'000));  // delivered again
    engine->OnReport(FillOf(3, market::Side::kSell, 10'600, 80'000, 1'000));
  }
  CHECK(second.TakeChanges(FromUnixMillis(60)).positions ==
        straight.TakeChanges(FromUnixMillis(60)).positions);
}

TEST_CASE("ReportingEngine keeps a fill of an unknown instrument and says that it is not in P&L") {
  ReportingEngine engine;
  engine.OnReport(FillOf(1, market::Side::kBuy, 10'000, 100'000, 0));
  const store::Batch batch = engine.TakeChanges(FromUnixMillis(2));
  CHECK(batch.fills.size() == 1);
  CHECK(batch.positions.empty());
  CHECK(engine.stats().unbooked_fills == 1);
}

TEST_CASE("ReportingEngine hands out again what could not be written") {
  ReportingEngine engine;
  engine.OnInstrument(Definition());
  engine.OnReport(FillOf(1, market::Side::kBuy, 10'000, 100'000, 0));
  const store::Batch lost = engine.TakeChanges(FromUnixMillis(2));
  engine.OnReport(Report(2, market::OrderState::kCanceled));
  engine.GiveBack(lost);
  const store::Batch batch = engine.TakeChanges(FromUnixMillis(2));
  CHECK(batch.fills == lost.fills);
  REQUIRE(batch.orders.size() == 1);
  CHECK(batch.orders[0].state == market::OrderState::kCanceled);  // the newer one wins
  CHECK(batch.positions == lost.positions);
  CHECK(batch.high_water.at(7) == 2);
}

}  // namespace
}  // namespace gannet::reporting
