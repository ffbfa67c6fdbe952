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
  position.mark = Money(7, 2);
  position.mark_time = base::FromUnixMillis(4);
  position.mark_state = MarkState::kInvalid;
  batch.positions = {position};
  EquityRow equity;
  equity.time = base::FromUnixMillis(9);
  equity.account = position.account;
  equity.asset = position.quote_asset;
  equity.unrealized = Money(-1, 8);
  batch.equity = {equity};
  batch.high_water = {{7, 100}, {~uint64_t{0}, 3}};
  REQUIRE_FALSE(batch.empty());
  REQUIRE(store.Write(batch).ok());

  CHECK(store.Fills({}).value() == std::vector<FillRow>{batch.fills[1], batch.fills[0]});
  CHECK(store.Orders({}).value() == std::vector<OrderRow>{batch.orders[1], batch.orders[0]});
  CHECK(store.AllPositions().value() == batch.positions);
  CHECK(store.Equity({}).value() == batch.equity);
  CHECK(store.HighWater().value() == batch.high_water);
  CHECK(store.Fills({.from = batch.fills[1].time, .to = batch.fills[0].time}).value().size() == 1);
}

const market::EventId kSignal{~uint64_t{0} - 9, 40};
const market::AccountId kAccount("main/paper");
const market::AssetId kAsset("USDT");
const base::Time kHour = base::FromUnixMillis(3'600'000);

