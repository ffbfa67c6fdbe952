// The edges of the notifier: trading events from the bus and alerts by a web hook come in,
// requests and mails go out. Hosted by reporting (ADR 11).
//
// On the executor's thread; mails on one of its own, since SMTP blocks. An event is
// acknowledged when it waits here, not when people have it: what waits at the end of a drain
// or at a crash is lost, and counted or not known. Alerts come again by themselves.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/bus/topics.h"
#include "libs/net/network.h"
#include "libs/notify/config.h"
#include "libs/notify/events.h"
#include "libs/notify/notifier.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/service.h"

namespace gannet::notify {

class NotifyService : public runtime::Service, private net::ServerHandler {
 public:
  // What has lain on the bus for longer while nobody read it is no news.
  static constexpr base::Duration kStale = std::chrono::minutes(10);
  static constexpr base::Duration kStalePage = std::chrono::hours(1);
  static constexpr base::Duration kDrainLimit = std::chrono::seconds(3);
  static constexpr uint32_t kTroubled = 5;  // failures in a row: degraded

  // `config` with its secrets (LoadSecrets); `token`: of the web hook.
  NotifyService(NotifyConfig config, std::string token, runtime::Deps& deps);
  ~NotifyService() override;

  std::string_view name() const override { return "notify"; }
  absl::Status Start() override;
  void Drain(std::function<void()> done) override;
  runtime::Health health() const override;

  uint16_t port() const { return listener_ ? listener_->port() : 0; }  // of the web hook
  const Notifier& notifier() const { return notifier_; }

 private:
  void OnRequest(net::HttpRequest request, std::string_view peer, Respond respond) override;
  net::WebSocket::Handler OnWebSocket(const net::HttpRequest& request, std::string_view peer,
                                      std::shared_ptr<net::WebSocket> socket) override;
  template <class T, class Read>
  void Follow(const bus::Topic<T>& topic, Read read);
  void Take(const Message& message);
  void Pump();
  void Dispatch(Notifier::Send send);
  void Done(size_t channel, const Outcome& outcome);
  void EndDrain();

  const NotifyConfig config_;
  const std::string token_;
  base::Executor& executor_;
  const base::Clock& clock_;
  bus::Bus& bus_;
  net::Network& network_;
  telemetry::Log& log_;
  Notifier notifier_;
  TradingEvents events_;
  uint64_t stale_ = 0;
  base::TimerId timer_ = base::TimerId::kNone;
  base::TimerId drain_timer_ = base::TimerId::kNone;
  std::function<void()> drained_;
  telemetry::Metrics::Collector metrics_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<runtime::WorkerThread> mailer_;  // null: no channel mails
  std::unique_ptr<net::Listener> listener_;
  // Last members: no handler runs once they are gone.
  std::vector<std::unique_ptr<bus::Subscription>> subscriptions_;
};

// The files that a start reads, as BuildNotify does.
absl::Status CheckFiles(base::Files& files, NotifyConfig config);

// With its secrets read. FAILED_PRECONDITION and the like: a file that a channel names.
absl::StatusOr<std::unique_ptr<NotifyService>> BuildNotify(NotifyConfig config,
                                                           runtime::Deps& deps);

}  // namespace gannet::notify
