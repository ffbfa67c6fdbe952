#include "libs/bus/kafka_inbox.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"

namespace gannet::bus {
namespace {

constexpr base::Duration kPutAsidePause = std::chrono::milliseconds(100);

}  // namespace

KafkaInbox::KafkaInbox(base::Executor& executor, Options options)
    : executor_(executor),
      options_(std::move(options)),
      conflates_(options_.topic->delivery == Delivery::kConflate),
      partitions_(options_.partitions),
      connection_(absl::UnavailableError("not yet connected to Kafka")),
      told_(connection_) {
  GANNET_CHECK(options_.subscribe.limit > 0, "a subscription takes at least one event");
}

// --- the reader's thread --------------------------------------------------------------

void KafkaInbox::Assign(const std::vector<Place>& places) {
  Lock lock(mutex_);
  for (const Place& place : places) {
    Partition& partition = partitions_[place.next.partition];
    partition.assigned = true;
    partition.fetched = partition.delivered = place.next.offset;
    partition.acknowledged = partition.given_out = place.next.offset;
    partition.end = place.end;
    partition.marks.Clear();
    partition.numbers.Clear();
  }
}

void KafkaInbox::Revoke(const std::vector<uint32_t>& partitions) {
  {
    Lock lock(mutex_);
    for (const uint32_t p : partitions) {
      Partition& partition = partitions_[p];
      partition.assigned = false;
      for (const Incoming& one : partition.waiting) waiting_bytes_ -= one.bytes;
      waiting_ -= partition.waiting.size();
      partition.waiting.clear();
      partition.in_flight.clear();
      partition.hold = Hold();
    }
  }
  executor_.Post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->TellHealth();
  });
}

bool KafkaInbox::WaitUntilSettled(const std::vector<uint32_t>& partitions, base::Duration limit) {
  Lock lock(mutex_);
  return settled_.wait_for(lock, limit, [&] {
    return closed_ || std::all_of(partitions.begin(), partitions.end(), [&](uint32_t p) {
             return partitions_[p].in_flight.empty() ||
                    partitions_[p].hold.kind == Hold::Kind::kHalted;
           });
  });
}

void KafkaInbox::Push(Incoming incoming) {
  Lock lock(mutex_);
  Partition& partition = partitions_[incoming.position.partition];
  if (closed_ || !partition.assigned || incoming.position.offset < partition.fetched) return;
  partition.fetched = incoming.anew.value_or(incoming.position.offset + 1);
  partition.end = incoming.anew.value_or(std::max(partition.end, partition.fetched));
  if (incoming.number) {
    // Of a producer that was not heard before only what it says itself.
    incoming.gap = partition.numbers.Missing(*incoming.number).value_or(incoming.gap);
    partition.numbers.Take(*incoming.number);
  }
  waiting_bytes_ += incoming.bytes;
  ++waiting_;
  partition.waiting.push_back(std::move(incoming));
  while (conflates_ && partition.waiting.size() > options_.subscribe.limit) {
    const uint64_t left_out = partition.waiting.front().gap + 1;
    waiting_bytes_ -= partition.waiting.front().bytes;
    --waiting_;
    partition.waiting.pop_front();
    partition.waiting.front().gap += left_out;
  }
  Schedule();
}

size_t KafkaInbox::WaitingLimit() const {
  return std::clamp(options_.subscribe.limit, kLeastWaiting, kMostWaiting);
}

bool KafkaInbox::Full() const {
  Lock lock(mutex_);
  was_full_ = !conflates_ && (waiting_ >= WaitingLimit() || waiting_bytes_ >= kMostWaitingBytes);
  return was_full_;
}

bool KafkaInbox::Roomy() const {
  Lock lock(mutex_);
  return 2 * waiting_ <= WaitingLimit() && 2 * waiting_bytes_ <= kMostWaitingBytes;
}

