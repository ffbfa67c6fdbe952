#include "libs/bus/bus.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/digest.h"

namespace gannet::bus {

uint32_t PartitionOf(const TopicInfo& topic, const void* event, uint32_t partitions) {
  GANNET_CHECK(partitions > 0, "a topic has at least one partition");
  if (partitions == 1) return 0;
  const std::string key = topic.order_shard ? topic.header(event).tenant : topic.key(event);
  return base::Crc32c(key) % partitions;
}

bool IsTransient(const absl::Status& why) {
  switch (why.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

base::Duration PauseAfter(const RetryPolicy& policy, uint32_t attempts) {
  const uint32_t doublings = std::min(attempts > 0 ? attempts - 1 : 0, 30u);
  if (policy.first_pause > policy.longest_pause / (int64_t{1} << doublings)) {
    return policy.longest_pause;
  }
  return policy.first_pause * (int64_t{1} << doublings);
}

absl::Status HaltedStatus(const TopicInfo& topic, Position position, const absl::Status& why) {
  const std::string name(topic.name);
  return absl::FailedPreconditionError(absl::StrCat(
      name, " partition ", position.partition, " stands still at offset ", position.offset, ": ",
      std::string(why.message()), "; look at the record, then run gannet topics resolve ", name,
      " --partition ", position.partition, " --offset ", position.offset, " --skip or --retry"));
}

}  // namespace gannet::bus
