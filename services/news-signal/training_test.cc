// The model that ships is what the training command makes of the corpus that
// ships: the same bytes, with every compiler and at every optimisation level.
#include "services/news-signal/training.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "services/news-signal/embedded.h"

namespace gannet::news_signal {

TEST_CASE("Training on the shipped corpus gives the shipped model, bit for bit") {
  const absl::StatusOr<TrainResult> result = TrainShippedModel();
  REQUIRE(result.ok());
  CHECK(FormatModel(result->parts) == EmbeddedModel());
  // Held-out folds of our own corpus; see docs/news.md for real headlines.
  CHECK(result->scores.type_macro_f1 > 0.75);
  CHECK(result->scores.sentiment_macro_f1 > 0.60);
  CHECK(result->scores.calibration_error < 0.05);
}

}  // namespace gannet::news_signal
