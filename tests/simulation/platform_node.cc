#include "tests/simulation/platform_node.h"

#include <utility>

#include "libs/base/status.h"
#include "services/ingest/app.h"

namespace gannet::simulation {
namespace {

constexpr char kDataDir[] = "data";
constexpr char kJournalDir[] = "data/journal";

}  // namespace

PlatformNode::PlatformNode(PlatformOptions options, base::VirtualExecutor& executor,
                           net::SimNetwork& network)
    : options_(std::move(options)),
      executor_(executor),
      network_(network),
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
  journal::WriterOptions writing;
  writing.own_thread = false;
  writing.segment_bytes = 4u << 20;
  writing.reserve_bytes = 64u << 10;
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
  deps_.reset(new runtime::Deps{*shard_, *bus_, executor_, executor_, executor_, files_, network_,
                                log_, base::Rng(options_.seed * 1'000 + starts_), kDataDir,
                                lease_.get()});
  app::PipelineParts parts;
  parts.services.erase("gateway");
  parts.store = std::make_unique<SharedStore>(store_);
  GANNET_ASSIGN_OR_RETURN(pipeline_,
                          app::BuildPipeline(options_.pipeline, *deps_, std::move(parts)));
  for (const auto& service : pipeline_.services) {
    if (service->name() == "execution")
      execution_ = &static_cast<execution::ExecutionService&>(*service).engine();
  }
  ingest_ = ingest::BuildIngest(options_.ingest, *deps_);
  return absl::OkStatus();
}

absl::Status PlatformNode::Start() {
  GANNET_RETURN_IF_ERROR(Build());
  GANNET_ASSIGN_OR_RETURN(const auto reader, journal::Reader::Open(files_, kJournalDir));
  GANNET_RETURN_IF_ERROR(shard_->Recover(*reader));
  GANNET_ASSIGN_OR_RETURN(const auto again, journal::Reader::Open(files_, kJournalDir));
  GANNET_RETURN_IF_ERROR(pipeline_.reporting->CatchUp(*again));
  shard_->Resume(executor_.Now());
  for (const auto& service : pipeline_.services) GANNET_RETURN_IF_ERROR(service->Start());
  return ingest_->Start();
}

void PlatformNode::Forget() {
  if (hash_ != nullptr) {
    decisions_.Update(hash_->Hex());
    orders_ += hash_->permitted();
    fills_ += hash_->fills();
  }
  ingest_.reset();
  execution_ = nullptr;
  while (!pipeline_.services.empty()) pipeline_.services.pop_back();
  pipeline_ = {};
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

void PlatformNode::Drain() {
  ingest_->Drain([] {});
  for (auto service = pipeline_.services.rbegin(); service != pipeline_.services.rend(); ++service)
    (*service)->Drain([] {});
}

void PlatformNode::Stop() {
  journal_->Commit();
  executor_.RunFor(std::chrono::milliseconds(10));
  journal_->Close().IgnoreError();  // a failure shows when the journal is read
  Forget();
}

std::string PlatformNode::decisions() const {
  base::Sha256Stream copy;
  copy.Update(base::Hex(decisions_.Peek()));
  if (hash_ != nullptr) copy.Update(hash_->Hex());
  return base::Hex(copy.Peek());
}

}  // namespace gannet::simulation
