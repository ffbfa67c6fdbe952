// A Store that passes every call on to another one, which outlives it: a database
// that several owners reach, or the base of a fake that changes one answer.
#pragma once

#include <map>
#include <vector>

#include "libs/store/store.h"

namespace gannet::store {

class ForwardingStore : public Store {
 public:
  explicit ForwardingStore(Store& store) : store_(store) {}
  absl::Status Write(const Batch& batch) override { return store_.Write(batch); }
  absl::StatusOr<std::vector<FillRow>> Fills(Range range) override { return store_.Fills(range); }
  absl::StatusOr<std::vector<OrderRow>> Orders(Range created) override {
    return store_.Orders(created);
  }
  absl::StatusOr<std::vector<PositionRow>> AllPositions() override { return store_.AllPositions(); }
  absl::StatusOr<std::vector<EquityRow>> Equity(Range range) override {
    return store_.Equity(range);
  }
  absl::StatusOr<std::vector<ExposureRow>> Exposures(Range range) override {
    return store_.Exposures(range);
  }
  absl::StatusOr<std::vector<MarkRow>> Marks(Range hours) override { return store_.Marks(hours); }
  absl::StatusOr<std::vector<InstrumentRow>> Instruments() override { return store_.Instruments(); }
  absl::StatusOr<std::vector<BalanceRow>> Balances(Range range) override {
    return store_.Balances(range);
  }
  absl::StatusOr<std::vector<SignalRow>> Signals(Range range) override {
    return store_.Signals(range);
  }
  absl::StatusOr<std::vector<OutcomeRow>> Outcomes(Range range) override {
    return store_.Outcomes(range);
  }
  absl::StatusOr<std::vector<ScoreRow>> Scores(Range range) override {
    return store_.Scores(range);
  }
  absl::StatusOr<std::vector<DecisionRow>> Decisions(Range range) override {
    return store_.Decisions(range);
  }
  absl::StatusOr<std::vector<RiskEventRow>> RiskEvents(Range range) override {
    return store_.RiskEvents(range);
  }
  absl::StatusOr<std::vector<LimitRow>> Limits() override { return store_.Limits(); }
  absl::StatusOr<std::vector<ReportRunRow>> ReportRuns(Range due) override {
    return store_.ReportRuns(due);
  }
  absl::StatusOr<std::vector<BookingRow>> Bookings(Range range) override {
    return store_.Bookings(range);
  }
  absl::StatusOr<std::vector<SignalRow>> FindSignals(
      const std::vector<market::EventId>& ids) override {
    return store_.FindSignals(ids);
  }
  absl::StatusOr<std::map<uint64_t, uint64_t>> HighWater() override { return store_.HighWater(); }
  absl::Status Ready() override { return store_.Ready(); }

 private:
  Store& store_;
};

}  // namespace gannet::store
