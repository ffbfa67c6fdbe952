#include "services/ingest/venue_session.h"

#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/base/concat.h"
#include "libs/base/status.h"

namespace gannet::ingest {

using base::Concat;
using base::TimerId;
using venue::TradeStream;

namespace {

// A minute's REQUEST_WEIGHT until the venue has stated its own.
constexpr uint64_t kAssumedWeightLimit = 1'200;
constexpr uint64_t kDefinitionsWeight = 20;
constexpr int kMaxDefinitionPages = 50;
// An answer may be lost: nothing can be traded before the definitions are there, so one is
// not waited for as long as the largest takes over a slow line before that has shown itself.
constexpr base::Duration kFirstDefinitionsTimeout = std::chrono::seconds(5);
constexpr base::Duration kDefinitionsTimeoutLimit = std::chrono::seconds(20);
constexpr base::Duration kSnapshotTimeout = std::chrono::seconds(10);

std::optional<uint64_t> Count(std::string_view text) {
  const auto value = market::ParseDecimal(text, 0);
  if (!value || *value < 0) return std::nullopt;
  return static_cast<uint64_t>(*value);
}

}  // namespace

VenueSession::VenueSession(VenueConfig config, runtime::Deps& deps)
    : config_(std::move(config)),
      deps_(deps),
      market_(deps.shard, EngineOptions()),
      definitions_policy_({}, deps.rng.Fork()),
      budget_(kAssumedWeightLimit),
      definitions_timeout_(kFirstDefinitionsTimeout) {
  MarketIngest::Wishes wishes;
  wishes.snapshot = [this](const std::string& symbol) { WantSnapshot(symbol); };
  wishes.reconnect = [this](const std::string& connection, const std::string& why) {
    for (const auto& slot : slots_) {
      if (slot->Replace(connection, why)) return;
    }
  };
  wishes.subscription_answered = [this](const std::string& connection, bool ok,
                                        const std::string& message) {
    for (const auto& slot : slots_) {
      if (slot->OnAnswer(connection, ok, message)) return;
    }
  };
  market_.set_wishes(std::move(wishes));
  if (deps.metrics != nullptr)
    metrics_ = deps.metrics->Collect([this](telemetry::Metrics& into) { Measure(into); });
}

void VenueSession::Measure(telemetry::Metrics& metrics) const {
  namespace metric = telemetry::metric;
  const std::string& venue = config_.name;
  const VenueCounters& counters = market_.engine().counters();
  uint64_t gaps = 0, incomplete = 0, late = 0;
  for (const auto& [symbol, feed] : market_.engine().feeds()) {
    gaps += feed->book().counters().gaps;
    incomplete += feed->bars().incomplete();
    late += feed->bars().late_trades();
  }
  metrics.CounterOf(metric::kBarsIncomplete, {venue}).SetTotal(incomplete);
  metrics.CounterOf(metric::kLateTrades, {venue}).SetTotal(late);
  metrics.CounterOf(metric::kGaps, {venue}).SetTotal(gaps);
  metrics.CounterOf(metric::kFrames, {venue}).SetTotal(counters.frames);
  metrics.CounterOf(metric::kUndecodable, {venue})
      .SetTotal(counters.undecodable + market_.undecodable_inputs());
}

VenueSession::~VenueSession() { Stop(); }

VenueOptions VenueSession::EngineOptions() const {
  VenueOptions options;
  options.venue = config_.name;
  options.product = config_.kind;
  options.symbols = config_.instruments;
  options.connection_silence = config_.connection_silence;
  options.book_refresh = config_.book_refresh;
  options.book_silence = config_.book_silence;
  return options;
}

std::function<void()> VenueSession::Guarded(std::function<void()> task) const {
  return [alive = std::weak_ptr<bool>(alive_), task = std::move(task)] {
    const std::shared_ptr<bool> held = alive.lock();
    if (held && *held) task();
  };
}

absl::Status VenueSession::Start() {
  GANNET_ASSIGN_OR_RETURN(
      rest_url_,
      net::Url::Parse(config_.rest_url.empty() ? DefaultRestUrl(config_.kind) : config_.rest_url));
  for (const std::string& url : {config_.ws_url, config_.ws_trades_url}) {
    if (!url.empty()) GANNET_RETURN_IF_ERROR(net::Url::Parse(url).status());
  }
  slots_rng_ = deps_.rng.Fork();
  // Of before the start: asking within a ban makes it longer.
  const base::Time held_until = market_.engine().requests_held_until();
  budget_.HoldUntil(held_until);
  if (held_until > deps_.clock.Now()) {
    definitions_problem_ =
        Concat({"the venue asked for a pause until ", base::FormatTime(held_until)});
    deps_.log.Warning("market_paused", {{"venue", config_.name}, {"why", definitions_problem_}});
  }
  FetchDefinitions();
  return absl::OkStatus();
}

void VenueSession::Drain(std::function<void()> done) {
  Stop();
  done();
}

void VenueSession::Stop() {
  *alive_ = false;
  deps_.executor.Cancel(std::exchange(pump_, TimerId::kNone));
  deps_.executor.Cancel(std::exchange(refresh_, TimerId::kNone));
  for (const auto& slot : slots_) slot->Stop();
  wanted_.clear();
  queued_.clear();
}

// --- streams -----------------------------------------------------------------------

void VenueSession::AddSlots(const std::string& url, const std::vector<std::string>& streams) {
  ConnectionSlot::Handler handler;
  using Kind = wire::StreamEvent::Kind;
  handler.opened = [this](const std::string& name) {
    market_.Deliver(wire::StreamEvent{name, Kind::kOpened, ""}, deps_.clock.Now());
  };
  handler.message = [this](const std::string& name, std::string_view text) {
    market_.Deliver(wire::StreamEvent{name, Kind::kFrame, std::string(text)}, deps_.clock.Now());
  };
  handler.closed = [this](const std::string& name, const std::string& why) {
    market_.Deliver(wire::StreamEvent{name, Kind::kClosed, why}, deps_.clock.Now());
  };
  const venue::MarketProtocol& protocol = market_.engine().protocol();
  const size_t most = protocol.limits().streams_per_connection;
  for (size_t i = 0; i < streams.size(); i += most) {
    ConnectionSlot::Options options;
    options.name = Concat({config_.name, "/", std::to_string(slots_.size())});
    options.url = url + protocol.StreamPath();
    options.rotate_after = config_.rotate_after;
    const auto begin = streams.begin() + static_cast<std::ptrdiff_t>(i);
    options.streams.assign(begin,
                           begin + static_cast<std::ptrdiff_t>(std::min(most, streams.size() - i)));
    slots_.push_back(std::make_unique<ConnectionSlot>(std::move(options), handler, protocol, deps_,
                                                      slots_rng_.Fork()));
    const absl::Status started = slots_.back()->Start();
    GANNET_CHECK(started.ok(), "the addresses were checked when the session started");
  }
}

venue::StreamSelection VenueSession::BookSelection() const {
  venue::StreamSelection book;
  book.trades = TradeStream::kNone;
  book.depth_speed = config_.depth_speed;
  book.depth_levels = config_.snapshot_depth;
  return book;
}

// Venues refuse a subscription to what they do not list, all of it at once.
void VenueSession::ConnectListed() {
  const venue::MarketProtocol& protocol = market_.engine().protocol();
  const venue::StreamSelection book = BookSelection();
  venue::StreamSelection trades;
  trades.depth = trades.book_ticker = false;
  trades.trades = config_.trades;
  trades.klines = config_.klines;
  std::vector<std::string> book_streams, trade_streams;
  for (const std::string& symbol : config_.instruments) {
    if (market_.engine().missing_symbols().contains(symbol) || !connected_.insert(symbol).second)
      continue;
    for (std::string& name : protocol.StreamNames(symbol, book))
      book_streams.push_back(std::move(name));
    for (std::string& name : protocol.StreamNames(symbol, trades))
      trade_streams.push_back(std::move(name));
  }
  const bool own = config_.ws_url.empty();
  const std::string url(own ? DefaultWsUrl(config_.kind) : config_.ws_url);
  const std::string trades_url(own && config_.ws_trades_url.empty()
                                   ? DefaultWsTradesUrl(config_.kind)
                                   : config_.ws_trades_url);
  if (trades_url.empty()) {
    book_streams.insert(book_streams.end(), trade_streams.begin(), trade_streams.end());
    AddSlots(url, book_streams);
  } else {
    AddSlots(url, book_streams);
    AddSlots(trades_url, trade_streams);
  }
}

// --- REST --------------------------------------------------------------------------

void VenueSession::Fetch(const std::string& path, base::Duration timeout,
                         std::function<void(const net::HttpResult&)> done) {
  net::HttpRequest request;
  request.target = rest_url_.path == "/" ? path : rest_url_.path + path;
  net::HttpLimits limits;
  limits.timeout = timeout;
  limits.max_body_bytes = kMaxAnswerBytes;
  deps_.network.Http(rest_url_, std::move(request), limits,
                     [alive = std::weak_ptr<bool>(alive_), this, path,
                      done = std::move(done)](const net::HttpResult& result) {
                       const std::shared_ptr<bool> held = alive.lock();
                       if (!held || !*held) return;
                       Deliver(path, result);
                       done(result);
                     });
}

void VenueSession::Deliver(const std::string& path, const net::HttpResult& result) {
  const base::Time now = deps_.clock.Now();
  wire::HttpExchange exchange;
  exchange.request_id = ++requests_;
  exchange.headers = {{":path", path}};
  if (!result.status.ok()) {
    exchange.transport_error = std::string(result.status.message());
  } else {
    exchange.status = result.response.status;
    for (const std::string_view name : {"retry-after", "x-mbx-used-weight-1m"}) {
      const std::string_view value = net::FindHeader(result.response.headers, name);
      if (!value.empty()) exchange.headers.emplace_back(name, value);
    }
    exchange.body = result.response.body;
    if (const auto used = Count(net::FindHeader(result.response.headers, "x-mbx-used-weight-1m")))
      budget_.OnUsed(now, *used);
    if (market_.engine().protocol().HoldAfter(exchange.status).count() > 0) {
      deps_.log.Warning("market_rate_limited",
                        {{"venue", config_.name}, {"status", exchange.status}});
    }
  }
  market_.Deliver(exchange, now);
  budget_.HoldUntil(market_.engine().requests_held_until());
}

void VenueSession::FetchDefinitions() {
  const base::Duration wait = budget_.Take(deps_.clock.Now(), kDefinitionsWeight);
  if (wait.count() > 0) {
    refresh_ = deps_.executor.After(wait, Guarded([this] { FetchDefinitions(); }));
    return;
  }
  pages_ = 0;
  FetchDefinitionsPage("");
}

void VenueSession::FetchDefinitionsPage(const std::string& page) {
  Fetch(market_.engine().protocol().DefinitionsPath(config_.instruments, page),
        definitions_timeout_, [this](const net::HttpResult& result) { OnDefinitions(result); });
}

void VenueSession::OnDefinitions(const net::HttpResult& result) {
  const IngestEngine& engine = market_.engine();
  const bool answered = result.status.ok() && result.response.status == 200;
  if (answered && !engine.next_definitions().empty() && ++pages_ < kMaxDefinitionPages)
    return FetchDefinitionsPage(engine.next_definitions());
  const bool good = answered && engine.definitions_whole() && !engine.feeds().empty();
  if (good) {
    definitions_problem_.clear();
    definitions_timeout_ = kFirstDefinitionsTimeout;
    definitions_policy_.OnClosed(base::Duration::max());  // the next failure is a first one
    defined_ = true;
    if (engine.request_weight_limit() > 0) budget_.set_limit(engine.request_weight_limit());
    for (const std::string& symbol : engine.missing_symbols()) {
      deps_.log.Warning("market_symbol_missing", {{"venue", config_.name}, {"symbol", symbol}});
    }
  } else {
    if (!result.status.ok())
      definitions_timeout_ = std::min(definitions_timeout_ * 2, kDefinitionsTimeoutLimit);
    definitions_problem_ = !result.status.ok() ? std::string(result.status.message())
                           : result.response.status != 200
                               ? Concat({"HTTP status ", std::to_string(result.response.status)})
                           : !engine.next_definitions().empty()
                               ? "the definitions have no last page"
                           : !engine.counters().last_undecodable.empty()
                               ? engine.counters().last_undecodable
                               : "none of the configured instruments is listed";
    deps_.log.Warning("market_definitions_failed",
                      {{"venue", config_.name}, {"why", definitions_problem_}});
  }
  const base::Duration next = good ? config_.definitions_every : definitions_policy_.NextDelay();
  refresh_ = deps_.executor.After(next, Guarded([this] { FetchDefinitions(); }));
  if (good) ConnectListed();
}

void VenueSession::WantSnapshot(const std::string& symbol) {
  if (!*alive_) return;
  const venue::MarketProtocol& protocol = market_.engine().protocol();
  if (protocol.streams_snapshots()) {
    deps_.log.Info("market_snapshot_subscribe", {{"venue", config_.name}, {"symbol", symbol}});
    const std::string stream = protocol.StreamNames(symbol, BookSelection()).at(0);
    for (const auto& slot : slots_) {
      if (slot->Resubscribe(stream)) return;
    }
    return;  // not connected, which brings it too
  }
  if (!queued_.insert(symbol).second) return;
  wanted_.push_back(symbol);
  PumpRequests();
}

void VenueSession::PumpRequests() {
  const int limit = static_cast<int>(config_.snapshot_depth);
  while (!wanted_.empty() && in_flight_ < kMaxRequestsInFlight) {
    const venue::MarketProtocol& protocol = market_.engine().protocol();
    const base::Duration wait = budget_.Take(deps_.clock.Now(), protocol.DepthWeight(limit));
    if (wait.count() > 0) return ArmPump(wait);
    const std::string symbol = wanted_.front();
    wanted_.pop_front();
    ++in_flight_;
    deps_.log.Info("market_snapshot_fetch", {{"venue", config_.name}, {"symbol", symbol}});
    Fetch(protocol.DepthPath(symbol, limit), kSnapshotTimeout,
          [this, symbol](const net::HttpResult&) {
            --in_flight_;
            PumpRequests();
          });
    queued_.erase(symbol);
  }
}

void VenueSession::ArmPump(base::Duration delay) {
  if (pump_ != TimerId::kNone) return;
  pump_ = deps_.executor.After(delay, Guarded([this] {
                                 pump_ = TimerId::kNone;
                                 PumpRequests();
                               }));
}

// --- health ------------------------------------------------------------------------

runtime::Health VenueSession::health() const {
  runtime::Health health{runtime::HealthState::kServing, {}};
  const auto worse = [&health](runtime::HealthState state, std::string reason) {
    health.state = std::max(health.state, state);
    health.reasons.push_back(std::move(reason));
  };
  if (!defined_) {
    worse(runtime::HealthState::kNotServing,
          Concat({config_.name, ": no definitions of instruments yet",
                  definitions_problem_.empty() ? "" : ": ", definitions_problem_,
                  "; check rest_url and the network"}));
    return health;
  }
  for (const auto& slot : slots_) {
    if (slot->subscribed()) continue;
    worse(runtime::HealthState::kDegraded,
          Concat({config_.name, ": streams are not connected",
                  slot->last_problem().empty() ? "" : ": ", slot->last_problem(),
                  "; check ws_url and the network"}));
  }
  std::string invalid;
  for (const auto& [symbol, feed] : market_.engine().feeds()) {
    if (feed->book().state() != market::BookState::kValid)
      invalid += (invalid.empty() ? "" : ", ") + symbol;
  }
  if (!invalid.empty()) {
    worse(runtime::HealthState::kDegraded, Concat({config_.name, ": books INVALID: ", invalid,
                                                   "; a snapshot is fetched by itself"}));
  }
  if (!market_.engine().missing_symbols().empty()) {
    worse(runtime::HealthState::kDegraded,
          Concat({config_.name,
                  ": some configured instruments are not listed; correct `instruments`"}));
  }
  return health;
}

}  // namespace gannet::ingest
