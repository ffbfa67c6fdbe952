#include "services/reporting/open_store.h"

#include <algorithm>

#include "libs/runtime/postgres_config.h"
#include "libs/store/postgres_store.h"
#include "libs/store/sqlite_store.h"

namespace gannet::reporting {

absl::Status CheckFiles(base::Files& files, const StoreConfig& config,
                        const std::string& data_dir) {
  if (config.postgres) return runtime::CheckFiles(files, *config.postgres);
  if (data_dir.empty()) return absl::OkStatus();
  return store::CheckSqliteKey(files, data_dir + "/reports.db", data_dir + "/reports.key");
}

absl::StatusOr<std::unique_ptr<store::Store>> OpenStore(base::Files& files,
                                                        const base::Clock& clock,
                                                        const StoreConfig& config,
                                                        const std::string& data_dir, StoreUse use) {
  if (config.postgres) {
    return store::OpenPostgresStore(files, clock, *config.postgres,
                                    use == StoreUse::kWrite ? config.writer : std::string(),
                                    config.patience);
  }
  return store::OpenSqliteStore(files, data_dir + "/reports.db", data_dir + "/reports.key");
}

absl::StatusOr<std::unique_ptr<store::Store>> WaitForStore(
    base::Files& files, const base::Clock& clock, const StoreConfig& config,
    const std::string& data_dir, telemetry::Log& log, const std::function<bool()>& stop) {
  StoreConfig round = config;
  round.patience = std::min<base::Duration>(config.patience, std::chrono::seconds(1));
  for (base::Duration told = clock.Monotonic() - config.patience;;) {
    auto store = OpenStore(files, clock, round, data_dir, StoreUse::kWrite);
    if (!absl::IsUnavailable(store.status())) return store;
    if (stop())
      return absl::CancelledError("stopped while waiting for the store; nothing was started");
    if (clock.Monotonic() - told < config.patience) continue;
    told = clock.Monotonic();
    log.Warning("waiting_for_store", {{"why", std::string(store.status().message())}});
    log.Flush();
  }
}

}  // namespace gannet::reporting
