#include "apps/gannet/run_config.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/posix_files.h"
#include "libs/base/temp_dir_for_test.h"

namespace gannet::app {
namespace {

// The shipped configuration, copied to `folder`, with another section for the model.
std::string ConfigWith(base::Files& files, const std::string& folder, const std::string& model) {
  for (const char* name : {"limits.yaml", "strategies.yaml"}) {
    const auto text = files.Read(std::string("config/") + name);
    REQUIRE(text.ok());
    REQUIRE(files.WriteAtomically(folder + "/" + name, *text).ok());
  }
  REQUIRE(files.WriteAtomically(folder + "/gannet.yaml", "market: venue-sim\n" + model).ok());
  return folder + "/gannet.yaml";
}

TEST_CASE("The shipped configuration names the shipped model, whatever folder one is in") {
  base::PosixFiles files;
  const auto config = LoadRunConfig("", files);
  REQUIRE(config.ok());
  const ml_inference::MlInferenceConfig& model = config->pipeline.ml_inference;
  CHECK(model.model == ml_inference::kShippedModel);
  CHECK(model.registry.ends_with("/config/../services/ml-inference/models"));
  const auto described = ml_inference::DescribeModel(model, files);
  REQUIRE(described.ok());
  CHECK(described->find(" sha256:") != std::string::npos);
}

TEST_CASE("A registry that is absent or broken is named, with the way out") {
  base::PosixFiles files;
  const base::TempDirForTest folder;
  const std::string path =
      ConfigWith(files, folder.path(), "ml-inference: {registry: models, model: direction}\n");
  const auto config = LoadRunConfig(path, files);
  REQUIRE(config.ok());
  const std::string registry = folder.path() + "/models";
  CHECK(config->pipeline.ml_inference.registry == registry);

  const auto absent = ml_inference::DescribeModel(config->pipeline.ml_inference, files);
  REQUIRE(absent.status().code() == absl::StatusCode::kNotFound);
  CHECK(absent.status().message().find(registry) != absl::string_view::npos);
  CHECK(absent.status().message().find("leave out ml-inference.model") != absl::string_view::npos);

  REQUIRE(files.MakeDirs(registry + "/direction/1").ok());
  REQUIRE(files.WriteAtomically(registry + "/direction/aliases.json", "{\"champion\":\"1\"}").ok());
  REQUIRE(files.WriteAtomically(registry + "/direction/1/manifest.json", "{").ok());
  const auto broken = ml_inference::DescribeModel(config->pipeline.ml_inference, files);
  REQUIRE(broken.status().code() == absl::StatusCode::kDataLoss);
  CHECK(broken.status().message().find("direction/1/manifest.json") != absl::string_view::npos);
}

TEST_CASE("A model without a registry is a broken configuration") {
  base::PosixFiles files;
  const base::TempDirForTest folder;
  const auto config =
      LoadRunConfig(ConfigWith(files, folder.path(), "ml-inference: {model: direction}\n"), files);
  REQUIRE_FALSE(config.ok());
  CHECK(config.status().message().find("registry") != absl::string_view::npos);
}

}  // namespace
}  // namespace gannet::app
