// Spans as OTLP has them. Pure.
#pragma once

#include <map>
#include <span>
#include <string>

#include "libs/telemetry/trace.h"

namespace opentelemetry::proto::collector::trace::v1 {
class ExportTraceServiceRequest;
}

namespace gannet::otlp {

inline constexpr char kExportMethod[] =
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
inline constexpr size_t kMaxTextBytes = 1'024;  // of one attribute; the rest is cut
inline constexpr size_t kMaxAttributes = 32;    // of one span; what is over is counted in it

// One resource a service; `resource` is put on each beside its name.
void FillRequest(std::span<const telemetry::Span> spans,
                 const std::map<std::string, std::string>& resource,
                 ::opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest& request);

}  // namespace gannet::otlp
