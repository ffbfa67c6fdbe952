#include "services/ml-inference/app.h"

#include <utility>

#include "libs/base/status.h"
#include "services/ml-inference/inference_service.h"
#include "services/ml-inference/registry.h"

namespace gannet::ml_inference {

absl::StatusOr<std::unique_ptr<runtime::Service>> BuildMlInference(const MlInferenceConfig& config,
                                                                   runtime::Deps& deps,
                                                                   RowObserver observer) {
  std::unique_ptr<Model> model;
  if (!config.model.empty()) {
    Registry registry(deps.files, config.registry);
    GANNET_ASSIGN_OR_RETURN(model, registry.Load(config.model, config.version));
  }
  return std::make_unique<InferenceService>(std::move(model), deps, std::move(observer));
}

}  // namespace gannet::ml_inference
