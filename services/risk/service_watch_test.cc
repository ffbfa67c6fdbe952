#include "services/risk/service_watch.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>
#include <utility>

#include "services/risk/risk_test_kit.h"

namespace gannet::risk {
namespace {

using Catch::Matchers::ContainsSubstring;
using market::CommandKind;
using market::RejectReason;
using market::ScopeKind;
using market::ServiceState;
using market::TradingState;
using namespace std::chrono_literals;

const market::Scope kExecution{ScopeKind::kService, "execution"};
const market::Scope kModel{ScopeKind::kModel, "direction@3"};

RiskSettings Heard(WatchSettings watch = {}) {
  RiskSettings settings;
  settings.heartbeats = true;
  settings.watch = std::move(watch);
  return settings;
}

// A gate whose services say what the test has them say.
struct Platform : test::Gate {
  explicit Platform(WatchSettings watch = {})
      : test::Gate(test::WideLimits(), Heard(std::move(watch))) {
    engine.OnStart(now);
  }

  void Beat(const std::string& service, ServiceState state = ServiceState::kReady,
            const std::string& shard = "one") {
    market::Heartbeat beat{.service = service,
                           .shard = shard,
                           .started = started,
                           .sequence = ++beats,
                           .state = state};
    if (service == "ml-inference") beat.models = models;
    Hear(beat);
  }
  void Hear(const market::Heartbeat& beat) {
    engine.OnHeartbeat(beat, now);
    Take(engine.DecideHeartbeat(now));
  }
  void BeatAll() {
    for (const char* name : {"execution", "ingest", "ml-inference", "news-signal", "strategy"})
      Beat(name);
  }
  // Time passes second by second; `beating` say that they live, as does the market.
  void Pass(base::Duration time, const std::vector<std::string>& beating) {
    for (const base::Time end = now + time; now < end;) {
      now += 1s;
      for (const std::string& name : beating) Beat(name);
      Quote(test::kBtc, "100", "100.02");
      Timer();
    }
  }
  // Decided and not recorded: nothing counts.
  market::RiskDecision Would(const std::string& model = "", bool news = false,
                             market::Side side = market::Side::kBuy) {
    market::OrderIntent intent = Intent(side, "100", "0.1");
    intent.model_version = model;
    if (news || !model.empty()) intent.signal = {7, 7};
    intent.hash = wire::IntentHash(intent);
    engine.Prepare(intent);
    return engine.Decide(intent, now);
  }
  // Something that may be sold without opening anything.
  void Hold() { REQUIRE(Trade(market::Side::kBuy, "100", "1").permitted); }
  const ServiceWatch::Service& Service(const char* name) const {
    return engine.watch().services().at(name);
  }

