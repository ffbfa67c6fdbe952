// Folds what happened into what reporting keeps: execution reports into fills,
// orders, positions with lots, and P&L; account events into what moved the account
// beside them; signals, predictions, verdicts, trading states and balances into what
// a report says about them.
//
// Pure; one thread. Applying the same event twice changes nothing (a high-water
// mark for each stream, topic and partition). A report of an instrument that is not defined
// yet, or not in that version, is held back, and so is the mark that is written. Each
// number is read at the scales of the version that it speaks of.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/bus/account_topic.h"
#include "libs/bus/bus.h"
#include "libs/bus/topics.h"
#include "libs/market/account.h"
#include "libs/market/account_event.h"
#include "libs/market/instrument.h"
#include "libs/market/limits.h"
#include "libs/market/market_data.h"
#include "libs/market/news.h"
#include "libs/market/order.h"
#include "libs/market/position.h"
#include "libs/market/prediction.h"
#include "libs/store/store.h"
#include "services/reporting/definitions.h"
#include "services/reporting/marks.h"
#include "services/reporting/outcomes.h"

namespace gannet::reporting {

// Held back while their instrument is not defined; more stay in the journal only.
inline constexpr size_t kMaxHeldReports = 200'000;
// Balances that go on changing are written so often, and at the end of each hour.
inline constexpr base::Duration kBalanceEvery = std::chrono::minutes(2);
// Or sooner, when so many have come: the bus holds them back until they are written.
inline constexpr size_t kMostBalances = 1'000;

class ReportingEngine {
 public:
  struct Stats {
    uint64_t reports = 0, repeated = 0, fills = 0;
    uint64_t unbooked_fills = 0;  // an amount out of range: kept in the store, not in P&L
    uint64_t refused_held = 0;    // no room to hold them: the next start reads them again
  };

  explicit ReportingEngine(size_t max_held = kMaxHeldReports) : max_held_(max_held) {}
  ReportingEngine(const ReportingEngine&) = delete;
  ReportingEngine& operator=(const ReportingEngine&) = delete;

  // What the store has: fills in order of time.
  struct Stored {
    std::vector<store::FillRow> fills;
    std::vector<store::OrderRow> orders;
    std::vector<store::InstrumentRow> instruments;
    std::map<uint64_t, uint64_t> high_water;
  };
  // Before any event.
  void Restore(const Stored& stored);

  void OnInstrument(const market::Instrument& instrument);
  void OnQuote(const market::Event<market::Quote>& event);
  void OnStatus(const market::MarketStatus& status) { marks_.OnStatus(status); }
  void OnReport(const market::Event<market::ExecReport>& event);
  void OnSignal(const market::Event<market::NewsSignal>& event);
  void OnPrediction(const market::Event<market::Prediction>& event);
  void OnDecision(const market::Event<market::RiskDecision>& event);
  void OnRiskState(const market::Event<market::RiskState>& event);
  void OnBalance(const market::Event<market::BalanceUpdate>& event);
  void OnAccountEvent(const market::Event<market::AccountEvent>& event);
  void OnLimits(const market::Event<market::LimitEvent>& event);
  void OnReportRun(store::ReportRunRow run) { added_.report_runs.push_back(std::move(run)); }

  // Facts from before `time` are in no record any more and never came here: the store keeps
  // it (books.h), and every report says so.
  void OnLost(base::Time time);

  // Every fact of the journal `run` before this record has been handed over. The next
  // batch that leaves nothing of them behind carries it as the mark of stream `run`.
  void OnFolded(uint64_t run, uint64_t position) { folded_ = {run, position}; }

  // kEquity adds a row of result and of exposure for every account and quote asset
  // whose fills are all booked; kClosing also every balance that has changed.
  enum class Sample : uint8_t { kNone, kEquity, kClosing };
  // What changed since the last call, ready for one transaction.
  store::Batch TakeChanges(base::Time now, Sample sample = Sample::kNone);
  // A batch that was taken and could not be written: everything in it counts as
  // changed again.
  void GiveBack(const store::Batch& batch);

  const Stats& stats() const { return stats_; }
  const OutcomeTracker::Stats& outcome_stats() const { return outcomes_.stats(); }
  uint64_t high_water(uint64_t stream) const;
  // Of reports and account events.
  size_t held_reports() const { return held_.size() + held_bookings_.size(); }
  // Everything that came has had its effect, but for balances that wait to be written.
  bool caught_up() const { return held_reports() == 0 && refused_.empty(); }
  // None waits: each is in a batch that was taken.
  bool balances_taken() const;

