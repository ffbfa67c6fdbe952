// Retention of segments and snapshots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"

namespace gannet::journal {

// See Writer::Prune. The caller holds the folder.
absl::StatusOr<size_t> PruneFiles(base::Files& files, const std::string& dir, base::Time now,
                                  base::Duration keep, uint64_t max_bytes);

}  // namespace gannet::journal
