#include "apps/gannet/migrate_command.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/gannet/store_config.h"
#include "libs/base/status.h"
#include "libs/store/postgres_migrations.h"
#include "libs/store/postgres_pool.h"

namespace gannet::app {
namespace {

// An index over a large table takes its time; so does another program's.
constexpr base::Duration kStatementTimeout = std::chrono::hours(1);
constexpr base::Duration kPause = std::chrono::milliseconds(500);

bool IsAddress(const std::string& store) { return store.find("://") != std::string::npos; }

absl::StatusOr<store::PostgresOptions> FromFile(const std::string& path, base::Files& files) {
  GANNET_ASSIGN_OR_RETURN(const reporting::StoreConfig found, StoreOfConfig(path, files));
  if (found.postgres) return *found.postgres;
  return absl::InvalidArgumentError(absl::StrCat(
      path,
      ": names no PostgreSQL; add store: {postgres: {hosts: [...]}}. The encrypted file of "
      "the embedded shape brings itself up to date when it is opened"));
}

absl::StatusOr<store::PostgresOptions> FromAddress(const MigrateOptions& options) {
  GANNET_ASSIGN_OR_RETURN(store::PostgresOptions found, store::ParsePostgresUri(options.store));
  found.password_file = options.password_file;
  found.root_certificate = options.root_certificate;
  found.client_certificate = options.client_certificate;
  found.client_key = options.client_key;
  if (absl::Status status = store::CheckOptions(found); !status.ok()) {
    // The keys of the configuration are flags here, with dashes.
    std::string text(status.message());
    std::replace(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find(':')), '_',
                 '-');
    return absl::InvalidArgumentError(text);
  }
  return found;
}

// Calls `work` until the server can be reached or patience is at its end.
template <class Work>
auto Patiently(const base::Clock& clock, base::Duration patience, store::PostgresPool& pool,
               const Work& work) {
  const base::Duration begin = clock.Monotonic();
  auto result = work();
  while (absl::IsUnavailable(result.status()) && clock.Monotonic() - begin < patience) {
    pool.Pause(kPause);
    result = work();
  }
  return result;
}

// For scripts too: OK only if this build's programs would be ready.
absl::Status Describe(const store::MigrationPlan& plan, std::ostream& out) {
  for (const store::AppliedMigration& row : plan.applied) {
    out << "applied " << row.version << " " << row.name << ", " << row.at << ", by " << row.build
        << "\n";
  }
  for (const store::Migration* migration : plan.pending) {
    out << "pending " << migration->version << " " << migration->name
        << (migration->contracts() ? ", which takes away: --contract" : "") << "\n";
  }
  out << "reporting of this build takes " << store::kStoreSchema.min << " to "
      << store::kStoreSchema.max << ", leases " << store::kLeaseSchema.min << " to "
      << store::kLeaseSchema.max << ", newer ones if they need no more\n";
  return store::CheckSchema(plan.now, store::kStoreSchema);
}

}  // namespace

absl::StatusOr<store::PostgresOptions> ReadMigrateStore(const MigrateOptions& options,
                                                        base::Files& files) {
  if (IsAddress(options.store)) return FromAddress(options);
  const bool flags = !options.password_file.empty() || !options.root_certificate.empty() ||
                     !options.client_certificate.empty() || !options.client_key.empty();
  if (flags) {
    return absl::InvalidArgumentError(absl::StrCat("the configuration ", options.store,
                                                   " names its own files; leave the flags out"));
  }
  return FromFile(options.store, files);
}

absl::Status MigrateStore(const MigrateOptions& options, const std::string& build,
                          base::Files& files, const base::Clock& clock, std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(store::PostgresOptions target, ReadMigrateStore(options, files));
  target.program = "gannet-migrate";
  target.statement_timeout = kStatementTimeout;
  target.lock_timeout = std::max<base::Duration>(options.patience, std::chrono::seconds(1));
  target.attempts = 2;
  GANNET_ASSIGN_OR_RETURN(const auto pool,
                          store::PostgresPool::Create(files, clock, target, store::kAnySchema));
  GANNET_ASSIGN_OR_RETURN(
      const store::MigrationPlan plan,
      Patiently(clock, options.patience, *pool, [&] { return store::PlanMigrations(*pool); }));
  out << pool->place() << ": schema " << plan.now.version << ", this build's is "
      << store::kPostgresSchemaVersion << "\n";
  if (options.status) return Describe(plan, out);
  const auto step =
      options.contract ? store::MigrationStep::kContract : store::MigrationStep::kExpand;
  const auto pending = plan.PendingOf(step);
  if (options.plan) {
    for (const store::Migration* migration : pending)
      out << "would apply " << migration->version << " " << migration->name << "\n";
    out << (pending.empty() ? "nothing to do\n" : "nothing was changed\n");
  } else {
    GANNET_ASSIGN_OR_RETURN(const int reached, store::Migrate(
                                                   *pool, build,
                                                   [&out](const store::Migration& migration) {
                                                     out << "applied " << migration.version << " "
                                                         << migration.name << "\n"
                                                         << std::flush;
                                                   },
                                                   step));
    out << "schema " << reached << (pending.empty() ? ": nothing to do\n" : ": done\n");
  }
  const size_t waiting = plan.PendingOf(store::MigrationStep::kContract).size();
  if (!options.contract && waiting > 0)
    out << waiting << " that take away wait for --contract, once no older program runs\n";
  return absl::OkStatus();
}

}  // namespace gannet::app
