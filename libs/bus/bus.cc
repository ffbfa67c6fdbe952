#include "libs/bus/bus.h"

#include "libs/base/check.h"
#include "libs/base/digest.h"

namespace gannet::bus {

uint32_t PartitionOf(const TopicInfo& topic, const void* event, uint32_t partitions) {
  GANNET_CHECK(partitions > 0, "a topic has at least one partition");
  if (partitions == 1) return 0;
  const std::string key = topic.order_shard ? topic.header(event).tenant : topic.key(event);
  return base::Crc32c(key) % partitions;
}

}  // namespace gannet::bus
