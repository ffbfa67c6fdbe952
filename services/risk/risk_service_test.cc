#include "services/risk/risk_service.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "libs/base/posix_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/heartbeat_topic.h"
#include "libs/bus/memory_bus.h"
#include "libs/command/unheard.h"
#include "libs/net/no_network.h"
#include "services/risk/app.h"
#include "services/risk/risk_test_kit.h"

namespace gannet::risk {
namespace {

using namespace std::chrono_literals;
using market::RejectReason;
using test::Amount;
using test::kAccount;
using test::kBtc;
using test::P;
using test::Q;

RiskConfig Config() {
  RiskConfig config;
  config.limits = test::WideLimits();
  return config;
}

// A process in miniature, on virtual time.
struct Host {
  Host(std::vector<std::string>& lines, bool wire_mode, bool heartbeats)
      : executor(base::FromUnixMillis(1'700'000'000'000)),
        bus(executor, {}),
        shard({.name = "test", .start_epoch = 4, .wire_mode = wire_mode}, executor, executor,
              nullptr, &bus),
        log("risk", telemetry::Level::kWarning, executor,
            [&lines](std::string_view line) { lines.emplace_back(line); }),
        deps{shard, bus, executor, executor, executor, files, network, log, base::Rng(0), ""} {
    deps.heartbeats = heartbeats;
  }
  base::VirtualExecutor executor;
  base::PosixFiles files;
  net::NoNetwork network;
  bus::MemoryBus bus;
  runtime::Shard shard;
  telemetry::Log log;
  runtime::Deps deps;
};

// A process of one service; inputs are functions that run inside a turn.
struct Process {
  explicit Process(bool wire_mode = false, const RiskConfig& config = Config(),
                   bool heartbeats = false)
      : host(log, wire_mode, heartbeats),
        intents(host.shard, bus::kOrderIntents, nullptr),
        reports(host.shard, bus::kExecReports, nullptr),
        balances(host.shard, bus::kBalances, nullptr),
        service(BuildRisk(config, host.deps)) {
    port = host.shard.AddInput(
        "in", [this](std::string_view, const market::Header& cause) { input(cause); });
    host.shard.ObserveFacts([this](const bus::TopicInfo& topic, const void* event) {
      if (topic.name == bus::kRiskDecisions.info.name) {
        decisions.push_back(*static_cast<const market::Event<market::RiskDecision>*>(event));
      } else if (topic.name == bus::kRiskState.info.name) {
        states.push_back(static_cast<const market::Event<market::RiskState>*>(event)->value);
      } else if (topic.name == bus::kRiskLimits.info.name) {
        limits.push_back(static_cast<const market::Event<market::LimitEvent>*>(event)->value);
      } else if (topic.name == bus::kAnswers.info.name) {
        answers.push_back(static_cast<const market::Event<market::CommandAnswer>*>(event)->value);
      }
    });
  }
  void Run(std::function<void(const market::Header&)> what) {
    input = std::move(what);
    host.shard.Deliver(port, "", host.executor.Now());
  }
  void OpenMarket() {
    host.shard.Resume(host.executor.Now());
    Run([this](const market::Header& cause) {
      host.shard.Publish(bus::kInstruments, test::MakeInstrument(kBtc, "BTC", "USDT"), cause);
      market::Quote quote;
      quote.instrument = market::InstrumentId(kBtc);
      quote.bid = {P("100"), Q("1")};
      quote.ask = {P("100.02"), Q("1")};
      host.shard.Publish(bus::kQuotes, quote, cause);
      market::BookUpdate book;
      book.instrument = quote.instrument;
      book.state = market::BookState::kValid;
      host.shard.Publish(bus::kBooks, book, cause);
      market::BalanceUpdate balance;
      balance.account = market::AccountId(kAccount);
      balance.venue = "binance-spot";
      balance.asset = market::AssetId("USDT");
      balance.free = Amount("100000");
      balances.Emit(balance, cause);
    });
  }
  market::OrderIntent Intent(std::string_view price) {
    market::OrderIntent intent;
    intent.account = market::AccountId(kAccount);
    intent.strategy = market::StrategyId("maker");
    intent.sequence = ++sequence;
    intent.client_order_id = market::ClientOrderId("g1s" + std::to_string(sequence));
    intent.instrument = market::InstrumentId(kBtc);
    intent.price = P(price);
    intent.quantity = Q("1");
    intent.created = host.shard.now();
    intent.hash = wire::IntentHash(intent);
    return intent;
  }

