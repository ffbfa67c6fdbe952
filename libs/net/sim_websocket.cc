// WebSockets of the simulated network: two ends that schedule deliveries for each
// other.
#include "libs/net/http_text.h"
#include "libs/net/sim_state.h"

namespace gannet::net::sim {
namespace {

constexpr base::Duration kCloseTimeout = std::chrono::seconds(5);

absl::Status Broken(const std::string& place) {
  return absl::UnavailableError(
      place + ": reading: connection reset by peer; check that the peer is up and reachable");
}

// From the client's Connect until it is open or has failed.
struct Opening : std::enable_shared_from_this<Opening> {
  Opening(std::shared_ptr<World> w, const Url& u, std::shared_ptr<End> c)
      : world(std::move(w)), url(u), client(std::move(c)) {}

  void Arrive() {
    const auto end = client.lock();
    if (!end || end->finished()) return;
    if (const base::Time over = world->PartitionEnd(url.host); over > world->clock.Now()) {
      world->After(over - world->clock.Now() + world->Delay(),
                   [self = shared_from_this()] { self->Arrive(); });
      return;
    }
    const std::shared_ptr<Server> server = world->Find(url);
    const bool refused = world->rng.Chance(world->faults.connect_refused);
    if (refused || server == nullptr || server->tls() != url.tls() ||
        server->connections >= server->options.max_connections) {
      ++world->stats.connects_refused;
      return end->FinishAfter(
          world->Delay(),
          absl::UnavailableError(Place(url) +
                                 ": connecting: refused; check that the peer is up and reachable"));
    }
    Offer(end, server);
  }

  void Offer(const std::shared_ptr<End>& end, const std::shared_ptr<Server>& server) {
    const std::string peer_name = "127.0.0.1:" + std::to_string(40000 + ++world->created % 20000);
    HttpRequest request{"GET", url.path, end->options.headers, ""};
    request.headers.insert(
        request.headers.begin(),
        {{"Host", HostHeader(url)}, {"Connection", "upgrade"}, {"Upgrade", "websocket"}});
    const auto other = std::make_shared<End>(world, url.host, peer_name);
    other->options.idle_timeout = server->options.idle_timeout;
    other->options.max_message_bytes = server->options.max_body_bytes;
    other->options.max_send_buffer_bytes = server->options.max_send_buffer_bytes;
    WebSocket::Handler handler =
        server->handler->OnWebSocket(request, peer_name, std::make_shared<EndHandle>(other));
    if (server->handler == nullptr) return end->FinishAfter(world->Delay(), Broken(Place(url)));
    if (!handler.on_message) {
      return end->FinishAfter(
          world->Delay(),
          absl::NotFoundError(Place(url) +
                              ": the server answered the upgrade with HTTP 404; check the path"));
    }
    if (other->finished()) return end->FinishAfter(world->Delay(), Broken(Place(url)));
    Join(end, other, server, std::move(handler));
  }

  void Join(const std::shared_ptr<End>& end, const std::shared_ptr<End>& other,
            const std::shared_ptr<Server>& server, WebSocket::Handler handler) {
    other->handler = std::make_shared<WebSocket::Handler>(std::move(handler));
    other->server = server;
    other->server_entry = ++world->created;
    ++server->connections;
    server->on_gone[other->server_entry] = [other] { other->Abandon(); };
    other->peer = end;
    end->peer = other;
    world->ends.push_back(end);
    world->ends.push_back(other);
    const base::Duration delay = world->Delay();
    other->set_peer_opens(world->clock.Now() + delay);
    world->After(base::Duration(0), [other] { other->Open(); });
    world->After(delay, [end] { end->Open(); });
  }

