#include "libs/bus/kafka_reading.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::bus {

KafkaReading::KafkaReading(base::Executor& executor, Options options, KafkaInbox::Options inbox)
    : options_(std::move(options)),
      topic_(*inbox.topic),
      subscribe_(inbox.subscribe),
      partitions_(inbox.partitions),
      inbox_(std::make_shared<KafkaInbox>(executor, inbox)),
      halts_(options_.cluster, absl::StrCat(options_.topic_name, std::string(kDeadLetterSuffix)),
             options_.client_id, subscribe_.group, inbox.put_aside) {}

absl::Status KafkaReading::CheckTopic(const KafkaTopics& topics) const {
  return CheckKafkaTopic(topics, options_.topic_name, partitions_, options_.cluster.brokers);
}

absl::Status KafkaReading::CheckLeaders(const KafkaTopics& topics) const {
  GANNET_RETURN_IF_ERROR(CheckTopic(topics));
  const std::vector<uint32_t>& without = topics.at(options_.topic_name).without_leader;
  for (const auto& [topic, partition] : Wanted()) {
    if (std::find(without.begin(), without.end(), partition) != without.end()) {
      return absl::UnavailableError(absl::StrCat("Kafka topic ", topic, " partition ", partition,
                                                 " has no leader; look at the brokers"));
    }
  }
  return absl::OkStatus();
}

absl::Status KafkaReading::CheckRefused(const KafkaRefusals& refused) const {
  for (const KafkaPlace& place : Wanted()) {
    const auto found = refused.find(place);
    if (found != refused.end())
      return absl::UnavailableError(KafkaRefusalText(place, found->second));
  }
  return absl::OkStatus();
}

std::vector<KafkaPlace> KafkaReading::Wanted() const {
  std::vector<KafkaPlace> places;
  for (uint32_t p = 0; p < partitions_; ++p) {
    const std::vector<uint32_t>& some = subscribe_.partitions;
    if (some.empty() || std::find(some.begin(), some.end(), p) != some.end())
      places.emplace_back(options_.topic_name, p);
  }
  return places;
}

void KafkaReading::Begin(const KafkaExtents& extents) {
  std::vector<uint32_t> partitions;
  for (const KafkaPlace& place : Wanted()) partitions.push_back(place.second);
  const bool again = began_before();
  std::map<uint32_t, uint64_t> known;
  if (again) {
    for (const Position& start : Starts()) known[start.partition] = start.offset;
  } else if (subscribe_.start == Start::kAt) {
    for (const Position& at : subscribe_.at) known[at.partition] = at.offset;
  }
  PlaceAll(partitions, known, extents, again);
}

absl::Status KafkaReading::Given(rd_kafka_t* client, const std::vector<uint32_t>& partitions) {
  std::vector<KafkaPlace> places;
  for (const uint32_t partition : partitions) places.emplace_back(options_.topic_name, partition);
  GANNET_ASSIGN_OR_RETURN(const std::vector<std::optional<uint64_t>> committed,
                          KafkaCommitted(client, options_.topic_name, partitions));
  GANNET_ASSIGN_OR_RETURN(const KafkaExtents extents, KafkaExtentsOf(client, places));
  std::map<uint32_t, uint64_t> known;
  for (size_t i = 0; i < partitions.size(); ++i) {
    if (committed[i]) known[partitions[i]] = *committed[i];
  }
  PlaceAll(partitions, known, extents, /*again=*/false);
  return absl::OkStatus();
}

void KafkaReading::Revoke(const std::vector<uint32_t>& partitions) {
  inbox_->Revoke(partitions);
  partitions_read_.clear();
  lifts_.clear();
  reading_ = false;
}

void KafkaReading::PlaceAll(const std::vector<uint32_t>& partitions,
                            const std::map<uint32_t, uint64_t>& wanted, const KafkaExtents& extents,
                            bool again) {
  std::vector<KafkaInbox::Place> places;
  std::vector<Break> breaks;
  for (const uint32_t partition : partitions) {
    const KafkaExtent& extent = extents.at({options_.topic_name, partition});
    const auto found = wanted.find(partition);
    std::optional<uint64_t> offset;
    if (found != wanted.end()) {
      offset = found->second;
    } else if (subscribe_.start == Start::kLatest) {
      offset = extent.end;
    }
    places.push_back(Place(partition, offset, extent, breaks));
  }
  if (!again) inbox_->Assign(places);
  TellInbox(breaks, again);
  partitions_read_ = partitions;
  reading_ = true;
}

