#include "libs/store/memory_store.h"

#include <algorithm>

#include "libs/base/status.h"

namespace gannet::store {
namespace {

bool Within(base::Time time, const Range& range) { return time >= range.from && time < range.to; }

}  // namespace

absl::Status MemoryStore::Write(const Batch& batch) {
  GANNET_RETURN_IF_ERROR(CheckAmounts(batch));
  for (const FillRow& row : batch.fills) fills_.emplace(row.id, row);
  for (const OrderRow& row : batch.orders) orders_.insert_or_assign(row.client_order_id, row);
  for (const PositionRow& row : batch.positions)
    positions_.insert_or_assign({row.account, row.strategy, row.instrument}, row);
  for (const EquityRow& row : batch.equity)
    equity_.insert_or_assign({row.time, row.account, row.asset}, row);
  for (const auto& [stream, sequence] : batch.high_water) {
    uint64_t& mark = high_water_[stream];
    mark = std::max(mark, sequence);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<FillRow>> MemoryStore::Fills(Range range) {
  std::vector<FillRow> rows;
  for (const auto& [id, row] : fills_) {
    if (Within(row.time, range)) rows.push_back(row);
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const FillRow& a, const FillRow& b) { return a.time < b.time; });
  return rows;
}

absl::StatusOr<std::vector<OrderRow>> MemoryStore::Orders(Range created) {
  std::vector<OrderRow> rows;
  for (const auto& [id, row] : orders_) {
    if (Within(row.created, created)) rows.push_back(row);
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const OrderRow& a, const OrderRow& b) { return a.created < b.created; });
  return rows;
}

absl::StatusOr<std::vector<PositionRow>> MemoryStore::AllPositions() {
  std::vector<PositionRow> rows;
  for (const auto& [key, row] : positions_) rows.push_back(row);
  return rows;
}

absl::StatusOr<std::vector<EquityRow>> MemoryStore::Equity(Range range) {
  std::vector<EquityRow> rows;
  for (const auto& [key, row] : equity_) {
    if (Within(row.time, range)) rows.push_back(row);
  }
  return rows;
}

}  // namespace gannet::store
