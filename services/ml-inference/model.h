// One classifier of the next move behind one interface: given a feature row, the
// probabilities of down, flat and up.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/digest.h"
#include "libs/base/time.h"
#include "libs/signal/features.h"

namespace gannet::ml_inference {

// Parts per million; they sum to exactly 1,000,000.
struct Scores {
  uint32_t down_ppm = 0, flat_ppm = 0, up_ppm = 0;
  bool operator==(const Scores&) const = default;
};
// Quantises by largest remainder. INVALID_ARGUMENT for a value that is not a
// probability (NaN, negative, sum off by more than 1e-3): never a number.
absl::StatusOr<Scores> QuantiseScores(const std::array<double, 3>& probabilities);

struct ModelInfo {
  std::string name;     // "direction"
  std::string version;  // "3"; immutable in the registry
  base::Duration horizon{0};
  base::Sha256Digest feature_schema{};
  // Of the training rows, for drift.
  std::array<double, signal::kBookFeatureCount> feature_mean{}, feature_deviation{};
};

class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelInfo& info() const = 0;
  // Under 50 microseconds: it runs on the shard's thread.
  virtual absl::StatusOr<Scores> Score(const signal::FeatureRow& row) = 0;
};

}  // namespace gannet::ml_inference