  std::vector<std::string> log;
  Host host;
  runtime::FactStream<market::OrderIntent> intents;
  runtime::FactStream<market::ExecReport> reports;
  runtime::FactStream<market::BalanceUpdate> balances;
  std::unique_ptr<runtime::Service> service;
  runtime::InputPort port{};
  std::function<void(const market::Header&)> input;
  std::vector<market::Event<market::RiskDecision>> decisions;
  std::vector<market::RiskState> states;
  std::vector<market::LimitEvent> limits;
  std::vector<market::CommandAnswer> answers;
  uint64_t sequence = 0;
};

TEST_CASE("RiskService answers every intent once, in its turn, and names its cause") {
  for (const bool wire_mode : {false, true}) {
    Process process(wire_mode);
    process.OpenMarket();
    REQUIRE(process.states.size() == 1);
    CHECK(process.states[0].epoch == 4);
    CHECK(process.states[0].limit_version == 7);
    market::EventId intent_id;
    process.Run([&](const market::Header& cause) {
      intent_id = process.intents.Emit(process.Intent("100"), cause);
      process.intents.Emit(process.Intent("50"), cause);
      auto cancel = process.Intent("100");
      cancel.kind = market::IntentKind::kCancel;
      process.intents.Emit(cancel, cause);
    });
    REQUIRE(process.decisions.size() == 2);
    CHECK(process.decisions[0].value.permitted);
    CHECK(process.decisions[0].header.causation == intent_id);
    CHECK(process.decisions[0].value.epoch == 4);
    CHECK(process.decisions[1].value.reason == market::RejectReason::kPriceCollar);
    CHECK(process.service->health().state == runtime::HealthState::kServing);
  }
}

TEST_CASE("RiskService says what the gate would say, also of an order that has no name yet") {
  Process process;
  process.OpenMarket();
  auto& service = static_cast<RiskService&>(*process.service);
  const auto reasons = [&service](const market::OrderIntent& intent) {
    std::vector<RejectReason> found;
    for (const auto& [control, finding] : service.Check(intent)) {
      CHECK_FALSE(finding.detail.empty());
      found.push_back(control->reason);
    }
    return found;
  };
  market::OrderIntent intent = process.Intent("100");
  CHECK(reasons(intent).empty());  // its strategy has never traded
  intent.sequence = intent.attempt = 0;
  intent.client_order_id = {};
  CHECK(reasons(intent).empty());
  intent.price = P("1");
  intent.quantity = Q("0.0005");
  CHECK(reasons(intent) == std::vector{RejectReason::kOffLot, RejectReason::kBelowMinimum,
                                       RejectReason::kPriceCollar});
  process.Run(
      [&](const market::Header& cause) { process.intents.Emit(process.Intent("100"), cause); });
  REQUIRE(process.decisions.size() == 1);
  CHECK(process.decisions[0].value.permitted);
  intent = process.Intent("100");
  intent.sequence = 0;  // the next
  CHECK(reasons(intent).empty());
  for (int i = 0; i < 2'000; ++i) {
    intent.strategy = market::StrategyId("asked" + std::to_string(i));
    service.Check(intent);
  }
  CHECK(service.engine().book().scopes().size() < 1'100);
}

TEST_CASE("RiskService acts on commands and says why it refuses one") {
  Process process;
  process.OpenMarket();
  process.Run([&](const market::Header& cause) {
    process.host.shard.Publish(
        bus::kCommands, market::Command{.kind = market::CommandKind::kKill, .reason = "drill"},
        cause);
  });
  REQUIRE(process.states.size() == 2);
  CHECK(process.states[1].killed);
  process.Run(
      [&](const market::Header& cause) { process.intents.Emit(process.Intent("100"), cause); });
  CHECK(process.decisions.back().value.reason == market::RejectReason::kKillSwitch);
  const size_t lines = process.log.size();
  process.Run([&](const market::Header& cause) {
    process.host.shard.Publish(bus::kCommands,
                               market::Command{.kind = market::CommandKind::kResume}, cause);
  });
  CHECK(process.states.size() == 2);
  REQUIRE(process.log.size() == lines + 1);
  CHECK(process.log.back().find("takes a person and a reason") != std::string::npos);
}

TEST_CASE("RiskService takes a kill of a name that nobody has, and says so each time") {
  RiskConfig config = Config();
  config.strategies = {"hosted"};
  Process process(/*wire_mode=*/false, config);
  process.OpenMarket();
  process.Run(
      [&](const market::Header& cause) { process.intents.Emit(process.Intent("1"), cause); });
  const std::string strategy = process.decisions.back().value.intent.strategy.text();
  const auto answer = [&](market::ScopeKind kind, std::string name) {
    process.Run([&](const market::Header& cause) {
      process.host.shard.Publish(bus::kCommands,
                                 market::Command{.kind = market::CommandKind::kKill,
                                                 .scope = {kind, std::move(name)},
                                                 .reason = "drill"},
                                 cause);
    });
    CHECK(process.answers.back().outcome == market::CommandOutcome::kApplied);
    return process.answers.back().detail;
  };
  using market::ScopeKind;
  for (int i = 0; i < 2; ++i) {  // the state that it has from the first is no evidence
    CAPTURE(i);
    CHECK(command::SaysUnheard(answer(ScopeKind::kStrategy, strategy + "x")));
    CHECK(command::SaysUnheard(answer(ScopeKind::kVenue, "nowhere")));
    CHECK(command::SaysUnheard(answer(ScopeKind::kInstrument, "nowhere:BTCUSDT")));
    CHECK(command::SaysUnheard(answer(ScopeKind::kAccount, "main/nobody")));
    CHECK_FALSE(command::SaysUnheard(answer(ScopeKind::kStrategy, strategy)));
    CHECK_FALSE(command::SaysUnheard(answer(ScopeKind::kStrategy, "hosted")));  // never traded
    CHECK_FALSE(command::SaysUnheard(answer(ScopeKind::kInstrument, kBtc)));
    CHECK_FALSE(command::SaysUnheard(answer(ScopeKind::kAccount, kAccount)));
    CHECK_FALSE(command::SaysUnheard(answer(ScopeKind::kFirm, "")));
  }
  // It holds all the same.
  const bool killed = std::any_of(process.states.begin(), process.states.end(),
                                  [&](const market::RiskState& state) {
                                    return state.scope.name == strategy + "x" && state.killed;
                                  });
  CHECK(killed);
}

TEST_CASE("RiskService closes the gate and degrades while execution is silent") {
  Process process;
  process.OpenMarket();
  process.Run(
      [&](const market::Header& cause) { process.intents.Emit(process.Intent("100"), cause); });
  process.host.executor.RunFor(11s);
  CHECK(process.service->health().state == runtime::HealthState::kDegraded);
  process.Run([&](const market::Header& cause) {
    process.reports.Emit(market::ReportOf(process.decisions[0].value.intent,
                                          market::ExecKind::kNotSent, market::OrderState::kDenied),
                         cause);
  });
  CHECK(process.service->health().state == runtime::HealthState::kServing);
}

RiskConfig WithPortfolio() {
  RiskConfig config = Config();
  PortfolioSettings& settings = config.limits.portfolio.emplace();
  settings.minimum = 20;
  settings.paths = 1'000;
  settings.stress["crash"] = {.others = {-500'000}};
  config.limits.firm.max_stress_loss = test::V("40");
  return config;
}

// A minute passes, with a quote.
void Minute(Process& process, int64_t move) {
  process.host.executor.RunFor(60s);
  process.Run([&](const market::Header& cause) {
    market::Quote quote;
    quote.instrument = market::InstrumentId(kBtc);
    quote.bid = {{P("100").mantissa + move * 1'000'000}, Q("1")};
    quote.ask = {{P("100.02").mantissa + move * 1'000'000}, Q("1")};
    process.host.shard.Publish(bus::kQuotes, quote, cause);
  });
}

TEST_CASE(
    "RiskService works out what the portfolio can lose, and reduces the firm beyond a limit") {
  for (const bool wire_mode : {false, true}) {
    Process process(wire_mode, WithPortfolio());
    process.OpenMarket();
    process.host.executor.RunFor(2s);
    const auto& portfolio = static_cast<const RiskService&>(*process.service).portfolio();
    REQUIRE(portfolio.figures().has_value());
    CHECK(portfolio.figures()->stress.at(0).worst_loss == 0);
    process.Run(
        [&](const market::Header& cause) { process.intents.Emit(process.Intent("100"), cause); });
    REQUIRE(process.decisions.back().value.permitted);
    process.Run([&](const market::Header& cause) {
      const market::OrderIntent& intent = process.decisions.back().value.intent;
      market::ExecReport report =
          market::ReportOf(intent, market::ExecKind::kFill, market::OrderState::kFilled);
      report.fill = market::Fill{.trade_id = "1", .price = P("100"), .quantity = Q("1")};
      process.reports.Emit(report, cause);
    });
    for (int i = 0; i < 25; ++i) Minute(process, i * i % 7);
    CHECK(process.states.back().state == market::TradingState::kReducing);
    CHECK(process.states.back().reason.starts_with("portfolio: loss in crash 5"));
    CHECK(process.states.back().reason.ends_with(" above max_stress_loss 40"));
    CHECK(process.states.size() == 2);  // said once
    const PortfolioFigures& figures = *portfolio.figures();
    CHECK(figures.observations >= 20);
    CHECK(*figures.worst(&PortfolioFigures::Risk::var) > 0);
    CHECK(process.service->health().state == runtime::HealthState::kServing);

    // Another process takes up where this one was.
    Process after(wire_mode, WithPortfolio());
    REQUIRE(after.host.shard.LoadState(process.host.shard.SaveState()).ok());
    CHECK(after.host.shard.StateHash() == process.host.shard.StateHash());
  }
}

TEST_CASE("RiskService takes recorded figures up in recovery, and decides nothing") {
  Process process(false, WithPortfolio());
  process.OpenMarket();
  PortfolioFigures figures;
  figures.stress.push_back({.name = "crash", .loss = 0, .worst_loss = test::V("41")});
  const auto port = process.host.shard.FindInput("risk.portfolio");
  REQUIRE(port.has_value());
  process.host.shard.Deliver(*port, "not figures", process.host.executor.Now());
  CHECK(process.log.back().find("portfolio_figures") != std::string::npos);
  const size_t states = process.states.size();
  journal::Record record;
  record.type = journal::RecordType::kInput;
  record.channel = "risk.portfolio";
  record.payload = Encode(figures);
  process.host.shard.ApplyRecorded(record);
  CHECK(process.states.size() == states);
  const auto& portfolio = static_cast<const RiskService&>(*process.service).portfolio();
  CHECK(portfolio.Broken(*portfolio.figures()).size() == 1);
  // Raised before the restart: not raised again.
  process.host.shard.Deliver(*port, Encode(figures), process.host.executor.Now());
  CHECK(process.states.size() == states);
}

TEST_CASE("RiskService takes up after a restart: same state, open intents answered") {
  Process before;
  before.OpenMarket();
  before.Run(
      [&](const market::Header& cause) { before.intents.Emit(before.Intent("100"), cause); });
  const std::string snapshot = before.host.shard.SaveState();

  Process after;
  REQUIRE(after.host.shard.LoadState(snapshot).ok());
  CHECK(after.host.shard.SaveState() == snapshot);
  after.host.shard.Resume(after.host.executor.Now());
  CHECK(after.decisions.empty());  // it had its verdict
  CHECK(after.states.empty());     // same epoch and limits
}

TEST_CASE("RiskService changes limits by two people, tells it, and again after a restart") {
  for (const bool wire_mode : {false, true}) {
    Process process(wire_mode);
    process.OpenMarket();
    const auto command = [&](market::CommandKind kind, const char* person, uint64_t proposal,
                             std::string text = "") {
      process.Run([&](const market::Header& cause) {
        process.host.shard.Publish(bus::kCommands,
                                   market::Command{.kind = kind,
                                                   .reason = "for a test",
                                                   .person = person,
                                                   .request_id = person,
                                                   .text = std::move(text),
                                                   .new_names = true,
                                                   .proposal = proposal},
                                   cause);
      });
      return process.answers.back();
    };
    REQUIRE(process.limits.size() == 1);  // what it was started with
    CHECK(process.limits[0].version == 7);
    CHECK_FALSE(process.limits[0].rows.empty());
    const std::string file = R"(
version: 8
valuation: {asset: USDT, by: {BTC: "binance-spot:BTCUSDT", BNB: "binance-spot:BNBUSDT"}}
firm: {max_order_notional: 10}
accounts: {main/paper: {}}
)";
    const auto proposed = command(market::CommandKind::kProposeLimits, "ann", 0, file);
    CHECK(proposed.outcome == market::CommandOutcome::kApplied);
    CHECK(proposed.proposal == 1);
    CHECK(command(market::CommandKind::kApproveLimits, "ann", 1).outcome ==
          market::CommandOutcome::kRefused);
    CHECK(command(market::CommandKind::kApproveLimits, "ben", 1).detail ==
          "limits version 8 is in force");
    REQUIRE(process.limits.size() == 3);
    CHECK(process.limits[2].person == "ben");
    CHECK(process.states.back().limit_version == 8);
    process.Run(
        [&](const market::Header& cause) { process.intents.Emit(process.Intent("100"), cause); });
    CHECK(process.decisions.back().value.limit_version == 8);
    CHECK_FALSE(process.decisions.back().value.permitted);

    Process after(wire_mode);
    market::LimitRecord heard;
    const auto watching = after.host.bus.Subscribe<market::LimitEvent>(
        bus::kRiskLimits, {.group = "", .start = bus::Start::kEarliest},
        [&heard](const market::Event<market::LimitEvent>& event, bus::Position) {
          heard.Apply(event);
        });
    REQUIRE(after.host.shard.LoadState(process.host.shard.SaveState()).ok());
    after.host.shard.Resume(after.host.executor.Now());
    after.host.executor.RunFor(1s);
    CHECK(after.limits.empty());  // nothing new was decided
    CHECK(heard.version() == 8);
    CHECK(heard.Find(1)->decided->value.person == "ben");
  }
}

TEST_CASE("Risk waits for services, says for which, and tells when one is not heard any more") {
  for (const bool wire_mode : {false, true}) {
    Process process(wire_mode, Config(), /*heartbeats=*/true);
    uint64_t beats = 0;
    const auto beat = [&](std::string service) {
      process.Run([&, service](const market::Header& cause) {
        process.host.shard.Publish(
            bus::kHeartbeats,
            market::Heartbeat{.service = service, .shard = "other", .sequence = ++beats}, cause);
      });
    };
    process.OpenMarket();
    const auto ask = [&] {
      process.Run(
          [&](const market::Header& cause) { process.intents.Emit(process.Intent("100"), cause); });
      return process.decisions.back().value;
    };
    CHECK(ask().reason == market::RejectReason::kGateClosed);
    CHECK(process.service->health().state == runtime::HealthState::kDegraded);
    CHECK(process.service->health().reasons.front().find("first heartbeat of execution") !=
          std::string::npos);
    beat("execution");
    beat("ingest");
    beat("strategy");
    process.states.clear();
    CHECK(ask().permitted);

    for (int i = 0; i < 20; ++i) {
      process.host.executor.RunFor(1s);
      beat("ingest");
      beat("strategy");
    }
    REQUIRE(process.states.size() == 1);
    CHECK(process.states[0].scope == market::Scope{market::ScopeKind::kService, "execution"});
    CHECK(process.states[0].state == market::TradingState::kCancelOnly);
    CHECK(process.states[0].epoch == 4);
    beat("execution");
    REQUIRE(process.states.size() == 2);
    CHECK(process.states[1].state == market::TradingState::kActive);
  }
}

TEST_CASE("The limits file that ships is valid and states every mandatory limit") {
  base::PosixFiles files;
  const auto config = LoadRiskConfig(files, "config/limits.yaml");
  REQUIRE(config.ok());
  CHECK(StatedLimits(config->limits.firm) == kAllMandatory);
  CHECK(config->limits.KnowsAccount("main/paper"));
  CHECK(config->limits.Of({market::ScopeKind::kVenue, "binance-usdm"}).initial_margin_ppm ==
        200'000);
  WatchSettings watch;  // as without the sections
  watch.breaker = RateLimit{10, 1h};
  CHECK(config->watch == watch);
}

TEST_CASE("What orders need is set in the limits file") {
  const auto read = [](const std::string& sections) {
    return ParseRiskConfig(
        "version: 1\nvaluation: {asset: USDT}\nfirm: {max_gross: 1}\naccounts: {a/b: {}}\n" +
            sections,
        "limits.yaml");
  };
  const auto config = read(R"(
heartbeats:
  lost_after: 30s
  breaker: {count: 3, window: 10m}
  needed:
    all: [execution]
    models: []
    strategies:
      maker: {services: [gateway]}
models: {failures: {count: 5, window: 1m}, stale_after: 10s, allow_drifted: true}
)");
  REQUIRE(config.status().ToString() == "OK");
  const WatchSettings expected{.lost_after = 30s,
                               .all = {"execution"},
                               .models = {},
                               .strategies = {{"maker", {"gateway"}}},
                               .breaker = RateLimit{3, 10min},
                               .failures = {5, 1min},
                               .stale_after = 10s,
                               .allow_drifted = true};
  CHECK(config->watch == expected);
  CHECK_FALSE(read("heartbeats: {lost_after: 1s}").ok());
  CHECK_FALSE(read("heartbeats: {needed: {everything: [execution]}}").ok());
}

TEST_CASE("A limits file with errors names each of them") {
  const auto config = ParseRiskConfig(R"(
version: 0
valuation: {asset: USDT}
firm:
  max_gross: -1
  price_collar: 5
  max_nett: 3
  max_net: 0.123456789
  message_rate: {count: 0, window: 1s}
  permitted_types: []
  permitted_instruments: []
accounts: {}
)",
                                      "limits.yaml");
  REQUIRE(!config.ok());
  const std::string message(config.status().message());
  for (const char* part :
       {"version", "firm.max_gross", "firm.price_collar", "firm.max_nett", "firm.max_net",
        "firm.message_rate.count", "accounts", "firm.permitted_types: has 0 entries",
        "firm.permitted_instruments: has 0 entries"}) {
    INFO(message);
    CHECK(message.find(part) != std::string::npos);
  }
}

}  // namespace
}  // namespace gannet::risk
