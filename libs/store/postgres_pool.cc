#include "libs/store/postgres_pool.h"

#include <algorithm>
#include <pqxx/transaction>
#include <utility>

#include "libs/base/check.h"
#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/store/postgres_connection.h"
#include "libs/store/postgres_session.h"

namespace gannet::store {
namespace {

// The server's own statement_timeout comes first, and its answer needs a moment.
constexpr base::Duration kMaxSilence = std::chrono::seconds(5);
// The watchdog looks at least this often: its clock is the pool's, not the
// condition variable's.
constexpr base::Duration kMaxWatch = std::chrono::seconds(1);

using Reading = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;
using Writing = pqxx::transaction<pqxx::read_committed, pqxx::read_write>;

}  // namespace

// A connection for the time of one attempt, watched.
class PostgresPool::Checkout {
 public:
  explicit Checkout(PostgresPool& pool) : pool_(pool), taken_(pool.Take(connection_)) {
    if (connection_ != nullptr) pool_.Arm(*connection_);
  }
  ~Checkout() {
    if (connection_ == nullptr) return;
    pool_.Disarm(*connection_);
    pool_.GiveBack(std::move(connection_));
  }
  Checkout(const Checkout&) = delete;
  Checkout& operator=(const Checkout&) = delete;

  // Why there is none.
  const Failure& taken() const { return taken_; }
  PostgresConnection& operator*() { return *connection_; }
  PostgresConnection* operator->() { return connection_.get(); }

