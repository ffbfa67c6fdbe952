// Keeps one set of streams subscribed: connects, subscribes, connects again with
// back-off, and replaces a connection before it ends (rotation, shutdown notice,
// silence) by opening another first, so that no message is missed in between.
//
// On the executor's thread. Destroying it closes its sockets without a word.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/net/reconnect.h"
#include "libs/runtime/service.h"
#include "libs/venue/market_protocol.h"

namespace gannet::ingest {

class ConnectionSlot {
 public:
  struct Options {
    std::string name;  // of the connections: "binance-spot/0"; a number is added to each
    std::string url;   // "wss://…/stream"
    std::vector<std::string> streams;
    base::Duration rotate_after = std::chrono::hours(23);
    base::Duration subscribe_timeout = std::chrono::seconds(10);
    base::Duration overlap =
        std::chrono::seconds(3);  // both connections, while one replaces the other
    net::ReconnectOptions reconnect;
  };
  struct Handler {
    std::function<void(const std::string& connection)> opened;
    std::function<void(const std::string& connection, std::string_view text)> message;
    std::function<void(const std::string& connection, const std::string& why)> closed;
  };
  struct Stats {
    uint64_t opened = 0, failed = 0, replaced = 0, refused_subscriptions = 0;
  };

  // `protocol` must outlive it.
  ConnectionSlot(Options options, Handler handler, const venue::MarketProtocol& protocol,
                 runtime::Deps& deps, base::Rng rng);
  ~ConnectionSlot();
  ConnectionSlot(const ConnectionSlot&) = delete;
  ConnectionSlot& operator=(const ConnectionSlot&) = delete;

  // INVALID_ARGUMENT: the address.
  absl::Status Start();
  void Stop();
  // True when the connection is one of this slot's. A replacement under way is left
  // to finish.
  bool Replace(const std::string& connection, const std::string& why);
  // Leaves one of its streams and subscribes to it again; false when it has no such stream,
  // or no connection that carries it.
  bool Resubscribe(const std::string& stream);
  // The venue's answer to a subscription of this connection.
  bool OnAnswer(const std::string& connection, bool ok, const std::string& message);

  bool subscribed() const { return active_ != nullptr && active_->subscribed; }
  const std::string& last_problem() const { return last_problem_; }
  const Stats& stats() const { return stats_; }

 private:
  struct Connection {
    std::string name;
    std::unique_ptr<net::WebSocket> socket;
    base::Duration opened_at{0};  // monotonic
    bool open = false, subscribed = false;
    size_t answers_due = 0;
    base::TimerId timer = base::TimerId::kNone;  // subscribe timeout
    base::TimerId ping = base::TimerId::kNone;
  };
  using ConnectionPtr = std::unique_ptr<Connection>;

  ConnectionPtr Open();
  void OnOpen(const std::string& name);
  void OnClose(const std::string& name, const absl::Status& status);
  void OnSubscribed(Connection& connection);
  void ArmPing(Connection& connection);
  void CancelTimers(Connection& connection);
  // Ends a connection ourselves, telling the handler.
  void End(ConnectionPtr& connection, const std::string& why);
  void Retry();
  void Promote();
  Connection* Find(const std::string& name);
  ConnectionPtr* Owner(const std::string& name);

  const Options options_;
  const Handler handler_;
  const venue::MarketProtocol& protocol_;
  runtime::Deps& deps_;
  net::ReconnectPolicy policy_;
  net::Url url_;
  bool stopped_ = true;
  bool replacement_wanted_ = false;
  uint64_t numbered_ = 0, requests_ = 0;
  ConnectionPtr active_, next_;
  std::vector<ConnectionPtr> ended_;  // freed outside their callbacks
  base::TimerId retry_ = base::TimerId::kNone, rotate_ = base::TimerId::kNone,
                promote_ = base::TimerId::kNone;
  std::string last_problem_;
  Stats stats_;
};

}  // namespace gannet::ingest
