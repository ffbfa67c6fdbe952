// A parent order through strategy and risk over one shard, with an execution that fills,
// fills in part, refuses and lets expire; and the same cut off after every fact, started
// again from what was recorded, brought to its end.
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/posix_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/topics.h"
#include "libs/market/decimal.h"
#include "libs/net/no_network.h"
#include "libs/runtime/shard.h"
#include "services/risk/app.h"
#include "services/strategy/app.h"

namespace gannet {
namespace {

using namespace std::chrono_literals;
using market::Algo;
using market::ExecKind;
using market::OrderState;
using market::ParentState;
using market::Side;

constexpr char kBtc[] = "binance-spot:BTCUSDT";
const base::Time kStart = base::FromUnixMillis(1'700'000'000'000);

market::Price P(std::string_view text) { return {market::ParseDecimal(text, 8).value()}; }
market::Quantity Q(std::string_view text) { return {market::ParseDecimal(text, 8).value()}; }
market::Money Amount(std::string_view text) {
  return market::Money(market::ParseDecimal128(text, 8).value(), 8);
}

using Facts = std::vector<std::pair<const bus::TopicInfo*, std::string>>;

// Strategy, risk and what stands in for execution and venue; everything that it knows
// follows from facts, so that a second one goes on where the first was cut off.
class House {
 public:
  explicit House(base::Time now)
      : executor_(now),
        bus_(executor_, {}),
        shard_({.name = "main", .run = 5}, executor_, executor_, nullptr, &bus_),
        log_("test", telemetry::Level::kError, executor_, [](std::string_view) {}),
        deps_{shard_, bus_,     executor_, executor_,    executor_,
              files_, network_, log_,      base::Rng(0), ""},
        commands_(shard_, bus::kCommands, nullptr),
        balances_(shard_, bus::kBalances, nullptr),
        reports_(shard_, bus::kExecReports, [this](const auto& event) { Apply(event.value); }),
        strategy_(strategy::BuildStrategy({}, deps_)),
        risk_(risk::BuildRisk(risk::LoadRiskConfig(files_, "config/limits.yaml").value(), deps_)) {
    port_ = shard_.AddInput(
        "in", [this](std::string_view, const market::Header& cause) { input_(cause); });
    shard_.Consume<market::RiskDecision>(
        bus::kRiskDecisions,
        [this](const auto& event) {
          const market::OrderIntent& intent = event.value.intent;
          if (event.value.permitted && intent.kind == market::IntentKind::kNew)
            open_.emplace(intent.client_order_id, Open{intent, 0, false});
        },
        [this](const auto&) { Later(); });
    shard_.Consume<market::OrderIntent>(
        bus::kOrderIntents,
        [this](const auto& event) {
          if (event.value.kind == market::IntentKind::kNew) children_.push_back(event.value);
          if (event.value.kind == market::IntentKind::kCancel &&
              !market::CancelsParent(event.value) && open_.contains(event.value.target)) {
            open_.at(event.value.target).canceled = true;
          }
        },
        [this](const auto&) { Later(); });
    shard_.Consume<market::ParentOrder>(
        bus::kOrderParents, [this](const auto& event) { parents_.push_back(event.value); });
    shard_.ObserveFacts([this](const bus::TopicInfo& topic, const void* event) {
      facts_.emplace_back(&topic, topic.encode(event));
    });
  }

