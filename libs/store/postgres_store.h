// Store in a PostgreSQL that `gannet migrate` has prepared. Fills are copied in bulk;
// fills and equity live in partitions of a month (UTC), made when they are needed.
//
// An outage while writing is ridden out (postgres_pool.h). Where the connection broke
// at COMMIT, the batch is looked for by its number in gannet.writers and only written
// again if it is not there, so it is applied once. When an outage outlasts all
// attempts, UNAVAILABLE is returned, and the caller may write the same rows again
// with others: fills are kept once by their id, the rest replaces itself.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>

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

  // Connects once and checks the schema. `pool` is made with kStoreSchema and
  // outlives the store; several stores and leases may share it.
  static absl::StatusOr<std::unique_ptr<PostgresStore>> Open(PostgresPool& pool);

  absl::Status Write(const Batch& batch) override;
  absl::StatusOr<std::vector<FillRow>> Fills(Range range) override;
  absl::StatusOr<std::vector<OrderRow>> Orders(Range created) override;
  absl::StatusOr<std::vector<PositionRow>> AllPositions() override;
  absl::StatusOr<std::vector<EquityRow>> Equity(Range range) override;
  absl::StatusOr<std::map<uint64_t, uint64_t>> HighWater() override;
  absl::Status Ready() override;

  // Drops the months of equity that lie wholly before options.keep_equity. Write does
  // it once an hour. The age is measured from the newest row or from now, whichever
  // is earlier: a clock that has jumped ahead drops nothing.
  absl::Status DropExpired();

  const Stats& stats() const { return stats_; }

 private:
  friend absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(base::Files&, const base::Clock&,
                                                                  PostgresOptions, base::Duration);
  explicit PostgresStore(PostgresPool& pool);
  absl::Status MakePartitions(const Batch& batch);
  absl::Status MakePartition(const std::string& table, int month);
  void UpkeepIfDue();

  std::unique_ptr<PostgresPool> owned_;  // where it has a pool of its own
  PostgresPool& pool_;
  const std::string writer_;  // random: this object among all that write
  int64_t batch_ = 0;
  std::set<std::pair<std::string, int>> months_;  // partitions that are there
  uint64_t connects_ = 0;                         // of the pool, when months_ was true
  bool upkeep_done_ = false;
  base::Duration upkeep_at_{0};
  Stats stats_;
};

// A store with a pool of its own. While the server cannot be reached it is tried for
// `patience`, then UNAVAILABLE.
absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(base::Files& files,
                                                         const base::Clock& clock,
                                                         PostgresOptions options,
                                                         base::Duration patience);

}  // namespace gannet::store
