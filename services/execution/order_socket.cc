#include "services/execution/order_socket.h"

#include <utility>

#include "libs/base/concat.h"
#include "libs/venue/order_venue.h"

namespace gannet::execution {

OrderSocket::OrderSocket(OrderSocketOptions options, net::Network& network,
                         base::Executor& executor, const base::Clock& clock, base::Rng rng,
                         telemetry::Log& log, Handlers handlers)
    : options_(std::move(options)),
      network_(network),
      executor_(executor),
      clock_(clock),
      log_(log),
      handlers_(std::move(handlers)),
      reconnect_(options_.reconnect, rng) {}

OrderSocket::~OrderSocket() {
  *alive_ = false;
  executor_.Cancel(timer_);
  executor_.Cancel(beat_);
  for (const auto& [id, pending] : pending_) executor_.Cancel(pending.deadline);
}

std::function<void()> OrderSocket::Guard(std::function<void()> task) {
  return [alive = std::weak_ptr<bool>(alive_), task = std::move(task)] {
    const auto held = alive.lock();
    if (held && *held) task();
  };
}

void OrderSocket::Start() {
  running_ = true;
  Connect();
}

void OrderSocket::Stop() {
  running_ = false;
  executor_.Cancel(timer_);
  executor_.Cancel(beat_);
  timer_ = beat_ = base::TimerId::kNone;
  ++connections_;  // callbacks of the old one are not ours any more
  socket_.reset();
  open_ = false;
  for (const auto& [id, pending] : pending_) executor_.Cancel(pending.deadline);
  pending_.clear();
}

void OrderSocket::Connect() {
  const uint64_t number = ++connections_;
  const auto mine = [this, number, alive = std::weak_ptr<bool>(alive_)] {
    const auto held = alive.lock();
    return held && *held && number == connections_;
  };
  net::WebSocket::Handler handler;
  handler.on_open = [this, mine] {
    if (!mine()) return;
    open_ = true;
    opened_at_ = clock_.Monotonic();
    log_.Info("order_socket_open", {{"host", options_.url.host}});
    Beat();
    handlers_.on_event({kOrderSocketName, wire::StreamEvent::Kind::kOpened, ""});
  };
  handler.on_message = [this, mine](std::string_view text) {
    if (mine()) OnMessage(text);
  };
  handler.on_close = [this, mine](absl::Status why) {
    if (mine()) OnClosed(std::string(why.message()));
  };
  std::unique_ptr<net::WebSocket> socket = network_.Connect(options_.url, {}, std::move(handler));
  if (number == connections_) socket_ = std::move(socket);
}

void OrderSocket::OnClosed(std::string why) {
  log_.Warning("order_socket_closed", {{"why", why}});
  const bool was_open = std::exchange(open_, false);
  ++connections_;
  executor_.Cancel(beat_);
  beat_ = base::TimerId::kNone;
  reconnect_.OnClosed(was_open ? clock_.Monotonic() - opened_at_ : base::Duration(0));
  // First that it is gone, so that nothing more is meant for it.
  if (was_open) handlers_.on_event({kOrderSocketName, wire::StreamEvent::Kind::kClosed, why});
  for (auto& [id, lost] : std::exchange(pending_, {})) {
    executor_.Cancel(lost.deadline);
    wire::HttpExchange exchange;
    exchange.request_id = lost.request;
    exchange.transport_error =
        base::Concat({"UNAVAILABLE: the order socket closed before the answer: ", why});
    handlers_.on_answer(std::move(exchange));
  }
  if (!running_ || timer_ != base::TimerId::kNone) return;
  timer_ = executor_.After(reconnect_.NextDelay(), Guard([this] {
                             timer_ = base::TimerId::kNone;
                             socket_.reset();
                             if (running_) Connect();
                           }));
}

void OrderSocket::Restart(std::string why) {
  if (!open_) return;
  socket_->Close();
  OnClosed(std::move(why));
}

void OrderSocket::Beat() {
  if (options_.ping.empty()) return;
  beat_ = executor_.After(venue::kHeartbeatEvery, Guard([this] {
                            beat_ = base::TimerId::kNone;
                            if (!open_) return;
                            SendFrame(options_.ping);
                            Beat();
                          }));
}

void OrderSocket::SendFrame(const std::string& text) {
  if (open_ && !socket_->Send(text)) Restart("a frame was not taken");
}

void OrderSocket::Refuse(uint64_t request, std::string why, bool another_way) {
  const Block block{market::RejectReason::kGateClosed, std::move(why)};
  wire::HttpExchange exchange;
  exchange.request_id = request;
  exchange.transport_error = another_way ? AnewError(block) : NotSentError(block);
  handlers_.on_answer(std::move(exchange));
}

void OrderSocket::Send(OutgoingRequest request) {
  // It was when the frame was made; that it has closed was told before this.
  if (!open_) return Refuse(request.id, "the order socket is not open", running_);
  if (pending_.size() >= kMaxUnderWay)
    return Refuse(request.id, "too many requests wait on the order socket");
  const std::string id = options_.protocol.id_of_request(request.wire.body);
  if (id.empty() || pending_.contains(id))
    return Refuse(request.id, "the request has no name of its own on the order socket");
  // It says by itself when nothing was sent.
  if (!socket_->Send(std::move(request.wire.body))) {
    Restart("a request was not taken");
    return Refuse(request.id, "the order socket takes no more", true);
  }
  ++sent_;
  Pending& pending = pending_[id];
  pending.request = request.id;
  pending.deadline =
      executor_.After(options_.request_timeout, Guard([this, id] { OnDeadline(id); }));
}

void OrderSocket::OnDeadline(const std::string& id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  wire::HttpExchange exchange;
  exchange.request_id = found->second.request;
  exchange.transport_error = "DEADLINE_EXCEEDED: no answer on the order socket";
  pending_.erase(found);
  handlers_.on_answer(std::move(exchange));
  Restart("a request was not answered in time");  // the next go another way
}

void OrderSocket::OnMessage(std::string_view text) {
  std::optional<venue::SocketProtocol::Answered> answer = options_.protocol.read(text);
  const auto found = answer ? pending_.find(answer->id) : pending_.end();
  if (found == pending_.end()) {
    // A login, a pong, or an answer after its time.
    return handlers_.on_event(
        {kOrderSocketName, wire::StreamEvent::Kind::kFrame, std::string(text)});
  }
  executor_.Cancel(found->second.deadline);
  answer->exchange.request_id = found->second.request;
  pending_.erase(found);
  handlers_.on_answer(std::move(answer->exchange));
}

}  // namespace gannet::execution
