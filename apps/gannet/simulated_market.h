// venue-sim and the ingest of `gannet run` in one thread on virtual time: an hour of
// market in seconds, and the same hour whenever the seed is the same.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/runtime/service.h"

namespace gannet::app {

struct SimulatedMarketOptions {
  uint64_t seed = 1;
  base::Duration length = std::chrono::minutes(30);
};

// Builds what watches the market into a shard of its own, then lets the market
// run. What it builds is destroyed before this returns.
using WatcherFactory =
    std::function<absl::StatusOr<std::unique_ptr<runtime::Service>>(runtime::Deps& deps)>;
absl::Status WatchSimulatedMarket(const SimulatedMarketOptions& options,
                                  const WatcherFactory& watcher);

}  // namespace gannet::app
