#include "libs/runtime/process.h"

#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/str_join.h"
#include "libs/base/concat.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/bus/kafka_bus.h"
#include "libs/bus/watched.h"
#include "libs/market/strategy_process.h"
#include "libs/runtime/crash_report.h"
#include "libs/runtime/journal_copy.h"
#include "libs/runtime/stated.h"
#include "libs/runtime/turn.h"
#include "libs/telemetry/trace_names.h"

namespace gannet::runtime {
namespace {

// A partition of a topic of facts, once all have read them: more than a start publishes
// before everybody has subscribed (nothing, as it is). What is older is in the journal.
constexpr size_t kKeptOnBus = 64;
// Some hundred orders.
constexpr uint64_t kPreparedBytes = 1u << 20;

constexpr base::Duration kHealthInterval = std::chrono::seconds(1);
constexpr int kRenewalsPerLease = 4;
constexpr uint64_t kNobodyNeeds = journal::Retention().needed_after;
// So far the system clock may be behind before it counts as set back.
constexpr base::Duration kClockTolerance = std::chrono::seconds(2);
constexpr base::Duration kLeasePause = std::chrono::milliseconds(200);
constexpr base::Duration kTellWaiting = std::chrono::seconds(5);
constexpr base::Duration kComparePause = std::chrono::seconds(1);

// A process has up to some hundred threads, most of them of Kafka's clients, which do
// little; each pair of arenas less is memory less. And buffers that are built now and
// then (snapshots) go back to the kernel at once: glibc's own threshold would follow the
// largest of them, and keep their holes in the heap.
constexpr int kArenas = 4;
constexpr int kMappedFromBytes = 128 << 10;

void TuneAllocator() {
  ::mallopt(M_ARENA_MAX, kArenas);
  ::mallopt(M_MMAP_THRESHOLD, kMappedFromBytes);
}

// Of the operating system: seeds for jitter and the run's bits are no secrets, but
// must differ between processes.
uint64_t RandomBits() {
  uint64_t bits = 0;
  const std::string bytes = base::RandomBytes(sizeof bits);
  std::memcpy(&bits, bytes.data(), sizeof bits);
  return bits;
}

std::string Holder(const std::string& name) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return base::Concat({name, "@", host.data(), ":", std::to_string(::getpid())});
}

Health HealthOf(const absl::Status& status) {
  if (status.ok()) return {HealthState::kServing, {}};
  return {HealthState::kNotServing, {std::string(status.message())}};
}

std::string_view StateName(HealthState state) {
  switch (state) {
    case HealthState::kServing:
      return "serving";
    case HealthState::kDegraded:
      return "degraded";
    case HealthState::kNotServing:
      return "not_serving";
  }
  return "not_serving";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Process>> Process::Create(ProcessOptions options) {
  TuneAllocator();
  ReportCrashes(options.name, options.build_id, options.data_dir);
  std::unique_ptr<Process> process(new Process(std::move(options)));
  GANNET_RETURN_IF_ERROR(process->Open());
  return process;
}

Process::Process(ProcessOptions options)
    : options_(std::move(options)),
      executor_(clock_),
      log_(options_.name, options_.log_level, clock_,
           options_.log_sink ? options_.log_sink : telemetry::StderrSink()),
      runner_(executor_, health_, log_, options_.run) {}

Process::~Process() = default;

absl::Status Process::Open() {
  GANNET_RETURN_IF_ERROR(OpenAdmin());
  GANNET_RETURN_IF_ERROR(OpenTraces());
  if (!options_.data_dir.empty()) GANNET_RETURN_IF_ERROR(OpenData());
  background_ = std::make_unique<WorkerThread>(clock_);
  keeper_ = std::make_unique<WorkerThread>(clock_);
  GANNET_RETURN_IF_ERROR(OpenBus());
  ShardOptions shard;
  shard.name = options_.shard;
  shard.tenant = options_.tenant;
  shard.run = journal_ != nullptr ? journal_->info().run : RandomBits();
  shard.start_epoch =
      lease_ != nullptr ? lease_->epoch() : static_cast<uint64_t>(base::UnixNanos(clock_.Now()));
  shard.wire_mode = options_.wire_mode;
  shard_ = std::make_unique<Shard>(std::move(shard), executor_, clock_, journal_.get(), bus_.get());
  if (options_.make_lease) shard_->GateOuter([this] { return lease_->MayStillSend(); });
  deps_.reset(new Deps{*shard_, *bus_, executor_, *background_, clock_, files_, *network_, log_,
                       base::Rng(RandomBits()), options_.data_dir, lease_.get(), &metrics_,
                       spans_.get(), /*heartbeats=*/true});
  heartbeats_ = std::make_unique<Heartbeats>(*shard_, clock_.Now());
  fact_metrics_ = std::make_unique<FactMetrics>(*shard_, metrics_, clock_);
  if (spans_ != nullptr) {
    GANNET_ASSIGN_OR_RETURN(const double ratio, otlp::SamplingRatio(options_.traces));
    fact_spans_ = std::make_unique<FactSpans>(*shard_, *spans_, ratio);
  }
  return absl::OkStatus();
}

absl::Status Process::OpenTraces() {
  if (options_.traces.endpoint.empty() || options_.traces.disabled) return absl::OkStatus();
  GANNET_ASSIGN_OR_RETURN(
      spans_, otlp::Exporter::Start(
                  options_.traces,
                  {{std::string(telemetry::trace::kServiceVersion), options_.build_id},
                   {std::string(telemetry::trace::kServiceInstance), Holder(options_.name)}},
                  &metrics_));
  log_.Info("traces", {{"endpoint", options_.traces.endpoint}});
  return absl::OkStatus();
}

// Before anything that may take its time: who waits for a lease is alive and not ready.
absl::Status Process::OpenAdmin() {
  started_ = clock_.Monotonic();
  GANNET_ASSIGN_OR_RETURN(network_, net::BeastNetwork::Create(executor_.io(), options_.network));
  metrics_.GaugeOf(telemetry::metric::kBuildInfo, {options_.build_id}).Set(1);
  collector_ = metrics_.Collect([this](telemetry::Metrics& metrics) { CollectMetrics(metrics); });
  if (options_.admin_address.empty() || options_.admin_address == kNoAdminPort)
    return absl::OkStatus();
  GANNET_ASSIGN_OR_RETURN(
      admin_, AdminServer::Start(options_.admin_address, *network_, health_, metrics_, log_));
  return absl::OkStatus();
}

absl::Status Process::OpenData() {
  // The journal has orders and balances in clear: nothing is for every user of the machine.
  umask(umask(0027) | 0027);
  GANNET_RETURN_IF_ERROR(files_.MakeDirs(options_.data_dir));
  GANNET_RETURN_IF_ERROR(LockData());
  if (options_.fresh) GANNET_RETURN_IF_ERROR(PutAside());
  if (!options_.journaled) return absl::OkStatus();
  GANNET_RETURN_IF_ERROR(OpenLease());
  return OpenJournal();
}

// Who has a lease elsewhere stands by for the folder as for the lease: a volume that is
// shared, or a holder on this machine that still runs.
absl::Status Process::LockData() {
  return WaitFor("waiting_for_data_folder", [this] {
    auto lock = files_.LockDir(options_.data_dir);
    if (lock.ok()) lock_ = std::move(*lock);
    const bool stands_by = options_.make_lease && !options_.fresh;
    return stands_by && absl::IsAborted(lock.status())
               ? absl::UnavailableError(lock.status().message())
               : lock.status();
  });
}

// Tries until it is anything but UNAVAILABLE.
absl::Status Process::WaitFor(const char* event, const std::function<absl::Status()>& attempt) {
  for (base::Duration told = clock_.Monotonic() - kTellWaiting;;) {
    const absl::Status status = attempt();
    if (!absl::IsUnavailable(status)) return status;
    if (StopRequested())
      return absl::CancelledError("stopped while waiting to be the one; nothing was started");
    if (clock_.Monotonic() - told >= kTellWaiting) {
      told = clock_.Monotonic();
      log_.Info(event, {{"why", std::string(status.message())}});
      log_.Flush();
    }
    executor_.RunFor(kLeasePause);
  }
}

absl::Status Process::OpenLease() {
  LeaseOptions lease = options_.lease;
  lease.lowest_epoch = static_cast<uint64_t>(base::UnixMillis(clock_.Now()) / 1000);
  const std::string holder = Holder(options_.name);
  if (!options_.make_lease) {
    lease.earlier_holders_are_gone = true;  // the folder's lock says so
    lease_ = std::make_unique<FileLease>(options_.data_dir + "/lease", options_.shard, holder,
                                         lease, clock_);
    return lease_->TryAcquire();
  }
  // Another machine may have the shard: its folder is not this one.
  GANNET_ASSIGN_OR_RETURN(lease_,
                          options_.make_lease(files_, clock_, options_.shard, holder, lease));
  return WaitFor("waiting_for_lease", [this] { return lease_->TryAcquire(); });
}

absl::Status Process::OpenBus() {
  if (options_.make_bus) {
    GANNET_ASSIGN_OR_RETURN(bus_, options_.make_bus(executor_, clock_, log_));
    watched_bus_ = dynamic_cast<const bus::Watched*>(bus_.get());
    if (options_.journal_on_bus && journal_ != nullptr) {
      journal_ = CopyToBus(std::move(journal_),
                           {*bus_,
                            {files_, executor_, *keeper_},
                            options_.data_dir + "/journal",
                            options_.data_dir + "/journal-copied",
                            options_.name,
                            [this](uint64_t record) {
                              copy_lacks_before_ = record;
                              log_.Warning("journal_copy_incomplete", {{"begins", record}});
                            }});
    }
    return absl::OkStatus();
  }
  bus::MemoryBusOptions bus;
  bus.wire_mode = options_.wire_mode;
  bus.retention_events = kKeptOnBus;
  bus_ = std::make_unique<bus::MemoryBus>(executor_, std::move(bus));
  return absl::OkStatus();
}

// Nothing is ever deleted here: the old folder keeps its journal under another name.
absl::Status Process::PutAside() {
  GANNET_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(options_.data_dir));
  bool used = false;
  for (const std::string& name : names) used = used || name != ".lock";
  if (!used) return absl::OkStatus();
  std::string folder = options_.data_dir;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  std::string aside =
      base::Concat({folder, ".before-", base::FormatTime(clock_.Now()).substr(0, 19), "Z"});
  for (char& c : aside) {
    if (c == ':') c = '-';
  }
  for (int i = 2; files_.Exists(aside); ++i) aside += "." + std::to_string(i);
  GANNET_RETURN_IF_ERROR(files_.Rename(folder, aside));
  lock_.reset();
  GANNET_RETURN_IF_ERROR(files_.MakeDirs(folder));
  GANNET_ASSIGN_OR_RETURN(lock_, files_.LockDir(folder));
  log_.Info("started_afresh", {{"data", folder}, {"kept", aside}});
  return absl::OkStatus();
}

absl::Status Process::OpenJournal() {
  journal::SegmentInfo info;
  info.run = RandomBits();  // of a new journal; an existing one keeps its own
  info.build_id = options_.build_id;
  info.config_hash = options_.config_hash;
  info.seed = options_.seed;
  info.versions = options_.versions;
  info.versions[stated::kShard] = options_.shard;
  if (options_.make_bus) info.versions[stated::kBus] = "joined";
  info.versions[stated::kHeartbeats] = "told";
  journal::WriterOptions writing = options_.journal;
  // What goes to the bus is read from the file as it grows: it has to end where its records do.
  if (!options_.journal_on_bus) writing.prepare_bytes = kPreparedBytes;
  GANNET_ASSIGN_OR_RETURN(journal_,
                          journal::Writer::Open(files_, executor_, options_.data_dir + "/journal",
                                                std::move(info), writing));
  const journal::Recovery& found = journal_->recovered();
  log_.Info("journal_opened", {{"found", found.ToString()}, {"epoch", lease_->epoch()}});
  for (const std::string& damage : found.damaged_snapshots) {
    log_.Warning(
        "snapshot_damaged",
        {{"error", damage}, {"help", "an older one or the whole journal is read instead"}});
  }
  journal_->OnFailure([this](absl::Status failure) {
    log_.Error("journal_failed", {{"error", failure.ToString()}});
  });
  return absl::OkStatus();
}

absl::Status Process::Recover() {
  if (journal_ == nullptr) return absl::OkStatus();
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<journal::Reader> reader,
                          journal::Reader::Open(files_, options_.data_dir + "/journal"));
  GANNET_RETURN_IF_ERROR(base::Annotate(shard_->Recover(*reader), "recovering from the journal"));
  clock_.NotBefore(shard_->now());  // or the timers would wait until it is so late
  return absl::OkStatus();
}

