// How a service says that it lives, and how the models fare that it serves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/market/prediction.h"

namespace gannet::market {

// Of the service as it judges itself. kNotReady: it runs, and something that it needs has
// not come yet; what is missing then is refused where it is missed.
enum class ServiceState : uint8_t { kReady = 1, kDegraded, kNotReady, kStopping };
const char* Name(ServiceState state);  // "ready"

// A model that a service scores with.
struct ModelHealth {
  std::string model;    // as intents name it: "direction@3"
  uint64_t scored = 0;  // since the service started
  uint64_t failed = 0;  // no score came, or one that is no probability
  base::Time newest;    // of its newest score; 0: none yet
  DriftState drift = DriftState::kUnknown;
  bool operator==(const ModelHealth&) const = default;
};

// Of which execution learns that it was lost: what its programs left open has nobody who looks
// after it.
inline constexpr const char* kStrategyService = "strategy";

struct Heartbeat {        // ops.heartbeats
  std::string service;    // "execution"
  std::string shard;      // of its process
  base::Time started;     // of the process
  uint64_t sequence = 0;  // from 1, within that
  ServiceState state = ServiceState::kReady;
  std::string detail;  // for people: why it is not kReady
  std::vector<ModelHealth> models;
  bool operator==(const Heartbeat&) const = default;
};

}  // namespace gannet::market
