#include "services/ml-inference/inference_service.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace gannet::ml_inference {

InferenceService::InferenceService(std::unique_ptr<Model> model, runtime::Deps& deps,
                                   RowObserver observer)
    : clock_(deps.clock),
      metrics_(deps.metrics),
      shard_(deps.shard),
      engine_(std::move(model)),
      observer_(std::move(observer)),
      predictions_(deps.shard, bus::kPredictions, nullptr),
      // Recorded like any input: it ends the timer, and a replay must know where.
      drain_port_(deps.shard.AddInput(
          "ml-inference.drain",
          [this](std::string_view, const market::Header&) { draining_ = true; })) {
  if (metrics_ != nullptr) {
    collector_ = metrics_->Collect([this](telemetry::Metrics& into) {
      into.CounterOf(telemetry::metric::kModelFailures).SetTotal(engine_.failed_scores());
    });
  }
  shard_.Consume<market::BookUpdate>(
      bus::kBooks, [this](const auto& event) { engine_.OnBook(event.value, shard_.now()); });
  shard_.Consume<market::Trade>(
      bus::kTrades, [this](const auto& event) { engine_.OnTrade(event.value, shard_.now()); });
  shard_.AddState({.name = "ml-inference",
                   .save = [](wire::CanonicalWriter&) {},  // windows warm up anew
                   .load = [](wire::CanonicalReader&) { return absl::OkStatus(); },
                   .resume = [this](const market::Header&) { ArmSample(); }});
}

void InferenceService::ArmSample() {
  shard_.At(InferenceEngine::NextSample(shard_.now()),
            [this](const market::Header& cause) { Sample(cause); });
}

void InferenceService::Sample(const market::Header& cause) {
  if (draining_) return;
  // The grid point is the timer's deadline, however late the clock is.
  const base::Duration began = clock_.Monotonic();
  InferenceEngine::Output output = engine_.Sample(cause.receive_time);
  if (metrics_ != nullptr)
    metrics_->HistogramOf(telemetry::metric::kModelSeconds).Observe(clock_.Monotonic() - began);
  if (observer_) {
    for (const InferenceEngine::Row& row : output.rows) observer_(row);
  }
  for (market::Prediction& prediction : output.predictions)
    predictions_.Emit(std::move(prediction), cause);
  ArmSample();
}

void InferenceService::Drain(std::function<void()> done) {
  shard_.Deliver(drain_port_, "", shard_.now());
  done();
}

std::vector<market::ModelHealth> InferenceService::models() const {
  const auto model = engine_.model_health();
  return model ? std::vector{*model} : std::vector<market::ModelHealth>();
}

runtime::Health InferenceService::health() const {
  runtime::Health health{runtime::HealthState::kServing, {}};
  if (engine_.failed_scores() > 0) {
    health.state = runtime::HealthState::kDegraded;
    health.reasons.push_back(absl::StrCat(
        engine_.failed_scores(), " scores failed; see the model's manifest and train it anew"));
  }
  if (engine_.refused_instruments() > 0) {
    health.state = runtime::HealthState::kDegraded;
    health.reasons.push_back(absl::StrCat("more than ", InferenceEngine::kMaxInstruments,
                                          " instruments; run another shard"));
  }
  return health;
}

}  // namespace gannet::ml_inference
