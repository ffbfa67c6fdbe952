// What becomes of writes while the server is away, comes back, or another takes over:
// nothing acknowledged is lost, nothing is applied twice.
#include <poll.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <thread>

#include "libs/store/postgres_fixture_for_test.h"
#include "libs/store/postgres_proxy_for_test.h"
#include "libs/store/postgres_session.h"

namespace gannet::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A server on a TCP port, for all tests of this file.
PostgresClusterForTest& TcpCluster() {
  static const auto cluster = PostgresClusterForTest::Start({"--port", "0"});
  SkipWithout(cluster);
  return *cluster;
}

struct ThroughProxy {
  PostgresOptions direct = Migrated(TcpCluster());
  PostgresProxyForTest proxy{direct.hosts[0].port};
  std::unique_ptr<PostgresPool> pool;
  std::unique_ptr<PostgresStore> store;

  explicit ThroughProxy(const std::function<void(PostgresOptions&)>& change = {}) {
    PostgresOptions options = direct;
    options.hosts[0].port = proxy.port();
    if (change) change(options);
    pool = MakePool(options);
    store = OpenStore(*pool);
    // Makes the month's partitions, whose COMMIT is not the one to break.
    REQUIRE(store->Write(CountedBatch(1)).ok());
  }
};

TEST_CASE("A COMMIT that the server never heard of is written again, once") {
  ThroughProxy t;
  t.proxy.Arm(PostgresProxyForTest::Fault::kLoseCommit);
  REQUIRE(t.store->Write(CountedBatch(2)).ok());
  CHECK(t.pool->stats().in_doubt == 1);
  CHECK(t.store->stats().found_kept == 0);
  CheckCounted(*t.store, 2);
}

TEST_CASE("A COMMIT whose answer was lost is found to be kept, and not written again") {
  ThroughProxy t;
  t.proxy.Arm(PostgresProxyForTest::Fault::kLoseAnswer);
  REQUIRE(t.store->Write(CountedBatch(2)).ok());
  CHECK(t.pool->stats().in_doubt == 1);
  CHECK(t.store->stats().found_kept == 1);
  CheckCounted(*t.store, 2);
}

TEST_CASE("A COMMIT that the server carries out late is waited for, and not written again") {
  ThroughProxy t;
  t.proxy.Arm(PostgresProxyForTest::Fault::kLateCommit);
  REQUIRE(t.store->Write(CountedBatch(2)).ok());
  CHECK(t.store->stats().found_kept == 1);
  CheckCounted(*t.store, 2);
}

TEST_CASE("A new writer waits for the last transaction of the one before it") {
  ThroughProxy t([](PostgresOptions& options) { options.attempts = 1; });
  t.proxy.Arm(PostgresProxyForTest::Fault::kLateCommit);
  CHECK(absl::IsUnknown(t.store->Write(CountedBatch(2))));
  // The program restarts and asks what was kept: only once that is decided is it told.
  const auto pool = MakePool(t.direct);
  const auto successor = OpenStore(*pool);
  CHECK(successor->HighWater().value().at(1) == 2);
  REQUIRE(successor->Write(CountedBatch(3)).ok());
  CheckCounted(*successor, 3);
}

TEST_CASE("A batch whose fate stays unknown comes first, and is applied once in the end") {
  for (const PostgresProxyForTest::Fault fault :
       {PostgresProxyForTest::Fault::kLoseCommit, PostgresProxyForTest::Fault::kLoseAnswer}) {
    ThroughProxy t([](PostgresOptions& options) { options.attempts = 2; });
    const auto outage = [&](const Batch& batch) {
      const absl::Status status = t.store->Write(batch);
      INFO(status.ToString());
      CHECK(absl::IsUnknown(status));
    };
    t.proxy.Arm(fault);
    t.proxy.RefuseNew(true);
    outage(CountedBatch(2));
    outage(CountedBatch(2));
    Batch more = CountedBatch(2);
    more.fills.push_back(CountedBatch(3).fills[0]);
    CHECK(absl::IsFailedPrecondition(t.store->Write(more)));
    t.proxy.RefuseNew(false);
    REQUIRE(t.store->Write(CountedBatch(2)).ok());
    CHECK(t.store->stats().found_kept ==
          (fault == PostgresProxyForTest::Fault::kLoseAnswer ? 1 : 0));
    REQUIRE(t.store->Write(CountedBatch(3)).ok());
    CheckCounted(*t.store, 3);
  }
}

TEST_CASE("A batch whose fate is unknown stays so while not even its months can be looked at") {
  ThroughProxy t([](PostgresOptions& options) { options.attempts = 1; });
  t.proxy.Arm(PostgresProxyForTest::Fault::kLoseAnswer);
  REQUIRE(absl::IsUnknown(t.store->Write(CountedBatch(2))));
  // Somebody reads, over a new connection; then the server is away again.
  REQUIRE(t.store->HighWater().ok());
  t.proxy.RefuseNew(true);
  TcpCluster().Psql(t.direct.database,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                    "application_name = 'gannet'");
  const absl::Status status = t.store->Write(CountedBatch(2));
  INFO(status.ToString());
  CHECK(absl::IsUnknown(status));
  t.proxy.RefuseNew(false);
  REQUIRE(t.store->Write(CountedBatch(2)).ok());
  CHECK(t.store->stats().found_kept == 1);
  REQUIRE(t.store->Write(CountedBatch(3)).ok());
  CheckCounted(*t.store, 3);
}

