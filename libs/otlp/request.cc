#include "libs/otlp/request.h"

#include <algorithm>

#include "libs/base/utf8.h"
#include "libs/telemetry/trace_names.h"
#include "opentelemetry/otlp_trace.pb.h"

namespace gannet::otlp {
namespace {

namespace pb = ::opentelemetry::proto::collector::trace::v1;

template <size_t size>
std::string Bytes(const std::array<uint8_t, size>& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

// proto3 wants UTF-8: one broken text would cost the whole batch.
std::string Text(std::string_view text) {
  return base::ReplaceBadUtf8(text.substr(0, kMaxTextBytes));
}

void Put(pb::KeyValue& out, std::string_view key, std::string_view value) {
  out.set_key(std::string(key));
  out.mutable_value()->set_string_value(Text(value));
}

pb::Span::SpanKind KindOf(telemetry::SpanKind kind) {
  return static_cast<pb::Span::SpanKind>(static_cast<int>(kind));
}

void Fill(const telemetry::Span& span, pb::Span& out) {
  out.set_trace_id(Bytes(span.trace));
  out.set_span_id(Bytes(span.id));
  if (span.parent != telemetry::SpanId{}) out.set_parent_span_id(Bytes(span.parent));
  out.set_name(std::string(span.name));
  out.set_kind(KindOf(span.kind));
  out.set_start_time_unix_nano(static_cast<uint64_t>(base::UnixNanos(span.start)));
  // One of no length is taken for a clock that went back.
  const base::Time end = std::max(span.start + base::Duration(1), span.end);
  out.set_end_time_unix_nano(static_cast<uint64_t>(base::UnixNanos(end)));
  out.set_flags(1);  // sampled
  for (const telemetry::SpanAttribute& attribute : span.attributes) {
    if (static_cast<size_t>(out.attributes_size()) == kMaxAttributes) {
      out.set_dropped_attributes_count(
          static_cast<uint32_t>(span.attributes.size() - kMaxAttributes));
      break;
    }
    pb::KeyValue& put = *out.add_attributes();
    if (const auto* number = std::get_if<int64_t>(&attribute.value)) {
      put.set_key(std::string(attribute.key));
      put.mutable_value()->set_int_value(*number);
    } else {
      Put(put, attribute.key, std::get<std::string>(attribute.value));
    }
  }
  for (const telemetry::SpanLink& link : span.links) {
    pb::Span::Link& put = *out.add_links();
    put.set_trace_id(Bytes(link.trace));
    put.set_span_id(Bytes(link.span));
  }
  if (!span.error) return;
  out.mutable_status()->set_code(pb::Status::STATUS_CODE_ERROR);
  out.mutable_status()->set_message(Text(span.message));
}

}  // namespace

void FillRequest(std::span<const telemetry::Span> spans,
                 const std::map<std::string, std::string>& resource,
                 pb::ExportTraceServiceRequest& request) {
  std::map<std::string_view, pb::ScopeSpans*> by_service;
  for (const telemetry::Span& span : spans) {
    pb::ScopeSpans*& scope = by_service[span.service];
    if (scope == nullptr) {
      pb::ResourceSpans& group = *request.add_resource_spans();
      group.set_schema_url(std::string(telemetry::trace::kSchemaUrl));
      for (const auto& [key, value] : resource)
        Put(*group.mutable_resource()->add_attributes(), key, value);
      Put(*group.mutable_resource()->add_attributes(), telemetry::trace::kServiceName,
          span.service);
      scope = group.add_scope_spans();
      scope->mutable_scope()->set_name(std::string(telemetry::trace::kScope));
      scope->set_schema_url(std::string(telemetry::trace::kSchemaUrl));
    }
    Fill(span, *scope->add_spans());
  }
}

}  // namespace gannet::otlp
