#include "services/ingest/ingest_engine.h"

#include <algorithm>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/utf8.h"
#include "libs/wire/saved.h"
#include "services/ingest/definitions.h"

namespace gannet::ingest {

using base::Concat;
using market::BookFault;
using market::FeedState;
using market::Header;

namespace {

constexpr uint64_t kLongestHoldSeconds = 86'400;
// 2: without the bounds of market orders, 3: without the pause.
constexpr uint8_t kStateVersion = 4, kOldestStateVersion = 2, kFirstWithPause = 4;

std::string_view HeaderValue(const wire::HttpExchange& exchange, std::string_view name) {
  for (const auto& [key, value] : exchange.headers) {
    if (key == name) return value;
  }
  return {};
}

// `otherwise` where the answer does not say.
base::Duration RetryAfter(const wire::HttpExchange& exchange, base::Duration otherwise) {
  const auto seconds = market::ParseDecimal(HeaderValue(exchange, "retry-after"), 0);
  if (!seconds || *seconds < 0) return otherwise;
  return std::chrono::seconds(
      std::min<uint64_t>(static_cast<uint64_t>(*seconds), kLongestHoldSeconds));
}

}  // namespace

IngestEngine::IngestEngine(VenueOptions options, MarketOutput& output)
    : options_(std::move(options)),
      wanted_(options_.symbols.begin(), options_.symbols.end()),
      output_(output),
      protocol_(MakeProtocol(options_.product)) {}

void IngestEngine::Advance(const Header& cause) { now_ = std::max(now_, cause.receive_time); }

bool IngestEngine::connected() const { return !connections_.empty(); }

bool IngestEngine::Wanted(std::string_view symbol) const {
  return wanted_.empty() || wanted_.contains(symbol);
}

void IngestEngine::Undecodable(const absl::Status& status) {
  ++counters_.undecodable;
  counters_.last_undecodable = std::string(status.message());
}

void IngestEngine::GiveFeedStatus(FeedState state, std::string detail, const Header& cause) {
  market::MarketStatus status;
  status.feed = options_.venue;
  status.feed_state = state;
  status.detail = std::move(detail);
  Header header = cause;
  header.source = options_.venue;
  output_.Publish(std::move(status), header);
}

// --- instruments -------------------------------------------------------------------

InstrumentFeed& IngestEngine::AddFeed(const std::string& symbol, market::Instrument definition,
                                      bool inferred, const Header& cause) {
  if (const market::Instrument* earlier = Recorded(symbol); earlier != nullptr)
    definition.version = earlier->version + (SameRules(definition, *earlier) ? 0 : 1);
  auto feed = std::make_unique<InstrumentFeed>(options_.venue, *protocol_, std::move(definition),
                                               inferred, options_.quality, output_);
  InstrumentFeed& added = *feed;
  feeds_.emplace(symbol, std::move(feed));
  added.Announce(cause);
  return added;
}

InstrumentFeed* IngestEngine::FeedOf(std::string_view symbol, const Header& cause) {
  if (const auto found = feeds_.find(symbol); found != feeds_.end()) return found->second.get();
  const auto defined = defined_.find(symbol);
  if (!Wanted(symbol) || feeds_.size() >= kMaxInstruments) {
    ++counters_.unknown_symbol;
    return nullptr;
  }
  if (defined != defined_.end()) {
    market::Instrument definition = std::move(defined->second);
    defined_.erase(defined);
    return &AddFeed(std::string(symbol), std::move(definition), false, cause);
  }
  if (options_.infer_definitions) {
    return &AddFeed(std::string(symbol), AssumedDefinition(options_.venue, *protocol_, symbol),
                    true, cause);
  }
  ++counters_.undefined_symbol;
  return nullptr;
}

void IngestEngine::Define(market::Instrument definition, const Header& cause) {
  const std::string symbol(market::SymbolOf(definition.id));
  ++counters_.definitions;
  if (const auto feed = feeds_.find(symbol); feed != feeds_.end()) {
    feed->second->Define(std::move(definition), cause);
  } else if (!wanted_.empty()) {
    if (wanted_.contains(symbol)) AddFeed(symbol, std::move(definition), false, cause);
  } else {
    defined_.insert_or_assign(symbol, std::move(definition));
  }
}

void IngestEngine::OnDefinitions(const wire::HttpExchange& exchange, const Header& cause) {
  next_definitions_.clear();
  definitions_whole_ = false;
  const auto info = protocol_->DecodeExchangeInfo(exchange.body, options_.venue);
  if (!info.ok()) return Undecodable(info.status());
  weight_limit_ = info->request_weight_limit;
  counters_.definitions_rejected += info->rejected_count;
  for (const market::Instrument& definition : info->instruments) Define(definition, cause);
  next_definitions_ = info->next_page;
  definitions_whole_ = next_definitions_.empty();
  if (!definitions_whole_) return;
  missing_.clear();
  for (const std::string& symbol : wanted_) {
    if (!feeds_.contains(symbol)) missing_.insert(symbol);
  }
  if (missing_.empty()) return;
  std::string names;
  for (const std::string& symbol : missing_) names += (names.empty() ? "" : ", ") + symbol;
  GiveFeedStatus(connected() ? FeedState::kConnected : FeedState::kDisconnected,
                 Concat({"not listed by the venue, or with rules we cannot hold: ", names,
                         "; correct `symbols`"}),
                 cause);
}

// --- streams -----------------------------------------------------------------------

void IngestEngine::OnOpened(const std::string& connection, const Header& cause) {
  ++counters_.opened;
  if (connections_.size() >= kMaxConnections && !connections_.contains(connection)) {
    return output_.WantReconnect(connection, "too many connections are open at once");
  }
  const bool first = connections_.empty();
  connections_[connection] = Connection{now_, now_, false};
  last_opened_ = now_;
  if (first) GiveFeedStatus(FeedState::kConnected, "", cause);
}

void IngestEngine::OnClosed(const std::string& connection, std::string_view why,
                            const Header& cause) {
  ++counters_.closed;
  if (connections_.erase(connection) == 0) return;
  for (const auto& [symbol, feed] : feeds_) {
    if (feed->trade_connections.erase(connection) > 0 && feed->trade_connections.empty())
      feed->OnTradesLost();
    feed->depth_connections.erase(connection);
    if (!feed->depth_connections.empty()) continue;
    feed->OnFeedGap();
    feed->Invalidate(BookFault::kDisconnected, cause);
    requests_[symbol].outstanding = false;  // an answer to the old stream is of no use
  }
  if (connections_.empty()) GiveFeedStatus(FeedState::kDisconnected, std::string(why), cause);
}

void IngestEngine::OnStream(const wire::StreamEvent& event, const Header& cause) {
  Advance(cause);
  switch (event.kind) {
    case wire::StreamEvent::Kind::kOpened:
      return OnOpened(event.connection, cause);
    case wire::StreamEvent::Kind::kClosed:
      return OnClosed(event.connection, event.body, cause);
    case wire::StreamEvent::Kind::kFrame:
      break;
  }
  const auto connection = connections_.find(event.connection);
  if (connection != connections_.end()) {
    connection->second.last_frame = now_;
    if (std::exchange(connection->second.silent, false))
      GiveFeedStatus(FeedState::kConnected, "messages again", cause);
  }
  OnFrame(event.connection, event.body, cause);
}

void IngestEngine::OnFrame(const std::string& connection, std::string_view body,
                           const Header& cause) {
  ++counters_.frames;
  const absl::StatusOr<venue::MarketFrame> frame = protocol_->DecodeFrame(body);
  if (!frame.ok()) return Undecodable(frame.status());
  if (const auto* diff = std::get_if<venue::DepthDiff>(&*frame)) {
    OnDepth(connection, *diff, cause);
  } else if (const auto* ticker = std::get_if<venue::BookTicker>(&*frame)) {
    if (InstrumentFeed* const feed = FeedOf(ticker->symbol, cause)) feed->OnTicker(*ticker, cause);
  } else if (const auto* trade = std::get_if<venue::TradeReport>(&*frame)) {
    if (InstrumentFeed* const feed = FeedOf(trade->symbol, cause)) feed->OnTrade(*trade, cause);
  } else if (const auto* trades = std::get_if<venue::TradeReports>(&*frame)) {
    for (const venue::TradeReport& one : trades->trades) {
      InstrumentFeed* const feed = FeedOf(one.symbol, cause);
      if (feed == nullptr) continue;
      const bool open = connections_.contains(connection);
      const bool begins = open && feed->trade_connections.empty();
      if (open) feed->trade_connections.insert(connection);
      feed->OnTrade(one, cause);
      if (begins) feed->OnTradesLost();  // those before it, in its minute
    }
  } else if (const auto* kline = std::get_if<venue::Kline>(&*frame)) {
    if (InstrumentFeed* const feed = FeedOf(kline->symbol, cause)) feed->OnKline(*kline, cause);
  } else if (const auto* answer = std::get_if<venue::RequestResult>(&*frame)) {
    if (!answer->ok) ++counters_.refused_subscriptions;
    output_.SubscriptionAnswered(connection, *answer);
  } else if (std::holds_alternative<venue::ServerShutdown>(*frame)) {
    ++counters_.shutdown_notices;
    output_.WantReconnect(connection, "the venue announced that it will close the connection");
  } else {
    ++counters_.unread;
  }
}

void IngestEngine::OnDepth(const std::string& connection, const venue::DepthDiff& diff,
                           const Header& cause) {
  InstrumentFeed* const feed = FeedOf(diff.symbol, cause);
  if (feed == nullptr) return;
  const std::string symbol(diff.symbol);
  if (diff.snapshot) {
    feed->depth_connections.clear();  // the book is this one's from now on
  } else if (protocol_->streams_snapshots() && !feed->depth_connections.contains(connection)) {
    ++counters_.other_connection;
    return RequestIfNeeded(symbol, *feed);
  }
  if (connections_.contains(connection)) feed->depth_connections.insert(connection);
  feed->OnDepth(diff, cause);
  if (diff.snapshot) {
    if (feed->needs_snapshot()) return SnapshotFailed(symbol);
    requests_[symbol] = Request{};
  }
  RequestIfNeeded(symbol, *feed);
}

// --- snapshots ---------------------------------------------------------------------

// After the first diff has shown that the stream flows, so that the snapshot is not
// older than it; without diffs, a while after connecting.
void IngestEngine::RequestIfNeeded(const std::string& symbol, const InstrumentFeed& feed) {
  if (!feed.needs_snapshot() || !connected()) return;
  if (feed.depth_connections.empty() && now_ < last_opened_ + options_.first_snapshot_after) return;
  Request& request = requests_[symbol];
  if (request.outstanding && now_ - request.at > options_.snapshot_timeout) SnapshotFailed(symbol);
  if (request.outstanding || now_ < request.not_before || now_ < requests_held_until_) return;
  request.outstanding = true;
  request.at = now_;
  ++counters_.snapshot_requests;
  output_.WantSnapshot(symbol);
}

void IngestEngine::SnapshotFailed(const std::string& symbol) {
  Request& request = requests_[symbol];
  request.outstanding = false;
  ++counters_.snapshot_failures;
  const uint64_t doublings = std::min<uint64_t>(request.failures++, 16);
  const base::Duration pause = options_.snapshot_retry_first * (int64_t{1} << doublings);
  request.not_before = now_ + std::min(pause, options_.snapshot_retry_limit);
}

void IngestEngine::OnDepthAnswer(const std::string& path, const wire::HttpExchange& exchange,
                                 const Header& cause) {
  const std::string symbol = venue::QueryParameter(path, "symbol");
  if (!venue::IsSymbol(symbol) || !base::IsUtf8(symbol)) {
    return Undecodable(absl::InvalidArgumentError("a depth answer's path names no symbol"));
  }
  if (!exchange.transport_error.empty() || exchange.status != 200) return SnapshotFailed(symbol);
  InstrumentFeed* const feed = FeedOf(symbol, cause);
  if (feed == nullptr) return;
  const auto snapshot = protocol_->DecodeDepthSnapshot(exchange.body);
  if (!snapshot.ok()) Undecodable(snapshot.status());
  const bool of_this = snapshot.ok() && (snapshot->symbol.empty() || snapshot->symbol == symbol);
  if (snapshot.ok() && !of_this)
    Undecodable(
        absl::InvalidArgumentError(Concat({"a snapshot of another symbol came for ", symbol})));
  if (!of_this || !connected() || !feed->OnSnapshot(*snapshot, cause))
    return SnapshotFailed(symbol);
  requests_[symbol] = Request{};
}

void IngestEngine::OnHttp(const wire::HttpExchange& exchange, const Header& cause) {
  Advance(cause);
  ++counters_.answers;
  if (const base::Duration hold = protocol_->HoldAfter(exchange.status); hold.count() > 0)
    HoldRequests(now_ + RetryAfter(exchange, hold));
  const std::string path(HeaderValue(exchange, ":path"));
  switch (protocol_->KindOf(path)) {
    case venue::MarketProtocol::Request::kDepth:
      return OnDepthAnswer(path, exchange, cause);
    case venue::MarketProtocol::Request::kDefinitions:
      if (exchange.transport_error.empty() && exchange.status == 200)
        OnDefinitions(exchange, cause);
      return;
    case venue::MarketProtocol::Request::kOther:
      ++counters_.unknown_answers;
  }
}

// --- time --------------------------------------------------------------------------

void IngestEngine::CheckConnections(const Header& cause) {
  for (auto& [name, connection] : connections_) {
    if (connection.silent || now_ - connection.last_frame <= options_.connection_silence) continue;
    connection.silent = true;
    GiveFeedStatus(FeedState::kStale,
                   Concat({"no message for ", base::FormatDuration(options_.connection_silence)}),
                   cause);
    for (const auto& [symbol, feed] : feeds_) {
      if (feed->depth_connections.size() == 1 && feed->depth_connections.contains(name)) {
        feed->Invalidate(BookFault::kStale, cause);
      }
    }
    output_.WantReconnect(name, "silent for too long");
  }
}

void IngestEngine::CheckBooks(const Header& cause) {
  const bool refresh =
      options_.book_refresh.count() > 0 && now_ - refreshed_ >= options_.book_refresh;
  if (refresh) refreshed_ = now_;
  for (const auto& [symbol, feed] : feeds_) {
    const auto behind = feed->behind_since();
    const bool is_behind = behind && now_ - *behind > options_.book_behind;
    const bool is_silent = options_.book_silence.count() > 0 &&
                           feed->book().state() == market::BookState::kValid &&
                           now_ - feed->last_depth() > options_.book_silence;
    if (is_behind || is_silent) {
      feed->Invalidate(BookFault::kStale, cause);
      for (const std::string& connection : feed->depth_connections) {
        output_.WantReconnect(
            connection, is_behind ? "diffs stay behind the bookTicker" : "no diffs for too long");
      }
    }
    feed->OnTime(now_, cause);
    if (refresh) feed->Refresh(cause);
    RequestIfNeeded(symbol, *feed);
  }
}

void IngestEngine::OnTimer(const Header& cause) {
  Advance(cause);
  CheckConnections(cause);
  CheckBooks(cause);
}

void IngestEngine::Finish() {
  for (const auto& [symbol, feed] : feeds_) feed->Finish();
}

// --- state -------------------------------------------------------------------------

void IngestEngine::Apply(const market::Instrument& definition) {
  recorded_.insert_or_assign(std::string(market::SymbolOf(definition.id)), definition);
}

void IngestEngine::HoldRequests(base::Time until) {
  requests_held_until_ = std::max(requests_held_until_, until);
}

const market::Instrument* IngestEngine::Recorded(std::string_view symbol) const {
  const auto found = recorded_.find(symbol);
  return found == recorded_.end() ? nullptr : &found->second;
}

void IngestEngine::Save(wire::CanonicalWriter& out) const {
  out.U8(kStateVersion);
  out.U32(static_cast<uint32_t>(recorded_.size()));
  for (const auto& [symbol, definition] : recorded_) wire::SaveInstrument(out, definition);
  out.Time(requests_held_until_);
}

absl::Status IngestEngine::Load(wire::CanonicalReader& in) {
  const uint8_t version = in.U8();
  if (in.ok() && (version < kOldestStateVersion || version > kStateVersion)) {
    return absl::FailedPreconditionError(
        Concat({"the state of ingest has format ", std::to_string(version), ", this build reads ",
                std::to_string(kStateVersion), "; use the build that wrote it"}));
  }
  const uint32_t count = in.U32();
  recorded_.clear();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    const market::Instrument definition = wire::LoadInstrument(in);
    if (in.ok()) Apply(definition);
  }
  requests_held_until_ = version >= kFirstWithPause ? in.Time() : base::Time{};
  return in.status();
}

}  // namespace gannet::ingest
