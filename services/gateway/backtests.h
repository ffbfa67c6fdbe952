// Runs of `gannet replay --out FOLDER/NAME`, as the page lists and compares them: each
// folder below one with a backtest.json in it.
//
// Reads files: for the background thread. Bounded by kMax….
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/files.h"

namespace gannet::gateway {

inline constexpr char kBacktestFile[] = "backtest.json";
inline constexpr size_t kMaxBacktests = 500;
inline constexpr uint64_t kMaxBacktestBytes = 8u << 20;

// Name to the row of the list, as JSON; one that cannot be read says so in its row.
std::map<std::string, std::string> BacktestRows(base::Files& files, const std::string& folder);
// All of one. NOT_FOUND: there is none of that name. DATA_LOSS: it is not what replay writes.
absl::StatusOr<std::string> BacktestDocument(base::Files& files, const std::string& folder,
                                             const std::string& name);

}  // namespace gannet::gateway
