// A recording: a journal whose records are the messages of topics as they lay on the
// bus (docs/journal.md, "The recording"). All are inputs. The channel is the topic of a
// message; three channels are the recording's own: kGapChannel, kClusterChannel and
// kRepeatChannel. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/journal/journal.h"

namespace gannet::journal {

// A segment of a recording states it under this name.
inline constexpr std::string_view kRecordingVersion = "recording";
inline constexpr std::string_view kRecordingFormat = "1";
inline bool IsRecording(const SegmentInfo& info) {
  return info.versions.contains(std::string(kRecordingVersion));
}

// What is missing, or why it may be: no topic has such a name.
inline constexpr std::string_view kGapChannel = "gap";
// Which bus was recorded; a recording is of one.
inline constexpr std::string_view kClusterChannel = "cluster";
// The newest message of a key of reference data once more, so that it outlives the
// segment that it came in.
inline constexpr std::string_view kRepeatChannel = "repeat";

struct RecordedMessage {
  uint32_t partition = 0;
  uint64_t offset = 0;
  int64_t timestamp_ms = -1;  // the bus's own, since 1970; -1: none
  std::optional<std::string> key, payload;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  bool operator==(const RecordedMessage&) const = default;
};
std::string EncodeRecorded(const RecordedMessage& message);
// DATA_LOSS: not such bytes. FAILED_PRECONDITION: of a newer build.
absl::StatusOr<RecordedMessage> DecodeRecorded(std::string_view bytes);

enum class RecordedGapReason : uint8_t {
  kForgotten = 1,  // the bus no longer had [from, to): the recorder was away for too long
  kCompacted = 2,  // the same in a compacted topic: newer messages of those keys are there
  kBeganAnew = 3,  // the partition's offsets fell from `from` to `to`: another topic now
  kProducer = 4,   // at `from` another start of the producer begins; what it had not sent
                   // at its end nobody knows
  kConflated = 5,  // the producer left out `count` events before the message at `from`
};
std::string_view Name(RecordedGapReason reason);

struct RecordedGap {
  std::string topic;
  uint32_t partition = 0;
  RecordedGapReason reason = RecordedGapReason::kForgotten;
  uint64_t from = 0, to = 0;
  uint64_t count = 0;  // messages that are missing, as far as is known
  bool operator==(const RecordedGap&) const = default;
};
std::string EncodeGap(const RecordedGap& gap);
absl::StatusOr<RecordedGap> DecodeGap(std::string_view bytes);

// A message of kRepeatChannel.
struct RecordedRepeat {
  std::string topic;
  RecordedMessage message;
};
std::string EncodeRepeat(std::string_view topic, const RecordedMessage& message);
absl::StatusOr<RecordedRepeat> DecodeRepeat(std::string_view bytes);

}  // namespace gannet::journal
