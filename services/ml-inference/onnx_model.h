// A model served by ONNX Runtime: one intra-op thread, spinning off, so that a
// score costs microseconds and no core.
//
// The graph: input "features" float32 [N, kBookFeatureCount], output
// "probabilities" float32 [N, 3] in the order down, flat, up.
#pragma once

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/ml-inference/model.h"

namespace gannet::ml_inference {

// INVALID_ARGUMENT when the bytes are no model of that shape;
// FAILED_PRECONDITION when its feature schema is not the one of this build.
absl::StatusOr<std::unique_ptr<Model>> LoadOnnxModel(std::string_view bytes, ModelInfo info);

}  // namespace gannet::ml_inference
