// Store in one SQLite file, encrypted at rest by SQLCipher (AES-256). The key is
// made on first use into a file of mode 0600 beside the database; whoever loses it
// loses the database. Migrations run at opening and are recorded in the file.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/store/store.h"

namespace gannet::store {

// Schema versions this build can work with; an older file is migrated, a newer
// one refused.
inline constexpr int kSqliteSchemaVersion = 4;

// PERMISSION_DENIED: folder read-only, or the key file readable by others.
// DATA_LOSS: the file is damaged or the key is another one's; the message says
// how to start anew without losing the file. FAILED_PRECONDITION: newer schema.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(base::Files& files, const std::string& path,
                                                       const std::string& key_path);

// Fixed-width text whose order is the order of the numbers: a sign digit (0
// negative, 1 otherwise) and 38 digits, those of a negative number complemented.
std::string SortableAmount(market::Int128 units);
absl::StatusOr<market::Int128> ParseSortableAmount(std::string_view text);

// Whether the key is there that such a store would be opened with; nothing is made.
absl::Status CheckSqliteKey(base::Files& files, const std::string& path,
                            const std::string& key_path);

}  // namespace gannet::store
