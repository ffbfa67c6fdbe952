// Features and scores of all instruments on a one-second grid of engine time.
// Pure; one thread. Books and windows are derived state: a restart warms up anew.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/heartbeat.h"
#include "libs/market/market_data.h"
#include "libs/market/prediction.h"
#include "libs/signal/features.h"
#include "services/ml-inference/model.h"

namespace gannet::ml_inference {

// How far recent rows have moved from the training rows: the largest absolute
// EWMA (span 600 rows) of the standardised features. Above 1 deviation: warning;
// above 2: drifted. Unknown before 120 rows.
class DriftMonitor {
 public:
  void Add(const signal::FeatureRow& row, const ModelInfo& info);
  market::DriftState state() const;

 private:
  std::array<double, signal::kBookFeatureCount> mean_{};
  uint64_t rows_ = 0;
};

class InferenceEngine {
 public:
  // `model` may be null: features are computed, nothing is predicted.
  explicit InferenceEngine(std::unique_ptr<Model> model) : model_(std::move(model)) {}

  void OnBook(const market::BookUpdate& update, base::Time now);
  void OnTrade(const market::Trade& trade, base::Time now);

  struct Row {
    market::InstrumentId instrument;
    signal::FeatureRow features;
  };
  struct Output {
    std::vector<Row> rows;                        // instruments in order of id
    std::vector<market::Prediction> predictions;  // of those rows, same order
  };
  // At the grid point `now`.
  Output Sample(base::Time now);

  // The first grid point after `now`.
  static base::Time NextSample(base::Time now);

  // Of the newest sample; absent: its windows are not full, or its book is not VALID.
  std::optional<signal::FeatureRow> NewestRow(const market::InstrumentId& instrument) const;
  bool Knows(const market::InstrumentId& instrument) const {
    return instruments_.contains(instrument);
  }

  uint64_t failed_scores() const { return failed_scores_; }
  // Of the model, and how its scores went since the start; nothing without one.
  std::optional<market::ModelHealth> model_health() const;
  uint64_t refused_instruments() const { return refused_instruments_; }
  const Model* model() const { return model_.get(); }

  static constexpr size_t kMaxInstruments = 2'000;

 private:
  signal::BookFeatureEngine* Find(const market::InstrumentId& instrument);

  std::unique_ptr<Model> model_;
  std::map<market::InstrumentId, signal::BookFeatureEngine> instruments_;
  std::vector<Row> newest_;  // instruments in order of id
  DriftMonitor drift_;
  uint64_t scores_ = 0, failed_scores_ = 0, refused_instruments_ = 0;
  base::Time newest_score_{};
};

}  // namespace gannet::ml_inference
