// What a person asks for, through the engines that ship: strategy, risk and execution
// on paper in one shard. Each end that a command can come to is reached once.
#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/posix_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/command/shard_commands.h"
#include "libs/net/no_network.h"
#include "services/execution/app.h"
#include "services/risk/app.h"
#include "services/strategy/app.h"

namespace gannet {
namespace {

using namespace std::chrono_literals;
using command::CommandResult;
using command::Progress;
using market::CommandKind;
using market::RejectReason;

constexpr char kBtc[] = "binance-spot:BTCUSDT";

class Desk {
 public:
  explicit Desk(bool wire_mode)
      : bus_(executor_, {}),
        shard_({.name = "desk", .run = 9, .start_epoch = 1, .wire_mode = wire_mode}, executor_,
               executor_, nullptr, &bus_),
        log_("desk", telemetry::Level::kWarning, executor_, [](std::string_view) {}),
        deps_{shard_, bus_,     executor_, executor_,    executor_,
              files_, network_, log_,      base::Rng(0), ""},
        commands_(deps_) {
    auto limits = risk::LoadRiskConfig(files_, "config/limits.yaml");
    REQUIRE(limits.ok());
    limits->limits.wallets["main/paper"] = "paper";
    auto execution = execution::BuildExecution({}, deps_);
    REQUIRE(execution.ok());
    services_.push_back(std::move(execution->front()));
    services_.push_back(risk::BuildRisk(*limits, deps_));
    services_.push_back(strategy::BuildStrategy({}, deps_));
    market_ = shard_.AddInput(
        "market", [this](std::string_view, const market::Header& cause) { Market(cause); });
    shard_.Consume<market::ExecReport>(
        bus::kExecReports, nullptr, [this](const auto& event) { reports.push_back(event.value); });
    shard_.Consume<market::RiskDecision>(bus::kRiskDecisions, nullptr, [this](const auto& event) {
      verdicts.push_back(event.value);
    });
    shard_.Resume(executor_.Now());
    for (const auto& service : services_) REQUIRE(service->Start().ok());
    for (int i = 0; i < 5; ++i) Step();
  }

  void Step() {
    shard_.Deliver(market_, "", executor_.Now());
    executor_.RunFor(500ms);
  }
  CommandResult Give(market::Command command) {
    command.person = "ann";
    command.request_id = "request-" + std::to_string(++requests_);
    std::optional<CommandResult> answer;
    commands_.Submit(std::move(command), {}, [&answer](const auto& result) {
      INFO(result.status().ToString());
      REQUIRE(result.ok());
      answer = *result;
    });
    for (int i = 0; i < 10 && !answer; ++i) Step();
    REQUIRE(answer);
    return *answer;
  }
  market::OrderState StateOf(const market::ClientOrderId& id) const {
    market::OrderState state = market::OrderState::kInitialized;
    for (const market::ExecReport& report : reports) {
      if (report.client_order_id == id) state = report.state;
    }
    return state;
  }

  std::vector<market::ExecReport> reports;
  std::vector<market::RiskDecision> verdicts;