  const std::shared_ptr<World> world;
  const Url url;
  const std::weak_ptr<End> client;
};

}  // namespace

void End::Open() {
  if (finished_) return;
  world_->Cancel(connect_timer);
  open_ = true;
  ++world_->stats.sockets_opened;
  const auto callbacks = handler;
  if (callbacks->on_open) callbacks->on_open();
}

bool End::Send(std::string text) {
  if (!open_ || closing_ || finished_) return false;
  if (text.size() > options.max_send_buffer_bytes - sent_bytes_) {
    ++world_->stats.messages_refused;
    return false;
  }
  if (world_->rng.Chance(world_->faults.socket_reset)) {
    ++world_->stats.socket_resets;
    world_->After(world_->Delay(), [self = shared_from_this()] { self->Reset(); });
    return true;
  }
  sent_bytes_ += text.size();
  Put({Item::Kind::kText, std::move(text)});
  return true;
}

void End::Close() {
  if (closing_ || finished_) return;
  closing_ = true;
  if (!open_) return FinishAfter(base::Duration(0), absl::OkStatus());
  Put({Item::Kind::kClose, ""});
  FinishAfter(kCloseTimeout, absl::OkStatus());
}

void End::Abandon() {
  if (finished_) return;
  const auto self = shared_from_this();
  const auto callbacks = std::exchange(handler, nullptr);
  Put({Item::Kind::kBroken, ""});
  Release();
}

void End::Reset() {
  const auto self = shared_from_this();
  const auto other = peer.lock();
  if (!finished_) Finish(Broken(place_));
  if (other && !other->finished_) other->Finish(Broken(other->place_));
}

void End::Put(Item item) {
  const base::Time now = world_->clock.Now();
  last_arrival_ = std::max(last_arrival_, now + world_->Delay());
  world_->After(last_arrival_ - now, [to = peer, item = std::move(item)] {
    if (const auto end = to.lock()) end->Arrive(item);
  });
}

void End::Arrive(Item item) {
  if (finished_) return;
  if (!held_.empty() || world_->Partitioned(host_)) {
    ++world_->stats.messages_held;
    held_.push_back(std::move(item));
    return;
  }
  Deliver(std::move(item));
}

void End::ReleaseHeld() {
  while (!held_.empty() && !finished_ && !world_->Partitioned(host_)) {
    Item item = std::move(held_.front());
    held_.pop_front();
    Deliver(std::move(item));
  }
}

void End::Deliver(Item item) {
  const auto self = shared_from_this();
  switch (item.kind) {
    case Item::Kind::kText: {
      if (const auto from = peer.lock()) from->sent_bytes_ -= item.text.size();
      if (item.text.size() > options.max_message_bytes) {
        Put({Item::Kind::kBroken, ""});
        return Finish(absl::ResourceExhaustedError(
            place_ + ": reading: message too big; raise the limit if this size is expected"));
      }
      ++world_->stats.messages;
      const auto callbacks = handler;
      if (!closing_ && callbacks->on_message) callbacks->on_message(item.text);
      return;
    }
    case Item::Kind::kClose:
      if (!closing_) Put({Item::Kind::kClose, ""});
      return Finish(absl::OkStatus());
    case Item::Kind::kBroken:
      return Finish(closing_ ? absl::OkStatus() : Broken(place_));
  }
}

void End::ArmSilence(base::Duration partition) {
  // Both sides ping; only a partition keeps every frame away.
  if (options.idle_timeout.count() == 0 || partition < options.idle_timeout) return;
  FinishAfter(options.idle_timeout,
              absl::DeadlineExceededError(place_ + ": silent for " +
                                          base::FormatDuration(options.idle_timeout)));
}

void End::FinishAfter(base::Duration delay, absl::Status status) {
  world_->After(delay, [weak = weak_from_this(), status = std::move(status)] {
    if (const auto self = weak.lock(); self && !self->finished_) self->Finish(status);
  });
}

void End::Finish(absl::Status status) {
  const auto self = shared_from_this();
  const auto callbacks = std::exchange(handler, nullptr);
  Release();
  if (callbacks && callbacks->on_close) callbacks->on_close(std::move(status));
}

void End::Release() {
  finished_ = true;
  open_ = false;
  held_.clear();
  world_->Cancel(connect_timer);
  if (server) {
    --server->connections;
    server->on_gone.erase(server_entry);
  }
}

std::unique_ptr<WebSocket> Connect(const std::shared_ptr<World>& world, const Url& url,
                                   const WebSocketOptions& options, WebSocket::Handler handler) {
  auto end = std::make_shared<End>(world, url.host, Place(url));
  end->handler = std::make_shared<WebSocket::Handler>(std::move(handler));
  end->options = options;
  absl::Status status = CheckHeaders(options.headers);
  if (status.ok() && url.scheme != "ws" && url.scheme != "wss") {
    status = absl::InvalidArgumentError(Place(url) + ": not a ws or wss URL; change its scheme");
  }
  if (!status.ok()) {
    end->FinishAfter(base::Duration(0), std::move(status));
    return std::make_unique<EndHandle>(std::move(end));
  }
  end->connect_timer =
      world->After(options.connect_timeout,
                   [weak = std::weak_ptr(end), text = Place(url), limit = options.connect_timeout] {
                     if (const auto self = weak.lock(); self && !self->finished()) {
                       self->Finish(absl::DeadlineExceededError(text + ": not connected within " +
                                                                base::FormatDuration(limit)));
                     }
                   });
  const auto opening = std::make_shared<Opening>(world, url, end);
  world->After(world->Delay() * 2, [opening] { opening->Arrive(); });
  return std::make_unique<EndHandle>(std::move(end));
}

}  // namespace gannet::net::sim
