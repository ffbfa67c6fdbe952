// The store that a configuration names.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"
#include "libs/store/store.h"
#include "services/reporting/config.h"

namespace gannet::reporting {

enum class StoreUse : uint8_t {
  kRead,   // beside the program that writes, where the store allows it (PostgreSQL)
  kWrite,  // as the one writer
};

// PostgreSQL where `config` names one; else the encrypted file reports.db in
// `data_dir`, made when absent. Errors: OpenPostgresStore, OpenSqliteStore.
absl::StatusOr<std::unique_ptr<store::Store>> OpenStore(base::Files& files,
                                                        const base::Clock& clock,
                                                        const StoreConfig& config,
                                                        const std::string& data_dir, StoreUse use);

}  // namespace gannet::reporting