 private:
  void Market(const market::Header& cause) {
    market::Instrument btc;
    btc.id = market::InstrumentId(kBtc);
    btc.base = market::AssetId("BTC");
    btc.quote = btc.settle = market::AssetId("USDT");
    btc.price_scale = 2;
    btc.quantity_scale = 5;
    btc.tick = {1};
    btc.lot = {1};
    btc.min_quantity = {1};
    btc.min_notional = market::Money(5, 0);
    shard_.Publish(bus::kInstruments, btc, cause);
    market::BookUpdate book;
    book.instrument = btc.id;
    book.state = market::BookState::kValid;
    book.snapshot = true;
    book.bids = {{{6'000'000}, {1'00000}}};
    book.asks = {{{6'000'100}, {1'00000}}};
    shard_.Publish(bus::kBooks, book, cause);
    market::Quote quote;
    quote.instrument = btc.id;
    quote.bid = {{6'000'000}, {1'00000}};
    quote.ask = {{6'000'100}, {1'00000}};
    shard_.Publish(bus::kQuotes, quote, cause);
  }

  base::VirtualExecutor executor_{base::FromUnixMillis(1'700'000'000'000)};
  base::PosixFiles files_;
  net::NoNetwork network_;
  bus::MemoryBus bus_;
  runtime::Shard shard_;
  telemetry::Log log_;
  runtime::Deps deps_;
  command::ShardCommands commands_;
  std::vector<std::unique_ptr<runtime::Service>> services_;
  runtime::InputPort market_{};
  int requests_ = 0;
};

market::Command Buy(int64_t price, int64_t quantity) {
  market::Command command;
  command.kind = CommandKind::kSubmitOrder;
  command.order.emplace();
  command.order->account = market::AccountId("main/paper");
  command.order->instrument = market::InstrumentId(kBtc);
  command.order->price = {price};
  command.order->quantity = {quantity};
  return command;
}
market::Command About(CommandKind kind, const market::ClientOrderId& target) {
  market::Command command = Buy(0, 1);
  command.kind = kind;
  command.order->target = target;
  return command;
}

TEST_CASE("An order by hand takes the path of any intent, and can be changed and cancelled") {
  for (const bool wire_mode : {false, true}) {
    Desk desk(wire_mode);
    const CommandResult placed = desk.Give(Buy(5'900'000, 1'000));
    INFO(placed.detail);
    CHECK(placed.reached == Progress::kJournaled);
    REQUIRE(desk.verdicts.size() == 1);
    CHECK(desk.verdicts[0].intent.strategy == market::StrategyId("manual/ann"));
    CHECK(desk.verdicts[0].permitted);
    desk.Step();
    CHECK(desk.StateOf(placed.order) == market::OrderState::kAccepted);

    market::Command change = About(CommandKind::kReplaceOrder, placed.order);
    change.order->price = {5'910'000};
    change.order->quantity = {2'000};
    const CommandResult replaced = desk.Give(change);
    INFO(replaced.detail);
    CHECK(replaced.reached == Progress::kJournaled);
    desk.Step();
    CHECK(desk.StateOf(placed.order) == market::OrderState::kCanceled);
    CHECK(desk.StateOf(replaced.order) == market::OrderState::kAccepted);

    const CommandResult cancelled = desk.Give(About(CommandKind::kCancelOrder, replaced.order));
    CHECK(cancelled.reached == Progress::kJournaled);
    desk.Step();
    CHECK(desk.StateOf(replaced.order) == market::OrderState::kCanceled);

    const CommandResult again = desk.Give(About(CommandKind::kCancelOrder, replaced.order));
    CHECK(again.reached == Progress::kRefused);
    CHECK(again.detail.find("is working") != std::string::npos);
  }
}

TEST_CASE("Risk denies an order by hand as any other, with its reason") {
  Desk desk(false);
  const CommandResult large = desk.Give(Buy(6'000'000, 10'00000));
  CHECK(large.reached == Progress::kDenied);
  CHECK(large.reason == RejectReason::kMaxNotional);
  const CommandResult far = desk.Give(Buy(3'000'000, 1'000));
  CHECK(far.reason == RejectReason::kPriceCollar);
  CHECK(desk.reports.empty());
}

TEST_CASE("The kill switch cancels what works, denies what comes, and is lifted by a person") {
  Desk desk(false);
  const CommandResult placed = desk.Give(Buy(5'900'000, 1'000));
  desk.Step();
  market::Command kill{.kind = CommandKind::kKill, .reason = "drill"};
  CommandResult result = desk.Give(kill);
  CHECK(result.reached == Progress::kApplied);
  CHECK(result.detail == "firm is HALTED, kill switch on");
  for (int i = 0; i < 5; ++i) desk.Step();
  CHECK(desk.StateOf(placed.order) == market::OrderState::kCanceled);
  result = desk.Give(Buy(5'900'000, 1'000));
  CHECK(result.reached == Progress::kDenied);
  CHECK(result.reason == RejectReason::kKillSwitch);
  CHECK(desk.Give(kill).detail == "firm is in that state already");

  market::Command resume{.kind = CommandKind::kResume};
  result = desk.Give(resume);
  CHECK(result.reached == Progress::kRefused);
  CHECK(result.detail.find("takes a person and a reason") != std::string::npos);
  resume.reason = "checked";
  CHECK(desk.Give(resume).reached == Progress::kApplied);
  CHECK(desk.Give(Buy(5'900'000, 1'000)).reached == Progress::kJournaled);
}

TEST_CASE("A halted scope takes no orders; cancel-all says how many it cancels") {
  Desk desk(false);
  const CommandResult placed = desk.Give(Buy(5'900'000, 1'000));
  desk.Step();
  market::Command halt{.kind = CommandKind::kSetTradingState,
                       .scope = {market::ScopeKind::kInstrument, kBtc},
                       .state = market::TradingState::kHalted,
                       .reason = "auction"};
  CHECK(desk.Give(halt).reached == Progress::kApplied);
  CHECK(desk.Give(Buy(5'900'000, 1'000)).reason == RejectReason::kTradingState);
  const CommandResult all = desk.Give(
      {.kind = CommandKind::kCancelAll, .scope = {market::ScopeKind::kStrategy, "manual/ann"}});
  CHECK(all.reached == Progress::kApplied);
  CHECK(all.detail.starts_with("cancelling 1 orders"));
  desk.Step();
  CHECK(desk.StateOf(placed.order) == market::OrderState::kCanceled);
  halt.state = market::TradingState::kActive;
  CHECK(desk.Give(halt).reached == Progress::kApplied);
}

}  // namespace
}  // namespace gannet
