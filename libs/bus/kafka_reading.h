// What one subscription reads through a KafkaReader: where its partitions begin, what is
// paused, what stands still. All on the reader's thread, but for the constructor and
// what says otherwise.
//
// Offsets are always explicit: what the group has committed, or the earliest kept. On a
// topic of orders an offset that Kafka no longer has, or does not have yet, halts the
// partition instead of being guessed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/executor.h"
#include "libs/bus/kafka_client.h"
#include "libs/bus/kafka_halts.h"
#include "libs/bus/kafka_inbox.h"
#include "libs/bus/kafka_record.h"

namespace gannet::bus {

class KafkaReading {
 public:
  using Tell = std::function<void(KafkaNotice::Severity, std::string event, std::string text)>;
  struct Options {
    KafkaCluster cluster;
    std::string topic_name;  // as Kafka has it
    std::string client_id;   // for what watches halted partitions
    Tell tell;
  };

  KafkaReading(base::Executor& executor, Options options, KafkaInbox::Options inbox);

  // Any thread.
  const std::shared_ptr<KafkaInbox>& inbox() const { return inbox_; }
  const TopicInfo& topic() const { return topic_; }
  const std::string& topic_name() const { return options_.topic_name; }
  bool in_group() const { return subscribe_.start == Start::kGroup; }
  uint64_t malformed_headers() const { return malformed_headers_; }

  absl::Status CheckTopic(const KafkaTopics& topics) const;
  // The same, and that each of what is Wanted() has a leader.
  absl::Status CheckLeaders(const KafkaTopics& topics) const;
  absl::Status CheckRefused(const KafkaRefusals& refused) const;
  // What it reads where it is no member of a group.
  std::vector<KafkaPlace> Wanted() const;
  // Begins, or goes on with a new client. `extents` has what is Wanted().
  void Begin(const KafkaExtents& extents);
  // A member of a group was given these. Waits for brokers.
  absl::Status Given(rd_kafka_t* client, const std::vector<uint32_t>& partitions);
  void Revoke(const std::vector<uint32_t>& partitions);
  // Kafka no longer has what was to be read next of that partition (retention, or the
  // topic was made anew). Waits for brokers; afterwards everything is assigned again.
  absl::Status PlaceAgain(rd_kafka_t* client, uint32_t partition);

  // Where each partition is to be read from now.
  std::vector<Position> Starts() const;
  const std::vector<uint32_t>& partitions() const { return partitions_read_; }
  // Of a client that is gone, or a topic: Begin() goes on where the inbox stands.
  void Lost() { reading_ = asleep_ = false; }
  bool reading() const { return reading_; }
  // Left behind while its inbox has no room: nothing is read for it.
  void SetAsleep(bool asleep) { asleep_ = asleep; }
  bool awake() const { return reading_ && !asleep_; }
  bool began_before() const { return !partitions_read_.empty(); }

  // A message of its topic, for its inbox and those of others that read the topic.
  KafkaInbox::Incoming Read(const rd_kafka_message_t& message);
  void LookAtEnds(rd_kafka_t* client);
  // Not OK: says what keeps a halted partition from being resolved.
  absl::Status ServeHalts();

 private:
  // Read further than the inbox stands, since what is between is not kept.
  struct Lift {
    uint64_t next = 0, from = 0;
  };

  void PlaceAll(const std::vector<uint32_t>& partitions, const std::map<uint32_t, uint64_t>& wanted,
                const KafkaExtents& extents, bool again);
  // What the inbox has to hear of, where what was wanted is not kept.
  struct Break {
    Position at;
    uint64_t from = 0;
    bool anew = false;  // the topic is another one
    std::string text;
  };
  KafkaInbox::Place Place(uint32_t partition, std::optional<uint64_t> wanted,
                          const KafkaExtent& extent, std::vector<Break>& breaks);
  void TellInbox(const std::vector<Break>& breaks, bool again);

  const Options options_;
  const TopicInfo& topic_;
  const SubscribeOptions subscribe_;
  const uint32_t partitions_;
  const std::shared_ptr<KafkaInbox> inbox_;
  KafkaHalts halts_;
  std::atomic<uint64_t> malformed_headers_{0};
  std::vector<uint32_t> partitions_read_;
  std::map<uint32_t, Lift> lifts_;  // by partition
  bool reading_ = false, asleep_ = false;
};

}  // namespace gannet::bus
