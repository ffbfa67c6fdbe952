// A producer that outlives its librdkafka client: what it has accepted stays here
// until Kafka has acknowledged it, and a supervisor builds a new client when the old
// one fails for good (librdkafka 2.0.2 does so after some errors that leave a message
// in doubt) and sends again, in order, all that is not acknowledged. A consumer hears
// such a message once (stream_marks.h).
//
// Events (KafkaRole::kEventProducer): bounded by messages and bytes; full means that
// Publish refuses. Nothing accepted is ever dropped: it waits for the brokers, for a
// topic that does not exist yet or has a wrong number of partitions, and health() says
// so. Ticks (kTickProducer): Publish takes everything; what does not fit is conflated
// by key and counted, what a broker does not take in time is dropped and counted. Records
// carry their number in the partition: whoever reads the one behind sees what is missing.
//
// Any thread may call; one thread of its own serves the client and calls back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/time.h"
#include "libs/bus/kafka_record.h"
#include "libs/bus/kafka_settings.h"

namespace gannet::bus {

struct KafkaProducerOptions {
  KafkaRole role = KafkaRole::kEventProducer;
  KafkaCluster cluster;
  std::string client_id;  // a number is added for each client built
  size_t max_messages = 10'000;
  size_t max_bytes = 64u << 20;
  size_t max_conflated_keys = 10'000;  // ticks
  // What no broker has taken by then is left out; ticks only. Nothing: as the role has it.
  std::optional<base::Duration> delivery_limit;
  KafkaNoticeSink notice;
  KafkaStatisticsSink statistics;
};

struct KafkaProducerStats {
  uint64_t accepted = 0;
  uint64_t kept = 0;       // acknowledged by the brokers
  uint64_t refused = 0;    // RESOURCE_EXHAUSTED
  uint64_t conflated = 0;  // ticks left out: replaced by newer ones, or not taken in time
  uint64_t rebuilds = 0;   // clients that failed for good
  uint64_t resent = 0;     // after a rebuild
  size_t outstanding = 0;
  size_t conflating = 0;  // ticks that wait, one a key
  base::Duration oldest{0};
};

class KafkaProducer {
 public:
  KafkaProducer(const base::Clock& clock, KafkaProducerOptions options);
  // Abandons what is still outstanding: Flush before.
  ~KafkaProducer();
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  // `kept` (may be empty) runs on the producer's thread once the brokers have it.
  // RESOURCE_EXHAUSTED: full. INVALID_ARGUMENT: larger than kMaxKafkaMessageBytes.
  absl::Status Publish(KafkaRecord record, std::function<void()> kept = nullptr);
  // Runs `done`, on the producer's thread or this one, once nothing accepted so far is
  // outstanding.
  void WhenKept(std::function<void()> done);
  // False: `limit` has passed first.
  bool Flush(base::Duration limit);
  KafkaProducerStats stats() const;
  // One past the newest offset that was acknowledged to the present client; 0: none. Ticks
  // are acknowledged by one broker: readers come that far only once the others have them too.
  uint64_t KeptEnd(const std::string& topic, uint32_t partition) const;
  // Not OK while something keeps messages from leaving; says what helps.
  absl::Status health() const;

  // For tests: the client fails as it would after a message in doubt.
  void FailForTest();

 private:
  class Core;
  const std::unique_ptr<Core> core_;
};

}  // namespace gannet::bus
