#include "services/reporting/reporting_engine.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/store/memory_store.h"

namespace gannet::reporting {
namespace {

using base::FromUnixMillis;
using market::Money;
using market::Price;
using market::Quantity;
using Sample = ReportingEngine::Sample;

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

market::Event<market::Quote> QuoteOf(int64_t bid, int64_t ask, int64_t millis = 90) {
  market::Event<market::Quote> event;
  event.header.receive_time = FromUnixMillis(millis);
  market::Quote& quote = event.value;
  quote.instrument = kInstrument;
  quote.bid = {Price{bid}, Quantity{1}};
  quote.ask = {Price{ask}, Quantity{1}};
  return event;
}

ReportingEngine::Stored StoredIn(store::Store& store) {
  return {store.Fills({}).value(), store.Orders({}).value(), store.Instruments().value(),
          store.HighWater().value()};
}

template <class T>
market::Event<T> EventOf(uint64_t sequence, T value) {
  market::Event<T> event;
  event.header.id = {7, sequence};
  event.header.event_time = event.header.receive_time = event.header.publish_time =
      FromUnixMillis(static_cast<int64_t>(sequence));
  event.value = std::move(value);
  return event;
}

market::MarketStatus StatusOf(market::BookState state) {
  market::MarketStatus status;
  status.instrument = kInstrument;
  status.book_state = state;
  return status;
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
  const store::Batch batch = engine.TakeChanges(FromUnixMillis(99), Sample::kEquity);
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

TEST_CASE("ReportingEngine takes every event whatever order the partitions of a topic come in") {
  const auto signal = [](uint64_t sequence, const char* instrument) {
    market::NewsSignal value;
    value.source = "test";
    value.instruments = {market::InstrumentId(instrument)};
    return EventOf(sequence, value);
  };
  const auto one = signal(12, "v:BTCUSDT");
  const auto before_it = signal(11, "v:ETHUSDT");
  const auto partition = [](const auto& event) {
    return bus::PartitionOf(bus::kNewsSignals.info, &event, bus::kNewsSignals.info.partitions);
  };
  REQUIRE(partition(one) != partition(before_it));
  store::MemoryStore store;
  ReportingEngine engine;
  for (int i = 0; i < 2; ++i) {
    engine.OnSignal(one);
    engine.OnSignal(before_it);  // made first, read later
  }
  const store::Batch batch = engine.TakeChanges(FromUnixMillis(9));
  CHECK(batch.signals.size() == 2);
  CHECK(engine.stats().repeated == 2);
  REQUIRE(store.Write(batch).ok());

  ReportingEngine again;
  again.Restore(StoredIn(store));
  again.OnSignal(one);
  again.OnSignal(before_it);
  again.OnSignal(signal(13, "v:ETHUSDT"));
  CHECK(again.TakeChanges(FromUnixMillis(10)).signals.size() == 1);
}

TEST_CASE("ReportingEngine restored from its store goes on as if it had never stopped") {
  store::MemoryStore store;
  ReportingEngine first, straight;
  for (ReportingEngine* engine : {&first, &straight}) {
    engine->OnInstrument(Definition());
    engine->OnReport(FillOf(1, market::Side::kBuy, 10'000, 100'000, 1'000));
    engine->OnReport(FillOf(2, market::Side::kSell, 10'500, 40'000, 1'000));
  }
  REQUIRE(store.Write(first.TakeChanges(FromUnixMillis(50), Sample::kEquity)).ok());
  ReportingEngine second;
  second.Restore(StoredIn(store));
  second.OnInstrument(Definition());
  for (ReportingEngine* engine : {&second, &straight}) {
    engine->OnReport(FillOf(2, market::Side::kSell, 10'500, 40'000, 1'000));  // delivered again
    engine->OnReport(FillOf(3, market::Side::kSell, 10'600, 80'000, 1'000));
  }
  CHECK(second.TakeChanges(FromUnixMillis(60)).positions ==
        straight.TakeChanges(FromUnixMillis(60)).positions);
}

TEST_CASE("ReportingEngine holds a report back until its instrument is defined, and its mark too") {
  ReportingEngine engine;
  engine.OnReport(FillOf(5, market::Side::kBuy, 10'000, 100'000, 0));
  store::Batch batch = engine.TakeChanges(FromUnixMillis(9), Sample::kEquity);
  CHECK(batch.fills.empty());
  CHECK(batch.equity.empty());  // an account with something held has no result yet
  CHECK(batch.high_water.at(7) == 4);
  CHECK(engine.held_reports() == 1);
  engine.OnInstrument(Definition());
  batch = engine.TakeChanges(FromUnixMillis(9), Sample::kEquity);
  REQUIRE(batch.fills.size() == 1);
  CHECK(batch.fills[0].price == Money(100, 0));
  CHECK(batch.positions.size() == 1);
  CHECK(batch.high_water.at(7) == 5);
}

TEST_CASE("ReportingEngine leaves what it had no room to hold to the next start") {
  ReportingEngine engine(1);
  engine.OnReport(FillOf(5, market::Side::kBuy, 10'000, 100'000, 0));
  engine.OnReport(FillOf(6, market::Side::kBuy, 10'000, 100'000, 0));
  CHECK(engine.stats().refused_held == 1);
  engine.OnInstrument(Definition());
  engine.OnReport(FillOf(7, market::Side::kBuy, 10'000, 100'000, 0));
  CHECK_FALSE(engine.caught_up());
  const store::Batch batch = engine.TakeChanges(FromUnixMillis(9));
  CHECK(batch.fills.size() == 2);
  CHECK(batch.high_water.at(7) == 5);  // 6 comes again, and 7 is known by its id

  ReportingEngine next;
  next.Restore({batch.fills, batch.orders, batch.instruments, batch.high_water});
  for (const uint64_t sequence : {5, 6, 7})
    next.OnReport(FillOf(sequence, market::Side::kBuy, 10'000, 100'000, 0));
  CHECK(next.TakeChanges(FromUnixMillis(10)).fills.size() == 1);
}

TEST_CASE("ReportingEngine books a fill once although its mark was written late") {
  store::MemoryStore store;
  {
    ReportingEngine first;
    market::Event<market::ExecReport> other = FillOf(1, market::Side::kBuy, 10'000, 100'000, 0);
    other.value.instrument = market::InstrumentId("v:UNKNOWN");
    first.OnInstrument(Definition());
    first.OnReport(other);  // held: the mark stays at 0
    first.OnReport(FillOf(2, market::Side::kBuy, 10'000, 100'000, 0));
    REQUIRE(store.Write(first.TakeChanges(FromUnixMillis(5))).ok());
  }
  CHECK(store.HighWater().value().at(7) == 0);
  ReportingEngine second;
  second.Restore(StoredIn(store));
  second.OnReport(FillOf(2, market::Side::kBuy, 10'000, 100'000, 0));
  second.OnInstrument(Definition());
  const store::Batch batch = second.TakeChanges(FromUnixMillis(9), Sample::kEquity);
  CHECK(batch.fills.empty());
  REQUIRE(batch.positions.size() == 1);
  CHECK(batch.positions[0].net == Money(1, 0));
}

TEST_CASE("ReportingEngine knows stored instruments before the market names them again") {
  store::MemoryStore store;
  {
    ReportingEngine first;
    first.OnInstrument(Definition());
    first.OnReport(FillOf(1, market::Side::kBuy, 10'000, 100'000, 0));
    REQUIRE(store.Write(first.TakeChanges(FromUnixMillis(5))).ok());
  }
  ReportingEngine second;
  second.Restore(StoredIn(store));
  const store::Batch batch = second.TakeChanges(FromUnixMillis(9), Sample::kEquity);
  REQUIRE(batch.positions.size() == 1);
  CHECK(batch.positions[0].average_price == Money(100, 0));
  REQUIRE(batch.equity.size() == 1);
}

market::Instrument SecondVersion(int price_scale, int quantity_scale) {
  market::Instrument next = Definition();
  next.version = 2;
  next.price_scale = price_scale;
  next.quantity_scale = quantity_scale;
  return next;
}

template <class T>
market::Event<T> InVersion(uint32_t version, market::Event<T> event) {
  event.value.instrument_version = version;
  return event;
}

TEST_CASE("ReportingEngine reads each number at the scales of the version that it speaks of") {
  for (const int scale : {4, 6}) {
    const int64_t one = scale == 4 ? 10'000 : 1'000'000;
    store::MemoryStore store;
    ReportingEngine engine;
    engine.OnInstrument(Definition());
    engine.OnQuote(QuoteOf(10'900, 11'100));
    engine.OnReport(FillOf(1, market::Side::kBuy, 10'000, 100'000, 0));
    engine.OnInstrument(SecondVersion(2, scale));
    store::Batch batch = engine.TakeChanges(FromUnixMillis(50), Sample::kEquity);
    REQUIRE(batch.positions.size() == 1);
    CHECK(batch.positions[0].net == Money(1, 0));
    CHECK(batch.positions[0].average_price == Money(100, 0));
    CHECK(batch.positions[0].unrealized == Money(10, 0));
    CHECK(batch.exposures.at(0).gross == Money(110, 0));
    CHECK(batch.instruments.at(0).quantity_scale == scale);
    REQUIRE(store.Write(batch).ok());

    engine.OnReport(InVersion(2, FillOf(2, market::Side::kBuy, 10'000, one, 0)));
    engine.OnReport(FillOf(3, market::Side::kSell, 10'100, 50'001, 0));  // late, of version 1
    batch = engine.TakeChanges(FromUnixMillis(60), Sample::kEquity);
    REQUIRE(batch.fills.size() == 2);
    CHECK(batch.fills[0].quantity == Money(1, 0));
    CHECK(batch.fills[0].notional == Money(100, 0));
    CHECK(batch.fills[1].quantity == Money(50'001, 5));
    CHECK(batch.orders.at(0).quantity == Money(2, 0));
    CHECK(batch.positions.at(0).net == Money(149'999, 5));
    CHECK(batch.positions[0].realized == Money(50'001, 5));
    CHECK(engine.stats().unbooked_fills == 0);
    REQUIRE(store.Write(batch).ok());
    ReportingEngine again;
    again.Restore(StoredIn(store));
    CHECK(again.TakeChanges(FromUnixMillis(70), Sample::kEquity).positions.at(0).net ==
          Money(149'999, 5));
    CHECK(again.stats().unbooked_fills == 0);
  }
}

TEST_CASE("ReportingEngine reads an order of before a new scale as it was, after a restart too") {
  store::MemoryStore store;
  auto working = InVersion(1, Report(1, market::OrderState::kAccepted));
  working.value.price = Price{10'000};
  {
    ReportingEngine first;
    first.OnInstrument(Definition());
    first.OnReport(working);
    first.OnInstrument(SecondVersion(4, 4));
    REQUIRE(store.Write(first.TakeChanges(FromUnixMillis(5))).ok());
  }
  ReportingEngine second;
  second.Restore(StoredIn(store));
  second.OnInstrument(SecondVersion(4, 4));
  auto fill = InVersion(1, FillOf(2, market::Side::kBuy, 10'000, 150'000, 0));
  fill.value.price = working.value.price;
  second.OnReport(fill);
  const store::Batch batch = second.TakeChanges(FromUnixMillis(9));
  CHECK(batch.fills.at(0).quantity == Money(15, 1));
  CHECK(batch.fills.at(0).price == Money(100, 0));
  CHECK(batch.positions.at(0).net == Money(15, 1));
}

TEST_CASE("ReportingEngine has no price from a version of another price scale") {
  ReportingEngine engine;
  engine.OnInstrument(Definition());
  engine.OnQuote(QuoteOf(10'900, 11'100));
  engine.OnReport(FillOf(1, market::Side::kBuy, 10'000, 100'000, 0));
  engine.OnInstrument(SecondVersion(3, 5));
  store::Batch batch = engine.TakeChanges(FromUnixMillis(50), Sample::kEquity);
  CHECK(batch.positions.at(0).mark_state == store::MarkState::kUnpriced);
  CHECK(batch.positions[0].average_price == Money(100, 0));
  engine.OnQuote(InVersion(2, QuoteOf(109'001, 111'000)));
  CHECK(engine.TakeChanges(FromUnixMillis(60), Sample::kEquity).positions.at(0).mark ==
        Money(110'000, 3));
  engine.OnQuote(QuoteOf(11'900, 12'100));  // of version 1, on its way when the second came
  batch = engine.TakeChanges(FromUnixMillis(70), Sample::kEquity);
  CHECK(batch.positions.at(0).mark == Money(120, 0));
  CHECK(batch.exposures.at(0).gross == Money(120, 0));
}

TEST_CASE("ReportingEngine holds back what speaks of a version that is not defined yet") {
  ReportingEngine engine;
  engine.OnInstrument(Definition());
  engine.OnReport(InVersion(2, FillOf(1, market::Side::kBuy, 10'000, 10'000, 0)));
  CHECK(engine.held_reports() == 1);
  engine.OnInstrument(SecondVersion(2, 4));
  CHECK(engine.held_reports() == 0);
  CHECK(engine.TakeChanges(FromUnixMillis(50)).fills.at(0).quantity == Money(1, 0));
}

TEST_CASE("ReportingEngine makes up no price: unpriced and INVALID positions say so") {
  ReportingEngine engine;
  engine.OnInstrument(Definition());
  engine.OnReport(FillOf(1, market::Side::kBuy, 10'000, 100'000, 0));
  store::Batch batch = engine.TakeChanges(FromUnixMillis(50), Sample::kEquity);
  CHECK(batch.positions.at(0).mark_state == store::MarkState::kUnpriced);
  CHECK(batch.positions.at(0).unrealized.zero());
  REQUIRE(batch.exposures.size() == 1);
  CHECK(batch.exposures[0].positions == 1);
  CHECK(batch.exposures[0].unpriced == 1);
  CHECK(batch.exposures[0].gross.zero());

  engine.OnQuote(QuoteOf(10'900, 11'100, 60));
  engine.OnStatus(StatusOf(market::BookState::kInvalid));
  batch = engine.TakeChanges(FromUnixMillis(70), Sample::kEquity);
  CHECK(batch.positions.at(0).mark_state == store::MarkState::kInvalid);
  CHECK(batch.positions.at(0).mark == Money(110, 0));
  CHECK(batch.positions.at(0).mark_time == FromUnixMillis(60));
  CHECK(batch.exposures.at(0).invalid == 1);
  CHECK(batch.exposures.at(0).gross == Money(110, 0));
  CHECK(batch.marks ==
        std::vector<store::MarkRow>{{base::Time(), kInstrument, Money(110, 0), FromUnixMillis(60),
                                     store::MarkState::kInvalid, FromUnixMillis(70)}});

  engine.OnStatus(StatusOf(market::BookState::kValid));
  batch = engine.TakeChanges(FromUnixMillis(80), Sample::kEquity);
  CHECK(batch.positions.at(0).mark_state == store::MarkState::kValid);
  CHECK(batch.exposures.at(0).invalid == 0);
}

TEST_CASE("ReportingEngine samples exposure netted over strategies, and what is working") {
  ReportingEngine engine;
  engine.OnInstrument(Definition());
  engine.OnQuote(QuoteOf(10'000, 10'000));
  auto other = FillOf(2, market::Side::kSell, 10'000, 40'000, 0);
  other.value.strategy = market::StrategyId("other");
  other.value.client_order_id = market::ClientOrderId("g1b");
  engine.OnReport(FillOf(1, market::Side::kBuy, 10'000, 100'000, 0));
  engine.OnReport(other);
  auto working = Report(3, market::OrderState::kAccepted);
  working.value.client_order_id = market::ClientOrderId("g1c");
  working.value.price = Price{9'000};
  working.value.cumulative = Quantity{50'000};
  engine.OnReport(working);
  auto done = Report(4, market::OrderState::kCanceled);
  engine.OnReport(done);
  done = Report(5, market::OrderState::kCanceled);
  done.value.client_order_id = market::ClientOrderId("g1b");
  engine.OnReport(done);
  const store::Batch batch = engine.TakeChanges(FromUnixMillis(99), Sample::kEquity);
  REQUIRE(batch.exposures.size() == 1);
  const store::ExposureRow& row = batch.exposures[0];
  CHECK(row.gross == Money(60, 0));
  CHECK(row.net == Money(60, 0));
  CHECK(row.largest == Money(60, 0));
  CHECK(row.positions == 1);
  CHECK(row.open_orders == 1);
  CHECK(row.open_notional == Money(135, 0));  // 90.00 × (2 − 0.5)
}

TEST_CASE("ReportingEngine keeps signals, verdicts by the hour, trading states and balances") {
  ReportingEngine engine;
  market::NewsSignal signal;
  signal.title = "An exchange is drained";
  signal.type = market::NewsEventType::kHack;
  market::RiskDecision verdict;
  verdict.permitted = true;
  verdict.decided = FromUnixMillis(3'600'000 + 5);
  verdict.intent.account = kAccount;
  verdict.intent.strategy = kStrategy;
  market::RiskDecision refusal = verdict;
  refusal.permitted = false;
  refusal.reason = market::RejectReason::kMaxNotional;
  market::RiskDecision cancel = verdict;
  cancel.intent.kind = market::IntentKind::kCancel;
  for (int delivery = 0; delivery < 2; ++delivery) {
    // Four topics of one stream, each in its own order.
    engine.OnDecision(EventOf(20, verdict));
    engine.OnDecision(EventOf(21, verdict));
    engine.OnDecision(EventOf(22, refusal));
    engine.OnDecision(EventOf(23, cancel));
    engine.OnSignal(EventOf(10, signal));
    engine.OnRiskState(EventOf(15, market::RiskState{.killed = true, .reason = "drill"}));
  }
  engine.OnBalance(EventOf(
      30, market::BalanceUpdate{kAccount, "v", market::AssetId("USDT"), Money(100, 0), Money()}));
  store::Batch batch = engine.TakeChanges(FromUnixMillis(100));
  REQUIRE(batch.signals.size() == 1);
  CHECK(batch.signals[0].type == market::NewsEventType::kHack);
  REQUIRE(batch.decisions.size() == 2);
  CHECK(batch.decisions[0] == store::DecisionRow{FromUnixMillis(3'600'000), kAccount, kStrategy,
                                                 market::RejectReason::kNone, 2});
  CHECK(batch.decisions[1].count == 1);
  CHECK(batch.risk_events.size() == 1);
  REQUIRE(batch.balances.size() == 1);
  CHECK(batch.balances[0].free == Money(100, 0));

  engine.GiveBack(batch);  // as if the disk had been full
  store::Batch again = engine.TakeChanges(FromUnixMillis(101));
  CHECK(again.decisions == batch.decisions);
  CHECK(again.signals == batch.signals);
  CHECK(again.balances == batch.balances);
  CHECK(again.high_water == batch.high_water);

  engine.OnBalance(EventOf(
      40, market::BalanceUpdate{kAccount, "v", market::AssetId("USDT"), Money(90, 0), Money()}));
  CHECK(engine.TakeChanges(FromUnixMillis(102)).balances.empty());  // written just before
  CHECK(engine.TakeChanges(FromUnixMillis(103), Sample::kClosing).balances.size() == 1);
}

TEST_CASE("ReportingEngine keeps of each balance what it was at the end of an hour") {
  const auto at = [](const char* time) { return base::ParseRfc3339(time).value(); };
  ReportingEngine engine;
  uint64_t sequence = 0;
  const auto hear = [&](const char* time, int64_t amount) {
    auto event = EventOf(++sequence, market::BalanceUpdate{kAccount, "v", market::AssetId("USDT"),
                                                           Money(amount, 0), Money()});
    event.header.publish_time = at(time);
    engine.OnBalance(event);
  };
  const auto taken = [&](const char* time) {
    std::vector<int64_t> amounts;
    for (const store::BalanceRow& row : engine.TakeChanges(at(time)).balances)
      amounts.push_back(static_cast<int64_t>(row.free.units()));
    return amounts;
  };
  using Amounts = std::vector<int64_t>;
  hear("2026-11-23T23:58:30Z", 100);
  CHECK(taken("2026-11-23T23:58:31Z") == Amounts{100});
  hear("2026-11-23T23:59:00Z", 90);
  CHECK(taken("2026-11-23T23:59:59Z").empty());
  CHECK(taken("2026-11-24T00:00:00Z") == Amounts{90});
  // The next one is here before the hour's end was looked at.
  hear("2026-11-24T00:59:00Z", 80);
  hear("2026-11-24T01:00:00Z", 70);
  CHECK(taken("2026-11-24T01:00:01Z") == Amounts{80, 70});
}

TEST_CASE("ReportingEngine keeps the first balance of many that a journal brings at once") {
  ReportingEngine engine;
  for (const int64_t amount : {100, 90, 80}) {
    engine.OnBalance(EventOf(30, market::BalanceUpdate{kAccount, "v", market::AssetId("USDT"),
                                                       Money(amount, 0), Money()}));
  }
  const auto balances = engine.TakeChanges(FromUnixMillis(100)).balances;
  REQUIRE(balances.size() == 2);
  CHECK(balances[0].free == Money(100, 0));
  CHECK(balances[1].free == Money(80, 0));
}

TEST_CASE("ReportingEngine marks a journal as folded with the batch that leaves nothing behind") {
  const uint64_t run = 99;
  const auto balance = [](uint64_t sequence, int64_t amount) {
    return EventOf(sequence, market::BalanceUpdate{kAccount, "v", market::AssetId("USDT"),
                                                   Money(amount, 0), Money()});
  };
  ReportingEngine engine;
  engine.OnBalance(balance(1, 100));
  engine.OnFolded(run, 7);
  CHECK(engine.TakeChanges(FromUnixMillis(100)).high_water.at(run) == 7);
  CHECK_FALSE(engine.TakeChanges(FromUnixMillis(101)).high_water.contains(run));
  engine.OnBalance(balance(2, 90));  // stays for a later batch
  engine.OnFolded(run, 8);
  CHECK_FALSE(engine.TakeChanges(FromUnixMillis(102)).high_water.contains(run));
  CHECK(engine.TakeChanges(FromUnixMillis(102) + kBalanceEvery).high_water.at(run) == 8);
  engine.OnReport(Report(3, market::OrderState::kAccepted));  // its instrument is not defined
  REQUIRE(engine.held_reports() == 1);
  engine.OnFolded(run, 9);
  CHECK_FALSE(engine.TakeChanges(FromUnixMillis(103), Sample::kClosing).high_water.contains(run));
  engine.OnInstrument(Definition());
  CHECK(engine.TakeChanges(FromUnixMillis(104)).high_water.at(run) == 9);
}

TEST_CASE("ReportingEngine hands out again what could not be written") {
  ReportingEngine engine;
  engine.OnInstrument(Definition());
  engine.OnReport(FillOf(1, market::Side::kBuy, 10'000, 100'000, 0));
  const store::Batch lost = engine.TakeChanges(FromUnixMillis(2), Sample::kEquity);
  engine.OnReport(Report(2, market::OrderState::kCanceled));
  engine.GiveBack(lost);
  const store::Batch batch = engine.TakeChanges(FromUnixMillis(2));
  CHECK(batch.fills == lost.fills);
  REQUIRE(batch.orders.size() == 1);
  CHECK(batch.orders[0].state == market::OrderState::kCanceled);  // the newer one wins
  CHECK(batch.positions == lost.positions);
  CHECK(batch.equity == lost.equity);
  CHECK(batch.instruments == lost.instruments);
  CHECK(batch.high_water.at(7) == 2);
}

}  // namespace
}  // namespace gannet::reporting
