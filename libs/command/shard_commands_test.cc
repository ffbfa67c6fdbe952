// Commands over a journal, in one process and in two joined by a bus: who gives one is
// told how far it came, once; what a crash interrupts is neither lost nor done twice.
#include "libs/command/shard_commands.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/journal/journal.h"
#include "libs/net/no_network.h"
#include "libs/runtime/bus_link.h"

namespace gannet::command {
namespace {

using namespace std::chrono_literals;
using market::CommandKind;
using market::RejectReason;

constexpr char kDir[] = "/data/journal";

// A process in small.
class Node {
 public:
  Node(std::string name, base::VirtualExecutor& executor, bus::Bus& bus)
      : name_(std::move(name)), executor_(executor), bus_(bus) {}
  virtual ~Node() = default;

  // `link`: the shard is one of several.
  void Start(bool link) {
    journal::WriterOptions options;
    options.own_thread = false;
    options.reserve_bytes = 0;
    auto opened = journal::Writer::Open(files_, executor_, kDir, {.run = 5}, options);
    REQUIRE(opened.ok());
    journal_ = *std::move(opened);
    shard_ = std::make_unique<runtime::Shard>(runtime::ShardOptions{.name = name_}, executor_,
                                              executor_, journal_.get(), &bus_);
    log_.emplace("test", telemetry::Level::kWarning, executor_,
                 [this](std::string_view line) { logged_ += std::string(line) + "\n"; });
    deps_.reset(new runtime::Deps{*shard_, bus_, executor_, executor_, executor_, files_, network_,
                                  *log_, base::Rng(0), ""});
    Build();
    if (link)
      link_ = std::make_unique<runtime::BusLink>(*shard_, std::set<const bus::TopicInfo*>{});
    auto reader = journal::Reader::Open(files_, kDir);
    REQUIRE(reader.ok());
    REQUIRE(shard_->Recover(**reader).ok());
    shard_->Resume(executor_.Now());
    if (!link) return;
    auto again = journal::Reader::Open(files_, kDir);
    REQUIRE(again.ok());
    REQUIRE(
        link_
            ->Connect({bus_, {files_, executor_, executor_}, executor_, "/data/mark"}, again->get())
            .ok());
    link_->Subscribe();
  }
  void Crash() {
    link_.reset();
    Forget();
    deps_.reset();
    shard_.reset();
    journal_.reset();
    files_.Restart();
  }
  runtime::Shard& shard() { return *shard_; }
  runtime::Deps& deps() { return *deps_; }
  base::SimFiles& files() { return files_; }
  const std::string& logged() const { return logged_; }

 protected:
  virtual void Build() = 0;
  virtual void Forget() = 0;

