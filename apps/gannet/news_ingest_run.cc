#include "apps/gannet/news_ingest_run.h"

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "apps/gannet/virtual_host.h"
#include "libs/base/status.h"
#include "libs/bus/topics.h"
#include "libs/market/names.h"
#include "libs/net/beast_network.h"
#include "libs/runtime/asio_executor.h"
#include "services/ingest/news_ingest.h"
#include "services/ingest/news_replay.h"
#include "services/news-signal/app.h"

namespace gannet::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr base::Duration kFetchLimit = std::chrono::seconds(60);

bool IsAddress(const std::string& input) {
  return input.starts_with("http://") || input.starts_with("https://");
}

std::string IdText(const market::EventId& id) {
  return std::to_string(id.stream) + "-" + std::to_string(id.sequence);
}

Json ItemJson(const market::Event<market::NewsItem>& event) {
  const market::NewsItem& item = event.value;
  Json json;
  json["kind"] = "item";
  json["id"] = IdText(event.header.id);
  json["source"] = item.source;
  json["source_id"] = item.source_id;
  json["url"] = item.url;
  json["title"] = item.title;
  json["summary"] = item.summary;
  json["language"] = item.language;
  json["published"] =
      item.published_stated ? Json(base::FormatTime(item.published)) : Json(nullptr);
  json["received"] = base::FormatTime(item.received);
  return json;
}

Json SignalJson(const market::Event<market::NewsSignal>& event) {
  const market::NewsSignal& signal = event.value;
  Json json;
  json["kind"] = "signal";
  json["item"] = IdText(signal.item);
  json["type"] = market::Name(signal.type);
  json["type_probability_ppm"] = signal.type_probability_ppm;
  json["confidence_ppm"] = signal.confidence_ppm;
  json["sentiment_ppm"] = signal.sentiment_ppm;
  json["novelty_ppm"] = signal.novelty_ppm;
  json["relation"] = market::Name(signal.relation);
  json["original"] = signal.original.empty() ? Json(nullptr) : Json(IdText(signal.original));
  json["entities"] = Json::array();
  for (const market::Entity& entity : signal.entities) {
    json["entities"].push_back(Json{{"id", entity.id},
                                    {"text", entity.text},
                                    {"offset", entity.offset},
                                    {"sentiment_ppm", entity.sentiment_ppm}});
  }
  json["title"] = signal.title;
  json["classifier"] = signal.classifier_version;
  json["dictionary"] = signal.dictionary_version;
  return json;
}

std::string Line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

class NewsIngestRun::Impl {
 public:
  Impl(const NewsIngestOptions& options, base::Files& files, const base::Clock& clock,
       std::ostream& out, std::ostream& diagnostics)
      : options_(options),
        files_(files),
        clock_(clock),
        out_(out),
        diagnostics_(diagnostics),
        host_(
            files, [](std::string_view) {}, {.name = "news"}, base::FromUnixMillis(0)) {}

  absl::Status Open() {
    ingest::NewsConfig config;
    config.max_age = base::Duration(0);
    for (size_t i = 0; i < options_.inputs.size(); ++i) {
      if (IsAddress(options_.inputs[i]))
        config.feeds.push_back({std::to_string(i + 1), options_.inputs[i]});
    }
    feeds_ = config.feeds;
    news_ = std::make_unique<ingest::NewsIngest>(std::move(config), host_.deps());
    news_signal::NewsSignalConfig signal_config;
    signal_config.dictionary_file = options_.dictionary;
    signal_config.model_file = options_.model;
    GANNET_ASSIGN_OR_RETURN(signals_, news_signal::BuildNewsSignal(signal_config, host_.deps()));
    host_.shard().Consume<market::NewsItem>(bus::kNewsRaw, [this](const auto& event) {
      ++items_;
      if (options_.items) out_ << Line(ItemJson(event));
    });
    host_.shard().Consume<market::NewsSignal>(bus::kNewsSignals, [this](const auto& event) {
      ++types_[market::Name(event.value.type)];
      out_ << Line(SignalJson(event));
    });
    return absl::OkStatus();
  }

