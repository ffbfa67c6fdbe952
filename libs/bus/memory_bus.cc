#include "libs/bus/memory_bus.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status.h"
#include "libs/bus/memory_log.h"

namespace gannet::bus {
namespace {

struct Member;

// Progress on one topic, shared by the subscriptions of a group; a subscription
// without a group has one to itself.
struct Group {
  std::string name;
  std::vector<uint64_t> acknowledged;  // by partition: the first offset not acknowledged
  std::vector<uint64_t> delivered;     // by partition: one past the highest offset ever delivered
  // In the order of joining; partition p is of member p mod size.
  std::vector<std::shared_ptr<Member>> members;
};

struct TopicState {
  const TopicInfo* info;
  std::vector<MemoryLog> partitions;
  std::vector<std::shared_ptr<Group>> groups;
  TopicStats stats;
};

// One subscription.
struct Member {
  TopicState* topic;
  std::shared_ptr<Group> group;
  Bus::RawHandler handler;
  size_t limit;
  std::vector<uint64_t> next;  // by partition: the first offset not delivered to this member
  std::vector<bool> assigned;  // by partition
  std::vector<std::deque<uint64_t>> in_flight;  // by partition: delivered, not acknowledged
  uint32_t turn = 0;                            // partition to look at first
  SubscriptionStats stats;
  bool active = true;
  bool ready = false;  // in the queue of those to be served
};

}  // namespace

class MemoryBus::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(base::Executor& executor, MemoryBusOptions options)
      : executor_(executor), options_(std::move(options)) {}

  absl::Status Publish(const TopicInfo& info, std::shared_ptr<const void> event);
  std::shared_ptr<Member> Join(const TopicInfo& info, SubscribeOptions options, RawHandler handler);
  void Leave(const std::shared_ptr<Member>& member);
  void Ack(const std::shared_ptr<Member>& member, Position position);
  SubscriptionStats StatsOf(const Member& member) const;
  void ForgetGroup(const TopicInfo& info, std::string_view name);
  TopicStats StatsOf(const TopicInfo& info) const;
  void Close() { closed_ = true; }

 private:
  TopicState& TopicOf(const TopicInfo& info);
  std::shared_ptr<Group> GroupOf(TopicState& topic, const SubscribeOptions& options);
  static void Place(const TopicState& topic, Group& group, Member& member,
                    const SubscribeOptions& options);
  absl::Status CheckRoom(const TopicState& topic, uint32_t partition) const;
  void Trim(TopicState& topic, uint32_t partition) const;
  static uint64_t LowestAcknowledged(const TopicState& topic, uint32_t partition);
  void Rebalance(Group& group);
  void MakeReady(const std::shared_ptr<Member>& member);
  void Schedule();
  void Serve();
  static bool ServeOne(Member& member);
  static void SkipForward(Member& member, uint32_t partition);
  static size_t Unacknowledged(const Member& member);

  base::Executor& executor_;
  const MemoryBusOptions options_;
  std::map<std::string, TopicState, std::less<>> topics_;
  std::deque<std::shared_ptr<Member>> ready_;
  bool scheduled_ = false;
  bool closed_ = false;
};

class MemoryBus::MemorySubscription : public Subscription {
 public:
  MemorySubscription(std::shared_ptr<Core> core, std::shared_ptr<Member> member)
      : core_(std::move(core)), member_(std::move(member)) {}
  ~MemorySubscription() override { core_->Leave(member_); }
  void Ack(Position position) override { core_->Ack(member_, position); }
  SubscriptionStats stats() const override { return core_->StatsOf(*member_); }

 private:
  std::shared_ptr<Core> core_;
  std::shared_ptr<Member> member_;
};

TopicState& MemoryBus::Core::TopicOf(const TopicInfo& info) {
  if (const auto found = topics_.find(info.name); found != topics_.end()) return found->second;
  const auto exception = options_.topic_partitions.find(info.name);
  const uint32_t partitions =
      exception == options_.topic_partitions.end() ? options_.partitions : exception->second;
  GANNET_CHECK(partitions > 0, "a topic has at least one partition");
  TopicState& topic = topics_[std::string(info.name)];
  topic.info = &info;
  for (uint32_t i = 0; i < partitions; ++i) topic.partitions.emplace_back(info.compacted);
  return topic;
}

