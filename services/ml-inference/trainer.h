// Trains the small direction model: multinomial logistic regression on
// standardised book features. Deterministic: same rows, same weights.
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

// Rows in order of time, any mix of instruments; rows whose future or past is
// missing (a hole, the end) get no label and are dropped.
std::vector<LabelledRow> LabelRows(const std::vector<InferenceEngine::Row>& rows,
                                   base::Duration horizon);

struct LinearModel {
  std::array<double, signal::kBookFeatureCount> mean{}, deviation{};
  std::array<std::array<double, 3>, signal::kBookFeatureCount>
      weight{};  // on standardised features
  std::array<double, 3> bias{};
  std::array<double, 3> Probabilities(const signal::FeatureRow& row) const;
};
LinearModel Fit(const std::vector<const LabelledRow*>& rows);

// ONNX bytes of the model, standardisation folded in (opset 13: Gemm, Softmax).
absl::StatusOr<std::string> ExportOnnx(const LinearModel& model);

struct TrainingResult {
  Manifest manifest;  // without version
  std::string onnx;
};
// INVALID_ARGUMENT with what is missing when there are too few rows. FAILED_
// PRECONDITION when ONNX Runtime and the trainer differ by more than 1e-5.
absl::StatusOr<TrainingResult> Train(const std::string& name,
                                     const std::vector<InferenceEngine::Row>& rows,
                                     base::Duration horizon);

// What `gannet train` prints: every score beside its baselines.
std::string ScoreTable(const Manifest& manifest);

}  // namespace gannet::ml_inference