  absl::Status Take(const std::string& input) {
    return IsAddress(input) ? TakeAddress(input) : TakeFile(input);
  }

  void Report() {
    const news_signal::NewsSignalStats& stats = signals_->stats();
    diagnostics_ << "all inputs: " << items_ << " items, " << stats.signals << " signals, "
                 << stats.seen_before << " seen before, " << stats.minor_edits << " minor edits, "
                 << stats.repeats << " repeats, " << stats.corrections << " corrections, "
                 << stats.retractions << " retractions;";
    for (const auto& [type, count] : types_) diagnostics_ << " " << type << " " << count;
    diagnostics_ << "\n";
  }

 private:
  absl::Status TakeFile(const std::string& path) {
    GANNET_ASSIGN_OR_RETURN(const ingest::NewsReplayFile file,
                            ingest::ReadNewsReplay(files_, path, {.undated_as = clock_.Now()}));
    const runtime::InputPort port = *host_.shard().FindInput(ingest::kNewsReplayPort);
    for (const ingest::NewsInput& input : file.inputs)
      host_.shard().Deliver(port, input.bytes, input.receive_time);
    diagnostics_ << path << ": " << file.inputs.size() << " headlines, " << file.rejected
                 << " rejected";
    if (!file.first_problem.empty()) diagnostics_ << " (" << file.first_problem << ")";
    diagnostics_ << "\n";
    return absl::OkStatus();
  }

  // One request as a live source makes it, redirects included.
  absl::Status TakeAddress(const std::string& address) {
    runtime::AsioExecutor executor(clock_);
    GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<net::BeastNetwork> network,
                            net::BeastNetwork::Create(executor.io(), {}));
    std::string source;
    ingest::NewsFeedConfig feed;
    for (const ingest::NewsFeedConfig& candidate : feeds_) {
      if (candidate.url == address) feed = candidate;
    }
    source = "rss:" + feed.name;
    bool answered = false;
    ingest::NewsPoller::Hooks hooks;
    hooks.condition = [] { return ingest::NewsPoller::Condition{}; };
    hooks.deliver = [&](const wire::HttpExchange& exchange) {
      host_.shard().Deliver(*host_.shard().FindInput("news/" + source), wire::EncodeInput(exchange),
                            clock_.Now());
      answered = true;
      executor.Stop();
      return true;
    };
    ingest::NewsPoller poller(feed, ingest::FeedLimits{}.max_bytes, executor, *network,
                              base::Rng(0), std::move(hooks));
    poller.Start();
    executor.RunFor(kFetchLimit);
    poller.Stop();
    if (!answered)
      return absl::DeadlineExceededError(
          address + ": no answer within a minute; check the address and the network");
    for (const ingest::NewsSourceStatus& status : news_->sources()) {
      if (status.name != source) continue;
      diagnostics_ << address << ": " << status.counts.items << " headlines, "
                   << status.counts.rejected << " rejected, " << status.counts.dropped
                   << " beyond the limit\n";
      if (!status.problem.empty()) return absl::UnavailableError(address + ": " + status.problem);
    }
    return absl::OkStatus();
  }

  const NewsIngestOptions options_;
  base::Files& files_;
  const base::Clock& clock_;
  std::ostream& out_;
  std::ostream& diagnostics_;
  VirtualHost host_;
  std::vector<ingest::NewsFeedConfig> feeds_;
  std::unique_ptr<ingest::NewsIngest> news_;
  std::unique_ptr<news_signal::NewsSignalService> signals_;
  uint64_t items_ = 0;
  std::map<std::string, uint64_t> types_;
};

NewsIngestRun::NewsIngestRun(const NewsIngestOptions& options, base::Files& files,
                             const base::Clock& clock, std::ostream& out, std::ostream& diagnostics)
    : impl_(std::make_unique<Impl>(options, files, clock, out, diagnostics)) {}
NewsIngestRun::~NewsIngestRun() = default;
absl::Status NewsIngestRun::Open() { return impl_->Open(); }
absl::Status NewsIngestRun::Take(const std::string& input) { return impl_->Take(input); }
void NewsIngestRun::Report() { impl_->Report(); }

}  // namespace gannet::app
