// Trains the model of headlines: multinomial logistic regression by stochastic
// gradient descent over the features of features.h, then rounding to small
// integers, a temperature and a calibration found on held-out folds.
//
// The result depends on nothing but its arguments: own generator, own exponential,
// one thread, a fixed order. Same corpus, same file, bit for bit.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/news-signal/corpus.h"
#include "services/news-signal/model.h"

namespace gannet::news_signal {

struct TrainOptions {
  std::string name = "headlines";
  uint64_t seed = 20'240'601;
  int expansions = 3;  // fillings of the placeholders of each corpus line
  int epochs = 14;
  double rate = 3.0;    // first step size; falls as 1 / (1 + 0.25 epoch)
  double decay = 1e-2;  // of the weights, each epoch
  int folds = 5;
  size_t min_lines = 2;  // a feature must occur in so many lines
  // What share of a general stream each type is taken to have (the corpus has
  // more of the rare ones): NONE first. Sums to 1.
  std::array<double, kTypeClasses> type_prior = {0.58, 0.06, 0.06, 0.08, 0.08, 0.08, 0.06};
};

struct FoldScores {  // over all held-out folds
  double type_accuracy = 0, type_macro_f1 = 0, sentiment_accuracy = 0, sentiment_macro_f1 = 0;
  // Of the confidence, 10 bins, weighted by the prior; calibrated on the other folds.
  double calibration_error = 0;
};

struct TrainResult {
  ModelParts parts;
  FoldScores scores;
};

// INVALID_ARGUMENT: a class without headlines, or an option out of range.
absl::StatusOr<TrainResult> TrainModel(const std::vector<LabelledHeadline>& headlines,
                                       const Dictionary& dictionary, const std::string& lexicon,
                                       const TrainOptions& options);

// Macro-averaged F1 of predictions against labels; a class that occurs in neither
// is left out.
double MacroF1(const std::vector<int>& labels, const std::vector<int>& predictions, int classes);

}  // namespace gannet::news_signal
