// The gate: answers every order intent with a verdict, reserves the worst case of
// what it permits, and keeps trading states and the kill switch.
//
// Pure and integers only. Decide… members are const and return facts; Apply
// members take facts back, live as in recovery, and decide nothing. Market data
// enters by On… members: it is neither recorded nor recovered, so after a start
// every order is refused until prices have come again.
//
// One thread. Nothing here fails on what comes from outside: what makes no sense
// is a verdict with a reason, or counted.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/heartbeat.h"
#include "libs/market/limits.h"
#include "libs/market/market_data.h"
#include "libs/market/order.h"
#include "libs/wire/canonical.h"
#include "libs/wire/codec.h"
#include "services/risk/config.h"
#include "services/risk/controls.h"
#include "services/risk/exposure_book.h"
#include "services/risk/limits.h"
#include "services/risk/service_watch.h"

namespace gannet::risk {

struct RiskSettings {
  GateSettings gate;
  uint64_t epoch = 1;  // of the lease; in every verdict
  // Execution must have journaled a permitted order within this.
  base::Duration verdict_lifetime{std::chrono::seconds(2)};
  // New highest results are recorded at most this often (for control 13 after a
  // restart); a fall from one that was not recorded is forgotten by a crash.
  base::Duration peak_interval{std::chrono::seconds(10)};
  bool four_eyes = true;    // who approves limits is not who proposed them
  bool heartbeats = false;  // services are heard; false: none is waited for
  WatchSettings watch;
};

inline constexpr std::string_view kEngineName = "risk";
inline constexpr base::Duration kTimerInterval = std::chrono::seconds(1);

// What the venue or people do to an account without an order of ours, seldom and to be
// looked at at once.
inline constexpr std::array kAlarmingEvents = {
    market::AccountEventKind::kLiquidation, market::AccountEventKind::kAdl,
    market::AccountEventKind::kSettlement, market::AccountEventKind::kAdjustment};

class RiskEngine {
 public:
  // `limits` are in force until others are approved; `text` is their file.
  RiskEngine(RiskSettings settings, const LimitSet& limits, std::string text = "");

  struct Facts {
    std::vector<market::LimitEvent> limits;
    std::vector<market::RiskState> states;
    std::vector<wire::EngineNote> notes;
  };

  // --- decisions -----------------------------------------------------------
  // Of an intent already applied. kCancel needs no verdict and must not come.
  market::RiskDecision Decide(const market::OrderIntent& intent, base::Time now) const;
  // Makes the rows that a verdict on an intent looks up, as applying it does; nothing
  // else changes.
  void Prepare(const market::OrderIntent& intent) { LeafOf(intent); }
  // Each control that refuses an order now, in order of precedence; none: it is permitted. Nothing
  // is reserved or recorded. A sequence, attempt and name that it lacks are those of the next order
  // of its row.
  struct Refusal {
    const Control* control;
    Finding finding;
  };
  std::vector<Refusal> Check(market::OrderIntent intent, base::Time now);
  // The definition to record when it is new; FAILED_PRECONDITION when it cannot
  // be traded on.
  absl::StatusOr<Facts> DecideInstrument(const market::Instrument& instrument) const;
  // FAILED_PRECONDITION, and no facts, for a command that may not act: loosening
  // without a person and a reason, an unknown kind.
  absl::StatusOr<Facts> DecideCommand(const market::Command& command, base::Time now) const;
  // What a person wants of the limits: to propose other ones, to approve or reject those
  // proposed. Refused with why; repeating what was done is no error and no fact.
  struct LimitAnswer {
    Facts facts;
    uint64_t proposal = 0;
    std::string detail;  // for people
  };
  absl::StatusOr<LimitAnswer> DecideLimits(const market::Command& command) const;
  // At a start, and when limits have changed: says epoch and limit version; at a start also which
  // scopes and models are restricted.
  Facts DecideStart() const;
  // Every kTimerInterval, after OnTimer: the new day, of each scope once its result is known,
  // loss limits, peaks, silent services.
  Facts DecideTimer(base::Time now) const;
  // After OnHeartbeat.
  Facts DecideHeartbeat(base::Time now) const;

  // --- facts ---------------------------------------------------------------
  void Apply(const market::Event<market::OrderIntent>& event);
  void Apply(const market::Event<market::RiskDecision>& event);
  void Apply(const market::Event<market::ParentOrder>& event);
  void Apply(const market::Event<market::ExecReport>& event);
  void Apply(const market::Event<market::BalanceUpdate>& event);
  void Apply(const market::Event<market::PositionUpdate>& event);
  void Apply(const market::Event<market::AccountEvent>& event);
  void Apply(const market::Event<market::Command>& event);  // that a person was there
  void Apply(const market::Event<market::RiskState>& event);
  void Apply(const market::Event<market::LimitEvent>& event);
  void Apply(const market::Event<wire::EngineNote>& event);  // of other engines: ignored

