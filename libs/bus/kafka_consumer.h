// The reader of one subscription: a thread with a librdkafka consumer of its own that
// fills a KafkaInbox.
//
// With Start::kGroup it joins its group and takes the partitions it is given; any other
// start assigns itself all it wants, at explicit offsets. Offsets are always explicit:
// what the group has committed, or the earliest kept. On a topic of orders an offset
// that Kafka no longer has, or does not have yet, halts the partition instead of being
// guessed. What is acknowledged is committed every kCommitPause, on revocation and at
// the end. When partitions are taken away, what is in flight gets `drain_limit` to be
// acknowledged first, so that the next owner does not repeat it.
//
// Of librdkafka 2.0.2's defects it stays clear by: no seek (assign again instead),
// single messages, the eager "range" assignor, unique client ids, no close without a
// coordinator (an abandoned client ends with the process and is counted).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/bus/bus.h"
#include "libs/bus/kafka_inbox.h"
#include "libs/bus/kafka_record.h"
#include "libs/bus/kafka_settings.h"

namespace gannet::bus {

struct KafkaConsumerOptions {
  KafkaCluster cluster;
  std::string topic_name;  // as Kafka has it
  std::string group;       // as Kafka has it; empty: none
  std::string client_id;   // unique in the cluster
  base::Duration drain_limit = std::chrono::seconds(2);
  base::Duration close_limit = std::chrono::seconds(5);
  KafkaNoticeSink notice;
  KafkaStatisticsSink statistics;
};

struct KafkaConsumerStats {
  uint64_t commits = 0, commit_failures = 0;
  uint64_t rebalances = 0;
  uint64_t malformed_headers = 0;
  uint64_t abandoned = 0;  // clients that could not be closed
};

class KafkaConsumer : public Subscription {
 public:
  static constexpr base::Duration kCommitPause = std::chrono::milliseconds(200);

  // `inbox.wake` is set here.
  KafkaConsumer(base::Executor& executor, const base::Clock& clock, KafkaConsumerOptions options,
                KafkaInbox::Options inbox);
  // Commits, leaves the group and closes, within the limits.
  ~KafkaConsumer() override;
  KafkaConsumer(const KafkaConsumer&) = delete;
  KafkaConsumer& operator=(const KafkaConsumer&) = delete;

  void Ack(Position position) override { inbox_->Ack(position); }
  void Reject(Position position, const absl::Status& why) override {
    inbox_->Reject(position, why);
  }
  SubscriptionStats stats() const override { return inbox_->stats(); }
  absl::Status health() const override { return inbox_->health(); }

  KafkaInbox::View view() const { return inbox_->view(); }
  KafkaConsumerStats consumer_stats() const;
  const std::string& topic_name() const;
  const std::string& group() const;
  bool in_group() const;  // Start::kGroup
  // Ends it as the destructor does; the rest answers on.
  void End();

 private:
  class Reader;
  struct Opaque;
  std::shared_ptr<KafkaInbox> inbox_;  // made by the reader
  const std::unique_ptr<Reader> reader_;
};

}  // namespace gannet::bus