// Ids of events are positions in the journal. One that was set back would give them again, and
// whoever reads the bus would take new facts for repetitions. Facts are durable here before the
// bus gets them, so that no other way of ending leaves it with more than the journal has.
absl::Status Process::CompareWithBus() {
  auto* kafka = dynamic_cast<bus::KafkaBus*>(bus_.get());
  if (kafka == nullptr || journal_ == nullptr) return absl::OkStatus();
  const absl::Status judged = JudgeBus(kafka->NewestFact(market::StreamNumber(options_.shard)));
  if (!absl::IsUnavailable(judged)) return judged;
  // It starts without brokers, and neither tells nor hears anything before they have said that:
  // who had an answer that is given up later would wait for it in vain.
  log_.Warning("bus_not_compared", {{"error", judged.ToString()}});
  compared_ = judged;
  kafka->HoldFacts(true);
  CompareWithBusLater();
  return absl::OkStatus();
}

absl::Status Process::JudgeBus(const absl::StatusOr<std::optional<bus::KafkaFact>>& newest) {
  if (!newest.ok()) {
    return absl::UnavailableError(
        base::Concat({"facts are held, and nothing is read, until Kafka says how far it has those "
                      "of this process: ",
                      std::string(newest.status().message())}));
  }
  const uint64_t last = journal_->recovered().last_sequence;
  if (!*newest || TurnOf((*newest)->id) <= last) return absl::OkStatus();
  const bus::KafkaFact& fact = **newest;
  const std::string journal = options_.data_dir + "/journal",
                    there = std::to_string(TurnOf(fact.id));
  return absl::DataLossError(base::Concat(
      {journal,
       " ends at record ",
       std::to_string(last),
       ", and Kafka has facts of '",
       options_.shard,
       "' up to record ",
       there,
       " (",
       fact.topic,
       " partition ",
       std::to_string(fact.position.partition),
       " offset ",
       std::to_string(fact.position.offset),
       "): the journal was set back or lost, or another process has its name, and what it decided "
       "now would be taken for a repetition; put its newest copy back",
       options_.journal_on_bus
           ? base::Concat({" (`gannet journal fetch ", options_.name, "` has it)"})
           : std::string(),
       ", or, where there is none, run `gannet journal skip ",
       options_.data_dir,
       " --to ",
       there,
       "`, which gives the records between up for lost"}));
}

