#include "apps/gannet/replay.h"

#include <memory>
#include <ostream>
#include <utility>

#include "absl/strings/str_format.h"
#include "apps/gannet/backtest_record.h"
#include "apps/gannet/capture_feed.h"
#include "apps/gannet/decisions_hash.h"
#include "apps/gannet/pipeline.h"
#include "apps/gannet/recorded_feed.h"
#include "apps/gannet/virtual_host.h"
#include "libs/base/status.h"
#include "libs/bus/topics.h"
#include "libs/market/names.h"
#include "libs/store/memory_store.h"
#include "services/ingest/emit_jsonl.h"
#include "services/ingest/news_ingest.h"
#include "services/ingest/news_replay.h"
#include "services/reporting/export.h"

namespace gannet::app {
namespace {

constexpr base::Duration kSettleTime =
    std::chrono::seconds(5);  // after the last input: orders under way end

// Prints every market event that the shard publishes.
class Emitter {
 public:
  Emitter(runtime::Shard& shard, std::ostream& out) : out_(out) {
    Watch(shard, bus::kInstruments);
    Watch(shard, bus::kTrades);
    Watch(shard, bus::kQuotes);
    Watch(shard, bus::kBooks);
    Watch(shard, bus::kBars);
    Watch(shard, bus::kMarketStatus);
  }
  uint64_t not_emitted() const { return emitter_.not_emitted(); }

 private:
  template <class T>
  void Watch(runtime::Shard& shard, const bus::Topic<T>& topic) {
    shard.Consume<T>(topic, nullptr, [this](const market::Event<T>& event) {
      line_.clear();
      emitter_.Emit(event, line_);
      out_ << line_;
    });
  }

  ingest::JsonlEmitter emitter_;
  std::ostream& out_;
  std::string line_;
};

// Headlines within the captured hours; the others are counted.
class Headlines {
 public:
  static absl::StatusOr<Headlines> Read(const ReplayOptions& options, base::Files& files,
                                        base::Time first) {
    Headlines headlines;
    if (options.news_file.empty()) return headlines;
    GANNET_ASSIGN_OR_RETURN(headlines.file_, ingest::ReadNewsReplay(files, options.news_file,
                                                                    {.shift = options.news_shift}));
    while (headlines.at_ < headlines.file_.inputs.size() &&
           headlines.file_.inputs[headlines.at_].receive_time < first)
      ++headlines.at_;
    headlines.before_ = headlines.at_;
    return headlines;
  }

  // Delivers those received up to `time`.
  void DeliverUntil(VirtualHost& host, base::Time time) {
    for (; at_ < file_.inputs.size() && file_.inputs[at_].receive_time <= time; ++at_) {
      const ingest::NewsInput& input = file_.inputs[at_];
      host.RunUntil(input.receive_time);
      host.shard().Deliver(*host.shard().FindInput(ingest::kNewsReplayPort), input.bytes,
                           input.receive_time);
    }
  }

  void Report(const std::string& path, std::ostream& out) const {
    if (path.empty()) return;
    out << absl::StrFormat(
        "%s: %d headlines replayed, %d before and %d after the captured hours skipped, %d without "
        "a time, %d not read%s%s\n",
        path, at_ - before_, before_, file_.inputs.size() - at_, file_.undated, file_.rejected,
        file_.first_problem.empty() ? "" : ", first: ", file_.first_problem);
  }

