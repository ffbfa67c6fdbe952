// Subscribes the engine to market data and the sampling grid, and emits
// predictions as facts.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "libs/bus/topics.h"
#include "libs/runtime/service.h"
#include "libs/runtime/shard.h"
#include "services/ml-inference/app.h"
#include "services/ml-inference/inference_engine.h"

namespace gannet::ml_inference {

class InferenceService : public runtime::Service {
 public:
  InferenceService(std::unique_ptr<Model> model, runtime::Deps& deps, RowObserver observer);

  std::string_view name() const override { return "ml-inference"; }
  absl::Status Start() override { return absl::OkStatus(); }
  void Drain(std::function<void()> done) override;
  runtime::Health health() const override;
  std::vector<market::ModelHealth> models() const override;
  const InferenceEngine& engine() const { return engine_; }

 private:
  void ArmSample();
  void Sample(const market::Header& cause);

  const base::Clock& clock_;
  telemetry::Metrics* const metrics_;
  runtime::Shard& shard_;
  InferenceEngine engine_;
  RowObserver observer_;
  runtime::FactStream<market::Prediction> predictions_;
  runtime::InputPort drain_port_;
  bool draining_ = false;
  telemetry::Metrics::Collector collector_;
};

}  // namespace gannet::ml_inference