void Process::CompareWithBusLater() {
  executor_.After(kComparePause, [this] {
    if (runner_.stopping()) return;
    background_->Post([this, kafka = dynamic_cast<bus::KafkaBus*>(bus_.get())] {
      auto newest = kafka->NewestFact(market::StreamNumber(options_.shard));
      executor_.Post([this, kafka, newest = std::move(newest)] {
        compared_ = JudgeBus(newest);
        if (absl::IsUnavailable(compared_)) return CompareWithBusLater();
        if (compared_.ok()) {
          kafka->HoldFacts(false);
          if (!runner_.stopping()) HearBus();
          return;
        }
        log_.Error("journal_set_back", {{"error", compared_.ToString()}});
        shard_->GiveUp(compared_);  // facts stay held, and nothing comes in
      });
    });
  });
}

absl::Status Process::JoinBus() {
  if (link_ == nullptr) return absl::OkStatus();
  std::unique_ptr<journal::Reader> reader;
  if (journal_ != nullptr) {
    GANNET_ASSIGN_OR_RETURN(reader, journal::Reader::Open(files_, options_.data_dir + "/journal"));
  }
  GANNET_RETURN_IF_ERROR(
      link_->Connect({*bus_,
                      {files_, executor_, *keeper_},
                      clock_,
                      journal_ != nullptr ? options_.data_dir + "/published" : ""},
                     reader.get()));
  if (compared_.ok()) HearBus();
  return absl::OkStatus();
}

