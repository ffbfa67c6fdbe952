// The linear model: one small integer per feature bucket and class. A score is a
// sum of integers, so that it is the same everywhere; probabilities come from it
// by exact_math.h and are rounded to parts per million.
//
// The file holds all that a score depends on but the dictionary: lexicon,
// weights, temperature, calibration, and what it was trained on.
//
// Immutable after loading; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/market/news.h"
#include "services/news-signal/features.h"

namespace gannet::news_signal {

inline constexpr size_t kTypeClasses = 7;       // market::NewsEventType, kNone first
inline constexpr size_t kSentimentClasses = 3;  // negative, neutral, positive
inline constexpr size_t kClasses = kTypeClasses + kSentimentClasses;
inline constexpr size_t kMaxModelBytes = 32u << 20;
inline constexpr int kWeightsPerUnit =
    8;  // a weight of 8 moves a logit by 1 (before normalisation)
inline constexpr size_t kCalibrationKnots = 11;  // at scores 0, 0.1, …, 1

constexpr size_t ClassOf(market::NewsEventType type) { return static_cast<size_t>(type) - 1; }
constexpr market::NewsEventType TypeOf(size_t type_class) {
  return static_cast<market::NewsEventType>(type_class + 1);
}

// One row of weights: the seven types, then the three sentiments.
struct WeightRow {
  uint32_t bucket = 0;
  std::array<int8_t, kClasses> weights{};
  bool operator==(const WeightRow&) const = default;
};

struct ModelParts {
  std::string name;                // "headlines"
  std::string lexicon;             // text of lexicon.tsv
  std::string corpus_hash;         // SHA-256 of what it was trained on, hex
  std::string dictionary_version;  // that training used; serving may use another
  uint64_t seed = 0;
  std::array<int32_t, kClasses> bias_q16{};  // logits at 16 fractional bits
  uint32_t type_temperature_ppm = 1'000'000;
  uint32_t sentiment_temperature_ppm = 1'000'000;
  std::array<uint32_t, kCalibrationKnots> confidence_ppm{};  // of being right, at each score
  std::vector<WeightRow> rows;                               // by bucket, ascending
  bool operator==(const ModelParts&) const = default;
};

struct Scores {
  std::array<uint32_t, kTypeClasses> type_ppm{};  // sums to 1,000,000
  std::array<uint32_t, kSentimentClasses> sentiment_ppm{};
};

class Model {
 public:
  // INVALID_ARGUMENT / DATA_LOSS: not a model file, damaged, of another feature
  // version, or out of bounds; the message says what to do.
  static absl::StatusOr<Model> Parse(std::string_view bytes);
  static absl::StatusOr<Model> Make(ModelParts parts);

  Scores Score(const std::vector<uint32_t>& features) const;
  // The calibrated probability that a type of this probability is right.
  uint32_t Confidence(uint32_t type_probability_ppm) const;

  const Lexicon& lexicon() const { return lexicon_; }
  const ModelParts& parts() const { return parts_; }
  // "<name>-<first 12 hex digits of the file's SHA-256>".
  const std::string& version() const { return version_; }

 private:
  Model() = default;

  ModelParts parts_;
  Lexicon lexicon_;
  std::string version_;
  std::vector<std::array<int8_t, kClasses>> table_;  // by bucket
};

// The bytes of a model file: same parts, same bytes.
std::string FormatModel(const ModelParts& parts);

// Probabilities of logits at 16 fractional bits, in ppm that sum to 1,000,000
// (the largest takes what rounding left).
void Softmax(const int64_t* logits_q16, size_t count, uint32_t temperature_ppm, uint32_t* out_ppm);

// 2^16 / sqrt(n), rounded down; n = 0 gives that of 1.
uint32_t InverseRoot(size_t n);

}  // namespace gannet::news_signal
