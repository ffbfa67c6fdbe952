// Execution in a process in miniature, on virtual time: a shard, a market and
// verdicts that the test hands in, and every fact that comes out.
#pragma once

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/journal/journal.h"
#include "libs/net/sim_network.h"
#include "libs/runtime/shard.h"
#include "services/execution/app.h"

namespace gannet::execution {

struct HostOptions {
  uint64_t start_epoch = 1;
  bool wire_mode = false;
};

// What outlives a process: time, disk, network. Virtual, or the real ones.
struct World {
  World(base::VirtualExecutor& all, base::Files& disk, net::Network& wire)
      : World(all, all, disk, wire, [&all](base::Duration span) { all.RunFor(span); }) {}
  World(base::Executor& tasks, const base::Clock& time, base::Files& disk, net::Network& wire,
        std::function<void(base::Duration)> run)
      : executor(tasks), clock(time), files(disk), network(wire), run_for(std::move(run)) {}
  base::Executor& executor;
  const base::Clock& clock;
  base::Files& files;
  net::Network& network;
  std::function<void(base::Duration)> run_for;
};
struct Outside {
  base::VirtualExecutor executor{base::FromUnixMillis(1'700'000'000'000)};
  base::SimFiles files{7};
  net::SimNetwork network{executor, executor, base::Rng(11)};
  operator World() { return World(executor, files, network); }  // NOLINT: meant to be implicit
  // The journal, in this thread: the same one again after a restart.
  std::unique_ptr<journal::Writer> OpenJournal() {
    journal::WriterOptions options;
    options.own_thread = false;
    auto writer = journal::Writer::Open(files, executor, "journal", {}, options);
    REQUIRE(writer.ok());
    return *std::move(writer);
  }
};

class ServiceHost {
 public:
  // `journal` may be null.
  ServiceHost(World outside, const ExecutionConfig& config, journal::Writer* journal = nullptr,
              HostOptions options = {})
      : outside_(std::move(outside)),
        bus_(outside_.executor, {}),
        shard_({.name = "test", .start_epoch = options.start_epoch, .wire_mode = options.wire_mode},
               outside_.executor, outside_.clock, journal, &bus_),
        log_("execution", telemetry::Level::kWarning, outside_.clock,
             [this](std::string_view line) { lines.emplace_back(line); }),
        deps_{shard_,
              bus_,
              outside_.executor,
              outside_.executor,
              outside_.clock,
              outside_.files,
              outside_.network,
              log_,
              base::Rng(3),
              ""},
        decisions_(shard_, bus::kRiskDecisions, nullptr),
        intents_(shard_, bus::kOrderIntents, nullptr),
        commands_(shard_, bus::kCommands, nullptr) {
    deps_.lease = &lease;
    port_ = shard_.AddInput("test", [this](std::string_view, const market::Header& cause) {
      const std::function<void(const market::Header&)> act = std::exchange(act_, nullptr);
      if (act) act(cause);
    });
    shard_.ObserveFacts([this](const bus::TopicInfo& topic, const void* event) {
      if (topic.name == bus::kExecReports.info.name) {
        reports.push_back(static_cast<const market::Event<market::ExecReport>*>(event)->value);
        hash.Update(wire::Canonical(reports.back()));
      } else if (topic.name == bus::kBalances.info.name) {
        balances.push_back(static_cast<const market::Event<market::BalanceUpdate>*>(event)->value);
      } else if (topic.name == bus::kPositions.info.name) {
        positions.push_back(
            static_cast<const market::Event<market::PositionUpdate>*>(event)->value);
      }
    });
    auto built = BuildExecution(config, deps_,
                                [this](const OutgoingRequest& request) { return Stops(request); });
    REQUIRE(built.ok());
    REQUIRE(built->size() == 1);
    service = std::move(built->front());
    btc.id = market::InstrumentId("binance-spot:BTCUSDT");
    btc.base = market::AssetId("BTC");
    btc.quote = btc.settle = market::AssetId("USDT");
    btc.price_scale = 2;
    btc.quantity_scale = 5;
    btc.tick = {1};
    btc.lot = {1};
  }

  struct TestLease : runtime::Lease {
    bool MayStillSend() const override { return held; }
    uint64_t epoch() const override { return 1; }
    bool held = true;
  };

