// How far Kafka has the facts of one process: a fact's id says where in the process's
// journal it was decided (market/header.h), so that a journal which ends before it was set
// back.
//
// Read are the last records of every partition of every topic of facts, whoever's they are:
// of a topic that several processes write, a process that was silent for long may be
// further back, and then others of its topics have to show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/bus/bus.h"
#include "libs/bus/kafka_settings.h"
#include "libs/market/header.h"

namespace gannet::bus {

struct KafkaFact {
  std::string topic;  // as Kafka has it
  Position position;
  market::EventId id;
};

// The one of `stream` with the highest sequence; nothing: there is none. Topics that are
// missing have none. Waits for brokers, some seconds at most, on any thread. UNAVAILABLE:
// they did not show all of it.
absl::StatusOr<std::optional<KafkaFact>> NewestKafkaFact(const KafkaCluster& cluster,
                                                         const std::string& client_id,
                                                         const std::string& prefix,
                                                         uint64_t stream);

}  // namespace gannet::bus
