#include "services/venue-sim/app.h"

#include <optional>
#include <utility>

#include "libs/base/status.h"
#include "services/venue-sim/fault_gate.h"
#include "services/venue-sim/keys.h"
#include "services/venue-sim/server.h"

namespace gannet::venue_sim {
namespace {

// The server pings a silent client after half of this: every 20 seconds.
constexpr base::Duration kSilence = std::chrono::seconds(40);

// The computer's clock, or one that is ahead of it.
class AheadClock : public base::Clock {
 public:
  AheadClock(const base::Clock& clock, base::Duration ahead) : clock_(clock), ahead_(ahead) {}
  base::Time Now() const override { return clock_.Now() + ahead_; }
  base::Duration Monotonic() const override { return clock_.Monotonic(); }

 private:
  const base::Clock& clock_;
  const base::Duration ahead_;
};

class VenueSimService : public runtime::Service {
 public:
  VenueSimService(const VenueSimConfig& config, runtime::Deps& deps, VenueSimHooks hooks)
      : config_(config),
        deps_(deps),
        clock_(deps.clock, config.clock_offset),
        hooks_(std::move(hooks)),
        log_(deps.log.For("venue-sim")) {}

  std::string_view name() const override { return "venue-sim"; }

  absl::Status Start() override {
    ServerOptions options = ToServerOptions(config_, deps_.data_dir);
    GANNET_ASSIGN_OR_RETURN(options.keys,
                            LoadOrCreateKeys(deps_.files, deps_.data_dir, config_.accounts));
    for (ApiKey& key : options.keys) {
      key.may_withdraw = config_.key_may_withdraw;
      key.ip_restricted = config_.key_ip_restricted;
      key.may_trade_futures = config_.key_may_trade_futures;
    }
    const base::Clock* clock = &clock_;
    if (!config_.faults_file.empty()) {
      GANNET_ASSIGN_OR_RETURN(FaultScript script,
                              LoadFaultScript(deps_.files, config_.faults_file));
      gate_.emplace(deps_.executor, clock_, options.keys.front());
      gate_->Observe([this](std::string_view fault) {
        log_.Info("fault", {{"kind", std::string(fault)}});
      });
      gate_->Begin(std::move(script));
      clock = &gate_->clock();
    }
    const ServerDeps server_deps{deps_.executor, *clock, deps_.files};
    GANNET_ASSIGN_OR_RETURN(server_,
                            VenueSimServer::Open(server_deps, std::move(options),
                                                 [this](absl::Status status) { Fail(status); }));
    log_.Info("venue_opened", {{"journal", server_->exchange().recovery()}});
    net::ListenOptions listen;
    listen.address = config_.address;
    listen.port = config_.port;
    listen.idle_timeout = kSilence;
    if (gate_) gate_->set_venue(server_.get());
    net::ServerHandler& handler = gate_ ? static_cast<net::ServerHandler&>(*gate_) : *server_;
    GANNET_ASSIGN_OR_RETURN(listener_, deps_.network.Listen(listen, handler));
    const std::string host = (config_.address == "::1" ? "[::1]" : config_.address) + ":" +
                             std::to_string(listener_->port());
    server_->set_public_url("http://" + host);
    server_->Start();
    log_.Info("listening", {{"address", host}});
    if (hooks_.on_ready) {
      hooks_.on_ready("ready http=http://" + host + " ws=ws://" + host + " ws-api=ws://" + host +
                      "/ws-api/v3 news=http://" + host + "/news/rss keys=" + deps_.data_dir);
    }
    return absl::OkStatus();
  }

  void Drain(std::function<void()> done) override {
    if (!server_) return done();
    server_->Stop([this, done = std::move(done)](absl::Status status) {
      if (!status.ok()) log_.Error("venue_not_saved", {{"error", status.ToString()}});
      const ServerStats& stats = server_->stats();
      log_.Info("venue_closed", {{"requests", stats.requests},
                                 {"sockets", stats.sockets},
                                 {"messages", stats.messages_sent}});
      done();
    });
  }

  runtime::Health health() const override {
    if (!failure_.ok()) {
      return {runtime::HealthState::kNotServing,
              {"its journal cannot be written: " + std::string(failure_.message())}};
    }
    return {listener_ ? runtime::HealthState::kServing : runtime::HealthState::kNotServing, {}};
  }

 private:
  void Fail(const absl::Status& status) {
    failure_ = status;
    log_.Error("venue_journal_failed", {{"error", status.ToString()}});
    if (hooks_.on_failure) hooks_.on_failure(status);
  }

  const VenueSimConfig config_;
  runtime::Deps& deps_;
  const AheadClock clock_;
  const VenueSimHooks hooks_;
  telemetry::Log log_;
  absl::Status failure_;
  std::optional<FaultGate> gate_;  // before the server that tells its time by it
  std::unique_ptr<VenueSimServer> server_;
  std::unique_ptr<net::Listener> listener_;  // before the server it serves
};

}  // namespace

std::unique_ptr<runtime::Service> BuildVenueSim(const VenueSimConfig& config, runtime::Deps& deps,
                                                VenueSimHooks hooks) {
  return std::make_unique<VenueSimService>(config, deps, std::move(hooks));
}

}  // namespace gannet::venue_sim
