#include "libs/bus/kafka_record.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/bus/topics.h"

namespace gannet::bus {

absl::Status CheckRecord(const TopicInfo& topic, const void* event, const RecordPlace& place) {
  constexpr size_t kShownBytes = 64;
  const std::string name(topic.name);
  // Copies of journals are told apart by their positions in them.
  const bool needs_id = topic.fact && &topic != &kJournals.info;
  if (needs_id && topic.header(event).id.empty())
    return absl::InvalidArgumentError(absl::StrCat(name, ": the event has no id"));
  if (const std::string key = topic.key(event); key != place.key) {
    const std::string shown(place.key.substr(0, kShownBytes));
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": the record's key '", absl::CHexEscape(shown), "' is not that of its event, '",
        absl::CHexEscape(key.substr(0, kShownBytes)), "'"));
  }
  const uint32_t partition = PartitionOf(topic, event, place.partitions);
  if (partition != place.partition) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": the record is in partition ",
                                                   place.partition, ", its event belongs in ",
                                                   partition));
  }
  return absl::OkStatus();
}

}  // namespace gannet::bus
