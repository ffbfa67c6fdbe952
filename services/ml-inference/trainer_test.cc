#include "services/ml-inference/trainer.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "libs/base/rng.h"
#include "services/ml-inference/onnx_model.h"

namespace gannet::ml_inference {
namespace {

using base::FromUnixMillis;
using namespace std::chrono_literals;

constexpr size_t kSignal = 5;  // imbalance_1

// A market whose next move follows one feature with probability `strength`, and is
// never flat: the best possible accuracy is `strength` (0.5: no signal at all).
std::vector<InferenceEngine::Row> Market(uint64_t seed, int seconds, double strength) {
  base::Rng rng(seed);
  std::vector<InferenceEngine::Row> rows;
  double mid = 50'000, signal = 1;
  for (int s = 0; s < seconds; ++s) {
    InferenceEngine::Row row;
    row.instrument = market::InstrumentId("test:X");
    row.features.time = FromUnixMillis(1'700'000'000'000 + s * 1000);
    for (double& value : row.features.values) value = rng.Normal();
    signal = rng.Chance(0.5) ? 1 : -1;
    row.features.values[kSignal] = signal;
    row.features.mid = mid;
    row.features.spread = 1;
    rows.push_back(row);
    mid += (rng.Chance(strength) ? signal : -signal) * 2;
  }
  return rows;
}

double ScoreOf(const Manifest& manifest, std::string_view name) {
  for (const NamedScore& score : manifest.walk_forward) {
    if (score.name == name) return score.model;
  }
  FAIL("no score " << name);
  return 0;
}

TEST_CASE("Trainer finds a planted signal: at least 97 % of the best possible accuracy") {
  const auto result = Train("planted", {Market(7, 2'500, 0.8)}, 1s);
  REQUIRE(result.ok());
  CHECK(ScoreOf(result->manifest, "accuracy") >= 0.97 * 0.8);
  REQUIRE(result->manifest.brier_interval_95);
  CHECK(result->manifest.brier_interval_95->low > 0);
  CHECK(result->manifest.folds == 5);
  CHECK(result->manifest.parity_rows >= 1'000);
  CHECK(result->manifest.parity_max_difference <= 1e-5);
}

TEST_CASE("Trainer shows no skill where there is none") {
  int claimed = 0;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const auto result = Train("null", {Market(seed, 1'000, 0.5)}, 1s);
    REQUIRE(result.ok());
    REQUIRE(result->manifest.brier_interval_95);
    if (result->manifest.brier_interval_95->low > 0) ++claimed;
    CHECK(std::fabs(ScoreOf(result->manifest, "accuracy") - 0.5) < 0.08);
  }
  CHECK(claimed == 0);
}

TEST_CASE("Trainer claims nothing from fewer rows apart than make an interval") {
  // The first fold has too few rows before it, and what the others score is two blocks of twice
  // the horizon.
  const auto result = Train("short", {Market(7, 580, 0.8)}, 100s);
  REQUIRE(result.ok());
  const Manifest& manifest = result->manifest;
  CHECK_FALSE(manifest.brier_interval_95);
  CHECK(manifest.folds == 4);
  const std::string table = ScoreTable(manifest);
  INFO(table);
  CHECK(table.find("4 of 5 folds") != std::string::npos);
  CHECK(table.find("says nothing") != std::string::npos);
  CHECK(table.find("prior\n") == std::string::npos);
}

TEST_CASE("Trainer is a function of its rows") {
  const auto rows = Market(3, 600, 0.7);
  const auto first = Train("same", {rows}, 1s), second = Train("same", {rows}, 1s);
  REQUIRE(first.ok());
  CHECK(first->onnx == second->onnx);
}

TEST_CASE("Labels look ahead by the horizon and only where the grid has no hole") {
  auto rows = Market(1, 10, 1.0);
  rows.erase(rows.begin() + 5);
  const auto labelled = LabelRows(rows, 1s);
  // Of 0..9 without 5: row t needs t-1 and t+1.
  std::vector<int64_t> kept;
  for (const auto& row : labelled)
    kept.push_back(base::UnixMillis(row.features.time) / 1000 - 1'700'000'000);
  CHECK(kept == std::vector<int64_t>{1, 2, 3, 7, 8});
  for (const auto& row : labelled) {
    CHECK(row.label == (row.features.values[kSignal] > 0 ? Move::kUp : Move::kDown));
    CHECK(row.known == row.features.time + 1s);
  }
}

TEST_CASE("Trainer refuses a horizon that does not lie ahead on the grid of rows") {
  const auto rows = Market(3, 600, 0.7);
  for (const base::Duration horizon :
       {base::Duration(0), base::Duration(-10s), base::Duration(1500ms), base::Duration(1ns)}) {
    const auto result = Train("none", {rows}, horizon);
    REQUIRE(result.status().code() == absl::StatusCode::kInvalidArgument);
    CHECK(result.status().message().find("--horizon") == 0);
  }
}

TEST_CASE("Trainer refuses too few rows and says what to do") {
  const auto result = Train("few", {Market(1, 100, 0.9)}, 1s);
  REQUIRE(result.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(result.status().message().find("record longer") != absl::string_view::npos);
}

}  // namespace
}  // namespace gannet::ml_inference
