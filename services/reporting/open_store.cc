#include "services/reporting/open_store.h"

#include "libs/store/postgres_store.h"
#include "libs/store/sqlite_store.h"

namespace gannet::reporting {

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

}  // namespace gannet::reporting