 private:
  PostgresPool& pool_;
  std::unique_ptr<PostgresConnection> connection_;
  const Failure taken_;
};

absl::StatusOr<std::unique_ptr<PostgresPool>> PostgresPool::Create(base::Files& files,
                                                                   const base::Clock& clock,
                                                                   PostgresOptions options,
                                                                   SchemaRange accepts) {
  GANNET_RETURN_IF_ERROR(CheckOptions(options));
  return std::unique_ptr<PostgresPool>(new PostgresPool(files, clock, std::move(options), accepts));
}

PostgresPool::PostgresPool(base::Files& files, const base::Clock& clock, PostgresOptions options,
                           SchemaRange accepts)
    : files_(files),
      clock_(clock),
      options_(std::move(options)),
      accepts_(accepts),
      place_(PlaceOf(options_)),
      watchdog_([this] { Watch(); }) {}

PostgresPool::~PostgresPool() {
  {
    const std::lock_guard lock(mutex_);
    GANNET_CHECK(out_ == 0, "a transaction is under way while its pool is destroyed");
    closing_ = true;
  }
  changed_.notify_all();
  watchdog_.join();
}

PostgresPool::Stats PostgresPool::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

absl::Status PostgresPool::Transact(std::string_view what, Access access, const Work& work,
                                    bool in_doubt) {
  base::Duration pause = options_.retry_pause;
  for (int attempt = 1;; ++attempt) {
    const auto [failure, by_work] = Try(what, access, work, in_doubt);
    if (failure.status.ok() || by_work) return failure.status;
    if (failure.fate == Fate::kInDoubt) {
      in_doubt = true;
      const std::lock_guard lock(mutex_);
      ++stats_.in_doubt;
    }
    if (failure.fate == Fate::kRolledBack || attempt >= options_.attempts) {
      if (!in_doubt) return failure.status;
      return absl::UnknownError(
          base::Concat({std::string(failure.status.message()),
                        " (an attempt broke at COMMIT; whether it was kept will be looked up)"}));
    }
    {
      const std::lock_guard lock(mutex_);
      ++stats_.retries;
    }
    Pause(pause);
    pause = std::min(2 * pause, kMaxRetryPause);
  }
}

absl::Status PostgresPool::TransactRepeatable(std::string_view what, Access access,
                                              const Work& work) {
  absl::Status status = Transact(what, access, work);
  return absl::IsUnknown(status) ? absl::UnavailableError(status.message()) : status;
}

PostgresPool::Attempt PostgresPool::Try(std::string_view what, Access access, const Work& work,
                                        bool& in_doubt) {
  Checkout connection(*this);
  if (!connection.taken().status.ok()) return {connection.taken()};
  bool at_commit = false;
  try {
    std::unique_ptr<pqxx::transaction_base> transaction;
    if (access == Access::kRead) {
      transaction = std::make_unique<Reading>(connection->db());
    } else {
      transaction = std::make_unique<Writing>(connection->db());
    }
    PostgresSession session(*connection, *transaction, in_doubt, [&] { Arm(*connection); });
    if (absl::Status status = work(session); !status.ok()) {
      // The transaction's end rolls it back.
      if (!session.failure().status.ok()) return {session.failure()};
      return {{std::move(status), Fate::kRolledBack}, true};
    }
    session.Touch();
    // A COMMIT that waits for its standby must not be let through unconfirmed, which
    // is what the server does when the wait is cancelled.
    if (access == Access::kWrite) transaction->exec("SET LOCAL statement_timeout = 0");
    at_commit = access == Access::kWrite;
    transaction->commit();
    return {};
  } catch (...) {
    Failure failure = CurrentFailure(connection->Context(what), at_commit, connection->alive());
    if (failure.fate == Fate::kInDoubt) connection->MarkBroken();
    return {std::move(failure)};
  }
}

Failure PostgresPool::Take(std::unique_ptr<PostgresConnection>& out) {
  {
    std::unique_lock lock(mutex_);
    if (out_ >= options_.max_connections) {
      ++stats_.waits;
      const bool free = changed_.wait_for(lock, options_.take_timeout,
                                          [this] { return out_ < options_.max_connections; });
      if (!free) {
        ++stats_.exhausted;
        return {absl::ResourceExhaustedError(base::Concat(
                    {place_, ": all ", std::to_string(options_.max_connections),
                     " connections are in use; raise store.postgres.max_connections"})),
                Fate::kRolledBack};
      }
    }
    ++out_;
    if (!idle_.empty()) {
      out = std::move(idle_.back());
      idle_.pop_back();
      return Failure();
    }
  }
  Failure failure;
  std::unique_ptr<PostgresConnection> made;
  if (auto opened = PostgresConnection::Open(files_, options_, &failure); opened.ok()) {
    made = *std::move(opened);
    failure = CheckNew(*made);
  }
  const std::lock_guard lock(mutex_);
  if (failure.status.ok()) {
    ++stats_.connects;
    out = std::move(made);
    return failure;
  }
  --out_;
  changed_.notify_all();
  return failure;
}

Failure PostgresPool::CheckNew(PostgresConnection& connection) {
  if (accepts_.max == 0) return Failure();
  Arm(connection);
  Failure failure;
  try {
    Reading transaction(connection.db());
    failure.status = base::Annotate(CheckSchema(transaction, accepts_), place_);
  } catch (...) {
    failure = CurrentFailure(connection.Context("reading the schema's version"), false,
                             connection.alive());
  }
  Disarm(connection);
  return failure;
}

void PostgresPool::GiveBack(std::unique_ptr<PostgresConnection> connection) {
  std::vector<std::unique_ptr<PostgresConnection>> closed;  // outside of the lock
  const std::lock_guard lock(mutex_);
  --out_;
  if (connection->alive()) {
    idle_.push_back(std::move(connection));
  } else {
    // The others have most likely lost the same server.
    closed.swap(idle_);
    closed.push_back(std::move(connection));
  }
  changed_.notify_all();
}

void PostgresPool::Arm(PostgresConnection& connection) {
  const base::Duration deadline = clock_.Monotonic() + options_.statement_timeout +
                                  std::min(options_.statement_timeout, kMaxSilence);
  const std::lock_guard lock(mutex_);
  deadlines_[&connection] = deadline;
}

void PostgresPool::Disarm(PostgresConnection& connection) {
  const std::lock_guard lock(mutex_);
  deadlines_.erase(&connection);
}

void PostgresPool::Watch() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    changed_.wait_for(lock, std::min(options_.statement_timeout, kMaxWatch));
    const base::Duration now = clock_.Monotonic();
    for (auto it = deadlines_.begin(); it != deadlines_.end();) {
      if (now < it->second) {
        ++it;
        continue;
      }
      it->first->CutOff();
      ++stats_.cut_off;
      it = deadlines_.erase(it);
    }
  }
}

void PostgresPool::Pause(base::Duration pause) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, pause, [this] { return closing_; });
}

}  // namespace gannet::store
