#include "libs/bus/kafka_newest.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/bus/kafka_client.h"
#include "libs/bus/topics.h"

namespace gannet::bus {
namespace {

constexpr uint64_t kLastRecords = 500;  // of a partition
constexpr int kPollMs = 200;
constexpr int kPatience = 25;  // empty polls in a row

// Copies of journals are large, and their pieces have no ids.
bool HasIds(const TopicInfo& topic) { return topic.fact && &topic != &kJournals.info; }

absl::StatusOr<KafkaReaderClient> MakeClient(const KafkaCluster& cluster,
                                             const std::string& client_id) {
  GANNET_ASSIGN_OR_RETURN(
      KafkaOwned<rd_kafka_conf_t> conf,
      MakeKafkaConf(KafkaRole::kEventConsumer, cluster, client_id, /*group=*/client_id));
  // The end of a partition is asked for, and not waited for: a compacted one has holes.
  rd_kafka_conf_set(conf.get(), "enable.partition.eof", "true", nullptr, 0);
  return MakeKafkaConsumer(std::move(conf));
}

std::optional<market::EventId> IdOf(const TopicInfo& topic, const rd_kafka_message_t& message) {
  const absl::StatusOr<std::shared_ptr<const void>> event =
      topic.decode({static_cast<const char*>(message.payload), message.len});
  if (!event.ok()) return std::nullopt;
  return topic.header(event->get()).id;
}

}  // namespace

absl::StatusOr<std::optional<KafkaFact>> NewestKafkaFact(const KafkaCluster& cluster,
                                                         const std::string& client_id,
                                                         const std::string& prefix,
                                                         uint64_t stream) {
  GANNET_ASSIGN_OR_RETURN(const KafkaReaderClient client, MakeClient(cluster, client_id));
  GANNET_ASSIGN_OR_RETURN(const KafkaTopics there, KafkaTopicsOf(client.get(), cluster.brokers));
  std::map<std::string, const TopicInfo*> topics;  // by name on Kafka
  std::vector<KafkaPlace> places;
  for (const TopicInfo* topic : AllTopics()) {
    const std::string name = absl::StrCat(prefix, std::string(topic->name));
    const auto found = there.find(name);
    if (!HasIds(*topic) || found == there.end()) continue;
    topics[name] = topic;
    for (uint32_t p = 0; p < found->second.partitions; ++p) places.emplace_back(name, p);
  }
  if (places.empty()) return std::nullopt;
  GANNET_ASSIGN_OR_RETURN(const KafkaExtents extents, KafkaExtentsOf(client.get(), places));

  std::map<KafkaPlace, uint64_t> left;  // to be read, up to this offset
  const KafkaOwned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(extents.size())));
  for (const auto& [place, extent] : extents) {
    if (extent.begin >= extent.end) continue;
    left[place] = extent.end;
    const uint64_t from = extent.end - std::min(extent.end - extent.begin, kLastRecords);
    rd_kafka_topic_partition_list_add(list.get(), place.first.c_str(),
                                      static_cast<int32_t>(place.second))
        ->offset = static_cast<int64_t>(from);
  }
  if (const auto error = rd_kafka_assign(client.get(), list.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return absl::UnavailableError(KafkaErrorText(error));

  std::optional<KafkaFact> newest;
  for (int quiet = 0; !left.empty();) {
    const KafkaOwned<rd_kafka_message_t> message(rd_kafka_consumer_poll(client.get(), kPollMs));
    const bool ended = message != nullptr && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (message == nullptr || (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && !ended)) {
      if (++quiet < kPatience) continue;
      const auto& [name, partition] = left.begin()->first;
      return absl::UnavailableError(
          absl::StrCat("Kafka does not show the end of ", name, " partition ", partition, ": ",
                       message != nullptr ? KafkaErrorText(message->err) : "no answer"));
    }
    quiet = 0;
    const KafkaPlace place(rd_kafka_topic_name(message->rkt),
                           static_cast<uint32_t>(message->partition));
    const auto offset = static_cast<uint64_t>(message->offset);
    const auto one = left.find(place);
    if (one != left.end() && (ended || offset + 1 >= one->second)) left.erase(one);
    if (ended) continue;
    const std::optional<market::EventId> id = IdOf(*topics.at(place.first), *message);
    if (!id || id->stream != stream || (newest && id->sequence <= newest->id.sequence)) continue;
    newest = {
        .topic = place.first, .position = {.partition = place.second, .offset = offset}, .id = *id};
  }
  return newest;
}

}  // namespace gannet::bus
