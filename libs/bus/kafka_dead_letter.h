// Dead letters and their resolutions as records of "<topic>.dlq". Both are only ever
// appended, in the partition of their source: together they are the audit of what was
// put aside, what stood still, who let it go on, when and why.
//
// Headers of both: gannet-dlq-topic, gannet-dlq-partition, gannet-dlq-offset,
// gannet-dlq-group. Of a letter also gannet-dlq-error, gannet-dlq-attempts,
// gannet-dlq-halted (1: its partition stands still), traceparent; key and payload are
// those of the source. Of a resolution gannet-resolution (skip or retry),
// gannet-resolved-by, gannet-resolved-at (ns since 1970), gannet-resolved-reason.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/base/time.h"
#include "libs/bus/dead_letter.h"
#include "libs/bus/kafka_headers.h"
#include "libs/bus/kafka_record.h"

namespace gannet::bus {

inline constexpr std::string_view kDeadLetterSuffix = ".dlq";

struct ResolutionRecord {
  std::string topic;
  Position position;
  std::string group;  // empty: of every group that stands still there
  Resolution resolution = Resolution::kSkip;
  std::string person;
  std::string reason;
  base::Time at;
};

KafkaHeaders FormatDeadLetter(const DeadLetter& letter);
// The letter as it is written. What does not fit a message is cut, and
// gannet-dlq-cut says how many bytes of key and payload there were; the whole record
// is where the letter says it came from.
KafkaRecord RecordOfLetter(const DeadLetter& letter, std::string topic, uint32_t partitions);
KafkaHeaders FormatResolution(const ResolutionRecord& record);

// Nothing for what is neither, or malformed: whoever may write to Kafka may write there.
std::optional<DeadLetter> ParseDeadLetter(const KafkaHeaders& headers, std::string_view key,
                                          std::string_view payload);
std::optional<ResolutionRecord> ParseResolution(const KafkaHeaders& headers);

std::string_view ResolutionName(Resolution resolution);

}  // namespace gannet::bus
