// Orders, fills, positions and P&L as CSV and JSON files: the same rows in both,
// amounts as exact decimals, times in ISO 8601 UTC.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "libs/base/files.h"
#include "libs/store/store.h"

namespace gannet::reporting {

// Writes {orders,fills,positions,pnl}.{csv,json} into `folder`, which is made.
absl::Status ExportReports(store::Store& store, store::Range range, base::Files& files,
                           const std::string& folder);

}  // namespace gannet::reporting
