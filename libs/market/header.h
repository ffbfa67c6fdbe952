// What every event on the bus carries beside its content.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <utility>

#include "libs/base/time.h"

namespace gannet::market {

// Names one event for ever: the stream that made it (first 64 bits of the
// SHA-256 of the stream's name) and its position there. Streams and positions
// survive restarts, so a consumer de-duplicates by one high-water mark a stream.
struct EventId {
  uint64_t stream = 0;
  uint64_t sequence = 0;  // 0: no event
  auto operator<=>(const EventId&) const = default;
  bool empty() const { return sequence == 0; }
};

// W3C trace context: all zero when there is none.
struct TraceContext {
  std::array<uint8_t, 16> trace_id{};
  std::array<uint8_t, 8> span_id{};
  uint8_t flags = 0;
  bool operator==(const TraceContext&) const = default;
};

// Trace ids follow from event ids, so that a replay draws the same waterfall: the trace
// of a chain is named by its first event, a span by its own.
inline TraceContext TraceOf(const EventId& root, const EventId& own) {
  const auto put = [](uint64_t value, uint8_t* out) {
    for (int i = 0; i < 8; ++i) out[i] = static_cast<uint8_t>(value >> (56 - 8 * i));
  };
  TraceContext trace;
  put(root.stream, trace.trace_id.data());
  put(root.sequence, trace.trace_id.data() + 8);
  put((own.stream << 32 | own.stream >> 32) ^ own.sequence, trace.span_id.data());
  trace.flags = 1;  // sampled; what is left out is left out by the exporter
  return trace;
}

struct Header {
  EventId id;
  // The first event of the chain: of facts the first fact (a headline, a prediction, the
  // intent that a tick caused; what caused that is its causation), of data the input.
  EventId correlation;
  EventId causation;        // the event that this one answers
  base::Time event_time;    // at the source
  base::Time receive_time;  // here
  base::Time publish_time;  // outside every hash
  std::string source;       // who says so: "binance-spot", "rss:example"
  uint64_t source_sequence = 0;
  std::string tenant;
  TraceContext trace;  // outside every hash; none on data
  bool operator==(const Header&) const = default;
};

// A domain value as it travels.
template <class T>
struct Event {
  Header header;
  T value;
  bool operator==(const Event&) const = default;
};

}  // namespace gannet::market
