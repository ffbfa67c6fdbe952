// What travels beside an event in Kafka's own headers: enough for tools, tracing and
// people who do not read our protobuf. The payload is the authority; nothing here is
// trusted. Values come from outside and may be hostile: each is read strictly or
// counted as malformed, and a malformed one never costs the event.
//
//   traceparent         W3C trace context, version 00
//   gannet-event-id     stream and sequence: "00c0ffee00c0ffee-42"
//   gannet-correlation  the same, of the first event of the chain
//   gannet-causation    the same, of the event that this one answers
//   gannet-tenant       tenant
//   gannet-event-time   nanoseconds since 1970, decimal
//   gannet-gap          market data that the producer left out before it took this one, decimal
//   gannet-number       of market data: producer, and what number of its partition this is:
//                       "00c0ffee00c0ffee-42". A hole is what was left out, whenever it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/market/header.h"
#include "libs/market/names.h"

namespace gannet::bus {

using KafkaHeaders = std::vector<std::pair<std::string, std::string>>;

// A record with more of them, or a longer one, is read without its headers.
inline constexpr size_t kMaxKafkaHeaders = 64;
inline constexpr size_t kMaxKafkaHeaderBytes = 4'096;

std::string FormatTraceparent(const market::TraceContext& trace);
// Nothing for what W3C calls invalid: lengths, upper case, zero ids, version ff. A
// later version is read as far as 00 goes.
std::optional<market::TraceContext> ParseTraceparent(std::string_view text);

using market::FormatEventId;
std::optional<market::EventId> ParseEventId(std::string_view text);

// `gap` 0: none.
KafkaHeaders HeadersOf(const market::Header& header, uint64_t gap);

struct ReadHeaders {
  std::optional<market::TraceContext> trace;
  std::optional<market::EventId> id;
  uint64_t gap = 0;
  std::optional<market::EventId> number;
  uint32_t malformed = 0;
};
// The last of several with one name counts, as W3C and Kafka have it.
ReadHeaders ReadKafkaHeaders(const KafkaHeaders& headers);

// The value of the last header of that name.
std::optional<std::string_view> FindHeader(const KafkaHeaders& headers, std::string_view name);
std::optional<uint64_t> ParseDecimal(std::string_view text);

namespace header {
inline constexpr std::string_view kTrace = "traceparent";
inline constexpr std::string_view kEventId = "gannet-event-id";
inline constexpr std::string_view kCorrelation = "gannet-correlation";
inline constexpr std::string_view kCausation = "gannet-causation";
inline constexpr std::string_view kTenant = "gannet-tenant";
inline constexpr std::string_view kEventTime = "gannet-event-time";
inline constexpr std::string_view kGap = "gannet-gap";
inline constexpr std::string_view kNumber = "gannet-number";
}  // namespace header

}  // namespace gannet::bus
