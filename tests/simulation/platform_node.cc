#include "tests/simulation/platform_node.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/bus/topics.h"
#include "libs/runtime/stated.h"
#include "services/ingest/app.h"

namespace gannet::simulation {
namespace {

constexpr char kDataDir[] = "data";
constexpr char kJournalDir[] = "data/journal";
// As runtime::RunOptions has it, whose header needs a real executor.
// As in a real process: an order that is turned away as the drain begins takes some 18 s.
constexpr base::Duration kServiceDrainLimit = std::chrono::seconds(20);

}  // namespace

PlatformNode::PlatformNode(PlatformOptions options, base::VirtualExecutor& executor,
                           net::SimNetwork& network, RequestWatch& watch)
    : options_(std::move(options)),
      executor_(executor),
      network_(network),
      watch_(watch),
      files_(options_.seed + 1),
      log_("platform", telemetry::Level::kError, executor, [](std::string_view) {}) {}

PlatformNode::~PlatformNode() { Forget(); }

absl::Status PlatformNode::Build() {
  ++starts_;
  GANNET_RETURN_IF_ERROR(files_.MakeDirs(kDataDir));
  GANNET_RETURN_IF_ERROR(files_.WriteAtomically("data/api.key", options_.api_key, 0600));
  GANNET_RETURN_IF_ERROR(files_.WriteAtomically("data/api.secret", options_.api_secret, 0600));
  journal::SegmentInfo info;
  info.run = options_.seed;
  info.build_id = "simulation";
  info.versions[runtime::stated::kHeartbeats] = "told";
  journal::WriterOptions writing;
  writing.own_thread = false;
  writing.segment_bytes = 4u << 20;
  writing.reserve_bytes = 64u << 10;
  writing.prepare_bytes = options_.seed / 2 % 2 == 0 ? 0 : 32u << 10;  // both ways of writing
  GANNET_ASSIGN_OR_RETURN(
      journal_, journal::Writer::Open(files_, executor_, kJournalDir, std::move(info), writing));
  bus::MemoryBusOptions bus;
  bus.wire_mode = options_.wire_mode;
  bus_ = std::make_unique<bus::MemoryBus>(executor_, std::move(bus));
  lease_ = std::make_unique<StartLease>(starts_);
  runtime::ShardOptions shard;
  shard.run = journal_->info().run;
  shard.start_epoch = starts_;
  shard.wire_mode = options_.wire_mode;
  shard_ = std::make_unique<runtime::Shard>(std::move(shard), executor_, executor_, journal_.get(),
                                            bus_.get());
  hash_ = std::make_unique<app::DecisionsHash>(*shard_);
  heartbeats_ = std::make_unique<runtime::Heartbeats>(*shard_, executor_.Now());
  deps_.reset(new runtime::Deps{*shard_, *bus_, executor_, executor_, executor_, files_, watch_,
                                log_, base::Rng(options_.seed * 1'000 + starts_), kDataDir,
                                lease_.get()});
  deps_->heartbeats = true;
  app::PipelineParts parts;
  parts.services.erase("gateway");
  parts.store = std::make_unique<SharedStore>(store_);
  GANNET_ASSIGN_OR_RETURN(app::Pipeline pipeline,
                          app::BuildPipeline(options_.pipeline, *deps_, std::move(parts)));
  reporting_ = pipeline.reporting;
  commands_ = std::move(pipeline.commands);
  services_ = std::move(pipeline.services);
  for (const auto& service : services_) {
    if (const auto* execution = dynamic_cast<execution::ExecutionService*>(service.get()))
      executions_.push_back(&execution->engine());
    if (service->name() == "risk") risk_ = &static_cast<risk::RiskService&>(*service).engine();
  }
  services_.push_back(ingest::BuildIngest(options_.ingest, *deps_));
  std::vector<const execution::ExecutionState*> states;
  for (const execution::ExecutionEngine* each : executions_) states.push_back(&each->state());
  watch_.Observe(*shard_, std::move(states));
  shard_->ObserveFacts([this](const bus::TopicInfo& topic, const void* event) {
    if (&topic == &bus::kRiskDecisions.info)
      JudgeHeard(*static_cast<const market::Event<market::RiskDecision>*>(event));
  });
  return absl::OkStatus();
}

absl::Status PlatformNode::Recover() {
  GANNET_ASSIGN_OR_RETURN(const auto reader, journal::Reader::Open(files_, kJournalDir));
  GANNET_RETURN_IF_ERROR(shard_->Recover(*reader));
  recovered_[starts_] = shard_->HashStates();
  GANNET_ASSIGN_OR_RETURN(const auto again, journal::Reader::Open(files_, kJournalDir));
  return reporting_->CatchUp(*again, true);
}

absl::Status PlatformNode::Start() {
  GANNET_RETURN_IF_ERROR(Build());
  GANNET_RETURN_IF_ERROR(Recover());
  shard_->Resume(executor_.Now());
  ArmSnapshot();
  for (const auto& service : services_) GANNET_RETURN_IF_ERROR(service->Start());
  Beat();
  return absl::OkStatus();
}

// As runtime::Process does, but for those that are to be silent.
void PlatformNode::Beat() {
  std::vector<const runtime::Service*> speaking;
  for (const auto& service : services_) {
    const std::string name(service->name());
    if (silent_.contains(name)) continue;
    speaking.push_back(service.get());
    heard_[name] = executor_.Now();
  }
  heartbeats_->Beat(speaking, /*stopping=*/false, executor_.Now());
  beat_timer_ = executor_.After(runtime::Heartbeats::kInterval, [this] { Beat(); });
}

// By what was said, not by what the gate made of it.
void PlatformNode::JudgeHeard(const market::Event<market::RiskDecision>& event) {
  const market::RiskDecision& decision = event.value;
  const risk::WatchSettings& watch = options_.pipeline.risk.watch;
  if (!decision.permitted) return;
  for (const std::string& name : watch.all) {
    const auto heard = heard_.find(name);
    const bool lost = heard == heard_.end() ||
                      decision.decided - heard->second > watch.lost_after + risk::kTimerInterval;
    if (lost)
      violations_.push_back(absl::StrCat("I9: ", decision.intent.client_order_id.text(),
                                         " was permitted while ", name, " was not heard"));
  }
}

void PlatformNode::ArmSnapshot() {
  snapshot_timer_ = executor_.After(options_.snapshot_interval, [this] {
    if (shard_->WriteSnapshot().ok()) ++snapshots_;  // only shortens the next start
    ArmSnapshot();
  });
}

void PlatformNode::Adjust(const execution::ExecutionEngine& engine,
                          const execution::AdjustRequest& request) {
  for (const auto& service : services_) {
    auto* execution = dynamic_cast<execution::ExecutionService*>(service.get());
    if (execution != nullptr && &execution->engine() == &engine)
      (void)execution->Adjust(request, [](const absl::StatusOr<execution::AdjustAnswer>&) {});
  }
}

void PlatformNode::Forget() {
  if (hash_ != nullptr) {
    decisions_.Update(hash_->Hex());
    orders_ += hash_->permitted();
    fills_ += hash_->fills();
  }
  executor_.Cancel(snapshot_timer_);
  executor_.Cancel(beat_timer_);
  heard_.clear();
  watch_.Forget();
  executions_.clear();
  risk_ = nullptr;
  reporting_ = nullptr;
  while (!services_.empty()) services_.pop_back();
  commands_.reset();
  drained_ = 0;
  heartbeats_.reset();
  shard_.reset();
  hash_.reset();
  deps_.reset();
  journal_.reset();
  bus_.reset();
  lease_.reset();
}

void PlatformNode::Crash(base::Rng& rng) {
  // The disk first: closing files in destructors must not save anything.
  files_.Restart(rng);
  Forget();
  network_.ResetConnections();
}

std::vector<std::string> PlatformNode::Drain(std::string_view last,
                                             const std::function<void()>& advance) {
  std::vector<std::string> cut_short;
  while (drained_ < services_.size()) {
    runtime::Service& service = *services_[services_.size() - ++drained_];
    const auto done = std::make_shared<bool>(false);  // may be set after its time
    service.Drain([done] { *done = true; });
    const base::Time limit = executor_.Now() + kServiceDrainLimit;
    while (!*done && executor_.Now() < limit) advance();
    if (!*done) cut_short.emplace_back(service.name());
    if (service.name() == last) break;
  }
  return cut_short;
}

absl::Status PlatformNode::Stop() {
  journal_->Commit();
  executor_.RunFor(std::chrono::milliseconds(10));
  GANNET_RETURN_IF_ERROR(shard_->WriteSnapshot());
  GANNET_RETURN_IF_ERROR(journal_->Close());
  Forget();
  return absl::OkStatus();
}

std::string PlatformNode::journal_hash() const {
  base::Sha256Stream hash;
  for (const auto& [path, bytes] : files_.Contents()) {
    if (!path.starts_with(kJournalDir)) continue;
    hash.Update(path);
    hash.Update(base::Hex(base::Sha256(bytes)));
  }
  return base::Hex(hash.Peek());
}

std::string PlatformNode::decisions() const {
  base::Sha256Stream copy;
  copy.Update(base::Hex(decisions_.Peek()));
  if (hash_ != nullptr) copy.Update(hash_->Hex());
  return base::Hex(copy.Peek());
}

}  // namespace gannet::simulation
