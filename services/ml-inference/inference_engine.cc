#include "services/ml-inference/inference_engine.h"

#include <algorithm>
#include <cmath>

namespace gannet::ml_inference {
namespace {

constexpr double kDriftDecay = 599.0 / 601.0;
constexpr uint64_t kDriftWarmUp = 120;

}  // namespace

void DriftMonitor::Add(const signal::FeatureRow& row, const ModelInfo& info) {
  ++rows_;
  for (size_t i = 0; i < mean_.size(); ++i) {
    const double deviation = info.feature_deviation[i];
    const double z = deviation > 0 ? (row.values[i] - info.feature_mean[i]) / deviation : 0;
    mean_[i] = kDriftDecay * mean_[i] + (1 - kDriftDecay) * std::clamp(z, -20.0, 20.0);
  }
}

market::DriftState DriftMonitor::state() const {
  if (rows_ < kDriftWarmUp) return market::DriftState::kUnknown;
  double most = 0;
  for (const double mean : mean_) most = std::max(most, std::fabs(mean));
  if (most > 2) return market::DriftState::kDrifted;
  return most > 1 ? market::DriftState::kWarning : market::DriftState::kOk;
}

signal::BookFeatureEngine* InferenceEngine::Find(const market::InstrumentId& instrument) {
  const auto found = instruments_.find(instrument);
  if (found != instruments_.end()) return &found->second;
  if (instruments_.size() >= kMaxInstruments) {
    ++refused_instruments_;
    return nullptr;
  }
  return &instruments_[instrument];
}

void InferenceEngine::OnBook(const market::BookUpdate& update, base::Time now) {
  if (auto* features = Find(update.instrument)) features->OnBook(update, now);
}

void InferenceEngine::OnTrade(const market::Trade& trade, base::Time now) {
  if (auto* features = Find(trade.instrument)) features->OnTrade(trade, now);
}

InferenceEngine::Output InferenceEngine::Sample(base::Time now) {
  Output output;
  for (auto& [instrument, features] : instruments_) {
    const auto row = features.Sample(now);
    if (!row) continue;
    output.rows.push_back({instrument, *row});
    if (model_ == nullptr) continue;
    const ModelInfo& info = model_->info();
    drift_.Add(*row, info);
    const auto scores = model_->Score(*row);
    if (!scores.ok()) {
      ++failed_scores_;
      continue;
    }
    ++scores_;
    newest_score_ = now;
    market::Prediction prediction;
    prediction.instrument = instrument;
    prediction.model = info.name;
    prediction.version = info.version;
    prediction.horizon = info.horizon;
    prediction.down_ppm = scores->down_ppm;
    prediction.flat_ppm = scores->flat_ppm;
    prediction.up_ppm = scores->up_ppm;
    prediction.feature_hash = signal::HashOf(*row);
    prediction.drift = drift_.state();
    output.predictions.push_back(std::move(prediction));
  }
  newest_ = output.rows;
  return output;
}

std::optional<signal::FeatureRow> InferenceEngine::NewestRow(
    const market::InstrumentId& instrument) const {
  const auto row = std::lower_bound(
      newest_.begin(), newest_.end(), instrument,
      [](const Row& one, const market::InstrumentId& id) { return one.instrument < id; });
  if (row == newest_.end() || row->instrument != instrument) return std::nullopt;
  return row->features;
}

std::optional<market::ModelHealth> InferenceEngine::model_health() const {
  if (model_ == nullptr) return std::nullopt;
  const ModelInfo& info = model_->info();
  return market::ModelHealth{.model = info.name + "@" + info.version,
                             .scored = scores_,
                             .failed = failed_scores_,
                             .newest = newest_score_,
                             .drift = drift_.state()};
}

base::Time InferenceEngine::NextSample(base::Time now) {
  const auto interval = signal::BookFeatureEngine::kSampleInterval;
  return base::Time(now.time_since_epoch() / interval * interval + interval);
}

}  // namespace gannet::ml_inference
