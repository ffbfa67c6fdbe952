#include "services/ml-inference/config.h"

#include "libs/config/config.h"

namespace gannet::ml_inference {

void Read(config::Section& in, MlInferenceConfig& out) {
  in.Optional("registry", out.registry);
  in.Optional("model", out.model);
  in.Optional("version", out.version);
}

}  // namespace gannet::ml_inference
