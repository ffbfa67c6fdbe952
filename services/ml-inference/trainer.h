// Trains the small direction model: multinomial logistic regression on
// standardised book features. Deterministic: same rows, same weights (on the same
// kind of processor: the C library picks its exponential function by it).
//
// Labels: the move of the mid over the horizon, flat within half the spread at
// the time of the row. Scores come from a walk-forward with purge: each fold is
// trained only on rows whose label was known before the fold began.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/ml-inference/inference_engine.h"
#include "services/ml-inference/registry.h"

namespace gannet::ml_inference {

enum class Move : uint8_t { kDown = 0, kFlat = 1, kUp = 2 };

struct LabelledRow {
  signal::FeatureRow features;
  Move label = Move::kFlat;
  Move previous = Move::kFlat;  // of the horizon that ended at this row: persistence says it again
  base::Time known;             // when the label was known
};

// What was seen in one go. Recordings may overlap in time and name the same
// instruments: two seeds of a simulated market are two markets.
using Recording = std::vector<InferenceEngine::Row>;

// Rows of one recording in order of time, any mix of instruments; rows whose future
// or past is missing (a hole, the end) get no label and are dropped.
std::vector<LabelledRow> LabelRows(const Recording& rows, base::Duration horizon);

struct LinearModel {
  std::array<double, signal::kBookFeatureCount> mean{}, deviation{};
  std::array<std::array<double, 3>, signal::kBookFeatureCount>
      weight{};  // on standardised features
  std::array<double, 3> bias{};
  std::array<double, 3> Probabilities(const signal::FeatureRow& row) const;
};
LinearModel Fit(const std::vector<const LabelledRow*>& rows);

// ONNX bytes of the model, standardisation folded in (opset 13: Gemm, Softmax), in
// double precision: what is left of the differences between processors is then a
// thousandth of a millionth of the millionth that is recorded.
absl::StatusOr<std::string> ExportOnnx(const LinearModel& model);

struct TrainingResult {
  Manifest manifest;  // without version
  std::string onnx;
};
// INVALID_ARGUMENT with what is missing when there are too few rows. FAILED_
// PRECONDITION when ONNX Runtime and the trainer differ by more than 1e-5.
absl::StatusOr<TrainingResult> Train(const std::string& name,
                                     const std::vector<Recording>& recordings,
                                     base::Duration horizon);

// What `gannet train` prints: every score beside its baselines.
std::string ScoreTable(const Manifest& manifest);

}  // namespace gannet::ml_inference
