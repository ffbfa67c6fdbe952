// API keys of the venue's accounts: made at random at the first start and kept
// in files that only their owner may read. There are no default keys.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "services/venue-sim/auth.h"

namespace gannet::venue_sim {

// Names of the files in `dir`; account 0 is the first.
std::string ApiKeyFile(const std::string& dir,
                       AccountIndex account);  // "<dir>/api-key", "<dir>/api-key-2", …
std::string ApiSecretFile(const std::string& dir, AccountIndex account);  // "<dir>/api-secret", …

// Reads the keys of `accounts` accounts, making those that are missing. DATA_LOSS
// when a file does not hold a key: delete both files of that account to get new ones.
absl::StatusOr<std::vector<ApiKey>> LoadOrCreateKeys(base::Files& files, const std::string& dir,
                                                     size_t accounts);

}  // namespace gannet::venue_sim
