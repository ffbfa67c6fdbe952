// Topics as they lie on the bus: every record of every partition with its offset, key,
// headers and payload, undecoded. For what copies topics (services/recorder); everybody
// else subscribes (bus.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace gannet::bus {

struct TapTopic {
  std::string name;  // without the installation's prefix
  uint32_t partitions = 1;
  bool operator==(const TapTopic&) const = default;
};

// The next offset wanted of a partition; one that is not named begins at 0.
struct TapPlace {
  std::string topic;
  uint32_t partition = 0;
  uint64_t next = 0;
};

struct TapMessage {
  std::string topic;
  uint32_t partition = 0;
  uint64_t offset = 0;
  int64_t timestamp_ms = 0;  // the bus's own, since 1970; -1: none
  // Absent is not empty: a compacted topic's deletion has no payload.
  std::optional<std::string> key, payload;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  size_t bytes() const {
    size_t sum = 64 + topic.size() + (key ? key->size() : 0) + (payload ? payload->size() : 0);
    for (const auto& [name, value] : headers) sum += name.size() + (value ? value->size() : 0);
    return sum;
  }
};

// What was wanted next is not there: reading goes on at `to`. Behind `from`, the bus has
// forgotten what lies between; before it, the partition's offsets begin anew.
struct TapMove {
  std::string topic;
  uint32_t partition = 0;
  uint64_t from = 0, to = 0;
};

// Moves happened before the messages. Messages of a partition are in order; their
// offsets may jump (compaction).
struct TapBatch {
  std::string cluster;  // not empty in the first batch of a connection: who answers
  std::vector<TapMove> moves;
  std::vector<TapMessage> messages;
  size_t bytes = 0;  // to be given back with Done
};

// On the executor's thread. No batch comes once it is destroyed.
class Tap {
 public:
  using OnBatch = std::function<void(TapBatch)>;
  virtual ~Tap() = default;
  // Batches of that many bytes have been dealt with: as many may come again.
  virtual void Done(size_t bytes) = 0;
  // Not OK: not connected, or a topic is missing or has other partitions.
  virtual absl::Status health() const = 0;
  // Messages that the bus has and that have not been handed over.
  virtual uint64_t lag() const = 0;
};

}  // namespace gannet::bus