TEST_CASE(
    "A server that has fallen silent is given up after its time, and the batch is kept once") {
  ThroughProxy t([](PostgresOptions& options) {
    options.statement_timeout = milliseconds(800);
    options.lock_timeout = milliseconds(500);
    options.attempts = 20;
  });
  t.proxy.Arm(PostgresProxyForTest::Fault::kSilence);
  REQUIRE(t.store->Write(CountedBatch(2)).ok());
  CHECK(t.pool->stats().cut_off == 1);
  CheckCounted(*t.store, 2);
}

TEST_CASE("A slow statement ends at the server's time limit, with the key to raise") {
  PostgresOptions options = Migrated(TcpCluster());
  options.statement_timeout = milliseconds(500);  // the server's word needs as long to come
  options.attempts = 2;
  const auto pool = MakePool(options);
  const absl::Status status =
      pool->Transact("sleeping", PostgresPool::Access::kRead, [](PostgresSession& session) {
        session.sql().exec("SELECT pg_sleep(5)");
        return absl::OkStatus();
      });
  INFO(status.ToString());
  CHECK(absl::IsUnavailable(status));
  CHECK(status.message().find("statement_timeout") != absl::string_view::npos);
  CHECK(pool->stats().connects == 1);  // the session outlives its statement
}

TEST_CASE("PostgreSQL stopped, killed and started again under writes: each batch once") {
  const auto cluster = PostgresClusterForTest::Start({"--port", "0"});
  SkipWithout(cluster);
  PostgresOptions options = Migrated(*cluster);
  options.attempts = 2;
  const auto pool = MakePool(options);
  const auto store = OpenStore(*pool);
  std::atomic<bool> ended = false;
  std::atomic<uint64_t> written = 0, refused = 0;
  std::string wrong;
  std::thread writer([&] {
    // As reporting does: the same batch until it is acknowledged.
    for (uint64_t n = 1; !ended;) {
      const absl::Status status = store->Write(CountedBatch(n));
      if (status.ok()) {
        written = n++;
      } else if (absl::IsUnavailable(status) || absl::IsUnknown(status)) {
        ++refused;
        ::poll(nullptr, 0, 20);
      } else {
        wrong = status.ToString();
        return;
      }
    }
  });
  const auto wait_for = [&](const std::atomic<uint64_t>& counter, uint64_t more) {
    const uint64_t until = counter + more;
    for (int i = 0; i < 12'000 && counter < until; ++i) ::poll(nullptr, 0, 10);
    return counter >= until;
  };
  for (const char* mode : {"fast", "immediate", "immediate"}) {
    CHECK(wait_for(written, 20));
    cluster->Stop(mode);
    CHECK(wait_for(refused, 1));
    cluster->StartAgain();
  }
  // One backend, in the middle of whatever it does, many times.
  for (int i = 0; i < 10; ++i) {
    CHECK(wait_for(written, 5));
    cluster->Psql(options.database,
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                  "'gannet'");
  }
  CHECK(wait_for(written, 20));
  ended = true;
  writer.join();
  CHECK(wrong == "");
  CheckCounted(*store, written);
}

TEST_CASE("A standby that takes over has everything that was acknowledged") {
  const auto primary = PostgresClusterForTest::Start({"--port", "0"});
  SkipWithout(primary);
  PostgresOptions options = Migrated(*primary);
  const auto standby = PostgresClusterForTest::StartStandby(*primary);
  primary->Psql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
  primary->Psql("postgres", "SELECT pg_reload_conf()");
  options.hosts.push_back(standby->Options("").hosts[0]);
  options.attempts = 2;
  const auto pool = MakePool(options);
  const auto store = OpenStore(*pool);
  std::atomic<bool> ended = false;
  std::atomic<uint64_t> written = 0;
  std::string wrong;
  std::thread writer([&] {
    for (uint64_t n = 1; !ended;) {
      const absl::Status status = store->Write(CountedBatch(n));
      if (status.ok()) {
        written = n++;
      } else if (!absl::IsUnavailable(status) && !absl::IsUnknown(status)) {
        wrong = status.ToString();
        return;
      }
    }
  });
  const auto wait_for = [&](uint64_t more) {
    const uint64_t until = written + more;
    for (int i = 0; i < 12'000 && written < until; ++i) ::poll(nullptr, 0, 10);
    return written >= until;
  };
  CHECK(wait_for(30));
  primary->Stop("immediate");
  const uint64_t acknowledged = written;
  standby->Promote();
  CHECK(wait_for(30));
  ended = true;
  writer.join();
  CHECK(wrong == "");
  CHECK(written > acknowledged);
  CheckCounted(*store, written);
}

TEST_CASE("A PostgreSQL that is absent at the start is waited for, then reported") {
  PostgresOptions options;
  options.hosts = {{"127.0.0.1", 1}};
  options.attempts = 1;
  const auto store =
      OpenPostgresStore(RealFiles(), RealClock(), options, "test", milliseconds(600));
  INFO(store.status().ToString());
  CHECK(absl::IsUnavailable(store.status()));
  CHECK(store.status().message().find("127.0.0.1:1/gannet") != absl::string_view::npos);
  CHECK(store.status().message().find("start the server") != absl::string_view::npos);
}

}  // namespace
}  // namespace gannet::store
