// Between the thread that reads Kafka and the executor's thread, of one subscription:
// events that wait, what is in flight, what is acknowledged, what is rejected. Knows
// nothing of librdkafka.
//
// The reader assigns partitions and pushes what it reads; the inbox delivers on the
// executor, one event at a time, partitions in turn, at most `limit` unacknowledged.
// Bounded: a kBlock inbox says Full() and the reader pauses Kafka; a kConflate inbox
// keeps the newest `limit` of a partition and counts what it skips.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/executor.h"
#include "libs/base/time.h"
#include "libs/bus/bus.h"
#include "libs/bus/dead_letter.h"
#include "libs/bus/stream_marks.h"

namespace gannet::bus {

// Writes a dead letter; `kept` runs once it is kept, on any thread. RESOURCE_EXHAUSTED:
// try again later.
using PutAside = std::function<absl::Status(const DeadLetter& letter, std::function<void()> kept)>;

class KafkaInbox : public std::enable_shared_from_this<KafkaInbox> {
 public:
  static constexpr size_t kDeliveriesPerTask = 256;
  // What waits, events and bytes, before the reader pauses.
  static constexpr size_t kMostWaiting = 10'000, kLeastWaiting = 256;
  static constexpr size_t kMostWaitingBytes = 16u << 20;

  struct Options {
    const TopicInfo* topic = nullptr;
    uint32_t partitions = 1;
    SubscribeOptions subscribe;
    Bus::RawHandler handler;
    PutAside put_aside;
    std::function<void()> wake;  // cuts the reader's wait short; any thread
  };
  struct Incoming {
    Position position;
    std::shared_ptr<const void> event;  // null: undecodable
    absl::Status error;                 // why
    market::TraceContext trace;         // with `error`: from Kafka's header
    std::string key, payload;           // with `error`
    size_t bytes = 0;
    uint64_t gap = 0;                       // left out before this one, by the producer or here
    std::optional<market::EventId> number;  // of its producer in this partition, without holes
    // No event, but the end of a topic that was made anew: what comes next has offsets from
    // here on. With `error` the partition is halted before it.
    std::optional<uint64_t> anew;
  };
  struct Place {
    Position next;     // the first to be read
    uint64_t end = 0;  // of the partition
  };

  KafkaInbox(base::Executor& executor, Options options);

  // --- the reader's thread ------------------------------------------------------------
  void Assign(const std::vector<Place>& places);
  // Forgets what waits there. Before it, the reader may wait for what is in flight.
  void Revoke(const std::vector<uint32_t>& partitions);
  // False: `limit` has passed first. At once when the inbox is closed.
  bool WaitUntilSettled(const std::vector<uint32_t>& partitions, base::Duration limit);
  void Push(Incoming incoming);
  bool Full() const;
  bool Roomy() const;  // far enough below full to go on
  void CountSkipped(uint64_t events);
  void SetEnd(uint32_t partition, uint64_t end);
  // The first offset not acknowledged, of each assigned partition where that has moved
  // since it was last given out; with `all`, of every one.
  std::vector<Position> Acknowledged(bool all);
  // Where the reader goes on after reading anew: the first not yet pushed.
  std::vector<Place> Places() const;
  // A position that Kafka cannot give: nothing further of the partition comes.
  void Halt(Position position, const absl::Status& why,
            std::optional<uint64_t> anew = std::nullopt);
  // The topic was made anew, and is read on from `next`: lower offsets than before are new
  // events. Nobody knows how much of the old one is lost; it counts as one that was skipped.
  void GoOnAnew(Position position, uint64_t next);
  std::vector<DeadLetter> Halted() const;
  void Resolve(Position position, Resolution resolution);
  void SetConnection(absl::Status status);

  // --- the executor's thread ----------------------------------------------------------
  void Ack(Position position);
  void Reject(Position position, const absl::Status& why);
  // Nothing is delivered after it.
  void Close();

  // --- any thread ---------------------------------------------------------------------
  SubscriptionStats stats() const;
  absl::Status health() const;
  struct View {
    std::vector<uint32_t> assigned;
    std::vector<Position> next;  // of each assigned: the first not delivered
    size_t unacknowledged = 0;
    bool at_limit = false;
    bool holding = false;  // a rejected event waits for its pause or its dead letter
    std::vector<uint32_t> halted;
    uint64_t resolutions = 0;  // decisions followed
  };
  View view() const;

 private:
  struct InFlight {
    uint64_t offset = 0;
    Incoming incoming;
    bool settled = false;  // needs no acknowledgement of its own
  };
  struct Hold {
    enum class Kind : uint8_t { kNone, kPaused, kDue, kRetrying, kPuttingAside, kHalted };
    Kind kind = Kind::kNone;
    uint64_t offset = 0;
    uint32_t attempts = 0;
    uint64_t acknowledged = 0;  // beyond it, meanwhile: one past the offset
    Incoming incoming;
    absl::Status why;
  };
  struct Partition {
    bool assigned = false;
    uint64_t fetched = 0;    // the first offset not pushed
    uint64_t delivered = 0;  // the first offset not delivered
    uint64_t acknowledged = 0, given_out = 0;
    uint64_t highest = 0;  // one past the highest ever delivered here
    uint64_t end = 0;
    std::deque<Incoming> waiting;
    std::deque<InFlight> in_flight;
    Hold hold;
    StreamMarks marks;
    StreamMarks numbers;  // of each producer, the highest pushed
  };
  using Lock = std::unique_lock<std::mutex>;

  void Schedule();
  void Deliver();
  bool DeliverOne(Lock& lock);
  void Hand(Lock& lock, uint32_t p, const std::shared_ptr<const void>& event, uint64_t offset);
  void Settle(uint32_t p, uint64_t up_to);
  void Release(uint32_t p);
  void BeginAnew(uint32_t p, uint64_t next);
  void Fail(uint32_t p, const absl::Status& why);
  void PutHoldAside(uint32_t p);
  void ResolveNow(Position position, Resolution resolution);
  void TellHealth();
  absl::Status HealthLocked() const;
  DeadLetter LetterOf(uint32_t p) const;
  size_t Unacknowledged() const;
  size_t WaitingLimit() const;
  std::function<void()> Weak(void (KafkaInbox::*member)(uint32_t), uint32_t p, uint64_t offset,
                             Hold::Kind kind);

  base::Executor& executor_;
  const Options options_;
  const bool conflates_;

  mutable std::mutex mutex_;  // of everything below
  std::condition_variable settled_;
  std::vector<Partition> partitions_;
  uint32_t turn_ = 0;
  size_t waiting_ = 0, waiting_bytes_ = 0;
  bool scheduled_ = false, closed_ = false;
  mutable bool was_full_ = false;
  uint64_t resolutions_ = 0;
  SubscriptionStats stats_;
  absl::Status connection_;
  absl::Status told_;
};

}  // namespace gannet::bus
