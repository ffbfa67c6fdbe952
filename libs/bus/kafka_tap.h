// A tap on Kafka: one librdkafka consumer on a thread of its own, assigned every
// partition at explicit offsets. In no group: nothing is committed, nobody rebalances.
// What is handed over and not dealt with is bounded by `max_in_flight_bytes`; then it
// stops asking Kafka for more.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/bus/kafka_record.h"
#include "libs/bus/kafka_settings.h"
#include "libs/bus/tap.h"

namespace gannet::bus {

struct KafkaTapOptions {
  KafkaCluster cluster;
  std::string prefix;     // before every topic
  std::string client_id;  // unique in the cluster
  size_t max_batch_bytes = 1u << 20;
  size_t max_in_flight_bytes = 8u << 20;
  base::Duration max_wait = std::chrono::milliseconds(20);  // a batch for company
  KafkaNoticeSink notice;                                   // from any thread
};

std::unique_ptr<Tap> MakeKafkaTap(base::Executor& executor, const base::Clock& clock,
                                  KafkaTapOptions options, std::vector<TapTopic> topics,
                                  std::vector<TapPlace> places, Tap::OnBatch on_batch);

}  // namespace gannet::bus
