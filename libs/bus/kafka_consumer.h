// One subscription of the Kafka bus: an inbox, and its place in the reader that fills it.
#pragma once

#include <memory>
#include <string>

#include "libs/bus/bus.h"
#include "libs/bus/kafka_reader.h"
#include "libs/bus/kafka_reading.h"

namespace gannet::bus {

class KafkaConsumer : public Subscription {
 public:
  KafkaConsumer(std::shared_ptr<KafkaReader> reader, std::shared_ptr<KafkaReading> reading)
      : reader_(std::move(reader)), reading_(std::move(reading)) {
    reader_->Add(reading_);
  }
  ~KafkaConsumer() override { End(); }
  KafkaConsumer(const KafkaConsumer&) = delete;
  KafkaConsumer& operator=(const KafkaConsumer&) = delete;

  void Ack(Position position) override { inbox().Ack(position); }
  void Reject(Position position, const absl::Status& why) override {
    inbox().Reject(position, why);
  }
  SubscriptionStats stats() const override { return inbox().stats(); }
  absl::Status health() const override { return inbox().health(); }

  KafkaInbox::View view() const { return inbox().view(); }
  const KafkaReading& reading() const { return *reading_; }
  // A reader that commits or is a member of a group has no other subscription.
  KafkaConsumerStats consumer_stats() const {
    KafkaConsumerStats stats = reader_->stats();
    stats.malformed_headers = reading_->malformed_headers();
    return stats;
  }
  const std::string& group() const { return reader_->options().group; }

  // Ends it as the destructor does; the rest answers on.
  void End() {
    if (ended_) return;
    ended_ = true;
    inbox().Close();
    reader_->Leave(reading_);
  }

 private:
  KafkaInbox& inbox() const { return *reading_->inbox(); }

  const std::shared_ptr<KafkaReader> reader_;
  const std::shared_ptr<KafkaReading> reading_;
  bool ended_ = false;
};

}  // namespace gannet::bus
