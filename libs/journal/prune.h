// Retention of segments and snapshots.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"
#include "libs/journal/journal.h"

namespace gannet::journal {

// See Writer::Prune. The caller holds the folder. Records that the mark in it says are not stored
// elsewhere yet (read_mark.h) are needed too.
absl::StatusOr<Pruned> PruneFiles(base::Files& files, const std::string& dir, base::Time now,
                                  const Retention& retention);

}  // namespace gannet::journal