  // Runs `act` in a turn.
  void Turn(std::function<void(const market::Header&)> act) {
    act_ = std::move(act);
    shard_.Deliver(port_, "", outside_.clock.Now());
  }
  void Start() {
    shard_.Resume(outside_.clock.Now());
    Define();
    REQUIRE(service->Start().ok());
  }
  void Define() {
    Turn([this](const market::Header& cause) { shard_.Publish(bus::kInstruments, btc, cause); });
  }
  market::OrderIntent Intent(std::string id, market::Side side, std::string_view quantity,
                             std::string_view price) {
    market::OrderIntent intent;
    intent.account = market::AccountId("main/paper");
    intent.strategy = market::StrategyId("maker");
    intent.sequence = ++sequence_;
    intent.client_order_id = market::ClientOrderId(std::move(id));
    intent.instrument = btc.id;
    intent.side = side;
    intent.type = price.empty() ? market::OrderType::kMarket : market::OrderType::kLimit;
    if (!price.empty()) intent.price = *btc.ParsePrice(price);
    intent.quantity = *btc.ParseQuantity(quantity);
    intent.created = shard_.now();
    intent.hash = wire::IntentHash(intent);
    return intent;
  }
  void Decide(market::OrderIntent intent, base::Duration lives = std::chrono::seconds(2)) {
    DecideAll({std::move(intent)}, lives);
  }
  // In one turn.
  void DecideAll(std::vector<market::OrderIntent> intents,
                 base::Duration lives = std::chrono::seconds(2)) {
    Turn([&](const market::Header& cause) {
      for (market::OrderIntent& intent : intents) {
        intent.hash = wire::IntentHash(intent);
        market::RiskDecision decision;
        decision.intent = std::move(intent);
        decision.permitted = true;
        decision.epoch = 1;
        decision.decided = shard_.now();
        decision.expires = shard_.now() + lives;
        decisions_.Emit(std::move(decision), cause);
      }
    });
  }
  void CancelOrder(std::string id, std::string target) {
    market::OrderIntent intent = Intent(std::move(id), market::Side::kBuy, "1", "1");
    intent.kind = market::IntentKind::kCancel;
    intent.target = market::ClientOrderId(std::move(target));
    Turn([&](const market::Header& cause) { intents_.Emit(intent, cause); });
  }
  void Command(market::CommandKind kind, market::Scope scope, bool flatten = false) {
    market::Command command;
    command.kind = kind;
    command.flatten = flatten;
    command.scope = std::move(scope);
    command.person = "ann";
    Turn([&](const market::Header& cause) { commands_.Emit(command, cause); });
  }
  void Book(std::string_view bid, std::string_view ask, std::string_view quantity = "1") {
    market::BookUpdate book;
    book.instrument = btc.id;
    book.state = market::BookState::kValid;
    book.snapshot = true;
    book.first_update_id = book.last_update_id = ++updates_;
    book.bids = {{*btc.ParsePrice(bid), *btc.ParseQuantity(quantity)}};
    book.asks = {{*btc.ParsePrice(ask), *btc.ParseQuantity(quantity)}};
    Turn([&](const market::Header& cause) { shard_.Publish(bus::kBooks, book, cause); });
  }
  void Trade(std::string_view price, std::string_view quantity, market::Side aggressor) {
    market::Trade trade;
    trade.instrument = btc.id;
    trade.trade_id = ++updates_;
    trade.price = *btc.ParsePrice(price);
    trade.quantity = *btc.ParseQuantity(quantity);
    trade.aggressor = aggressor;
    Turn([&](const market::Header& cause) { shard_.Publish(bus::kTrades, trade, cause); });
  }
  void RunFor(base::Duration span) { outside_.run_for(span); }

  market::OrderState State(const std::string& id) const {
    const TrackedOrder* order = service->engine().state().Find(market::ClientOrderId(id));
    REQUIRE(order != nullptr);
    return order->life.state();
  }
  const market::ExecReport& Last(const std::string& id) const {
    for (auto at = reports.rbegin(); at != reports.rend(); ++at) {
      if (at->client_order_id.text() == id) return *at;
    }
    FAIL("no report of " << id);
    return reports.front();
  }
  std::string SavedState() const {
    wire::CanonicalWriter out;
    service->engine().state().Save(out);
    return out.Take();
  }
  runtime::Shard& shard() { return shard_; }
  runtime::Deps& deps() { return deps_; }

  std::vector<std::string> lines;
  std::vector<market::ExecReport> reports;
  std::vector<market::BalanceUpdate> balances;
  std::vector<market::PositionUpdate> positions;
  base::Sha256Stream hash;
  market::Instrument btc;
  TestLease lease;
  std::optional<Block> closed;  // what the outside gate says; or of this order alone
  std::string stopped;

 private:
  std::optional<Block> Stops(const OutgoingRequest& request) const {
    if (closed) return closed;
    const bool covers = request.order.text() == stopped ||
                        std::any_of(request.others.begin(), request.others.end(),
                                    [this](const auto& id) { return id.text() == stopped; });
    if (stopped.empty() || !covers) return std::nullopt;
    return Block{market::RejectReason::kKillSwitch, "the outside gate is closed"};
  }

  World outside_;
  bus::MemoryBus bus_;
  runtime::Shard shard_;
  telemetry::Log log_;
  runtime::Deps deps_;
  runtime::FactStream<market::RiskDecision> decisions_;
  runtime::FactStream<market::OrderIntent> intents_;
  runtime::FactStream<market::Command> commands_;
  runtime::InputPort port_{};
  std::function<void(const market::Header&)> act_;
  uint64_t sequence_ = 0, updates_ = 0;

 public:
  std::unique_ptr<ExecutionService> service;
};

}  // namespace gannet::execution