absl::Status MemoryBus::Core::Publish(const TopicInfo& info, std::shared_ptr<const void> event) {
  if (options_.wire_mode) {
    auto decoded = info.decode(info.encode(event.get()));
    if (!decoded.ok()) return base::Annotate(decoded.status(), info.name);
    event = *std::move(decoded);
  }
  TopicState& topic = TopicOf(info);
  const uint32_t partition =
      PartitionOf(info, event.get(), static_cast<uint32_t>(topic.partitions.size()));
  if (info.compacted && topic.partitions[partition].size() >= options_.compacted_limit) {
    topic.stats.expired +=
        topic.partitions[partition].Compact(LowestAcknowledged(topic, partition));
  }
  if (absl::Status room = CheckRoom(topic, partition); !room.ok()) {
    ++topic.stats.refused;
    return room;
  }
  std::string key = info.compacted ? info.key(event.get()) : std::string();
  topic.partitions[partition].Append(std::move(event), std::move(key));
  ++topic.stats.published;
  Trim(topic, partition);
  for (const std::shared_ptr<Group>& group : topic.groups) {
    for (const std::shared_ptr<Member>& member : group->members) {
      if (member->assigned[partition]) MakeReady(member);
    }
  }
  return absl::OkStatus();
}

absl::Status MemoryBus::Core::CheckRoom(const TopicState& topic, uint32_t partition) const {
  const MemoryLog& log = topic.partitions[partition];
  if (topic.info->compacted && log.size() >= options_.compacted_limit) {
    return absl::ResourceExhaustedError(
        absl::StrCat(std::string(topic.info->name), " holds ", log.size(),
                     " events that none replaces or that are not acknowledged: the limit "
                     "(bus.compacted_limit)"));
  }
  if (topic.info->delivery != Delivery::kBlock) return absl::OkStatus();
  for (const std::shared_ptr<Group>& group : topic.groups) {
    if (log.Count(group->acknowledged[partition], log.end()) < options_.backlog_limit) continue;
    return absl::ResourceExhaustedError(absl::StrCat(
        std::string(topic.info->name), ": ",
        group->name.empty() ? "a subscriber" : "group " + group->name, " is ",
        options_.backlog_limit, " events behind (bus.backlog_limit); publish again later"));
  }
  return absl::OkStatus();
}

uint64_t MemoryBus::Core::LowestAcknowledged(const TopicState& topic, uint32_t partition) {
  uint64_t lowest = topic.partitions[partition].end();
  for (const std::shared_ptr<Group>& group : topic.groups) {
    lowest = std::min(lowest, group->acknowledged[partition]);
  }
  return lowest;
}

void MemoryBus::Core::Trim(TopicState& topic, uint32_t partition) const {
  MemoryLog& log = topic.partitions[partition];
  const bool conflate = topic.info->delivery == Delivery::kConflate;
  const size_t keep = conflate ? options_.conflate_retention_events : options_.retention_events;
  const uint64_t floor = conflate ? log.end() : LowestAcknowledged(topic, partition);
  topic.stats.expired += log.Trim(keep, floor);
}

std::shared_ptr<Group> MemoryBus::Core::GroupOf(TopicState& topic,
                                                const SubscribeOptions& options) {
  if (!options.group.empty()) {
    for (const std::shared_ptr<Group>& group : topic.groups) {
      if (group->name == options.group) return group;
    }
  }
  auto group = std::make_shared<Group>();
  group->name = options.group;
  for (const MemoryLog& log : topic.partitions) {
    group->acknowledged.push_back(log.begin());
    group->delivered.push_back(0);
  }
  topic.groups.push_back(group);
  return group;
}

