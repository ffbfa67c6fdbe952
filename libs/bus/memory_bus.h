// The bus of one process: topics are partitioned logs in memory, groups keep
// their offsets for the life of the bus.
//
// Single-threaded: all members, and all handlers, run on the executor's thread.
// Publish only appends; handlers run from a task of their own on the executor, one
// event at a time, at most kDeliveriesPerTask a task, so that a handler which
// publishes never recurses and never starves the loop. Subscriptions take turns
// in the order in which they became ready: a run is a pure function of the calls.
// A handler may publish, subscribe, and end any subscription, its own included.
//
// Limits (MemoryBusOptions): a kConflate topic skips its slow subscribers forward
// and counts, and keeps few events that all have acknowledged; a kBlock topic refuses to publish
// while a group, or a subscription without one, is `backlog_limit` events behind with its
// acknowledgements. A group that will never come back must be forgotten, or it will block its
// topics. Poison is kept as dead letters, the newest `dead_letter_limit` of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/executor.h"
#include "libs/bus/bus.h"
#include "libs/bus/dead_letter.h"

namespace gannet::bus {

struct MemoryBusOptions {
  // Every event goes through its wire codec: what subscribers see is what Kafka
  // would have brought them. Publish fails if it does not come back.
  bool wire_mode = false;
  uint32_t partitions = 1;
  std::map<std::string, uint32_t, std::less<>> topic_partitions;  // exceptions, by topic name
  size_t backlog_limit = 100'000;                                 // kBlock, a partition
  size_t retention_events = 10'000;          // kBlock, a partition: kept although acknowledged
  size_t conflate_retention_events = 1'000;  // kConflate, a partition: for who is slow to read
  size_t compacted_limit = 100'000;          // keys of a compacted topic, a partition
  size_t dead_letter_limit = 1'000;          // all topics together
};

// What happened to a topic, all partitions together.
struct TopicStats {
  uint64_t published = 0;
  uint64_t refused = 0;  // RESOURCE_EXHAUSTED
  uint64_t expired = 0;  // no longer kept: retention, compaction
  uint64_t kept = 0;
};

class MemoryBus : public Bus {
 public:
  static constexpr size_t kDeliveriesPerTask = 256;

  explicit MemoryBus(base::Executor& executor, MemoryBusOptions options = {});
  // Subscriptions may outlive the bus; they hear nothing more.
  ~MemoryBus() override;

  absl::Status PublishRaw(const TopicInfo& topic, std::shared_ptr<const void> event) override;
  std::unique_ptr<Subscription> SubscribeRaw(const TopicInfo& topic, SubscribeOptions options,
                                             RawHandler handler) override;
  // What was accepted is in the log already.
  void WhenKept(std::function<void()> done) override;
  void ResolveHalted(const TopicInfo& topic, Position position, ResolutionOrder order,
                     base::Executor& background,
                     std::function<void(const absl::Status&)> done) override;
  void Flush() override {}

  // Settles the event at `position` in every subscription that it has halted.
  // NOT_FOUND: it has halted none.
  absl::Status Resolve(const TopicInfo& topic, Position position, Resolution resolution);
  std::vector<DeadLetter> dead_letters(const TopicInfo& topic) const;
  // Drops a group's progress. It must have no subscription.
  void ForgetGroup(const TopicInfo& topic, std::string_view group);
  TopicStats stats(const TopicInfo& topic) const;

 private:
  class Core;
  class MemorySubscription;
  std::shared_ptr<Core> core_;
};

}  // namespace gannet::bus
