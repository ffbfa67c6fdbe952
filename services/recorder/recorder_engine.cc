#include "services/recorder/recorder_engine.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/bus/kafka_headers.h"
#include "libs/bus/topics.h"
#include "libs/wire/canonical.h"

namespace gannet::recorder {
namespace {

using journal::RecordedGap;
using journal::RecordedGapReason;
using journal::RecordedMessage;

constexpr uint8_t kStateVersion = 1;

// The start of the producer that sent this; nothing for facts, whose stream outlives
// starts, and for what cannot be read.
std::optional<uint64_t> ProducerStart(std::string_view topic, const RecordedMessage& message) {
  const bus::TopicInfo* info = bus::FindTopic(topic);
  if (info == nullptr || info->fact || !message.payload) return std::nullopt;
  const absl::StatusOr<std::shared_ptr<const void>> event = info->decode(*message.payload);
  if (!event.ok()) return std::nullopt;
  const market::EventId& id = info->header(event->get()).id;
  return id.empty() ? std::nullopt : std::optional(id.stream);
}

uint64_t LeftOut(const RecordedMessage& message) {
  uint64_t count = 0;
  for (const auto& [name, value] : message.headers) {
    if (name != bus::header::kGap || !value) continue;
    std::from_chars(value->data(), value->data() + value->size(), count);
  }
  return count;
}

bool IsReference(std::string_view topic) {
  const bus::TopicInfo* info = bus::FindTopic(topic);
  return info != nullptr && info->compacted && !info->fact;
}

bool IsCompacted(std::string_view topic) {
  const bus::TopicInfo* info = bus::FindTopic(topic);
  return info != nullptr && info->compacted;
}

}  // namespace

absl::Status RecorderEngine::TakeCluster(const std::string& cluster, Entries& out) {
  if (cluster == cluster_) return absl::OkStatus();
  if (!cluster_.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("this folder holds the recording of ", cluster_, ", and what answers is ",
                     cluster, "; name the right brokers, or another folder with --data"));
  }
  cluster_ = cluster;
  out.push_back({std::string(journal::kClusterChannel), cluster});
  return absl::OkStatus();
}

void RecorderEngine::PutGap(const RecordedGap& gap, Entries& out) {
  out.push_back({std::string(journal::kGapChannel), journal::EncodeGap(gap)});
  ApplyGap(gap);
  ++stats_.gaps[static_cast<size_t>(gap.reason)];
  stats_.missing += gap.count;
}

void RecorderEngine::TakeMove(const bus::TapMove& move, Entries& out) {
  const uint64_t next = partitions_[{move.topic, move.partition}].next;
  if (move.to == next) return;
  const bool back = move.to < next;
  PutGap({.topic = move.topic,
          .partition = move.partition,
          .reason = back                      ? RecordedGapReason::kBeganAnew
                    : IsCompacted(move.topic) ? RecordedGapReason::kCompacted
                                              : RecordedGapReason::kForgotten,
          .from = next,
          .to = move.to,
          .count = back ? 0 : move.to - next},
         out);
}

void RecorderEngine::TakeMessage(bus::TapMessage message, Entries& out) {
  const Partition& partition = partitions_[{message.topic, message.partition}];
  if (message.offset < partition.next) {
    ++stats_.duplicates;
    return;
  }
  if (message.offset > partition.next) {
    TakeMove({message.topic, message.partition, partition.next, message.offset}, out);
  }
  const RecordedMessage recorded{.partition = message.partition,
                                 .offset = message.offset,
                                 .timestamp_ms = message.timestamp_ms,
                                 .key = std::move(message.key),
                                 .payload = std::move(message.payload),
                                 .headers = std::move(message.headers)};
  const auto note = [&](RecordedGapReason reason, uint64_t count) {
    PutGap({.topic = message.topic,
            .partition = message.partition,
            .reason = reason,
            .from = message.offset,
            .to = message.offset,
            .count = count},
           out);
  };
  if (const auto stream = ProducerStart(message.topic, recorded)) {
    const std::deque<uint64_t>& seen = partition.streams;
    if (!seen.empty() && std::find(seen.begin(), seen.end(), *stream) == seen.end())
      note(RecordedGapReason::kProducer, 0);
  }
  if (const uint64_t count = LeftOut(recorded); count > 0)
    note(RecordedGapReason::kConflated, count);
  out.push_back({message.topic, journal::EncodeRecorded(recorded)});
  ApplyMessage(message.topic, recorded);
  ++stats_.messages;
}

