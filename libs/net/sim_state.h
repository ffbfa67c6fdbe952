// What the parts of the simulated network share. Private to it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/net/sim_network.h"

namespace gannet::net::sim {

struct World;

struct Server {
  ListenOptions options;
  uint16_t port = 0;
  ServerHandler* handler = nullptr;                   // null once the listener is gone
  size_t connections = 0;                             // requests under way and open sockets
  std::map<uint64_t, std::function<void()>> on_gone;  // what ends with the listener
  bool tls() const { return !options.certificate_file.empty(); }
};

// One side of a WebSocket.
class End : public std::enable_shared_from_this<End> {
 public:
  End(std::shared_ptr<World> world, std::string host, std::string place)
      : world_(std::move(world)), host_(std::move(host)), place_(std::move(place)) {}

  bool Send(std::string text);
  void Close();
  void Abandon();  // without callbacks; the peer sees a broken connection
  void Open();
  void Finish(absl::Status status);
  void Reset();  // both ends
  void ReleaseHeld();
  void ArmSilence(base::Duration partition);  // one of this length has begun
  void FinishAfter(base::Duration delay, absl::Status status);
  // The other end opens at `time`: nothing arrives there before.
  void set_peer_opens(base::Time time) { last_arrival_ = time; }

  const std::string& host() const { return host_; }
  bool finished() const { return finished_; }

  std::shared_ptr<WebSocket::Handler> handler;
  WebSocketOptions options;
  std::weak_ptr<End> peer;
  std::shared_ptr<Server> server;  // at the server's end: whose connection it is
  uint64_t server_entry = 0;
  base::TimerId connect_timer = base::TimerId::kNone;

 private:
  struct Item {
    enum class Kind { kText, kClose, kBroken } kind = Kind::kText;
    std::string text;
  };
  void Put(Item item);
  void Arrive(Item item);
  void Deliver(Item item);
  void Release();

  const std::shared_ptr<World> world_;
  const std::string host_, place_;
  size_t sent_bytes_ = 0;      // not yet delivered to the peer
  base::Time last_arrival_{};  // at the peer
  std::deque<Item> held_;      // that came for us during a partition
  bool open_ = false, closing_ = false, finished_ = false;
};

class EndHandle final : public WebSocket {
 public:
  explicit EndHandle(std::shared_ptr<End> end) : end_(std::move(end)) {}
  ~EndHandle() override { end_->Abandon(); }
  bool Send(std::string text) override { return end_->Send(std::move(text)); }
  void Close() override { end_->Close(); }

 private:
  const std::shared_ptr<End> end_;
};

struct World : std::enable_shared_from_this<World> {
  World(base::Executor& e, const base::Clock& c, base::Rng r) : executor(e), clock(c), rng(r) {}

  struct Window {
    base::Time from, to;
    std::string host;  // empty: any
  };

  base::Duration Delay() {
    return base::Duration(rng.Between(faults.delay_min.count(), faults.delay_max.count()));
  }
  bool Partitioned(const std::string& host) const { return PartitionEnd(host) > clock.Now(); }
  // When the partition that `host` is in ends; Time::min() when it is in none.
  base::Time PartitionEnd(const std::string& host) const;
  // Null when nobody listens there.
  std::shared_ptr<Server> Find(const Url& url) const;
  // Runs `task` after `delay` unless the network is gone by then.
  base::TimerId After(base::Duration delay, std::function<void()> task);
  void Cancel(base::TimerId id) {
    if (!closed) executor.Cancel(id);
  }
  void ForEachEnd(const std::string& host, const std::function<void(End&)>& visit);

  base::Executor& executor;
  const base::Clock& clock;
  base::Rng rng;
  SimFaults faults;
  SimStats stats;
  std::function<void(const HttpRequest&)> on_duplicate;
  std::map<uint16_t, std::shared_ptr<Server>> servers;
  std::map<std::pair<std::string, uint16_t>, uint16_t> names;
  std::map<std::pair<std::string, uint16_t>, std::weak_ptr<Server>>
      warm;  // a connection is kept alive there
  std::vector<Window> windows;
  std::vector<std::weak_ptr<End>> ends;
  uint16_t next_port = 20000;
  uint64_t created = 0;  // calls, ends, peers
  std::map<uint64_t, std::pair<std::string, std::function<void()>>>
      calls;  // host, and what breaks it
  bool closed = false;
};

std::unique_ptr<WebSocket> Connect(const std::shared_ptr<World>& world, const Url& url,
                                   const WebSocketOptions& options, WebSocket::Handler handler);
void Http(const std::shared_ptr<World>& world, const Url& url, HttpRequest request,
          const HttpLimits& limits, std::function<void(HttpResult)> done);

}  // namespace gannet::net::sim
