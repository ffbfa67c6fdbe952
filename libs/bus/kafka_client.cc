#include "libs/bus/kafka_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::bus {
namespace {

// A partition just made, or just moved, has a leader a moment later.
constexpr int kLeaderAttempts = 20;
constexpr int kLeaderPauseMs = 25;

void AskLeaders(rd_kafka_t* client) {
  const KafkaOwned<rd_kafka_queue_t> nothing(rd_kafka_queue_new(client));
  const KafkaOwned<rd_kafka_event_t> none(rd_kafka_queue_poll(nothing.get(), kLeaderPauseMs));
  const rd_kafka_metadata_t* found = nullptr;
  rd_kafka_metadata(client, 1, nullptr, &found, kKafkaCallMs);
  const KafkaOwned<const rd_kafka_metadata_t> metadata(found);
}

// The first or last offset of each. They are asked for as if they were times: that is one
// request a broker, where the call for one partition is two of its own.
absl::StatusOr<std::map<KafkaPlace, uint64_t>> AskOffsets(rd_kafka_t* client,
                                                          const std::vector<KafkaPlace>& places,
                                                          int64_t which, KafkaRefusals& refused) {
  const KafkaOwned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(places.size())));
  for (const KafkaPlace& place : places) {
    rd_kafka_topic_partition_list_add(list.get(), place.first.c_str(),
                                      static_cast<int32_t>(place.second))
        ->offset = which;
  }
  const rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(client, list.get(), kKafkaCallMs);
  if (KafkaLeaderIsNew(error)) {  // of one of them, and all are without an answer
    for (const KafkaPlace& place : places) refused[place] = error;
    return std::map<KafkaPlace, uint64_t>();
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::UnavailableError(
        absl::StrCat("Kafka does not say what it keeps: ", KafkaErrorText(error)));
  }
  std::map<KafkaPlace, uint64_t> offsets;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list->elems[i];
    const KafkaPlace place(one.topic, static_cast<uint32_t>(one.partition));
    if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      refused[place] = one.err;
    } else {
      offsets[place] = static_cast<uint64_t>(one.offset);
    }
  }
  return offsets;
}

}  // namespace

absl::StatusOr<KafkaReaderClient> MakeKafkaConsumer(KafkaOwned<rd_kafka_conf_t> conf) {
  std::array<char, 512> why{};
  KafkaReaderClient client(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), why.data(), why.size()));
  if (client == nullptr)
    return absl::UnavailableError(absl::StrCat("Kafka consumer: ", why.data()));
  conf.release();  // the client's now
  rd_kafka_poll_set_consumer(client.get());
  return client;
}

absl::StatusOr<KafkaTopics> KafkaTopicsOf(rd_kafka_t* client, const std::string& brokers) {
  // All topics: one that is asked for by name, a broker may make up.
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(client, 1, nullptr, &found, kKafkaCallMs);
  const KafkaOwned<const rd_kafka_metadata_t> metadata(found);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::UnavailableError(
        absl::StrCat("no Kafka broker of ", brokers, " answers: ", KafkaErrorText(error)));
  }
  KafkaTopics topics;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& one = metadata->topics[i];
    KafkaTopicSeen& topic = topics[one.topic];
    topic.partitions = static_cast<uint32_t>(one.partition_cnt);
    for (int p = 0; p < one.partition_cnt; ++p) {
      if (one.partitions[p].leader < 0)
        topic.without_leader.push_back(static_cast<uint32_t>(one.partitions[p].id));
    }
  }
  return topics;
}

absl::Status CheckKafkaTopic(const KafkaTopics& topics, const std::string& topic, uint32_t wanted,
                             const std::string& brokers) {
  const auto found = topics.find(topic);
  if (found == topics.end()) {
    return absl::NotFoundError(absl::StrCat(
        "Kafka topic ", topic, " does not exist; run gannet topics apply --brokers ", brokers));
  }
  if (found->second.partitions == wanted) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "Kafka topic ", topic, " has ", found->second.partitions, " partitions instead of ", wanted,
      "; run gannet topics plan --brokers ", brokers));
}

absl::StatusOr<KafkaExtent> KafkaExtentOf(rd_kafka_t* client, const std::string& topic,
                                          uint32_t partition) {
  GANNET_ASSIGN_OR_RETURN(const KafkaExtents one, KafkaExtentsOf(client, {{topic, partition}}));
  return one.begin()->second;
}

absl::StatusOr<KafkaExtents> KafkaExtentsOf(rd_kafka_t* client,
                                            const std::vector<KafkaPlace>& places) {
  for (int attempt = 1;; ++attempt) {
    KafkaRefusals refused;
    GANNET_ASSIGN_OR_RETURN(KafkaExtents extents, KafkaExtentsOfSome(client, places, refused));
    if (refused.empty()) return extents;
    const bool soon = std::all_of(refused.begin(), refused.end(),
                                  [](const auto& one) { return KafkaLeaderIsNew(one.second); });
    if (!soon || attempt == kLeaderAttempts) {
      const auto& [place, error] = *refused.begin();
      return absl::UnavailableError(KafkaRefusalText(place, error));
    }
    AskLeaders(client);
  }
}

