#include "services/ml-inference/config.h"

#include "libs/config/config.h"

namespace gannet::ml_inference {

void Read(config::Section& in, MlInferenceConfig& out) {
  in.OptionalPath("registry", out.registry);
  in.Optional("model", out.model);
  in.Optional("version", out.version);
  if (!out.model.empty() && out.registry.empty())
    in.Problem("registry", "must name the folder of models when model is set");
}

}  // namespace gannet::ml_inference