void KafkaInbox::CountSkipped(uint64_t events) {
  Lock lock(mutex_);
  stats_.skipped += events;
}

void KafkaInbox::SetEnd(uint32_t partition, uint64_t end) {
  Lock lock(mutex_);
  partitions_[partition].end = std::max(partitions_[partition].end, end);
}

std::vector<Position> KafkaInbox::Acknowledged(bool all) {
  Lock lock(mutex_);
  std::vector<Position> positions;
  for (uint32_t p = 0; p < partitions_.size(); ++p) {
    Partition& partition = partitions_[p];
    if (!partition.assigned || (!all && partition.acknowledged == partition.given_out)) continue;
    partition.given_out = partition.acknowledged;
    positions.push_back({.partition = p, .offset = partition.acknowledged});
  }
  return positions;
}

std::vector<KafkaInbox::Place> KafkaInbox::Places() const {
  Lock lock(mutex_);
  std::vector<Place> places;
  for (uint32_t p = 0; p < partitions_.size(); ++p) {
    const Partition& partition = partitions_[p];
    if (!partition.assigned) continue;
    places.push_back({.next = {.partition = p, .offset = partition.fetched}, .end = partition.end});
  }
  return places;
}

void KafkaInbox::Halt(Position position, const absl::Status& why, std::optional<uint64_t> anew) {
  Push({.position = position, .error = why, .anew = anew});
}

void KafkaInbox::GoOnAnew(Position position, uint64_t next) {
  Push({.position = position, .gap = 1, .anew = next});
}

std::vector<DeadLetter> KafkaInbox::Halted() const {
  Lock lock(mutex_);
  std::vector<DeadLetter> letters;
  for (uint32_t p = 0; p < partitions_.size(); ++p) {
    if (partitions_[p].hold.kind == Hold::Kind::kHalted) letters.push_back(LetterOf(p));
  }
  return letters;
}

void KafkaInbox::Resolve(Position position, Resolution resolution) {
  executor_.Post([weak = weak_from_this(), position, resolution] {
    if (const auto self = weak.lock()) self->ResolveNow(position, resolution);
  });
}

void KafkaInbox::SetConnection(absl::Status status) {
  {
    Lock lock(mutex_);
    if (connection_ == status) return;
    connection_ = std::move(status);
  }
  executor_.Post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->TellHealth();
  });
}

// --- the executor's thread ------------------------------------------------------------

// Under the lock.
void KafkaInbox::Schedule() {
  if (scheduled_ || closed_) return;
  scheduled_ = true;
  executor_.Post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Deliver();
  });
}

void KafkaInbox::Deliver() {
  const std::shared_ptr<KafkaInbox> keep = shared_from_this();  // a handler may end it
  Lock lock(mutex_);
  scheduled_ = false;
  for (size_t served = 0; served < kDeliveriesPerTask; ++served) {
    if (closed_ || !DeliverOne(lock)) break;
    if (served + 1 == kDeliveriesPerTask) Schedule();
  }
  if (was_full_ && 2 * waiting_ <= WaitingLimit() && !closed_) {
    was_full_ = false;
    lock.unlock();
    options_.wake();
  }
}