  // --- market data -----------------------------------------------------------
  void OnQuote(const market::Quote& quote, base::Time received) { book_.SetQuote(quote, received); }
  void OnBook(const market::BookUpdate& update, base::Time received) {
    book_.SetBook(update, received);
  }
  void OnMarketStatus(const market::MarketStatus& status) { book_.SetStatus(status); }
  void OnTimer(base::Time now) {
    book_.AwaitQuotes(now);
    book_.Observe();
    watch_.OnTimer(now);
  }
  // --- heard, as market data is -----------------------------------------------
  void OnStart(base::Time now) { watch_.OnStart(now); }
  void OnHeartbeat(const market::Heartbeat& beat, base::Time now) { watch_.OnHeartbeat(beat, now); }

  // What loss and fall of these scopes count from, as it is recorded. `begins`: it begins the
  // day of all others, which stay as they are.
  static wire::EngineNote MarksNote(base::Time now,
                                    const std::vector<std::pair<market::Scope, Marks>>& marks,
                                    bool begins = false);

  // Intents without a verdict, oldest first: open work after recovery.
  struct PendingIntent {
    market::OrderIntent intent;
    market::Header header;
  };
  std::vector<PendingIntent> pending() const {
    return {pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(pending_count_)};
  }

  void Save(wire::CanonicalWriter& out) const;
  absl::Status Load(wire::CanonicalReader& in);
  // Of the watch, apart: snapshots of earlier builds lack it.
  void SaveWatch(wire::CanonicalWriter& out) const { watch_.Save(out); }
  absl::Status LoadWatch(wire::CanonicalReader& in) { return watch_.Load(in); }

  struct Stats {
    uint64_t permitted = 0, rejected = 0, cancels = 0, commands_refused = 0;
    std::map<market::RejectReason, uint64_t> by_reason;
    std::map<market::AccountEventKind, uint64_t> account_events;
  };
  const Stats& stats() const { return stats_; }
  const ExposureBook& book() const { return book_; }
  const ServiceWatch& watch() const { return watch_; }
  const LimitSet& limits() const { return limits_; }
  const std::string& limits_file() const { return limits_text_; }  // of those in force
  const market::LimitRecord& limit_record() const { return record_; }
  // Why the program's own limits file is not what holds; empty: it is.
  std::string LimitsFileIgnored() const;
  const RiskSettings& settings() const { return settings_; }
  // As it stands, without a person: what a decision to restrict a scope begins with.
  market::RiskState StateOf(const ScopeRow& row) const;

 private:
  // limit_desk.cc
  absl::StatusOr<LimitAnswer> Propose(const market::Command& command) const;
  absl::StatusOr<LimitAnswer> Settle(const market::Command& command) const;
  absl::StatusOr<RiskConfig> ReadLimits(const std::string& text, bool new_names) const;
  std::string RefuseName(market::ScopeKind kind, const std::string& name) const;
  void Adopt(const std::string& text);
  // As it was told; another than that of `limits_` only while those cannot be read.
  uint64_t VersionInForce() const {
    return record_.in_force() ? record_.version() : limits_.version;
  }
  void SaveLimits(wire::CanonicalWriter& out) const;
  absl::Status LoadLimits(wire::CanonicalReader& in);

  Index LeafOf(const market::OrderIntent& intent);
  void AppendLossStates(const std::vector<const ScopeRow*>& scopes, int64_t today,
                        Facts& facts) const;
  market::RiskState Stated(market::RiskState state) const;  // with limits and epoch
  void ApplyMarks(const std::string& body, bool with_days);
  std::vector<const ScopeRow*> SortedScopes() const;

  RiskSettings settings_;
  const RiskSettings configured_settings_;
  const LimitSet configured_;  // what the program was started with
  LimitSet limits_;            // in force
  std::string limits_text_;
  bool approved_ = false;         // they are what people approved
  std::string approved_problem_;  // why those could not be read; empty: they could
  market::LimitRecord record_;
  ExposureBook book_;
  ServiceWatch watch_;
  // Slots are used again, so that the steady state allocates nothing.
  std::vector<PendingIntent> pending_;
  size_t pending_count_ = 0;
  base::Time marked_{};                            // when baselines were last recorded
  uint64_t stated_epoch_ = 0, stated_limits_ = 0;  // of the newest firm state
  Stats stats_;
  uint32_t checked_rows_ = 0;  // made for Check
};

}  // namespace gannet::risk
