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

struct Header {
  EventId id;
  EventId correlation;      // the first event of the chain: headline or tick
  EventId causation;        // the event that this one answers
  base::Time event_time;    // at the source
  base::Time receive_time;  // here
  base::Time publish_time;  // outside every hash
  std::string source;       // who says so: "binance-spot", "rss:example"
  uint64_t source_sequence = 0;
  std::string tenant;
  TraceContext trace;  // outside every hash
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
