// What the parts of the Kafka bus hand to each other.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/bus/bus.h"
#include "libs/bus/kafka_headers.h"

namespace gannet::bus {

// One message on its way to Kafka.
struct KafkaRecord {
  std::string topic;  // as Kafka has it: with the installation's prefix
  uint32_t partition = 0;
  uint32_t partitions = 1;  // that the topic must have; with another number nothing is sent
  std::string key, payload;
  KafkaHeaders headers;

  size_t bytes() const {
    size_t sum = topic.size() + key.size() + payload.size();
    for (const auto& [name, value] : headers) sum += name.size() + value.size();
    return sum;
  }
};

// Where and under which key a record lay.
struct RecordPlace {
  uint32_t partition = 0, partitions = 1;
  std::string_view key;
};
// Whether an event lies where its producer must have put it. INVALID_ARGUMENT: under
// another key or in another partition, where compaction or a shard would lose it; or a
// fact without an id, of which nobody could tell a repetition (copies of journals have
// none).
absl::Status CheckRecord(const TopicInfo& topic, const void* event, const RecordPlace& place);

// Something an operator may want to read; goes to the log.
struct KafkaNotice {
  enum class Severity : uint8_t { kInfo, kWarning, kError };
  Severity severity = Severity::kInfo;
  std::string client;  // client.id
  std::string event;   // "producer_rebuilt", "rebalanced", …
  std::string text;
};
// Called from any thread.
using KafkaNoticeSink = std::function<void(const KafkaNotice&)>;
// librdkafka's statistics (JSON) of one client; from any thread.
using KafkaStatisticsSink = std::function<void(std::string_view client, std::string_view json)>;

}  // namespace gannet::bus
