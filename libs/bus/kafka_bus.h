// The bus between processes: Apache Kafka behind the interface of bus.h. How it keeps
// what it promises is in docs/adr/0003-kafka-bus.md; which topics there are, in
// docs/topics.md.
//
// All members run on the executor's thread, and so do all handlers. Publish hands an
// event to a producer that keeps it until the brokers have it: market data by the tick
// producer (what does not fit is conflated and counted), everything else by the event
// producer (full: RESOURCE_EXHAUSTED). A broker that is away, a topic that is missing or
// has drifted, show in health(); nothing accepted is lost but by the end of the process,
// which Flush() before it prevents. What must survive even that is published again from
// its journal: subscribers hear it once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/bus/bus.h"
#include "libs/bus/kafka_consumer.h"
#include "libs/bus/kafka_newest.h"
#include "libs/bus/kafka_producer.h"
#include "libs/bus/kafka_record.h"
#include "libs/bus/kafka_settings.h"
#include "libs/bus/watched.h"

namespace gannet::bus {

struct KafkaBusOptions {
  KafkaCluster cluster;
  std::string client = "gannet";  // name of the process; client ids begin with it
  uint64_t random = 0;            // fresh bits at each start: client ids are unique
  std::string prefix;             // before every topic and group: several platforms in one cluster
  std::optional<uint32_t> partitions;  // of every topic, instead of the table's; for tests
  size_t max_events = 10'000;          // accepted and not yet with the brokers
  size_t max_event_bytes = 64u << 20;
  size_t max_ticks = 50'000;
  size_t max_tick_bytes = 64u << 20;
  size_t max_conflated_keys = 10'000;
  std::optional<base::Duration> tick_limit;  // no broker has it by then: left out; for tests
  base::Duration flush_limit = std::chrono::seconds(10);
  base::Duration drain_limit = std::chrono::seconds(2);
  base::Duration close_limit = std::chrono::seconds(5);
  KafkaNoticeSink notice;
  KafkaStatisticsSink statistics;
};

struct KafkaBusStats {
  KafkaProducerStats events, ticks;
  KafkaConsumerStats consumers;  // all subscriptions that live, together
  size_t subscriptions = 0;
};

class KafkaBus : public Bus, public Watched {
 public:
  KafkaBus(base::Executor& executor, const base::Clock& clock, KafkaBusOptions options);
  // Flushes within `flush_limit` and ends the subscriptions, which may outlive it and
  // hear nothing more.
  ~KafkaBus() override;

  bool Distant() const override { return true; }
  absl::Status PublishRaw(const TopicInfo& topic, std::shared_ptr<const void> event) override;
  std::unique_ptr<Subscription> SubscribeRaw(const TopicInfo& topic, SubscribeOptions options,
                                             RawHandler handler) override;
  void WhenKept(std::function<void()> done) override;
  void ResolveHalted(const TopicInfo& topic, Position position, ResolutionOrder order,
                     base::Executor& background,
                     std::function<void(const absl::Status&)> done) override;
  void Flush() override;

  // The newest fact of a stream that Kafka has (kafka_newest.h). Waits for brokers; unlike
  // everything else on any thread.
  absl::StatusOr<std::optional<KafkaFact>> NewestFact(uint64_t stream) const;
  // While they are held, facts are refused (RESOURCE_EXHAUSTED); everything else goes on.
  void HoldFacts(bool hold);

  KafkaBusStats stats() const;
  absl::Status health() const override;
  std::map<std::string, uint64_t> counters() const override;

  // What each live subscription has and waits for.
  struct View {
    std::string topic, group;  // as Kafka has them
    bool in_group = false;     // shares its partitions with other members
    KafkaInbox::View inbox;
  };
  std::vector<View> views() const;
  // One past the newest offset of a topic, by its name in Kafka, that a broker has
  // acknowledged to this bus: for tests.
  uint64_t KeptEnd(const std::string& topic, uint32_t partition) const;

  KafkaProducer& events_for_test();

 private:
  class Core;
  class KafkaSubscription;
  const std::shared_ptr<Core> core_;
};

}  // namespace gannet::bus
