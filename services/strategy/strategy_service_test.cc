#include "services/strategy/strategy_service.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>
#include <vector>

#include "libs/base/posix_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/net/no_network.h"
#include "services/strategy/app.h"
#include "services/strategy/strategy_test_kit.h"

namespace gannet::strategy {
namespace {

using namespace std::chrono_literals;
using test::Amount;
using test::kBtc;
using test::P;
using test::Q;

StrategyConfig Config() {
  StrategyConfig config;
  MakerSettings& maker = config.makers.emplace_back();
  maker.name = market::StrategyId("maker");
  maker.instruments = {"binance-spot:*"};
  PlaybookSettings& playbook = config.playbooks.emplace_back();
  playbook.name = market::StrategyId("hack");
  playbook.instruments = {"binance-spot:*"};
  return config;
}

// A process of one service on virtual time; inputs are functions that run inside
// a turn, verdicts are given by the test.
struct Process {
  explicit Process(bool wire_mode = false, StrategyConfig config = Config())
      : bus(executor, {}),
        shard({.name = "test", .run = 5, .wire_mode = wire_mode}, executor, executor, nullptr,
              &bus),
        log("strategy", telemetry::Level::kWarning, executor,
            [this](std::string_view line) { lines.emplace_back(line); }),
        deps{shard, bus, executor, executor, executor, files, network, log, base::Rng(0), ""},
        signals(shard, bus::kNewsSignals, nullptr),
        decisions(shard, bus::kRiskDecisions, nullptr),
        reports(shard, bus::kExecReports, nullptr),
        service(BuildStrategy(config, deps)) {
    port = shard.AddInput("in",
                          [this](std::string_view, const market::Header& cause) { input(cause); });
    shard.Consume<market::OrderIntent>(bus::kOrderIntents, nullptr, [this](const auto& event) {
      intents.push_back(event);
      if (event.value.kind == market::IntentKind::kCancel) return Canceled(event);
      market::RiskDecision decision;
      decision.intent = event.value;
      decision.permitted = true;
      decision.decided = shard.now();
      decisions.Emit(decision, event.header);
    });
  }
  void Canceled(const market::Event<market::OrderIntent>& cancel) {
    market::ExecReport report;
    report.kind = market::ExecKind::kCanceled;
    report.state = market::OrderState::kCanceled;
    report.account = cancel.value.account;
    report.strategy = cancel.value.strategy;
    report.instrument = cancel.value.instrument;
    report.client_order_id = cancel.value.target;
    reports.Emit(report, cancel.header);
  }
  void Run(std::function<void(const market::Header&)> what) {
    input = std::move(what);
    shard.Deliver(port, "", executor.Now());
  }
  void Quote(std::string_view bid, std::string_view ask) {
    Run([&](const market::Header& cause) {
      market::Quote quote;
      quote.instrument = market::InstrumentId(kBtc);
      quote.bid = {P(bid), Q("1")};
      quote.ask = {P(ask), Q("1")};
      shard.Publish(bus::kQuotes, quote, cause);
    });
  }
  void OpenMarket() {
    shard.Resume(executor.Now());
    Run([this](const market::Header& cause) {
      shard.Publish(bus::kInstruments, test::MakeInstrument(kBtc, "BTC"), cause);
      market::BookUpdate book;
      book.instrument = market::InstrumentId(kBtc);
      book.state = market::BookState::kValid;
      shard.Publish(bus::kBooks, book, cause);
    });
    for (int i = 0; i < 40; ++i) {
      Quote(i % 2 == 0 ? "99.99" : "100.00", i % 2 == 0 ? "100.01" : "100.02");
      executor.RunFor(1s);
    }
  }