 private:
  // Topics with marks of their own beside those of execution reports.
  enum class Fold : uint64_t {
    kReports = 0,
    kSignals,
    kPredictions,
    kDecisions,
    kRiskStates,
    kBookings
  };
  using AccountAsset = std::pair<market::AccountId, market::AssetId>;
  using BalanceKey = std::tuple<market::AccountId, std::string, market::AssetId>;
  using DecisionKey =
      std::tuple<base::Time, market::AccountId, market::StrategyId, market::RejectReason>;
  struct KnownBalance {
    store::BalanceRow row;
    bool changed = false, written = false;
    bool begun = false;  // the first that was heard is in a batch
  };

  // One stream carries several topics, each in several partitions, and only a partition
  // is in order: its mark goes by the stream's number mixed with topic and partition.
  static uint64_t MarkOf(uint64_t stream, Fold fold, uint32_t partition);
  template <class T>
  static uint64_t MarkOf(const bus::Topic<T>& topic, Fold fold, const market::Event<T>& event) {
    return MarkOf(event.header.id.stream, fold,
                  bus::PartitionOf(topic.info, &event, topic.info.partitions));
  }
  // False when the event has been applied before.
  template <class T>
  bool IsNew(const bus::Topic<T>& topic, Fold fold, const market::Event<T>& event) {
    return IsNew(MarkOf(topic, fold, event), event.header.id.sequence);
  }
  bool IsNew(uint64_t mark, uint64_t sequence);
  // The lowest of the partitions that have a mark; 0: none has.
  uint64_t LowestMark(const bus::TopicInfo& topic, Fold fold, uint64_t stream) const;
  template <class T>
  void Hold(const bus::Topic<T>& topic, Fold fold, const market::Event<T>& event,
            std::deque<market::Event<T>>& held) {
    if (held_reports() < max_held_) return held.push_back(event);
    ++stats_.refused_held;
    refused_.emplace(MarkOf(topic, fold, event), event.header.id.sequence);
  }
  void Apply(const market::Event<market::ExecReport>& event);
  void Apply(const market::Event<market::AccountEvent>& event);
  void Book(store::FillRow row, const market::Fill& fill, const Scales::Entry& scales);
  // Takes up what was held back for this instrument and can be read now.
  template <class T>
  void TakeUp(const bus::Topic<T>& topic, Fold fold, const market::InstrumentId& instrument,
              std::deque<market::Event<T>>& held);
  void BookFill(const market::Event<market::ExecReport>& event, const Scales::Entry& scales);
  Scales::Entry WrittenAt(const market::ExecReport& report) const;
  bool BookRow(const store::FillRow& row);
  store::PositionRow RowOf(const market::PositionKey& key, base::Time now) const;
  void SampleEquity(base::Time now, store::Batch& batch) const;
  void SampleExposure(base::Time now, store::Batch& batch) const;
  void SampleMarks(base::Time now, store::Batch& batch) const;
  std::set<market::AccountId> AccountsWithWaitingFills() const;
  void TakeBalances(base::Time now, Sample sample, store::Batch& batch);
  std::map<uint64_t, uint64_t> TakeMarks();
  const market::Instrument* Definition(const market::InstrumentId& id) const {
    return instruments_.Find(id);
  }

  // What `version` of an instrument can be read with; null: it is not defined yet.
  const Scales::Entry* ScalesOf(const market::InstrumentId& id, uint32_t version) const {
    return Definition(id) == nullptr ? nullptr : scales_.Find(id, version);
  }

  // Newest versions, with the digits of any version, so that the numbers of every version have
  // their place there.
  market::Instruments instruments_;
  Scales scales_;
  Marks marks_;
  OutcomeTracker outcomes_{marks_, instruments_};
  market::Positions positions_;
  // Stored fills of instruments that were never defined.
  std::map<market::InstrumentId, std::vector<store::FillRow>> waiting_;
  std::set<market::EventId> stored_fills_;  // above the mark: the next start brings them again
  std::deque<market::Event<market::ExecReport>> held_;
  std::deque<market::Event<market::AccountEvent>> held_bookings_;
  const size_t max_held_;
  std::map<uint64_t, uint64_t> refused_;  // mark → the first that could not be held
  std::map<market::ClientOrderId, store::OrderRow> orders_;  // not terminal, or changed
  std::map<BalanceKey, KnownBalance> balances_;
  base::Time balances_written_{};
  size_t balances_heard_ = 0;  // since
  std::optional<std::pair<uint64_t, uint64_t>> folded_;
  std::map<uint64_t, uint64_t> high_water_;

  // Rows that are only ever added: fills, signals, risk events, limits, runs of reports
  // and what a failed write gave back.
  store::Batch added_;
  std::map<DecisionKey, int64_t> decisions_;
  std::set<market::ClientOrderId> changed_orders_;
  std::set<market::PositionKey> changed_positions_;
  std::set<market::InstrumentId> changed_instruments_;
  std::set<uint64_t> changed_marks_;
  Stats stats_;
};

}  // namespace gannet::reporting
