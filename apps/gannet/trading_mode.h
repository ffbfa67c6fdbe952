// With what money a data folder was traded: "paper on venue-sim", "LIVE on …". The
// fills of a simulator look like those of a market, so a report has to say.
//
// Kept in DATA/trading-mode, a line for each change: "2026-11-21T10:22:54Z paper on …".
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"

namespace gannet::app {

// Of the changes the newest are kept.
inline constexpr size_t kMaxModeChanges = 1'000;

// Notes that from `now` on the folder is traded like this; nothing when it was before.
absl::Status RecordTradingMode(base::Files& files, const std::string& data_dir, base::Time now,
                               const std::string& mode);

// The modes in force in [from, to), in their order, each once: "paper on venue-sim, LIVE
// on binance-spot". Empty: not recorded.
absl::StatusOr<std::string> TradingModeIn(base::Files& files, const std::string& data_dir,
                                          base::Time from, base::Time to);

}  // namespace gannet::app
