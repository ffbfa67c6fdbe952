// A librdkafka consumer and the few calls that wait for brokers: each with a short
// time-out of its own, so that whoever calls can give up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/bus/bus.h"
#include "libs/bus/kafka_handle.h"
#include "libs/bus/kafka_headers.h"
#include "libs/bus/kafka_record.h"

namespace gannet::bus {

inline constexpr int kKafkaCallMs = 1'000;

// Destroys without closing: for consumers that are in no group.
struct KafkaDestroyUnclosed {
  void operator()(rd_kafka_t* client) const {
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
};
using KafkaReaderClient = std::unique_ptr<rd_kafka_t, KafkaDestroyUnclosed>;

// Takes the configuration. UNAVAILABLE says why there is no client.
absl::StatusOr<KafkaReaderClient> MakeKafkaConsumer(KafkaOwned<rd_kafka_conf_t> conf);

struct KafkaTopicSeen {
  uint32_t partitions = 0;
  std::vector<uint32_t> without_leader;  // of them
};
using KafkaTopics = std::map<std::string, KafkaTopicSeen>;
absl::StatusOr<KafkaTopics> KafkaTopicsOf(rd_kafka_t* client, const std::string& brokers);
// NOT_FOUND: no such topic. FAILED_PRECONDITION: other partitions than `wanted`.
absl::Status CheckKafkaTopic(const KafkaTopics& topics, const std::string& topic, uint32_t wanted,
                             const std::string& brokers);

struct KafkaExtent {
  uint64_t begin = 0, end = 0;  // offsets kept: [begin, end)
};
absl::StatusOr<KafkaExtent> KafkaExtentOf(rd_kafka_t* client, const std::string& topic,
                                          uint32_t partition);
// The same of any number, at the price of one.
using KafkaPlace = std::pair<std::string, uint32_t>;  // topic, partition
using KafkaExtents = std::map<KafkaPlace, KafkaExtent>;
absl::StatusOr<KafkaExtents> KafkaExtentsOf(rd_kafka_t* client,
                                            const std::vector<KafkaPlace>& places);
// The same, asked once: `refused` says of which places nothing was said. Not OK: a broker did
// not answer in time, and nothing is known of any place.
using KafkaRefusals = std::map<KafkaPlace, rd_kafka_resp_err_t>;
absl::StatusOr<KafkaExtents> KafkaExtentsOfSome(rd_kafka_t* client,
                                                const std::vector<KafkaPlace>& places,
                                                KafkaRefusals& refused);
// A leader was just elected, or will be: ask again at once.
bool KafkaLeaderIsNew(rd_kafka_resp_err_t error);
std::string KafkaRefusalText(const KafkaPlace& place, rd_kafka_resp_err_t error);

// By position; nothing where the group has committed nothing.
absl::StatusOr<std::vector<std::optional<uint64_t>>> KafkaCommitted(
    rd_kafka_t* client, const std::string& topic, const std::vector<uint32_t>& partitions);

KafkaOwned<rd_kafka_topic_partition_list_t> KafkaList(const std::string& topic,
                                                      const std::vector<Position>& positions);

// Hands a record to a producer, which copies it. `topic` may be null: by name. `opaque`
// comes back with the delivery report. The error's text is put into `why`.
rd_kafka_resp_err_t KafkaProduce(rd_kafka_t* client, rd_kafka_topic_t* topic,
                                 const KafkaRecord& record, uint64_t gap, void* opaque,
                                 std::string& why);

// Empty when the record has more or longer ones than anybody should read.
KafkaHeaders KafkaHeadersOf(const rd_kafka_message_t& message);

}  // namespace gannet::bus
