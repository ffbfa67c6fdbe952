// Account events: folded by the engine, kept by the store, told by the report.
#include <catch2/catch_test_macros.hpp>

#include "services/reporting/report_for_test.h"
#include "services/reporting/reporting_engine.h"

namespace gannet::reporting {
namespace {

using namespace std::chrono_literals;
using market::AccountEventKind;
using market::Money;
using Sample = ReportingEngine::Sample;

market::Instrument Perpetual() {
  market::Instrument instrument = TestInstrument("BTC");
  instrument.id = market::InstrumentId("sim:BTCUSDT-PERP");
  instrument.kind = market::InstrumentKind::kPerpetual;
  return instrument;
}

market::Event<market::AccountEvent> Booking(uint64_t sequence, AccountEventKind kind,
                                            int64_t hundredths, const char* instrument = "") {
  market::Event<market::AccountEvent> event;
  event.header.id = {7, sequence};
  event.header.event_time = event.header.publish_time = kTestDay + sequence * 1s;
  event.value.kind = kind;
  event.value.account = kTestAccount;
  event.value.venue = "sim";
  event.value.id = std::to_string(sequence);
  event.value.strategy = market::StrategyId("EXTERNAL");
  event.value.instrument = market::InstrumentId(instrument);
  event.value.time = event.header.event_time - 1ms;
  if (hundredths != 0) event.value.changes = {{kTestAsset, Money(hundredths, 2)}};
  return event;
}

// −2 at 100.00.
market::Event<market::AccountEvent> Signed(uint64_t sequence) {
  auto event = Booking(sequence, AccountEventKind::kAdjustment, 0, "sim:BTCUSDT-PERP");
  event.value.quantity = {-200'000};
  event.value.price = {10'000};
  event.value.person = "ann";
  event.value.evidence = "proposed by bob: found; approved by ann: seen";
  return event;
}

ReportingEngine::Stored StoredIn(store::Store& store) {
  return {store.Fills({}).value(), store.Orders({}).value(), store.Instruments().value(),
          store.HighWater().value()};
}

TEST_CASE("ReportingEngine keeps what moved the account beside trades, each once") {
  ReportingEngine engine;
  engine.OnInstrument(Perpetual());
  for (int twice = 0; twice < 2; ++twice) {
    engine.OnAccountEvent(Booking(1, AccountEventKind::kFunding, -75, "sim:BTCUSDT-PERP"));
    engine.OnAccountEvent(Booking(2, AccountEventKind::kTransfer, 50'000));
    auto plain = Booking(3, AccountEventKind::kFill, 0, "sim:BTCUSDT-PERP");
    plain.value.client_order_id = market::ClientOrderId("a");
    plain.value.quantity = {100};
    engine.OnAccountEvent(plain);  // its row of fills says all of it
    auto fee = Booking(4, AccountEventKind::kFee, -10);
    fee.value.client_order_id = market::ClientOrderId("a");
    engine.OnAccountEvent(fee);
    auto closing = Booking(5, AccountEventKind::kLiquidation, -900, "sim:BTCUSDT-PERP");
    closing.value.client_order_id = market::ClientOrderId("autoclose-1");
    closing.value.quantity = {-100};
    closing.value.price = {9'000};
    engine.OnAccountEvent(closing);
  }
  const store::Batch batch = engine.TakeChanges(kTestDay + 1min, Sample::kEquity);
  REQUIRE(batch.bookings.size() == 3);
  CHECK(batch.bookings[0].kind == AccountEventKind::kFunding);
  CHECK(batch.bookings[0].amount == Money(-75, 2));
  CHECK(batch.bookings[0].time == kTestDay + 1s - 1ms);
  CHECK(batch.bookings[0].told == kTestDay + 1s);
  CHECK(batch.bookings[2].quantity == Money(-1, 3));
  CHECK(batch.bookings[2].price == Money(90, 0));
  CHECK(batch.bookings[2].client_order_id.text() == "autoclose-1");
  CHECK(batch.fills.empty());  // the liquidation's report brings its fill
  CHECK(engine.stats().repeated == 5);
  CHECK(engine.TakeChanges(kTestDay + 2min).empty());
  engine.GiveBack(batch);
  CHECK(engine.TakeChanges(kTestDay + 3min).bookings == batch.bookings);
}

TEST_CASE("ReportingEngine books a position that people signed, at once and after a restart") {
  store::MemoryStore store;
  ReportingEngine first;
  first.OnAccountEvent(Signed(3));  // before its instrument is known
  CHECK(first.held_reports() == 1);
  CHECK(first.TakeChanges(kTestDay + 1min).bookings.empty());
  first.OnInstrument(Perpetual());
  CHECK(first.held_reports() == 0);
  const store::Batch batch = first.TakeChanges(kTestDay + 2min, Sample::kEquity);
  REQUIRE(batch.positions.size() == 1);
  CHECK(batch.positions[0].net == Money(-2, 0));
  CHECK(batch.positions[0].strategy.text() == "EXTERNAL");
  REQUIRE(batch.fills.size() == 1);
  CHECK(batch.fills[0].client_order_id.empty());
  CHECK(batch.fills[0].trade_id == "3");
  REQUIRE(batch.bookings.size() == 1);
  CHECK(batch.bookings[0].person == "ann");
  CHECK(batch.bookings[0].detail.starts_with("proposed by bob"));
  REQUIRE(store.Write(batch).ok());

  ReportingEngine second;
  second.Restore(StoredIn(store));
  second.OnAccountEvent(Signed(3));
  second.OnAccountEvent(Signed(4));
  const store::Batch more = second.TakeChanges(kTestDay + 3min, Sample::kEquity);
  REQUIRE(more.fills.size() == 1);
  CHECK(more.positions.at(0).net == Money(-4, 0));
}

TEST_CASE("A mark stays below an account event that waits for its instrument") {
  store::MemoryStore store;
  ReportingEngine first;
  first.OnAccountEvent(Signed(3));
  first.OnAccountEvent(Booking(4, AccountEventKind::kFunding, -75));
  REQUIRE(store.Write(first.TakeChanges(kTestDay + 1min)).ok());
  ReportingEngine second;
  second.Restore(StoredIn(store));
  second.OnInstrument(Perpetual());
  second.OnAccountEvent(Signed(3));
  second.OnAccountEvent(Booking(4, AccountEventKind::kFunding, -75));
  REQUIRE(store.Write(second.TakeChanges(kTestDay + 2min)).ok());
  CHECK(store.Bookings({}).value().size() == 2);
  CHECK(store.Fills({}).value().size() == 1);
}

// --- the report --------------------------------------------------------------------

store::BookingRow Row(uint64_t id, base::Time time, AccountEventKind kind, int64_t hundredths) {
  store::BookingRow row;
  row.id = {8, id};
  row.time = time;
  row.told = time + 1s;
  row.account = kTestAccount;
  row.venue = "sim";
  row.kind = kind;
  row.booking = std::to_string(id);
  row.strategy = market::StrategyId("EXTERNAL");
  row.asset = kTestAsset;
  row.amount = Money(hundredths, 2);
  return row;
}

Money AmountOf(const Report& report, const char* table, const char* line) {
  const Table& found = *report.FindTable(table);
  for (const auto& row : found.rows) {
    if (row.at(found.Index("line")) == Value(std::string(line)))
      return std::get<Money>(row.at(found.Index("amount")));
  }
  FAIL("no line " << line << " in " << table);
  return {};
}

TEST_CASE("Report shows funding and fees apart, and explains the balance to the last unit") {
  store::Batch batch = TestHistory();
  batch.bookings = {Row(1, kTestDay + 2h + 30min, AccountEventKind::kFunding, -75),
                    Row(2, kTestDay + 26h + 30min, AccountEventKind::kTransfer, 10'000),
                    Row(3, kTestDay + 26h + 40min, AccountEventKind::kAdjustment, 25),
                    Row(4, kTestDay + 26h + 50min, AccountEventKind::kFill, -777)};
  batch.bookings[3].client_order_id = market::ClientOrderId("d");  // what the venue realised
  // 1,000 + 100 − 50 − 200 of trades, 4 of fees, and the bookings.
  batch.balances[1].free = Money(846'00 - 75 + 10'000 + 25 - 777, 2);
  const auto store = StoreWith(batch);
  const Report report = BuildReport(*store, TestRequest()).value();

  CHECK(report.FindFigure("result")->value == Value(Money(6'550, 2)));  // 66 − 0.75 + 0.25
  CHECK(report.FindFigure("funding")->value == Value(Money(-75, 2)));
  CHECK(report.FindFigure("other_bookings")->value == Value(Money(25, 2)));
  CHECK(report.FindFigure("fees_paid")->value == Value(Money(4, 0)));
  CHECK(report.FindFigure("closing_equity")->value == Value(Money(106'550, 2)));
  CHECK(AmountOf(report, "bridge", "Funding") == Money(-75, 2));
  CHECK(AmountOf(report, "bridge", "Other bookings beside trades") == Money(25, 2));

  CHECK(AmountOf(report, "statement", "Opening") == Money(1'000, 0));
  CHECK(AmountOf(report, "statement", "Bought and sold") == Money(-150, 0));
  CHECK(AmountOf(report, "statement", "Fees of trades") == Money(-4, 0));
  CHECK(AmountOf(report, "statement", "Funding") == Money(-75, 2));
  CHECK(AmountOf(report, "statement", "Transfers") == Money(100, 0));
  CHECK(AmountOf(report, "statement", "Adjustments") == Money(25, 2));
  CHECK(AmountOf(report, "statement", "Realised, as the venue booked it") == Money(-777, 2));
  CHECK(AmountOf(report, "statement", "Closing") == Money(93'773, 2));
  const Table& statement = *report.FindTable("statement");
  for (const auto& row : statement.rows)
    CHECK(row.at(statement.Index("line")) != Value(std::string("Not explained")));
  CHECK(report.FindTable("bookings")->rows.size() == 3);
}

TEST_CASE("Report knows the one wallet that pays for trades at another venue") {
  store::Batch batch = TestHistory();
  for (store::BalanceRow& row : batch.balances) row.venue = "paper";
  const auto store = StoreWith(batch);
  const Report report = BuildReport(*store, TestRequest()).value();
  const Table& statement = *report.FindTable("statement");
  for (const auto& row : statement.rows) {
    CHECK(row.at(statement.Index("venue")) == Value(std::string("paper")));
    CHECK(row.at(statement.Index("line")) != Value(std::string("Not explained")));
  }
  CHECK(AmountOf(report, "statement", "Bought and sold") == Money(-150, 0));
  CHECK(AmountOf(report, "statement", "Fees of trades") == Money(-4, 0));
}

TEST_CASE("Report says what no event explains of a balance") {
  store::Batch batch = TestHistory();
  batch.balances[1].free = Money(840, 0);
  const auto store = StoreWith(batch);
  const Report report = BuildReport(*store, TestRequest()).value();
  CHECK(AmountOf(report, "statement", "Not explained") == Money(-6, 0));
}

}  // namespace
}  // namespace gannet::reporting
