// Flags that a service's binary and `gannet run` have in common. Heavy (CLI11): for the
// files that parse command lines.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "libs/otlp/exporter.h"
#include "libs/runtime/admin_server.h"
#include "libs/telemetry/trace.h"

namespace gannet::runtime {

inline void AddAdminFlag(CLI::App& app, std::string& address) {
  app.add_option("--admin-address", address,
                 "Where health and metrics are served in plain HTTP, read-only, HOST:PORT (port 0: "
                 "any free one); without it, or 'off', nowhere (docs/observability.md)")
      ->type_name("ADDRESS")
      ->check(
          [](const std::string& text) { return std::string(CheckAdminAddress(text).message()); });
}

// Traces. The variables of the environment are those that OpenTelemetry names.
inline void AddTraceFlags(CLI::App& app, telemetry::TraceOptions& traces) {
  app.add_option(
         "--otlp-endpoint", traces.endpoint,
         "Collector of traces, OTLP over gRPC, as http://HOST:4317; without it there are none "
         "(docs/observability.md)")
      ->type_name("URL")
      ->envname("OTEL_EXPORTER_OTLP_ENDPOINT");
  const auto variable = [&app](const char* flag, auto& target, const char* name) {
    app.add_option(flag, target)->envname(name)->group("");  // known by the variable's name
  };
  variable("--otlp-certificate", traces.certificate_file, "OTEL_EXPORTER_OTLP_CERTIFICATE");
  variable("--otel-resource-attributes", traces.resource_attributes, "OTEL_RESOURCE_ATTRIBUTES");
  variable("--otel-traces-sampler", traces.sampler, "OTEL_TRACES_SAMPLER");
  variable("--otel-traces-sampler-arg", traces.sampler_ratio, "OTEL_TRACES_SAMPLER_ARG");
  variable("--otel-bsp-max-queue-size", traces.max_queue, "OTEL_BSP_MAX_QUEUE_SIZE");
  variable("--otel-bsp-max-export-batch-size", traces.max_batch, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE");
  variable("--otel-bsp-schedule-delay", traces.schedule_delay_ms, "OTEL_BSP_SCHEDULE_DELAY");
  variable("--otel-bsp-export-timeout", traces.export_timeout_ms, "OTEL_BSP_EXPORT_TIMEOUT");
  variable("--otel-sdk-disabled", traces.disabled, "OTEL_SDK_DISABLED");
}

}  // namespace gannet::runtime