  base::VirtualExecutor executor{base::FromUnixMillis(1'700'000'000'000)};
  base::PosixFiles files;
  net::NoNetwork network;
  bus::MemoryBus bus;
  runtime::Shard shard;
  std::vector<std::string> lines;
  telemetry::Log log;
  runtime::Deps deps;
  runtime::FactStream<market::NewsSignal> signals;
  runtime::FactStream<market::RiskDecision> decisions;
  runtime::FactStream<market::ExecReport> reports;
  std::vector<market::Event<market::OrderIntent>> intents;
  std::unique_ptr<runtime::Service> service;
  runtime::InputPort port{};
  std::function<void(const market::Header&)> input;
};

TEST_CASE("StrategyService turns a signal into an intent that names it as its cause") {
  for (const bool wire_mode : {false, true}) {
    Process process(wire_mode);
    process.OpenMarket();
    const size_t before = process.intents.size();
    market::EventId id;
    process.Run([&](const market::Header& cause) {
      market::NewsSignal signal;
      signal.item = {3, 3};
      signal.type = market::NewsEventType::kHack;
      signal.sentiment_ppm = -900'000;
      signal.confidence_ppm = signal.novelty_ppm = 900'000;
      signal.instruments = {market::InstrumentId(kBtc)};
      id = process.signals.Emit(signal, cause);
    });
    REQUIRE(process.intents.size() == before + 1);
    CHECK(process.intents.back().value.strategy.text() == "hack");
    CHECK(process.intents.back().value.signal == id);
    CHECK(process.intents.back().header.causation == id);
  }
}

TEST_CASE("StrategyService drains: quotes cancelled, done when they are gone, nothing after") {
  Process process;
  process.OpenMarket();
  REQUIRE(process.intents.size() >= 2);
  bool done = false;
  process.service->Drain([&done] { done = true; });
  process.executor.RunFor(1ms);
  CHECK(done);
  CHECK(process.intents.back().value.kind == market::IntentKind::kCancel);
  const size_t after = process.intents.size();
  process.Quote("99.99", "100.01");
  process.executor.RunFor(30s);
  CHECK(process.intents.size() == after);
}

TEST_CASE("StrategyService continues from its saved state") {
  Process before;
  before.OpenMarket();
  const std::string snapshot = before.shard.SaveState();
  Process after;
  REQUIRE(after.shard.LoadState(snapshot).ok());
  CHECK(after.shard.SaveState() == snapshot);
  after.executor.RunFor(40s);
  after.shard.Resume(after.executor.Now());
  // It knows its quotes, and pulls them while the market is not proven again.
  after.executor.RunFor(1s);
  REQUIRE(after.intents.size() == 2);
  CHECK(after.intents[0].value.kind == market::IntentKind::kCancel);
  CHECK(after.intents[0].value.sequence == before.intents.back().value.sequence + 1);
}

TEST_CASE("StrategyService names strategies with a stake that are no longer configured") {
  Process before;
  before.OpenMarket();
  StrategyConfig config = Config();
  config.makers.clear();
  Process after(false, config);
  REQUIRE(after.shard.LoadState(before.shard.SaveState()).ok());
  after.executor.RunFor(40s);
  after.shard.Resume(after.executor.Now());
  CHECK(after.intents.size() == 2);  // cancels
  CHECK(after.lines.size() == 1);
  CHECK(after.service->health().state ==
        runtime::HealthState::kServing);  // gone at once, with their orders
}

TEST_CASE("The strategies file that ships is valid and has a playbook for every kind of news") {
  base::PosixFiles files;
  auto config = LoadStrategyConfig(files, "config/strategies.yaml");
  REQUIRE(config.ok());
  std::set<market::NewsEventType> events;
  for (const PlaybookSettings& playbook : config->playbooks) events.insert(playbook.event);
  CHECK(events.size() == 6);
  CHECK(config->followers.size() == 1);
  CHECK(config->makers.size() == 1);
  CHECK(!config->Keep({"maker", "nobody"}).ok());
  REQUIRE(config->Keep({"maker"}).ok());
  CHECK(config->Names() == std::vector<std::string>{"maker"});
}

TEST_CASE("A strategies file with errors names each of them") {
  const auto config = ParseStrategyConfig(R"(
account: main/paper
messages: {count: 2, window: 10s}
playbooks:
  - name: twice
    event: WAR
    instruments: [BTCUSDT]
    min_confidence: 140%
makers:
  - name: twice
    instruments: ["a:*b*"]
    quote_notional: 100
    max_position: 50
    spreads: 3
  - name: manual/ann
    instruments: []
)",
                                          "strategies.yaml");
  REQUIRE(!config.ok());
  const std::string message(config.status().message());
  for (const char* part :
       {"messages.count", "event", "BTCUSDT", "min_confidence", "a:*b*", "max_position", "spreads",
        "two strategies are called 'twice'", "makers[1].name", "makers[1].instruments"}) {
    INFO(message);
    CHECK(message.find(part) != std::string::npos);
  }
}

}  // namespace
}  // namespace gannet::strategy
