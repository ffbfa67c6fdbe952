// Store in memory: replay, simulation, tests. Passes the same suite as the others.
#pragma once

#include <tuple>

#include "libs/store/store.h"

namespace gannet::store {

class MemoryStore : public Store {
 public:
  absl::Status Write(const Batch& batch) override;
  absl::StatusOr<std::vector<FillRow>> Fills(Range range) override;
  absl::StatusOr<std::vector<OrderRow>> Orders(Range created) override;
  absl::StatusOr<std::vector<PositionRow>> AllPositions() override;
  absl::StatusOr<std::vector<EquityRow>> Equity(Range range) override;
  absl::StatusOr<std::map<uint64_t, uint64_t>> HighWater() override { return high_water_; }

 private:
  std::map<market::EventId, FillRow> fills_;
  std::map<market::ClientOrderId, OrderRow> orders_;
  std::map<std::tuple<market::AccountId, market::StrategyId, market::InstrumentId>, PositionRow>
      positions_;
  std::map<std::tuple<base::Time, market::AccountId, market::AssetId>, EquityRow> equity_;
  std::map<uint64_t, uint64_t> high_water_;
};

}  // namespace gannet::store
