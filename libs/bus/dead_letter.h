// An event that no consumer could take, as it is put aside: on Kafka in the topic
// "<topic>.dlq", in the partition of its source (docs/topics.md).
#pragma once

#include <cstdint>
#include <string>

#include "libs/bus/bus.h"
#include "libs/market/header.h"

namespace gannet::bus {

struct DeadLetter {
  std::string topic;  // where it came from, with `position`
  Position position;
  std::string group;  // whose consumer it was; may be empty
  std::string error;
  uint32_t attempts = 0;
  bool halted = false;         // its partition stands still until it is resolved
  market::TraceContext trace;  // of the event, where that could be read
  std::string key, payload;    // as they were
};

}  // namespace gannet::bus
