// Assembles the service from its configuration and what the process hands in.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/runtime/service.h"
#include "services/ml-inference/config.h"
#include "services/ml-inference/inference_engine.h"

namespace gannet::ml_inference {

// Sees every feature row as it is sampled: training reads rows from the code that
// trades.
using RowObserver = std::function<void(const InferenceEngine::Row& row)>;

// "3 sha256:…": what `config.model` names now, for the journal's segments. Reads the
// manifest only.
absl::StatusOr<std::string> DescribeModel(const MlInferenceConfig& config, base::Files& files);

// The model that `config.model` names, whole, as a start loads it.
absl::Status CheckFiles(base::Files& files, const MlInferenceConfig& config);

// A model that cannot be loaded is an error here, not a silent absence; an empty
// `config.model` means that none is wanted.
absl::StatusOr<std::unique_ptr<runtime::Service>> BuildMlInference(const MlInferenceConfig& config,
                                                                   runtime::Deps& deps,
                                                                   RowObserver observer = nullptr);

}  // namespace gannet::ml_inference
