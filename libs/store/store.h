// What reporting keeps (rows.h), with the high-water marks of the streams it came
// from. Implementations: MemoryStore, SqliteStore (encrypted at rest), PostgresStore;
// those with tables take their columns from columns.h. conformance_suite.h says what each
// must do.
//
// Not thread-safe: one thread owns a store.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/market/header.h"
#include "libs/market/ids.h"
#include "libs/market/money.h"
#include "libs/market/order.h"
#include "libs/store/rows.h"

namespace gannet::store {

// |mantissa| of a stored amount is below this: 38 digits, what numeric(38,0) and
// the fixed-width text of SQLite hold.
market::Int128 AmountLimit();

// One transaction. What becomes of a row that is stored already: OnRepeat of its
// table (columns.h).
struct Batch {
  std::vector<FillRow> fills;
  std::vector<OrderRow> orders;
  std::vector<PositionRow> positions;
  std::vector<EquityRow> equity;
  std::map<uint64_t, uint64_t> high_water;  // stream → sequence; only ever raised
  std::vector<ExposureRow> exposures;
  std::vector<MarkRow> marks;
  std::vector<InstrumentRow> instruments;
  std::vector<BalanceRow> balances;
  std::vector<SignalRow> signals;
  std::vector<OutcomeRow> outcomes;
  std::vector<ScoreRow> scores;
  std::vector<DecisionRow> decisions;
  std::vector<RiskEventRow> risk_events;
  std::vector<LimitRow> limits;
  std::vector<ReportRunRow> report_runs;
  std::vector<BookingRow> bookings;
  bool empty() const;
};

// Calls `visit` with each vector of rows.
template <class B, class Visit>
void ForEachTable(B& batch, Visit visit) {
  visit(batch.fills);
  visit(batch.orders);
  visit(batch.positions);
  visit(batch.equity);
  visit(batch.exposures);
  visit(batch.marks);
  visit(batch.instruments);
  visit(batch.balances);
  visit(batch.signals);
  visit(batch.outcomes);
  visit(batch.scores);
  visit(batch.decisions);
  visit(batch.risk_events);
  visit(batch.limits);
  visit(batch.report_runs);
  visit(batch.bookings);
}

struct Range {  // [from, to)
  base::Time from = base::Time::min();
  base::Time to = base::Time::max();
};

class Store {
 public:
  virtual ~Store() = default;
  // All of it or nothing; durable when it returns OK. OUT_OF_RANGE: an amount
  // beyond AmountLimit() or a scale beyond 18, nothing was written. UNKNOWN: the
  // connection broke at the end, it is written or it is not; call Write with the very
  // same batch again, before any other, until it says something else. ABORTED:
  // another program has become the writer; nothing will be written any more.
  virtual absl::Status Write(const Batch& batch) = 0;
  // Rows whose Table::kTime lies in the range, in the order of Table::Order.
  virtual absl::StatusOr<std::vector<FillRow>> Fills(Range range) = 0;
  virtual absl::StatusOr<std::vector<OrderRow>> Orders(Range created) = 0;
  virtual absl::StatusOr<std::vector<PositionRow>> AllPositions() = 0;
  virtual absl::StatusOr<std::vector<EquityRow>> Equity(Range range) = 0;
  virtual absl::StatusOr<std::vector<ExposureRow>> Exposures(Range range) = 0;
  virtual absl::StatusOr<std::vector<MarkRow>> Marks(Range hours) = 0;
  virtual absl::StatusOr<std::vector<InstrumentRow>> Instruments() = 0;
  virtual absl::StatusOr<std::vector<BalanceRow>> Balances(Range range) = 0;
  virtual absl::StatusOr<std::vector<SignalRow>> Signals(Range range) = 0;
  // Those of `ids` that are stored, in the order of Table::Order.
  virtual absl::StatusOr<std::vector<SignalRow>> FindSignals(
      const std::vector<market::EventId>& ids) = 0;
  virtual absl::StatusOr<std::vector<OutcomeRow>> Outcomes(Range range) = 0;  // by their signal
  virtual absl::StatusOr<std::vector<ScoreRow>> Scores(Range range) = 0;
  virtual absl::StatusOr<std::vector<DecisionRow>> Decisions(Range range) = 0;
  virtual absl::StatusOr<std::vector<RiskEventRow>> RiskEvents(Range range) = 0;
  virtual absl::StatusOr<std::vector<LimitRow>> Limits() = 0;
  virtual absl::StatusOr<std::vector<ReportRunRow>> ReportRuns(Range due) = 0;
  virtual absl::StatusOr<std::vector<BookingRow>> Bookings(Range range) = 0;
  virtual absl::StatusOr<std::map<uint64_t, uint64_t>> HighWater() = 0;
  // Whether it can be used now. UNAVAILABLE: it cannot be reached.
  // FAILED_PRECONDITION: its schema is not one this program works with.
  virtual absl::Status Ready() { return absl::OkStatus(); }
};

// Shared by implementations: OUT_OF_RANGE naming the row and field, or OK.
absl::Status CheckAmounts(const Batch& batch);

}  // namespace gannet::store
