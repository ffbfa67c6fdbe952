#include "libs/runtime/postgres_lease.h"

#include <algorithm>
#include <chrono>
#include <pqxx/result>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/store/postgres_rows.h"
#include "libs/store/postgres_session.h"

namespace gannet::runtime {
namespace {

using store::PostgresPool;
using store::PostgresSession;
using store::PreparedStatement;

const PreparedStatement kRead = {
    "lease_read",
    "SELECT holder, token, epoch, length_ns, beat, held FROM gannet.leases WHERE shard = $1"};
const PreparedStatement kInsert = {
    "lease_insert",
    "INSERT INTO gannet.leases (shard, holder, token, epoch, length_ns, beat, held) "
    "VALUES ($1, $2, $3, $4, $5, 1, true) ON CONFLICT (shard) DO NOTHING"};
const PreparedStatement kTake = {
    "lease_take",
    "UPDATE gannet.leases SET holder = $2, token = $3, epoch = $4, length_ns = $5, "
    "beat = beat + 1, held = true WHERE shard = $1 AND token = $6 AND epoch = $7 AND beat = $8"};
const PreparedStatement kRenew = {"lease_renew",
                                  "UPDATE gannet.leases SET beat = beat + 1 "
                                  "WHERE shard = $1 AND token = $2 AND epoch = $3 AND held"};
const PreparedStatement kRelease = {"lease_release",
                                    "UPDATE gannet.leases SET beat = beat + 1, held = false "
                                    "WHERE shard = $1 AND token = $2 AND epoch = $3 AND held"};

}  // namespace

PostgresLease::PostgresLease(PostgresPool& pool, std::string shard, std::string holder,
                             LeaseOptions options, const base::Clock& clock)
    : pool_(pool),
      shard_(store::EncodeText(shard)),
      holder_(store::EncodeText(holder)),
      token_(base::Hex(base::RandomBytes(16))),
      options_(options),
      clock_(clock) {}

PostgresLease::~PostgresLease() {
  if (held_) (void)Release();
}

std::string PostgresLease::Place() const {
  return base::Concat({pool_.place(), ": the lease of shard ", shard_});
}

absl::Status PostgresLease::TryAcquire() {
  if (epoch_ != 0) return held_ ? absl::OkStatus() : Lost();
  const base::Duration begun = clock_.Monotonic();
  Claim claim;
  const absl::Status status = pool_.Transact("taking a lease", PostgresPool::Access::kWrite,
                                             [&](PostgresSession& session) -> absl::Status {
                                               if (session.in_doubt() && !attempted_at_)
                                                 attempted_at_ = begun;
                                               GANNET_ASSIGN_OR_RETURN(claim, ClaimIn(session));
                                               return absl::OkStatus();
                                             });
  if (absl::IsUnknown(status)) {
    // Ours, if that attempt was kept: the next call reads whether it was.
    if (!attempted_at_) attempted_at_ = begun;
    return absl::UnavailableError(status.message());
  }
  GANNET_RETURN_IF_ERROR(status);
  Hold(claim);
  return absl::OkStatus();
}

absl::StatusOr<PostgresLease::Claim> PostgresLease::ClaimIn(PostgresSession& session) {
  const base::Duration now = clock_.Monotonic();
  const pqxx::result found = session.Run(kRead, shard_);
  std::optional<Row> row;
  if (!found.empty()) {
    const pqxx::row& r = found[0];
    row = Row{r[0].c_str(),        r[1].c_str(),
              r[2].as<uint64_t>(), base::Duration(r[3].as<int64_t>()),
              r[4].as<int64_t>(),  r[5].as<bool>()};
  }
  // Taken by an attempt whose answer was lost: it counts from when that began.
  if (row && row->held && row->token == token_ && attempted_at_)
    return Claim{row->epoch, *attempted_at_};
  if (row && row->held && !options_.earlier_holders_are_gone)
    GANNET_RETURN_IF_ERROR(WatchedLongEnough(*row, now));

  const uint64_t epoch = std::max(row ? row->epoch + 1 : 1, options_.lowest_epoch);
  const int64_t length = options_.length.count();
  const pqxx::result changed = row ? session.Run(kTake, shard_, holder_, token_, epoch, length,
                                                 row->token, row->epoch, row->beat)
                                   : session.Run(kInsert, shard_, holder_, token_, epoch, length);
  if (changed.affected_rows() != 1)
    return absl::UnavailableError(Place() + " was changed meanwhile; try again");
  return Claim{epoch, now};
}

// What was promised to the holder began before its row was first seen, and is over
// when the row is still the same that much later.
absl::Status PostgresLease::WatchedLongEnough(const Row& row, base::Duration read_at) {
  if (watched_ != row) {
    watched_ = row;
    watched_since_ = clock_.Monotonic();
  }
  const base::Duration wait = row.length + options_.margin + options_.receive_window;
  const base::Duration watched = read_at - watched_since_;
  if (watched >= wait) return absl::OkStatus();
  const auto left = std::chrono::ceil<std::chrono::seconds>(wait - std::max(watched, {}));
  return absl::UnavailableError(
      base::Concat({Place(), " is held by ", row.holder, " (epoch ", std::to_string(row.epoch),
                    "); stop it, or wait ", std::to_string(left.count()), "s after it has died"}));
}

void PostgresLease::Hold(const Claim& claim) {
  send_until_ns_ = (claim.since + options_.length - options_.margin).count();
  epoch_ = claim.epoch;
  held_ = true;
}

absl::Status PostgresLease::Renew() {
  if (!held_) return Lost();
  const uint64_t epoch = epoch_;
  base::Duration begun{0};
  bool renewed = false;
  const absl::Status status = pool_.Transact(
      "renewing a lease", PostgresPool::Access::kWrite, [&](PostgresSession& session) {
        begun = clock_.Monotonic();  // before the change: what it promises counts from here
        renewed = session.Run(kRenew, shard_, token_, epoch).affected_rows() == 1;
        return absl::OkStatus();
      });
  if (absl::IsUnknown(status)) return absl::UnavailableError(status.message());
  GANNET_RETURN_IF_ERROR(status);
  if (!renewed) {
    held_ = false;
    return Lost();
  }
  Hold({epoch, begun});
  return absl::OkStatus();
}

absl::Status PostgresLease::Release() {
  if (!held_.exchange(false)) return absl::OkStatus();
  const uint64_t epoch = epoch_;
  return pool_.TransactRepeatable("releasing a lease", PostgresPool::Access::kWrite,
                                  [&](PostgresSession& session) {
                                    session.Run(kRelease, shard_, token_, epoch);
                                    return absl::OkStatus();
                                  });
}

absl::Status PostgresLease::Lost() {
  return absl::AbortedError(
      base::Concat({Place(), " (epoch ", std::to_string(epoch_),
                    ") is not ours any more; restart to reconcile and take a new one"}));
}

bool PostgresLease::MayStillSend() const {
  return held_ && clock_.Monotonic().count() < send_until_ns_;
}

}  // namespace gannet::runtime