void Process::HearBus() {
  link_->Subscribe();
  log_.Info("bus_joined", {{"topics", absl::StrJoin(link_->topics(), ",")},
                           {"published_again", link_->stats().republished}});
}

std::map<std::string, uint64_t> Process::Counters() const {
  std::map<std::string, uint64_t> counters;
  if (watched_bus_ != nullptr) counters = watched_bus_->counters();
  const Shard::Stats& shard = shard_->stats();
  counters["shard_clock_went_back"] = shard.clock_went_back;
  counters["shard_leaps"] = shard.leaps;
  counters["shard_undecodable_facts"] = shard.undecodable_facts;
  counters["bus_backlog"] = shard_->outer_backlog();
  counters["bus_backlog_refused"] = shard.outer_refused;
  counters["log_repeats_suppressed"] = log_.suppressed();
  const net::NetworkStats& network = network_->stats();
  counters["http_accepted"] = network.accepted;
  counters["http_accept_failed"] = network.accept_failed;
  counters["http_connections_refused"] = network.connections_refused;
  counters["http_connections_ended"] = network.connections_ended;
  counters["http_served"] = network.served;
  counters["http_bad_requests"] = network.bad_requests;
  counters["http_too_large"] = network.too_large;
  counters["http_timed_out"] = network.timed_out;
  if (link_ == nullptr) return counters;
  const BusLink::Stats& link = link_->stats();
  counters["link_duplicates"] = link.duplicates;
  counters["link_undecodable"] = link.undecodable;
  counters["link_published_again"] = link.republished;
  counters["link_books_incomplete"] = link.books_incomplete;
  counters["link_from_the_future"] = link.from_the_future;
  return counters;
}

