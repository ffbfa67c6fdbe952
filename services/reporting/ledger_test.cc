#include "services/reporting/ledger.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/property_suite.h"
#include "services/reporting/reporting_engine.h"

namespace gannet::reporting {
namespace {

using market::Money;
using market::Side;

const market::InstrumentId kInstrument("v:BTCUSDT");
const market::AssetId kQuote("USDT");

std::map<market::InstrumentId, market::Instrument> Definitions() {
  market::Instrument instrument;
  instrument.id = kInstrument;
  instrument.base = market::AssetId("BTC");
  instrument.quote = kQuote;
  instrument.price_scale = 2;
  instrument.quantity_scale = 5;
  return {{kInstrument, instrument}};
}

store::FillRow Row(uint64_t id, Side side, int64_t price, int64_t hundredths, const char* order,
                   Money fee = Money(), market::EventId signal = {}) {
  store::FillRow row;
  row.id = {7, id};
  row.time = base::FromUnixMillis(static_cast<int64_t>(id) * 1000);
  row.strategy = market::StrategyId("s");
  row.instrument = kInstrument;
  row.side = side;
  row.client_order_id = market::ClientOrderId(order);
  row.price = Money(price, 0);
  row.quantity = Money(hundredths, 2);
  row.fee = fee;
  row.fee_asset = kQuote;
  row.signal = signal;
  return row;
}

std::map<market::EventId, store::SignalRow> Signals() {
  store::SignalRow hack, partnership;
  hack.id = {1, 1};
  hack.type = market::NewsEventType::kHack;
  partnership.id = {1, 2};
  partnership.type = market::NewsEventType::kPartnership;
  return {{hack.id, hack}, {partnership.id, partnership}};
}

std::set<size_t> All(size_t count) {
  std::set<size_t> all;
  for (size_t i = 0; i < count; ++i) all.insert(i);
  return all;
}

TEST_CASE("Ledger gives what a sale realises to the news that opened each lot") {
  const std::vector<store::FillRow> rows = {
      Row(1, Side::kBuy, 100, 100, "a", Money(1, 0), {1, 1}),
      Row(2, Side::kBuy, 110, 100, "b", Money(2, 0), {1, 2}),
      Row(3, Side::kSell, 120, 150, "c", Money(3, 0), {1, 1}),
  };
  const Ledger ledger = FoldLedger(rows, Definitions(), Signals());
  REQUIRE(ledger.parts.size() == 2);
  CHECK(ledger.parts[0].opened_by == 0);
  CHECK(ledger.parts[0].gross == Money(20, 0));
  CHECK(ledger.parts[0].fees == Money(3, 0));  // 1 of opening, 2 of 3 of closing
  CHECK(ledger.parts[1].opened_by == 1);
  CHECK(ledger.parts[1].gross == Money(5, 0));
  CHECK(ledger.parts[1].fees == Money(2, 0));  // 1 of 2, 1 of 3
  CHECK(ledger.fills[0].event_type == "HACK");
  CHECK(ledger.fills[2].realized == Money(25, 0));
  const auto trades = TradesOf(ledger, rows, All(3));
  REQUIRE(trades.size() == 1);
  CHECK(trades[0].net() == Money(20, 0));
  CHECK(trades[0].quantity == Money(15, 1));
  CHECK(trades[0].event_type == "HACK");
  CHECK(trades[0].was_long);
}

TEST_CASE("Ledger makes one trade of what one order closes in several fills") {
  const std::vector<store::FillRow> rows = {
      Row(1, Side::kSell, 100, 100, "a"), Row(2, Side::kBuy, 90, 40, "b"),
      Row(3, Side::kBuy, 80, 60, "b"), Row(4, Side::kBuy, 80, 10, "c"),
      Row(5, Side::kSell, 70, 10, "d")};
  const Ledger ledger = FoldLedger(rows, Definitions(), {});
  const auto trades = TradesOf(ledger, rows, All(5));
  REQUIRE(trades.size() == 2);
  CHECK_FALSE(trades[0].was_long);
  CHECK(trades[0].gross == Money(16, 0));
  CHECK(trades[0].closed == rows[2].time);
  CHECK(trades[1].gross == Money(-1, 0));
  CHECK(TradesOf(ledger, rows, {4}).size() == 1);
}

TEST_CASE(
    "Ledger makes a trade of its own of each closing that people signed, which has no order") {
  const std::vector<store::FillRow> rows = {Row(1, Side::kBuy, 100, 100, "a"),
                                            Row(2, Side::kSell, 110, 60, ""),
                                            Row(3, Side::kSell, 90, 40, "")};
  const auto trades = TradesOf(FoldLedger(rows, Definitions(), {}), rows, All(3));
  REQUIRE(trades.size() == 2);
  CHECK(trades[0].gross == Money(6, 0));
  CHECK(trades[1].gross == Money(-4, 0));
}

TEST_CASE("Ledger says what an order rested on, or that it cannot say") {
  store::FillRow row = Row(1, Side::kBuy, 100, 1, "a");
  CHECK(CauseOf(row, Signals()) == kNoCause);
  row.signal = {9, 9};
  CHECK(CauseOf(row, Signals()) == kUnknownCause);
  row.model_version = "direction@3";
  CHECK(CauseOf(row, Signals()) == kPredictionCause);
  row.signal = {1, 2};
  CHECK(CauseOf(row, Signals()) == "PARTNERSHIP");
}

TEST_CASE("Ledger books nothing for an instrument that it does not know") {
  const std::vector<store::FillRow> rows = {Row(1, Side::kBuy, 100, 100, "a")};
  const Ledger ledger = FoldLedger(rows, {}, {});
  CHECK_FALSE(ledger.fills[0].booked);
  CHECK(ledger.positions.empty());
}

TEST_CASE("Ledger and engine agree to the last unit over any fills") {
  CHECK(base::Holds("positions, parts and fees add up to what the engine keeps", [] {
    const market::Instrument definition = Definitions().at(kInstrument);
    ReportingEngine engine;
    engine.OnInstrument(definition);
    std::vector<store::FillRow> rows;
    const auto count = *rc::gen::inRange<uint64_t>(1, 40);
    for (uint64_t i = 1; i <= count; ++i) {
      market::Event<market::ExecReport> event;
      event.header.id = {7, i};
      event.header.event_time = base::FromUnixMillis(static_cast<int64_t>(i));
      event.value.instrument = kInstrument;
      event.value.strategy = market::StrategyId(*rc::gen::element("x", "y"));
      event.value.side = *rc::gen::element(Side::kBuy, Side::kSell);
      market::Fill fill;
      fill.price = market::Price{*rc::gen::inRange<int64_t>(1, 1'000'000)};
      fill.quantity = market::Quantity{*rc::gen::inRange<int64_t>(1, 1'000)};
      fill.fee = Money(*rc::gen::inRange<int64_t>(-5, 50), *rc::gen::inRange(0, 8));
      fill.fee_asset = *rc::gen::element(market::AssetId("BTC"), kQuote, market::AssetId("BNB"));
      event.value.fill = fill;
      engine.OnReport(event);
    }
    const store::Batch batch = engine.TakeChanges(base::FromUnixMillis(100));
    const Ledger ledger = FoldLedger(batch.fills, Definitions(), {});
    for (const store::PositionRow& row : batch.positions) {
      const market::Position& position =
          ledger.positions.at({row.account, row.strategy, row.instrument});
      RC_ASSERT(Money(position.net.mantissa, 5) == row.net);
      RC_ASSERT(market::RealizedPnl(position, definition) == row.realized);
    }
    Money parts, part_fees, fills, fees;
    for (const ClosedPart& part : ledger.parts) {
      parts += part.gross;
      part_fees += part.fees;
    }
    for (const LedgerFill& fill : ledger.fills) {
      fills += fill.realized;
      fees += fill.quote_fee;
    }
    Money realized;
    bool flat = true;
    for (const auto& [key, position] : ledger.positions) {
      realized += position.realized;
      flat = flat && position.net.mantissa == 0;
    }
    RC_ASSERT(parts == realized);
    RC_ASSERT(fills == realized);
    if (flat) RC_ASSERT(part_fees == fees);
  }));
}

}  // namespace
}  // namespace gannet::reporting
