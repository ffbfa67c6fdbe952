#include "libs/bus/kafka_headers.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace gannet::bus {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
// More than a partition can hold in a day is nonsense.
constexpr uint64_t kMostPlausible = 1'000'000'000'000;

void AppendHex(std::string& out, std::span<const uint8_t> bytes) {
  for (const uint8_t byte : bytes) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

// Lower case only. False: something else is in there.
bool ReadHex(std::string_view text, std::span<uint8_t> out) {
  if (text.size() != 2 * out.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t digit = kHex.find(text[i]);
    if (digit == kHex.npos) return false;
    out[i / 2] = static_cast<uint8_t>(i % 2 == 0 ? digit << 4 : out[i / 2] | digit);
  }
  return true;
}

bool AllZero(std::span<const uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

}  // namespace

std::string FormatTraceparent(const market::TraceContext& trace) {
  std::string text = "00-";
  AppendHex(text, trace.trace_id);
  text += '-';
  AppendHex(text, trace.span_id);
  text += '-';
  AppendHex(text, {&trace.flags, 1});
  return text;
}

std::optional<market::TraceContext> ParseTraceparent(std::string_view text) {
  constexpr size_t kLength = 55;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  uint8_t version = 0;
  market::TraceContext trace;
  if (!ReadHex(text.substr(0, 2), {&version, 1}) || version == 0xFF) return std::nullopt;
  if (text.size() > kLength && (version == 0 || text[kLength] != '-')) return std::nullopt;
  if (!ReadHex(text.substr(3, 32), trace.trace_id) ||
      !ReadHex(text.substr(36, 16), trace.span_id) ||
      !ReadHex(text.substr(53, 2), {&trace.flags, 1})) {
    return std::nullopt;
  }
  if (AllZero(trace.trace_id) || AllZero(trace.span_id)) return std::nullopt;
  return trace;
}

std::optional<market::EventId> ParseEventId(std::string_view text) {
  if (text.size() < 18 || text[16] != '-') return std::nullopt;
  market::EventId id;
  for (const char c : text.substr(0, 16)) {
    const size_t digit = kHex.find(c);
    if (digit == kHex.npos) return std::nullopt;
    id.stream = id.stream << 4 | digit;
  }
  const std::optional<uint64_t> sequence = ParseDecimal(text.substr(17));
  if (!sequence || *sequence == 0) return std::nullopt;
  id.sequence = *sequence;
  return id;
}

std::optional<uint64_t> ParseDecimal(std::string_view text) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

KafkaHeaders HeadersOf(const market::Header& header, uint64_t gap) {
  KafkaHeaders headers;
  const auto add = [&](std::string_view name, std::string value) {
    headers.emplace_back(std::string(name), std::move(value));
  };
  if (header.trace != market::TraceContext()) add(header::kTrace, FormatTraceparent(header.trace));
  if (!header.id.empty()) add(header::kEventId, FormatEventId(header.id));
  if (!header.correlation.empty()) add(header::kCorrelation, FormatEventId(header.correlation));
  if (!header.causation.empty()) add(header::kCausation, FormatEventId(header.causation));
  if (!header.tenant.empty()) add(header::kTenant, header.tenant.substr(0, kMaxKafkaHeaderBytes));
  add(header::kEventTime, std::to_string(header.event_time.time_since_epoch().count()));
  if (gap > 0) add(header::kGap, std::to_string(gap));
  return headers;
}

std::optional<std::string_view> FindHeader(const KafkaHeaders& headers, std::string_view name) {
  for (auto header = headers.rbegin(); header != headers.rend(); ++header) {
    if (header->first == name) return header->second;
  }
  return std::nullopt;
}

ReadHeaders ReadKafkaHeaders(const KafkaHeaders& headers) {
  ReadHeaders read;
  if (const auto text = FindHeader(headers, header::kTrace)) {
    read.trace = ParseTraceparent(*text);
    read.malformed += !read.trace;
  }
  if (const auto text = FindHeader(headers, header::kEventId)) {
    read.id = ParseEventId(*text);
    read.malformed += !read.id;
  }
  if (const auto text = FindHeader(headers, header::kGap)) {
    const std::optional<uint64_t> gap = ParseDecimal(*text);
    if (gap && *gap <= kMostPlausible) {
      read.gap = *gap;
    } else {
      ++read.malformed;
    }
  }
  if (const auto text = FindHeader(headers, header::kNumber)) {
    read.number = ParseEventId(*text);
    if (read.number && read.number->sequence > kMostPlausible) read.number.reset();
    read.malformed += !read.number;
  }
  return read;
}

}  // namespace gannet::bus
