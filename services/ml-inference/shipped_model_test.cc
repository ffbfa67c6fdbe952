// The models that come with the project, as a fresh clone has them.
#include <catch2/catch_test_macros.hpp>

#include "absl/strings/str_cat.h"
#include "libs/base/digest.h"
#include "libs/base/posix_files.h"
#include "libs/base/rng.h"
#include "services/ml-inference/config.h"
#include "services/ml-inference/onnx_model.h"
#include "services/ml-inference/registry.h"
#include "services/ml-inference/trainer.h"

namespace gannet::ml_inference {
namespace {

using namespace std::chrono_literals;

constexpr char kRegistry[] = "services/ml-inference/models";

signal::FeatureRow Row(double of) {
  signal::FeatureRow row;
  // In the order of BookFeatures(): returns, volatility, spread, imbalances, microprice, flows,
  // trades ratio.
  const std::array<double, signal::kBookFeatureCount> unit = {1.25, 4.5, 12,  2,    0.5, 0.4,
                                                              0.2,  0.1, 0.5, 0.25, 1.5};
  for (size_t i = 0; i < unit.size(); ++i) row.values[i] = of * unit[i];
  return row;
}

TEST_CASE("The shipped champion loads: hash, feature schema, shape") {
  base::PosixFiles files;
  Registry registry(files, kRegistry);
  const auto model = registry.Load(kShippedModel, "champion");
  REQUIRE(model.ok());
  CHECK((*model)->info().name == kShippedModel);
  CHECK((*model)->info().horizon == 10s);
  CHECK((*model)->info().feature_schema == signal::BookFeatureSchema());
}

TEST_CASE("Every shipped version is the file that was registered, and better than its prior") {
  base::PosixFiles files;
  Registry registry(files, kRegistry);
  const auto versions = registry.Versions(kShippedModel);
  REQUIRE(versions.ok());
  REQUIRE_FALSE(versions->empty());
  for (const std::string& version : *versions) {
    INFO(version);
    CHECK(registry.Load(kShippedModel, version).ok());
    const auto manifest = registry.ReadManifest(kShippedModel, version);
    REQUIRE(manifest.ok());
    CHECK(manifest->rows > 0);
    CHECK(manifest->parity_rows >= 1'000);
    CHECK(manifest->parity_max_difference <= 1e-5);
    REQUIRE(manifest->brier_interval_95);
    CHECK(manifest->brier_interval_95->low > 0);
    // Data whose licence is unclear must not be in what ships.
    CHECK(manifest->trained_on.starts_with("venue-sim "));
  }
}

TEST_CASE("The page beside the shipped models reports the scores of their manifests") {
  base::PosixFiles files;
  Registry registry(files, kRegistry);
  const auto page = files.Read(std::string(kRegistry) + "/README.md");
  REQUIRE(page.ok());
  const auto versions = registry.Versions(kShippedModel);
  REQUIRE(versions.ok());
  for (const std::string& version : *versions) {
    const auto manifest = registry.ReadManifest(kShippedModel, version);
    REQUIRE(manifest.ok());
    INFO(ScoreTable(*manifest));
    CHECK(page->find(ScoreTable(*manifest)) != std::string::npos);
    CHECK(page->find(manifest->model_sha256) != std::string::npos);
  }
}

// In double precision, so that processors agree on every recorded digit.
TEST_CASE("Shipped version 1 gives these scores on every machine") {
  base::PosixFiles files;
  Registry registry(files, kRegistry);
  const auto model = registry.Load(kShippedModel, "1");
  REQUIRE(model.ok());
  const auto score = [&model](double of) {
    const Scores scores = (*model)->Score(Row(of)).value();
    return std::array<uint32_t, 3>{scores.down_ppm, scores.flat_ppm, scores.up_ppm};
  };
  using Ppm = std::array<uint32_t, 3>;
  CHECK(score(0) == Ppm{440'088, 135'368, 424'544});
  CHECK(score(1) == Ppm{253'577, 37'492, 708'931});
  CHECK(score(-1) == Ppm{506'897, 324'373, 168'730});
  CHECK(score(3) == Ppm{40'791, 1'393, 957'816});
  // And of two thousand rows between them.
  base::Rng rng(1);
  base::Sha256Stream all;
  for (int i = 0; i < 2'000; ++i) {
    const Ppm ppm = score(rng.Normal() * 2);
    all.Update(absl::StrCat(ppm[0], ",", ppm[1], ",", ppm[2], "\n"));
  }
  CHECK(base::Hex(all.Peek()) ==
        "babc98840b2d7b4d6126429ec4667a09ff828ffc36577823edbf46d6dc34ffb0");
}

}  // namespace
}  // namespace gannet::ml_inference
