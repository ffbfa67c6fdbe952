#include "apps/gannet/canary_judge.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace gannet::app {
namespace {

using namespace std::chrono_literals;
using State = CanaryState;

const base::Time kBegan = base::FromUnixMillis(1'700'000'000'000);

Burn Calm() { return {{"processes", 9}, {"order-path", 0.2}, {"gateway", 0}}; }
Burn Hot(double rate = 40) { return {{"processes", 9}, {"order-path", rate}, {"gateway", 0}}; }

TEST_CASE("BurnOf reads Prometheus' answer and refuses anything else") {
  const auto burn = BurnOf(
      R"({"status":"success","data":{"resultType":"vector","result":[)"
      R"({"metric":{"__name__":"gannet:slo_burn:rate_5m","slo":"order-path"},"value":[1.5,"3.25"]},)"
      R"({"metric":{"slo":"gateway"},"value":[1.5,"NaN"]},)"
      R"({"metric":{"slo":"risk-verdict"},"value":[1.5,"+Inf"]},)"
      R"({"metric":{"slo":"processes"},"value":[1.5,"9"]}]}})");
  REQUIRE(burn.ok());
  CHECK(burn->size() == 3);
  CHECK(burn->at("order-path") == 3.25);
  CHECK(burn->at("risk-verdict") > 1e300);
  for (
      const char* body :
      {"", "[]", "<html>", R"({"status":"error"})", R"({"status":"success"})",
       R"({"status":"success","data":{"resultType":"scalar","result":[1,"2"]}})",
       R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}})",
       R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"slo":"a"},"value":[1,"x"]}]}})",
       R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"slo":"a"},"value":[1]}]}})"}) {
    INFO(body);
    CHECK_FALSE(BurnOf(body).ok());
  }
}

TEST_CASE("Only objectives that exist are watched") {
  CanaryRules rules;
  REQUIRE(ReadObjectives({"order-path", "gateway=6"}, rules).ok());
  CHECK(rules.by_objective ==
        std::map<std::string, double>{{"order-path", rules.max_burn}, {"gateway", 6}});
  for (const char* wrong : {"", "order_path", "gatway", "processes", "=6", "gateway=", "gateway=0",
                            "gateway=-1", "gateway=6x", "gateway=often"}) {
    INFO(wrong);
    CHECK(absl::IsInvalidArgument(ReadObjectives({"order-path", wrong}, rules)));
  }
}

TEST_CASE("A canary that burns nothing for long enough may stay") {
  CanaryJudge judge({}, kBegan);
  for (base::Duration at = 0s; at < 10min; at += 15s)
    REQUIRE(judge.Look(kBegan + at, Calm()) == State::kWatching);
  CHECK(judge.Look(kBegan + 10min, Calm()) == State::kHealthy);
  CHECK(judge.why().find("with events: 2") != std::string::npos);
}

TEST_CASE("A canary that burns is found after two looks in a row, but not while it settles") {
  CanaryJudge judge({}, kBegan);
  CHECK(judge.Look(kBegan + 30s, Hot()) == State::kWatching);
  CHECK(judge.why() == "settling");
  CHECK(judge.Look(kBegan + 60s, Hot()) == State::kWatching);
  CHECK(judge.Look(kBegan + 75s, Calm()) == State::kWatching);  // one alone is no fault
  CHECK(judge.Look(kBegan + 90s, Hot()) == State::kWatching);
  CHECK(judge.Look(kBegan + 105s, Hot(14.4)) == State::kBurning);
  CHECK(judge.why() == "order-path burns 14.4 times too fast (limit 14.4)");
}

TEST_CASE("What burns at the end of the watch is not called healthy") {
  CanaryJudge judge({}, kBegan);
  CHECK(judge.Look(kBegan + 9min + 50s, Calm()) == State::kWatching);
  CHECK(judge.Look(kBegan + 10min, Hot()) == State::kWatching);
  CHECK(judge.Look(kBegan + 10min + 15s, Calm()) == State::kHealthy);
}

TEST_CASE("Where nothing is known a canary may not stay") {
  const absl::Status gone = absl::UnavailableError("connection refused");
  SECTION("no answer") {
    CanaryJudge judge({}, kBegan);
    CHECK(judge.Look(kBegan + 1min, gone) == State::kWatching);
    CHECK(judge.Look(kBegan + 2min, gone) == State::kBlind);
    CHECK(judge.why() == "connection refused");
  }
  SECTION("none of our processes, whatever the budgets say") {
    CanaryJudge judge({}, kBegan);
    CHECK(judge.Look(kBegan + 3min, Burn{{"order-path", 0}}) == State::kBlind);
    CHECK(judge.Look(kBegan + 3min, Burn{{"processes", 0}}) == State::kBlind);
  }
  SECTION("a pause shorter than the patience") {
    CanaryJudge judge({}, kBegan);
    CHECK(judge.Look(kBegan + 8min, Calm()) == State::kWatching);
    CHECK(judge.Look(kBegan + 9min, gone) == State::kWatching);
    CHECK(judge.Look(kBegan + 10min, gone) == State::kBlind);
  }
}

TEST_CASE("Only the objectives that are named are watched, each by its own limit") {
  CanaryRules rules;
  rules.by_objective = {{"gateway", 6}};
  CanaryJudge judge(rules, kBegan);
  CHECK(judge.Look(kBegan + 2min, Hot(1000)) == State::kWatching);
  Burn burn = Calm();
  burn["gateway"] = 7;
  CHECK(judge.Look(kBegan + 3min, burn) == State::kWatching);
  CHECK(judge.Look(kBegan + 4min, burn) == State::kBurning);
}

}  // namespace
}  // namespace gannet::app