 private:
  const std::string name_;
  base::VirtualExecutor& executor_;
  bus::Bus& bus_;
  base::SimFiles files_{7};
  net::NoNetwork network_;
  std::unique_ptr<journal::Writer> journal_;
  std::unique_ptr<runtime::Shard> shard_;
  std::string logged_;
  std::optional<telemetry::Log> log_;
  std::unique_ptr<runtime::Deps> deps_;
  std::unique_ptr<runtime::BusLink> link_;
};

// Strategy, risk and execution as far as commands see them.
struct Engines {
  explicit Engines(runtime::Shard& shard)
      : answers(shard, bus::kAnswers, nullptr),
        intents(shard, bus::kOrderIntents, nullptr),
        decisions(shard, bus::kRiskDecisions, nullptr),
        reports(shard, bus::kExecReports, nullptr) {
    shard.Consume<market::Command>(bus::kCommands, nullptr, [this](const auto& event) {
      heard.push_back(event.value);
      if (!silent) Answer(event);
    });
  }
  void Answer(const market::Event<market::Command>& event) {
    const market::Command& command = event.value;
    market::CommandAnswer answer{
        .command = event.header.id, .request_id = command.request_id, .person = command.person};
    if (refuse) answer.outcome = market::CommandOutcome::kRefused;
    answer.detail = refuse ? "not now" : "done";
    if (!command.order || refuse) {
      answers.Emit(answer, event.header);
      return;
    }
    const bool cancels = command.kind == CommandKind::kCancelOrder;
    market::OrderIntent intent;
    intent.strategy = market::StrategyId("manual/" + command.person);
    intent.client_order_id = market::ClientOrderId("g1" + std::to_string(heard.size()));
    answer.client_order_id = intent.client_order_id;
    intents.Emit(intent, event.header);
    answers.Emit(answer, event.header);
    if (!cancels) {
      market::RiskDecision decision;
      decision.intent = intent;
      decision.permitted = deny == RejectReason::kNone;
      decision.reason = deny;
      decision.detail = "max_order_notional";
      decisions.Emit(decision, event.header);
      if (!decision.permitted) return;
    }
    market::ExecReport report;
    report.strategy = cancels ? market::StrategyId("maker") : intent.strategy;
    report.client_order_id = cancels ? command.order->target : intent.client_order_id;
    report.kind = cancels ? market::ExecKind::kPendingCancel : market::ExecKind::kJournaled;
    if (command.kind == CommandKind::kAmendOrder) {
      report.client_order_id = command.order->target;
      report.target = intent.client_order_id;
      report.kind =
          venue_cannot ? market::ExecKind::kReplaceRejected : market::ExecKind::kPendingUpdate;
      report.detail = venue_cannot ? "replace it" : "";
    }
    report.state = market::OrderState::kSubmitted;
    reports.Emit(report, event.header);
  }
  runtime::FactStream<market::CommandAnswer> answers;
  runtime::FactStream<market::OrderIntent> intents;
  runtime::FactStream<market::RiskDecision> decisions;
  runtime::FactStream<market::ExecReport> reports;
  std::vector<market::Command> heard;
  bool silent = false, refuse = false, venue_cannot = false;
  RejectReason deny = RejectReason::kNone;
};

class EngineNode : public Node {
 public:
  using Node::Node;
  std::unique_ptr<Engines> engines;

 protected:
  void Build() override { engines = std::make_unique<Engines>(shard()); }
  void Forget() override { engines.reset(); }
};

class FrontNode : public Node {
 public:
  FrontNode(std::string name, base::VirtualExecutor& executor, bus::Bus& bus, bool with_engines)
      : Node(std::move(name), executor, bus), with_engines_(with_engines) {}
  std::unique_ptr<ShardCommands> commands;
  std::unique_ptr<Engines> engines;

 protected:
  void Build() override {
    commands = std::make_unique<ShardCommands>(deps());
    if (with_engines_) engines = std::make_unique<Engines>(shard());
  }
  void Forget() override {
    commands.reset();
    engines.reset();
  }

 private:
  const bool with_engines_;
};

// One process, or two over a bus: the same to who gives commands.
struct Platform {
  explicit Platform(bool two)
      : joined(two), front("front", executor, bus, !two), back("back", executor, bus) {
    front.Start(two);
    if (two) back.Start(true);
  }
  Engines& engines() { return joined ? *back.engines : *front.engines; }
  std::optional<absl::StatusOr<CommandResult>> Submit(market::Command command,
                                                      SubmitOptions options = {}) {
    std::optional<absl::StatusOr<CommandResult>> answer;
    bool within = true;
    front.commands->Submit(std::move(command), options, [&](const auto& result) {
      CHECK_FALSE(within);
      CHECK_FALSE(answer);
      answer = result;
    });
    within = false;
    executor.RunFor(10s);
    return answer;
  }
  CommandResult Result(market::Command command, SubmitOptions options = {}) {
    const auto answer = Submit(std::move(command), options);
    REQUIRE(answer);
    INFO(answer->status().ToString());
    REQUIRE(answer->ok());
    return **answer;
  }
  absl::Status Error(market::Command command) {
    const auto answer = Submit(std::move(command));
    REQUIRE(answer);
    return answer->status();
  }

