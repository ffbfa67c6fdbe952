// Who is needed by orders and has been heard of lately, and how models fare: what decides
// whether the gate is open (docs/adr/0016-heartbeats.md).
//
// A needed service is open while one of its processes was heard of within `lost_after` and
// is not stopping. What is closed by silence opens by itself; a service that was lost too
// often, and a model that failed too often, take a person. Heartbeats are inputs and are
// not recovered: after a start everything waits for the first ones. Closed and open are
// facts (risk.state.v1, scopes `service` and `model`). Of strategy each lost process is one
// too, while others are heard: what it left open has nobody who looks after it.
//
// As in RiskEngine: Decide… are const and return facts, Apply takes facts back, On…
// members take what is neither recorded nor recovered. Owned by RiskEngine; one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/market/account.h"
#include "libs/market/heartbeat.h"
#include "libs/wire/canonical.h"
#include "services/risk/limits.h"
#include "services/risk/rate_window.h"

namespace gannet::risk {

// Of the limits file, `heartbeats` and `models`.
struct WatchSettings {
  base::Duration lost_after = std::chrono::seconds(15);
  // Services, by name: what all orders need, those that rest on a model, those that rest on
  // news, those of a strategy.
  std::vector<std::string> all{"execution", "ingest"};
  std::vector<std::string> models{"ml-inference"};
  std::vector<std::string> news{"news-signal"};
  std::map<std::string, std::vector<std::string>> strategies;
  bool cancel_on_loss = true;        // of strategy: execution withdraws what its programs left open
  std::optional<RateLimit> breaker;  // losses of one service; then a person resumes it
  // Of a model.
  RateLimit failures{20, std::chrono::seconds(60)};       // scores; then a person resumes it
  base::Duration stale_after = std::chrono::seconds(60);  // without a score
  bool allow_drifted = false;
  bool operator==(const WatchSettings&) const = default;
};

inline constexpr size_t kMaxWatched = 64;  // processes of one service, models
// A lost process, while others of its service are heard: then it is taken for replaced.
inline constexpr base::Duration kLostNamedFor = std::chrono::hours(1);

class ServiceWatch {
 public:
  // Off: nobody beats, nothing is waited for.
  ServiceWatch(bool on, const WatchSettings& settings);

  struct Process {
    base::Time started;
    uint64_t sequence = 0;
    base::Time seen;  // engine time of its newest heartbeat
    market::ServiceState state = market::ServiceState::kReady;
    std::vector<market::ModelHealth> models;
  };
  struct Service {
    // durable
    market::TradingState state = market::TradingState::kActive;
    std::string reason;
    // heard, not recovered
    std::map<std::string, Process> processes;  // by shard
    base::Time seen;                           // newest of all; 0: not since the start
    bool lost = false;
    RateWindow losses;
    // Only orders that rest on a model or on news need it: a platform may run without.
    bool may_be_absent = true;

    bool heard() const { return seen != base::Time(); }
    bool open() const { return heard() && state == market::TradingState::kActive; }
    // Closed, and somebody should know.
    bool missed() const { return !open() && (heard() || !may_be_absent || !reason.empty()); }
  };
  struct Model {
    // durable
    market::TradingState state = market::TradingState::kActive;
    std::string reason;
    // heard, not recovered
    RateWindow failures;
    uint64_t failed = 0;
    base::Time newest;  // of its scores; 0: none yet
    market::DriftState drift = market::DriftState::kUnknown;
    base::Time listed;  // when a service last named it
  };
  using Services = std::map<std::string, Service>;
  using Models = std::map<std::string, Model, std::less<>>;

  // --- what the gate asks; `detail` may be null ---
  // Nothing may pass.
  bool Closed(std::string* detail) const;
  // An order that opens something may not, for what it rests on: a model, news, what its
  // strategy needs.
  bool LacksService(const market::OrderIntent& intent, std::string* detail) const;
  // The same for the model itself.
  bool LacksModel(const market::OrderIntent& intent, base::Time now, std::string* detail) const;
  // Any of these, whether or not it only reduces.
  bool Refuses(const market::OrderIntent& intent, base::Time now) const {
    if (!on_) return false;
    return !all_open_ || LacksService(intent, nullptr) || LacksModel(intent, now, nullptr);
  }

  // --- heard ---
  void OnHeartbeat(const market::Heartbeat& beat, base::Time now);
  void OnTimer(base::Time now);
  void OnStart(base::Time now) { started_ = now; }

  // --- facts ---
  // What has changed by what was heard, or not heard.
  std::vector<market::RiskState> Decide(base::Time now) const;
  // Of scopes `model` and `service`.
  absl::StatusOr<std::optional<market::RiskState>> DecideCommand(const market::Command& command,
                                                                 base::Time now) const;
  void Apply(const market::RiskState& state);

  bool on() const { return on_; }
  base::Time started() const { return started_; }
  const WatchSettings& settings() const { return settings_; }
  const Services& services() const { return services_; }  // the needed ones
  const Models& models() const { return models_; }
  // For people: what is closed, and what helps.
  std::vector<std::string> Problems(base::Time now) const;
  // Lost processes of strategy, by the name of their scope.
  const std::map<std::string, market::RiskState>& lost() const { return lost_; }
  uint64_t refused() const { return refused_; }  // heartbeats: kMaxWatched reached

  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);

 private:
  bool Alive(const Service& service, base::Time now) const;
  static bool Stopped(const Service& service);  // each of its processes said that it stops
  void DecideProcesses(base::Time now, std::vector<market::RiskState>& states) const;
  void ApplyProcess(const market::RiskState& state, std::string_view shard);
  std::string WhyClosed(const std::string& name, const Service& service) const;
  bool AllOpen(const std::vector<std::string>& names, std::string* detail) const;
  void CountModels(const Process& before, const Process& after, base::Time now);
  Model* FindModel(const std::string& name);
  void Look();

  const bool on_;
  const WatchSettings settings_;
  Services services_;
  Models models_;
  std::map<std::string, market::RiskState> lost_;  // durable, at most kMaxWatched
  // Of settings_.all, .models and .news, kept up to date.
  bool all_open_ = true, models_open_ = true, news_open_ = true;
  base::Time started_{};
  uint64_t refused_ = 0;
};

}  // namespace gannet::risk
