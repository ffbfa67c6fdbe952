// Models on disk: immutable versions, moving names.
//
//   <root>/<name>/<version>/model.onnx      the graph
//   <root>/<name>/<version>/manifest.json   what it is, how good it is, its hash
//   <root>/<name>/aliases.json              {"champion": "3", "shadow": "4"}
//   <root>/<name>/retired.json              ["1", "2"]
//
// A version is never changed; aliases move atomically. Loading verifies the hash.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "services/ml-inference/model.h"

namespace gannet::ml_inference {

struct NamedScore {
  std::string name;  // "log_loss"
  double model = 0, class_prior = 0, persistence = 0;
};

struct Interval {
  double low = 0, high = 0;
};

struct Manifest {
  ModelInfo info;
  std::string model_sha256;  // hex, of model.onnx
  std::string code_version;
  std::string trained_on;  // what the rows came from, for people
  int64_t rows = 0;
  base::Time first, last;  // training window, knowledge time
  std::vector<NamedScore> walk_forward;
  int folds = 0;                              // that were scored; 0: not known
  double brier_skill = 0;                     // against the class prior,
  std::optional<Interval> brier_interval_95;  // absent: too few independent rows to say
  double parity_max_difference = 0;           // trainer against ONNX Runtime
  int64_t parity_rows = 0;
};

class Registry {
 public:
  Registry(base::Files& files, std::string root) : files_(files), root_(std::move(root)) {}

  // `version` is a number or an alias. NOT_FOUND says what exists; DATA_LOSS when
  // the file is not the one that was registered, FAILED_PRECONDITION when it is retired.
  absl::StatusOr<std::unique_ptr<Model>> Load(const std::string& name, const std::string& version);
  absl::StatusOr<Manifest> ReadManifest(const std::string& name, const std::string& version);
  // Stores a new version (the next number, returned) and leaves aliases alone.
  absl::StatusOr<std::string> Publish(Manifest manifest, std::string_view onnx);
  absl::Status SetAlias(const std::string& name, const std::string& alias,
                        const std::string& version);
  absl::StatusOr<std::vector<std::string>> Versions(const std::string& name);
  // The moving names of a model, and what they point at.
  absl::StatusOr<std::map<std::string, std::string>> Aliases(const std::string& name);
  // Takes a version out of use for good: it is kept, and not loaded any more.
  // FAILED_PRECONDITION while an alias points at it.
  absl::Status Retire(const std::string& name, const std::string& version);
  absl::StatusOr<std::vector<std::string>> Retired(const std::string& name);

 private:
  absl::StatusOr<std::string> Resolve(const std::string& name, const std::string& version);
  std::string Folder(const std::string& name, const std::string& version) const {
    return root_ + "/" + name + "/" + version;
  }

  base::Files& files_;
  const std::string root_;
};

}  // namespace gannet::ml_inference
