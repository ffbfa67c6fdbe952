#include "services/strategy/prediction_follower.h"

#include <catch2/catch_test_macros.hpp>

#include "services/strategy/strategy_test_kit.h"

namespace gannet::strategy {
namespace {

using namespace std::chrono_literals;
using market::Side;
using test::Amount;
using test::Floor;
using test::kBtc;
using test::One;
using test::P;
using test::Q;

FollowerSettings Settings() {
  FollowerSettings settings;
  settings.name = market::StrategyId("follower");
  settings.instruments = {kBtc};
  settings.taker_fee_ppm = 0;
  settings.sizing.max_notional = Amount("300");
  settings.cooldown = 0s;
  return settings;
}

market::Prediction Up(uint32_t up = 800'000, uint32_t down = 100'000) {
  market::Prediction prediction;
  prediction.instrument = market::InstrumentId(kBtc);
  prediction.model = "direction";
  prediction.version = "3";
  prediction.horizon = 10min;
  prediction.up_ppm = up;
  prediction.down_ppm = down;
  prediction.flat_ppm = 1'000'000 - up - down;
  prediction.drift = market::DriftState::kOk;
  return prediction;
}

struct Desk : Floor {
  explicit Desk(FollowerSettings settings = Settings())
      : Floor(One<PredictionFollower>(std::move(settings))) {
    Open(kBtc, "BTC");
  }
};

TEST_CASE("PredictionFollower buys what a sure model expects to rise, and says which model") {
  Desk desk;
  desk.Predict(Up());
  REQUIRE(desk.intents.size() == 1);
  CHECK(desk.intents[0].side == Side::kBuy);
  CHECK(desk.intents[0].model_version == "direction@3");
  CHECK(!desk.intents[0].signal.empty());
  CHECK(desk.intents[0].quantity <= Q("3"));
}

TEST_CASE("PredictionFollower stays out when unsure, drifted or not worth the cost") {
  const auto silent = [](market::Prediction prediction, FollowerSettings settings = Settings()) {
    Desk desk(settings);
    desk.Predict(prediction);
    CHECK(desk.intents.empty());
  };
  silent(Up(549'999, 100'000));
  silent(Up(0, 549'999));
  auto drifted = Up();
  drifted.drift = market::DriftState::kDrifted;
  silent(drifted);
  auto expensive = Settings();
  expensive.taker_fee_ppm = 1'000;  // 20 basis points a round trip, against some 15 of move
  silent(Up(), expensive);
  auto other = Settings();
  other.model = "another";
  silent(Up(), other);
  auto no_short = Settings();
  no_short.allow_short = false;
  silent(Up(100'000, 800'000), no_short);
}

TEST_CASE("PredictionFollower ignores a prediction that comes late") {
  const auto intents_after = [](base::Duration age, base::Duration horizon) {
    Desk desk;
    auto event = desk.Event(Up());
    event.value.horizon = horizon;
    event.header.event_time = event.header.receive_time = desk.now - age;
    std::vector<Draft> drafts;
    desk.engine.DecidePrediction(event, desk.now, drafts);
    return drafts.size();
  };
  CHECK(intents_after(5s, 10min) == 1);
  CHECK(intents_after(5s + 1ns, 10min) == 0);
  CHECK(intents_after(30min, 10min) == 0);
  CHECK(intents_after(4s, 3s) == 0);
}

TEST_CASE("The edge is lean times mean move, less spread and two fees") {
  // One deviation of 100 ppm a second over 100 seconds is 1000 ppm; mean 797.
  market::Prediction prediction = Up(900'000, 100'000);
  prediction.horizon = 100s;
  CHECK(PredictionFollower::EdgePpm(prediction, 100'000, 0, 0) == 637);
  CHECK(PredictionFollower::EdgePpm(prediction, 100'000, 37, 100) == 400);
}

TEST_CASE("PredictionFollower leaves when the model turns, and at a loss") {
  Desk desk;
  desk.Predict(Up());
  desk.FillAll(desk.intents[0]);
  desk.now += 2s;
  desk.Quote(kBtc, "99.99", "100.01");
  desk.Predict(Up());  // already there
  REQUIRE(desk.intents.size() == 1);
  desk.Predict(Up(100'000, 800'000));
  REQUIRE(desk.intents.size() == 2);
  CHECK(desk.intents[1].reduce_only);
  CHECK(desk.intents[1].reason == "prediction turned");
  desk.FillAll(desk.intents[1]);
  CHECK(desk.Net("follower", kBtc) == 0);
}

TEST_CASE("PredictionFollower ends an entry over time when the model turns before its first fill") {
  FollowerSettings settings = Settings();
  settings.entry.over = 60s;
  Desk desk(settings);
  desk.answer_cancels = false;  // there is no venue behind a parent
  desk.Predict(Up());
  REQUIRE(desk.intents.size() == 1);
  desk.Quote(kBtc, "100.49", "100.51");  // beyond its limit
  desk.Predict(Up(100'000, 800'000));
  REQUIRE(desk.intents.size() == 2);
  CHECK(desk.intents[1].kind == market::IntentKind::kCancel);
  CHECK(desk.intents[1].target == desk.intents[0].client_order_id);
  CHECK(desk.intents[1].reason == "prediction turned");
  desk.Second();
  CHECK(desk.told.back().state == market::ParentState::kCanceled);
}

TEST_CASE("PredictionFollower leaves when its horizon is over") {
  Desk desk;
  desk.Predict(Up());
  REQUIRE(desk.intents.size() == 1);
  desk.FillAll(desk.intents[0]);
  desk.now += 60s;
  desk.Quote(kBtc, "99.99", "100.01");
  REQUIRE(desk.intents.size() == 2);
  CHECK(desk.intents[1].reason == "horizon reached");
}

}  // namespace
}  // namespace gannet::strategy
