#include "libs/otlp/request.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "libs/base/digest.h"
#include "libs/telemetry/trace_names.h"
#include "opentelemetry/otlp_trace.pb.h"

namespace gannet::otlp {
namespace {

telemetry::Span SomeSpan(const char* service) {
  telemetry::Span span;
  span.trace.fill(0x11);
  span.id.fill(0x22);
  span.service = service;
  span.name = "verdict";
  span.start = base::FromUnixNanos(5);
  span.end = base::FromUnixNanos(9);
  return span;
}

TEST_CASE("FillRequest groups spans by their service and keeps their ids") {
  std::vector<telemetry::Span> spans = {SomeSpan("risk"), SomeSpan("strategy"), SomeSpan("risk")};
  spans[0].parent.fill(0x33);
  spans[0].links.push_back({spans[0].trace, spans[0].id});
  ::opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  FillRequest(spans, {{"service.version", "1"}}, request);
  REQUIRE(request.resource_spans_size() == 2);
  const auto& risk = request.resource_spans(0);
  CHECK(risk.resource().attributes(0).value().string_value() == "1");
  CHECK(risk.resource().attributes(1).key() == "service.name");
  CHECK(risk.resource().attributes(1).value().string_value() == "risk");
  CHECK(risk.schema_url() == telemetry::trace::kSchemaUrl);
  REQUIRE(risk.scope_spans(0).spans_size() == 2);
  const auto& first = risk.scope_spans(0).spans(0);
  CHECK(first.trace_id().size() == 16);
  CHECK(base::Hex(first.parent_span_id()) == "3333333333333333");
  CHECK(risk.scope_spans(0).spans(1).parent_span_id().empty());
  CHECK(first.start_time_unix_nano() == 5);
  CHECK(first.links_size() == 1);
}

// A collector drops a batch that it cannot read: one hostile headline must not cost the
// spans of others.
TEST_CASE("FillRequest stays readable whatever a headline holds") {
  telemetry::Span span = SomeSpan("ingest");
  span.attributes.push_back({telemetry::trace::kTitle, std::string("\xff\xfe\x00 broken", 10)});
  span.attributes.push_back({telemetry::trace::kTitle, std::string(1 << 20, 'a')});
  for (int i = 0; i < 100; ++i) span.attributes.push_back({telemetry::trace::kSource, int64_t{i}});
  span.end = base::FromUnixNanos(1);  // a clock that was set back
  ::opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest request;
  FillRequest({&span, 1}, {}, request);
  std::string bytes;
  REQUIRE(request.SerializeToString(&bytes));
  REQUIRE(request.ParseFromString(bytes));
  const auto& put = request.resource_spans(0).scope_spans(0).spans(0);
  CHECK(put.attributes(0).value().string_value().find("broken") != std::string::npos);
  CHECK(put.attributes(1).value().string_value().size() == kMaxTextBytes);
  CHECK(put.attributes_size() == static_cast<int>(kMaxAttributes));
  CHECK(put.dropped_attributes_count() == 102 - kMaxAttributes);
  CHECK(put.end_time_unix_nano() == put.start_time_unix_nano() + 1);
}

}  // namespace
}  // namespace gannet::otlp