void Process::CollectMetrics(telemetry::Metrics& metrics) {
  namespace metric = telemetry::metric;
  const auto level = [](HealthState state) {
    return state == HealthState::kServing ? 1.0 : state == HealthState::kDegraded ? 0.5 : 0.0;
  };
  metrics.GaugeOf(metric::kUp).Set(level(health_.Overall().state));
  for (const auto& [name, health] : health_.Each())
    metrics.GaugeOf(metric::kHealth, {name}).Set(level(health.state));
  metrics.GaugeOf(metric::kUptime)
      .Set(std::chrono::duration<double>(clock_.Monotonic() - started_).count());
  metrics.GaugeOf(metric::kClockAhead).Set(std::chrono::duration<double>(clock_.Ahead()).count());
  if (shard_ == nullptr) return;
  metrics.CounterOf(metric::kShardInputs, {"input"}).SetTotal(shard_->stats().inputs);
  metrics.CounterOf(metric::kShardInputs, {"timer"}).SetTotal(shard_->stats().timers);
  metrics.GaugeOf(metric::kQueueDepth, {"bus_backlog"})
      .Set(static_cast<double>(shard_->outer_backlog()));
  metrics.GaugeOf(metric::kQueueLimit, {"bus_backlog"})
      .Set(static_cast<double>(Shard::kMaxOuterBacklog));
  if (lease_ != nullptr) metrics.GaugeOf(metric::kLeaseHeld).Set(lease_->MayStillSend() ? 1 : 0);
  if (journal_ != nullptr)
    metrics.GaugeOf(metric::kJournalRecords).Set(static_cast<double>(journal_->last_sequence()));
  for (const auto& [name, count] : Counters()) {
    if (name == "bus_read_lag") {
      metrics.GaugeOf(metric::kBusLag).Set(static_cast<double>(count));
    } else if (name == "bus_write_waiting") {
      metrics.GaugeOf(metric::kQueueDepth, {"bus_write"}).Set(static_cast<double>(count));
    } else if (name == "bus_read") {
      metrics.CounterOf(metric::kBusRead).SetTotal(count);
    } else if (name == "bus_written") {
      metrics.CounterOf(metric::kBusWritten).SetTotal(count);
    } else if (name == "bus_dead_letters") {
      metrics.CounterOf(metric::kDeadLetters).SetTotal(count);
    } else if (name != "bus_backlog") {
      metrics.CounterOf(metric::kCounts, {name}).SetTotal(count);
    }
  }
  if (const auto* kafka = dynamic_cast<const bus::KafkaBus*>(bus_.get())) {
    size_t halted = 0;
    for (const bus::KafkaBus::View& view : kafka->views()) halted += view.inbox.halted.size();
    metrics.GaugeOf(metric::kHaltedTopics).Set(static_cast<double>(halted));
  }
}

