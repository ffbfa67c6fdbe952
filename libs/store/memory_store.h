// Store in memory: replay, simulation, tests. Passes the same suite as the others.
#pragma once

#include <map>
#include <tuple>
#include <type_traits>
#include <utility>

#include "libs/store/store.h"

namespace gannet::store {

class MemoryStore : public Store {
 public:
  absl::Status Write(const Batch& batch) override;
  absl::StatusOr<std::vector<FillRow>> Fills(Range range) override;
  absl::StatusOr<std::vector<OrderRow>> Orders(Range created) override;
  absl::StatusOr<std::vector<PositionRow>> AllPositions() override;
  absl::StatusOr<std::vector<EquityRow>> Equity(Range range) override;
  absl::StatusOr<std::vector<ExposureRow>> Exposures(Range range) override;
  absl::StatusOr<std::vector<MarkRow>> Marks(Range hours) override;
  absl::StatusOr<std::vector<InstrumentRow>> Instruments() override;
  absl::StatusOr<std::vector<BalanceRow>> Balances(Range range) override;
  absl::StatusOr<std::vector<SignalRow>> Signals(Range range) override;
  absl::StatusOr<std::vector<SignalRow>> FindSignals(
      const std::vector<market::EventId>& ids) override;
  absl::StatusOr<std::vector<OutcomeRow>> Outcomes(Range range) override;
  absl::StatusOr<std::vector<ScoreRow>> Scores(Range range) override;
  absl::StatusOr<std::vector<DecisionRow>> Decisions(Range range) override;
  absl::StatusOr<std::vector<RiskEventRow>> RiskEvents(Range range) override;
  absl::StatusOr<std::vector<LimitRow>> Limits() override;
  absl::StatusOr<std::vector<ReportRunRow>> ReportRuns(Range due) override;
  absl::StatusOr<std::vector<BookingRow>> Bookings(Range range) override;
  absl::StatusOr<std::map<uint64_t, uint64_t>> HighWater() override { return high_water_; }

 private:
  template <class Tuple>
  struct Owned;
  template <class... T>
  struct Owned<std::tuple<T...>> {
    using Type = std::tuple<std::decay_t<T>...>;
  };
  template <class Row>
  using Rows = std::map<typename Owned<decltype(std::declval<const Row&>().key())>::Type, Row>;

  std::tuple<Rows<FillRow>, Rows<OrderRow>, Rows<PositionRow>, Rows<EquityRow>, Rows<ExposureRow>,
             Rows<MarkRow>, Rows<InstrumentRow>, Rows<BalanceRow>, Rows<SignalRow>,
             Rows<OutcomeRow>, Rows<ScoreRow>, Rows<DecisionRow>, Rows<RiskEventRow>,
             Rows<LimitRow>, Rows<ReportRunRow>, Rows<BookingRow>>
      tables_;
  std::map<uint64_t, uint64_t> high_water_;

  template <class Row>
  std::vector<Row> Select(Range range) const;
};

}  // namespace gannet::store
