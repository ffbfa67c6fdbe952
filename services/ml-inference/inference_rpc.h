// Inference and models over RPC: Predict and the registry of gannet.ml.v1, and the
// Open Inference Protocol 2, which generic clients speak. Answers are not recorded
// and no order rests on them; models are instances of their own, apart from those
// that trade.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/files.h"
#include "libs/rpc/server.h"
#include "services/ml-inference/config.h"
#include "services/ml-inference/inference_engine.h"
#include "services/ml-inference/registry.h"

namespace gannet::ml_inference {

class InferenceRpc {
 public:
  static constexpr size_t kMaxLoaded = 8;    // models in memory
  static constexpr size_t kMaxRows = 4'096;  // of one ModelInfer: they run on the executor
  static constexpr char kInput[] = "features", kOutput[] = "probabilities";

  // `server` and `files` outlive it. The input is FP32 [rows, features] in the order of
  // the model's schema, the output FP32 [rows, 3]: down, flat, up.
  // `engine`, which trades, tells its features; it too outlives this.
  InferenceRpc(rpc::Server& server, base::Files& files, const base::Clock& clock,
               MlInferenceConfig config, const InferenceEngine& engine);

 private:
  // `version` empty: the configured one.
  absl::StatusOr<Model*> Load(const std::string& name, const std::string& version);
  void ServeModels(rpc::Server& server);
  void ServeModelChanges(rpc::Server& server);
  void ServePredict(rpc::Server& server);
  void ServeFeatures(rpc::Server& server);
  void ServeOpenInference(rpc::Server& server);

  const base::Clock& clock_;
  const MlInferenceConfig config_;
  const InferenceEngine& engine_;
  Registry registry_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Model>> loaded_;
};

}  // namespace gannet::ml_inference
