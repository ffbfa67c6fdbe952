// Puts the engine into a shard: headlines in from news.raw, signals out as facts
// on news.signals. It has no sockets of its own.
//
// Lives on the shard's thread.
#pragma once

#include <memory>
#include <string_view>

#include "libs/bus/topics.h"
#include "libs/runtime/service.h"
#include "libs/telemetry/metrics.h"
#include "services/news-signal/news_signal_engine.h"

namespace gannet::news_signal {

struct NewsSignalStats {
  uint64_t items = 0, signals = 0, repeats = 0, corrections = 0, retractions = 0;
  uint64_t seen_before = 0, minor_edits = 0, empty = 0;
};

class NewsSignalService : public runtime::Service {
 public:
  NewsSignalService(const NewsSignalConfig& config, runtime::Deps& deps,
                    std::shared_ptr<const Classifier> classifier);

  std::string_view name() const override { return "news-signal"; }
  absl::Status Start() override;
  void Drain(std::function<void()> done) override;
  runtime::Health health() const override;

  const NewsSignalStats& stats() const { return stats_; }
  const NewsSignalEngine& engine() const { return engine_; }

 private:
  void OnItem(const market::Event<market::NewsItem>& item);

  runtime::Shard& shard_;
  NewsSignalEngine engine_;
  NewsSignalStats stats_;
  telemetry::Metrics::Collector metrics_;
  bool serving_ = false;
  runtime::FactStream<market::NewsSignal> signals_;
};

}  // namespace gannet::news_signal