// Delivers one event, or settles one that needs no delivery; false when there is none.
bool KafkaInbox::DeliverOne(Lock& lock) {
  const bool room = Unacknowledged() < options_.subscribe.limit;
  const auto count = static_cast<uint32_t>(partitions_.size());
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t p = (turn_ + i) % count;
    Partition& partition = partitions_[p];
    if (!partition.assigned) continue;
    if (partition.hold.kind == Hold::Kind::kDue) {
      partition.hold.kind = Hold::Kind::kRetrying;
      if (partition.hold.incoming.event == nullptr) {
        Fail(p, partition.hold.incoming.error);
      } else {
        Hand(lock, p, std::shared_ptr<const void>(partition.hold.incoming.event),
             partition.hold.offset);
      }
      return true;
    }
    if (partition.hold.kind != Hold::Kind::kNone || !room || partition.waiting.empty()) continue;
    Incoming incoming = std::move(partition.waiting.front());
    partition.waiting.pop_front();
    --waiting_;
    waiting_bytes_ -= incoming.bytes;
    // Not before: whoever hears it has to know what came before the gap from what came behind.
    stats_.skipped += incoming.gap;
    const uint64_t offset = incoming.position.offset;
    partition.delivered = offset + 1;
    const std::shared_ptr<const void> event = incoming.event;
    if (incoming.anew && incoming.error.ok()) {
      BeginAnew(p, *incoming.anew);
    } else if (event == nullptr) {
      partition.hold.offset = offset;
      partition.hold.incoming = incoming;
      partition.in_flight.push_back({.offset = offset});
      Fail(p, incoming.error);
    } else if (!partition.marks.Take(options_.topic->header(event.get()).id)) {
      ++stats_.duplicates;
      partition.in_flight.push_back({.offset = offset, .settled = true});
      Settle(p, partition.acknowledged);
    } else {
      partition.in_flight.push_back({.offset = offset, .incoming = std::move(incoming)});
      Hand(lock, p, event, offset);
    }
    return true;
  }
  return false;
}

void KafkaInbox::Hand(Lock& lock, uint32_t p, const std::shared_ptr<const void>& event,
                      uint64_t offset) {
  Partition& partition = partitions_[p];
  if (offset < partition.highest) ++stats_.redelivered;
  partition.highest = std::max(partition.highest, offset + 1);
  ++stats_.delivered;
  turn_ = (p + 1) % static_cast<uint32_t>(partitions_.size());
  lock.unlock();
  options_.handler(event, {.partition = p, .offset = offset});
  lock.lock();
}

size_t KafkaInbox::Unacknowledged() const {
  size_t count = 0;
  for (const Partition& partition : partitions_) count += partition.in_flight.size();
  return count;
}

// Under the lock: everything below `up_to` is acknowledged, and what stands next and
// needs no acknowledgement of its own.
void KafkaInbox::Settle(uint32_t p, uint64_t up_to) {
  Partition& partition = partitions_[p];
  std::deque<InFlight>& in_flight = partition.in_flight;
  partition.acknowledged = std::max(partition.acknowledged, up_to);
  while (!in_flight.empty() &&
         (in_flight.front().settled || in_flight.front().offset < partition.acknowledged)) {
    partition.acknowledged = std::max(partition.acknowledged, in_flight.front().offset + 1);
    in_flight.pop_front();
  }
  if (in_flight.empty()) settled_.notify_all();
  Schedule();
}

void KafkaInbox::Ack(Position position) {
  Lock lock(mutex_);
  GANNET_CHECK(position.partition < partitions_.size(),
               "a position names a partition of its topic");
  Partition& partition = partitions_[position.partition];
  // Of a partition given up meanwhile: whoever has it now hears the event again. And
  // nothing is acknowledged that was not delivered.
  if (!partition.assigned || closed_ || position.offset >= partition.delivered) return;
  Hold& hold = partition.hold;
  if (hold.kind == Hold::Kind::kNone || position.offset < hold.offset) {
    Settle(position.partition, position.offset + 1);
  } else if (position.offset > hold.offset || hold.kind != Hold::Kind::kRetrying) {
    // What was delivered before the rejection; it counts once that is settled.
    hold.acknowledged = std::max(hold.acknowledged, position.offset + 1);
    Settle(position.partition, hold.offset);
  } else {
    Release(position.partition);
  }
}

// Under the lock: the held event is settled, and what was acknowledged behind it.
void KafkaInbox::Release(uint32_t p) {
  Hold& hold = partitions_[p].hold;
  const uint64_t up_to = std::max(hold.offset + 1, hold.acknowledged);
  const std::optional<uint64_t> anew = hold.incoming.anew;
  hold = Hold();
  if (anew) return BeginAnew(p, *anew);
  Settle(p, up_to);
}

