#include "services/ingest/news_ingest.h"

#include <utility>

#include "libs/bus/topics.h"
#include "libs/market/names.h"

namespace gannet::ingest {
namespace {

constexpr std::string_view kEngine = "ingest.news", kCursorKind = "cursor";

void Add(NewsCounts& sum, const NewsCounts& more) {
  sum.answers += more.answers;
  sum.not_modified += more.not_modified;
  sum.items += more.items;
  sum.seen_before += more.seen_before;
  sum.too_old += more.too_old;
  sum.rejected += more.rejected;
  sum.dropped += more.dropped;
  sum.repaired += more.repaired;
  sum.truncated += more.truncated;
}

// An HTTP answer and a stream event are told apart by the kind of the source.
bool IsFeed(const std::string& source) { return source.compare(0, 4, "rss:") == 0; }
bool IsFile(const std::string& source) { return source.compare(0, 5, "file:") == 0; }

}  // namespace

NewsIngest::NewsIngest(NewsConfig config, runtime::Deps& deps)
    : config_(std::move(config)),
      deps_(deps),
      shard_(deps.shard),
      log_(deps.log.For("ingest")),
      engine_({.max_age = config_.max_age, .limits = config_.limits}),
      cursors_(deps.shard, bus::kJournals,
               [this](const market::Event<wire::EngineNote>& note) {
                 if (note.value.engine != kEngine || note.value.kind != kCursorKind) return;
                 if (const absl::StatusOr<NewsCursor> cursor = DecodeCursor(note.value.body);
                     cursor.ok())
                   engine_.Apply(*cursor);
               }),
      items_(deps.shard, bus::kNewsRaw, nullptr) {
  for (const NewsFeedConfig& feed : config_.feeds) AddFeed(feed);
  for (const NewsFileConfig& file : config_.files) AddFile(file);
  if (!config_.webhook.name.empty()) AddPort("webhook:" + config_.webhook.name);
  shard_.AddInput(
      std::string(kNewsReplayPort),
      [this](std::string_view bytes, const market::Header& cause) { OnReplay(bytes, cause); });
  shard_.AddState({.name = "ingest.news",
                   .save = [this](wire::CanonicalWriter& out) { engine_.Save(out); },
                   .load = [this](wire::CanonicalReader& in) { return engine_.Load(in); },
                   .resume = nullptr});
}

runtime::InputPort NewsIngest::AddPort(const std::string& source) {
  status_[source].name = source;
  const runtime::InputPort port = shard_.AddInput(
      "news/" + source, [this, source](std::string_view bytes, const market::Header& cause) {
        OnInput(source, bytes, cause);
      });
  ports_.emplace(source, port);
  return port;
}

void NewsIngest::AddFeed(const NewsFeedConfig& config) {
  const std::string source = "rss:" + config.name;
  engine_.AddSource(source, config.url);
  const runtime::InputPort port = AddPort(source);
  NewsPoller::Hooks hooks;
  hooks.condition = [this, source] {
    const NewsCursor& cursor = engine_.cursor(source);
    return NewsPoller::Condition{cursor.etag, cursor.last_modified};
  };
  hooks.deliver = [this, source, port](const wire::HttpExchange& exchange) {
    shard_.Deliver(port, wire::EncodeInput(exchange), deps_.clock.Now());
    return status_[source].problem.empty();
  };
  pollers_.push_back(std::make_unique<NewsPoller>(config, config_.limits.max_bytes, deps_.executor,
                                                  deps_.network, deps_.rng.Fork(),
                                                  std::move(hooks)));
}

void NewsIngest::AddFile(const NewsFileConfig& config) {
  const std::string source = "file:" + config.name;
  engine_.AddSource(source, "");
  AddPort(source);
  NewsFileTail::Hooks hooks;
  hooks.offset = [this, source] { return engine_.cursor(source).offset; };
  hooks.lines = [this, source](std::string_view lines) {
    DeliverEvent(source, {source, wire::StreamEvent::Kind::kFrame, std::string(lines)});
  };
  hooks.truncated = [this, source] {
    DeliverEvent(source, {source, wire::StreamEvent::Kind::kOpened, "truncated"});
  };
  hooks.problem = [this, source](const absl::Status& problem) {
    NewsSourceStatus& status = status_[source];
    if (problem.ok() == status.problem.empty() && status.state != NewsSourceState::kWaiting) return;
    DeliverEvent(
        source,
        {source, problem.ok() ? wire::StreamEvent::Kind::kOpened : wire::StreamEvent::Kind::kClosed,
         std::string(problem.message())});
  };
  tails_.push_back(
      std::make_unique<NewsFileTail>(config, deps_.executor, deps_.files, std::move(hooks)));
}

void NewsIngest::DeliverEvent(const std::string& source, wire::StreamEvent event) {
  shard_.Deliver(ports_.at(source), wire::EncodeInput(event), deps_.clock.Now());
}

absl::Status NewsIngest::Start() {
  running_ = true;
  if (!config_.webhook.name.empty()) {
    const std::string source = "webhook:" + config_.webhook.name;
    NewsWebhook::Hooks hooks;
    hooks.lines = [this, source](std::string_view lines, std::function<void(std::string)> durable) {
      const NewsCounts before = status_[source].counts;
      DeliverEvent(source, {source, wire::StreamEvent::Kind::kFrame, std::string(lines)});
      const NewsCounts& after = status_[source].counts;
      std::string answer = "accepted " + std::to_string(after.items - before.items) + ", known " +
                           std::to_string(after.seen_before - before.seen_before) + ", too old " +
                           std::to_string(after.too_old - before.too_old) + ", rejected " +
                           std::to_string(after.rejected - before.rejected);
      shard_.AfterDurable(
          [durable = std::move(durable), answer = std::move(answer)] { durable(answer); });
    };
    absl::StatusOr<std::unique_ptr<NewsWebhook>> webhook = NewsWebhook::Open(
        config_.webhook, deps_.files, deps_.network, deps_.clock, std::move(hooks));
    if (!webhook.ok()) return webhook.status();
    webhook_ = *std::move(webhook);
    log_.Info("news_webhook_open", {{"port", webhook_->port()}});
  }
  for (const auto& poller : pollers_) poller->Start();
  for (const auto& tail : tails_) tail->Start();
  return absl::OkStatus();
}

void NewsIngest::Drain(std::function<void()> done) {
  running_ = false;
  for (const auto& poller : pollers_) poller->Stop();
  for (const auto& tail : tails_) tail->Stop();
  webhook_.reset();
  done();
}

// --- inside a turn -----------------------------------------------------------

void NewsIngest::OnInput(const std::string& source, std::string_view bytes,
                         const market::Header& cause) {
  const base::Time now = shard_.now();
  if (IsFeed(source)) {
    const absl::StatusOr<wire::HttpExchange> answer = wire::DecodeHttpExchange(bytes);
    if (!answer.ok()) return Take(source, {.status = answer.status()}, cause);
    Take(source, engine_.DecideAnswer(source, *answer, now), cause);
    if (answer->status == 410) SetState(status_[source], NewsSourceState::kGone, cause);
    return;
  }
  const absl::StatusOr<wire::StreamEvent> event = wire::DecodeStreamEvent(bytes);
  if (!event.ok()) return Take(source, {.status = event.status()}, cause);
  switch (event->kind) {
    case wire::StreamEvent::Kind::kFrame:
      return Take(source, engine_.DecideLines(source, event->body, IsFile(source), now), cause);
    case wire::StreamEvent::Kind::kOpened:
      return Take(source,
                  event->body == "truncated" ? engine_.DecideTruncated(source) : NewsOutcome{},
                  cause);
    case wire::StreamEvent::Kind::kClosed:
      return Take(source, {.status = absl::UnavailableError(event->body)}, cause);
  }
}

void NewsIngest::Take(const std::string& source, NewsOutcome outcome, const market::Header& cause) {
  NewsSourceStatus& status = status_[source];
  Add(status.counts, outcome.counts);
  if (outcome.status.ok()) {
    status.counts.failures_in_a_row = 0;
    status.last_success = shard_.now();
    status.problem.clear();
  } else {
    ++status.counts.failures;
    ++status.counts.failures_in_a_row;
    status.problem = std::string(outcome.status.message());
  }
  if (!outcome.items.empty()) {
    const market::NewsItem& newest = outcome.items.back();
    status.last_item = newest.received;
    if (newest.published_stated) status.last_latency = newest.received - newest.published;
  }
  // The cursor last: what is recorded as known has been recorded itself, wherever a kill
  // cuts this turn.
  for (market::NewsItem& item : outcome.items) PublishItem(std::move(item), cause);
  if (outcome.advances) {
    cursors_.Emit({std::string(kEngine), std::string(kCursorKind), EncodeCursor(outcome.cursor)},
                  cause);
  }
  SetState(status, outcome.status.ok() ? NewsSourceState::kOk : NewsSourceState::kFailing, cause);
}

void NewsIngest::PublishItem(market::NewsItem item, const market::Header& cause) {
  market::Header header = cause;
  header.event_time = item.published;
  header.source = item.source;
  items_.Emit(std::move(item), header);
}

void NewsIngest::SetState(NewsSourceStatus& status, NewsSourceState state,
                          const market::Header& cause) {
  if (status.state == state) return;
  status.state = state;
  market::MarketStatus change;
  change.feed = status.name;
  change.feed_state = state == NewsSourceState::kOk ? market::FeedState::kConnected
                                                    : market::FeedState::kDisconnected;
  change.detail = status.problem;
  shard_.Publish(bus::kMarketStatus, change, cause);
  if (state == NewsSourceState::kOk) {
    log_.Info("news_source_ok", {{"source", status.name}});
  } else {
    log_.Warning("news_source_failing", {{"source", status.name}, {"problem", status.problem}});
  }
}

// A replayed headline keeps the source and the times that its line states.
void NewsIngest::OnReplay(std::string_view bytes, const market::Header& cause) {
  const absl::StatusOr<wire::StreamEvent> event = wire::DecodeStreamEvent(bytes);
  absl::StatusOr<NewsLine> line = absl::InvalidArgumentError("no input");
  if (event.ok()) line = ParseNewsLine(event->body, "replay", cause.receive_time, config_.limits);
  if (!line.ok()) {
    ++replay_rejected_;
    return;
  }
  PublishItem(std::move(line->item), cause);
}

// --- what others see ---------------------------------------------------------

runtime::Health NewsIngest::health() const {
  if (!running_) return {runtime::HealthState::kNotServing, {"news: not started, or draining"}};
  runtime::Health health{runtime::HealthState::kServing, {}};
  for (const auto& [name, status] : status_) {
    const bool gone = status.state == NewsSourceState::kGone;
    if (!gone && status.counts.failures_in_a_row < kFailuresUntilDegraded) continue;
    health.state = runtime::HealthState::kDegraded;
    health.reasons.push_back(
        "news source " + name +
        (gone ? " is gone for good; take it out of the configuration" : ": " + status.problem));
  }
  return health;
}

std::vector<NewsSourceStatus> NewsIngest::sources() const {
  std::vector<NewsSourceStatus> all;
  for (const auto& [name, status] : status_) all.push_back(status);
  return all;
}

}  // namespace gannet::ingest