  // What an earlier one had recorded.
  void Recover(const Facts& facts) {
    uint64_t sequence = 0;
    for (const auto& [topic, bytes] : facts) {
      journal::Record record;
      record.type = journal::RecordType::kFact;
      record.sequence = ++sequence;
      record.time = executor_.Now();
      record.channel = topic->name;
      record.payload = bytes;
      shard_.ApplyRecorded(record);
      facts_.emplace_back(topic, bytes);
    }
  }
  void Begin() {
    shard_.Resume(executor_.Now());
    Run([this](const market::Header& cause) {
      market::Instrument instrument;
      instrument.id = market::InstrumentId(kBtc);
      instrument.base = market::AssetId("BTC");
      instrument.quote = instrument.settle = market::AssetId("USDT");
      instrument.tick = P("0.01");
      instrument.lot = Q("0.001");
      instrument.min_quantity = Q("0.001");
      instrument.min_notional = Amount("5");
      shard_.Publish(bus::kInstruments, instrument, cause);
      for (const char* asset : {"USDT", "BTC"}) {
        market::BalanceUpdate balance;
        balance.account = market::AccountId("main/paper");
        balance.venue = "binance-spot";
        balance.asset = market::AssetId(asset);
        balance.free = Amount("100000");
        balances_.Emit(balance, cause);
      }
    });
    Market();
    Later();
  }
  void Give(market::OrderRequest order, std::optional<market::AlgoPlan> plan, base::Duration life) {
    order.account = market::AccountId("main/paper");
    order.instrument = market::InstrumentId(kBtc);
    if (plan) order.expires = executor_.Now() + life;
    order.plan = std::move(plan);
    Run([&](const market::Header& cause) {
      market::Command command;
      command.kind = market::CommandKind::kSubmitOrder;
      command.scope = {market::ScopeKind::kAccount, "main/paper"};
      command.reason = "test";
      command.person = "ann";
      command.request_id = std::to_string(++requests_);
      command.order = order;
      commands_.Emit(command, cause);
    });
  }
  void Second() {
    Market();
    executor_.RunFor(1s);
  }
  // Until the parent has ended, or for so long.
  void RunFor(int seconds) {
    for (int i = 0; i < seconds && (parents_.empty() || !Ended()); ++i) Second();
  }
  bool Ended() const { return market::IsTerminal(parents_.back().state); }
  size_t Ends() const {
    size_t ends = 0;
    for (const market::ParentOrder& parent : parents_) ends += market::IsTerminal(parent.state);
    return ends;
  }
  void Price(int64_t cents) { mid_ = cents; }

  const Facts& facts() const { return facts_; }
  const std::vector<market::ParentOrder>& parents() const { return parents_; }
  const std::vector<market::OrderIntent>& children() const { return children_; }
  const risk::RiskEngine& gate() const { return risk_->engine(); }
  base::Time now() const { return executor_.Now(); }
  int64_t bought() const { return bought_; }
  int64_t sold() const { return sold_; }

 private:
  struct Open {
    market::OrderIntent intent;
    int64_t filled = 0;
    bool canceled = false;
  };

  void Run(std::function<void(const market::Header&)> what) {
    input_ = std::move(what);
    shard_.Deliver(port_, "", executor_.Now());
  }
  void Market() {
    Run([this](const market::Header& cause) {
      market::Quote quote;
      quote.instrument = market::InstrumentId(kBtc);
      quote.bid = {{(mid_ - 1) * 1'000'000}, Q("2")};
      quote.ask = {{(mid_ + 1) * 1'000'000}, Q("2")};
      shard_.Publish(bus::kQuotes, quote, cause);
      market::BookUpdate book;
      book.instrument = quote.instrument;
      book.state = market::BookState::kValid;
      shard_.Publish(bus::kBooks, book, cause);
      market::Trade trade;
      trade.instrument = quote.instrument;
      trade.price = {mid_ * 1'000'000};
      trade.quantity = Q("0.5");
      shard_.Publish(bus::kTrades, trade, cause);
    });
  }
  // The venue answers in a turn of its own.
  void Later() {
    executor_.After(10ms, [this] { Run([this](const market::Header& cause) { Answer(cause); }); });
  }
  void Answer(const market::Header& cause) {
    std::vector<Open> all;
    for (const auto& [id, open] : open_) all.push_back(open);
    for (const Open& open : all) {
      const market::OrderIntent& intent = open.intent;
      const bool rests = intent.time_in_force == market::TimeInForce::kGtc;
      const bool meets = intent.side == Side::kBuy
                             ? intent.price.mantissa >= (mid_ + 1) * 1'000'000
                             : intent.price.mantissa <= (mid_ - 1) * 1'000'000;
      const int64_t left = intent.quantity.mantissa - open.filled;
      if (open.canceled && rests) {
        reports_.Emit(ReportOf(intent, ExecKind::kCanceled, OrderState::kCanceled), cause);
      } else if (intent.sequence % 5 == 3 && open.filled == 0 && !rests) {
        reports_.Emit(ReportOf(intent, ExecKind::kRejected, OrderState::kRejected), cause);
      } else if (meets && intent.sequence % 3 == 1 && open.filled == 0 && left > 1'000'000) {
        Fill(intent, left / 2 / 100'000 * 100'000, false, cause);
        if (!rests)
          reports_.Emit(ReportOf(intent, ExecKind::kExpired, OrderState::kExpired), cause);
      } else if (meets) {
        Fill(intent, left, true, cause);
      } else if (!rests) {
        reports_.Emit(ReportOf(intent, ExecKind::kExpired, OrderState::kExpired), cause);
      }
    }
  }
  void Fill(const market::OrderIntent& intent, int64_t quantity, bool last,
            const market::Header& cause) {
    market::ExecReport report = ReportOf(intent, ExecKind::kFill,
                                         last ? OrderState::kFilled : OrderState::kPartiallyFilled);
    report.fill = market::Fill{.trade_id = intent.client_order_id.text() + (last ? "b" : "a"),
                               .price = intent.price,
                               .quantity = {quantity},
                               .fee_asset = market::AssetId("USDT")};
    reports_.Emit(report, cause);
  }
  void Apply(const market::ExecReport& report) {
    const auto open = open_.find(report.client_order_id);
    if (open == open_.end()) return;
    if (report.fill) {
      open->second.filled += report.fill->quantity.mantissa;
      (report.side == Side::kBuy ? bought_ : sold_) += report.fill->quantity.mantissa;
    }
    if (market::IsTerminal(report.state)) open_.erase(open);
  }

