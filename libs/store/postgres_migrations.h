// The schema `gannet` of a PostgreSQL and its versions. Migrations (migrations/*.sql)
// expand it: they only add, and older programs go on working beside the newer schema. One
// that contracts it, that takes something away, says so by `needs`, the version a program
// must know to go on; it is applied by hand, when no older program runs any more.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pqxx {
class transaction_base;
}

namespace gannet::store {

class PostgresPool;

// The schema versions a program can work with; {0, 0}: any, and none at all.
struct SchemaRange {
  int min = 0;
  int max = 0;  // newer ones too, as long as they need no more than this
};

inline constexpr int kPostgresSchemaVersion = 5;  // the newest of this build
inline constexpr SchemaRange kAnySchema{0, 0};
inline constexpr SchemaRange kStoreSchema{5, kPostgresSchemaVersion};
inline constexpr SchemaRange kLeaseSchema{2, kPostgresSchemaVersion};

struct Migration {
  int version = 0;
  std::string name;
  std::string_view sql;
  int needs = 1;
  std::string sha256;  // of sql, in hex
  bool contracts() const { return needs > 1; }
};

// In order, from version 1.
const std::vector<Migration>& Migrations();

// Which of them: what only adds, whatever contracting ones stand between; or, once none
// of those is left, what takes away.
enum class MigrationStep : uint8_t { kExpand = 1, kContract };

struct SchemaState {
  int version = 0;  // 0: no schema yet
  int needs = 0;
};

// FAILED_PRECONDITION, with what to run: the schema is not one of `accepts`. In a
// transaction; throws as libpqxx does.
absl::Status CheckSchema(pqxx::transaction_base& transaction, SchemaRange accepts);
absl::Status CheckSchema(const SchemaState& state, SchemaRange accepts);

// Whether the schema has this table now. (to_regclass may answer from the session's
// cache, which a lock taken by hand does not bring up to date.)
bool HasTable(pqxx::transaction_base& transaction, const std::string& name);

// A row of gannet.schema_versions.
struct AppliedMigration {
  int version = 0;
  std::string name, sha256;
  std::string build;  // of the program that applied it
  std::string at;     // UTC, by the server's clock: 2026-11-21T09:00:00Z
};

struct MigrationPlan {
  SchemaState now;
  std::vector<AppliedMigration> applied;  // in order; may end with those of a newer build
  std::vector<const Migration*> pending;  // in order, of both steps
  std::vector<const Migration*> PendingOf(MigrationStep step) const;
};

// What Migrate would do; changes nothing. FAILED_PRECONDITION: a migration that was
// applied differs from the one of this build, or the schema is a newer build's that
// this one cannot work with. `pool` is made with kAnySchema; `migrations`, which a test
// makes up, outlive what is returned.
absl::StatusOr<MigrationPlan> PlanMigrations(
    PostgresPool& pool, const std::vector<Migration>& migrations = Migrations());

// Applies what is pending of a step, each migration in a transaction of its own together with
// its row in gannet.schema_versions. FAILED_PRECONDITION: it is to contract, and what
// expands is still pending. Any number of programs may do so at once: an
// advisory lock lets one at a time, and each looks again once it has the lock.
// `applied` is called after each migration that this call has applied. Returns the
// version reached.
absl::StatusOr<int> Migrate(PostgresPool& pool, const std::string& build,
                            const std::function<void(const Migration&)>& applied,
                            MigrationStep step = MigrationStep::kExpand,
                            const std::vector<Migration>& migrations = Migrations());

}  // namespace gannet::store
