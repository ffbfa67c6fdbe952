// A small real process for process_test.cc: one engine that counts ticks as
// facts, ticking each millisecond.
//
//   gannet_runtime_probe DATA_DIR [hang|fresh|early|shared]
//
// early: SIGINT comes before anything is made. shared: the lease lies beside the data
// folder, for probes with other folders too.
#include <signal.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "libs/bus/topics.h"
#include "libs/runtime/process.h"
#include "libs/runtime/signals.h"

namespace gannet::runtime {
namespace {

class Probe : public Service {
 public:
  Probe(Deps& deps, bool hang)
      : deps_(deps),
        log_(deps.log.For("probe")),
        hang_(hang),
        notes_(deps.shard, bus::kJournals,
               [this](const market::Event<wire::EngineNote>&) { ++count_; }),
        input_(deps.shard.AddInput("tick", [this](std::string_view, const market::Header& cause) {
          notes_.Emit({"probe", "tick", std::to_string(count_ + 1)}, cause);
        })) {
    deps.shard.AddState(
        {"probe", [this](wire::CanonicalWriter& out) { out.U64(count_); },
         [this](wire::CanonicalReader& in) {
           count_ = in.U64();
           return in.status();
         },
         [this](const market::Header&) {
           log_.Info("resumed", {{"count", count_}, {"epoch", deps_.lease->epoch()}});
         }});
  }
  std::string_view name() const override { return "probe"; }
  absl::Status Start() override {
    log_.Info("ticking", {{"may_send", deps_.lease->MayStillSend()}});
    Tick();
    return absl::OkStatus();
  }
  void Drain(std::function<void()> done) override {
    deps_.executor.Cancel(timer_);
    log_.Info("probe_drained", {{"count", count_}});
    if (!hang_) done();
  }
  Health health() const override { return {HealthState::kServing, {}}; }

 private:
  void Tick() {
    timer_ = deps_.executor.After(std::chrono::milliseconds(1), [this] {
      deps_.shard.Deliver(input_, "", deps_.clock.Now());
      deps_.shard.AfterDurable([this, count = count_] {
        if (count % 20 == 0) log_.Info("durable", {{"count", count}});
      });
      Tick();
    });
  }

  Deps& deps_;
  telemetry::Log log_;
  const bool hang_;
  uint64_t count_ = 0;
  FactStream<wire::EngineNote> notes_;
  const InputPort input_;
  base::TimerId timer_ = base::TimerId::kNone;
};

int Main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string mode = argc > 2 ? argv[2] : "";
  HoldSignals();
  if (mode == "early") ::raise(SIGINT);
  ProcessOptions options;
  options.name = "probe";
  options.data_dir = argv[1];
  options.fresh = mode == "fresh";
  options.build_id = "test";
  options.snapshot_interval = std::chrono::milliseconds(20);
  options.run.service_drain_limit = std::chrono::milliseconds(mode == "hang" ? 60'000 : 2'000);
  options.run.drain_limit = options.run.service_drain_limit;
  if (mode == "shared") {
    options.make_lease =
        [&](base::Files&, const base::Clock& clock, const std::string& shard,
            const std::string& holder,
            const LeaseOptions& lease) -> absl::StatusOr<std::unique_ptr<ShardLease>> {
      return std::make_unique<FileLease>(options.data_dir + "/../lease", shard, holder, lease,
                                         clock);
    };
  }
  auto process = Process::Create(options);
  if (!process.ok()) {
    std::fprintf(stderr, "%s\n", process.status().ToString().c_str());
    return kExitNotStarted;
  }
  std::vector<std::unique_ptr<Service>> services;
  services.push_back(std::make_unique<Probe>((*process)->deps(), mode == "hang"));
  return (*process)->Run(std::move(services));
}

}  // namespace
}  // namespace gannet::runtime

int main(int argc, char** argv) { return gannet::runtime::Main(argc, argv); }
