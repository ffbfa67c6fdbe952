// Brings spans to a collector: OTLP over gRPC, in batches, from a thread of its own.
//
// Take never blocks: what finds the queue full is dropped. A batch that the collector
// cannot take now (UNAVAILABLE and its like) is tried again a few times with growing
// pauses, then dropped; one that it refuses for good is dropped at once. All of it is
// counted. A collector that is dead costs nothing but these counts, and the end of the
// process at most kShutdownLimit.
//
// Take on one thread; everything else before and after it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/trace.h"

namespace gannet::otlp {

inline constexpr base::Duration kShutdownLimit = std::chrono::milliseconds(2'500);
inline constexpr int kMaxAttempts = 4;  // of one batch
inline constexpr base::Duration kFirstPause = std::chrono::milliseconds(200);

// INVALID_ARGUMENT: a setting that cannot be, with the name of its variable.
absl::Status Check(const telemetry::TraceOptions& options);
// Of traces without an order: 0 to 1. As of OTEL_TRACES_SAMPLER and its argument.
absl::StatusOr<double> SamplingRatio(const telemetry::TraceOptions& options);

class Exporter : public telemetry::SpanSink {
 public:
  // `resource`: attributes of the process beside those of the options. `metrics` may be
  // null, and outlives it. INVALID_ARGUMENT as of Check; NOT_FOUND: no such certificate.
  static absl::StatusOr<std::unique_ptr<Exporter>> Start(
      telemetry::TraceOptions options, std::map<std::string, std::string> resource,
      telemetry::Metrics* metrics);
  ~Exporter() override;  // Shutdown(kShutdownLimit)

  void Take(telemetry::Span span) override;
  // Sends what waits, within `limit`; then drops the rest and ends. What comes after is
  // dropped.
  void Shutdown(base::Duration limit);

  struct Stats {
    uint64_t exported = 0, dropped_full = 0, dropped_refused = 0;
    uint64_t batches = 0, retries = 0, failed_batches = 0;
    size_t waiting = 0;
  };
  Stats stats() const;

 private:
  struct Core;
  explicit Exporter(std::unique_ptr<Core> core);
  const std::unique_ptr<Core> core_;
  telemetry::Metrics::Collector collector_;
};

}  // namespace gannet::otlp
