#include "services/ingest/connection_slot.h"

#include <algorithm>
#include <span>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/status.h"

namespace gannet::ingest {

using base::Concat;
using base::TimerId;

ConnectionSlot::ConnectionSlot(Options options, Handler handler,
                               const venue::MarketProtocol& protocol, runtime::Deps& deps,
                               base::Rng rng)
    : options_(std::move(options)),
      handler_(std::move(handler)),
      protocol_(protocol),
      deps_(deps),
      policy_(options_.reconnect, rng) {}

ConnectionSlot::~ConnectionSlot() { Stop(); }

absl::Status ConnectionSlot::Start() {
  GANNET_ASSIGN_OR_RETURN(url_, net::Url::Parse(options_.url));
  stopped_ = false;
  active_ = Open();
  return absl::OkStatus();
}

void ConnectionSlot::Stop() {
  stopped_ = true;
  for (TimerId* timer : {&retry_, &rotate_, &promote_})
    deps_.executor.Cancel(std::exchange(*timer, TimerId::kNone));
  for (ConnectionPtr* connection : {&active_, &next_}) {
    if (*connection) CancelTimers(**connection);
    connection->reset();
  }
  ended_.clear();
}

ConnectionSlot::ConnectionPtr* ConnectionSlot::Owner(const std::string& name) {
  if (active_ && active_->name == name) return &active_;
  if (next_ && next_->name == name) return &next_;
  return nullptr;
}

ConnectionSlot::Connection* ConnectionSlot::Find(const std::string& name) {
  ConnectionPtr* const owner = Owner(name);
  return owner == nullptr ? nullptr : owner->get();
}

ConnectionSlot::ConnectionPtr ConnectionSlot::Open() {
  ended_.clear();
  auto connection = std::make_unique<Connection>();
  connection->name = Concat({options_.name, "#", std::to_string(++numbered_)});
  const std::string name = connection->name;
  net::WebSocket::Handler handler;
  handler.on_open = [this, name] { OnOpen(std::string(name)); };
  handler.on_message = [this, name](std::string_view text) {
    if (Find(name) != nullptr) handler_.message(name, text);
  };
  handler.on_close = [this, name](absl::Status status) { OnClose(std::string(name), status); };
  net::WebSocketOptions options;
  options.max_message_bytes = venue::kMaxFrameBytes;
  // The futures servers ping every three minutes; silence of data is the engine's to judge.
  options.idle_timeout = std::chrono::minutes(5);
  connection->socket = deps_.network.Connect(url_, std::move(options), std::move(handler));
  return connection;
}

void ConnectionSlot::OnOpen(const std::string& name) {
  Connection* const connection = Find(name);
  if (connection == nullptr) return;
  connection->open = true;
  connection->opened_at = deps_.clock.Monotonic();
  ++stats_.opened;
  handler_.opened(name);
  const size_t per_request = protocol_.limits().streams_per_request;
  for (size_t i = 0; i < options_.streams.size(); i += per_request) {
    const size_t count = std::min(per_request, options_.streams.size() - i);
    const auto part = std::span(options_.streams).subspan(i, count);
    ++connection->answers_due;
    connection->socket->Send(protocol_.EncodeSubscribe(part, ++requests_));
  }
  connection->timer = deps_.executor.After(options_.subscribe_timeout, [this, name] {
    if (ConnectionPtr* const owner = Owner(name); owner != nullptr && !(*owner)->subscribed) {
      (*owner)->timer = TimerId::kNone;
      End(*owner, "the venue did not answer a subscription in time");
    }
  });
  ArmPing(*connection);
}

void ConnectionSlot::ArmPing(Connection& connection) {
  if (protocol_.ping_every().count() == 0) return;
  connection.ping = deps_.executor.After(protocol_.ping_every(), [this, name = connection.name] {
    Connection* const open = Find(name);
    if (open == nullptr) return;
    open->socket->Send(protocol_.EncodePing());
    ArmPing(*open);
  });
}

void ConnectionSlot::CancelTimers(Connection& connection) {
  deps_.executor.Cancel(connection.timer);
  deps_.executor.Cancel(connection.ping);
}

bool ConnectionSlot::Resubscribe(const std::string& stream) {
  if (std::find(options_.streams.begin(), options_.streams.end(), stream) ==
          options_.streams.end() ||
      !subscribed())
    return false;
  const std::span<const std::string> one(&stream, 1);
  active_->socket->Send(protocol_.EncodeUnsubscribe(one, ++requests_));
  active_->socket->Send(protocol_.EncodeSubscribe(one, ++requests_));
  return true;
}

bool ConnectionSlot::OnAnswer(const std::string& name, bool ok, const std::string& message) {
  ConnectionPtr* const owner = Owner(name);
  if (owner == nullptr) return false;
  if (!ok) {
    ++stats_.refused_subscriptions;
    End(*owner, Concat({"the venue refused to subscribe: ", message, "; check `instruments`"}));
    return true;
  }
  Connection& connection = **owner;
  if (connection.answers_due > 0 && --connection.answers_due == 0 && !connection.subscribed)
    OnSubscribed(connection);
  return true;
}

void ConnectionSlot::OnSubscribed(Connection& connection) {
  connection.subscribed = true;
  deps_.executor.Cancel(std::exchange(connection.timer, TimerId::kNone));
  last_problem_.clear();
  if (&connection == next_.get()) {
    promote_ = deps_.executor.After(options_.overlap, [this] {
      promote_ = TimerId::kNone;
      Promote();
    });
    return;
  }
  deps_.executor.Cancel(std::exchange(rotate_, TimerId::kNone));
  rotate_ = deps_.executor.After(options_.rotate_after, [this] {
    rotate_ = TimerId::kNone;
    if (active_) Replace(active_->name, "it is old");
  });
}

// The replacement carries the streams: the old connection goes.
void ConnectionSlot::Promote() {
  if (!next_) return;
  ConnectionPtr old = std::exchange(active_, std::exchange(next_, nullptr));
  ++stats_.replaced;
  replacement_wanted_ = false;
  if (old) {
    const std::string name = old->name;
    const bool open = old->open;
    CancelTimers(*old);
    ended_.push_back(std::move(old));
    if (open) handler_.closed(name, "replaced");
    if (!stopped_) ended_.clear();
  }
  OnSubscribed(*active_);
}

bool ConnectionSlot::Replace(const std::string& name, const std::string& why) {
  if (Find(name) == nullptr) return false;
  deps_.log.Warning("market_connection_replaced", {{"connection", name}, {"why", why}});
  if (next_ || stopped_ || !active_ || !active_->open) return true;  // under way
  replacement_wanted_ = true;
  next_ = Open();
  return true;
}

void ConnectionSlot::End(ConnectionPtr& connection, const std::string& why) {
  const std::string name = connection->name;
  connection->socket->Close();
  OnClose(name, absl::UnavailableError(why));
}

void ConnectionSlot::OnClose(const std::string& name, const absl::Status& status) {
  ConnectionPtr* const owner = Owner(name);
  if (owner == nullptr || stopped_) return;
  ConnectionPtr connection = std::exchange(*owner, nullptr);
  CancelTimers(*connection);
  const bool was_open = connection->open;
  if (was_open) policy_.OnClosed(deps_.clock.Monotonic() - connection->opened_at);
  if (!was_open) ++stats_.failed;
  last_problem_ = status.ok() ? "the venue closed the connection" : std::string(status.message());
  deps_.log.Warning("market_connection_closed", {{"connection", name}, {"why", last_problem_}});
  ended_.push_back(std::move(connection));
  if (was_open) handler_.closed(name, last_problem_);
  if (stopped_) return;
  if (active_ == nullptr && next_ != nullptr) {  // the one being replaced went first
    deps_.executor.Cancel(std::exchange(promote_, TimerId::kNone));
    const bool subscribed = next_->subscribed;
    active_ = std::exchange(next_, nullptr);
    replacement_wanted_ = false;
    if (subscribed) OnSubscribed(*active_);
    return;
  }
  if (active_ == nullptr || replacement_wanted_) Retry();
}

void ConnectionSlot::Retry() {
  if (retry_ != TimerId::kNone) return;
  const base::Duration delay = policy_.NextDelay();
  deps_.log.Info("market_connect_again",
                 {{"slot", options_.name}, {"delay_ms", delay.count() / 1'000'000}});
  retry_ = deps_.executor.After(delay, [this] {
    retry_ = TimerId::kNone;
    if (!active_) {
      replacement_wanted_ = false;
      active_ = Open();
    } else if (replacement_wanted_ && !next_) {
      next_ = Open();
    }
  });
}

}  // namespace gannet::ingest