// Moves the group to where the subscription wants to begin.
void MemoryBus::Core::Place(const TopicState& topic, Group& group, Member& member,
                            const SubscribeOptions& options) {
  if (options.start == Start::kGroup) return;
  for (size_t i = 0; i < topic.partitions.size(); ++i) {
    const MemoryLog& log = topic.partitions[i];
    group.acknowledged[i] = options.start == Start::kLatest ? log.end() : log.begin();
  }
  if (options.start != Start::kAt) return;
  for (const Position& position : options.at) {
    GANNET_CHECK(position.partition < topic.partitions.size(),
                 "a position names a partition of its topic");
    const MemoryLog& log = topic.partitions[position.partition];
    if (position.offset < log.begin()) member.stats.skipped += log.begin() - position.offset;
    group.acknowledged[position.partition] = std::clamp(position.offset, log.begin(), log.end());
  }
}

std::shared_ptr<Member> MemoryBus::Core::Join(const TopicInfo& info, SubscribeOptions options,
                                              RawHandler handler) {
  GANNET_CHECK(!options.group.empty() || options.start != Start::kGroup,
               "a subscription without a group says where it starts");
  GANNET_CHECK(options.limit > 0, "a subscription takes at least one event");
  TopicState& topic = TopicOf(info);
  auto member = std::make_shared<Member>();
  member->topic = &topic;
  member->group = GroupOf(topic, options);
  member->handler = std::move(handler);
  member->limit = options.limit;
  member->assigned.resize(topic.partitions.size(), false);
  Group& group = *member->group;
  Place(topic, group, *member, options);
  member->next = group.acknowledged;
  member->in_flight.resize(topic.partitions.size());
  if (options.start != Start::kGroup) {
    for (const std::shared_ptr<Member>& other : group.members) {
      other->next = group.acknowledged;
      for (std::deque<uint64_t>& offsets : other->in_flight) offsets.clear();
    }
  }
  group.members.push_back(member);
  Rebalance(group);
  return member;
}

void MemoryBus::Core::Leave(const std::shared_ptr<Member>& member) {
  member->active = false;
  Group& group = *member->group;
  std::erase(group.members, member);
  if (closed_) return;
  if (group.name.empty()) {
    std::erase(member->topic->groups, member->group);
  } else {
    Rebalance(group);
  }
}

// Partition p belongs to member p mod n. Who takes one over begins after what the
// group has acknowledged.
void MemoryBus::Core::Rebalance(Group& group) {
  for (size_t m = 0; m < group.members.size(); ++m) {
    Member& member = *group.members[m];
    for (size_t p = 0; p < member.assigned.size(); ++p) {
      const bool mine = p % group.members.size() == m;
      if (mine && !member.assigned[p]) member.next[p] = group.acknowledged[p];
      if (!mine) member.in_flight[p].clear();
      member.assigned[p] = mine;
    }
    MakeReady(group.members[m]);
  }
}

void MemoryBus::Core::Ack(const std::shared_ptr<Member>& member, Position position) {
  GANNET_CHECK(position.partition < member->next.size(),
               "a position names a partition of its topic");
  uint64_t& acknowledged = member->group->acknowledged[position.partition];
  const uint64_t end = member->topic->partitions[position.partition].end();
  acknowledged = std::max(acknowledged, std::min(position.offset + 1, end));
  std::deque<uint64_t>& offsets = member->in_flight[position.partition];
  while (!offsets.empty() && offsets.front() <= position.offset) offsets.pop_front();
  if (closed_) return;
  Trim(*member->topic, position.partition);
  MakeReady(member);
}

SubscriptionStats MemoryBus::Core::StatsOf(const Member& member) const {
  SubscriptionStats stats = member.stats;
  for (size_t p = 0; p < member.next.size(); ++p) {
    const MemoryLog& log = member.topic->partitions[p];
    if (member.assigned[p]) stats.lag += log.Count(member.next[p], log.end());
  }
  return stats;
}

void MemoryBus::Core::ForgetGroup(const TopicInfo& info, std::string_view name) {
  TopicState& topic = TopicOf(info);
  std::erase_if(topic.groups, [&](const std::shared_ptr<Group>& group) {
    if (group->name != name) return false;
    GANNET_CHECK(group->members.empty(), "a group in use is not forgotten");
    return true;
  });
}

