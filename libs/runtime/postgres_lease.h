// A lease as a row of gannet.leases, changed by compare-and-swap: each change states
// the epoch and beat it was decided on and takes place only if they still stand.
//
// Each call waits for the database, bounded by the pool's limits: it belongs on a
// background thread. MayStillSend and epoch answer at once, on any thread. With the
// database away the lease runs out on the holder's own clock.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/runtime/lease.h"
#include "libs/store/postgres_pool.h"

namespace gannet::runtime {

class PostgresLease : public ShardLease {
 public:
  // `pool` is made with kLeaseSchema and outlives the lease. `clock` must go on while
  // the machine sleeps (runtime::SystemClock).
  PostgresLease(store::PostgresPool& pool, std::string shard, std::string holder,
                LeaseOptions options, const base::Clock& clock);
  // Releases the row if it is held.
  ~PostgresLease() override;
  PostgresLease(const PostgresLease&) = delete;
  PostgresLease& operator=(const PostgresLease&) = delete;

  absl::Status TryAcquire() override;
  absl::Status Renew() override;
  absl::Status Release() override;

  bool MayStillSend() const override;
  uint64_t epoch() const override { return epoch_; }

 private:
  struct Row {
    std::string holder, token;
    uint64_t epoch = 0;
    base::Duration length{0};
    int64_t beat = 0;
    bool held = false;
    bool operator==(const Row&) const = default;
  };

  // What a transaction of TryAcquire has come to.
  struct Claim {
    uint64_t epoch = 0;
    base::Duration since{0};
  };

  absl::StatusOr<Claim> ClaimIn(store::PostgresSession& session);
  absl::Status WatchedLongEnough(const Row& row, base::Duration read_at);
  void Hold(const Claim& claim);
  absl::Status Lost();
  std::string Place() const;

  store::PostgresPool& pool_;
  const std::string shard_, holder_;
  const std::string token_;  // random: this object, whatever the holder's name
  const LeaseOptions options_;
  const base::Clock& clock_;
  // Of an attempt whose outcome is not known: when it began.
  std::optional<base::Duration> attempted_at_;
  std::optional<Row> watched_;  // another's row, unchanged since watched_since_
  base::Duration watched_since_{0};
  std::atomic<uint64_t> epoch_ = 0;
  std::atomic<bool> held_ = false;
  std::atomic<int64_t> send_until_ns_ = 0;  // on clock_
};

}  // namespace gannet::runtime
