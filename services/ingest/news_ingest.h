// The news half of ingest: owns the sources, records what they bring, publishes
// what is new on news.raw, and says how each of them is.
//
// Every answer and every piece of a file enters the shard through a port of its
// own ("news/rss:example"), is recorded there, and is decided on by NewsEngine.
// Cursors and items are facts: a restart goes on where it stopped, and publishes again
// what may not have reached the bus.
//
// Lives on the shard's thread. Build it before recovery; Start after.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/runtime/service.h"
#include "services/ingest/news_config.h"
#include "services/ingest/news_engine.h"
#include "services/ingest/news_file_tail.h"
#include "services/ingest/news_poller.h"
#include "services/ingest/news_webhook.h"

namespace gannet::ingest {

// Where a replay hands in headlines (news_replay.h).
inline constexpr std::string_view kNewsReplayPort = "news/replay";

enum class NewsSourceState : uint8_t { kWaiting = 1, kOk, kFailing, kGone };

struct NewsSourceStatus {
  std::string name;  // "rss:example"
  NewsSourceState state = NewsSourceState::kWaiting;
  std::string problem;             // of the last answer; empty when it was in order
  base::Time last_success;         // zero: never
  base::Time last_item;            // received time of the newest item
  base::Duration last_latency{0};  // received minus published of it, where that was stated
  NewsCounts counts;
};

class NewsIngest {
 public:
  NewsIngest(NewsConfig config, runtime::Deps& deps);
  NewsIngest(const NewsIngest&) = delete;
  NewsIngest& operator=(const NewsIngest&) = delete;

  absl::Status Start();
  // No new requests; what was delivered has been decided already.
  void Drain(std::function<void()> done);
  // Degraded while a source has failed kFailuresUntilDegraded times in a row.
  runtime::Health health() const;

  std::vector<NewsSourceStatus> sources() const;
  // 0: no webhook, or not started.
  uint16_t webhook_port() const { return webhook_ ? webhook_->port() : 0; }
  uint64_t replay_rejected() const { return replay_rejected_; }

  static constexpr uint64_t kFailuresUntilDegraded = 3;

 private:
  runtime::InputPort AddPort(const std::string& source);
  void OnInput(const std::string& source, std::string_view bytes, const market::Header& cause);
  void OnReplay(std::string_view bytes, const market::Header& cause);
  void Take(const std::string& source, NewsOutcome outcome, const market::Header& cause);
  void PublishItem(market::NewsItem item, const market::Header& cause);
  void SetState(NewsSourceStatus& status, NewsSourceState state, const market::Header& cause);
  void DeliverEvent(const std::string& source, wire::StreamEvent event);
  void AddFeed(const NewsFeedConfig& config);
  void AddFile(const NewsFileConfig& config);

  const NewsConfig config_;
  runtime::Deps& deps_;
  runtime::Shard& shard_;
  telemetry::Log log_;
  NewsEngine engine_;
  std::map<std::string, NewsSourceStatus> status_;
  std::map<std::string, runtime::InputPort> ports_;
  uint64_t replay_rejected_ = 0;
  bool running_ = false;
  runtime::FactStream<wire::EngineNote> cursors_;
  runtime::FactStream<market::NewsItem> items_;
  std::vector<std::unique_ptr<NewsPoller>> pollers_;
  std::vector<std::unique_ptr<NewsFileTail>> tails_;
  std::unique_ptr<NewsWebhook> webhook_;
};

}  // namespace gannet::ingest