// A row of each table that is not orders, fills, positions or equity, no field at
// its default.
Batch Everything() {
  Batch batch;
  batch.exposures = {{.time = kHour,
                      .account = kAccount,
                      .asset = kAsset,
                      .gross = Money(9, 1),
                      .net = Money(-9, 1),
                      .largest = Money(5, 0),
                      .open_notional = Money(4, 2),
                      .open_orders = 3,
                      .positions = 4,
                      .unpriced = 1,
                      .invalid = 2}};
  batch.marks = {{kHour, market::InstrumentId("v:X"), Money(10'050, 2),
                  kHour + std::chrono::minutes(59), MarkState::kInvalid,
                  kHour + std::chrono::minutes(60)}};
  batch.instruments = {{.instrument = market::InstrumentId("v:X"),
                        .version = 2,
                        .kind = market::InstrumentKind::kPerpetual,
                        .base = market::AssetId("X"),
                        .quote = kAsset,
                        .settle = kAsset,
                        .price_scale = 2,
                        .quantity_scale = 3,
                        .base_scale = 4,
                        .quote_scale = 5,
                        .multiplier = 100}};
  batch.balances = {
      {kHour, kAccount, "v", kAsset, Money(100'000, 0), Money(1, 8)},
      {kHour, kAccount, "v", market::AssetId("BTC"), Money(3, 0), Money(0, 8)},
  };
  batch.signals = {{.id = kSignal,
                    .time = kHour,
                    .source = "rss:example",
                    .title = "An \"exchange\" is drained — é",
                    .type = market::NewsEventType::kHack,
                    .relation = market::NewsRelation::kCorrection,
                    .sentiment_ppm = -750'000,
                    .confidence_ppm = 900'000,
                    .novelty_ppm = 1'000'000,
                    .latency = base::Duration(1'234),
                    .classifier_version = "c@1"}};
  batch.outcomes = {{kSignal, market::InstrumentId("v:X"), std::chrono::minutes(5), kHour,
                     Money(10'000, 2), Money(9'900, 2), kHour + std::chrono::minutes(5)}};
  batch.scores = {{.time = kHour,
                   .model_version = "direction@3",
                   .instrument = market::InstrumentId("v:X"),
                   .horizon = std::chrono::seconds(10),
                   .predictions = 10,
                   .unresolved = 1,
                   .decided = 8,
                   .hits = 5,
                   .ups = 4,
                   .sum_score = -3,
                   .sum_move = 7,
                   .sum_score_squared = 1'000'000'000'000,
                   .sum_move_squared = 49,
                   .sum_product = -21}};
  batch.decisions = {
      {kHour, kAccount, market::StrategyId("maker"), market::RejectReason::kNone, 12},
      {kHour, kAccount, market::StrategyId("maker"), market::RejectReason::kGrossExposure, 2}};
  batch.risk_events = {{kSignal, kHour, market::ScopeKind::kAccount, "main/paper",
                        market::TradingState::kHalted, true, "a drill", "alex", 7}};
  batch.limits = {
      {7, market::ScopeKind::kFirm, "", "max_gross", Money(1'000'000, 0), kAsset, kHour}};
  batch.bookings = {{.id = kSignal,
                     .part = 1,
                     .time = kHour,
                     .told = kHour + std::chrono::milliseconds(3),
                     .account = kAccount,
                     .venue = "v",
                     .kind = market::AccountEventKind::kLiquidation,
                     .booking = "77",
                     .strategy = market::StrategyId("EXTERNAL"),
                     .instrument = market::InstrumentId("v:X"),
                     .client_order_id = market::ClientOrderId("autoclose-1"),
                     .asset = kAsset,
                     .amount = Money(-125, 2),
                     .quantity = Money(-5, 3),
                     .price = Money(10'050, 2),
                     .person = "alex",
                     .detail = "why — é"}};
  batch.report_runs = {{"daily", kHour, kHour + std::chrono::seconds(1), "reports/daily", "why"}};
  return batch;
}

void Tables(Store& store) {
  const Batch first = Everything();
  REQUIRE(store.Write(first).ok());
  CHECK(store.Exposures({}).value() == first.exposures);
  CHECK(store.Marks({}).value() == first.marks);
  CHECK(store.Instruments().value() == first.instruments);
  CHECK(store.Balances({}).value() ==
        std::vector<BalanceRow>{first.balances[1], first.balances[0]});
  CHECK(store.Signals({}).value() == first.signals);
  CHECK(store.Outcomes({}).value() == first.outcomes);
  CHECK(store.Scores({}).value() == first.scores);
  CHECK(store.Decisions({}).value() == first.decisions);
  CHECK(store.RiskEvents({}).value() == first.risk_events);
  CHECK(store.Limits().value() == first.limits);
  CHECK(store.ReportRuns({}).value() == first.report_runs);
  CHECK(store.Bookings({}).value() == first.bookings);

  const Range before{.to = kHour}, from{.from = kHour};
  CHECK(store.Exposures(before).value().empty());
  CHECK(store.Signals(before).value().empty());
  CHECK(store.Bookings(before).value().empty());
  CHECK(store.Outcomes(before).value().empty());
  CHECK(store.Scores(from).value().size() == 1);
  CHECK(store.ReportRuns(from).value().size() == 1);
  CHECK(store.FindSignals({kSignal, {1, 1}, kSignal}).value() == first.signals);
  CHECK(store.FindSignals({}).value().empty());
}

// The same keys once more with other values: kept, replaced or added up.
void Repeats(Store& store) {
  Batch again = Everything();
  again.exposures[0].positions = 5;
  again.marks[0].mark = Money(10'051, 2);
  again.instruments[0].version = 3;
  again.balances[0].free = Money(99'000, 0);
  again.signals[0].title = "garbled";
  again.outcomes[0].end = Money(1, 0);
  again.risk_events[0].reason = "garbled";
  again.limits[0].value = Money(1, 0);
  again.report_runs[0].error.clear();
  again.bookings[0].amount = Money(1, 0);
  again.bookings.push_back(Everything().bookings[0]);
  again.bookings[1].part = 0;  // another change of the same event
  REQUIRE(store.Write(again).ok());
  const Batch first = Everything();
  CHECK(store.Exposures({}).value() == again.exposures);
  CHECK(store.Marks({}).value() == again.marks);
  CHECK(store.Instruments().value() == again.instruments);
  CHECK(store.Balances({}).value()[1] == again.balances[0]);
  CHECK(store.Signals({}).value() == first.signals);
  CHECK(store.Outcomes({}).value() == first.outcomes);
  CHECK(store.RiskEvents({}).value() == first.risk_events);
  CHECK(store.Limits().value() == first.limits);
  CHECK(store.ReportRuns({}).value() == again.report_runs);
  CHECK(store.Bookings({}).value() ==
        std::vector<BookingRow>{again.bookings[1], first.bookings[0]});
  const ScoreRow score = store.Scores({}).value().at(0);
  CHECK(score.predictions == 20);
  CHECK(score.sum_score == -6);
  CHECK(score.sum_score_squared == 2'000'000'000'000);
  const auto decisions = store.Decisions({}).value();
  REQUIRE(decisions.size() == 2);
  CHECK(decisions[0].count == 24);
  CHECK(decisions[1].count == 4);
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

// What a stream or a venue may send and a database might not like.
void Extremes(Store& store) {
  const uint64_t most = ~uint64_t{0};
  FillRow first = Fill(most, 30, 1), again = first, earlier = Fill(most - 1, 31, 1);
  first.id.stream = again.id.stream = earlier.id.stream = 5;
  again.time += std::chrono::hours(24 * 400);  // the same id, said to be of another year
  again.fee = Money(2, 18);
  using namespace std::string_literals;
  first.trade_id = "nul \0 bad \xff\xfe tab\t line\nreturn\r \\x41 \\N {\"quoted\",}"s;
  first.model_version = "\\.";
  first.account = market::AccountId("");
  Batch batch;
  batch.fills = {first, again};
  batch.orders = {Order("twice", 3, market::OrderState::kAccepted),
                  Order("twice", 3, market::OrderState::kCanceled)};
  batch.orders[1].detail = first.trade_id;
  batch.high_water = {{5, most - 1}, {6, 1}};
  REQUIRE(store.Write(batch).ok());
  batch.fills = {again, earlier};  // `earlier` is new although it lies below the stream's last
  batch.high_water = {{5, most}, {6, most / 2 + 2}};
  REQUIRE(store.Write(batch).ok());
  batch.high_water = {{5, 1}, {6, 1}};
  REQUIRE(store.Write(batch).ok());

  const auto rows = store.Fills({.from = first.time, .to = base::FromUnixMillis(32'000)}).value();
  REQUIRE(rows == std::vector<FillRow>{first, earlier});
  CHECK(store.Fills({.from = again.time, .to = again.time + base::Duration(1)}).value().empty());
  const auto orders = store.Orders({.from = base::FromUnixMillis(3'000)}).value();
  REQUIRE(orders == std::vector<OrderRow>{batch.orders[1]});
  CHECK(store.HighWater().value().at(5) == most);
  CHECK(store.HighWater().value().at(6) == most / 2 + 2);
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
  CHECK(store->Ready().ok());
  RoundTrip(*store);
  Upserts(*store);
  Amounts(*store);
  Extremes(*store);
  AllOrNothing(*store);
  Tables(*store);
  Repeats(*store);
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
