// The topic of heartbeats, of the table in topics.h.
#pragma once

#include "libs/bus/topics.h"
#include "libs/market/heartbeat.h"

namespace gannet::bus {

namespace key {
inline std::string OfHeartbeat(const market::Heartbeat& value) {
  return value.service + "|" + value.shard;
}
}  // namespace key

// Only the newest means anything; who was silent, and for how long, is a fact of risk
// (risk.state.v1).
inline constexpr TopicTraits kEphemeral{
    .delivery = Delivery::kConflate, .partitions = 1, .retention = std::chrono::hours(1)};

inline constexpr auto kHeartbeats =
    MakeTopic<market::Heartbeat, key::OfHeartbeat>("ops.heartbeats.v1", kEphemeral);

}  // namespace gannet::bus
