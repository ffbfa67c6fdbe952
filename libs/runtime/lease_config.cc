#include "libs/runtime/lease_config.h"

#include <memory>
#include <utility>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/runtime/postgres_config.h"
#include "libs/runtime/postgres_lease.h"
#include "libs/store/postgres_migrations.h"

namespace gannet::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A lease and the connections that it is renewed over.
class LeaseWithPool : public ShardLease {
 public:
  LeaseWithPool(std::unique_ptr<store::PostgresPool> pool, const std::string& shard,
                const std::string& holder, const LeaseOptions& options, const base::Clock& clock)
      : pool_(std::move(pool)), lease_(*pool_, shard, holder, options, clock) {}

  absl::Status TryAcquire() override { return lease_.TryAcquire(); }
  absl::Status Renew() override { return lease_.Renew(); }
  absl::Status Release() override { return lease_.Release(); }
  bool MayStillSend() const override { return lease_.MayStillSend(); }
  uint64_t epoch() const override { return lease_.epoch(); }

 private:
  const std::unique_ptr<store::PostgresPool> pool_;
  PostgresLease lease_;  // after the pool that it uses
};

void ReadFile(config::Section& in, LeaseConfig& out) {
  in.Optional("length", out.lease.length, config::Between(seconds(1), minutes(10)));
  in.Optional("margin", out.lease.margin, config::Between(milliseconds(100), minutes(1)));
  in.Optional("receive_window", out.lease.receive_window,
              config::Between(milliseconds(100), minutes(1)));
  in.RequiredSection("postgres", [&out](config::Section& part) { Read(part, out.postgres); });
  if (out.lease.margin * 2 > out.lease.length)
    in.Problem("margin", "must be at most half of length: in the rest of it orders are sent");
}

}  // namespace

absl::StatusOr<LeaseConfig> LoadLeaseConfig(base::Files& files, const std::string& path) {
  return config::LoadFile<LeaseConfig>(files, path, ReadFile);
}

absl::Status CheckLease(base::Files& files, const std::string& file) {
  if (file.empty()) return absl::OkStatus();
  GANNET_ASSIGN_OR_RETURN(const LeaseConfig config, LoadLeaseConfig(files, file));
  return CheckFiles(files, config.postgres);
}

absl::Status UseLease(base::Files& files, const std::string& file, ProcessOptions& options) {
  if (file.empty()) return absl::OkStatus();
  GANNET_ASSIGN_OR_RETURN(const LeaseConfig config, LoadLeaseConfig(files, file));
  const bool early = options.lease.earlier_holders_are_gone;
  options.lease = config.lease;
  options.lease.earlier_holders_are_gone = early;
  options.make_lease =
      [postgres = config.postgres](
          base::Files& own_files, const base::Clock& clock, const std::string& shard,
          const std::string& holder,
          const LeaseOptions& lease) -> absl::StatusOr<std::unique_ptr<ShardLease>> {
    GANNET_ASSIGN_OR_RETURN(
        auto pool, store::PostgresPool::Create(own_files, clock, postgres, store::kLeaseSchema));
    return std::make_unique<LeaseWithPool>(std::move(pool), shard, holder, lease, clock);
  };
  return absl::OkStatus();
}

}  // namespace gannet::runtime
