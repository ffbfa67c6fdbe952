#include "tests/simulation/world.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/gannet/journal_replay.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "services/ingest/app.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/platform_node.h"
#include "tests/simulation/venue_node.h"

namespace gannet::simulation {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kStep = 100ms;  // between looks at the invariants
constexpr size_t kMaxViolations = 20;
constexpr uint64_t kMaxOperationsToCut = 12;  // of the disk, from the decision to the power cut
constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
const base::Time kStart = base::FromUnixMillis(1'750'000'000'000);

// How hard this seed is treated: each kind of fault is off for some seeds, so that
// the others are seen alone as well.
struct Swarm {
  net::SimFaults network;
  VenueFaults venue;
  double platform_crash = 0, power_cut = 0, bad_sync = 0;  // a second
  double venue_crash = 0, partition = 0;

  static Swarm Draw(base::Rng& rng) {
    const auto some = [&rng](double most) { return rng.Chance(0.5) ? rng.Uniform() * most : 0.0; };
    Swarm swarm;
    swarm.network.connect_refused = some(0.05);
    swarm.network.request_lost = some(0.15);
    swarm.network.response_lost = some(0.25);
    swarm.network.duplicate = some(0.15);
    swarm.network.reset = some(0.10);
    swarm.network.socket_reset = some(0.002);
    swarm.network.delay_min = std::chrono::microseconds(rng.Between(50, 2'000));
    swarm.network.delay_max =
        swarm.network.delay_min +
        std::chrono::milliseconds(rng.Chance(0.3) ? rng.Between(100, 1'500) : 1);
    swarm.venue.gateway_error = some(0.10);
    swarm.venue.told_to_wait = some(0.02);
    swarm.venue.user_frame_lost = some(0.30);
    swarm.venue.market_frame_lost = some(0.005);
    if (rng.Chance(0.3)) swarm.venue.query_lag = std::chrono::milliseconds(rng.Between(100, 2'500));
    swarm.platform_crash = some(0.05);
    swarm.power_cut = some(0.05);
    swarm.bad_sync = some(0.02);
    swarm.venue_crash = some(0.03);
    swarm.partition = some(0.04);
    return swarm;
  }
};

class World {
 public:
  World(const SimulationOptions& options, PlatformOptions platform)
      : options_(options),
        rng_(options.seed),
        executor_(kStart),
        network_(executor_, executor_, rng_.Fork()),
        venue_(options.seed, executor_, network_, rng_.Fork()),
        platform_(std::move(platform), executor_, network_) {
    network_.ObserveDuplicates([this](const net::HttpRequest& request) { NoteDoubled(request); });
  }

  absl::StatusOr<SimulationResult> Run() {
    GANNET_RETURN_IF_ERROR(venue_.Start());
    GANNET_RETURN_IF_ERROR(platform_.Start());
    const Swarm swarm = options_.faults ? Swarm::Draw(rng_) : Swarm{};
    network_.set_faults(swarm.network);
    venue_.gateway().set_faults(swarm.venue);
    GANNET_RETURN_IF_ERROR(Advance(options_.safety, [&] { return Strike(swarm); }));
    network_.set_faults({});
    venue_.gateway().set_faults({});
    platform_.files().set_faults({});
    platform_.files().CutPowerAt(kNever);
    if (!venue_.running()) GANNET_RETURN_IF_ERROR(venue_.Start());
    GANNET_RETURN_IF_ERROR(RestartIfFailed());
    GANNET_RETURN_IF_ERROR(Advance(options_.liveness * 3 / 4, nullptr));
    Drain("strategy");  // no new orders: what is there must come to rest
    GANNET_RETURN_IF_ERROR(Advance(options_.liveness / 4, nullptr));
    CheckEnd();
    Drain("");
    GANNET_RETURN_IF_ERROR(VerifyJournal());
    return Finish();
  }

 private:
  absl::Status Advance(base::Duration length, const std::function<absl::Status()>& strike) {
    const base::Time end = executor_.Now() + length;
    while (executor_.Now() < end && result_.violations.size() < kMaxViolations) {
      Step();
      if (strike) GANNET_RETURN_IF_ERROR(strike());
    }
    return absl::OkStatus();
  }

  void Step() {
    const base::Time end = executor_.Now() + kStep;
    // Nothing that a machine does after its power has failed is real.
    while (platform_.files().powered() && executor_.next_deadline() <= end) executor_.RunOne();
    if (!platform_.files().powered()) return;
    executor_.RunUntil(end);
    if (venue_.running() && platform_.running()) {
      Report(CheckAlways(platform_.execution(), LookAtVenue(), doubled_));
      ++result_.checks;
    }
    NoteProbes();
  }

  VenueRecord LookAtVenue() const {
    VenueRecord record = ReadVenue(venue_.core());
    if (options_.doctor) options_.doctor(record);
    return record;
  }

  // --- faults ------------------------------------------------------------------------

  absl::Status Strike(const Swarm& swarm) {
    const double step = std::chrono::duration<double>(kStep).count();
    if (!venue_.running()) return venue_.Start();
    if (!platform_.files().powered()) {
      ++result_.faults["power lost in a write"];
      return Restart();
    }
    GANNET_RETURN_IF_ERROR(RestartIfFailed());
    if (rng_.Chance(swarm.platform_crash * step)) {
      ++result_.faults["platform killed"];
      return Restart();
    }
    base::SimFiles& disk = platform_.files();
    if (rng_.Chance(swarm.power_cut * step))
      disk.CutPowerAt(disk.operations() +
                      static_cast<uint64_t>(rng_.Between(1, kMaxOperationsToCut)));
    if (rng_.Chance(swarm.bad_sync * step)) disk.set_faults({.sync_failure = 1});
    if (rng_.Chance(swarm.venue_crash * step)) {
      ++result_.faults["venue killed"];
      venue_.Crash(rng_);
      network_.ResetConnections();
    }
    if (rng_.Chance(swarm.partition * step)) {
      ++result_.faults["partition"];
      network_.AddPartition(executor_.Now(), std::chrono::milliseconds(rng_.Between(200, 8'000)));
    }
    return absl::OkStatus();
  }

  // A journal that could not be synced is fatal for its writer: someone restarts it.
  absl::Status RestartIfFailed() {
    if (platform_.files().powered() && platform_.journal().failure().ok()) return absl::OkStatus();
    if (platform_.files().powered()) ++result_.faults["sync failed"];
    return Restart();
  }

  absl::Status Restart() {
    platform_.files().set_faults({});
    platform_.Crash(rng_);
    executor_.RunFor(std::chrono::milliseconds(rng_.Between(0, 3'000)));
    const absl::Status started = platform_.Start();
    // Recovery must succeed from whatever the crash left: I5.
    return base::Annotate(started, absl::StrCat("seed ", options_.seed, ": I5: no recovery"));
  }

  void NoteDoubled(const net::HttpRequest& request) {
    const std::string id = ParameterOf(request, "newClientOrderId");
    if (request.method != "POST" || id.empty()) return;
    ++doubled_[id];
    ++result_.faults["placement doubled"];
  }

  void NoteProbes() {
    const execution::ExecutionEngine::Stats& stats = platform_.execution().stats();
    const auto seen = [this](const char* name, uint64_t count) {
      if (count > 0) ++result_.probes[name];
    };
    seen("outcome unknown", stats.unknown_outcomes);
    seen("absence proven", stats.absences_proven);
    seen("inquiry", stats.inquiries);
    seen("fill booked", stats.fills);
    seen("fill told twice", stats.duplicate_fills);
    seen("reconciled", stats.reconciliations);
    seen("stream ended", stats.stream_ends);
    seen("restarted", platform_.starts() > 1 ? 1 : 0);
    seen("snapshot", platform_.snapshots());
    for (const market::ClientOrderId& id : platform_.execution().state().open()) {
      if (platform_.execution().state().Find(id)->life.state() == market::OrderState::kUnknown)
        ++result_.probes["order UNKNOWN"];
    }
  }

  // --- the end -----------------------------------------------------------------------

  void Drain(std::string_view last) {
    for (const std::string& service : platform_.Drain(last, [this] { Step(); }))
      result_.violations.push_back(absl::StrCat("settle: the drain of ", service, " did not end"));
  }

  void CheckEnd() {
    Report(CheckSettled(platform_.execution(), LookAtVenue(), platform_.store(), doubled_));
    const auto& stats = platform_.execution().stats();
    for (const std::string& problem : platform_.execution().Problems(executor_.Now())) {
      // A placement that the network doubled is told of until a person has looked.
      const uint64_t copies = stats.twin_orders + stats.refused_copies;
      const bool told = copies > 0 && stats.illegal_events <= copies && !doubled_.empty() &&
                        (problem.find("became two orders") != std::string::npos ||
                         problem.find("contradict the state") != std::string::npos);
      if (!told) result_.violations.push_back("settle: execution still says: " + problem);
    }
  }

  // I5: the journal, decided again, gives every recorded fact byte for byte, each start
  // knew what the facts before it say, and the last snapshot holds the state that was
  // decided.
  absl::Status VerifyJournal() {
    if (const absl::Status stopped = platform_.Stop(); !stopped.ok()) {
      result_.violations.push_back(
          absl::StrCat("I5: the journal was not closed: ", stopped.ToString()));
    }
    if (!options_.verify_replay) return absl::OkStatus();
    app::PipelineConfig config = platform_.options().pipeline;
    if (options_.replay_with) options_.replay_with(config);
    const app::ServiceFactory factory =
        [&](const journal::SegmentInfo&,
            runtime::Deps& deps) -> absl::StatusOr<app::ReplayedServices> {
      app::PipelineParts parts;
      parts.services = {"execution", "risk", "strategy", "ml-inference", "news-signal"};
      auto pipeline = std::make_shared<app::Pipeline>();
      GANNET_ASSIGN_OR_RETURN(*pipeline, app::BuildPipeline(config, deps, std::move(parts)));
      pipeline->services.push_back(ingest::BuildIngest(platform_.options().ingest, deps));
      return pipeline;
    };
    runtime::ShardOptions shard;
    shard.wire_mode = options_.wire_mode;
    const absl::StatusOr<app::JournalComparison> comparison =
        app::ReplayJournal(platform_.files(), "data/journal", shard, factory);
    if (!comparison.ok()) {
      result_.violations.push_back("I5: the journal cannot be decided again: " +
                                   comparison.status().ToString());
      return absl::OkStatus();
    }
    Compare(*comparison);
    return absl::OkStatus();
  }

  void Compare(const app::JournalComparison& comparison) {
    const auto wrong = [this](std::string text) {
      result_.violations.push_back("I5: " + std::move(text));
    };
    result_.replayed_facts = comparison.equal;
    if (!comparison.first_difference.empty())
      wrong("replay decides differently: " + comparison.first_difference);
    if (!comparison.stopped.empty()) wrong("replay cannot go on: " + comparison.stopped);
    if (comparison.facts == 0) wrong("the journal holds no fact");
    if (comparison.snapshots == 0) wrong("no snapshot was compared");
    // A start that died before its first record was durable is not in the journal.
    for (const auto& [epoch, hashes] : comparison.recovered) {
      const runtime::Shard::StateHashes& knew = platform_.recovered().at(epoch);
      for (const auto& [name, hash] : hashes) {
        if (knew.at(name) == hash) continue;
        wrong(absl::StrCat("start ", epoch, " recovered another state of ", name,
                           " than its facts give"));
      }
    }
  }

  SimulationResult Finish() {
    const net::SimStats& network = network_.stats();
    result_.faults["request lost"] = network.requests_lost;
    result_.faults["response lost"] = network.responses_lost;
    result_.faults["request doubled"] = network.duplicates;
    result_.faults["request timed out"] = network.timed_out;
    result_.faults["connection refused"] = network.connects_refused;
    result_.faults["connection reset"] = network.resets + network.socket_resets;
    result_.faults["message held"] = network.messages_held;
    const VenueGateway::Stats& gateway = venue_.gateway().stats();
    result_.faults["gateway error"] = gateway.errors;
    result_.faults["gateway error, handled"] = gateway.errors_of_handled;
    result_.faults["told to wait"] = gateway.waits;
    result_.faults["stale answer"] = gateway.stale_answers;
    result_.faults["user frame left out"] = gateway.user_frames_lost;
    result_.faults["market frame left out"] = gateway.market_frames_lost;
    result_.faults["sectors lost"] = platform_.files().counters().sectors_lost;
    result_.decisions = platform_.decisions();
    result_.journal = platform_.journal_hash();
    result_.orders = platform_.orders();
    result_.fills = platform_.fills();
    result_.simulated = executor_.Now() - kStart;
    return std::move(result_);
  }

  void Report(std::vector<std::string> violations) {
    for (std::string& violation : violations) {
      if (std::find(result_.violations.begin(), result_.violations.end(), violation) !=
          result_.violations.end())
        continue;
      result_.violations.push_back(std::move(violation));
    }
  }

  const SimulationOptions& options_;
  base::Rng rng_;
  base::VirtualExecutor executor_;
  net::SimNetwork network_;
  VenueNode venue_;
  PlatformNode platform_;
  Doubled doubled_;
  SimulationResult result_;
};

// The shipped strategies, hastier: a run is a minute, and each restart warms up anew.
void MakeBusy(strategy::StrategyConfig& config) {
  config.engine.volatility.warm_up = 2;
  config.engine.message_count = 100;
  for (strategy::MakerSettings& maker : config.makers) {
    maker.min_life = 1s;
    maker.pause_after_fill = 200ms;
    maker.instruments.push_back("binance-spot:BNBUSDT");
  }
  for (strategy::PlaybookSettings& playbook : config.playbooks) playbook.cooldown = 5s;
}

absl::StatusOr<PlatformOptions> Configure(const SimulationOptions& options) {
  base::PosixFiles files;
  PlatformOptions platform;
  platform.seed = options.seed;
  platform.wire_mode = options.wire_mode;
  GANNET_ASSIGN_OR_RETURN(platform.pipeline.risk,
                          risk::LoadRiskConfig(files, options.config_dir + "/limits.yaml"));
  GANNET_ASSIGN_OR_RETURN(
      platform.pipeline.strategy,
      strategy::LoadStrategyConfig(files, options.config_dir + "/strategies.yaml"));
  MakeBusy(platform.pipeline.strategy);
  platform.pipeline.ml_inference.model
      .clear();  // models live on a real disk; strategies that want one rest
  platform.api_key = VenueNode::kApiKey;
  platform.api_secret = VenueNode::kApiSecret;
  const std::string host = "venue.sim:" + std::to_string(VenueNode::kPort);
  ingest::VenueConfig venue;
  venue.rest_url = "http://" + host;
  venue.ws_url = "ws://" + host;
  venue.instruments = {"SOLUSDT", "BTCUSDT", "ETHUSDT", "BNBUSDT"};  // in no order
  platform.ingest.venues = {venue};
  platform.ingest.news.feeds.push_back({"venue", "http://" + host + "/news/rss", 2s});
  execution::ExecutionConfig& execution = platform.pipeline.execution;
  execution.venue = execution::VenueKind::kBinanceSpot;
  execution.reconcile_every = 10s;
  execution.live.rest_url = venue.rest_url;
  execution.live.stream_url = "ws://" + host + "/ws-api/v3";
  execution.live.key_file = "data/api.key";
  execution.live.secret_file = "data/api.secret";
  return platform;
}

}  // namespace

const std::vector<std::string>& RareProbes() {
  static const std::vector<std::string> kProbes = {
      "outcome unknown", "order UNKNOWN", "absence proven", "inquiry",   "fill booked",
      "fill told twice", "reconciled",    "stream ended",   "restarted", "snapshot"};
  return kProbes;
}

absl::StatusOr<SimulationResult> Simulate(const SimulationOptions& options) {
  GANNET_ASSIGN_OR_RETURN(PlatformOptions platform, Configure(options));
  World world(options, std::move(platform));
  return world.Run();
}

}  // namespace gannet::simulation
