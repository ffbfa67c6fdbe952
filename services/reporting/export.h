// Orders, fills, positions and P&L as CSV and JSON files: the same rows in both,
// amounts as exact decimals, times in ISO 8601 UTC.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "libs/base/files.h"
#include "libs/store/store.h"

namespace gannet::reporting {

// Makes the folder and proves that files can be written there, so that a run does not
// learn it at its end.
absl::Status PrepareFolder(base::Files& files, const std::string& folder);

// Writes {orders,fills,positions,pnl}.{csv,json} into `folder`, which is made.
absl::Status ExportReports(store::Store& store, store::Range range, base::Files& files,
                           const std::string& folder);

}  // namespace gannet::reporting