// Under the lock. What is not acknowledged of the old topic never can be: its offsets are
// gone with it.
void KafkaInbox::BeginAnew(uint32_t p, uint64_t next) {
  Partition& partition = partitions_[p];
  partition.in_flight.clear();
  partition.delivered = partition.acknowledged = partition.given_out = partition.highest = next;
  settled_.notify_all();
  Schedule();
}

void KafkaInbox::Reject(Position position, const absl::Status& why) {
  {
    Lock lock(mutex_);
    GANNET_CHECK(position.partition < partitions_.size(),
                 "a position names a partition of its topic");
    Partition& partition = partitions_[position.partition];
    const auto found =
        std::find_if(partition.in_flight.begin(), partition.in_flight.end(),
                     [&](const InFlight& one) { return one.offset == position.offset; });
    if (closed_ || !partition.assigned || found == partition.in_flight.end()) return;
    Hold& hold = partition.hold;
    if (hold.kind == Hold::Kind::kNone) {
      hold.offset = position.offset;
      hold.incoming = found->incoming;
    } else if (hold.offset != position.offset) {
      return;  // one at a time: it stays unacknowledged and comes again with the next owner
    }
    Fail(position.partition, why);
  }
  TellHealth();
}

std::function<void()> KafkaInbox::Weak(void (KafkaInbox::*member)(uint32_t), uint32_t p,
                                       uint64_t offset, Hold::Kind kind) {
  return [weak = weak_from_this(), member, p, offset, kind] {
    const std::shared_ptr<KafkaInbox> self = weak.lock();
    if (self == nullptr) return;
    Lock lock(self->mutex_);
    const Hold& hold = self->partitions_[p].hold;
    if (self->closed_ || hold.kind != kind || hold.offset != offset) return;
    (self.get()->*member)(p);
  };
}

// Under the lock: the held event had no effect.
void KafkaInbox::Fail(uint32_t p, const absl::Status& why) {
  Hold& hold = partitions_[p].hold;
  ++hold.attempts;
  hold.why = why;
  const RetryPolicy& retry = options_.subscribe.retry;
  if (IsTransient(why) && hold.attempts < retry.attempts) {
    hold.kind = Hold::Kind::kPaused;
    executor_.After(PauseAfter(retry, hold.attempts),
                    [weak = weak_from_this(), p, offset = hold.offset] {
                      const std::shared_ptr<KafkaInbox> self = weak.lock();
                      if (self == nullptr) return;
                      Lock lock(self->mutex_);
                      Hold& paused = self->partitions_[p].hold;
                      if (paused.kind != Hold::Kind::kPaused || paused.offset != offset) return;
                      paused.kind = Hold::Kind::kDue;
                      self->Schedule();
                    });
  } else if (options_.topic->order_shard) {
    hold.kind = Hold::Kind::kHalted;  // the reader watches for its resolution
    settled_.notify_all();
    executor_.Post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->TellHealth();
    });
    options_.wake();
  } else {
    hold.kind = Hold::Kind::kPuttingAside;
    PutHoldAside(p);
  }
}

// Under the lock.
void KafkaInbox::PutHoldAside(uint32_t p) {
  const Hold& hold = partitions_[p].hold;
  std::function<void()> kept =
      Weak(&KafkaInbox::Release, p, hold.offset, Hold::Kind::kPuttingAside);
  const absl::Status status =
      options_.put_aside(LetterOf(p), [weak = weak_from_this(), kept = std::move(kept)] {
        if (const auto self = weak.lock()) self->executor_.Post(kept);
      });
  if (status.ok()) {
    ++stats_.dead_letters;
    return;
  }
  executor_.After(kPutAsidePause,
                  Weak(&KafkaInbox::PutHoldAside, p, hold.offset, Hold::Kind::kPuttingAside));
}

