// What a service is to the process that hosts it, and what it is handed. The same
// BuildX(config, deps) serves the service's own binary, the all-in-one, replay,
// backtest and simulation; only the deps differ.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/base/files.h"
#include "libs/base/rng.h"
#include "libs/bus/bus.h"
#include "libs/market/heartbeat.h"
#include "libs/net/network.h"
#include "libs/runtime/lease.h"
#include "libs/runtime/shard.h"
#include "libs/telemetry/log.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/trace.h"

namespace gannet::runtime {

struct Deps {
  Shard& shard;                // engines live here
  bus::Bus& bus;               // what is durable, for those who watch
  base::Executor& executor;    // of the edges; the same thread as the shard's
  base::Executor& background;  // for slow work (disk, model training): another thread, which
                               // answers by posting to `executor`; in simulation the same one
  const base::Clock& clock;
  base::Files& files;
  net::Network& network;
  telemetry::Log& log;
  base::Rng rng;  // for jitter at the edges; engines get none
  std::string data_dir;
  const Lease* lease =
      nullptr;  // asked before each write to a venue; null: nobody else can hold this shard
  telemetry::Metrics* metrics = nullptr;  // null: nobody measures (replay, simulation)
  telemetry::SpanSink* spans = nullptr;   // null: nobody traces; facts are traced by the process
  // What services of this and other processes say of themselves is told on ops.heartbeats
  // (heartbeats.h). False: nobody says it (replay of captures, tests), nobody may wait for it.
  bool heartbeats = false;
};

enum class HealthState : uint8_t { kServing = 1, kDegraded = 2, kNotServing = 3 };
struct Health {
  HealthState state = HealthState::kNotServing;
  std::vector<std::string> reasons;  // why not kServing, each with what helps
};

class Service {
 public:
  virtual ~Service() = default;
  virtual std::string_view name() const = 0;
  // Opens sockets, starts sessions. After the shard has recovered.
  virtual absl::Status Start() = 0;
  // Stops intake, lets what is in flight finish, then calls `done` (once). The
  // caller caps the time.
  virtual void Drain(std::function<void()> done) = 0;
  virtual Health health() const = 0;
  // Those that it scores with.
  virtual std::vector<market::ModelHealth> models() const { return {}; }
};

}  // namespace gannet::runtime