  const bool joined;
  base::VirtualExecutor executor{base::FromUnixMillis(1'000)};
  bus::MemoryBus bus{executor, {}};
  FrontNode front;
  EngineNode back;
};

// A bus that is away: takes nothing, brings nothing.
class DeafBus : public bus::Bus {
 public:
  absl::Status PublishRaw(const bus::TopicInfo&, std::shared_ptr<const void>) override {
    return absl::ResourceExhaustedError("no broker answers");
  }
  std::unique_ptr<bus::Subscription> SubscribeRaw(const bus::TopicInfo&, bus::SubscribeOptions,
                                                  RawHandler) override {
    return std::make_unique<Nothing>();
  }
  void WhenKept(std::function<void()>) override {}
  void ResolveHalted(const bus::TopicInfo&, bus::Position, bus::ResolutionOrder, base::Executor&,
                     std::function<void(const absl::Status&)>) override {}
  void Flush() override {}

 private:
  struct Nothing : bus::Subscription {
    void Ack(bus::Position) override {}
    void Reject(bus::Position, const absl::Status&) override {}
    bus::SubscriptionStats stats() const override { return {}; }
    absl::Status health() const override { return absl::UnavailableError("no broker answers"); }
  };
};

// As far away as its flag says; counts the reports that set out.
class FarBus : public bus::MemoryBus {
 public:
  FarBus(base::Executor& executor, bool distant)
      : bus::MemoryBus(executor, {}), distant_(distant) {}
  bool Distant() const override { return distant_; }
  absl::Status PublishRaw(const bus::TopicInfo& topic, std::shared_ptr<const void> event) override {
    reports += &topic == &bus::kExecReports.info ? 1 : 0;
    return bus::MemoryBus::PublishRaw(topic, std::move(event));
  }
  int reports = 0;

 private:
  const bool distant_;
};

market::Command Kill(std::string request) {
  return {.kind = CommandKind::kKill,
          .reason = "drill",
          .person = "ann",
          .request_id = std::move(request)};
}
market::Command Order(std::string request, int64_t quantity = 5) {
  market::Command command;
  command.kind = CommandKind::kSubmitOrder;
  command.person = "ann";
  command.request_id = std::move(request);
  command.order.emplace();
  command.order->account = market::AccountId("main/paper");
  command.order->instrument = market::InstrumentId("binance-spot:BTCUSDT");
  command.order->quantity = {quantity};
  return command;
}

TEST_CASE("Commands reach the engines and tell how far they came, in one process or two") {
  Platform p(GENERATE(false, true));
  CommandResult result = p.Result(Kill("k1"));
  CHECK(result.reached == Progress::kApplied);
  CHECK_FALSE(result.command.empty());
  CHECK(result.detail == "done");
  REQUIRE(p.engines().heard.size() == 1);
  CHECK(p.engines().heard[0] == Kill("k1"));

  result = p.Result(Order("o1"));
  CHECK(result.reached == Progress::kJournaled);
  CHECK(result.order == market::ClientOrderId("g12"));
  result = p.Result(Order("o2"), {.wait_for = Progress::kPermitted});
  CHECK(result.reached >= Progress::kPermitted);

  p.engines().deny = RejectReason::kMaxNotional;
  result = p.Result(Order("o3"));
  CHECK(result.reached == Progress::kDenied);
  CHECK(result.reason == RejectReason::kMaxNotional);
  CHECK(result.detail == "max_order_notional");

  p.engines().refuse = true;
  result = p.Result(Order("o4"));
  CHECK(result.reached == Progress::kRefused);
  CHECK(result.detail == "not now");
}

TEST_CASE(
    "A person is answered before facts set out for a broker, and after a bus near by has them") {
  const bool distant = GENERATE(false, true);
  base::VirtualExecutor executor{base::FromUnixMillis(1'000)};
  FarBus bus(executor, distant);
  FrontNode front("front", executor, bus, /*with_engines=*/true);
  front.Start(/*link=*/false);
  std::optional<int> reports;
  front.commands->Submit(Order("o1"), {}, [&](const auto& result) {
    REQUIRE(result.ok());
    CHECK(result->reached == Progress::kJournaled);
    reports = bus.reports;
  });
  executor.RunFor(10s);
  CHECK(reports == (distant ? 0 : 1));
  CHECK(bus.reports == 1);
}

TEST_CASE("Who decides is steered and told while the bus is away") {
  base::VirtualExecutor executor{base::FromUnixMillis(1'000)};
  DeafBus bus;
  FrontNode node("node", executor, bus, /*with_engines=*/true);
  node.Start(true);
  std::vector<CommandResult> results;
  for (market::Command command : {Kill("1"), Order("2"), Kill("3")}) {
    node.commands->Submit(std::move(command), {}, [&](const auto& result) {
      REQUIRE(result.ok());
      results.push_back(*result);
    });
    executor.RunFor(100ms);
  }
  REQUIRE(results.size() == 3);
  CHECK(results[0].reached == Progress::kApplied);
  CHECK(results[1].reached == Progress::kJournaled);
  CHECK(results[2].reached == Progress::kApplied);
  CHECK(node.engines->heard.size() == 3);
}

TEST_CASE("Commands given at two places reach the engines once, and each is told of its own") {
  base::VirtualExecutor executor{base::FromUnixMillis(1'000)};
  bus::MemoryBus bus{executor, {}};
  FrontNode gateway("gateway", executor, bus, /*with_engines=*/false);
  FrontNode node("node", executor, bus, /*with_engines=*/true);
  gateway.Start(true);
  node.Start(true);
  std::vector<std::string> told;
  const auto submit = [&](FrontNode& at, const std::string& name) {
    at.commands->Submit(Kill(name), {}, [&told, name](const auto& result) {
      REQUIRE(result.ok());
      CHECK(result->reached == Progress::kApplied);
      told.push_back(name);
    });
    executor.RunFor(1s);
  };
  submit(gateway, "at the gateway");
  submit(node, "at the node");
  CHECK(told == std::vector<std::string>{"at the gateway", "at the node"});
  CHECK(node.engines->heard.size() == 2);
  // What the bus brings again after a start has been done already.
  node.Crash();
  node.Start(true);
  executor.RunFor(1s);
  CHECK(node.engines->heard.empty());
  submit(gateway, "once more");
  CHECK(node.engines->heard.size() == 1);
}

// Two gateways before one process that decides.
struct Gateways {
  Gateways() {
    engines.Start(true);
    Start(one);
    Start(two);
  }
  void Start(FrontNode& gateway) {
    gateway.Start(true);
    gateway.commands->audit();  // hears what others do
    executor.RunFor(1s);
  }
  absl::StatusOr<CommandResult> Submit(FrontNode& gateway, market::Command command) {
    std::optional<absl::StatusOr<CommandResult>> answer;
    gateway.commands->Submit(std::move(command), {}, [&](const auto& result) { answer = result; });
    executor.RunFor(10s);
    REQUIRE(answer);
    return *answer;
  }

  base::VirtualExecutor executor{base::FromUnixMillis(1'000)};
  bus::MemoryBus bus{executor, {}};
  EngineNode engines{"engines", executor, bus};
  FrontNode one{"gateway", executor, bus, /*with_engines=*/false};
  FrontNode two{"gateway-1", executor, bus, /*with_engines=*/false};
};

TEST_CASE("A process whose shard lives elsewhere takes no command, not even what stops") {
  Platform p(false);
  p.front.shard().GiveUp(absl::AbortedError("the lease of shard main is not ours any more"));
  const absl::Status refused = p.Error(Kill("k1"));
  CHECK(absl::IsUnavailable(refused));
  CHECK(refused.message().find("not ours any more") != absl::string_view::npos);
  CHECK(p.engines().heard.empty());
}

TEST_CASE(
    "A request that another gateway was given gets its answer there and here, and acts once") {
  Gateways p;
  const CommandResult first = p.Submit(p.one, Order("o1")).value();
  const CommandResult again = p.Submit(p.two, Order("o1")).value();
  CHECK(first.reached == Progress::kJournaled);
  CHECK_FALSE(first.repeated);
  CHECK(again.repeated);
  CHECK(again.order == first.order);
  CHECK(again.command == first.command);
  CHECK(again.reached == Progress::kJournaled);
  CHECK(p.engines.engines->heard.size() == 1);
  CHECK(p.Submit(p.two, Order("o1", 6)).status().code() == absl::StatusCode::kAlreadyExists);

  // One that nobody has answered yet waits here, too.
  p.engines.engines->silent = true;
  CHECK(p.Submit(p.one, Kill("k1")).value().reached == Progress::kRecorded);
  CHECK(p.Submit(p.two, Kill("k1")).value().reached == Progress::kRecorded);
  CHECK(p.engines.engines->heard.size() == 2);

  // Who starts later has heard of all of it; of orders that have gone on, no more than that.
  p.two.Crash();
  p.Start(p.two);
  const CommandResult later = p.Submit(p.two, Order("o1")).value();
  CHECK(later.order == first.order);
  CHECK(later.reached == Progress::kAcceptedForRisk);
  CHECK(p.engines.engines->heard.size() == 2);
}

TEST_CASE("A second process of one name, or one whose folder was set back, is told so") {
  Gateways p;
  FrontNode same("gateway", p.executor, p.bus, /*with_engines=*/false);
  p.Start(same);
  CHECK(same.commands->health().ok());
  REQUIRE(p.Submit(p.one, Kill("k1")).ok());
  CHECK(absl::IsFailedPrecondition(same.commands->health()));
  CHECK(p.two.commands->health().ok());
  const bool snapshot = GENERATE(false, true);
  if (snapshot) REQUIRE(p.one.shard().WriteSnapshot().ok());
  p.executor.RunFor(1s);
  p.one.Crash();
  p.Start(p.one);
  CHECK(p.one.commands->health().ok());
}

TEST_CASE("What is given at one gateway, and who signs in there, is in the audit of the other") {
  Gateways p;
  p.one.commands->Record({"ann", "SIGN_IN", "", "127.0.0.1", false});
  REQUIRE(p.Submit(p.two, Kill("k1")).ok());
  for (FrontNode* gateway : {&p.one, &p.two}) {
    const auto seen = Select(*gateway->commands->audit(), {});
    REQUIRE(seen.size() == 2);
    CHECK(seen[0]->action == "KILL");
    CHECK(seen[0]->result == "APPLIED");
    CHECK(seen[1]->action == "SIGN_IN");
  }
}

TEST_CASE("A cancel is journaled when a report says so of the order that was meant") {
  Platform p(false);
  const auto result = p.Result(CancelOrder("ann", "c1", market::AccountId("main/paper"),
                                           market::ClientOrderId("g1theirs"), "too big"));
  CHECK(result.reached == Progress::kJournaled);
  CHECK(p.engines().heard[0].order->target == market::ClientOrderId("g1theirs"));
}

TEST_CASE("An amendment is journaled, or denied, by what a report says of the order it is about") {
  Platform p(false);
  market::Command amend = Order("a1");
  amend.kind = CommandKind::kAmendOrder;
  amend.order->target = market::ClientOrderId("g1mine");
  CHECK(p.Result(amend).reached == Progress::kJournaled);
  p.engines().venue_cannot = true;
  amend.request_id = "a2";
  const auto denied = p.Result(amend);
  CHECK(denied.reached == Progress::kDenied);
  CHECK(denied.detail == "replace it");
  amend.request_id = "a3";
  amend.order->quantity = {};
  amend.order->price = {};
  CHECK(p.Error(amend).message().find("nothing is to change") != std::string::npos);
}

TEST_CASE("The same request id gets the first answer again and does nothing twice") {
  Platform p(GENERATE(false, true));
  const CommandResult first = p.Result(Order("o1"));
  const CommandResult again = p.Result(Order("o1"));
  CHECK(again.repeated);
  CHECK(again.order == first.order);
  CHECK(again.command == first.command);
  CHECK(again.reached == Progress::kJournaled);
  CHECK(p.engines().heard.size() == 1);
  CHECK(p.Error(Order("o1", 6)).code() == absl::StatusCode::kAlreadyExists);
  market::Command of_ben = Order("o1");
  of_ben.person = "ben";
  CHECK_FALSE(p.Result(of_ben).repeated);
}

TEST_CASE("Who is answered of an order finds on the bus what the answer speaks of") {
  Platform p(false);
  p.front.commands->audit();  // as a gateway, which hears the bus itself
  std::set<std::string> told;
  const auto hear = [&]<class T>(const bus::Topic<T>& topic) {
    return p.bus.Subscribe<T>(topic, {.group = "", .start = bus::Start::kEarliest},
                              [&, name = std::string(topic.info.name)](
                                  const market::Event<T>&, bus::Position) { told.insert(name); });
  };
  const auto intents = hear(bus::kOrderIntents);
  const auto decisions = hear(bus::kRiskDecisions);
  const auto reports = hear(bus::kExecReports);
  p.executor.RunFor(1s);
  bool answered = false;
  p.front.commands->Submit(Order("o1"), {}, [&](const auto& result) {
    answered = true;
    REQUIRE(result.ok());
    CHECK(result->reached == Progress::kJournaled);
    CHECK(told == std::set<std::string>{std::string(bus::kExecReports.info.name),
                                        std::string(bus::kOrderIntents.info.name),
                                        std::string(bus::kRiskDecisions.info.name)});
  });
  p.executor.RunFor(1s);
  CHECK(answered);
}

TEST_CASE("Two who ask the same at once are one command with two answers") {
  Platform p(false);
  int answers = 0;
  for (int i = 0; i < 2; ++i) {
    p.front.commands->Submit(Order("o1"), {}, [&](const auto& result) {
      REQUIRE(result.ok());
      CHECK(result->reached == Progress::kJournaled);
      ++answers;
    });
  }
  p.executor.RunFor(1s);
  CHECK(answers == 2);
  CHECK(p.engines().heard.size() == 1);
}

TEST_CASE("Commands that lack what they need are refused before anything is recorded") {
  Platform p(false);
  const auto refused = [&p](auto change) {
    market::Command command = Order("o1");
    change(command);
    const absl::Status error = p.Error(command);
    CHECK(error.code() == absl::StatusCode::kInvalidArgument);
    CHECK_FALSE(error.message().empty());
  };
  const uint64_t records = p.front.shard().sequence();
  refused([](auto& c) { c.person = ""; });
  refused([](auto& c) { c.request_id = ""; });
  refused([](auto& c) { c.request_id = std::string(65, 'x'); });
  refused([](auto& c) { c.reason = std::string(1'001, 'x'); });
  refused([](auto& c) { c.order->account = {}; });
  refused([](auto& c) { c.order->instrument = {}; });
  refused([](auto& c) { c.order->quantity = {0}; });
  refused([](auto& c) { c.order.reset(); });
  refused([](auto& c) { c.kind = CommandKind::kKill; });
  refused([](auto& c) { c.kind = CommandKind::kCancelOrder; });
  CHECK(p.front.shard().sequence() == records);
}

TEST_CASE("Who waits for a silent engine is told what is known when patience ends") {
  Platform p(false);
  p.engines().silent = true;
  const CommandResult result = p.Result(Kill("k1"), {.patience = 2s});
  CHECK(result.reached == Progress::kRecorded);
  CHECK_FALSE(result.command.empty());
  CHECK(p.front.commands->stats().unanswered == 1);
}

TEST_CASE("Nobody is told of a command that is not on disk") {
  Platform p(false);
  p.front.files().set_faults({.sync_failure = 1});
  const auto answer = p.Submit(Kill("k1"), {.patience = 2s});
  REQUIRE(answer);
  CHECK(answer->status().code() == absl::StatusCode::kDeadlineExceeded);
  CHECK(p.Error(Kill("k2")).code() == absl::StatusCode::kUnavailable);
}

TEST_CASE("A sign-in that the journal cannot take is in the log") {
  Platform p(false);
  p.front.commands->Record({"ann", "SIGN_IN", "", "from 127.0.0.1", false});
  p.executor.RunFor(1s);
  CHECK(p.front.logged().empty());
  p.front.files().set_faults({.sync_failure = 1});
  p.Submit(Kill("k1"), {.patience = 2s});
  p.front.commands->Record({"bob", "SIGN_IN", "", "from 127.0.0.1", true});
  CHECK(p.front.logged().find("access_not_recorded") != std::string::npos);
  CHECK(p.front.logged().find("\"bob\"") != std::string::npos);
}

TEST_CASE("More waiting commands than the limit are turned away") {
  Platform p(false);
  p.engines().silent = true;
  int waiting = 0, refused = 0;
  const auto submit = [&](market::Command command) {
    p.front.commands->Submit(std::move(command), {}, [&](const auto& result) {
      if (result.ok()) ++waiting;
      if (result.status().code() == absl::StatusCode::kResourceExhausted) ++refused;
    });
  };
  for (size_t i = 0; i < ShardCommands::kMaxWaiting + 3; ++i) submit(Order(std::to_string(i)));
  submit(Kill("stop"));  // has room of its own
  p.executor.RunFor(10s);
  CHECK(waiting == static_cast<int>(ShardCommands::kMaxWaiting) + 1);
  CHECK(refused == 3);
}

TEST_CASE("Requests are remembered over a crash; unanswered ones are given once more") {
  const bool snapshot = GENERATE(false, true);
  Platform p(false);
  const CommandResult first = p.Result(Order("o1"));
  p.engines().silent = true;
  CHECK(p.Result(Kill("k1"), {.patience = 1s}).reached == Progress::kRecorded);
  if (snapshot) REQUIRE(p.front.shard().WriteSnapshot().ok());
  p.executor.RunFor(1s);
  p.front.Crash();
  p.front.Start(false);

  const CommandResult again = p.Result(Order("o1"));
  CHECK(again.repeated);
  CHECK(again.order == first.order);
  CHECK(again.reached == Progress::kAcceptedForRisk);
  CHECK(p.engines().heard.empty());  // of the new run
  CHECK(p.Error(Order("o1", 6)).code() == absl::StatusCode::kAlreadyExists);
  CHECK(p.Result(Kill("k1")).reached == Progress::kApplied);
  REQUIRE(p.engines().heard.size() == 1);
  CHECK(p.engines().heard[0] == Kill("k1"));
}

TEST_CASE("A command given before a crash reaches engines in another process once") {
  Platform p(true);
  p.Result(Order("o1"));
  p.front.Crash();
  p.front.Start(true);
  p.executor.RunFor(5s);
  CHECK(p.engines().heard.size() == 1);
  CHECK(p.Result(Order("o2")).reached == Progress::kJournaled);
  CHECK(p.engines().heard.size() == 2);
}

TEST_CASE("An order of this process is answered from its own record, not by way of the bus") {
  base::VirtualExecutor executor{base::FromUnixMillis(1'000)}, stalled{base::FromUnixMillis(1'000)};
  bus::MemoryBus bus{stalled, {}};
  FrontNode node("front", executor, bus, /*with_engines=*/true);
  node.Start(false);
  std::vector<Progress> answers;
  const auto submit = [&](market::Command command) {
    node.commands->Submit(std::move(command), {}, [&](const auto& result) {
      REQUIRE(result.ok());
      answers.push_back(result->reached);
    });
    executor.RunFor(1s);
  };
  submit(Order("o1"));
  CHECK(answers == std::vector{Progress::kJournaled});
  // What the bus says again later changes nothing.
  stalled.RunFor(1s);
  submit(Order("o1"));
  CHECK(answers == std::vector{Progress::kJournaled, Progress::kJournaled});
  CHECK(node.commands->stats().submitted == 1);
}

TEST_CASE("Commands replay: the same input decides the same facts") {
  const auto facts = [](Platform& p) {
    auto seen = std::make_shared<std::vector<std::string>>();
    p.front.shard().ObserveFacts([seen](const bus::TopicInfo& topic, const void* event) {
      seen->push_back(topic.encode(event));
    });
    return seen;
  };
  Platform live(false);
  const auto recorded = facts(live);
  live.Result(Order("o1"));
  live.Result(Kill("k1"));
  auto reader = journal::Reader::Open(live.front.files(), kDir);
  REQUIRE(reader.ok());

  Platform replay(false);
  const auto decided = facts(replay);
  replay.executor.RunFor(1s);
  bool first = true;  // the resume of `replay` stands for the first record
  for (;;) {
    auto record = (*reader)->Next();
    REQUIRE(record.ok());
    if (!*record) break;
    if ((*record)->type != journal::RecordType::kInput) continue;
    if (!std::exchange(first, false)) REQUIRE(replay.front.shard().Replay(**record).ok());
  }
  CHECK(recorded->size() == 7);
  CHECK(*decided == *recorded);
}

}  // namespace
}  // namespace gannet::command
