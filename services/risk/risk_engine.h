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

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/market/account.h"
#include "libs/market/header.h"
#include "libs/market/market_data.h"
#include "libs/market/order.h"
#include "libs/wire/canonical.h"
#include "libs/wire/codec.h"
#include "services/risk/controls.h"
#include "services/risk/exposure_book.h"
#include "services/risk/limits.h"

namespace gannet::risk {

struct RiskSettings {
  GateSettings gate;
  uint64_t epoch = 1;  // of the lease; in every verdict
  // Execution must have journaled a permitted order within this.
  base::Duration verdict_lifetime{std::chrono::seconds(2)};
  // New highest results are recorded at most this often (for control 13 after a
  // restart); a fall from one that was not recorded is forgotten by a crash.
  base::Duration peak_interval{std::chrono::seconds(10)};
};

inline constexpr std::string_view kEngineName = "risk";
inline constexpr base::Duration kTimerInterval = std::chrono::seconds(1);

class RiskEngine {
 public:
  RiskEngine(RiskSettings settings, const LimitSet& limits);

  struct Facts {
    std::vector<market::RiskState> states;
    std::vector<wire::EngineNote> notes;
  };

  // --- decisions -----------------------------------------------------------
  // Of an intent already applied. kCancel needs no verdict and must not come.
  market::RiskDecision Decide(const market::OrderIntent& intent, base::Time now) const;
  // The definition to record when it is new; FAILED_PRECONDITION when it cannot
  // be traded on.
  absl::StatusOr<Facts> DecideInstrument(const market::Instrument& instrument) const;
  // FAILED_PRECONDITION, and no facts, for a command that may not act: loosening
  // without a person and a reason, an unknown kind.
  absl::StatusOr<Facts> DecideCommand(const market::Command& command, base::Time now) const;
  // At a start: says epoch and limit version.
  Facts DecideStart() const;
  // Every kTimerInterval, after OnTimer: the new day, loss limits, peaks.
  Facts DecideTimer(base::Time now) const;

  // --- facts ---------------------------------------------------------------
  void Apply(const market::Event<market::OrderIntent>& event);
  void Apply(const market::Event<market::RiskDecision>& event);
  void Apply(const market::Event<market::ExecReport>& event);
  void Apply(const market::Event<market::BalanceUpdate>& event);
  void Apply(const market::Event<market::RiskState>& event);
  void Apply(const market::Event<wire::EngineNote>& event);  // of other engines: ignored

  // --- market data -----------------------------------------------------------
  void OnQuote(const market::Quote& quote, base::Time received) { book_.SetQuote(quote, received); }
  void OnBook(const market::BookUpdate& update, base::Time received) {
    book_.SetBook(update, received);
  }
  void OnMarketStatus(const market::MarketStatus& status) { book_.SetStatus(status); }
  void OnTimer() { book_.Observe(); }

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

  struct Stats {
    uint64_t permitted = 0, rejected = 0, cancels = 0, commands_refused = 0;
    std::map<market::RejectReason, uint64_t> by_reason;
  };
  const Stats& stats() const { return stats_; }
  const ExposureBook& book() const { return book_; }
  const LimitSet& limits() const { return limits_; }
  const RiskSettings& settings() const { return settings_; }

 private:
  Index LeafOf(const market::OrderIntent& intent);
  market::RiskState StateOf(const ScopeRow& row) const;
  void AppendLossStates(Facts& facts) const;
  // The baseline of these scopes, recorded as of `day`.
  wire::EngineNote MarksNote(
      base::Time now,
      const std::vector<std::pair<market::Scope, std::pair<Value, Value>>>& marks) const;
  void ApplyMarks(const std::string& body);
  std::vector<const ScopeRow*> SortedScopes() const;

  const RiskSettings settings_;
  const LimitSet limits_;
  ExposureBook book_;
  // Slots are used again, so that the steady state allocates nothing.
  std::vector<PendingIntent> pending_;
  size_t pending_count_ = 0;
  int64_t day_ = -1;                               // of the baselines, days since 1970-01-01
  base::Time marked_{};                            // when they were last recorded
  uint64_t stated_epoch_ = 0, stated_limits_ = 0;  // of the newest firm state
  Stats stats_;
};

}  // namespace gannet::risk
