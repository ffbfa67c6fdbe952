// gannet.news.v1.SignalService and the predictions of gannet.ml.v1.InferenceService,
// from the bus. Classifying a text is the news-signal service's own.
#pragma once

#include "libs/api/feed.h"
#include "libs/bus/topics.h"
#include "libs/rpc/server.h"

namespace gannet::api {

class SignalApi {
 public:
  static constexpr FeedSize kKeptSignals{.events = 5'000, .bytes = 1u << 20};
  static constexpr FeedSize kKeptItems = kKeptSignals;

  SignalApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch);

 private:
  Feed signals_, items_;
};

class PredictionApi {
 public:
  static constexpr FeedSize kKeptPredictions{.events = 5'000, .bytes = 1u << 20};

  PredictionApi(rpc::Server& server, bus::Bus& bus, uint64_t epoch);

 private:
  Feed predictions_;
};

}  // namespace gannet::api
