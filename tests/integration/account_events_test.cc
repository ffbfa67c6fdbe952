// What moves an account, from the venue through execution to the gate and a report: trades,
// funding, an order by hand, a liquidation, what was held before.
// At the end every book says what the venue's says, to the last unit.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "libs/bus/account_topic.h"
#include "libs/store/memory_store.h"
#include "services/reporting/app.h"
#include "services/reporting/report_model.h"
#include "services/risk/risk_engine.h"
#include "services/venue-sim/fault_gate.h"
#include "tests/integration/venue_match_for_test.h"

namespace gannet::execution {
namespace {

using namespace std::chrono_literals;
using market::Money;
using market::Side;

venue_sim::FaultScript Script() {
  using venue_sim::FaultKind;
  const auto rule = [](FaultKind kind, base::Duration from) {
    venue_sim::FaultRule made;
    made.kind = kind;
    made.door = venue_sim::Door::kUsdm;
    made.from = from;
    made.times = 1;
    return made;
  };
  venue_sim::FaultScript script;
  script.rules = {rule(FaultKind::kFunding, 20s), rule(FaultKind::kHandOrder, 25s),
                  rule(FaultKind::kLiquidation, 30s), rule(FaultKind::kFunding, 35s)};
  script.rules[0].amount = "-0.75";
  script.rules[1].quantity = "0.003";
  script.rules[2].side = "SELL";
  script.rules[2].quantity = "0.002";
  script.rules[3].amount = "0.125";
  return script;
}

template <class Truth>
class Floor {
 public:
  Floor() : gate_(venue_.executor, venue_.executor, {venue_sim::kTestKey, venue_sim::kTestSecret}) {
    venue_.Start();
    gate_.set_venue(venue_.server.get());
    listener_ = venue_.network.Listen({}, gate_).value();
    truth_ = std::make_unique<Truth>(venue_.server->exchange());
    StartAnew();
  }
  ~Floor() { listener_.reset(); }

