// The topics of a Kafka cluster: what they must be (from libs/bus/topics.h), what they
// are, making those that are missing, and the dead letters in them. Never changes a
// topic that exists: another number of partitions would move keys, less retention would
// delete what somebody counts on.
//
// Every call waits for brokers, some seconds at most: for command lines and tests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/bus/kafka_dead_letter.h"
#include "libs/bus/kafka_record.h"
#include "libs/bus/kafka_settings.h"

namespace gannet::bus {

struct KafkaTopicSpec {
  std::string name;
  uint32_t partitions = 1;
  uint32_t replication = 1;
  std::map<std::string, std::string> config;
  bool operator==(const KafkaTopicSpec&) const = default;
};

// Every topic of the platform and its dead letters, in the order of AllTopics().
std::vector<KafkaTopicSpec> KafkaTopicTable(const std::string& prefix, uint32_t replication);
// What differs, one line each; of the configuration only what `wanted` names.
std::vector<std::string> KafkaTopicDrift(const KafkaTopicSpec& wanted, const KafkaTopicSpec& found);

// A record of a dead-letter topic: one of the two.
struct DeadLetterEntry {
  uint64_t offset = 0;  // in the dead-letter topic
  std::optional<DeadLetter> letter;
  std::optional<ResolutionRecord> resolution;
};

class KafkaAdmin {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaAdmin>> Connect(const KafkaCluster& cluster,
                                                             const std::string& client_id);
  ~KafkaAdmin();

  // How many brokers answer for the cluster.
  absl::StatusOr<uint32_t> Brokers();
  // Those of `names` that exist.
  absl::StatusOr<std::map<std::string, KafkaTopicSpec>> Describe(
      const std::vector<std::string>& names);
  // Waits until every broker knows them. The first that could not be made is named.
  absl::Status Create(const std::vector<KafkaTopicSpec>& topics);
  absl::StatusOr<uint64_t> End(const std::string& topic, uint32_t partition);
  // Of one partition of a dead-letter topic, oldest first; at most `limit`, the newest.
  absl::StatusOr<std::vector<DeadLetterEntry>> ReadDeadLetters(const std::string& topic,
                                                               uint32_t partition, size_t limit);
  // What a partition keeps now, payload by payload, until one is not OK.
  absl::Status ReadAll(const std::string& topic, uint32_t partition,
                       const std::function<absl::Status(std::string_view payload)>& take);
  // Returns once all brokers that count have it.
  absl::Status Append(const KafkaRecord& record);

 private:
  class Core;
  explicit KafkaAdmin(std::unique_ptr<Core> core);
  const std::unique_ptr<Core> core_;
};

// What stands still in a topic of orders: the last word on that offset is a halted
// letter, and no decision to skip came after it.
absl::StatusOr<std::vector<DeadLetter>> KafkaHalted(KafkaAdmin& admin, const std::string& prefix,
                                                    const TopicInfo& topic, uint32_t partitions);

// Writes a person's decision about what stands still at `position`; whoever stands there
// follows it. Of `record`: group, resolution, person, reason, at. NOT_FOUND: nothing
// stands still there. INVALID_ARGUMENT: no person or no reason.
absl::Status ResolveHalt(KafkaAdmin& admin, const std::string& prefix, const TopicInfo& topic,
                         Position position, ResolutionRecord record);

}  // namespace gannet::bus