  base::Time started = base::FromUnixMillis(1'000);
  uint64_t beats = 0;  // of the process
  std::vector<market::ModelHealth> models{
      {.model = "direction@3", .scored = 1, .newest = now, .drift = market::DriftState::kOk}};
};

TEST_CASE("Nobody is waited for where nobody beats") {
  test::Gate gate;
  CHECK_FALSE(gate.engine.watch().on());
  CHECK(gate.engine.watch().Problems(gate.now).empty());
  CHECK(gate.engine.DecideHeartbeat(gate.now + 1h).states.empty());
}

TEST_CASE("After a start every order waits for the services that all need") {
  Platform gate;
  gate.Beat("strategy");
  CHECK(gate.Would().reason == RejectReason::kGateClosed);
  CHECK_THAT(gate.Would().detail,
             ContainsSubstring("waiting for the first heartbeat of execution"));
  gate.Beat("execution");
  CHECK_THAT(gate.Would().detail, ContainsSubstring("waiting for the first heartbeat of ingest"));
  CHECK(gate.engine.watch().Problems(gate.now).size() == 1);
  // Waiting alone is no fact; that nobody came is one.
  CHECK(gate.Service("ingest").state == TradingState::kActive);
  gate.Pass(16s, {"execution", "strategy"});
  CHECK(gate.Service("ingest").state == TradingState::kCancelOnly);
  CHECK_THAT(gate.Service("ingest").reason, ContainsSubstring("the start"));
  gate.Beat("ingest");
  CHECK(gate.Would().permitted);
  // What a platform may run without is nobody's problem until it was there.
  CHECK(gate.engine.watch().Problems(gate.now).empty());
  CHECK(gate.Service("news-signal").state == TradingState::kActive);
  CHECK(gate.Would("", /*news=*/true).reason == RejectReason::kGateClosed);
}

TEST_CASE("A lost heartbeat closes the gate, and the next one opens it") {
  Platform gate;
  gate.BeatAll();
  gate.Pass(15s, {"ingest"});
  CHECK(gate.Would().permitted);
  gate.Pass(1s, {"ingest"});
  const market::RiskDecision refused = gate.Would();
  CHECK(refused.reason == RejectReason::kGateClosed);
  CHECK_THAT(refused.detail, ContainsSubstring("service execution: no heartbeat since"));
  CHECK(gate.Service("execution").state == TradingState::kCancelOnly);
  gate.Pass(1h, {"ingest"});
  CHECK(gate.Would().reason == RejectReason::kGateClosed);
  gate.Beat("execution");
  CHECK(gate.Would().permitted);
  CHECK(gate.Service("execution").state == TradingState::kActive);
}

TEST_CASE("A service that stops closes the gate at once; one process of several is enough") {
  Platform gate;
  gate.BeatAll();
  gate.Beat("execution", ServiceState::kStopping);
  CHECK_THAT(gate.Would().detail, ContainsSubstring("execution: is stopping"));
  gate.started += 1s;  // the next
  gate.beats = 0;
  gate.Beat("execution", ServiceState::kNotReady);
  CHECK(gate.Would().permitted);
  gate.Beat("execution", ServiceState::kReady, "two");
  gate.Beat("execution", ServiceState::kStopping, "one");
  CHECK(gate.Would().permitted);
}

TEST_CASE("A strategy that is lost is told of, so that what it left is cancelled") {
  const market::Scope strategy{ScopeKind::kService, "strategy"};
  Platform gate;
  gate.BeatAll();
  gate.Pass(16s, {"execution", "ingest"});
  CHECK(gate.Service("strategy").state == TradingState::kCancelOnly);
  CHECK(gate.Would().permitted);  // of another process, or of a person
  gate.Beat("strategy");
  CHECK(gate.Service("strategy").state == TradingState::kActive);

  SECTION("one that stops has left it as it meant to") {
    gate.Beat("strategy", ServiceState::kStopping);
    gate.Pass(1min, {"execution", "ingest"});
    CHECK(gate.Service("strategy").state == TradingState::kActive);
  }
  SECTION("one that does not come after a start is lost") {
    Platform next;
    next.Pass(16s, {"execution", "ingest"});
    CHECK(next.Service("strategy").state == TradingState::kCancelOnly);
  }
  SECTION("unless the limits say otherwise") {
    Platform quiet(WatchSettings{.cancel_on_loss = false});
    CHECK_FALSE(quiet.engine.watch().services().contains("strategy"));
  }
}

TEST_CASE("A heartbeat that comes twice or late says nothing of now") {
  Platform gate;
  gate.BeatAll();
  const market::Heartbeat old{
      .service = "execution", .shard = "one", .started = gate.started, .sequence = 1};
  for (int i = 0; i < 16; ++i) {
    gate.Pass(1s, {"ingest"});
    if (i < 15) gate.Hear(old);
  }
  CHECK(gate.Would().reason == RejectReason::kGateClosed);
  // A process whose clock was set back would be silent for ever.
  gate.Pass(15s, {"ingest"});
  gate.Hear({.service = "execution", .shard = "one", .started = {}, .sequence = 1});
  CHECK(gate.Would().permitted);
}

TEST_CASE("What rests on a model or on news stops opening with its service, and may reduce") {
  Platform gate;
  gate.BeatAll();
  CHECK(gate.Would("direction@3").permitted);
  CHECK(gate.Would("", /*news=*/true).permitted);
  gate.Hold();
  gate.Pass(16s, {"execution", "ingest", "ml-inference"});
  CHECK(gate.Would("", true).reason == RejectReason::kGateClosed);
  CHECK_THAT(gate.Would("", true).detail, ContainsSubstring("service news-signal"));
  CHECK(gate.Would("direction@3").permitted);
  CHECK(gate.Would().permitted);
  CHECK(gate.Would("", true, market::Side::kSell).permitted);

  gate.Pass(16s, {"execution", "ingest", "news-signal"});
  CHECK(gate.Would("direction@3").reason == RejectReason::kGateClosed);
  CHECK(gate.Would("", true).permitted);
  CHECK(gate.Would("direction@3", false, market::Side::kSell).permitted);
}

TEST_CASE("A strategy has services of its own to need") {
  WatchSettings watch;
  watch.strategies[test::kStrategy] = {"gateway"};
  Platform gate(watch);
  gate.BeatAll();
  CHECK_THAT(gate.Would().detail, ContainsSubstring("heartbeat of gateway"));
  gate.Beat("gateway");
  CHECK(gate.Would().permitted);
}

TEST_CASE("A service that is lost too often takes a person") {
  WatchSettings watch;
  watch.breaker = RateLimit{2, 10min};
  Platform gate(watch);
  gate.BeatAll();
  gate.Pass(20s, {"ingest"});
  gate.Beat("execution");
  CHECK(gate.Would().permitted);
  gate.Pass(20s, {"ingest"});
  CHECK(gate.Service("execution").state == TradingState::kHalted);
  CHECK_THAT(gate.Command(CommandKind::kResume, kExecution).ToString(),
             ContainsSubstring("it is not heard"));
  gate.Beat("execution");
  CHECK_THAT(gate.Would().detail, ContainsSubstring("was lost 2 in 10m"));
  CHECK_FALSE(gate.Command(CommandKind::kResume, kExecution, "").ok());
  REQUIRE(gate.Command(CommandKind::kResume, kExecution).ok());
  CHECK(gate.Would().permitted);
  gate.Pass(20s, {"ingest"});
  CHECK(gate.Service("execution").state == TradingState::kCancelOnly);  // the first again
}

TEST_CASE("A model that fails to score stops opening until a person resumes it") {
  Platform gate;
  gate.BeatAll();
  gate.models[0].failed = 19;
  gate.BeatAll();
  CHECK(gate.Would("direction@3").permitted);
  gate.models[0].failed = 20;
  gate.BeatAll();
  const market::RiskDecision refused = gate.Would("direction@3");
  CHECK(refused.reason == RejectReason::kCircuitBreaker);
  CHECK_THAT(refused.detail, ContainsSubstring("model direction@3: failed to score 20 in 1m"));
  CHECK(gate.engine.watch().models().at("direction@3").state == TradingState::kReducing);
  CHECK(gate.Would("", true).permitted);
  gate.Hold();
  CHECK(gate.Would("direction@3", false, market::Side::kSell).permitted);

  gate.Pass(5min, {"execution", "ingest", "news-signal", "ml-inference"});
  gate.models[0].newest = gate.now;
  gate.BeatAll();
  CHECK(gate.Would("direction@3").reason == RejectReason::kCircuitBreaker);
  REQUIRE(gate.Command(CommandKind::kResume, kModel).ok());
  CHECK(gate.Would("direction@3").permitted);
  // A restarted service counts from nothing.
  gate.started += 1s;
  gate.models[0].failed = 19;
  gate.BeatAll();
  CHECK(gate.Would("direction@3").permitted);
  gate.models[0].failed = 39;
  gate.BeatAll();
  CHECK(gate.Would("direction@3").reason == RejectReason::kCircuitBreaker);
}

TEST_CASE("A model that is stale, has drifted or that nobody scores with opens nothing") {
  Platform gate;
  gate.BeatAll();
  CHECK_THAT(gate.Would("direction@4").detail, ContainsSubstring("is not what a running service"));
  gate.Pass(61s, {"execution", "ingest", "news-signal", "ml-inference"});
  CHECK_THAT(gate.Would("direction@3").detail, ContainsSubstring("has not scored since"));
  gate.models[0].newest = gate.now;
  gate.models[0].drift = market::DriftState::kDrifted;
  gate.BeatAll();
  CHECK_THAT(gate.Would("direction@3").detail, ContainsSubstring("(drifted)"));
  CHECK(gate.engine.watch().Problems(gate.now).size() == 1);
  gate.models[0].drift = market::DriftState::kWarning;
  gate.BeatAll();
  CHECK(gate.Would("direction@3").permitted);
  // Replaced by another version: nothing to worry about, and nothing to follow.
  gate.models[0].model = "direction@4";
  gate.Pass(16s, {"execution", "ingest", "news-signal", "ml-inference", "strategy"});
  CHECK(gate.engine.watch().Problems(gate.now).empty());
  CHECK(gate.Would("direction@3").reason == RejectReason::kCircuitBreaker);
  CHECK(gate.Would("direction@4").permitted);
}

TEST_CASE("A person stops and resumes a model; a service only where it was lost too often") {
  Platform gate;
  gate.BeatAll();
  const auto set = [&](const market::Scope& scope, TradingState state) {
    return gate.Command(CommandKind::kSetTradingState, scope, "ann", "drill", state);
  };
  REQUIRE(set(kModel, TradingState::kHalted).ok());
  CHECK(gate.Would("direction@3").reason == RejectReason::kCircuitBreaker);
  REQUIRE(set(kModel, TradingState::kActive).ok());
  CHECK(gate.Would("direction@3").permitted);
  CHECK_FALSE(set({ScopeKind::kModel, ""}, TradingState::kHalted).ok());
  CHECK_FALSE(gate.Command(CommandKind::kResume, {ScopeKind::kModel, "no@1"}).ok());
  CHECK_FALSE(gate.Command(CommandKind::kKill, kModel).ok());
  CHECK_FALSE(set(kExecution, TradingState::kHalted).ok());
  CHECK_FALSE(gate.Command(CommandKind::kResume, {ScopeKind::kService, "nobody"}).ok());
  CHECK(gate.Command(CommandKind::kResume, kExecution).ok());  // it is open
}

TEST_CASE("What a person has to resume survives a restart; what was heard does not") {
  Platform gate;
  gate.BeatAll();
  gate.models[0].failed = 20;
  gate.BeatAll();
  wire::CanonicalWriter out;
  gate.engine.SaveWatch(out);
  const std::string saved = out.Take();
  Platform again;
  wire::CanonicalReader in(saved);
  REQUIRE(again.engine.LoadWatch(in).ok());
  CHECK(again.Would().reason == RejectReason::kGateClosed);
  again.BeatAll();
  CHECK(again.Would().permitted);
  CHECK(again.Would("direction@3").reason == RejectReason::kCircuitBreaker);
  wire::CanonicalReader cut(std::string_view(saved).substr(0, saved.size() / 2));
  CHECK_FALSE(Platform().engine.LoadWatch(cut).ok());
}

TEST_CASE("Of several processes of one service the one that is lost is named") {
  Platform gate;
  for (const char* shard : {"one", "two"}) {
    gate.Beat("strategy", ServiceState::kReady, shard);
    gate.Beat("execution", ServiceState::kReady, shard);
  }
  const auto pass = [&gate](base::Duration time) {
    gate.Pass(time, {"execution", "ingest", "strategy"});
  };
  const auto problems = [&gate] { return gate.engine.watch().Problems(gate.now); };
  pass(15s);
  CHECK(problems().empty());
  pass(1s);
  REQUIRE(problems().size() == 2);
  CHECK_THAT(problems()[0], ContainsSubstring("execution: its process 'two'"));
  CHECK_THAT(problems()[1], ContainsSubstring("service strategy/two: no heartbeat since"));
  CHECK(gate.Service("strategy").state == TradingState::kActive);
  CHECK(gate.Would().permitted);

  // Heard again, and drained in order: nobody misses it.
  gate.Beat("execution", ServiceState::kReady, "two");
  gate.Beat("strategy", ServiceState::kReady, "two");
  CHECK(problems().empty());
  gate.Beat("execution", ServiceState::kStopping, "two");
  gate.Beat("strategy", ServiceState::kStopping, "two");
  pass(20s);
  CHECK(problems().empty());

  // Lost, and in its place another: not for ever.
  gate.Beat("execution", ServiceState::kReady, "three");
  pass(16s);
  CHECK(problems().size() == 1);
  pass(kLostNamedFor);
  CHECK(problems().empty());

  // A service of which nobody is heard is one problem, whatever it ran as.
  gate.Beat("strategy", ServiceState::kReady, "four");
  gate.Pass(20s, {"execution", "ingest"});
  REQUIRE(problems().size() == 1);
  CHECK_THAT(problems()[0], ContainsSubstring("service strategy: no heartbeat"));
}

TEST_CASE("Of several processes of strategy a lost one is told of until it is heard again") {
  Platform gate;
  const market::Scope two{ScopeKind::kService, "strategy/two"};
  const auto lost = [&gate] { return gate.engine.watch().lost().contains("strategy/two"); };
  const auto pass = [&gate](base::Duration time) {
    gate.Pass(time, {"execution", "ingest", "strategy"});
  };
  gate.Beat("strategy", ServiceState::kReady, "two");
  pass(15s);
  CHECK_FALSE(lost());
  pass(1s);
  REQUIRE(lost());
  CHECK(gate.engine.watch().lost().at("strategy/two").state == TradingState::kCancelOnly);
  CHECK(gate.Service("strategy").state == TradingState::kActive);
  CHECK(gate.Would().permitted);
  pass(2 * kLostNamedFor);
  CHECK(lost());

  SECTION("heard again") {
    gate.Beat("strategy", ServiceState::kReady, "two");
    CHECK_FALSE(lost());
    pass(16s);
    CHECK(lost());
  }
  SECTION("it stops, which it says") {
    gate.Beat("strategy", ServiceState::kStopping, "two");
    CHECK_FALSE(lost());
    pass(20s);
    CHECK_FALSE(lost());
  }
  SECTION("a person says that another took its place") {
    REQUIRE(gate.Command(CommandKind::kResume, two).ok());
    CHECK_FALSE(lost());
    pass(20s);
    CHECK_FALSE(lost());
    CHECK(gate.engine.watch().Problems(gate.now).empty());
    CHECK_FALSE(gate.Command(CommandKind::kResume, two).ok());
  }
  SECTION("the other one stops, and has left its orders as it meant to") {
    gate.Beat("strategy", ServiceState::kStopping);
    gate.Pass(20s, {"execution", "ingest"});
    CHECK(gate.Service("strategy").state == TradingState::kActive);
  }
  SECTION("it survives a restart, after which the process is not known") {
    wire::CanonicalWriter out;
    gate.engine.SaveWatch(out);
    const std::string saved = out.Take();
    Platform again;
    wire::CanonicalReader in(saved);
    REQUIRE(again.engine.LoadWatch(in).ok());
    CHECK(in.done());
    again.BeatAll();
    CHECK(again.engine.watch().lost().contains("strategy/two"));
    again.Beat("strategy", ServiceState::kReady, "two");
    CHECK(again.engine.watch().lost().empty());

    // As it was written before lost processes were told.
    wire::CanonicalWriter nothing;
    Platform().engine.SaveWatch(nothing);
    std::string before = nothing.Take();
    before.resize(before.size() - 4);
    before[0] = 1;
    wire::CanonicalReader old(before);
    CHECK(again.engine.LoadWatch(old).ok());
    CHECK(old.done());
  }
}

TEST_CASE("Where all of strategy was lost the one that is not heard again is told of by itself") {
  Platform gate;
  gate.BeatAll();
  gate.Beat("strategy", ServiceState::kReady, "two");
  gate.Pass(16s, {"execution", "ingest"});
  CHECK(gate.Service("strategy").state == TradingState::kCancelOnly);
  CHECK(gate.engine.watch().lost().empty());
  // One is heard before the other.
  gate.Beat("strategy");
  gate.Beat("strategy", ServiceState::kReady, "two");
  CHECK(gate.engine.watch().lost().empty());
  gate.Pass(16s, {"execution", "ingest"});
  gate.Pass(2s, {"execution", "ingest", "strategy"});
  CHECK(gate.Service("strategy").state == TradingState::kActive);
  CHECK(gate.engine.watch().lost().contains("strategy/two"));
}

TEST_CASE("A lost process of strategy is named where its orders are to stay") {
  Platform gate(WatchSettings{.all = {"execution", "ingest", "strategy"}, .cancel_on_loss = false});
  for (const char* name : {"execution", "ingest", "strategy"}) gate.Beat(name);
  gate.Beat("strategy", ServiceState::kReady, "two");
  gate.Pass(16s, {"execution", "ingest", "strategy"});
  CHECK(gate.engine.watch().lost().empty());
  REQUIRE(gate.engine.watch().Problems(gate.now).size() == 1);
  CHECK_THAT(gate.engine.watch().Problems(gate.now)[0],
             ContainsSubstring("`gannet kill strategy:NAME"));
}

TEST_CASE("More processes and models than fit are refused and counted") {
  Platform gate;
  for (size_t i = 0; i < kMaxWatched + 3; ++i)
    gate.Beat("execution", ServiceState::kReady, "shard" + std::to_string(i));
  CHECK(gate.Service("execution").processes.size() == kMaxWatched);
  CHECK(gate.engine.watch().refused() == 3);
  // The silent make room.
  gate.Pass(20s, {});
  gate.Beat("execution", ServiceState::kReady, "new");
  CHECK(gate.Service("execution").processes.size() == 1);
}

}  // namespace
}  // namespace gannet::risk