void RecorderEngine::TakeRepeats(Entries& out) const {
  for (const auto& [key, message] : reference_) {
    out.push_back(
        {std::string(journal::kRepeatChannel), journal::EncodeRepeat(key.first, message)});
  }
}

void RecorderEngine::Reset() {
  cluster_.clear();
  partitions_.clear();
  reference_.clear();
}

// --- state -------------------------------------------------------------------

void RecorderEngine::ApplyGap(const RecordedGap& gap) {
  Partition& partition = partitions_[{gap.topic, gap.partition}];
  partition.next = gap.to;
  if (gap.reason == RecordedGapReason::kBeganAnew) partition.streams.clear();
}

void RecorderEngine::ApplyMessage(std::string_view topic, const RecordedMessage& message) {
  Partition& partition = partitions_[{std::string(topic), message.partition}];
  partition.next = message.offset + 1;
  if (const auto stream = ProducerStart(topic, message)) {
    std::deque<uint64_t>& seen = partition.streams;
    if (std::find(seen.begin(), seen.end(), *stream) == seen.end()) {
      seen.push_back(*stream);
      if (seen.size() > kMaxStreams) seen.pop_front();
    }
  }
  if (IsReference(topic)) ApplyReference(topic, message);
}

void RecorderEngine::ApplyReference(std::string_view topic, const RecordedMessage& message) {
  if (!message.key) return;
  const std::pair key(std::string(topic), *message.key);
  if (!message.payload) {
    reference_.erase(key);
  } else if (reference_.size() < kMaxReference || reference_.contains(key)) {
    reference_[key] = message;
  } else {
    ++stats_.reference_refused;
  }
}

absl::Status RecorderEngine::Apply(std::string_view channel, std::string_view payload) {
  if (channel == journal::kClusterChannel) {
    cluster_ = payload;
  } else if (channel == journal::kGapChannel) {
    GANNET_ASSIGN_OR_RETURN(const RecordedGap gap, journal::DecodeGap(payload));
    ApplyGap(gap);
  } else if (channel == journal::kRepeatChannel) {
    GANNET_ASSIGN_OR_RETURN(const journal::RecordedRepeat repeat, journal::DecodeRepeat(payload));
    ApplyReference(repeat.topic, repeat.message);
  } else {
    GANNET_ASSIGN_OR_RETURN(const RecordedMessage message, journal::DecodeRecorded(payload));
    ApplyMessage(channel, message);
  }
  return absl::OkStatus();
}

std::string RecorderEngine::Save() const {
  wire::CanonicalWriter out;
  out.U8(kStateVersion);
  out.Bytes(cluster_);
  out.U32(static_cast<uint32_t>(partitions_.size()));
  for (const auto& [place, partition] : partitions_) {
    out.Bytes(place.first);
    out.U32(place.second);
    out.U64(partition.next);
    out.U32(static_cast<uint32_t>(partition.streams.size()));
    for (const uint64_t stream : partition.streams) out.U64(stream);
  }
  out.U32(static_cast<uint32_t>(reference_.size()));
  for (const auto& [key, message] : reference_)
    out.Bytes(journal::EncodeRepeat(key.first, message));
  return out.Take();
}

absl::Status RecorderEngine::Load(std::string_view state) {
  wire::CanonicalReader in(state);
  if (const uint8_t version = in.U8(); in.ok() && version != kStateVersion) {
    return absl::FailedPreconditionError(absl::StrCat("the snapshot of the recorder has format ",
                                                      version, ", this build reads ", kStateVersion,
                                                      "; use the newer build"));
  }
  Reset();
  cluster_ = in.Bytes();
  for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
    std::string topic = in.Bytes();
    Partition& partition = partitions_[{std::move(topic), in.U32()}];
    partition.next = in.U64();
    for (uint32_t streams = in.U32(); streams > 0 && in.ok(); --streams)
      partition.streams.push_back(in.U64());
  }
  for (uint32_t left = in.U32(); left > 0 && in.ok(); --left) {
    const std::string bytes = in.Bytes();
    if (!in.ok()) break;
    GANNET_RETURN_IF_ERROR(Apply(journal::kRepeatChannel, bytes));
  }
  return in.status();
}

std::vector<bus::TapPlace> RecorderEngine::Places() const {
  std::vector<bus::TapPlace> places;
  for (const auto& [place, partition] : partitions_)
    places.push_back({place.first, place.second, partition.next});
  return places;
}

}  // namespace gannet::recorder
