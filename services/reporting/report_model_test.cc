#include "services/reporting/report_model.h"

#include <catch2/catch_test_macros.hpp>

#include "services/reporting/report_for_test.h"

namespace gannet::reporting {
namespace {

using namespace std::chrono_literals;
using market::Money;

Report ReportOf(const store::Batch& batch, const ReportRequest& request = TestRequest()) {
  const auto store = StoreWith(batch);
  return BuildReport(*store, request).value();
}

Value Of(const Report& report, const char* figure) { return report.FindFigure(figure)->value; }
std::string Shown(const Report& report, const char* key) {
  const Figure& figure = *report.FindFigure(key);
  return ShownText(figure.value, figure.kind);
}
Value At(const Report& report, const char* table, size_t row, const char* column) {
  const Table& found = *report.FindTable(table);
  return found.rows.at(row).at(found.Index(column));
}
Money AmountAt(const Report& report, const char* table, size_t row, const char* column) {
  return std::get<Money>(At(report, table, row, column));
}
Money Total(const Report& report, const char* table, const char* column) {
  const Table& found = *report.FindTable(table);
  return std::get<Money>(found.totals().at(found.Index(column)));
}
bool Says(const Report& report, std::string_view words) {
  for (const std::string& note : report.notes) {
    if (note.find(words) != std::string::npos) return true;
  }
  return false;
}

TEST_CASE("Report of a history that one can follow by hand") {
  const Report report = ReportOf(TestHistory());
  CHECK(report.asset == kTestAsset);
  CHECK(Of(report, "opening_equity") == Value(Money(1'000, 0)));
  CHECK(Of(report, "closing_equity") == Value(Money(1'066, 0)));  // + 98 − 52 + 20
  CHECK(Of(report, "result") == Value(Money(66, 0)));
  CHECK(Shown(report, "total_return") == "6.60 %");
  // 1,098 to 1,046 after it had been 1,072.
  CHECK(Shown(report, "max_drawdown") == "4.74 %");
  CHECK(Of(report, "drawdown_peak") == Value(kTestDay + 3h));
  CHECK(Of(report, "drawdown_trough") == Value(kTestDay + 27h));
  CHECK(report.FindFigure("drawdown_recovered")->absent == "not within the period");
  CHECK(Of(report, "trades") == Value(int64_t{2}));
  CHECK(Shown(report, "hit_rate") == "50.00 %");
  CHECK(Of(report, "average_win") == Value(Money(98, 0)));
  CHECK(Of(report, "average_loss") == Value(Money(52, 0)));
  CHECK(Shown(report, "profit_factor") == "1.88");
  CHECK(Of(report, "volume") == Value(Money(200 + 100 + 150 + 60 + 40 + 200, 0)));
  CHECK(report.FindFigure("calmar")->absent == "not given for less than 30 days");
  CHECK(Says(report, "Equity is the capital of 1,000.00 USDT"));
  CHECK(Says(report, "Left out: 1 sample of the result"));
}

TEST_CASE("Report's returns follow each other and compound to the months") {
  const Report report = ReportOf(TestHistory());
  REQUIRE(report.FindTable("returns")->rows.size() == 3);
  CHECK(AmountAt(report, "returns", 0, "return") == Money(98'000, 6));
  CHECK(AmountAt(report, "returns", 1, "result") == Money(-52, 0));
  CHECK(AmountAt(report, "returns", 2, "equity") == Money(1'066, 0));
  CHECK(Total(report, "returns", "result") == Money(66, 0));
  CHECK(At(report, "months", 0, "Oct") == Value());
  CHECK(AmountAt(report, "months", 0, "Nov") == Money(66'000, 6));
  CHECK(AmountAt(report, "months", 0, "total") == Money(66'000, 6));
}

TEST_CASE("Report of a month and more has figures of a year") {
  store::Batch batch = TestHistory();
  // From 1,066 up to 1,166 in the end; the deepest fall stays the one of the second day.
  for (int day = 3; day < 40; ++day)
    AddSample(batch, kTestDay + day * 24h, 4'600 + std::min((day - 2) * 300, 10'000), 2'000, 400,
              0);
  ReportRequest request = TestRequest();
  request.to = kTestDay + 40 * 24h;
  const Report report = ReportOf(batch, request);
  CHECK(Shown(report, "total_return") == "16.60 %");
  CHECK(Shown(report, "annual_return") == "306.09 %");  // 1.166^(365 / 40) − 1
  CHECK(Shown(report, "calmar") == "64.63");            // over 0.04735883
  CHECK(report.FindTable("returns")->rows.size() == 40);
  REQUIRE(report.FindTable("months")->rows.size() == 1);
  CHECK(ShownText(At(report, "months", 0, "Nov"), Kind::kPercent) == "10.50 %");
  CHECK(ShownText(At(report, "months", 0, "Dec"), Kind::kPercent) == "5.52 %");
}

TEST_CASE("Report's figures of a year count the days without a sample too") {
  store::Batch batch = TestHistory();
  batch.equity.clear();
  batch.exposures.clear();
  for (int i = 0; i < 10; ++i)
    AddSample(batch, kTestDay + std::min(i * 41, 364) * 24h, i < 5 ? -i * 200 : i * 200, 0, 0, 0);
  ReportRequest request = TestRequest();
  request.to = kTestDay + 365 * 24h;
  Report report = ReportOf(batch, request);
  CHECK(Shown(report, "total_return") == "1.80 %");
  CHECK(Shown(report, "annual_return") == "1.80 %");
  CHECK(Shown(report, "calmar") == "2.25");  // over 0.8 %
  // Also those before the first sample of a period that begins between two.
  request.from = kTestDay + 10 * 24h;
  report = ReportOf(batch, request);
  CHECK(Shown(report, "annual_return") == "1.85 %");  // 1.018^(365 / 355) − 1
}

TEST_CASE("Report's lines from opening to closing equity add up") {
  const Report report = ReportOf(TestHistory());
  const Table& bridge = *report.FindTable("bridge");
  REQUIRE(bridge.rows.size() == 7);
  Money sum;
  for (size_t i = 0; i < 6; ++i) sum += AmountAt(report, "bridge", i, "amount");
  CHECK(sum == AmountAt(report, "bridge", 6, "amount"));
  CHECK(AmountAt(report, "bridge", 1, "amount") == Money(50, 0));
  CHECK(AmountAt(report, "bridge", 2, "amount") == Money(-4, 0));
  CHECK(AmountAt(report, "bridge", 5, "amount") == Money(20, 0));
  // The same realised result, told by the fills.
  CHECK(Total(report, "pnl_by_strategy", "gross") == Money(50, 0));
  CHECK(Total(report, "pnl_by_instrument", "fees") == Money(4, 0));
  CHECK(Total(report, "pnl_by_event_type", "net") == Money(46, 0));
  CHECK(Total(report, "pnl_by_model", "net") == Money(46, 0));
  CHECK(Total(report, "trades", "net") == Money(46, 0));
  CHECK(Total(report, "fills", "realized") == Money(50, 0));
}

TEST_CASE("Report says which fees and bookings of other assets are not in its figures") {
  const auto in_other_assets = [](const Report& report) {
    for (const std::string& note : report.notes) {
      if (note.starts_with("Not in result")) return note;
    }
    return std::string();
  };
  CHECK(in_other_assets(ReportOf(TestHistory())).empty());

  store::Batch batch = TestHistory();
  for (size_t i = 0; i < 2; ++i) {
    batch.fills[i].fee = Money(2, 2);
    batch.fills[i].fee_asset = market::AssetId("BNB");
  }
  batch.fills[2].fee_asset = market::AssetId("BTC");  // of spot: taken off the position
  store::BookingRow interest;
  interest.id = {8, 1};
  interest.time = interest.told = kTestDay + 30h;
  interest.account = kTestAccount;
  interest.venue = "sim";
  interest.kind = market::AccountEventKind::kAdjustment;
  interest.asset = market::AssetId("ETH");
  interest.amount = Money(-5, 3);
  store::BookingRow transfer = interest;
  transfer.id = {8, 2};
  transfer.kind = market::AccountEventKind::kTransfer;
  batch.bookings = {interest, transfer};
  const Report report = ReportOf(batch);
  CHECK(in_other_assets(report) ==
        "Not in result, equity, returns and closed trades, since no asset is converted: 0.04 BNB "
        "of fees, −0.005 ETH booked beside trades.");
  CHECK(report.FindFigure("average_win")->definition ==
        "Mean result of the winning trades, after fees paid in USDT.");

  ReportRequest later = TestRequest();
  later.from = kTestDay + 31h;
  CHECK(in_other_assets(ReportOf(batch, later)).empty());
}

TEST_CASE("Report gives results to the news behind them") {
  const Report report = ReportOf(TestHistory());
  CHECK(At(report, "pnl_by_event_type", 0, "name") == Value(std::string("HACK")));
  CHECK(AmountAt(report, "pnl_by_event_type", 0, "net") == Money(98, 0));
  CHECK(At(report, "pnl_by_event_type", 1, "name") == Value(std::string("NO SIGNAL")));
  CHECK(At(report, "trades", 0, "event_type") == Value(std::string("HACK")));
  CHECK(At(report, "trades", 0, "headline") == Value(std::string("Exchange drained")));
  CHECK(At(report, "trades", 1, "headline") == Value(std::string()));
  CHECK(At(report, "signals", 0, "traded") == Value(int64_t{1}));
  CHECK(At(report, "signal_outcomes", 0, "right") == Value(int64_t{1}));
  CHECK(ShownText(At(report, "signal_outcomes", 0, "move_bp"), Kind::kRatio) == "50.00");
  CHECK(ShownText(At(report, "models", 0, "hit_rate"), Kind::kPercent) == "55.00 %");
  CHECK(ShownText(At(report, "models", 0, "baseline"), Kind::kPercent) == "55.00 %");
}

TEST_CASE("Report puts exposure beside the tightest limit, and names what was refused") {
  const Report report = ReportOf(TestHistory());
  CHECK(AmountAt(report, "risk_utilisation", 0, "peak") == Money(220, 0));
  CHECK(AmountAt(report, "risk_utilisation", 0, "limit") == Money(440, 0));
  CHECK(At(report, "risk_utilisation", 0, "scope") ==
        Value(std::string("account main/paper, version 3")));
  CHECK(ShownText(At(report, "risk_utilisation", 0, "used"), Kind::kPercent) == "50.00 %");
  CHECK(At(report, "risk_utilisation", 1, "limit") == Value());  // no limit of net exposure kept
  CHECK(At(report, "verdicts", 1, "reason") == Value(std::string("MAX_NOTIONAL")));
  CHECK(At(report, "verdicts", 1, "count") == Value(int64_t{2}));
  CHECK(At(report, "trading_states", 0, "scope") == Value(std::string("strategy maker")));
}

TEST_CASE("Report values what is open at the price of the period's end") {
  Report report = ReportOf(TestHistory());
  REQUIRE(report.FindTable("positions")->rows.size() == 1);
  CHECK(AmountAt(report, "positions", 0, "net") == Money(2, 0));
  CHECK(AmountAt(report, "positions", 0, "unrealized") == Money(20, 0));
  CHECK(At(report, "positions", 0, "mark_state") == Value(std::string("valid")));

  store::Batch batch = TestHistory();
  batch.marks[0].state = store::MarkState::kInvalid;
  report = ReportOf(batch);
  CHECK(At(report, "positions", 0, "mark_state") == Value(std::string("book INVALID")));
  CHECK(report.FindTable("positions")->note.find("INVALID") != std::string::npos);

  batch.marks.clear();
  report = ReportOf(batch);
  CHECK(At(report, "positions", 0, "mark_state") == Value(std::string("no price")));
  CHECK(At(report, "positions", 0, "unrealized") == Value());
  CHECK(At(report, "pnl_by_instrument", 0, "unrealized") == Value());
}

TEST_CASE("Report says when the data was in doubt") {
  store::Batch batch = TestHistory();
  batch.equity.clear();
  batch.exposures.clear();
  const auto sample = [&](base::Duration at, uint32_t unpriced, uint32_t invalid) {
    AddSample(batch, kTestDay + at, 0, 0, 0, 100, unpriced, invalid);
  };
  for (int i = 0; i < 20; ++i)
    sample(i * 10s, i >= 5 && i < 8 ? 1 : 0, i >= 8 && i < 10 ? static_cast<uint32_t>(i - 6) : 0);
  sample(10min, 0, 0);
  const Report report = ReportOf(batch);
  REQUIRE(report.FindTable("data_periods")->rows.size() == 3);
  CHECK(At(report, "data_periods", 0, "what") == Value(std::string("no price")));
  CHECK(At(report, "data_periods", 0, "from") == Value(kTestDay + 50s));
  CHECK(At(report, "data_periods", 0, "to") == Value(kTestDay + 70s));
  CHECK(At(report, "data_periods", 0, "samples") == Value(int64_t{3}));
  CHECK(At(report, "data_periods", 1, "what") == Value(std::string("book INVALID")));
  CHECK(At(report, "data_periods", 1, "positions") == Value(int64_t{3}));
  CHECK(At(report, "data_periods", 2, "what") == Value(std::string("no sample")));
  CHECK(At(report, "data_periods", 2, "from") == Value(kTestDay + 190s));
  CHECK(At(report, "data_periods", 2, "to") == Value(kTestDay + 10min));
  CHECK(At(report, "data_periods", 2, "positions") == Value());
  CHECK(Shown(report, "sound_samples") == "76.19 %");  // 16 of 21
}

TEST_CASE("Report names the orders whose fate is unknown, also older ones") {
  Report report = ReportOf(TestHistory());
  REQUIRE(report.FindTable("unknown_orders")->rows.size() == 1);
  CHECK(At(report, "unknown_orders", 0, "order") == Value(std::string("f")));
  CHECK(At(report, "unknown_orders", 0, "detail") == Value(std::string("no answer within 5s")));
  CHECK(Says(report, "1 order is UNKNOWN"));
  CHECK(report.FindTable("orders")->totals().at(2) == Value(int64_t{2}));

  store::Batch batch = TestHistory();
  batch.orders[1].created = kTestDay - 24h;
  report = ReportOf(batch);
  CHECK(report.FindTable("unknown_orders")->rows.size() == 1);
  CHECK(report.FindTable("orders")->rows.size() == 1);  // made before the period

  batch.orders[1].state = market::OrderState::kAbsent;
  report = ReportOf(batch);
  CHECK(report.FindTable("unknown_orders")->rows.empty());
  CHECK_FALSE(Says(report, "UNKNOWN"));
}

TEST_CASE("Report of a part of the history begins where the part before ended") {
  ReportRequest request = TestRequest();
  request.from = kTestDay + 24h;
  request.to = kTestDay + 48h;
  const Report report = ReportOf(TestHistory(), request);
  CHECK(Of(report, "opening_equity") == Value(Money(1'098, 0)));
  CHECK(Of(report, "result") == Value(Money(-52, 0)));
  CHECK(Of(report, "trades") == Value(int64_t{1}));
  CHECK(Of(report, "fills") == Value(int64_t{3}));
  CHECK(report.FindTable("positions")->rows.empty());
}

TEST_CASE("Report without a known capital gives the result and no returns") {
  store::Batch batch = TestHistory();
  batch.balances.clear();
  Report report = ReportOf(batch);
  CHECK(Of(report, "result") == Value(Money(66, 0)));
  for (const char* key : {"opening_equity", "total_return", "sharpe", "max_drawdown", "calmar"}) {
    INFO(key);
    CHECK(Of(report, key) == Value());
    CHECK(report.FindFigure(key)->absent == "the capital is not known");
  }
  CHECK(Says(report, "--capital"));
  CHECK(At(report, "returns", 0, "return") == Value());
  CHECK(report.FindTable("months")->rows.empty());

  // A balance after the first fill says nothing about what there was before.
  batch.balances = {TestHistory().balances[1]};
  CHECK(Of(ReportOf(batch), "opening_equity") == Value());

  ReportRequest request = TestRequest();
  request.capital = Money(2'000, 0);
  CHECK(Shown(ReportOf(batch, request), "total_return") == "3.30 %");
  request.capital = Money(30, 0);  // and the worst sample is 52 below the one before
  batch.equity[3].realized = Money(-9'000, 2);
  report = ReportOf(batch, request);
  CHECK(report.FindFigure("sharpe")->absent == "the capital was lost");
  CHECK(Says(report, "below the loss of the whole capital"));
}

TEST_CASE("Report of a period in which nothing happened says so") {
  ReportRequest request = TestRequest();
  request.from = kTestDay - 48h;
  request.to = kTestDay - 24h;
  store::Batch batch = TestHistory();
  batch.balances[0].time = kTestDay - 50h;
  const Report report = ReportOf(batch, request);
  CHECK(Of(report, "result") == Value());
  CHECK(report.FindFigure("result")->absent == "no sample of the result in the period");
  CHECK(report.FindFigure("hit_rate")->absent == "no trade was closed");
  for (const Table& table : report.tables) {
    INFO(table.key);
    CHECK((table.rows.empty() || table.key == "balances"));
    CHECK_FALSE(table.empty.empty());
    CHECK((table.totals().empty() || !table.rows.empty()));
  }
}

TEST_CASE("Report of one fill has its fill and no ratio") {
  store::Batch all = TestHistory(), batch;
  batch.instruments = all.instruments;
  batch.balances = {all.balances[0]};
  batch.fills = {all.fills[2]};
  AddSample(batch, kTestDay + 26h, -100, 300, 100, 15'300);
  const Report report = ReportOf(batch);
  CHECK(Of(report, "fills") == Value(int64_t{1}));
  CHECK(Of(report, "result") == Value(Money(2, 0)));
  CHECK(report.FindFigure("sharpe")->absent == "fewer than two returns, or all are equal");
  CHECK(report.FindFigure("sortino")->absent == "no return fell short");
  CHECK(report.FindFigure("profit_factor")->absent == "no trade was closed");
}

TEST_CASE("Report leaves out, and says so, what it cannot book") {
  store::Batch batch = TestHistory();
  auto unknown = batch.fills[0];
  unknown.id = {7, 50};
  unknown.instrument = market::InstrumentId("sim:NEVERDEFINED");
  auto absurd = batch.fills[0];
  absurd.id = {7, 51};
  absurd.price = Money(static_cast<market::Int128>(1) << 100, 2);
  auto other = batch.fills[0];
  other.id = {7, 52};
  other.instrument = market::InstrumentId("sim:ETHBTC");
  auto definition = TestInstrument("ETH");
  definition.id = other.instrument;
  definition.quote = market::AssetId("BTC");
  batch.instruments.push_back(RowOf(definition));
  batch.fills.insert(batch.fills.end(), {unknown, absurd, other});
  const Report report = ReportOf(batch);
  CHECK(Of(report, "fills") == Value(int64_t{6}));
  CHECK(Of(report, "trades") == Value(int64_t{2}));
  CHECK(Says(report, "Left out: 1 fill of an instrument"));
  CHECK(Says(report, "Left out: 1 fill with numbers beyond"));
  CHECK(Says(report, "Left out: 1 fill in instruments quoted in BTC"));
}

TEST_CASE("Report refuses a request that makes no sense, with what to do") {
  const auto store = StoreWith(TestHistory());
  const auto refusal = [&](auto change) {
    ReportRequest request = TestRequest();
    change(request);
    const auto report = BuildReport(*store, request);
    return std::string(report.status().message());
  };
  CHECK(refusal([](auto& r) { r.to = r.from; }).find("`to` after `from`") != std::string::npos);
  CHECK(refusal([](auto& r) { r.from = base::Time::min(); }).find("1970") != std::string::npos);
  CHECK(refusal([](auto& r) {
          r.account = market::AccountId("main/papre");
        }).find("it knows main/paper") != std::string::npos);
  CHECK(refusal([](auto& r) { r.account = {}; }).find("main/paper") != std::string::npos);
  CHECK(refusal([](auto& r) { r.days_per_year = 0; }).find("1 to 366") != std::string::npos);
  CHECK(refusal([](auto& r) { r.capital = Money(-1, 0); }).find("above zero") != std::string::npos);
  CHECK(refusal([](auto& r) {
          r.grid = Grid::kMinute;
          r.from = base::Time();
        }).find("a longer one") != std::string::npos);
}

TEST_CASE("Values are shown rounded half even and written exactly") {
  CHECK(ShownText(Money(1'234'565, 3), Kind::kAmount) == "1,234.56");
  CHECK(ShownText(Money(-1'234'575, 3), Kind::kAmount) == "−1,234.58");
  CHECK(ExactText(Money(-1'234'575, 3)) == "-1234.575");
  CHECK(ShownText(Money(123'450, 6), Kind::kPercent) == "12.34 %");
  CHECK(ShownText(Money(-5, 6), Kind::kPercent) == "0.00 %");
  CHECK(ShownText(Money(12'345'600, 4), Kind::kDecimal) == "1,234.56");
  CHECK(ShownText(int64_t{1'000'000}, Kind::kCount) == "1,000,000");
  CHECK(ShownText(Value(), Kind::kAmount) == "–");
  CHECK(ShownText(kTestDay, Kind::kTime) == "2023-11-15 00:00:00");
}

}  // namespace
}  // namespace gannet::reporting
