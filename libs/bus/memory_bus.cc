#include "libs/bus/memory_bus.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status.h"
#include "libs/bus/memory_log.h"
#include "libs/bus/stream_marks.h"

namespace gannet::bus {
namespace {

// Events of a kConflate topic kept once every group has acknowledged them. Few: the ticks after
// them go through the memory of all that are kept (docs/benchmarks.md, "Tick to order").
constexpr size_t kConflateRead = 32;

struct Member;

// Progress on one topic, shared by the subscriptions of a group; a subscription
// without a group has one to itself.
struct Group {
  std::string name;
  std::vector<uint64_t> acknowledged;  // by partition: the first offset not acknowledged
  std::vector<uint64_t> delivered;     // by partition: one past the highest offset ever delivered
  std::vector<bool> wanted;            // by partition: some member has asked for it
  // In the order of joining; partition p is of member p mod size, unless one has asked
  // for p by name.
  std::vector<std::shared_ptr<Member>> members;
};

struct TopicState {
  const TopicInfo* info;
  std::vector<MemoryLog> partitions;
  std::vector<std::shared_ptr<Group>> groups;
  TopicStats stats;
};

// A rejected event of one partition, which holds up what follows it.
struct Hold {
  enum class Kind : uint8_t { kNone, kPaused, kDue, kRetrying, kHalted };
  Kind kind = Kind::kNone;
  uint64_t offset = 0;
  uint32_t attempts = 0;
  uint64_t acknowledged = 0;  // beyond it, meanwhile: one past the offset
  std::shared_ptr<const void> event;
  absl::Status why;
};

struct InFlight {
  uint64_t offset = 0;
  std::shared_ptr<const void> event;  // null: needs no acknowledgement of its own
};

// One subscription.
struct Member {
  TopicState* topic;
  std::shared_ptr<Group> group;
  Bus::RawHandler handler;
  std::function<void(const absl::Status&)> on_health;
  RetryPolicy retry;
  size_t limit;
  std::vector<bool> asked_for;  // by partition; empty: a share of all
  // By partition:
  std::vector<uint64_t> next;  // the first offset not delivered to this member
  std::vector<bool> assigned;
  std::vector<std::deque<InFlight>> in_flight;  // delivered, not acknowledged
  std::vector<Hold> holds;
  std::vector<StreamMarks> marks;
  uint32_t turn = 0;  // partition to look at first
  SubscriptionStats stats;
  bool active = true;
  bool ready = false;  // in the queue of those to be served
};

// What was under way in a partition that is given up, taken over or moved.
void StartOver(Member& member, size_t partition) {
  member.in_flight[partition].clear();
  member.holds[partition] = Hold();
  member.marks[partition].Clear();
}

absl::Status HealthOf(const Member& member) {
  for (const Hold& hold : member.holds) {
    if (hold.kind == Hold::Kind::kHalted) return hold.why;
  }
  return absl::OkStatus();
}

}  // namespace

class MemoryBus::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(base::Executor& executor, MemoryBusOptions options)
      : executor_(executor), options_(std::move(options)) {}

  absl::Status Publish(const TopicInfo& info, std::shared_ptr<const void> event);
  std::shared_ptr<Member> Join(const TopicInfo& info, SubscribeOptions options, RawHandler handler);
  void Leave(const std::shared_ptr<Member>& member);
  void Ack(const std::shared_ptr<Member>& member, Position position);
  void Reject(const std::shared_ptr<Member>& member, Position position, const absl::Status& why);
  absl::Status Resolve(const TopicInfo& info, Position position, Resolution resolution);
  std::vector<DeadLetter> DeadLettersOf(const TopicInfo& info) const;
  void Post(std::function<void()> task);
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
  void Settle(const std::shared_ptr<Member>& member, Position position);
  void Poison(const std::shared_ptr<Member>& member, uint32_t partition);
  void Retry(const std::shared_ptr<Member>& member, uint32_t partition);
  void TellHealth(const std::shared_ptr<Member>& member);
  void MakeReady(const std::shared_ptr<Member>& member);
  void Schedule();
  void Serve();
  bool ServeOne(const std::shared_ptr<Member>& owner);
  static void Deliver(Member& member, uint32_t partition, uint64_t offset,
                      std::shared_ptr<const void> event);
  static void SkipForward(Member& member, uint32_t partition);
  static size_t Unacknowledged(const Member& member);

  base::Executor& executor_;
  const MemoryBusOptions options_;
  std::map<std::string, TopicState, std::less<>> topics_;
  std::deque<std::shared_ptr<Member>> ready_;
  std::deque<DeadLetter> dead_letters_;
  bool scheduled_ = false;
  bool closed_ = false;
};