int Process::Run(std::vector<std::unique_ptr<Service>> services) {
  if (options_.make_bus) link_ = std::make_unique<BusLink>(*shard_, options_.made_here);
  if (absl::Status status = Recover(); !status.ok()) {
    log_.Error("not_recovered", {{"error", status.ToString()}});
    log_.Flush();
    return kExitNotStarted;
  }
  if (absl::Status status = CompareWithBus(); !status.ok()) {
    log_.Error("journal_set_back", {{"error", status.ToString()}});
    log_.Flush();
    return kExitNotStarted;
  }
  if (lease_ != nullptr) {
    // Recovery may have taken longer than the lease.
    TellLease(lease_->Renew());
  }
  // The first turn of the run. What it sends leaves from the loop, after Start.
  shard_->Resume(clock_.Now());
  if (absl::Status status = JoinBus(); !status.ok()) {
    log_.Error("bus_not_joined", {{"error", status.ToString()}});
    log_.Flush();
    return kExitNotStarted;
  }
  if (link_ != nullptr) {
    if (link_->lost() > 0) log_.Warning("facts_not_published", {{"pruned_up_to", link_->lost()}});
    health_.Add("bus", [this] {
      absl::Status status = compared_;
      status.Update(link_->health());
      if (watched_bus_ != nullptr) status.Update(watched_bus_->health());
      return HealthOf(status);
    });
  }
  health_.Add("clock", [this] { return ClockHealth(); });
  health_.Add("journal", [this] { return JournalHealth(); });
  if (lease_ != nullptr) {
    health_.Add("lease", [this] {
      return HealthOf(
          lease_->MayStillSend()
              ? absl::OkStatus()
              : absl::AbortedError(
                    "the lease ran out; orders are not sent; see the log, then restart"));
    });
  }
  for (const std::unique_ptr<Service>& service : services) {
    health_.Add(std::string(service->name()), [raw = service.get()] { return raw->health(); });
  }
  Snapshot();
  RenewLease();
  WatchHealth();
  std::vector<const Service*> beating;
  for (const std::unique_ptr<Service>& service : services) beating.push_back(service.get());
  executor_.Post([this, beating] { Beat(beating); });
  const int code = runner_.Run(
      services, [this](Runner::Done done) { Finish(std::move(done)); },
      [this, beating] {
        // Within one process the order of the drain does it.
        if (link_ != nullptr) heartbeats_->Beat(beating, /*stopping=*/true, clock_.Now());
      });
  keeper_->Join();
  background_->Join();  // its tasks may use the services
  while (!services.empty()) services.pop_back();
  if (spans_ != nullptr) {
    spans_->Shutdown(otlp::kShutdownLimit);
    const otlp::Exporter::Stats stats = spans_->stats();
    log_.Info("traces_ended", {{"exported", stats.exported},
                               {"dropped", stats.dropped_full + stats.dropped_refused}});
    log_.Flush();
  }
  return code;
}

