// The platform of a simulated world: the services of `gannet run` with their
// adapters, over a simulated disk and network; it can crash and recover.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "apps/gannet/decisions_hash.h"
#include "apps/gannet/pipeline.h"
#include "libs/base/rng.h"
#include "libs/base/sim_files.h"
#include "libs/base/virtual_executor.h"
#include "libs/bus/memory_bus.h"
#include "libs/journal/journal.h"
#include "libs/net/sim_network.h"
#include "libs/runtime/heartbeats.h"
#include "libs/runtime/lease.h"
#include "libs/runtime/shard.h"
#include "libs/store/forwarding_store.h"
#include "libs/store/memory_store.h"
#include "services/execution/execution_service.h"
#include "services/ingest/config.h"
#include "services/risk/risk_service.h"
#include "tests/simulation/request_watch.h"

namespace gannet::simulation {

struct PlatformOptions {
  uint64_t seed = 1;
  bool wire_mode = false;
  app::PipelineConfig pipeline;
  ingest::IngestConfig ingest;
  std::string api_key, api_secret;
  base::Duration snapshot_interval = std::chrono::seconds(7);
};

// Reporting's database: a machine of its own, so it outlives the platform's crash.
using SharedStore = store::ForwardingStore;

class PlatformNode {
 public:
  // Requests leave through `watch`, which stands before `network`.
  PlatformNode(PlatformOptions options, base::VirtualExecutor& executor, net::SimNetwork& network,
               RequestWatch& watch);
  ~PlatformNode();

  // Recovers from its disk and starts, as runtime::Process does.
  absl::Status Start();
  // The process dies now; its disk keeps what was synced, as chance has it.
  void Crash(base::Rng& rng);
  bool running() const { return shard_ != nullptr; }
  // The service goes on and is not heard any more, until it speaks again.
  void Silence(const std::string& service) { silent_.insert(service); }
  void Speak() { silent_.clear(); }
  // Services stop intake and drain, last started first, each within a limit, from
  // where the last call left off to the one named (empty: all). `advance` moves the
  // world's time on. The names of those that were cut short.
  std::vector<std::string> Drain(std::string_view last, const std::function<void()>& advance);
  // The end of a process after the drain: all durable, a snapshot, nothing running.
  absl::Status Stop();
  const PlatformOptions& options() const { return options_; }

  // Only while running.
  runtime::Shard& shard() { return *shard_; }
  // One a venue, in the order of the configuration.
  const std::vector<const execution::ExecutionEngine*>& executions() const { return executions_; }
  const risk::RiskEngine& risk() const { return *risk_; }
  // Without definitions of instruments nothing can be found at the venue.
  bool knows_market() const {
    return services_.back()->health().state != runtime::HealthState::kNotServing;
  }
  command::ShardCommands& commands() { return *commands_; }
  // What a person says of a difference that this engine tells of.
  void Adjust(const execution::ExecutionEngine& engine, const execution::AdjustRequest& request);
  base::Time now() const { return executor_.Now(); }
  const journal::Writer& journal() const { return *journal_; }
  // What each start knew after recovery, by epoch.
  const std::map<uint64_t, runtime::Shard::StateHashes>& recovered() const { return recovered_; }

  base::SimFiles& files() { return files_; }
  store::MemoryStore& store() { return store_; }
  uint64_t starts() const { return starts_; }
  // SHA-256 over what all runs so far decided, and over the files of the journal; hex.
  std::string decisions() const;
  std::string journal_hash() const;
  uint64_t snapshots() const { return snapshots_; }
  // Orders that were permitted although a service that they need had not been heard of for
  // too long: I9.
  std::vector<std::string> TakeViolations() { return std::exchange(violations_, {}); }
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
  absl::Status Recover();
  void ArmSnapshot();
  void Beat();
  void JudgeHeard(const market::Event<market::RiskDecision>& event);
  void Forget();

  const PlatformOptions options_;
  base::VirtualExecutor& executor_;
  net::SimNetwork& network_;
  RequestWatch& watch_;
  base::SimFiles files_;
  store::MemoryStore store_;
  telemetry::Log log_;
  uint64_t starts_ = 0;
  base::Sha256Stream decisions_;
  uint64_t orders_ = 0, fills_ = 0, snapshots_ = 0;
  std::map<uint64_t, runtime::Shard::StateHashes> recovered_;

  std::unique_ptr<StartLease> lease_;
  std::unique_ptr<bus::MemoryBus> bus_;
  std::unique_ptr<journal::Writer> journal_;
  std::unique_ptr<runtime::Shard> shard_;
  std::unique_ptr<app::DecisionsHash> hash_;
  std::unique_ptr<runtime::Heartbeats> heartbeats_;
  std::unique_ptr<runtime::Deps> deps_;
  std::unique_ptr<command::ShardCommands> commands_;         // outlives the services
  std::vector<std::unique_ptr<runtime::Service>> services_;  // in order of start
  reporting::ReportingService* reporting_ = nullptr;
  size_t drained_ = 0;  // of services_, from the end
  base::TimerId snapshot_timer_ = base::TimerId::kNone, beat_timer_ = base::TimerId::kNone;
  std::set<std::string> silent_;
  std::map<std::string, base::Time> heard_;  // of this start
  std::vector<std::string> violations_;
  std::vector<const execution::ExecutionEngine*> executions_;
  const risk::RiskEngine* risk_ = nullptr;
};

}  // namespace gannet::simulation
