// What a replay was and what came of it, as OUT/backtest.json: what the page lists and
// compares. The same run gives the same bytes, but for `made` and `build`.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "apps/gannet/decisions_hash.h"
#include "apps/gannet/replay.h"
#include "libs/base/files.h"
#include "libs/market/ids.h"
#include "libs/store/store.h"

namespace gannet::app {

inline constexpr char kBacktestName[] = "backtest.json";

// `account`: whose result it is; `limit_version`: of the risk gate.
struct BacktestSetting {
  market::AccountId account;
  uint64_t limit_version = 0;
  std::string model;  // empty: none
};

absl::Status WriteBacktest(const ReplayOptions& options, const ReplaySummary& summary,
                           const DecisionsHash& decisions, const BacktestSetting& setting,
                           store::Store& results, base::Files& files);

}  // namespace gannet::app