TopicStats MemoryBus::Core::StatsOf(const TopicInfo& info) const {
  const auto found = topics_.find(info.name);
  if (found == topics_.end()) return {};
  TopicStats stats = found->second.stats;
  for (const MemoryLog& log : found->second.partitions) stats.kept += log.size();
  return stats;
}

void MemoryBus::Core::MakeReady(const std::shared_ptr<Member>& member) {
  if (member->ready || !member->active) return;
  member->ready = true;
  ready_.push_back(member);
  Schedule();
}

void MemoryBus::Core::Schedule() {
  if (scheduled_ || closed_) return;
  scheduled_ = true;
  executor_.Post([weak = weak_from_this()] {
    if (const std::shared_ptr<Core> core = weak.lock()) core->Serve();
  });
}

void MemoryBus::Core::Serve() {
  scheduled_ = false;
  // A copy holds each member while its handler runs: it may end itself there.
  for (size_t served = 0; served < kDeliveriesPerTask && !ready_.empty() && !closed_;) {
    const std::shared_ptr<Member> member = ready_.front();
    ready_.pop_front();
    member->ready = false;
    if (!member->active || !ServeOne(*member)) continue;
    ++served;
    MakeReady(member);
  }
  if (!ready_.empty()) Schedule();
}

size_t MemoryBus::Core::Unacknowledged(const Member& member) {
  size_t count = 0;
  for (const std::deque<uint64_t>& offsets : member.in_flight) count += offsets.size();
  return count;
}

// Market data is worth less the older it is: a subscriber with more waiting than
// it may hold unacknowledged hears the newest of it only.
void MemoryBus::Core::SkipForward(Member& member, uint32_t partition) {
  const MemoryLog& log = member.topic->partitions[partition];
  uint64_t& next = member.next[partition];
  const uint64_t oldest = log.end() - std::min<uint64_t>(log.end(), member.limit);
  const uint64_t from = std::max(log.begin(), oldest);
  if (next >= from) return;
  member.stats.skipped += from - next;
  next = from;
}

// Delivers one event; false when there is none to deliver now.
bool MemoryBus::Core::ServeOne(Member& member) {
  TopicState& topic = *member.topic;
  if (Unacknowledged(member) >= member.limit) return false;
  const auto partitions = static_cast<uint32_t>(topic.partitions.size());
  for (uint32_t i = 0; i < partitions; ++i) {
    const uint32_t p = (member.turn + i) % partitions;
    if (!member.assigned[p]) continue;
    if (topic.info->delivery == Delivery::kConflate) SkipForward(member, p);
    const MemoryLog::Entry* entry = topic.partitions[p].FirstFrom(member.next[p]);
    if (entry == nullptr) continue;
    const Position position{.partition = p, .offset = entry->offset};
    const std::shared_ptr<const void> event = entry->event;  // the log may change in the handler
    uint64_t& highest = member.group->delivered[p];
    if (position.offset < highest) ++member.stats.redelivered;
    highest = std::max(highest, position.offset + 1);
    member.next[p] = position.offset + 1;
    member.in_flight[p].push_back(position.offset);
    member.turn = (p + 1) % partitions;
    ++member.stats.delivered;
    member.handler(event, position);
    return true;
  }
  return false;
}

MemoryBus::MemoryBus(base::Executor& executor, MemoryBusOptions options)
    : core_(std::make_shared<Core>(executor, std::move(options))) {}

MemoryBus::~MemoryBus() { core_->Close(); }

absl::Status MemoryBus::PublishRaw(const TopicInfo& topic, std::shared_ptr<const void> event) {
  return core_->Publish(topic, std::move(event));
}

std::unique_ptr<Subscription> MemoryBus::SubscribeRaw(const TopicInfo& topic,
                                                      SubscribeOptions options,
                                                      RawHandler handler) {
  return std::make_unique<MemorySubscription>(
      core_, core_->Join(topic, std::move(options), std::move(handler)));
}

void MemoryBus::ForgetGroup(const TopicInfo& topic, std::string_view group) {
  core_->ForgetGroup(topic, group);
}

TopicStats MemoryBus::stats(const TopicInfo& topic) const { return core_->StatsOf(topic); }

}  // namespace gannet::bus
