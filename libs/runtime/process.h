// What the main() of every service builds before its services: executor, clock,
// files, network, log, journal, bus, shard, lease. A plain holder: it hands its
// parts out as Deps and looks nothing up.
//
//   int main(…) {
//     … flags, configuration …
//     auto process = runtime::Process::Create(options);
//     if (!process.ok()) …
//     std::vector<std::unique_ptr<runtime::Service>> services;
//     services.push_back(risk::BuildRisk(config, (*process)->deps()));
//     return (*process)->Run(std::move(services));
//   }
//
// Services are built before the shard recovers (they say what state there is) and
// start after it has. All on the thread that calls Run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/forward_clock.h"
#include "libs/base/posix_files.h"
#include "libs/bus/kafka_newest.h"
#include "libs/bus/memory_bus.h"
#include "libs/bus/watched.h"
#include "libs/journal/journal.h"
#include "libs/net/beast_network.h"
#include "libs/otlp/exporter.h"
#include "libs/runtime/admin_server.h"
#include "libs/runtime/asio_executor.h"
#include "libs/runtime/bus_link.h"
#include "libs/runtime/fact_metrics.h"
#include "libs/runtime/fact_spans.h"
#include "libs/runtime/health.h"
#include "libs/runtime/heartbeats.h"
#include "libs/runtime/lease.h"
#include "libs/runtime/run.h"
#include "libs/runtime/service.h"
#include "libs/runtime/shard.h"
#include "libs/runtime/system_clock.h"
#include "libs/telemetry/log.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/trace.h"

namespace gannet::runtime {

struct ProcessOptions {
  std::string name;  // of the program, on every log line: "risk", "gannet"
  std::string shard =
      "main";  // names the stream of facts; the same at every start of a data folder
  std::string tenant = "main";
  std::string
      data_dir;  // made when absent, locked while the process lives; empty: none, and no journal
  bool fresh = false;     // puts an existing data folder aside (it is kept) and starts anew
  bool journaled = true;  // false: nothing is recorded, for programs without decisions

  std::string build_id, config_hash;  // stated in each segment of the journal
  uint64_t seed = 0;
  std::map<std::string, std::string> versions;  // of models, dictionaries, limits

  // The bus that joins this process to others; empty: one in memory, of this process
  // alone. With it the shard's foreign topics come in (bus_link.h), but for those that
  // edges of this process publish: `made_here`.
  using MakeBus = std::function<absl::StatusOr<std::unique_ptr<bus::Bus>>(
      base::Executor& executor, const base::Clock& clock, telemetry::Log& log)>;
  MakeBus make_bus;
  std::set<const bus::TopicInfo*> made_here;
  // With a bus: the journal goes there too, before what was decided leaves (journal_copy.h).
  bool journal_on_bus = false;

  // The lease of a shard that may be started on another machine (PostgresLease);
  // empty: a file in the data folder. Create waits until it is held, and the calls
  // that reach for its row are made on the background thread.
  using MakeLease = std::function<absl::StatusOr<std::unique_ptr<ShardLease>>(
      base::Files& files, const base::Clock& clock, const std::string& shard,
      const std::string& holder, const LeaseOptions& options)>;
  MakeLease make_lease;

  // HOST:PORT of the admin port (admin_server.h); empty or "off": none.
  std::string admin_address;

  // Where spans go; without an endpoint nothing of it is made.
  telemetry::TraceOptions traces;

  telemetry::Level log_level = telemetry::Level::kInfo;
  telemetry::Log::Sink log_sink;  // empty: standard error
  bool wire_mode = false;         // every event through its wire codec

