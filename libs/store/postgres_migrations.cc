#include "libs/store/postgres_migrations.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <pqxx/result>
#include <pqxx/transaction_base>

#include "libs/base/check.h"
#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/store/postgres_migrations_sql.h"
#include "libs/store/postgres_pool.h"
#include "libs/store/postgres_session.h"

namespace gannet::store {
namespace {

// "gannet" as a number: the advisory lock of this database.
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(113668162217332)";
constexpr const char* kVersionTable =
    "CREATE SCHEMA IF NOT EXISTS gannet;"
    "CREATE TABLE IF NOT EXISTS gannet.schema_versions ("
    " version integer PRIMARY KEY, name text NOT NULL, needs integer NOT NULL,"
    " sha256 text NOT NULL, build text NOT NULL, applied_at timestamptz NOT NULL)";

constexpr const char* kVersions = "schema_versions";
constexpr const char* kApplied =
    "SELECT version, name, sha256, build,"
    " to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') "
    "FROM gannet.schema_versions ORDER BY version";

SchemaState ReadState(pqxx::transaction_base& transaction) {
  if (!HasTable(transaction, kVersions)) return {};
  const pqxx::result rows = transaction.exec(
      "SELECT coalesce(max(version), 0), coalesce(max(needs), 0) FROM gannet.schema_versions");
  return {rows[0][0].as<int>(), rows[0][1].as<int>()};
}

absl::Status TooNew(const SchemaState& state, int known) {
  return absl::FailedPreconditionError(
      base::Concat({"the schema has version ", std::to_string(state.version),
                    ", which needs a program that knows ", std::to_string(state.needs),
                    "; this one knows ", std::to_string(known), ": use the newer build"}));
}

// A migration that takes something away says so in a line "-- needs: N": a program
// must know version N to go on. All others leave every program as it is.
int NeedsOf(std::string_view sql) {
  constexpr std::string_view kMark = "\n-- needs: ";
  const size_t at = sql.find(kMark);
  return at == std::string_view::npos ? 1 : std::atoi(sql.data() + at + kMark.size());
}

// Which migrations are there, and that they are ours.
absl::StatusOr<MigrationPlan> ReadPlan(pqxx::transaction_base& transaction,
                                       const std::vector<Migration>& migrations) {
  MigrationPlan plan;
  plan.now = ReadState(transaction);
  const int newest = static_cast<int>(migrations.size());
  if (plan.now.needs > newest) return TooNew(plan.now, newest);
  if (plan.now.version > 0) {
    for (const auto& row : transaction.exec(kApplied)) {
      plan.applied.push_back(
          {row[0].as<int>(), row[1].c_str(), row[2].c_str(), row[3].c_str(), row[4].c_str()});
    }
  }
  for (const Migration& migration : migrations) {
    const auto found =
        std::find_if(plan.applied.begin(), plan.applied.end(),
                     [&](const AppliedMigration& row) { return row.version == migration.version; });
    if (found == plan.applied.end()) {
      plan.pending.push_back(&migration);
    } else if (found->sha256 != migration.sha256) {
      return absl::FailedPreconditionError(base::Concat(
          {"migration ", std::to_string(migration.version), " (", migration.name,
           ") was applied in another form than this build's; nothing was changed: use the build "
           "that made this schema, or restore the database from a backup"}));
    }
  }
  return plan;
}

// Applies the first pending migration of a step; null when there is none.
absl::StatusOr<const Migration*> ApplyNext(pqxx::transaction_base& transaction,
                                           const std::string& build, MigrationStep step,
                                           const std::vector<Migration>& migrations) {
  transaction.exec(kLock);
  if (!HasTable(transaction, kVersions)) transaction.exec(kVersionTable);
  GANNET_ASSIGN_OR_RETURN(const MigrationPlan plan, ReadPlan(transaction, migrations));
  if (step == MigrationStep::kContract && !plan.PendingOf(MigrationStep::kExpand).empty()) {
    return absl::FailedPreconditionError(
        "the schema lacks what this build has added, so that its programs cannot run yet; nothing "
        "is taken away: run gannet migrate without --contract first");
  }
  const auto pending = plan.PendingOf(step);
  if (pending.empty()) return nullptr;
  const Migration* next = pending.front();
  transaction.exec(std::string(next->sql));
  transaction.exec_params(
      "INSERT INTO gannet.schema_versions VALUES ($1, $2, $3, $4, $5, clock_timestamp())",
      next->version, next->name, next->needs, next->sha256, build);
  return next;
}

}  // namespace

bool HasTable(pqxx::transaction_base& transaction, const std::string& name) {
  return !transaction
              .exec_params(
                  "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
                  "ON n.oid = c.relnamespace WHERE n.nspname = 'gannet' AND c.relname = $1",
                  name)
              .empty();
}

const std::vector<Migration>& Migrations() {
  static const std::vector<Migration> migrations = [] {
    std::vector<Migration> all;
    for (const MigrationText& text : MigrationTexts()) {
      Migration migration;
      migration.version = static_cast<int>(all.size()) + 1;
      const std::string_view file = text.file;  // 0001_reporting
      migration.name = file.substr(file.find('_') + 1);
      std::replace(migration.name.begin(), migration.name.end(), '_', ' ');
      migration.sql = text.sql;
      migration.needs = NeedsOf(text.sql);
      migration.sha256 = base::Hex(base::Sha256(text.sql));
      all.push_back(std::move(migration));
    }
    GANNET_CHECK(all.size() == kPostgresSchemaVersion,
                 "each migration has its file and its number");
    return all;
  }();
  return migrations;
}

absl::Status CheckSchema(pqxx::transaction_base& transaction, SchemaRange accepts) {
  return CheckSchema(ReadState(transaction), accepts);
}

absl::Status CheckSchema(const SchemaState& state, SchemaRange accepts) {
  if (state.version < accepts.min) {
    return absl::FailedPreconditionError(
        base::Concat({"the schema has version ", std::to_string(state.version),
                      ", this program takes ", std::to_string(accepts.min), " to ",
                      std::to_string(accepts.max), "; run gannet migrate --store …"}));
  }
  if (state.needs > accepts.max) return TooNew(state, accepts.max);
  return absl::OkStatus();
}

std::vector<const Migration*> MigrationPlan::PendingOf(MigrationStep step) const {
  std::vector<const Migration*> some;
  for (const Migration* migration : pending) {
    if (migration->contracts() == (step == MigrationStep::kContract)) some.push_back(migration);
  }
  return some;
}

absl::StatusOr<MigrationPlan> PlanMigrations(PostgresPool& pool,
                                             const std::vector<Migration>& migrations) {
  MigrationPlan plan;
  GANNET_RETURN_IF_ERROR(pool.Transact("reading the schema's version", PostgresPool::Access::kRead,
                                       [&](PostgresSession& session) -> absl::Status {
                                         GANNET_ASSIGN_OR_RETURN(
                                             plan, ReadPlan(session.sql(), migrations));
                                         return absl::OkStatus();
                                       }));
  return plan;
}

absl::StatusOr<int> Migrate(PostgresPool& pool, const std::string& build,
                            const std::function<void(const Migration&)>& applied,
                            MigrationStep step, const std::vector<Migration>& migrations) {
  for (;;) {
    const Migration* done = nullptr;
    GANNET_RETURN_IF_ERROR(pool.TransactRepeatable(
        "migrating the schema", PostgresPool::Access::kWrite,
        [&](PostgresSession& session) -> absl::Status {
          GANNET_ASSIGN_OR_RETURN(done, ApplyNext(session.sql(), build, step, migrations));
          return absl::OkStatus();
        }));
    if (done == nullptr) break;
    applied(*done);
  }
  GANNET_ASSIGN_OR_RETURN(const MigrationPlan plan, PlanMigrations(pool, migrations));
  return plan.now.version;
}

}  // namespace gannet::store
