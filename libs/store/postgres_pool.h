// Connections to one PostgreSQL, at most max_connections of them, and transactions
// on them that survive its outages.
//
//   pool.Transact("storing a batch", PostgresPool::Access::kWrite,
//                 [&](PostgresSession& session) -> absl::Status { … });
//
// The work runs again after an outage, a deadlock or a failover, a bounded number of
// times; it must not change anything outside of its transaction before it succeeds.
// A connection that breaks at COMMIT leaves it open whether the transaction was
// kept: the next attempt is told so (PostgresSession::in_doubt) and finds out by
// reading back. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"
#include "libs/store/postgres_error.h"
#include "libs/store/postgres_migrations.h"
#include "libs/store/postgres_options.h"

namespace gannet::store {

class PostgresConnection;
class PostgresSession;

class PostgresPool {
 public:
  enum class Access : uint8_t {
    kRead,   // one snapshot for the whole transaction, nothing can be written
    kWrite,  // read committed
  };
  using Work = std::function<absl::Status(PostgresSession&)>;

  struct Stats {
    uint64_t connects = 0;
    uint64_t waits = 0;      // for a connection, because all were in use
    uint64_t exhausted = 0;  // of these, in vain
    uint64_t retries = 0;
    uint64_t in_doubt = 0;  // transactions that broke at COMMIT
    uint64_t cut_off = 0;   // connections given up because the server was silent
  };

  // Connects at the first transaction. INVALID_ARGUMENT: see CheckOptions. Each new
  // connection is checked against `accepts`.
  static absl::StatusOr<std::unique_ptr<PostgresPool>> Create(base::Files& files,
                                                              const base::Clock& clock,
                                                              PostgresOptions options,
                                                              SchemaRange accepts);
  // No transaction may be under way.
  ~PostgresPool();
  PostgresPool(const PostgresPool&) = delete;
  PostgresPool& operator=(const PostgresPool&) = delete;

  // What `work` returned, committed if it was OK. UNAVAILABLE: an outage longer than
  // all attempts, or conflicts; nothing was kept. UNKNOWN: the same, and an attempt
  // broke at COMMIT; whether it was kept is not known. RESOURCE_EXHAUSTED: all
  // connections are in use, or the server's disk is full. PERMISSION_DENIED,
  // FAILED_PRECONDITION: refused. `in_doubt`: an earlier call with the same work
  // ended UNKNOWN.
  absl::Status Transact(std::string_view what, Access access, const Work& work,
                        bool in_doubt = false);
  // The same for work that may be kept twice without harm: never UNKNOWN.
  absl::Status TransactRepeatable(std::string_view what, Access access, const Work& work);

  // Before something is tried again.
  void Pause(base::Duration pause);

  const PostgresOptions& options() const { return options_; }
  const base::Clock& clock() const { return clock_; }
  const std::string& place() const { return place_; }
  Stats stats() const;

 private:
  class Checkout;
  PostgresPool(base::Files& files, const base::Clock& clock, PostgresOptions options,
               SchemaRange accepts);
  struct Attempt {
    Failure failure;
    bool by_work = false;  // the work itself said so
  };
  Attempt Try(std::string_view what, Access access, const Work& work, bool& in_doubt);
  Failure Take(std::unique_ptr<PostgresConnection>& out);
  Failure CheckNew(PostgresConnection& connection);
  void GiveBack(std::unique_ptr<PostgresConnection> connection);
  void Arm(PostgresConnection& connection);
  void Disarm(PostgresConnection& connection);
  void Watch();

  base::Files& files_;
  const base::Clock& clock_;
  const PostgresOptions options_;
  const SchemaRange accepts_;
  const std::string place_;

  mutable std::mutex mutex_;
  // All below under mutex_.
  std::condition_variable changed_;  // a connection came back, a deadline was set, the end
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
  size_t out_ = 0;                                           // connections in use
  std::map<PostgresConnection*, base::Duration> deadlines_;  // of the server's next answer
  bool closing_ = false;
  Stats stats_;
  std::thread watchdog_;  // cuts off connections whose deadline has passed
};

}  // namespace gannet::store
