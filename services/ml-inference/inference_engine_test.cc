#include "services/ml-inference/inference_engine.h"

#include <catch2/catch_test_macros.hpp>
#include <limits>

#include "services/ml-inference/onnx_model.h"
#include "services/ml-inference/trainer.h"

namespace gannet::ml_inference {
namespace {

using base::FromUnixMillis;
using namespace std::chrono_literals;

std::unique_ptr<Model> ModelOf(double bias_up) {
  LinearModel linear;
  linear.deviation.fill(1);
  linear.bias = {0, 0, bias_up};
  ModelInfo info;
  info.name = "direction";
  info.version = "1";
  info.horizon = 10s;
  info.feature_schema = signal::BookFeatureSchema();
  info.feature_deviation.fill(1);
  return LoadOnnxModel(ExportOnnx(linear).value(), info).value();
}

market::BookUpdate Book(const char* instrument, int64_t bid, int64_t ask) {
  market::BookUpdate update;
  update.instrument = market::InstrumentId(instrument);
  update.state = market::BookState::kValid;
  update.snapshot = true;
  update.bids = {{market::Price{bid}, market::Quantity{5}}};
  update.asks = {{market::Price{ask}, market::Quantity{5}}};
  return update;
}

TEST_CASE("InferenceEngine predicts each warm instrument once a grid point, in order of id") {
  InferenceEngine engine(ModelOf(1.0));
  InferenceEngine::Output last;
  for (int s = 0; s <= 40; ++s) {
    const base::Time now = FromUnixMillis(s * 1000);
    engine.OnBook(Book("v:B", 99, 101), now);
    engine.OnBook(Book("v:A", 199, 201), now);
    if (s > 20) engine.OnBook(Book("v:C", 9, 11), now);
    last = engine.Sample(now);
  }
  REQUIRE(last.predictions.size() == 2);  // C is still warming up
  CHECK(last.predictions[0].instrument.text() == "v:A");
  CHECK(last.predictions[1].instrument.text() == "v:B");
  for (const auto& p : last.predictions) {
    CHECK(p.down_ppm + p.flat_ppm + p.up_ppm == 1'000'000);
    CHECK(p.up_ppm > p.down_ppm);
    CHECK(p.feature_hash != base::Sha256Digest{});
    CHECK(p.version == "1");
  }
  CHECK(engine.failed_scores() == 0);
  const auto health = engine.model_health();
  REQUIRE(health.has_value());
  CHECK(health->model == "direction@1");
  CHECK(health->scored > 2);
  CHECK(health->failed == 0);
  CHECK(health->newest == FromUnixMillis(40'000));
  CHECK_FALSE(InferenceEngine(nullptr).model_health().has_value());
}

TEST_CASE("InferenceEngine without a model computes rows and predicts nothing") {
  InferenceEngine engine(nullptr);
  InferenceEngine::Output last;
  for (int s = 0; s <= 31; ++s) {
    engine.OnBook(Book("v:A", 99, 101), FromUnixMillis(s * 1000));
    last = engine.Sample(FromUnixMillis(s * 1000));
  }
  CHECK(last.rows.size() == 1);
  CHECK(last.predictions.empty());
}

TEST_CASE("Scores sum to one million, and what is no probability is refused") {
  const auto third = QuantiseScores({1.0 / 3, 1.0 / 3, 1.0 / 3});
  REQUIRE(third.ok());
  CHECK(third->down_ppm + third->flat_ppm + third->up_ppm == 1'000'000);
  CHECK(QuantiseScores({1, 0, 0}).value() == Scores{1'000'000, 0, 0});
  const double nan = std::numeric_limits<double>::quiet_NaN(),
               infinity = std::numeric_limits<double>::infinity();
  for (const auto& bad : {std::array<double, 3>{nan, 0, 1},
                          {-0.1, 0.5, 0.6},
                          {infinity, 0, 0},
                          {0, 0, 0},
                          {0.5, 0.4, 0.05}}) {
    CHECK(QuantiseScores(bad).status().code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("The sampling grid lies on whole seconds, strictly ahead") {
  CHECK(InferenceEngine::NextSample(FromUnixMillis(1'000)) == FromUnixMillis(2'000));
  CHECK(InferenceEngine::NextSample(FromUnixMillis(1'001)) == FromUnixMillis(2'000));
  CHECK(InferenceEngine::NextSample(FromUnixMillis(1'999)) == FromUnixMillis(2'000));
}

TEST_CASE("Drift is unknown at first, quiet on familiar rows and loud on shifted ones") {
  ModelInfo info;
  info.feature_deviation.fill(1);
  DriftMonitor calm, shifted;
  signal::FeatureRow row;
  CHECK(calm.state() == market::DriftState::kUnknown);
  for (int i = 0; i < 2'000; ++i) {
    row.values.fill(i % 2 == 0 ? 1 : -1);
    calm.Add(row, info);
    row.values.fill(3);
    shifted.Add(row, info);
  }
  CHECK(calm.state() == market::DriftState::kOk);
  CHECK(shifted.state() == market::DriftState::kDrifted);
}

}  // namespace
}  // namespace gannet::ml_inference
