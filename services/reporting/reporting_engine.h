// Folds execution reports into fills, orders, positions with lots, and P&L.
// Pure; one thread. Applying the same report twice changes nothing (high-water
// mark a stream).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/market/instrument.h"
#include "libs/market/market_data.h"
#include "libs/market/order.h"
#include "libs/market/position.h"
#include "libs/store/store.h"

namespace gannet::reporting {

class ReportingEngine {
 public:
  struct Stats {
    uint64_t reports = 0, repeated = 0, fills = 0;
    uint64_t unbooked_fills =
        0;  // instrument not known, or an amount out of range: kept in the store, not in P&L
  };

  // State from the store: fills in order of time. Before any report.
  absl::Status Restore(const std::vector<store::FillRow>& fills,
                       const std::vector<store::OrderRow>& orders,
                       const std::map<uint64_t, uint64_t>& high_water);

  void OnInstrument(const market::Instrument& instrument);
  void OnQuote(const market::Quote& quote);
  void OnReport(const market::Event<market::ExecReport>& report);

  // What changed since the last call, ready for one transaction. Positions are
  // marked at the mid of the last quote, or at their own average price without one.
  store::Batch TakeChanges(base::Time now);
  // The same with an equity row for every account and asset.
  store::Batch TakeChangesWithEquity(base::Time now);
  // A batch that was taken and could not be written: everything in it counts as
  // changed again.
  void GiveBack(const store::Batch& batch);

  const Stats& stats() const { return stats_; }
  uint64_t high_water(uint64_t stream) const;

 private:
  void BookFill(const market::Event<market::ExecReport>& event);
  store::PositionRow RowOf(const market::PositionKey& key, base::Time now) const;
  void ReplayFill(const store::FillRow& row);
  const market::Instrument* Definition(const market::InstrumentId& id) const {
    return instruments_.Find(id);
  }

  market::Instruments instruments_;
  std::map<market::InstrumentId, market::Price> marks_;  // mids
  market::Positions positions_;
  // Stored fills of instruments that were not known yet when they were restored.
  std::map<market::InstrumentId, std::vector<store::FillRow>> waiting_;
  std::map<market::ClientOrderId, store::OrderRow> orders_;  // not terminal, or changed
  std::map<uint64_t, uint64_t> high_water_;

  std::vector<store::FillRow> new_fills_;
  std::set<market::ClientOrderId> changed_orders_;
  std::set<market::PositionKey> changed_positions_;
  std::map<uint64_t, uint64_t> changed_marks_;
  Stats stats_;
};

}  // namespace gannet::reporting