void Process::Snapshot() {
  if (journal_ == nullptr) return;
  executor_.After(options_.snapshot_interval, [this] {
    if (runner_.stopping()) return;
    WriteSnapshot();
    const uint64_t needed_after = link_ != nullptr ? link_->published() : kNobodyNeeds;
    keeper_->Post([this, needed_after] { Prune(needed_after); });
    Snapshot();
  });
}

void Process::Prune(uint64_t needed_after) {
  const absl::StatusOr<journal::Pruned> pruned = journal_->Prune(
      clock_.Now(), {options_.keep_journal, options_.max_journal_bytes, needed_after});
  if (!pruned.ok()) {
    log_.Warning("journal_not_pruned", {{"error", pruned.status().ToString()}});
    return;
  }
  if (pruned->segments > 0) log_.Info("journal_pruned", {{"segments", pruned->segments}});
  executor_.Post([this, pruned = *pruned] { OnPruned(pruned); });
}

void Process::OnPruned(const journal::Pruned& pruned) {
  if (link_ == nullptr) return;  // without a bus it is for reporting, which says why
  if (pruned.held && !held_bytes_) log_.Warning("journal_held", {{"bytes", pruned.bytes}});
  held_bytes_ = pruned.held ? std::optional(pruned.bytes) : std::nullopt;
}

Health Process::JournalHealth() const {
  if (const absl::Status status = shard_->health(); !status.ok()) return HealthOf(status);
  Health health{HealthState::kServing, {}};
  const auto degraded = [&health](std::string reason) {
    health.state = HealthState::kDegraded;
    health.reasons.push_back(std::move(reason));
  };
  if (held_bytes_) {
    degraded(base::Concat({"the journal has ", std::to_string(*held_bytes_ >> 20),
                           " MiB and is beyond its bounds, since the bus has not taken all of it "
                           "yet; see to the bus, and that the disk does not become full"}));
  }
  if (link_ != nullptr && link_->lost() > 0) {
    degraded(base::Concat({"facts up to record ", std::to_string(link_->lost()),
                           " were pruned before the bus had them; who reads the bus lacks them "
                           "(told until the next start)"}));
  }
  if (copy_lacks_before_ > 0) {
    degraded(base::Concat({"the copy of the journal on the bus lacks records before ",
                           std::to_string(copy_lacks_before_),
                           ", which were pruned before; back the data folder up (told until the "
                           "next start)"}));
  }
  return health;
}

// What a clock is corrected by in passing is neither told nor a change of what was told.
void Process::WatchClock() {
  const base::Duration ahead = std::chrono::round<std::chrono::seconds>(clock_.Ahead());
  if (std::chrono::abs(ahead - clock_ahead_) <= kClockTolerance) return;
  clock_ahead_ = ahead;
  const Health health = ClockHealth();
  if (health.reasons.empty()) {
    log_.Info("clock_followed_again", {});
  } else {
    log_.Warning("clock_set_back", {{"help", health.reasons.front()}});
  }
}

