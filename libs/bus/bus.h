// Topics between processes (and, in the embedded shape, between a shard and what
// watches it). Implementations: MemoryBus; Kafka comes behind the same interface.
// conformance_suite.h says what every implementation must do.
//
// Delivery is at least once: an event not acknowledged when its subscription
// ends is delivered again to the next one of that group. Effects are applied
// once by high-water marks over Header::id (see market/header.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/bus/topic.h"

namespace gannet::bus {

struct Position {
  uint32_t partition = 0;
  uint64_t offset = 0;  // of the event in its partition, from 0
  auto operator<=>(const Position&) const = default;
};

// Where a subscription begins. kGroup: after what its group has acknowledged; at
// the earliest event kept if the group is new. Any other start moves the group.
enum class Start : uint8_t { kGroup, kEarliest, kLatest, kAt };

struct SubscribeOptions {
  std::string group;  // progress is kept by group; empty: no group, needs another start than kGroup
  Start start = Start::kGroup;
  std::vector<Position>
      at;  // kAt: the first offset wanted in each partition; others from the earliest
  size_t limit = 10'000;  // events delivered and not yet acknowledged, at most
};

// Which partition an event goes to: the same for every implementation, process and
// build. Events of an order_shard topic go by tenant, others by key.
uint32_t PartitionOf(const TopicInfo& topic, const void* event, uint32_t partitions);

// Counters that make every loss and delay visible.
struct SubscriptionStats {
  uint64_t delivered = 0;
  uint64_t skipped = 0;  // conflated away (market data), or asked for and no longer kept
  uint64_t redelivered = 0;
  uint64_t lag = 0;  // events not yet delivered
};

// Ends the subscription when destroyed; no handler runs after that.
class Subscription {
 public:
  virtual ~Subscription() = default;
  // All events of that partition up to and including this one have had their
  // effect, durably. Out-of-order calls keep the highest.
  virtual void Ack(Position position) = 0;
  virtual SubscriptionStats stats() const = 0;
};

class Bus {
 public:
  using RawHandler =
      std::function<void(const std::shared_ptr<const void>& event, Position position)>;

  virtual ~Bus() = default;

  // OK once the bus has taken responsibility for the event. RESOURCE_EXHAUSTED:
  // a kBlock topic is at its limit and nothing was taken; try again later.
  template <class T>
  absl::Status Publish(const Topic<T>& topic, std::shared_ptr<const market::Event<T>> event) {
    return PublishRaw(topic.info, std::move(event));
  }

  // `handler` runs on the thread that owns the bus's executor, one event at a
  // time, in partition order. It must Ack, sooner or later.
  template <class T>
  std::unique_ptr<Subscription> Subscribe(
      const Topic<T>& topic, SubscribeOptions options,
      std::function<void(const market::Event<T>&, Position)> handler) {
    return SubscribeRaw(topic.info, std::move(options),
                        [handler = std::move(handler)](const std::shared_ptr<const void>& event,
                                                       Position position) {
                          handler(*static_cast<const market::Event<T>*>(event.get()), position);
                        });
  }

  virtual absl::Status PublishRaw(const TopicInfo& topic, std::shared_ptr<const void> event) = 0;
  virtual std::unique_ptr<Subscription> SubscribeRaw(const TopicInfo& topic,
                                                     SubscribeOptions options,
                                                     RawHandler handler) = 0;
  // Everything accepted so far has been delivered or is kept for redelivery.
  virtual void Flush() = 0;
};

}  // namespace gannet::bus