absl::StatusOr<KafkaExtents> KafkaExtentsOfSome(rd_kafka_t* client,
                                                const std::vector<KafkaPlace>& places,
                                                KafkaRefusals& refused) {
  GANNET_ASSIGN_OR_RETURN(const auto begins,
                          AskOffsets(client, places, RD_KAFKA_OFFSET_BEGINNING, refused));
  GANNET_ASSIGN_OR_RETURN(const auto ends,
                          AskOffsets(client, places, RD_KAFKA_OFFSET_END, refused));
  KafkaExtents extents;
  for (const auto& [place, begin] : begins) {
    const auto end = ends.find(place);
    if (end != ends.end()) extents[place] = {.begin = begin, .end = end->second};
  }
  return extents;
}

bool KafkaLeaderIsNew(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
         error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

std::string KafkaRefusalText(const KafkaPlace& place, rd_kafka_resp_err_t error) {
  return absl::StrCat("Kafka does not say what it keeps of ", place.first, " partition ",
                      place.second, ": ", KafkaErrorText(error));
}

absl::StatusOr<std::vector<std::optional<uint64_t>>> KafkaCommitted(
    rd_kafka_t* client, const std::string& topic, const std::vector<uint32_t>& partitions) {
  const KafkaOwned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const uint32_t partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), static_cast<int32_t>(partition));
  }
  const rd_kafka_resp_err_t error = rd_kafka_committed(client, list.get(), kKafkaCallMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::UnavailableError(absl::StrCat("Kafka does not say what is committed of ", topic,
                                               ": ", KafkaErrorText(error)));
  }
  std::vector<std::optional<uint64_t>> committed;
  for (const uint32_t partition : partitions) {
    const rd_kafka_topic_partition_t* one = rd_kafka_topic_partition_list_find(
        list.get(), topic.c_str(), static_cast<int32_t>(partition));
    if (one->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return absl::UnavailableError(absl::StrCat("Kafka does not say what is committed of ", topic,
                                                 ": ", KafkaErrorText(one->err)));
    }
    committed.push_back(one->offset >= 0 ? std::optional(static_cast<uint64_t>(one->offset))
                                         : std::nullopt);
  }
  return committed;
}

KafkaOwned<rd_kafka_topic_partition_list_t> KafkaList(const std::string& topic,
                                                      const std::vector<Position>& positions) {
  KafkaOwned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const Position& position : positions) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                      static_cast<int32_t>(position.partition))
        ->offset = static_cast<int64_t>(position.offset);
  }
  return list;
}

rd_kafka_resp_err_t KafkaProduce(rd_kafka_t* client, rd_kafka_topic_t* topic,
                                 const KafkaRecord& record, uint64_t gap, void* opaque,
                                 std::string& why) {
  KafkaOwned<rd_kafka_headers_t> headers(rd_kafka_headers_new(record.headers.size() + 1));
  const auto add = [&](std::string_view name, std::string_view value) {
    rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  };
  for (const auto& [name, value] : record.headers) add(name, value);
  if (gap > 0) add(header::kGap, std::to_string(gap));
  std::array<rd_kafka_vu_t, 7> parts{};
  if (topic != nullptr) {
    parts[0].vtype = RD_KAFKA_VTYPE_RKT;
    parts[0].u.rkt = topic;
  } else {
    parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    parts[0].u.cstr = record.topic.c_str();
  }
  // The library's type has no const; with F_COPY it only reads.
  const auto bytes = [](const std::string& text) { return const_cast<char*>(text.data()); };
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = static_cast<int32_t>(record.partition);
  parts[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[2].u.i = RD_KAFKA_MSG_F_COPY;
  parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[3].u.mem = {.ptr = bytes(record.payload), .size = record.payload.size()};
  parts[4].vtype = RD_KAFKA_VTYPE_KEY;
  parts[4].u.mem = {.ptr = bytes(record.key), .size = record.key.size()};
  parts[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[5].u.ptr = opaque;
  parts[6].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[6].u.headers = headers.get();
  const KafkaOwned<rd_kafka_error_t> error(rd_kafka_produceva(client, parts.data(), parts.size()));
  if (error == nullptr) {
    headers.release();  // the message's now
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  why = rd_kafka_error_string(error.get());
  return rd_kafka_error_code(error.get());
}

KafkaHeaders KafkaHeadersOf(const rd_kafka_message_t& message) {
  KafkaHeaders headers;
  rd_kafka_headers_t* raw = nullptr;
  if (rd_kafka_message_headers(&message, &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
  if (rd_kafka_header_cnt(raw) > kMaxKafkaHeaders) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(raw, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    const std::string_view text = name;
    if (size > kMaxKafkaHeaderBytes || text.size() > kMaxKafkaHeaderBytes) return {};
    headers.emplace_back(text, std::string(static_cast<const char*>(value), value ? size : 0));
  }
  return headers;
}

}  // namespace gannet::bus