  base::VirtualExecutor executor_;
  base::PosixFiles files_;
  net::NoNetwork network_;
  bus::MemoryBus bus_;
  runtime::Shard shard_;
  telemetry::Log log_;
  runtime::Deps deps_;
  runtime::FactStream<market::Command> commands_;
  runtime::FactStream<market::BalanceUpdate> balances_;
  runtime::FactStream<market::ExecReport> reports_;
  std::unique_ptr<runtime::Service> strategy_;
  std::unique_ptr<risk::RiskService> risk_;
  runtime::InputPort port_{};
  std::function<void(const market::Header&)> input_;
  Facts facts_;
  std::map<market::ClientOrderId, Open> open_;
  std::vector<market::ParentOrder> parents_;
  std::vector<market::OrderIntent> children_;
  int64_t mid_ = 10'000, bought_ = 0, sold_ = 0;
  int requests_ = 0;
};

struct Case {
  const char* name;
  market::OrderRequest order;
  market::AlgoPlan plan;
};

std::vector<Case> Cases() {
  std::vector<Case> cases;
  const auto add = [&cases](const char* name, Side side, const char* price, market::AlgoPlan plan) {
    market::OrderRequest order;
    order.side = side;
    order.price = P(price);
    order.quantity = Q("1.5");
    cases.push_back({name, order, std::move(plan)});
  };
  add("twap", Side::kBuy, "101", {.slices = 6});
  add("vwap", Side::kSell, "99", {.algo = Algo::kVwap, .weights = {4, 1, 1, 6}});
  add("pov", Side::kBuy, "101", {.algo = Algo::kPov, .participation_ppm = 300'000});
  add("iceberg", Side::kBuy, "100.02", {.algo = Algo::kIceberg, .visible = Q("0.4")});
  add("bracket", Side::kBuy, "100.02",
      {.algo = Algo::kBracket, .take_profit = P("103"), .stop = P("97"), .stop_limit = P("96")});
  return cases;
}

void CheckEnd(const House& house, const Case& given) {
  REQUIRE_FALSE(house.parents().empty());
  REQUIRE(house.Ends() == 1);
  const market::ParentOrder& end = house.parents().back();
  const bool buys = given.order.side == Side::kBuy;
  CHECK(end.filled.mantissa == (buys ? house.bought() : house.sold()));
  CHECK(end.exited.mantissa == (buys ? house.sold() : house.bought()));
  CHECK(end.filled <= given.order.quantity);
  for (const market::OrderIntent& child : house.children()) {
    CHECK(child.parent == end.id());
    if (child.side != given.order.side) continue;
    CHECK((buys ? child.price <= given.order.price : child.price >= given.order.price));
  }
  CHECK(house.gate().book().open_order_count() == 0);
}

// Enough for every case: the bracket's market goes up to its take-profit.
void Live(House& house, const Case& given) {
  house.RunFor(20);
  if (given.plan.algo == Algo::kBracket) house.Price(10'310);
  house.RunFor(100);
}

TEST_CASE("Parent orders are worked to their end through strategy and risk") {
  for (const Case& given : Cases()) {
    CAPTURE(given.name);
    House house(kStart);
    house.Begin();
    house.Give(given.order, given.plan, 60s);
    Live(house, given);
    CheckEnd(house, given);
    const market::ParentOrder& end = house.parents().back();
    INFO(market::Name(end.state) << " " << end.detail);
    CHECK(end.state == ParentState::kCompleted);
    CHECK(end.children == house.children().size());
    CHECK(FiguresOf(end).average.mantissa > 0);
  }
}

TEST_CASE("A parent order cut off after any fact is brought to one end by the next start") {
  for (const Case& given : Cases()) {
    CAPTURE(given.name);
    House whole(kStart);
    whole.Begin();
    whole.Give(given.order, given.plan, 60s);
    Live(whole, given);
    const Facts facts = whole.facts();
    size_t cuts = 0;
    for (size_t kept = 1; kept < facts.size(); ++kept) {
      CAPTURE(kept, facts[kept - 1].first->name);
      House again(kStart + 5s);
      again.Recover(Facts(facts.begin(), facts.begin() + static_cast<ptrdiff_t>(kept)));
      again.Begin();
      Live(again, given);
      if (again.parents().empty()) continue;  // the command itself was lost
      CheckEnd(again, given);
      ++cuts;
    }
    CHECK(cuts > 10);
  }
}

TEST_CASE("Exits of a bracket pass the gate: wide stop-limits, gaps, a price that has risen") {
  struct Course {
    const char* name;
    const char* quantity;
    const char* stop_limit;
    int64_t then;  // where the market goes, in cents
  };
  // The last one enters just below max_order_notional of config/limits.yaml.
  for (const Course& course :
       {Course{"wide", "1.5", "90", 9'650}, Course{"gap", "1.5", "96", 11'000},
        Course{"risen", "249", "96", 10'310}}) {
    CAPTURE(course.name);
    House house(kStart);
    house.Begin();
    market::OrderRequest order;
    order.side = Side::kBuy;
    order.price = P("100.02");
    order.quantity = Q(course.quantity);
    house.Give(order,
               market::AlgoPlan{.algo = Algo::kBracket,
                                .take_profit = P("103"),
                                .stop = P("97"),
                                .stop_limit = P(course.stop_limit)},
               600s);
    house.RunFor(20);
    REQUIRE(house.bought() > 0);
    house.Price(course.then);
    house.RunFor(60);
    const market::ParentOrder& end = house.parents().back();
    INFO(market::Name(end.state) << " " << end.detail);
    CHECK(end.state == ParentState::kCompleted);
    CHECK(house.sold() == house.bought());
  }
}

TEST_CASE("A stop sells what a person has left of its bracket's position") {
  House house(kStart);
  house.Begin();
  market::OrderRequest order;
  order.side = Side::kBuy;
  order.price = P("100.02");
  order.quantity = Q("1.5");
  house.Give(
      order,
      market::AlgoPlan{
          .algo = Algo::kBracket, .take_profit = P("103"), .stop = P("97"), .stop_limit = P("96")},
      600s);
  house.RunFor(20);
  REQUIRE(house.bought() == Q("1.5").mantissa);
  market::OrderRequest by_hand;
  by_hand.side = Side::kSell;
  by_hand.price = P("99.90");
  by_hand.quantity = Q("0.5");
  house.Give(by_hand, std::nullopt, {});
  house.RunFor(5);
  REQUIRE(house.sold() == Q("0.5").mantissa);
  house.Price(9'650);
  house.RunFor(60);
  CHECK(house.sold() == house.bought());
  CHECK(house.parents().back().state == ParentState::kWorking);
  CHECK(house.parents().back().detail.find("REDUCE_ONLY") == 0);
}

}  // namespace
}  // namespace gannet
