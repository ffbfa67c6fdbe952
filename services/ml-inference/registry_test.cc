#include "services/ml-inference/registry.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/sim_files.h"
#include "services/ml-inference/onnx_model.h"
#include "services/ml-inference/trainer.h"

namespace gannet::ml_inference {
namespace {

using namespace std::chrono_literals;

std::string SomeOnnx(double bias) {
  LinearModel model;
  model.deviation.fill(1);
  model.bias = {bias, 0, 0};
  return ExportOnnx(model).value();
}

Manifest SomeManifest() {
  Manifest manifest;
  manifest.info.name = "direction";
  manifest.info.horizon = 10s;
  manifest.info.feature_schema = signal::BookFeatureSchema();
  manifest.info.feature_deviation.fill(1);
  manifest.code_version = "test";
  manifest.trained_on = "nothing";
  manifest.walk_forward = {{"accuracy", 0.4, 0.5, 0.6}};
  manifest.folds = 4;
  manifest.brier_skill = -0.1;
  return manifest;
}

TEST_CASE("Registry keeps versions, and aliases move between them") {
  base::SimFiles files;
  Registry registry(files, "models");
  REQUIRE(registry.Publish(SomeManifest(), SomeOnnx(0)).value() == "1");
  REQUIRE(registry.Publish(SomeManifest(), SomeOnnx(1)).value() == "2");
  CHECK(registry.Versions("direction").value() == std::vector<std::string>{"1", "2"});
  REQUIRE(registry.Load("direction", "champion").status().code() == absl::StatusCode::kNotFound);
  REQUIRE(registry.SetAlias("direction", "champion", "1").ok());
  CHECK(registry.Load("direction", "champion").value()->info().version == "1");
  REQUIRE(registry.SetAlias("direction", "champion", "2").ok());
  CHECK(registry.Load("direction", "champion").value()->info().version == "2");
  CHECK_FALSE(registry.SetAlias("direction", "champion", "9").ok());
}

TEST_CASE("A retired version is kept and neither loaded nor named any more") {
  base::SimFiles files;
  Registry registry(files, "models");
  REQUIRE(registry.Publish(SomeManifest(), SomeOnnx(0)).ok());
  REQUIRE(registry.Publish(SomeManifest(), SomeOnnx(1)).ok());
  REQUIRE(registry.SetAlias("direction", "champion", "1").ok());
  CHECK(registry.Retire("direction", "1").code() == absl::StatusCode::kFailedPrecondition);
  CHECK(registry.Retire("direction", "champion").code() == absl::StatusCode::kFailedPrecondition);
  REQUIRE(registry.SetAlias("direction", "champion", "2").ok());
  REQUIRE(registry.Retire("direction", "1").ok());
  CHECK(registry.Retire("direction", "1").ok());
  CHECK(registry.Retired("direction").value() == std::vector<std::string>{"1"});
  CHECK(registry.Load("direction", "1").status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK_FALSE(registry.SetAlias("direction", "champion", "1").ok());
  CHECK(registry.Load("direction", "champion").ok());
  CHECK(registry.ReadManifest("direction", "1").ok());
  CHECK(registry.Aliases("direction").value().at("champion") == "2");
  CHECK_FALSE(registry.Retire("direction", "9").ok());
  CHECK_FALSE(registry.Retired("../etc").ok());
  REQUIRE(files.WriteAtomically("models/direction/retired.json", "{").ok());
  CHECK(registry.Load("direction", "2").status().code() == absl::StatusCode::kDataLoss);
}

TEST_CASE("Registry gives a manifest back as it was stored") {
  base::SimFiles files;
  Registry registry(files, "models");
  REQUIRE(registry.Publish(SomeManifest(), SomeOnnx(0)).ok());
  const Manifest manifest = registry.ReadManifest("direction", "1").value();
  CHECK(manifest.info.horizon == 10s);
  CHECK(manifest.info.feature_schema == signal::BookFeatureSchema());
  CHECK(manifest.walk_forward.at(0).persistence == 0.6);
  CHECK(manifest.brier_skill == -0.1);
  CHECK_FALSE(manifest.brier_interval_95);
  CHECK(manifest.folds == 4);

  Manifest with = SomeManifest();
  with.brier_interval_95 = Interval{-0.2, 0.1};
  REQUIRE(registry.Publish(with, SomeOnnx(1)).ok());
  const Manifest again = registry.ReadManifest("direction", "2").value();
  REQUIRE(again.brier_interval_95);
  CHECK(again.brier_interval_95->low == -0.2);
  CHECK(again.brier_interval_95->high == 0.1);
}

TEST_CASE("Registry refuses a model file that is not the registered one") {
  base::SimFiles files;
  Registry registry(files, "models");
  REQUIRE(registry.Publish(SomeManifest(), SomeOnnx(0)).ok());
  REQUIRE(files.WriteAtomically("models/direction/1/model.onnx", SomeOnnx(2)).ok());
  CHECK(registry.Load("direction", "1").status().code() == absl::StatusCode::kDataLoss);
}

TEST_CASE("Registry refuses broken manifests, broken aliases and strange names") {
  base::SimFiles files;
  Registry registry(files, "models");
  REQUIRE(registry.Publish(SomeManifest(), SomeOnnx(0)).ok());
  for (const char* text : {"", "{", "[]", "{\"format\": 1}", "{\"format\": \"x\"}"}) {
    REQUIRE(files.WriteAtomically("models/direction/1/manifest.json", text).ok());
    CHECK(registry.Load("direction", "1").status().code() == absl::StatusCode::kDataLoss);
  }
  REQUIRE(files.WriteAtomically("models/direction/aliases.json", "[1]").ok());
  CHECK(registry.Load("direction", "champion").status().code() == absl::StatusCode::kDataLoss);
  CHECK(registry.Load("../direction", "1").status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("A model of other features, or bytes that are no model, is refused") {
  Manifest manifest = SomeManifest();
  manifest.info.feature_schema[0] ^= 1;
  CHECK(LoadOnnxModel(SomeOnnx(0), manifest.info).status().code() ==
        absl::StatusCode::kFailedPrecondition);
  CHECK(LoadOnnxModel("not onnx", SomeManifest().info).status().code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK(LoadOnnxModel("", SomeManifest().info).status().code() ==
        absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gannet::ml_inference
