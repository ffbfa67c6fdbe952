// Topics between processes (and, in the embedded shape, between a shard and what
// watches it). Implementations: MemoryBus and KafkaBus. conformance_suite.h says what
// every implementation must do.
//
// Delivery is at least once: an event not acknowledged when its subscription
// ends is delivered again to the next one of that group. Within one subscription an
// event that was published twice is delivered once (stream_marks.h). Across
// restarts, effects are applied once by high-water marks over Header::id, kept with
// the effect (market/header.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/bus/topic.h"

namespace gannet::base {
class Executor;
}

namespace gannet::bus {

struct Position {
  uint32_t partition = 0;
  uint64_t offset = 0;  // of the event in its partition, from 0
  auto operator<=>(const Position&) const = default;
};

// Where a subscription begins. kGroup: after what its group has acknowledged; at
// the earliest event kept if the group is new; the members of the group share its
// partitions. Any other start takes all its partitions for itself and moves the
// group, of which it is then the only member.
enum class Start : uint8_t { kGroup, kEarliest, kLatest, kAt };

// An event that cannot be applied now (UNAVAILABLE, DEADLINE_EXCEEDED, ABORTED,
// RESOURCE_EXHAUSTED) is delivered again after a pause that doubles; after `attempts`
// deliveries, or at once for any other reason, it is poison.
struct RetryPolicy {
  uint32_t attempts = 5;
  base::Duration first_pause = std::chrono::milliseconds(100);
  base::Duration longest_pause = std::chrono::seconds(5);
};
bool IsTransient(const absl::Status& why);
// Before delivery number `attempts` + 1.
base::Duration PauseAfter(const RetryPolicy& policy, uint32_t attempts);

// The health of a subscription that stands still at `position`.
absl::Status HaltedStatus(const TopicInfo& topic, Position position, const absl::Status& why);

// What a person decides about a poison event that halted its partition.
enum class Resolution : uint8_t { kSkip = 1, kRetry = 2 };
struct ResolutionOrder {
  Resolution resolution = Resolution::kRetry;
  std::string group;  // empty: every group that stands still there
  std::string person, reason;
};

struct SubscribeOptions {
  std::string group;  // progress is kept by group; empty: no group, needs another start than kGroup
  Start start = Start::kGroup;
  std::vector<Position>
      at;  // kAt: the first offset wanted in each partition; others from the earliest
  std::vector<uint32_t> partitions;  // only these; empty: all. Needs another start than kGroup
  size_t limit = 10'000;             // events delivered and not yet acknowledged, at most
  RetryPolicy retry;
  // Hears each change of health(), on the executor's thread, from a task of its own.
  std::function<void(const absl::Status&)> on_health;
};

// Which partition an event goes to: the same for every implementation, process and
// build. Events of an order_shard topic go by tenant, others by key.
uint32_t PartitionOf(const TopicInfo& topic, const void* event, uint32_t partitions);

// Counters that make every loss and delay visible.
struct SubscriptionStats {
  uint64_t delivered = 0;
  uint64_t skipped = 0;  // conflated away (market data), or asked for and no longer kept
  uint64_t redelivered = 0;
  uint64_t duplicates = 0;    // published more than once, delivered once
  uint64_t dead_letters = 0;  // poison put aside (<topic>.dlq)
  uint64_t lag = 0;           // events not yet delivered
};

// Ends the subscription when destroyed; no handler runs after that.
class Subscription {
 public:
  virtual ~Subscription() = default;
  // All events of that partition up to and including this one have had their
  // effect, durably. Out-of-order calls keep the highest.
  virtual void Ack(Position position) = 0;
  // Instead of Ack: the event had no effect, `why`. It is delivered again as
  // RetryPolicy says, and until it is settled nothing further of its partition is
  // delivered. Poison is put aside with its place and reason and counted; on a topic
  // of orders it halts its partition instead until a person resolves it.
  virtual void Reject(Position position, const absl::Status& why) = 0;
  virtual SubscriptionStats stats() const = 0;
  // Not OK: halted, or not connected; says what helps.
  virtual absl::Status health() const = 0;
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

  // True: what is published here comes back, if at all, over a network. Nobody who waits for
  // an answer here waits for that.
  virtual bool Distant() const { return false; }
  virtual absl::Status PublishRaw(const TopicInfo& topic, std::shared_ptr<const void> event) = 0;
  virtual std::unique_ptr<Subscription> SubscribeRaw(const TopicInfo& topic,
                                                     SubscribeOptions options,
                                                     RawHandler handler) = 0;
  // Runs `done` on the executor's thread once the bus keeps everything accepted so
  // far, come what may: only then may what caused it be acknowledged.
  virtual void WhenKept(std::function<void()> done) = 0;
  // Lets who stands still at `position` go on as a person decided; the decision is kept.
  // `done` runs on the executor's thread; what waits for brokers waits on `background`.
  // NOT_FOUND: nothing stands still there.
  virtual void ResolveHalted(const TopicInfo& topic, Position position, ResolutionOrder order,
                             base::Executor& background,
                             std::function<void(const absl::Status&)> done) = 0;
  // Waits, within a limit, until the bus keeps everything accepted so far.
  virtual void Flush() = 0;
};

}  // namespace gannet::bus
