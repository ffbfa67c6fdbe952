// The core with its memory: every command is recorded before it is carried out,
// and nothing may be told to the outside before its record is durable. After a
// crash the newest snapshot and the commands after it give the same state, so an
// acknowledged order or a fill that was told is never lost.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/base/files.h"
#include "libs/journal/journal.h"
#include "services/venue-sim/command.h"
#include "services/venue-sim/venue_core.h"

namespace gannet::venue_sim {

struct ExchangeOptions {
  CoreOptions core;
  std::string dir;         // of the journal
  bool own_thread = true;  // of the journal's writer; false in simulation
  base::Duration snapshot_interval = std::chrono::minutes(2);
  uint64_t journal_bytes = 256u << 20;  // kept beyond what snapshots cover
};

class Exchange {
 public:
  // Recovers, or opens the venue for the first time. `events` is told of live
  // commands and of replayed ones alike; `on_failure` runs once when nothing can
  // be recorded any more: answer nothing and stop.
  static absl::StatusOr<std::unique_ptr<Exchange>> Open(
      base::Files& files, base::Executor& executor, const base::Clock& clock,
      ExchangeOptions options, VenueEvents& events, std::function<void(absl::Status)> on_failure);

  // Records and carries out. The answer must wait for WhenDurable.
  Answer<Placed> Place(AccountIndex account, PlaceRequest request);
  Answer<Canceled> Cancel(AccountIndex account, OrderRef order, std::string cancel_client_order_id);
  Answer<Canceled> Expire(AccountIndex account, OrderRef order);
  std::optional<ApiError> Lose(AccountIndex account, OrderRef order);
  std::vector<Canceled> CancelAll(AccountIndex account, SymbolIndex symbol);
  CancelReplaced CancelReplace(AccountIndex account, OrderRef order,
                               std::string cancel_client_order_id, bool stop_on_failure,
                               PlaceRequest request);
  Answer<Amended> Amend(AccountIndex account, OrderRef order, int64_t quantity,
                        std::string new_client_order_id);
  bool Deposit(AccountIndex account, const std::string& asset, Amount change);
  bool Restate(SymbolIndex symbol, const Restatement& restatement);
  UsdmReply Usdm(UsdmCommand command);
  void Tick();  // the agents' turn; now and then a snapshot

  // Runs `done` once everything recorded so far is durable. Never after a failure.
  void WhenDurable(std::function<void()> done);
  const VenueCore& core() const { return core_; }
  const UsdmMarket& usdm() const { return usdm_; }
  // From now on; what was replayed is not told again.
  void set_usdm_events(UsdmEvents* events) { usdm_.set_events(events); }
  base::Time now() const { return std::max(clock_.Now(), core_.now()); }
  bool failed() const { return failed_; }
  const std::string& recovery() const { return recovery_; }  // one line for the log

  // A last snapshot, and everything durable. No calls after it.
  absl::Status Close();

 private:
  Exchange(const base::Clock& clock, ExchangeOptions options, VenueEvents& events)
      : clock_(clock), options_(std::move(options)), core_(&events) {}
  absl::Status Recover(base::Files& files);
  // Records the command; the time it is carried out at.
  base::Time Record(const Command& command);
  absl::Status Snapshot();

  const base::Clock& clock_;
  const ExchangeOptions options_;
  VenueCore core_;
  UsdmMarket usdm_;
  std::unique_ptr<journal::Writer> journal_;
  base::Time last_snapshot_{};
  size_t snapshot_bytes_ = 0;  // of the newest one
  bool failed_ = false;
  std::string recovery_;
};

}  // namespace gannet::venue_sim
