// Spans, and who takes them. A span is made once what it speaks of is over, from facts:
// nothing is held open, and nothing on the way of an order waits for it.
//
//   sink->Take({.trace = …, .id = …, .service = "risk", .name = "verdict", …});
//
// Ids are given, not drawn: they follow from event ids (market::TraceOf), so that a
// replay tells the same story under the same ids.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/time.h"

namespace gannet::telemetry {

using TraceId = std::array<uint8_t, 16>;
using SpanId = std::array<uint8_t, 8>;

enum class SpanKind : uint8_t { kInternal = 1, kServer, kClient, kProducer, kConsumer };

struct SpanAttribute {
  std::string_view key;  // of trace_names.h
  std::variant<int64_t, std::string> value;
};

struct SpanLink {
  TraceId trace{};
  SpanId span{};
};

struct Span {
  TraceId trace{};
  SpanId id{};
  SpanId parent{};  // all zero: a root
  std::string service;
  std::string_view name;  // a constant
  SpanKind kind = SpanKind::kInternal;
  base::Time start{}, end{};
  bool error = false;
  std::string message;  // of an error
  std::vector<SpanAttribute> attributes;
  std::vector<SpanLink> links;
};

// One thread calls. Never blocks: a span that finds no room is dropped and counted.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void Take(Span span) = 0;
};

// Where spans go, and which are kept. What has an order id, a rejection or an error is
// always kept; the ratio is of traces that have come to none of these (yet).
struct TraceOptions {
  std::string endpoint;             // "http://127.0.0.1:4317": OTLP over gRPC; empty: nowhere
  std::string certificate_file;     // of the authority of an https endpoint; empty: the system's
  std::string resource_attributes;  // "deployment.environment=paper,team=desk"
  std::string sampler;              // as OTEL_TRACES_SAMPLER names it; empty: always_on
  std::string sampler_ratio;        // as OTEL_TRACES_SAMPLER_ARG
  size_t max_queue = 8'192;         // spans that wait
  size_t max_batch = 512;           // spans in one request
  int schedule_delay_ms = 1'000;    // between requests while there is little
  int export_timeout_ms = 5'000;    // of one request
  bool disabled = false;
};

}  // namespace gannet::telemetry
