#include "services/ml-inference/app.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "services/ml-inference/inference_service.h"
#include "services/ml-inference/registry.h"

namespace gannet::ml_inference {
namespace {

// What failed, and the way out that always works.
absl::Status WithWayOut(const absl::Status& status) {
  return {status.code(), absl::StrCat(status.message(),
                                      "; to run without predictions, leave out "
                                      "ml-inference.model (of replay: --models \"\")")};
}

// Null where none is wanted.
absl::StatusOr<std::unique_ptr<Model>> LoadModel(base::Files& files,
                                                 const MlInferenceConfig& config) {
  if (config.model.empty()) return nullptr;
  auto loaded = Registry(files, config.registry).Load(config.model, config.version);
  if (!loaded.ok()) return WithWayOut(loaded.status());
  return loaded;
}

}  // namespace

absl::StatusOr<std::string> DescribeModel(const MlInferenceConfig& config, base::Files& files) {
  Registry registry(files, config.registry);
  const auto manifest = registry.ReadManifest(config.model, config.version);
  if (!manifest.ok()) return WithWayOut(manifest.status());
  return absl::StrCat(manifest->info.version, " sha256:", manifest->model_sha256);
}

absl::Status CheckFiles(base::Files& files, const MlInferenceConfig& config) {
  return LoadModel(files, config).status();
}

absl::StatusOr<std::unique_ptr<runtime::Service>> BuildMlInference(const MlInferenceConfig& config,
                                                                   runtime::Deps& deps,
                                                                   RowObserver observer) {
  auto model = LoadModel(deps.files, config);
  if (!model.ok()) return model.status();
  return std::make_unique<InferenceService>(*std::move(model), deps, std::move(observer));
}

}  // namespace gannet::ml_inference
