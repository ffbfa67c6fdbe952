// Settings of ml-inference.
#pragma once

#include <string>

namespace gannet::config {
class Section;
}

namespace gannet::ml_inference {

// The model that comes with the project: config/gannet.yaml and `gannet replay` use it.
inline constexpr char kShippedModel[] = "direction";

struct MlInferenceConfig {
  std::string registry;              // folder of models (registry.h)
  std::string model;                 // name in the registry; empty: predict nothing
  std::string version = "champion";  // number or alias
};

// Reads the section of this service.
void Read(config::Section& in, MlInferenceConfig& out);

}  // namespace gannet::ml_inference
