// Serves the page, the REST API under /api/v1 and the live stream. The table of
// paths, with who may use them: routes.cc and /api/v1/openapi.json.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/bus/bus.h"
#include "libs/net/certificate.h"
#include "libs/net/network.h"
#include "libs/net/redis.h"
#include "libs/runtime/service.h"
#include "services/gateway/action_desk.h"
#include "services/gateway/chart_data.h"
#include "services/gateway/config.h"
#include "services/gateway/http_gate.h"
#include "services/gateway/live_stream.h"
#include "services/gateway/view.h"

namespace gannet::gateway {

// A report that somebody asks for; empty times: the maker's own choice.
struct ReportAsk {
  std::string format, account, from, to, returns;
};

// What the process knows and the bus does not tell.
struct GatewayParts {
  using HealthSource = std::function<runtime::Health()>;
  HealthSource platform_health;                   // of all services hosted here
  std::function<Commands*()> commands = nullptr;  // null, or answers null: none are taken
  std::string mode;                               // for people: "paper on venue-sim"
  std::string build_id;
  // The password of the first user, once, at the very first start.
  std::function<void(const std::string& user, const std::string& password)> first_password;
  // What the engines of this process hold; null: they run in others, and the bus keeps it.
  std::function<market::Standing()> standing = nullptr;
  // What the portfolio could lose, as JSON; null: risk runs in another process.
  std::function<std::string()> portfolio_risk = nullptr;
  // One file, made on the thread of `reports`. Null: this process makes no reports.
  std::function<absl::StatusOr<std::string>(const ReportAsk&)> make_report = nullptr;
  // A thread for what may take minutes: signing in does not wait for it. Null: the background's.
  base::Executor* reports = nullptr;
  // Where sessions and rates are kept; null: in memory.
  std::unique_ptr<net::Redis> redis = nullptr;
};

class GatewayService : public runtime::Service, private net::ServerHandler {
 public:
  using HealthSource = GatewayParts::HealthSource;
  static constexpr size_t kMaxBodyBytes = 64u << 10;
  static constexpr size_t kKeptProfit = 3'600;   // samples, one a second
  static constexpr size_t kStreamedAudit = 300;  // entries that a viewer begins with

  GatewayService(GatewayConfig config, runtime::Deps& deps, GatewayParts parts);

  std::string_view name() const override { return "gateway"; }
  absl::Status Start() override;
  void Drain(std::function<void()> done) override;
  runtime::Health health() const override;

  const View& view() const { return view_; }
  uint16_t port() const { return listener_ != nullptr ? listener_->port() : 0; }
  std::string url() const;
  bool has_page() const;

 private:
  void OnRequest(net::HttpRequest request, std::string_view peer, Respond respond) override;
  net::WebSocket::Handler OnWebSocket(const net::HttpRequest& request, std::string_view peer,
                                      std::shared_ptr<net::WebSocket> socket) override;
  void Carry(const Admitted& request, std::string_view peer, const Respond& respond);
  net::HttpResponse Answer(const Admitted& request);
  void Consent(const Admitted& request, const Respond& respond);
  void AwaitConsent(const Admitted& request, const Respond& respond, base::Duration deadline);
  net::HttpResponse Readiness(bool signed_in) const;
  net::HttpResponse Candles(const Admitted& request) const;
  std::string LimitsJson() const;
  std::string AboutJson() const;
  std::string ProfitJson() const;
  std::string PlatformJson() const;
  void ReadModels(const Respond& respond);
  void MakeReport(const Admitted& request, const Respond& respond);
  void ReadBacktests(const Admitted& request, const Respond& respond);
  struct Guest;
  void Seat(Guest& guest, const Watcher& watcher);
  void Welcome(Guest& guest);
  void AddTables();
  void TellAudit();
  void LookAtBacktests();
  void LookAtUnread();
  void WatchCertificate(net::CertificateUser& user);
  void Tick();
  void EndStreams();
  void Sample(base::Time now);
  template <class T>
  void Watch(const bus::Topic<T>& topic);

  const GatewayConfig config_;
  base::Executor& executor_;
  base::Executor& background_;
  const base::Clock& clock_;
  base::Files& files_;
  net::Network& network_;
  bus::Bus& bus_;
  telemetry::Log log_;
  const GatewayParts parts_;
  View view_;
  ChartData charts_;
  LiveStream stream_;
  HttpGate gate_;  // uses parts_.redis
  telemetry::Metrics* const metrics_;
  telemetry::Metrics::Collector collector_;
  std::unique_ptr<ActionDesk> desk_;
  Commands* commands_ = nullptr;
  const command::AuditRecord* audit_ = nullptr;  // null: not kept here
  uint64_t audit_told_ = 0;
  const std::string backtests_folder_;
  std::map<std::string, std::string> backtests_;  // rows as they were seen last
  bool looking_at_backtests_ = false;
  base::Time started_{};
  base::Duration next_sample_{0}, next_check_{0};
  struct ProfitSample {
    base::Time time;
    std::map<std::string, View::Profit> by_asset;
  };
  bool making_report_ = false;       // one at a time
  std::deque<ProfitSample> profit_;  // oldest first
  base::TimerId timer_ = base::TimerId::kNone;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<net::CertificateWatch> certificate_;  // null: no TLS
  // Of subscriptions_ those that lose nothing and have not come to the end of their topic yet.
  std::set<size_t> unread_;
  uint64_t left_to_read_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::vector<std::unique_ptr<bus::Subscription>>
      subscriptions_;  // last: no handler runs once they are gone
};

}  // namespace gannet::gateway
