#include "services/execution/venue_session.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "absl/strings/str_cat.h"

namespace gannet::execution {
namespace {

constexpr char kStreamName[] = "own";
// Headers that the record keeps: what the venue says of its limits.
constexpr std::array<std::string_view, 8> kKeptHeaders = {
    "x-mbx-used-weight-1m", "x-mbx-order-count-10s",
    "x-mbx-order-count-1m", "x-mbx-order-count-1d",
    "retry-after",          "x-bapi-limit",
    "x-bapi-limit-status",  "x-bapi-limit-reset-timestamp"};

}  // namespace

VenueSession::VenueSession(VenueSessionOptions options, net::Network& network,
                           base::Executor& executor, const base::Clock& clock, base::Rng rng,
                           telemetry::Log& log, Handlers handlers)
    : options_(std::move(options)),
      stream_root_(options_.stream.Below("")),
      network_(network),
      executor_(executor),
      clock_(clock),
      log_(log),
      handlers_(std::move(handlers)),
      reconnect_(options_.reconnect, rng) {}

VenueSession::~VenueSession() {
  *alive_ = false;
  executor_.Cancel(timer_);
}

void VenueSession::Start() {
  running_ = true;
  options_.path_of_key ? TellClosed("not opened yet") : Connect();
}

void VenueSession::Stop() {
  running_ = connecting_ = false;
  executor_.Cancel(timer_);
  timer_ = base::TimerId::kNone;
  ++connections_;  // callbacks of the old one are not ours any more
  stream_.reset();
  stream_open_ = false;
}

void VenueSession::Connect() {
  const uint64_t number = ++connections_;
  const auto mine = [this, number, alive = std::weak_ptr<bool>(alive_)] {
    const auto held = alive.lock();
    return held && *held && number == connections_;
  };
  net::WebSocket::Handler handler;
  handler.on_open = [this, mine] {
    if (!mine()) return;
    stream_open_ = true;
    connecting_ = false;
    opened_at_ = clock_.Monotonic();
    log_.Info("user_stream_open", {{"host", options_.stream.host}});
    handlers_.on_stream({kStreamName, wire::StreamEvent::Kind::kOpened, ""});
  };
  handler.on_message = [this, mine](std::string_view text) {
    if (mine())
      handlers_.on_stream({kStreamName, wire::StreamEvent::Kind::kFrame, std::string(text)});
  };
  handler.on_close = [this, mine](absl::Status why) {
    if (mine()) OnClosed(std::move(why));
  };
  std::unique_ptr<net::WebSocket> stream =
      network_.Connect(options_.stream, {}, std::move(handler));
  if (number == connections_) stream_ = std::move(stream);
}

void VenueSession::OnClosed(absl::Status why) {
  log_.Warning("user_stream_closed", {{"why", std::string(why.message())}});
  const bool was_open = std::exchange(stream_open_, false);
  connecting_ = false;
  reconnect_.OnClosed(was_open ? clock_.Monotonic() - opened_at_ : base::Duration(0));
  if (was_open || options_.path_of_key) TellClosed(std::string(why.message()));
  Later();
}

void VenueSession::Later() {
  ++connections_;
  if (!running_ || timer_ != base::TimerId::kNone || options_.path_of_key) return;
  timer_ = executor_.After(reconnect_.NextDelay(), [this, alive = std::weak_ptr<bool>(alive_)] {
    const auto held = alive.lock();
    if (!held || !*held) return;
    timer_ = base::TimerId::kNone;
    stream_.reset();
    if (running_) Connect();
  });
}

void VenueSession::RestartStream() {
  if (!stream_open_) return;
  stream_open_ = false;
  reconnect_.OnClosed(clock_.Monotonic() - opened_at_);
  TellClosed("restarted");
  stream_->Close();
  Later();
}

void VenueSession::Send(OutgoingRequest request) {
  if (request.wire.method.empty()) {
    if (stream_open_ && !stream_->Send(request.wire.body)) RestartStream();
    return;
  }
  net::HttpRequest http;
  http.method = std::move(request.wire.method);
  http.target = std::move(request.wire.target);
  http.body = std::move(request.wire.body);
  for (auto& header : request.wire.headers) http.headers.push_back(std::move(header));
  if (request.wire.with_key) http.headers.emplace_back(options_.key_header, options_.api_key);
  const bool of_key = request.wire.kind == venue::RequestKind::kKeyRights;
  network_.Http(of_key ? options_.rights : options_.rest, std::move(http),
                {.timeout = options_.request_timeout},
                [this, id = request.id, keys = request.wire.kind == venue::RequestKind::kStreamKey,
                 alive = std::weak_ptr<bool>(alive_)](net::HttpResult result) {
                  const auto held = alive.lock();
                  if (held && *held) OnResult(id, keys, result);
                });
}

// Whoever has the key can read the stream: it goes no further than here.
void VenueSession::OnStreamKey(wire::HttpExchange& exchange) {
  const std::string body = std::exchange(exchange.body, {});
  if (exchange.status != 200) {
    exchange.body = body;  // an error
    return;
  }
  if (stream_open_ || connecting_ || !running_) return;  // kept alive
  const absl::StatusOr<std::string> path = options_.path_of_key(body);
  if (!path.ok()) {
    exchange.transport_error = std::string(path.status().message());
    return;
  }
  options_.stream.path = stream_root_ + *path;
  connecting_ = true;
  Connect();
}

void VenueSession::OnResult(uint64_t id, bool keys, const net::HttpResult& result) {
  wire::HttpExchange exchange;
  exchange.request_id = id;
  if (!result.status.ok()) {
    const std::string why(result.status.message());
    // Only the transport's own word that no byte left proves that nothing was
    // placed; every other failure leaves the fate open.
    exchange.transport_error =
        result.fate == net::SendFate::kNotSent
            ? NotSentError({market::RejectReason::kGateClosed, why})
            : absl::StrCat(absl::StatusCodeToString(result.status.code()), ": ", why);
    return handlers_.on_answer(std::move(exchange));
  }
  exchange.status = result.response.status;
  exchange.body = result.response.body;
  for (const std::string_view name : kKeptHeaders) {
    const std::string_view value = net::FindHeader(result.response.headers, name);
    if (!value.empty()) exchange.headers.emplace_back(name, value);
  }
  if (keys && options_.path_of_key) OnStreamKey(exchange);
  handlers_.on_answer(std::move(exchange));
}

}  // namespace gannet::execution
