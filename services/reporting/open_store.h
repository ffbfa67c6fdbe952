// The store that a configuration names.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"
#include "libs/store/store.h"
#include "libs/telemetry/log.h"
#include "services/reporting/config.h"

namespace gannet::reporting {

enum class StoreUse : uint8_t {
  kRead,   // beside the program that writes, where the store allows it (PostgreSQL)
  kWrite,  // as the one writer
};

// The files that a start reads: those of the PostgreSQL, or the key of the encrypted file in
// `data_dir` (empty: not known).
absl::Status CheckFiles(base::Files& files, const StoreConfig& config, const std::string& data_dir);

// PostgreSQL where `config` names one; else the encrypted file reports.db in
// `data_dir`, made when absent. Errors: OpenPostgresStore, OpenSqliteStore.
absl::StatusOr<std::unique_ptr<store::Store>> OpenStore(base::Files& files,
                                                        const base::Clock& clock,
                                                        const StoreConfig& config,
                                                        const std::string& data_dir, StoreUse use);

// The same for writing, but a server that is not there is waited for, which the log says
// every `config.patience`. CANCELLED: `stop` said so meanwhile.
absl::StatusOr<std::unique_ptr<store::Store>> WaitForStore(
    base::Files& files, const base::Clock& clock, const StoreConfig& config,
    const std::string& data_dir, telemetry::Log& log, const std::function<bool()>& stop);

}  // namespace gannet::reporting
