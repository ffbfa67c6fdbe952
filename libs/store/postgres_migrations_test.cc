#include "libs/store/postgres_migrations.h"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <thread>
#include <vector>

#include "libs/base/concat.h"
#include "libs/store/postgres_fixture_for_test.h"
#include "libs/store/postgres_session.h"

namespace gannet::store {
namespace {

absl::Status ReadyWith(const PostgresOptions& options, SchemaRange accepts) {
  return MakePool(options, accepts)
      ->Transact("test", PostgresPool::Access::kRead,
                 [](PostgresSession&) { return absl::OkStatus(); });
}

bool Says(const absl::Status& status, const char* text) {
  return status.message().find(text) != absl::string_view::npos;
}

TEST_CASE("Migrations are planned, applied once, and applied again without effect") {
  const PostgresOptions options = SharedCluster().NewDatabase();
  const auto pool = MakePool(options, kAnySchema);
  const auto before = PlanMigrations(*pool);
  REQUIRE(before.ok());
  CHECK(before->now.version == 0);
  CHECK(before->pending.size() == kPostgresSchemaVersion);
  CHECK(PlanMigrations(*pool)->pending.size() == kPostgresSchemaVersion);  // nothing was changed

  const absl::Status missing = ReadyWith(options, kStoreSchema);
  CHECK(absl::IsFailedPrecondition(missing));
  CHECK(Says(missing, "gannet migrate"));

  std::vector<std::string> applied;
  const auto apply = [&] {
    return Migrate(*pool, "build-1", [&](const Migration& m) { applied.push_back(m.name); });
  };
  REQUIRE(apply().value() == kPostgresSchemaVersion);
  REQUIRE(applied.size() == kPostgresSchemaVersion);
  CHECK(applied[2] == "readable views");
  REQUIRE(apply().value() == kPostgresSchemaVersion);
  CHECK(applied.size() == kPostgresSchemaVersion);
  CHECK(PlanMigrations(*pool)->pending.empty());
  CHECK(ReadyWith(options, kStoreSchema).ok());
  const std::string all = std::to_string(kPostgresSchemaVersion);
  CHECK(SharedCluster().Psql(options.database,
                             "SELECT count(*), count(DISTINCT sha256), min(build) "
                             "FROM gannet.schema_versions") ==
        base::Concat({all, "|", all, "|build-1"}));
}

TEST_CASE("Many migrate at once: each migration is applied by exactly one") {
  const PostgresOptions options = SharedCluster().NewDatabase();
  std::atomic<int> applied = 0, reached = 0;
  std::vector<std::thread> programs;
  for (int i = 0; i < 6; ++i) {
    programs.emplace_back([&] {
      const auto pool = PostgresPool::Create(RealFiles(), RealClock(), options, kAnySchema);
      const auto version = Migrate(**pool, "test", [&](const Migration&) { ++applied; });
      reached += version.ok() && *version == kPostgresSchemaVersion;
    });
  }
  for (std::thread& program : programs) program.join();
  CHECK(applied == kPostgresSchemaVersion);
  CHECK(reached == 6);
}

TEST_CASE("A program takes the schemas of its range, and newer ones that need no more") {
  PostgresClusterForTest& cluster = SharedCluster();
  const PostgresOptions options = Migrated(cluster);
  const int next = kPostgresSchemaVersion + 1;
  const auto add = [&](int version, int needs) {
    cluster.Psql(options.database, "INSERT INTO gannet.schema_versions VALUES (" +
                                       std::to_string(version) + ", 'later', " +
                                       std::to_string(needs) + ", 'x', 'later', now())");
  };
  CHECK(ReadyWith(options, {1, 1}).ok());
  CHECK(ReadyWith(options, {kPostgresSchemaVersion, kPostgresSchemaVersion}).ok());
  const absl::Status old = ReadyWith(options, {next, next});
  CHECK(absl::IsFailedPrecondition(old));
  INFO(old.ToString());
  CHECK(Says(old, "; run gannet migrate"));
  add(kPostgresSchemaVersion + 1, 1);  // a newer build's, only added to
  CHECK(ReadyWith(options, kStoreSchema).ok());
  const auto pool = MakePool(options, kAnySchema);
  CHECK(Migrate(*pool, "test", [](const Migration&) {}).value() == kPostgresSchemaVersion + 1);

  const auto store_pool = MakePool(options);
  const auto store = OpenStore(*store_pool);
  CHECK(store->Ready().ok());
  add(kPostgresSchemaVersion + 2, kPostgresSchemaVersion + 2);  // something was taken away
  for (const absl::Status& status :
       {ReadyWith(options, kStoreSchema), store->Ready(), PlanMigrations(*pool).status(),
        Migrate(*pool, "test", [](const Migration&) {}).status()}) {
    INFO(status.ToString());
    CHECK(absl::IsFailedPrecondition(status));
    CHECK(Says(status, "use the newer build"));
  }
}

TEST_CASE("A migration that was applied in another form is not built upon") {
  PostgresClusterForTest& cluster = SharedCluster();
  const PostgresOptions options = Migrated(cluster);
  cluster.Psql(options.database,
               "DELETE FROM gannet.schema_versions WHERE version >= 3; DROP VIEW "
               "gannet.fills_readable, gannet.positions_readable, gannet.equity_readable; UPDATE "
               "gannet.schema_versions SET sha256 = 'other' WHERE version = 2");
  const auto pool = MakePool(options, kAnySchema);
  int applied = 0;
  const absl::Status status = Migrate(*pool, "test", [&](const Migration&) { ++applied; }).status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(Says(status, "migration 2 (leases)"));
  CHECK(applied == 0);
}

// Those of this build; one that takes a table away, and one after it that adds a column.
std::vector<Migration> WithContraction() {
  std::vector<Migration> all = Migrations();
  const int next = kPostgresSchemaVersion + 1;
  all.push_back({.version = next,
                 .name = "marks go",
                 .sql = "DROP TABLE gannet.marks",
                 .needs = next,
                 .sha256 = "a"});
  all.push_back({.version = next + 1,
                 .name = "a note",
                 .sql = "ALTER TABLE gannet.leases ADD COLUMN note text",
                 .needs = 1,
                 .sha256 = "b"});
  return all;
}

TEST_CASE("What takes away waits for a person, and what only adds does not wait for it") {
  PostgresClusterForTest& cluster = SharedCluster();
  const PostgresOptions options = cluster.NewDatabase();
  const auto pool = MakePool(options, kAnySchema);
  const std::vector<Migration> migrations = WithContraction();
  std::vector<std::string> applied;
  const auto migrate = [&](MigrationStep step) {
    return Migrate(
        *pool, "test", [&](const Migration& m) { applied.push_back(m.name); }, step, migrations);
  };
  // On an empty database, too, nothing goes before everything is there.
  const absl::Status early = migrate(MigrationStep::kContract).status();
  CHECK(absl::IsFailedPrecondition(early));
  CHECK(Says(early, "without --contract"));
  CHECK(applied.empty());

  REQUIRE(migrate(MigrationStep::kExpand).value() == kPostgresSchemaVersion + 2);
  CHECK(applied.size() == kPostgresSchemaVersion + 1);
  CHECK(applied.back() == "a note");
  CHECK(cluster.Psql(options.database, "SELECT to_regclass('gannet.marks') IS NOT NULL") == "t");
  CHECK(ReadyWith(options, kStoreSchema).ok());  // a program that knows neither
  const auto plan = PlanMigrations(*pool, migrations);
  REQUIRE(plan.ok());
  CHECK(plan->PendingOf(MigrationStep::kExpand).empty());
  REQUIRE(plan->PendingOf(MigrationStep::kContract).size() == 1);

  REQUIRE(migrate(MigrationStep::kContract).value() == kPostgresSchemaVersion + 2);
  CHECK(applied.back() == "marks go");
  CHECK(cluster.Psql(options.database, "SELECT to_regclass('gannet.marks') IS NULL") == "t");
  // Programs that do not know it say so, and an older build changes nothing.
  for (const absl::Status& status :
       {ReadyWith(options, kStoreSchema), PlanMigrations(*pool).status(),
        Migrate(*pool, "test", [](const Migration&) {}).status()}) {
    INFO(status.ToString());
    CHECK(absl::IsFailedPrecondition(status));
    CHECK(Says(status, "use the newer build"));
  }
  const size_t before = applied.size();
  CHECK(migrate(MigrationStep::kContract).ok());
  CHECK(migrate(MigrationStep::kExpand).ok());
  CHECK(applied.size() == before);
}

TEST_CASE("Programs never wait for what a person applies") {
  for (const Migration& migration : Migrations()) {
    if (!migration.contracts()) continue;
    INFO(migration.name);
    CHECK(migration.needs <= migration.version);
    CHECK(kStoreSchema.min != migration.version);
    CHECK(kLeaseSchema.min != migration.version);
  }
}

TEST_CASE("A migration that fails leaves nothing of itself behind") {
  PostgresClusterForTest& cluster = SharedCluster();
  const PostgresOptions options = cluster.NewDatabase();
  // The second cannot be applied: its table is there.
  cluster.Psql(options.database, "CREATE SCHEMA gannet; CREATE TABLE gannet.leases (x int)");
  const auto pool = MakePool(options, kAnySchema);
  const absl::Status status = Migrate(*pool, "test", [](const Migration&) {}).status();
  INFO(status.ToString());
  CHECK_FALSE(status.ok());
  CHECK(PlanMigrations(*pool)->now.version == 1);
  cluster.Psql(options.database, "DROP TABLE gannet.leases");
  CHECK(Migrate(*pool, "test", [](const Migration&) {}).value() == kPostgresSchemaVersion);
}

TEST_CASE("Whoever may not change the schema is told what rights are missing") {
  PostgresClusterForTest& cluster = SharedCluster();
  PostgresOptions options = Migrated(cluster);
  base::TempDirForTest folder;
  cluster.Psql("postgres", "CREATE ROLE guest LOGIN PASSWORD 'what-the-guest-says'");
  options.user = "guest";
  options.password_file = folder / "password";
  REQUIRE(RealFiles().WriteAtomically(options.password_file, "what-the-guest-says\n", 0600).ok());
  const absl::Status status = ReadyWith(options, kStoreSchema);
  INFO(status.ToString());
  CHECK(absl::IsPermissionDenied(status));
  options.database = "postgres";
  const absl::Status create =
      Migrate(*MakePool(options, kAnySchema), "test", [](const Migration&) {}).status();
  INFO(create.ToString());
  CHECK(absl::IsPermissionDenied(create));
}

}  // namespace
}  // namespace gannet::store