  journal::WriterOptions journal;
  base::Duration snapshot_interval = std::chrono::minutes(1);
  base::Duration keep_journal = std::chrono::hours(24 * 7);
  uint64_t max_journal_bytes = uint64_t{4} << 30;
  LeaseOptions lease;
  net::BeastOptions network;
  RunOptions run;
};

class Process {
 public:
  // ABORTED: another process uses the data folder (with `make_lease` it is waited for).
  // CANCELLED: a signal came while the folder or the lease was waited for. Otherwise what failed,
  // with what helps.
  static absl::StatusOr<std::unique_ptr<Process>> Create(ProcessOptions options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  Deps& deps() { return *deps_; }
  AsioExecutor& executor() { return executor_; }
  HealthBoard& health() { return health_; }
  telemetry::Log& log() { return log_; }
  telemetry::Metrics& metrics() { return metrics_; }
  Shard& shard() { return *shard_; }
  const journal::Writer* journal() const { return journal_.get(); }
  // What the parts of the process count, by name.
  std::map<std::string, uint64_t> Counters() const;
  const net::NetworkStats& network_stats() const { return network_->stats(); }

  // Recovers the shard, resumes it, starts the services, runs until a signal or
  // Stop, drains, and destroys the services. The exit code (run.h).
  int Run(std::vector<std::unique_ptr<Service>> services);
  // Begins the drain. On the executor's thread.
  void Stop(std::string reason) { runner_.Stop(std::move(reason)); }

 private:
  explicit Process(ProcessOptions options);
  absl::Status Open();
  absl::Status OpenAdmin();
  absl::Status OpenTraces();
  void CollectMetrics(telemetry::Metrics& metrics);
  absl::Status OpenData();
  absl::Status PutAside();
  absl::Status OpenJournal();
  absl::Status OpenBus();
  absl::Status Recover();
  absl::Status CompareWithBus();
  absl::Status JudgeBus(const absl::StatusOr<std::optional<bus::KafkaFact>>& newest);
  void CompareWithBusLater();
  absl::Status JoinBus();
  void HearBus();
  // The periodic work of the process; each arms itself again.
  void Snapshot();
  void WriteSnapshot();
  void Prune(uint64_t needed_after);  // on the keeper's thread
  void OnPruned(const journal::Pruned& pruned);
  Health JournalHealth() const;
  void WatchClock();
  Health ClockHealth() const;
  absl::Status OpenLease();
  absl::Status LockData();
  absl::Status WaitFor(const char* event, const std::function<absl::Status()>& attempt);
  void RenewLease();
  void OnRenewed(const absl::Status& renewed);
  void TellLease(const absl::Status& renewed);
  void WatchHealth();
  void Beat(const std::vector<const Service*>& services);
  void Finish(Runner::Done done);
  void Close(const Runner::Done& done);

  const ProcessOptions options_;
  SystemClock system_clock_;
  base::ForwardClock clock_{system_clock_};
  base::PosixFiles files_;
  AsioExecutor executor_;
  telemetry::Log log_;
  telemetry::Metrics metrics_;
  HealthBoard health_;
  Runner runner_;
  std::unique_ptr<base::FolderLock> lock_;
  std::unique_ptr<ShardLease> lease_;
  std::unique_ptr<WorkerThread> background_;  // slow work of the services
  std::unique_ptr<WorkerThread> keeper_;      // lease, marks, pruning: never behind slow work
  std::unique_ptr<net::BeastNetwork> network_;
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<otlp::Exporter> spans_;
  std::unique_ptr<bus::Bus> bus_;
  const bus::Watched* watched_bus_ = nullptr;  // the same, where it has something to say
  absl::Status compared_;  // not OK: what the bus has of our facts is not known, or too much
  std::unique_ptr<journal::Writer> journal_;
  std::unique_ptr<Shard> shard_;
  std::unique_ptr<FactMetrics> fact_metrics_;
  std::unique_ptr<FactSpans> fact_spans_;
  std::unique_ptr<BusLink> link_;
  std::unique_ptr<Heartbeats> heartbeats_;
  std::unique_ptr<Deps> deps_;
  std::string last_health_;
  base::Duration clock_ahead_{0};       // as told
  std::optional<uint64_t> held_bytes_;  // of a journal beyond its bounds: the bus lacks some of it
  uint64_t copy_lacks_before_ = 0;      // records before it never came to the bus; 0: all did
  base::Duration started_{0};           // monotonic
  telemetry::Metrics::Collector collector_;
  uint64_t snapshot_at_ = 0;  // sequence that the newest snapshot of this run rests on
};

}  // namespace gannet::runtime