DeadLetter KafkaInbox::LetterOf(uint32_t p) const {
  const Hold& hold = partitions_[p].hold;
  const TopicInfo& topic = *options_.topic;
  DeadLetter letter{.topic = std::string(topic.name),
                    .position = {.partition = p, .offset = hold.offset},
                    .group = options_.subscribe.group,
                    .error = std::string(hold.why.message()),
                    .attempts = hold.attempts,
                    .halted = topic.order_shard,
                    .trace = hold.incoming.trace,
                    .key = hold.incoming.key,
                    .payload = hold.incoming.payload};
  if (const void* event = hold.incoming.event.get()) {
    letter.trace = topic.header(event).trace;
    letter.key = topic.key(event);
    letter.payload = topic.encode(event);
  }
  return letter;
}

void KafkaInbox::ResolveNow(Position position, Resolution resolution) {
  {
    Lock lock(mutex_);
    Hold& hold = partitions_[position.partition].hold;
    if (hold.kind != Hold::Kind::kHalted || hold.offset != position.offset) return;
    ++resolutions_;
    if (resolution == Resolution::kSkip) {
      Release(position.partition);
    } else {
      hold.kind = Hold::Kind::kDue;
      Schedule();
    }
  }
  TellHealth();
}

void KafkaInbox::TellHealth() {
  const std::function<void(const absl::Status&)>& tell = options_.subscribe.on_health;
  absl::Status status;
  {
    Lock lock(mutex_);
    status = HealthLocked();
    if (closed_ || status == told_) return;
    told_ = status;
  }
  if (tell) {
    executor_.Post([weak = weak_from_this(), status] {
      const std::shared_ptr<KafkaInbox> self = weak.lock();
      if (self == nullptr) return;
      {
        Lock lock(self->mutex_);
        if (self->closed_) return;
      }
      self->options_.subscribe.on_health(status);
    });
  }
}

void KafkaInbox::Close() {
  Lock lock(mutex_);
  closed_ = true;
  settled_.notify_all();
}

// --- any thread -----------------------------------------------------------------------

absl::Status KafkaInbox::HealthLocked() const {
  for (uint32_t p = 0; p < partitions_.size(); ++p) {
    const Hold& hold = partitions_[p].hold;
    if (hold.kind != Hold::Kind::kHalted) continue;
    return HaltedStatus(*options_.topic, {.partition = p, .offset = hold.offset}, hold.why);
  }
  return connection_;
}

absl::Status KafkaInbox::health() const {
  Lock lock(mutex_);
  return HealthLocked();
}

SubscriptionStats KafkaInbox::stats() const {
  Lock lock(mutex_);
  SubscriptionStats stats = stats_;
  for (const Partition& partition : partitions_) {
    if (!partition.assigned) continue;
    stats.lag += partition.waiting.size();
    if (partition.end > partition.fetched) stats.lag += partition.end - partition.fetched;
  }
  return stats;
}

KafkaInbox::View KafkaInbox::view() const {
  Lock lock(mutex_);
  View view;
  view.resolutions = resolutions_;
  view.unacknowledged = Unacknowledged();
  view.at_limit = view.unacknowledged >= options_.subscribe.limit;
  for (uint32_t p = 0; p < partitions_.size(); ++p) {
    const Partition& partition = partitions_[p];
    if (!partition.assigned) continue;
    view.assigned.push_back(p);
    view.next.push_back({.partition = p,
                         .offset = partition.waiting.empty()
                                       ? partition.fetched
                                       : partition.waiting.front().position.offset});
    const Hold::Kind kind = partition.hold.kind;
    if (kind == Hold::Kind::kHalted) {
      view.halted.push_back(p);
    } else if (kind != Hold::Kind::kNone && kind != Hold::Kind::kRetrying) {
      view.holding = true;
    }
  }
  return view;
}

}  // namespace gannet::bus