class MemoryBus::MemorySubscription : public Subscription {
 public:
  MemorySubscription(std::shared_ptr<Core> core, std::shared_ptr<Member> member)
      : core_(std::move(core)), member_(std::move(member)) {}
  ~MemorySubscription() override { core_->Leave(member_); }
  void Ack(Position position) override { core_->Ack(member_, position); }
  void Reject(Position position, const absl::Status& why) override {
    core_->Reject(member_, position, why);
  }
  SubscriptionStats stats() const override { return core_->StatsOf(*member_); }
  absl::Status health() const override { return HealthOf(*member_); }

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
    if (!group->wanted[partition]) continue;
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
    if (group->wanted[partition]) lowest = std::min(lowest, group->acknowledged[partition]);
  }
  return lowest;
}

void MemoryBus::Core::Trim(TopicState& topic, uint32_t partition) const {
  MemoryLog& log = topic.partitions[partition];
  const uint64_t read = LowestAcknowledged(topic, partition);
  if (topic.info->delivery != Delivery::kConflate) {
    topic.stats.expired += log.Trim(options_.retention_events, read);
    return;
  }
  const size_t most = options_.conflate_retention_events;
  topic.stats.expired += log.Trim(most, log.end());
  topic.stats.expired += log.Trim(std::min(most, kConflateRead), read);
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
    group->wanted.push_back(false);
  }
  topic.groups.push_back(group);
  return group;
}

