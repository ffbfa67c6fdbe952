// What execution says of itself to those who watch it (libs/telemetry/metric_names.h).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "libs/runtime/shard.h"
#include "libs/telemetry/metrics.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {

// What `engine` holds for `venue`, at each scrape for as long as what is returned lives.
// `metrics` may be null: then nothing. `by_socket` says whether orders go over the order
// socket; nothing where none is wanted.
telemetry::Metrics::Collector MeasureExecution(telemetry::Metrics* metrics,
                                               const std::string& venue,
                                               const ExecutionEngine& engine,
                                               const runtime::Shard& shard,
                                               std::function<std::optional<bool>()> by_socket);

}  // namespace gannet::execution