  // A platform that knows nothing, before the venue as it is.
  void StartAnew() {
    reporting_.reset();
    host_.reset();
    ExecutionConfig config;
    truth_->Configure("127.0.0.1:" + std::to_string(listener_->port()), config);
    config.reconcile_every = 10s;
    config.rate.orders_per_10s = config.rate.orders_per_minute = 100'000;
    WriteKeys(venue_.files, config);
    host_ =
        std::make_unique<ServiceHost>(World(venue_.executor, venue_.files, venue_.network), config);
    truth_->Define(host_->btc);
    limits_.accounts["main/paper"];
    risk_ = std::make_unique<risk::RiskEngine>(risk::RiskSettings(), limits_, "");
    Fold<market::ExecReport>(bus::kExecReports);
    Fold<market::AccountEvent>(bus::kAccountEvents);
    Fold<market::BalanceUpdate>(bus::kBalances);
    Fold<market::PositionUpdate>(bus::kPositions);
    const auto defined = risk_->DecideInstrument(host_->btc);
    REQUIRE(defined.ok());
    for (const auto& note : defined->notes) {
      market::Event<wire::EngineNote> event;
      event.value = note;
      risk_->Apply(event);
    }
    reporting_ =
        reporting::BuildReporting({}, host_->deps(), std::make_unique<store::MemoryStore>());
    REQUIRE(reporting_->Start().ok());
    host_->Start();
  }
  void Run(base::Duration span) { venue_.Run(span); }
  bool Until(const std::function<bool()>& reached) {
    for (int i = 0; i < 3'000 && !reached(); ++i) Run(20ms);
    return reached();
  }
  void Begin(const venue_sim::FaultScript& script) { gate_.Begin(script); }
  // Until it is over, filled or not.
  void Send(const std::string& id, Side side, const char* quantity) {
    host_->Decide(host_->Intent(id, side, quantity, ""), 10s);
    REQUIRE(Until([&] {
      const auto* order = engine().state().Find(market::ClientOrderId(id));
      return order != nullptr && !order->open();
    }));
  }
  void Trade(const std::string& id, Side side) {
    Send(id, side, "0.005");
    const auto* order = engine().state().Find(market::ClientOrderId(id));
    REQUIRE(order->life.state() == market::OrderState::kFilled);
  }
  absl::StatusOr<AdjustAnswer> Adjust(AdjustRequest request) {
    std::optional<absl::StatusOr<AdjustAnswer>> said;
    REQUIRE(host_->service->Adjust(request, [&](const auto& answer) { said = answer; }));
    REQUIRE(Until([&] { return said.has_value(); }));
    return *said;
  }
  // A price for what is held, so that the result can be sampled.
  void Quote() {
    market::Quote quote;
    quote.instrument = host_->btc.id;
    const auto cents = [&](Side side) {
      return venue_.server->exchange().core().Best(0, side)->price.mantissa / 1'000'000;
    };
    quote.bid = {market::Price{cents(Side::kBuy)}, market::Quantity{1}};
    quote.ask = {market::Price{cents(Side::kSell)}, market::Quantity{1}};
    host_->Turn(
        [&](const market::Header& cause) { host_->shard().Publish(bus::kQuotes, quote, cause); });
  }
  reporting::Report Report() {
    Quote();
    Run(15s);
    bool drained = false;
    reporting_->Drain([&] { drained = true; });
    REQUIRE(Until([&] { return drained; }));
    reporting::ReportRequest request;
    request.account = market::AccountId("main/paper");
    request.from = base::FromUnixMillis(0);
    request.to = host_->shard().now() + 1h;
    request.from = request.to - 24h;
    return reporting::BuildReport(reporting_->store(), request).value();
  }
  // What the gate holds a strategy for in the instrument.
  Money Held(const char* strategy) const {
    const risk::ExposureBook& book = risk_->book();
    const risk::Index leaf =
        book.FindLeaf(market::AccountId("main/paper"), market::StrategyId(strategy), btc());
    if (leaf == risk::kNone) return {};
    CHECK(book.leaf(leaf).differs_since == base::Time::max());
    return Money(book.leaf(leaf).position, 5);
  }
  const risk::ScopeRow& Account() const {
    const risk::Index at = risk_->book().FindScope(market::ScopeKind::kAccount, "main/paper");
    REQUIRE(at != risk::kNone);
    return risk_->book().scope(at);
  }
  Money wallet() const { return truth_->balances().at("USDT"); }
  const market::InstrumentId& btc() const { return host_->btc.id; }
  const ExecutionEngine& engine() const { return host_->service->engine(); }
  const Truth& truth() const { return *truth_; }
  const risk::RiskEngine& risk() const { return *risk_; }
  const venue_sim::FaultGate& gate() const { return gate_; }
  store::Store& store() { return reporting_->store(); }

 private:
  template <class T>
  void Fold(const bus::Topic<T>& topic) {
    host_->shard().Consume<T>(topic, [this](const auto& event) { risk_->Apply(event); });
  }

  venue_sim::VenueHarness venue_;
  venue_sim::FaultGate gate_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<Truth> truth_;
  std::unique_ptr<ServiceHost> host_;
  risk::LimitSet limits_;
  std::unique_ptr<risk::RiskEngine> risk_;
  std::unique_ptr<reporting::ReportingService> reporting_;
};

Money Line(const reporting::Report& report, const char* line) {
  const reporting::Table& table = *report.FindTable("statement");
  for (const auto& row : table.rows) {
    if (row.at(table.Index("line")) == reporting::Value(std::string(line)))
      return std::get<Money>(row.at(table.Index("amount")));
  }
  return {};
}

TEMPLATE_TEST_CASE("What the venue does to an account by itself reaches the gate and the report",
                   "", UsdmTruth, BybitLinearTruth) {
  Floor<TestType> floor;
  floor.Begin(Script());
  REQUIRE(floor.Until([&] { return floor.engine().ready(); }));
  floor.Trade("g1buy", Side::kBuy);
  REQUIRE(floor.Until([&] { return floor.gate().strikes().contains("funding"); }));
  floor.Run(60s);  // all of the script, found and settled
  const Money wallet = floor.wallet();
  const Money net(floor.truth().net(), 8);
  CHECK(net == Money(6, 3));  // 0.005 + 0.003 by hand − 0.002 by the venue

  const ExecutionState& state = floor.engine().state();
  CHECK(state.HeldPosition(floor.btc()) == net);
  CHECK(state.Explained(market::AssetId("USDT")) == wallet);
  CHECK(state.differences().empty());

  // The gate.
  const risk::ExposureBook& book = floor.risk().book();
  const risk::Index account = book.FindScope(market::ScopeKind::kAccount, "main/paper");
  CHECK(floor.Held("maker") + floor.Held("EXTERNAL") == net);
  const risk::Index row =
      book.FindBalance(account, std::string(market::VenueOf(floor.btc())), market::AssetId("USDT"));
  REQUIRE(row != risk::kNone);
  CHECK(book.balance(row).total == wallet);
  CHECK(floor.risk().stats().account_events.at(market::AccountEventKind::kFunding) == 2);
  CHECK(floor.risk().stats().account_events.at(market::AccountEventKind::kLiquidation) == 1);

  // The report.
  const reporting::Report report = floor.Report();
  const std::vector<store::PositionRow> positions = floor.store().AllPositions().value();
  Money reported;
  for (const store::PositionRow& position : positions) reported += position.net;
  CHECK(reported == net);
  CHECK(Line(report, "Funding") == Money(-625, 3));
  CHECK(Line(report, "Closing") == wallet);
  CHECK(Line(report, "Not explained") == Money());
  CHECK(report.FindFigure("funding")->value == reporting::Value(Money(-625, 3)));
  std::map<std::string, int> kinds;
  const reporting::Table& events = *report.FindTable("bookings");
  for (const auto& row_of : events.rows)
    ++kinds[std::get<std::string>(row_of[events.Index("kind")])];
  CHECK(kinds == std::map<std::string, int>{{"funding", 2}, {"liquidation", 1}});
}

TEST_CASE("On paper the statement of balances explains trades of spot and of perpetuals") {
  Outside outside;
  ExecutionConfig config;
  config.paper.order_latency = 5ms;
  ServiceHost host(outside, config);
  const auto reporting =
      reporting::BuildReporting({}, host.deps(), std::make_unique<store::MemoryStore>());
  REQUIRE(reporting->Start().ok());
  host.Start();
  host.RunFor(1s);
  const auto trade = [&](const char* id, Side side) {
    host.Decide(host.Intent(id, side, "0.5", ""));
    host.RunFor(1s);
    CHECK(host.State(id) == market::OrderState::kFilled);
  };
  host.Book("50000", "50001");
  trade("g1a", Side::kBuy);
  host.btc.id = market::InstrumentId("binance-usdm:BTCUSDT");
  host.btc.kind = market::InstrumentKind::kPerpetual;
  host.Define();
  host.Book("50000", "50001");
  trade("g1b", Side::kBuy);
  trade("g1c", Side::kSell);
  bool drained = false;
  reporting->Drain([&] { drained = true; });
  host.RunFor(1min);
  REQUIRE(drained);
  reporting::ReportRequest request;
  request.account = market::AccountId("main/paper");
  request.to = host.shard().now() + 1h;
  request.from = request.to - 24h;
  const reporting::Report report = reporting::BuildReport(reporting->store(), request).value();
  CHECK(Line(report, "Bought and sold") == Money(-250'005, 1));
  CHECK(Line(report, "Fees of trades") == Money(-75'001, 3));
  CHECK(Line(report, "Realised, as the venue booked it") == Money(-5, 1));
  CHECK(Line(report, "Closing") == Money(74'923'999, 3));
  CHECK(Line(report, "Not explained") == Money());
}

TEMPLATE_TEST_CASE("The result of buying and selling again is what the wallet has gained", "",
                   UsdmTruth, BybitLinearTruth) {
  Floor<TestType> floor;
  REQUIRE(floor.Until([&] { return floor.engine().ready(); }));
  const Money before = floor.wallet();
  floor.Quote();
  floor.Trade("g1buy", Side::kBuy);
  floor.Run(20s);
  floor.Trade("g1sell", Side::kSell);
  floor.Run(60s);
  const Money gained = floor.wallet() - before;
  REQUIRE_FALSE(gained.zero());
  CHECK(Money(floor.Account().result(), 8) == gained);
  const reporting::Report report = floor.Report();
  CHECK(report.FindFigure("result")->value == reporting::Value(gained));
  CHECK(report.FindFigure("other_bookings")->value == reporting::Value(Money()));
  CHECK(Line(report, "Realised, as the venue booked it") != Money());
  CHECK(Line(report, "Not explained") == Money());
  CHECK(report.FindTable("bookings")->rows.empty());
}

TEST_CASE("Funding behind more incomes of trades than an answer holds is found") {
  Floor<UsdmTruth> floor;
  REQUIRE(floor.Until([&] { return floor.engine().ready(); }));
  for (int i = 0; i < 1'000; ++i)
    floor.Send("g1t" + std::to_string(i), i % 2 == 0 ? Side::kBuy : Side::kSell, "0.001");
  venue_sim::FaultScript script = Script();
  script.rules.resize(1);
  script.rules[0].from = 1s;
  floor.Begin(script);
  floor.Run(60s);
  REQUIRE(floor.gate().strikes().contains("funding"));
  const ExecutionState& state = floor.engine().state();
  CHECK(floor.risk().stats().account_events.contains(market::AccountEventKind::kFunding));
  CHECK(state.Explained(market::AssetId("USDT")) == floor.wallet());
  CHECK(state.differences().empty());
}

TEMPLATE_TEST_CASE("A position from before is the gate's and the report's once it is signed", "",
                   UsdmTruth, BybitLinearTruth) {
  Floor<TestType> floor;
  REQUIRE(floor.Until([&] { return floor.engine().ready(); }));
  floor.Trade("g1old", Side::kBuy);
  floor.Run(20s);
  floor.StartAnew();
  REQUIRE(floor.Until([&] { return floor.engine().ready(); }));
  const ExecutionState& state = floor.engine().state();
  REQUIRE(state.position_differences().contains(floor.btc()));
  CHECK(state.position_differences().at(floor.btc()) == Money(5, 3));

  const auto proposed = floor.Adjust({.step = AdjustmentNote::Step::kProposed,
                                      .person = "ann",
                                      .reason = "held before",
                                      .subject = floor.btc().text(),
                                      .price = "64000"});
  REQUIRE(proposed.ok());
  REQUIRE(floor
              .Adjust({.step = AdjustmentNote::Step::kApproved,
                       .person = "ben",
                       .reason = "agreed",
                       .proposal = proposed->proposal})
              .ok());
  floor.Run(20s);
  CHECK(state.position_differences().empty());
  CHECK(floor.Held("EXTERNAL") == Money(5, 3));
  floor.Quote();
  floor.Trade("g1sell", Side::kSell);
  floor.Run(60s);
  CHECK(floor.truth().net() == 0);
  CHECK(state.HeldPosition(floor.btc()).zero());
  CHECK((floor.Held("EXTERNAL") + floor.Held("maker")).zero());
  const reporting::Report report = floor.Report();
  Money reported;
  const std::vector<store::PositionRow> positions = floor.store().AllPositions().value();
  REQUIRE(positions.size() == 2);
  for (const store::PositionRow& position : positions) reported += position.net;
  CHECK(reported.zero());
}

}  // namespace
}  // namespace gannet::execution