 private:
  ingest::NewsReplayFile file_;
  size_t at_ = 0, before_ = 0;
};

absl::StatusOr<PipelineConfig> Configure(const ReplayOptions& options, base::Files& files) {
  PipelineConfig config;
  GANNET_ASSIGN_OR_RETURN(config.risk, risk::LoadRiskConfig(files, options.limits_file));
  GANNET_ASSIGN_OR_RETURN(config.strategy,
                          strategy::LoadStrategyConfig(files, options.strategies_file));
  if (!options.strategies.empty()) GANNET_RETURN_IF_ERROR(config.strategy.Keep(options.strategies));
  config.ml_inference.registry = options.model_registry;
  if (!options.model_registry.empty()) config.ml_inference.model = ml_inference::kShippedModel;
  config.execution.venue = execution::VenueKind::kPaper;
  return config;
}

absl::StatusOr<std::unique_ptr<ReplayFeed>> OpenFeed(const ReplayOptions& options,
                                                     base::Files& files) {
  if (options.recorded.empty()) {
    return CaptureFeed::Open({options.captures, options.instruments, options.accept_truncated},
                             files);
  }
  return RecordedFeed::Open({.folder = options.recorded,
                             .from = options.from,
                             .to = options.to,
                             .scratch = options.scratch},
                            files);
}

void Summarise(const ReplaySummary& s, const DecisionsHash& decisions, std::ostream& out) {
  const double hours = std::chrono::duration<double, std::ratio<3600>>(s.last - s.first).count();
  out << absl::StrFormat("%d inputs over %.2f h of market time", s.inputs, hours);
  out << absl::StrFormat(
      "\n%d intents, %d permitted, %d rejected, %d execution reports, %d fills\n", s.intents,
      s.permitted, s.rejected, s.reports, s.fills);
  for (const auto& [reason, refusals] : decisions.refusals()) {
    out << absl::StrFormat("  %d rejected for %s; the first: %s\n", refusals.count,
                           market::Name(reason), refusals.first_detail);
  }
}

}  // namespace

absl::StatusOr<ReplaySummary> Replay(const ReplayOptions& options, base::Files& files,
                                     std::ostream& out, std::ostream& diagnostics) {
  if (!options.out_folder.empty()) {
    GANNET_RETURN_IF_ERROR(
        base::Annotate(reporting::PrepareFolder(files, options.out_folder), "--out"));
  }
  GANNET_ASSIGN_OR_RETURN(const auto feed, OpenFeed(options, files));
  GANNET_ASSIGN_OR_RETURN(const PipelineConfig config, Configure(options, files));
  GANNET_ASSIGN_OR_RETURN(Headlines headlines, Headlines::Read(options, files, feed->first_time()));

  VirtualHost host(
      files, [&diagnostics](std::string_view line) { diagnostics << line << "\n"; },
      {.name = "replay", .wire_mode = options.wire_mode}, feed->first_time());
  const DecisionsHash decisions(host.shard());
  std::unique_ptr<Emitter> emitter;
  if (options.emit_jsonl) emitter = std::make_unique<Emitter>(host.shard(), out);
  auto store = std::make_unique<store::MemoryStore>();
  store::Store& results = *store;
  PipelineParts parts;
  parts.services.erase("gateway");
  parts.store = std::move(store);
  GANNET_ASSIGN_OR_RETURN(const Pipeline pipeline,
                          BuildPipeline(config, host.deps(), std::move(parts)));
  std::unique_ptr<ingest::NewsIngest> news;  // a recording has headlines of its own
  if (options.recorded.empty())
    news = std::make_unique<ingest::NewsIngest>(ingest::NewsConfig(), host.deps());
  feed->Attach(host);

  host.shard().Resume(feed->first_time());
  for (const auto& service : pipeline.services) GANNET_RETURN_IF_ERROR(service->Start());
  base::Time last = feed->first_time();
  while (const auto time = feed->next_time()) {
    headlines.DeliverUntil(host, *time);
    if (options.pace) options.pace(*time);
    host.RunUntil(*time);
    GANNET_RETURN_IF_ERROR(feed->Step());
    last = std::max(last, *time);
  }
  feed->Finish();
  feed->Report(diagnostics);  // before the silence in which orders under way end
  for (auto service = pipeline.services.rbegin(); service != pipeline.services.rend(); ++service) {
    (*service)->Drain([] {});
    host.executor().RunFor(kSettleTime);
  }

  headlines.Report(options.news_file, diagnostics);
  if (const uint64_t leaps = host.shard().stats().leaps)
    diagnostics << absl::StrFormat(
        "%d times nothing was recorded for more than an hour: leapt over, timers and all\n", leaps);
  if (emitter != nullptr && emitter->not_emitted() > 0)
    diagnostics << emitter->not_emitted()
                << " events of instruments that were not defined then are not printed\n";
  ReplaySummary summary{feed->inputs(),       feed->first_time(),  last,
                        decisions.Hex(),      decisions.intents(), decisions.permitted(),
                        decisions.rejected(), decisions.reports(), decisions.fills()};
  Summarise(summary, decisions, diagnostics);
  (options.emit_jsonl ? diagnostics : out) << "decisions sha256=" << summary.decisions << "\n";
  if (!options.out_folder.empty()) {
    GANNET_RETURN_IF_ERROR(reporting::ExportReports(results, {}, files, options.out_folder));
    GANNET_RETURN_IF_ERROR(WriteBacktest(options, summary, decisions,
                                         {.account = market::AccountId(config.execution.account),
                                          .limit_version = config.risk.limits.version,
                                          .model = config.ml_inference.model},
                                         results, files));
    diagnostics << "orders, fills, positions and P&L written to " << options.out_folder << "\n";
  }
  return summary;
}

}  // namespace gannet::app
