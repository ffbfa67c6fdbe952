#include "libs/runtime/postgres_lease.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/virtual_executor.h"
#include "libs/runtime/lease_suite.h"
#include "libs/store/postgres_fixture_for_test.h"
#include "libs/store/postgres_proxy_for_test.h"

namespace gannet::runtime {
namespace {

using std::chrono::seconds;
using Fault = store::PostgresProxyForTest::Fault;

struct Setting {
  base::VirtualExecutor clock{base::FromUnixMillis(1'700'000'000'000)};
  store::PostgresOptions options;
  std::unique_ptr<store::PostgresPool> pool;

  explicit Setting(store::PostgresClusterForTest& cluster) : options(Migrated(cluster)) {
    pool = store::MakePool(options, store::kLeaseSchema);
  }
  std::unique_ptr<PostgresLease> Make(const std::string& holder, LeaseOptions lease = {}) {
    return std::make_unique<PostgresLease>(*pool, "main", holder, lease, clock);
  }
};

TEST_CASE("PostgresLease conforms") {
  Setting s(store::SharedCluster());
  RunLeaseSuite(
      {.clock = s.clock,
       .make =
           [&](const std::string& shard, const std::string& holder, LeaseOptions options) {
             return std::make_unique<PostgresLease>(*s.pool, shard, holder, options, s.clock);
           },
       .lose =
           [&](const std::string& shard) {
             store::SharedCluster().Psql(s.options.database,
                                         "DELETE FROM gannet.leases WHERE shard = '" + shard + "'");
           }});
}

TEST_CASE("PostgresLease needs the schema that has leases") {
  Setting s(store::SharedCluster());
  store::SharedCluster().Psql(s.options.database,
                              "DELETE FROM gannet.schema_versions WHERE version > 1");
  CHECK(absl::IsFailedPrecondition(s.Make("a")->TryAcquire()));
}

TEST_CASE("PostgresLease: shard and holder may be called anything") {
  Setting s(store::SharedCluster());
  using namespace std::string_literals;
  const std::string odd = "a\0b\xff'; DROP TABLE gannet.leases; --"s;
  PostgresLease a(*s.pool, odd, odd, {}, s.clock), b(*s.pool, odd, "b", {}, s.clock);
  REQUIRE(a.TryAcquire().ok());
  CHECK(absl::IsUnavailable(b.TryAcquire()));
  PostgresLease other(*s.pool, "another", "b", {}, s.clock);
  CHECK(other.TryAcquire().ok());
}

TEST_CASE("PostgresLease runs out on the holder's clock while the database is away") {
  const auto cluster = store::PostgresClusterForTest::Start();
  store::SkipWithout(cluster);
  Setting s(*cluster);
  s.options.attempts = 1;
  s.pool = store::MakePool(s.options, store::kLeaseSchema);
  auto a = s.Make("a"), b = s.Make("b");
  REQUIRE(a->TryAcquire().ok());
  CHECK(absl::IsUnavailable(b->TryAcquire()));
  cluster->Stop("immediate");
  CHECK(absl::IsUnavailable(a->Renew()));
  CHECK(absl::IsUnavailable(b->TryAcquire()));
  CHECK(a->MayStillSend());
  s.clock.RunFor(seconds(8));
  CHECK(!a->MayStillSend());
  cluster->StartAgain();
  REQUIRE(a->Renew().ok());  // in time: nobody else has it
  CHECK(a->MayStillSend());
  cluster->Stop("fast");
  CHECK(absl::IsUnavailable(a->Renew()));
  s.clock.RunFor(seconds(17));
  cluster->StartAgain();
  CHECK(absl::IsUnavailable(b->TryAcquire()));  // it has seen a later beat than the first
  s.clock.RunFor(seconds(17));
  REQUIRE(b->TryAcquire().ok());
  CHECK(absl::IsAborted(a->Renew()));
  CHECK(b->epoch() == 2);
}

TEST_CASE("PostgresLease: a change whose answer was lost is neither forgotten nor believed early") {
  static const auto cluster = store::PostgresClusterForTest::Start({"--port", "0"});
  store::SkipWithout(cluster);
  for (const Fault fault : {Fault::kLoseAnswer, Fault::kLoseCommit, Fault::kLateCommit}) {
    Setting s(*cluster);
    store::PostgresProxyForTest proxy(s.options.hosts[0].port);
    store::PostgresOptions through = s.options;
    through.hosts[0].port = proxy.port();
    through.attempts = 1;
    const auto pool = store::MakePool(through, store::kLeaseSchema);
    PostgresLease a(*pool, "main", "a", {}, s.clock);
    proxy.Arm(fault);
    CHECK(absl::IsUnavailable(a.TryAcquire()));
    CHECK(!a.MayStillSend());
    s.clock.RunFor(seconds(3));
    // The late one is waited for by its row.
    absl::Status taken = a.TryAcquire();
    for (int i = 0; i < 100 && absl::IsUnavailable(taken); ++i) taken = a.TryAcquire();
    INFO(taken.ToString());
    REQUIRE(taken.ok());
    CHECK(a.epoch() == 1);
    // It counts from the first attempt where that was the one that was kept.
    s.clock.RunFor(seconds(4));
    CHECK(a.MayStillSend());
    s.clock.RunFor(seconds(1));
    CHECK(a.MayStillSend() == (fault == Fault::kLoseCommit));
    REQUIRE(a.Renew().ok());
    proxy.Arm(fault);
    CHECK(absl::IsUnavailable(a.Renew()));
    s.clock.RunFor(seconds(8));
    CHECK(!a.MayStillSend());  // what was not confirmed promises nothing
    CHECK(a.Renew().ok());
    CHECK(a.MayStillSend());
  }
}

}  // namespace
}  // namespace gannet::runtime
