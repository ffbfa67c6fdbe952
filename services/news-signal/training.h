// The one recipe behind the model that ships.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "services/news-signal/trainer.h"

namespace gannet::news_signal {

// All lines of the embedded corpus.
absl::StatusOr<std::vector<LabelledHeadline>> ShippedCorpus();

// Trains on the embedded corpus, dictionary and lexicon with default options.
absl::StatusOr<TrainResult> TrainShippedModel();

}  // namespace gannet::news_signal
