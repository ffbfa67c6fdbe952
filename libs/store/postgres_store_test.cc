#include "libs/store/postgres_store.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/posix_files.h"
#include "libs/runtime/system_clock.h"
#include "libs/store/conformance_suite.h"
#include "libs/store/postgres_cluster_for_test.h"

namespace gannet::store {
namespace {

base::PosixFiles files;
const runtime::SystemClock clock_;

PostgresClusterForTest& Cluster() {
  static const auto cluster = PostgresClusterForTest::Start();
  if (cluster == nullptr) SKIP("SKIPPED: PostgreSQL 15 is not installed; run tools/setup test");
  return *cluster;
}

std::unique_ptr<PostgresPool> Pool(const PostgresOptions& options,
                                   SchemaRange accepts = kStoreSchema) {
  auto pool = PostgresPool::Create(files, clock_, options, accepts);
  REQUIRE(pool.ok());
  return *std::move(pool);
}

// A new database with the schema in it.
PostgresOptions Migrated(PostgresClusterForTest& cluster) {
  const PostgresOptions options = cluster.NewDatabase();
  const auto pool = Pool(options, kAnySchema);
  const auto reached = Migrate(*pool, "test", [](const Migration&) {});
  INFO(reached.status().ToString());
  REQUIRE(reached.ok());
  return options;
}

TEST_CASE("PostgresStore conforms and keeps everything over a restart") {
  const PostgresOptions options = Migrated(Cluster());
  const auto open = [&] {
    return OpenPostgresStore(files, clock_, options, "test", base::Duration(0)).value();
  };
  RunConformanceSuite({.make = open, .reopen = open});
}

}  // namespace
}  // namespace gannet::store
