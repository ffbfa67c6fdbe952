// Reads one headline: its names, what kind of event it tells of, and how it
// sounds, for the whole and for each name.
//
// Pure and immutable; any thread. Well under a millisecond a headline
// (bench/news_bench.cc).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/market/news.h"
#include "services/news-signal/dictionary.h"
#include "services/news-signal/model.h"

namespace gannet::news_signal {

struct Reading {
  std::vector<Token> tokens;      // point into the title given
  std::vector<Mention> mentions;  // point into the classifier's dictionary
  market::NewsEventType type = market::NewsEventType::kNone;
  uint32_t type_probability_ppm = 0;
  uint32_t confidence_ppm = 0;  // calibrated; 0 when the headline is not in English letters
  int32_t sentiment_ppm = 0;
  std::vector<int32_t> mention_sentiment_ppm;  // beside `mentions`
};

class Classifier {
 public:
  Classifier(Dictionary dictionary, Model model)
      : dictionary_(std::move(dictionary)), model_(std::move(model)) {}
  Classifier(const Classifier&) = delete;
  Classifier& operator=(const Classifier&) = delete;

  // `title` must outlive the reading.
  Reading Read(std::string_view title) const;

  const Dictionary& dictionary() const { return dictionary_; }
  const Model& model() const { return model_; }

 private:
  int32_t ClauseSentiment(const Reading& reading, size_t mention) const;

  const Dictionary dictionary_;
  const Model model_;
};

// Positive minus negative probability.
int32_t SentimentPpm(const Scores& scores);

}  // namespace gannet::news_signal