Health Process::ClockHealth() const {
  if (clock_ahead_ <= kClockTolerance) return {HealthState::kServing, {}};
  const std::string ahead = base::FormatDuration(clock_ahead_);
  return {HealthState::kDegraded,
          {base::Concat({"the system clock is ", ahead,
                         " behind this process, whose time does not go back but runs on; set the "
                         "clock right, or, if it is right, stop the process for ",
                         ahead})}};
}

// A snapshot only shortens the next start: without it that reads more records.
void Process::WriteSnapshot() {
  const uint64_t sequence = journal_->last_sequence();
  if (sequence == snapshot_at_) return;  // nothing happened since
  const absl::Status written = shard_->WriteSnapshot();
  if (written.ok()) snapshot_at_ = sequence;
  if (!written.ok() && !absl::IsUnavailable(written))
    log_.Warning("snapshot_failed", {{"error", written.ToString()}});
}

void Process::RenewLease() {
  if (lease_ == nullptr) return;
  executor_.After((options_.lease.length - options_.lease.margin) / kRenewalsPerLease, [this] {
    keeper_->Post([this] {
      absl::Status renewed = lease_->Renew();
      executor_.Post([this, renewed = std::move(renewed)] { OnRenewed(renewed); });
    });
  });
}

// Goes on until the journal is closed: what is in flight may still need an answer.
void Process::OnRenewed(const absl::Status& renewed) {
  TellLease(renewed);
  if (!absl::IsAborted(renewed)) RenewLease();
}

void Process::TellLease(const absl::Status& renewed) {
  if (renewed.ok()) return;
  log_.Warning("lease_not_renewed", {{"error", renewed.ToString()}});
  if (absl::IsAborted(renewed)) shard_->GiveUp(renewed);
}

void Process::WatchHealth() {
  WatchClock();
  const Health health = health_.Overall();
  std::string text(StateName(health.state));
  for (const std::string& reason : health.reasons) text += "; " + reason;
  if (text != last_health_ && !last_health_.empty())
    log_.Info("health_changed", {{"health", text}});
  last_health_ = std::move(text);
  executor_.After(kHealthInterval, [this] {
    if (!runner_.stopping()) WatchHealth();
  });
}

void Process::Beat(const std::vector<const Service*>& services) {
  if (runner_.stopping()) return;
  heartbeats_->Beat(services, /*stopping=*/false, clock_.Now());
  executor_.After(Heartbeats::kInterval, [this, services] { Beat(services); });
}

void Process::Finish(Runner::Done done) {
  const auto flush_and_close = [this, done] {
    if (link_ != nullptr && journal_ != nullptr) link_->AskWhetherKept(journal_->last_sequence());
    bus_->Flush();
    // What has become durable just now is handed on by tasks that are queued.
    executor_.Post([this, done] { Close(done); });
  };
  if (journal_ == nullptr || !journal_->failure().ok()) return flush_and_close();
  journal_->Commit();
  journal_->WhenDurable(journal_->last_sequence(), flush_and_close);
}

void Process::Close(const Runner::Done& done) {
  keeper_->Join();
  absl::Status marked;
  if (link_ != nullptr) {
    link_->Disconnect();
    marked = link_->Close();
  }
  if (journal_ == nullptr) return done(absl::OkStatus());
  if (!marked.ok()) log_.Warning("bus_mark_not_written", {{"error", marked.ToString()}});
  // A full disk: the reserve closes in order, but what was dropped is in no record.
  const absl::Status failed = journal_->failure();
  WriteSnapshot();
  const absl::Status closed = journal_->Close();
  if (const absl::Status released = lease_->Release(); !released.ok()) {
    log_.Warning("lease_not_released", {{"error", released.ToString()}});
  }
  if (!closed.ok()) return done(base::Annotate(closed, "closing the journal"));
  done(failed);
}

}  // namespace gannet::runtime
