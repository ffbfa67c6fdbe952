// What execution says of itself to those who watch it (libs/telemetry/metric_names.h).
#pragma once

#include <string>

#include "libs/runtime/shard.h"
#include "libs/telemetry/metrics.h"
#include "services/execution/execution_engine.h"

namespace gannet::execution {

// What `engine` holds for `venue`, at each scrape for as long as what is returned lives.
// `metrics` may be null: then nothing.
telemetry::Metrics::Collector MeasureExecution(telemetry::Metrics* metrics,
                                               const std::string& venue,
                                               const ExecutionEngine& engine,
                                               const runtime::Shard& shard);

}  // namespace gannet::execution
