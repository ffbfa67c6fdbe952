// The platform of a simulated world: the services of `gannet run` with their
// adapters, over a simulated disk and network; it can crash and recover.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "apps/gannet/decisions_hash.h"
#include "apps/gannet/pipeline.h"
#include "libs/base/rng.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/journal/journal.h"
#include "libs/net/sim_network.h"
#include "libs/runtime/lease.h"
#include "libs/runtime/shard.h"
#include "libs/store/forwarding_store.h"
#include "libs/store/memory_store.h"
#include "services/execution/execution_service.h"
#include "services/ingest/config.h"

namespace gannet::simulation {

struct PlatformOptions {
  uint64_t seed = 1;
  bool wire_mode = false;
  app::PipelineConfig pipeline;
  ingest::IngestConfig ingest;
  std::string api_key, api_secret;
};

// Reporting's database: a machine of its own, so it outlives the platform's crash.
using SharedStore = store::ForwardingStore;

class PlatformNode {
 public:
  PlatformNode(PlatformOptions options, base::VirtualExecutor& executor, net::SimNetwork& network);
  ~PlatformNode();

  // Recovers from its disk and starts.
  absl::Status Start();
  void Crash(base::Rng& rng);
  bool running() const { return shard_ != nullptr; }
  // As a process that ends in order: all durable, nothing running.
  void Stop();
  const PlatformOptions& options() const { return options_; }
  // No new orders; what works is cancelled or left as configured. Then durable.
  void Drain();

  // Only while running.
  runtime::Shard& shard() { return *shard_; }
  const execution::ExecutionEngine& execution() const { return *execution_; }
  const journal::Writer& journal() const { return *journal_; }

  base::SimFiles& files() { return files_; }
  store::MemoryStore& store() { return store_; }
  uint64_t starts() const { return starts_; }
  // Of all runs so far, hex.
  std::string decisions() const;
  uint64_t orders() const { return orders_; }
  uint64_t fills() const { return fills_; }

 private:
  class StartLease : public runtime::Lease {
   public:
    explicit StartLease(uint64_t epoch) : epoch_(epoch) {}
    bool MayStillSend() const override { return true; }
    uint64_t epoch() const override { return epoch_; }

   private:
    const uint64_t epoch_;
  };

  absl::Status Build();
  void Forget();

  const PlatformOptions options_;
  base::VirtualExecutor& executor_;
  net::SimNetwork& network_;
  base::SimFiles files_;
  store::MemoryStore store_;
  telemetry::Log log_;
  uint64_t starts_ = 0;
  base::Sha256Stream decisions_;
  uint64_t orders_ = 0, fills_ = 0;

  std::unique_ptr<StartLease> lease_;
  std::unique_ptr<bus::MemoryBus> bus_;
  std::unique_ptr<journal::Writer> journal_;
  std::unique_ptr<runtime::Shard> shard_;
  std::unique_ptr<app::DecisionsHash> hash_;
  std::unique_ptr<runtime::Deps> deps_;
  app::Pipeline pipeline_;
  std::unique_ptr<runtime::Service> ingest_;
  const execution::ExecutionEngine* execution_ = nullptr;
};

}  // namespace gannet::simulation