// Moves the group to where the subscription wants to begin.
void MemoryBus::Core::Place(const TopicState& topic, Group& group, Member& member,
                            const SubscribeOptions& options) {
  if (options.start == Start::kGroup) return;
  for (size_t i = 0; i < topic.partitions.size(); ++i) {
    if (!member.asked_for.empty() && !member.asked_for[i]) continue;
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
  member->on_health = options.on_health;
  member->retry = options.retry;
  member->limit = options.limit;
  const size_t partitions = topic.partitions.size();
  member->assigned.resize(partitions, false);
  member->holds.resize(partitions);
  member->marks.resize(partitions);
  if (!options.partitions.empty()) {
    GANNET_CHECK(options.start != Start::kGroup, "who names its partitions says where it starts");
    member->asked_for.resize(partitions, false);
    for (const uint32_t partition : options.partitions) {
      GANNET_CHECK(partition < partitions, "a subscription names partitions of its topic");
      member->asked_for[partition] = true;
    }
  }
  Group& group = *member->group;
  for (size_t p = 0; p < partitions; ++p) {
    if (member->asked_for.empty() || member->asked_for[p]) group.wanted[p] = true;
  }
  Place(topic, group, *member, options);
  member->next = group.acknowledged;
  member->in_flight.resize(topic.partitions.size());
  if (options.start != Start::kGroup) {
    for (const std::shared_ptr<Member>& other : group.members) {
      for (size_t p = 0; p < partitions; ++p) {
        if (!member->asked_for.empty() && !member->asked_for[p]) continue;
        other->next[p] = group.acknowledged[p];
        StartOver(*other, p);
      }
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

// Who takes a partition over begins after what the group has acknowledged.
void MemoryBus::Core::Rebalance(Group& group) {
  std::vector<Member*> sharing;
  for (const std::shared_ptr<Member>& member : group.members) {
    if (member->asked_for.empty()) sharing.push_back(member.get());
  }
  for (const std::shared_ptr<Member>& member : group.members) {
    for (size_t p = 0; p < member->assigned.size(); ++p) {
      const bool reserved = std::any_of(
          group.members.begin(), group.members.end(),
          [&](const auto& other) { return !other->asked_for.empty() && other->asked_for[p]; });
      const bool mine = member->asked_for.empty()
                            ? !reserved && sharing[p % sharing.size()] == member.get()
                            : bool(member->asked_for[p]);
      if (mine && !member->assigned[p]) member->next[p] = group.acknowledged[p];
      if (mine != member->assigned[p]) StartOver(*member, p);
      member->assigned[p] = mine;
    }
    MakeReady(member);
  }
}

void MemoryBus::Core::Ack(const std::shared_ptr<Member>& member, Position position) {
  GANNET_CHECK(position.partition < member->next.size(),
               "a position names a partition of its topic");
  Hold& hold = member->holds[position.partition];
  if (hold.kind == Hold::Kind::kNone || position.offset < hold.offset) {
    Settle(member, position);
  } else if (position.offset > hold.offset || hold.kind != Hold::Kind::kRetrying) {
    // What was delivered before the rejection; it counts once that is settled.
    hold.acknowledged = std::max(hold.acknowledged, position.offset + 1);
    if (hold.offset > 0) {
      Settle(member, {.partition = position.partition, .offset = hold.offset - 1});
    }
  } else {
    const uint64_t up_to = std::max(position.offset + 1, hold.acknowledged);
    hold = Hold();
    Settle(member, {.partition = position.partition, .offset = up_to - 1});
  }
}

void MemoryBus::Core::Settle(const std::shared_ptr<Member>& member, Position position) {
  uint64_t& acknowledged = member->group->acknowledged[position.partition];
  const uint64_t end = member->topic->partitions[position.partition].end();
  acknowledged = std::max(acknowledged, std::min(position.offset + 1, end));
  std::deque<InFlight>& in_flight = member->in_flight[position.partition];
  while (!in_flight.empty() &&
         (in_flight.front().offset < acknowledged || in_flight.front().event == nullptr)) {
    acknowledged = std::max(acknowledged, in_flight.front().offset + 1);
    in_flight.pop_front();
  }
  if (closed_) return;
  Trim(*member->topic, position.partition);
  MakeReady(member);
}

void MemoryBus::Core::Reject(const std::shared_ptr<Member>& member, Position position,
                             const absl::Status& why) {
  GANNET_CHECK(position.partition < member->next.size(),
               "a position names a partition of its topic");
  const uint32_t p = position.partition;
  Hold& hold = member->holds[p];
  const std::deque<InFlight>& in_flight = member->in_flight[p];
  const auto found = std::find_if(in_flight.begin(), in_flight.end(), [&](const InFlight& one) {
    return one.offset == position.offset;
  });
  if (found == in_flight.end() || closed_) return;  // of a partition given up meanwhile
  if (hold.kind == Hold::Kind::kNone) {
    hold.offset = position.offset;
    hold.event = found->event;
  } else if (hold.offset != position.offset) {
    return;  // one at a time: it stays unacknowledged and comes again with the next owner
  }
  ++hold.attempts;
  hold.why = why;
  if (!IsTransient(why) || hold.attempts >= member->retry.attempts) return Poison(member, p);
  hold.kind = Hold::Kind::kPaused;
  executor_.After(PauseAfter(member->retry, hold.attempts),
                  [weak = weak_from_this(), member, p, offset = hold.offset] {
                    const std::shared_ptr<Core> core = weak.lock();
                    const Hold& paused = member->holds[p];
                    if (core == nullptr || paused.kind != Hold::Kind::kPaused) return;
                    if (paused.offset == offset) core->Retry(member, p);
                  });
}

void MemoryBus::Core::Retry(const std::shared_ptr<Member>& member, uint32_t partition) {
  member->holds[partition].kind = Hold::Kind::kDue;
  MakeReady(member);
}

void MemoryBus::Core::Poison(const std::shared_ptr<Member>& member, uint32_t partition) {
  Hold& hold = member->holds[partition];
  const TopicInfo& info = *member->topic->info;
  if (dead_letters_.size() >= options_.dead_letter_limit) dead_letters_.pop_front();
  dead_letters_.push_back({.topic = std::string(info.name),
                           .position = {.partition = partition, .offset = hold.offset},
                           .group = member->group->name,
                           .error = std::string(hold.why.message()),
                           .attempts = hold.attempts,
                           .halted = info.order_shard,
                           .trace = info.header(hold.event.get()).trace,
                           .key = info.key(hold.event.get()),
                           .payload = info.encode(hold.event.get())});
  if (info.order_shard) {
    hold.kind = Hold::Kind::kHalted;
    hold.why = HaltedStatus(info, {.partition = partition, .offset = hold.offset}, hold.why);
    TellHealth(member);
    return;
  }
  ++member->stats.dead_letters;
  const Position position{.partition = partition,
                          .offset = std::max(hold.offset + 1, hold.acknowledged) - 1};
  hold = Hold();
  Settle(member, position);
}

absl::Status MemoryBus::Core::Resolve(const TopicInfo& info, Position position,
                                      Resolution resolution) {
  bool found = false;
  for (const std::shared_ptr<Group>& group : TopicOf(info).groups) {
    for (const std::shared_ptr<Member>& member : group->members) {
      Hold& hold = member->holds[position.partition];
      if (hold.kind != Hold::Kind::kHalted || hold.offset != position.offset) continue;
      found = true;
      if (resolution == Resolution::kRetry) {
        Retry(member, position.partition);
      } else {
        const Position settled{.partition = position.partition,
                               .offset = std::max(hold.offset + 1, hold.acknowledged) - 1};
        hold = Hold();
        Settle(member, settled);
      }
      TellHealth(member);
    }
  }
  if (found) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("nothing stands still at offset ", position.offset,
                                          " of ", std::string(info.name), " partition ",
                                          position.partition));
}

std::vector<DeadLetter> MemoryBus::Core::DeadLettersOf(const TopicInfo& info) const {
  std::vector<DeadLetter> letters;
  for (const DeadLetter& letter : dead_letters_) {
    if (letter.topic == info.name) letters.push_back(letter);
  }
  return letters;
}

void MemoryBus::Core::TellHealth(const std::shared_ptr<Member>& member) {
  if (!member->on_health) return;
  Post([member, status = HealthOf(*member)] {
    if (member->active) member->on_health(status);
  });
}

void MemoryBus::Core::Post(std::function<void()> task) {
  executor_.Post([weak = weak_from_this(), task = std::move(task)] {
    const std::shared_ptr<Core> core = weak.lock();
    if (core != nullptr && !core->closed_) task();
  });
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
    if (!member->active || !ServeOne(member)) continue;
    ++served;
    MakeReady(member);
  }
  if (!ready_.empty()) Schedule();
}

size_t MemoryBus::Core::Unacknowledged(const Member& member) {
  size_t count = 0;
  for (const std::deque<InFlight>& in_flight : member.in_flight) count += in_flight.size();
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

void MemoryBus::Core::Deliver(Member& member, uint32_t partition, uint64_t offset,
                              std::shared_ptr<const void> event) {
  uint64_t& highest = member.group->delivered[partition];
  if (offset < highest) ++member.stats.redelivered;
  highest = std::max(highest, offset + 1);
  ++member.stats.delivered;
  member.turn = (partition + 1) % static_cast<uint32_t>(member.next.size());
  member.handler(event, {.partition = partition, .offset = offset});
}

// Delivers one event; false when there is none to deliver now.
bool MemoryBus::Core::ServeOne(const std::shared_ptr<Member>& owner) {
  Member& member = *owner;
  TopicState& topic = *member.topic;
  const bool room = Unacknowledged(member) < member.limit;
  const auto partitions = static_cast<uint32_t>(topic.partitions.size());
  for (uint32_t i = 0; i < partitions; ++i) {
    const uint32_t p = (member.turn + i) % partitions;
    if (!member.assigned[p]) continue;
    Hold& hold = member.holds[p];
    if (hold.kind == Hold::Kind::kDue) {
      hold.kind = Hold::Kind::kRetrying;
      Deliver(member, p, hold.offset, hold.event);
      return true;
    }
    if (hold.kind != Hold::Kind::kNone || !room) continue;
    if (topic.info->delivery == Delivery::kConflate) SkipForward(member, p);
    const MemoryLog::Entry* entry = topic.partitions[p].FirstFrom(member.next[p]);
    if (entry == nullptr) continue;
    const uint64_t offset = entry->offset;
    const std::shared_ptr<const void> event = entry->event;  // the log may change in the handler
    member.next[p] = offset + 1;
    if (!member.marks[p].Take(topic.info->header(event.get()).id)) {
      ++member.stats.duplicates;
      member.in_flight[p].push_back({.offset = offset});
      if (member.in_flight[p].size() == 1) Settle(owner, {.partition = p, .offset = offset});
      return true;
    }
    member.in_flight[p].push_back({.offset = offset, .event = event});
    Deliver(member, p, offset, event);
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

void MemoryBus::WhenKept(std::function<void()> done) { core_->Post(std::move(done)); }

absl::Status MemoryBus::Resolve(const TopicInfo& topic, Position position, Resolution resolution) {
  return core_->Resolve(topic, position, resolution);
}

// Nothing of it outlives the process, so the decision does not either.
void MemoryBus::ResolveHalted(const TopicInfo& topic, Position position, ResolutionOrder order,
                              base::Executor&, std::function<void(const absl::Status&)> done) {
  done(core_->Resolve(topic, position, order.resolution));
}

std::vector<DeadLetter> MemoryBus::dead_letters(const TopicInfo& topic) const {
  return core_->DeadLettersOf(topic);
}

void MemoryBus::ForgetGroup(const TopicInfo& topic, std::string_view group) {
  core_->ForgetGroup(topic, group);
}

TopicStats MemoryBus::stats(const TopicInfo& topic) const { return core_->StatsOf(topic); }

}  // namespace gannet::bus
