#include "libs/store/memory_store.h"

#include <algorithm>
#include <string_view>

#include "libs/base/status.h"
#include "libs/store/columns.h"

namespace gannet::store {
namespace {

template <class Row>
bool Within(const Row& row, const Range& range) {
  bool within = true;
  Table<Row>::Fields(row, [&](std::string_view name, const auto& value) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, base::Time>) {
      if (name == Table<Row>::kTime) within = value >= range.from && value < range.to;
    }
  });
  return within;
}

template <class Rows, class Row>
void Put(Rows& table, const Row& row) {
  const auto [at, is_new] = table.try_emplace(row.key(), row);
  if (is_new) return;
  if constexpr (Table<Row>::kOnRepeat == OnRepeat::kReplace) at->second = row;
  if constexpr (Table<Row>::kOnRepeat == OnRepeat::kAdd) AddCounts(at->second, row);
}

}  // namespace

absl::Status MemoryStore::Write(const Batch& batch) {
  GANNET_RETURN_IF_ERROR(CheckAmounts(batch));
  ForEachTable(batch, [this]<class Row>(const std::vector<Row>& rows) {
    for (const Row& row : rows) Put(std::get<Rows<Row>>(tables_), row);
  });
  for (const auto& [stream, sequence] : batch.high_water) {
    uint64_t& mark = high_water_[stream];
    mark = std::max(mark, sequence);
  }
  return absl::OkStatus();
}

template <class Row>
std::vector<Row> MemoryStore::Select(Range range) const {
  std::vector<Row> rows;
  for (const auto& [key, row] : std::get<Rows<Row>>(tables_)) {
    if (Within(row, range)) rows.push_back(row);
  }
  SortRows(rows);
  return rows;
}

absl::StatusOr<std::vector<FillRow>> MemoryStore::Fills(Range range) {
  return Select<FillRow>(range);
}
absl::StatusOr<std::vector<OrderRow>> MemoryStore::Orders(Range created) {
  return Select<OrderRow>(created);
}
absl::StatusOr<std::vector<PositionRow>> MemoryStore::AllPositions() {
  return Select<PositionRow>({});
}
absl::StatusOr<std::vector<EquityRow>> MemoryStore::Equity(Range range) {
  return Select<EquityRow>(range);
}
absl::StatusOr<std::vector<ExposureRow>> MemoryStore::Exposures(Range range) {
  return Select<ExposureRow>(range);
}
absl::StatusOr<std::vector<MarkRow>> MemoryStore::Marks(Range hours) {
  return Select<MarkRow>(hours);
}
absl::StatusOr<std::vector<InstrumentRow>> MemoryStore::Instruments() {
  return Select<InstrumentRow>({});
}
absl::StatusOr<std::vector<BalanceRow>> MemoryStore::Balances(Range range) {
  return Select<BalanceRow>(range);
}
absl::StatusOr<std::vector<SignalRow>> MemoryStore::Signals(Range range) {
  return Select<SignalRow>(range);
}
absl::StatusOr<std::vector<SignalRow>> MemoryStore::FindSignals(
    const std::vector<market::EventId>& ids) {
  const auto& table = std::get<Rows<SignalRow>>(tables_);
  Rows<SignalRow> found;
  for (const market::EventId& id : ids) {
    if (const auto at = table.find(std::tie(id)); at != table.end()) found.insert(*at);
  }
  std::vector<SignalRow> rows;
  for (const auto& [key, row] : found) rows.push_back(row);
  SortRows(rows);
  return rows;
}
absl::StatusOr<std::vector<OutcomeRow>> MemoryStore::Outcomes(Range range) {
  return Select<OutcomeRow>(range);
}
absl::StatusOr<std::vector<ScoreRow>> MemoryStore::Scores(Range range) {
  return Select<ScoreRow>(range);
}
absl::StatusOr<std::vector<DecisionRow>> MemoryStore::Decisions(Range range) {
  return Select<DecisionRow>(range);
}
absl::StatusOr<std::vector<BookingRow>> MemoryStore::Bookings(Range range) {
  return Select<BookingRow>(range);
}
absl::StatusOr<std::vector<RiskEventRow>> MemoryStore::RiskEvents(Range range) {
  return Select<RiskEventRow>(range);
}
absl::StatusOr<std::vector<LimitRow>> MemoryStore::Limits() { return Select<LimitRow>({}); }
absl::StatusOr<std::vector<ReportRunRow>> MemoryStore::ReportRuns(Range due) {
  return Select<ReportRunRow>(due);
}

}  // namespace gannet::store
