// Store in a PostgreSQL that `gannet migrate` has prepared. Fills are copied in bulk;
// fills, equity and exposure live in partitions of a month (UTC), made when they are
// needed.
//
// An outage while writing is ridden out (postgres_pool.h). Where the connection broke
// at COMMIT, the batch is looked for by its number in gannet.writers and written
// again only if it is not there. An outage that outlasts all attempts is UNAVAILABLE
// when nothing was kept, UNKNOWN when that is not known; see Store::Write.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"
#include "libs/store/postgres_options.h"
#include "libs/store/postgres_pool.h"
#include "libs/store/store.h"

namespace gannet::store {

class PostgresStore : public Store {
 public:
  struct Stats {
    uint64_t batches = 0;
    uint64_t found_kept = 0;     // batches in doubt that had been kept
    uint64_t copied_fills = 0;   // new ones
    uint64_t checked_fills = 0;  // at or below their stream's mark: looked for one by one
    uint64_t partitions_made = 0, partitions_dropped = 0;
    uint64_t upkeep_failures = 0;  // retention that will be tried again
    absl::Status last_upkeep;
  };

  // Connects once and checks the schema. `writer`: the name under which it writes,
  // at most one store at a time; a later one takes the name over, and this one's
  // Write is ABORTED from then on. Empty: it only reads. `pool` is made with
  // kStoreSchema and outlives the store; several stores and leases may share it.
  static absl::StatusOr<std::unique_ptr<PostgresStore>> Open(PostgresPool& pool,
                                                             std::string writer);
  ~PostgresStore() override;

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
  absl::StatusOr<std::map<uint64_t, uint64_t>> HighWater() override;
  absl::Status Ready() override;

  // Drops the months of equity and exposure that lie wholly before
  // options.keep_samples. Write does it once an hour. The age is measured from the
  // newest row or from now, whichever is earlier: a clock that has jumped ahead, or a
  // row from the future, drops nothing.
  absl::Status DropExpired();

  const Stats& stats() const { return stats_; }

 private:
  friend absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(base::Files&, const base::Clock&,
                                                                  PostgresOptions, std::string,
                                                                  base::Duration);
  using Month = std::pair<std::string, int>;  // table, month
  // How many rows of each table: tells a batch that is written again from another.
  using Shape = std::vector<size_t>;

  PostgresStore(PostgresPool& pool, std::string writer);
  absl::Status MakePartitions(const Batch& batch);
  absl::Status MakePartition(const std::string& table, int month);
  absl::Status DropBefore(const std::string& table);
  absl::Status MarkBatch(class PostgresSession& session, int64_t batch, bool& kept);
  void UpkeepIfDue();
  template <class Row>
  absl::StatusOr<std::vector<Row>> Select(const std::optional<Range>& range);

  std::unique_ptr<PostgresPool> owned_;  // where it has a pool of its own
  PostgresPool& pool_;
  const std::string name_;
  const std::string writer_;  // random: this object among all that write
  int64_t batch_ = 0;
  std::optional<Shape> in_doubt_;  // of batch_
  std::set<Month> months_;         // partitions that are there
  uint64_t connects_ = 0;          // of the pool, when months_ was true
  std::optional<base::Duration> upkeep_at_;
  Stats stats_;
};

// A store with a pool of its own. While the server cannot be reached it is tried for
// `patience`, then UNAVAILABLE.
absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(base::Files& files,
                                                         const base::Clock& clock,
                                                         PostgresOptions options,
                                                         std::string writer,
                                                         base::Duration patience);

}  // namespace gannet::store
