#include "libs/net/sim_network.h"

#include <algorithm>

#include "libs/net/sim_state.h"

namespace gannet::net {
namespace sim {

base::Time World::PartitionEnd(const std::string& host) const {
  base::Time end = base::Time::min();
  for (const Window& window : windows) {
    const bool now_in = window.from <= clock.Now() && clock.Now() < window.to;
    if (now_in && (window.host.empty() || window.host == host)) end = std::max(end, window.to);
  }
  return end;
}

std::shared_ptr<Server> World::Find(const Url& url) const {
  uint16_t port = 0;
  if (const auto name = names.find({url.host, url.port}); name != names.end()) {
    port = name->second;
  } else if (url.host == "127.0.0.1" || url.host == "localhost" || url.host == "::1") {
    port = url.port;
  }
  const auto found = servers.find(port);
  return found == servers.end() ? nullptr : found->second;
}

base::TimerId World::After(base::Duration delay, std::function<void()> task) {
  if (closed) return base::TimerId::kNone;
  return executor.After(delay, [weak = weak_from_this(), task = std::move(task)] {
    if (const auto self = weak.lock(); self && !self->closed) task();
  });
}

void World::ForEachEnd(const std::string& host, const std::function<void(End&)>& visit) {
  std::erase_if(ends, [](const std::weak_ptr<End>& end) { return end.expired(); });
  const std::vector<std::weak_ptr<End>> all = ends;
  for (const std::weak_ptr<End>& weak : all) {
    const auto end = weak.lock();
    if (end && !end->finished() && (host.empty() || end->host() == host)) visit(*end);
  }
}

namespace {

class SimListener final : public Listener {
 public:
  SimListener(std::shared_ptr<World> world, std::shared_ptr<Server> server)
      : world_(std::move(world)), server_(std::move(server)) {}
  ~SimListener() override {
    server_->handler = nullptr;
    world_->servers.erase(server_->port);
    const auto on_gone = std::exchange(server_->on_gone, {});
    for (const auto& [id, end] : on_gone) end();
  }
  uint16_t port() const override { return server_->port; }

 private:
  const std::shared_ptr<World> world_;
  const std::shared_ptr<Server> server_;
};

}  // namespace
}  // namespace sim

SimNetwork::SimNetwork(base::Executor& executor, const base::Clock& clock, base::Rng rng)
    : world_(std::make_shared<sim::World>(executor, clock, rng)) {}

SimNetwork::~SimNetwork() {
  world_->closed = true;
  world_->calls.clear();
}

void SimNetwork::set_faults(const SimFaults& faults) { world_->faults = faults; }
const SimStats& SimNetwork::stats() const { return world_->stats; }

void SimNetwork::AddName(std::string host, uint16_t port, uint16_t listener_port) {
  world_->names[{std::move(host), port}] = listener_port;
}

void SimNetwork::AddPartition(base::Time start, base::Duration length, std::string host) {
  const base::Time now = world_->clock.Now();
  world_->windows.push_back({start, start + length, host});
  world_->After(start - now, [world = world_.get(), host, length] {
    world->ForEachEnd(host, [length](sim::End& end) { end.ArmSilence(length); });
  });
  world_->After(start + length - now, [world = world_.get(), host] {
    const base::Time over = world->clock.Now();
    std::erase_if(world->windows,
                  [over](const sim::World::Window& window) { return window.to <= over; });
    world->ForEachEnd(host, [](sim::End& end) { end.ReleaseHeld(); });
  });
}

void SimNetwork::ObserveDuplicates(std::function<void(const HttpRequest&)> observer) {
  world_->on_duplicate = std::move(observer);
}

void SimNetwork::ResetConnections(const std::string& host) {
  const auto calls = world_->calls;
  for (const auto& [id, call] : calls) {
    if (host.empty() || call.first == host) call.second();
  }
  world_->ForEachEnd(host, [](sim::End& end) { end.Reset(); });
}

void SimNetwork::Http(const Url& base, HttpRequest request, HttpLimits limits,
                      std::function<void(HttpResult)> done) {
  sim::Http(world_, base, std::move(request), limits, std::move(done));
}

std::unique_ptr<WebSocket> SimNetwork::Connect(const Url& url, WebSocketOptions options,
                                               WebSocket::Handler handler) {
  return sim::Connect(world_, url, options, std::move(handler));
}

absl::StatusOr<std::unique_ptr<Listener>> SimNetwork::Listen(ListenOptions options,
                                                             ServerHandler& handler) {
  auto server = std::make_shared<sim::Server>();
  const bool loopback =
      options.address == "127.0.0.1" || options.address == "::1" || options.address == "localhost";
  if (!loopback && options.certificate_file.empty() && !options.public_plaintext) {
    return absl::PermissionDeniedError(options.address +
                                       " can be reached from outside and has no TLS; listen on "
                                       "127.0.0.1, or set certificate and key files");
  }
  server->port = options.port;
  while (server->port == 0 || (options.port == 0 && world_->servers.contains(server->port)))
    server->port = world_->next_port++;
  if (world_->servers.contains(server->port)) {
    return absl::AlreadyExistsError(
        options.address + ":" + std::to_string(server->port) +
        " is in use by another program; stop it or choose another port");
  }
  server->options = std::move(options);
  server->handler = &handler;
  world_->servers.emplace(server->port, server);
  return std::make_unique<sim::SimListener>(world_, std::move(server));
}

}  // namespace gannet::net