// Nothing wanted: the earliest kept. What is wanted and not kept is skipped and counted,
// but on a topic of orders halts the partition: whether an order may be missed is for a
// person to say. An offset behind the end is of a topic that was made anew: all that is in it
// is new, or known by its id; only market data goes on from now.
KafkaInbox::Place KafkaReading::Place(uint32_t partition, std::optional<uint64_t> wanted,
                                      const KafkaExtent& extent, std::vector<Break>& breaks) {
  const uint64_t next = wanted.value_or(extent.begin);
  const Position at{.partition = partition, .offset = next};
  if (next >= extent.begin && next <= extent.end) return {.next = at, .end = extent.end};
  const bool anew = next > extent.end;
  const uint64_t from = anew && topic_.delivery == Delivery::kConflate ? extent.end : extent.begin;
  const std::string text = absl::StrCat(
      options_.topic_name, " partition ", partition, ": offset ", next,
      " was asked for and Kafka keeps ", extent.begin, " to ", extent.end,
      anew ? "; the topic is not the one that was read before, and is read from " +
                 std::string(from < extent.end || topic_.order_shard ? "its beginning" : "now on")
           : "; the events between are in the recorder's archive");
  options_.tell(KafkaNotice::Severity::kError, anew ? "topic_made_anew" : "offset_not_kept", text);
  if (anew) {
    lifts_.erase(partition);
  } else {
    lifts_[partition] = {.next = next, .from = from};
  }
  breaks.push_back({.at = at, .from = from, .anew = anew, .text = text});
  return {.next = topic_.order_shard ? at : Position{.partition = partition, .offset = from},
          .end = extent.end};
}

void KafkaReading::TellInbox(const std::vector<Break>& breaks, bool again) {
  for (const Break& one : breaks) {
    if (topic_.order_shard) {
      inbox_->Halt(one.at, absl::OutOfRangeError(one.text),
                   one.anew ? std::optional(one.from) : std::nullopt);
    } else if (!one.anew) {
      inbox_->CountSkipped(one.from - one.at.offset);
    } else if (again) {
      inbox_->GoOnAnew(one.at, one.from);
    } else {
      inbox_->CountSkipped(1);
    }
  }
}

absl::Status KafkaReading::PlaceAgain(rd_kafka_t* client, uint32_t partition) {
  for (const Position& start : Starts()) {
    if (start.partition != partition) continue;
    GANNET_ASSIGN_OR_RETURN(const KafkaExtent extent,
                            KafkaExtentOf(client, options_.topic_name, partition));
    std::vector<Break> breaks;
    Place(partition, start.offset, extent, breaks);
    TellInbox(breaks, /*again=*/true);
  }
  return absl::OkStatus();
}

std::vector<Position> KafkaReading::Starts() const {
  std::vector<Position> starts;
  for (const KafkaInbox::Place& place : inbox_->Places()) {
    starts.push_back(place.next);
    // A halt stands in the inbox as one event at `next`.
    const auto lift = lifts_.find(place.next.partition);
    if (lift != lifts_.end() && place.next.offset <= lift->second.next + 1)
      starts.back().offset = lift->second.from;
  }
  return starts;
}

KafkaInbox::Incoming KafkaReading::Read(const rd_kafka_message_t& message) {
  const KafkaHeaders headers = KafkaHeadersOf(message);
  const ReadHeaders read = ReadKafkaHeaders(headers);
  rd_kafka_headers_t* raw = nullptr;
  const bool left_out =
      headers.empty() && rd_kafka_message_headers(&message, &raw) == RD_KAFKA_RESP_ERR_NO_ERROR;
  malformed_headers_ += read.malformed + (left_out ? 1 : 0);
  const std::string_view payload(static_cast<const char*>(message.payload), message.len);
  KafkaInbox::Incoming incoming{.position = {.partition = static_cast<uint32_t>(message.partition),
                                             .offset = static_cast<uint64_t>(message.offset)},
                                .bytes = message.len,
                                .gap = read.gap,
                                .number = read.number};
  const std::string_view key(static_cast<const char*>(message.key), message.key_len);
  absl::StatusOr<std::shared_ptr<const void>> event = topic_.decode(payload);
  absl::Status status = event.status();
  if (status.ok()) {
    status = CheckRecord(topic_, event->get(),
                         {.partition = static_cast<uint32_t>(message.partition),
                          .partitions = partitions_,
                          .key = key});
  }
  if (status.ok()) {
    incoming.event = *std::move(event);
  } else {
    incoming.error = std::move(status);
    incoming.trace = read.trace.value_or(market::TraceContext());
    incoming.key = key;
    incoming.payload = payload;
  }
  return incoming;
}

void KafkaReading::LookAtEnds(rd_kafka_t* client) {
  for (const uint32_t partition : partitions_read_) {
    int64_t begin = 0, end = 0;
    if (rd_kafka_get_watermark_offsets(client, options_.topic_name.c_str(),
                                       static_cast<int32_t>(partition), &begin,
                                       &end) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        end > 0) {
      inbox_->SetEnd(partition, static_cast<uint64_t>(end));
    }
  }
}

absl::Status KafkaReading::ServeHalts() {
  return topic_.order_shard ? halts_.Serve(*inbox_) : absl::OkStatus();
}

}  // namespace gannet::bus
