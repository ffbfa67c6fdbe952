// How the services of a process say that they live: every kInterval what each says of
// itself comes into the shard as one recorded input, and goes from there to whoever
// consumes ops.heartbeats here, and to the outer bus. What a gate decides on it is decided
// again from the journal.
//
// What is not told is the life of the thread: one that stands still says nothing.
//
// On the executor's thread; the shard outlives it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/heartbeat.h"
#include "libs/runtime/service.h"
#include "libs/runtime/shard.h"

namespace gannet::runtime {

class Heartbeats {
 public:
  static constexpr base::Duration kInterval = std::chrono::seconds(2);
  static constexpr char kPort[] = "heartbeat";

  // Adds the port, which a replay needs too. `started`: of the process.
  Heartbeats(Shard& shard, base::Time started);
  Heartbeats(const Heartbeats&) = delete;
  Heartbeats& operator=(const Heartbeats&) = delete;

  // From outside a turn. `stopping`: no more comes from any of them.
  void Beat(const std::vector<const Service*>& services, bool stopping, base::Time now);

 private:
  Shard& shard_;
  const base::Time started_;
  const InputPort port_;
  uint64_t sequence_ = 0;
};

}  // namespace gannet::runtime
