#include "apps/gannet/train_command.h"

#include <algorithm>
#include <ostream>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apps/gannet/capture_feed.h"
#include "apps/gannet/simulated_market.h"
#include "apps/gannet/virtual_host.h"
#include "libs/base/status.h"
#include "libs/journal/journal.h"
#include "services/ml-inference/app.h"
#include "services/ml-inference/trainer.h"

namespace gannet::app {
namespace {

using ml_inference::Recording;

// Without a model: features only, seen by `rows`.
absl::StatusOr<std::unique_ptr<runtime::Service>> FeatureService(runtime::Deps& deps,
                                                                 Recording& rows) {
  ml_inference::MlInferenceConfig config;
  config.model.clear();
  return ml_inference::BuildMlInference(config, deps,
                                        [&rows](const auto& row) { rows.push_back(row); });
}

absl::Status RowsOfSimulation(uint64_t seed, base::Duration length, Recording& rows,
                              std::ostream& out) {
  out << "venue-sim, seed " << seed << ": " << base::FormatDuration(length) << " of market\n";
  return WatchSimulatedMarket({.seed = seed, .length = length},
                              [&rows](runtime::Deps& deps) { return FeatureService(deps, rows); });
}

absl::Status RowsOfCaptures(const std::vector<std::string>& paths, base::Files& files,
                            Recording& rows, std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const auto feed, CaptureFeed::Open({.captures = paths}, files));
  VirtualHost host(
      files, [&out](std::string_view line) { out << line << "\n"; }, {.name = "train"},
      feed->first_time());
  feed->Attach(host);
  GANNET_ASSIGN_OR_RETURN(const auto service, FeatureService(host.deps(), rows));
  host.shard().Resume(feed->first_time());
  while (const auto time = feed->next_time()) {
    host.RunUntil(*time);
    GANNET_RETURN_IF_ERROR(feed->Step());
  }
  feed->Finish();
  feed->Report(out);
  return absl::OkStatus();
}

// "ingest/<venue>/stream" gives the venue; empty for other ports.
std::string VenueOfPort(const std::string& port) {
  constexpr std::string_view kPrefix = "ingest/";
  if (!port.starts_with(kPrefix)) return "";
  const size_t end = port.rfind('/');
  return end > kPrefix.size() ? port.substr(kPrefix.size(), end - kPrefix.size()) : "";
}

absl::StatusOr<std::set<std::string>> VenuesOfJournal(const std::string& dir, base::Files& files) {
  std::set<std::string> venues;
  GANNET_ASSIGN_OR_RETURN(const auto reader, journal::Reader::Open(files, dir));
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const auto record, reader->Next());
    if (!record) return venues;
    if (record->type != journal::RecordType::kInput) continue;
    if (const std::string venue = VenueOfPort(record->channel); !venue.empty())
      venues.insert(venue);
  }
}

// The recorded venue messages of a run; what else it consumed plays no part here.
absl::Status RowsOfJournal(const std::string& dir, base::Files& files, Recording& rows,
                           std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const std::set<std::string> venues, VenuesOfJournal(dir, files));
  if (venues.empty())
    return absl::InvalidArgumentError(
        absl::StrCat(dir, " holds no venue messages; name the journal folder of a run"));
  GANNET_ASSIGN_OR_RETURN(const auto reader, journal::Reader::Open(files, dir));
  std::unique_ptr<VirtualHost> host;
  std::vector<std::unique_ptr<ingest::MarketIngest>> markets;
  std::unique_ptr<runtime::Service> service;
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const auto record, reader->Next());
    if (!record) break;
    if (record->type != journal::RecordType::kInput) continue;
    if (host == nullptr) {
      host = std::make_unique<VirtualHost>(
          files, [](std::string_view) {}, runtime::ShardOptions{.name = "train"}, record->time);
      for (const std::string& venue : venues) {
        ingest::VenueOptions options;
        options.venue = venue;
        if (venue.find("usdm") != std::string::npos)
          options.product = venue::binance::Product::kUsdm;
        if (const auto product = ingest::ProductOfVenueName(venue)) options.product = *product;
        options.infer_definitions = true;
        markets.push_back(std::make_unique<ingest::MarketIngest>(host->shard(), options));
      }
      GANNET_ASSIGN_OR_RETURN(service, FeatureService(host->deps(), rows));
      host->shard().Resume(record->time);
    }
    const auto port = host->shard().FindInput(record->channel);
    if (!port) continue;
    host->RunUntil(record->time);
    host->shard().Deliver(*port, record->payload, record->time);
  }
  out << dir << ": venues " << absl::StrJoin(venues, ", ") << "\n";
  return absl::OkStatus();
}

// What the rows came from, for people: names of files without their folders.
std::string Sources(const TrainOptions& options) {
  std::vector<std::string> sources = options.captures;
  sources.insert(sources.end(), options.journals.begin(), options.journals.end());
  for (std::string& source : sources) source = source.substr(source.rfind('/') + 1);
  for (const uint64_t seed : options.simulated_seeds) {
    sources.push_back(absl::StrCat("venue-sim seed ", seed, " for ",
                                   base::FormatDuration(options.simulated_length)));
  }
  return absl::StrJoin(sources, ", ");
}

}  // namespace

absl::Status Train(const TrainOptions& options, base::Files& files, std::ostream& out) {
  std::vector<Recording> recordings;
  if (!options.captures.empty())
    GANNET_RETURN_IF_ERROR(RowsOfCaptures(options.captures, files, recordings.emplace_back(), out));
  for (const std::string& dir : options.journals)
    GANNET_RETURN_IF_ERROR(RowsOfJournal(dir, files, recordings.emplace_back(), out));
  for (const uint64_t seed : options.simulated_seeds) {
    GANNET_RETURN_IF_ERROR(
        RowsOfSimulation(seed, options.simulated_length, recordings.emplace_back(), out));
  }
  size_t rows = 0;
  for (const Recording& recording : recordings) rows += recording.size();
  out << rows << " feature rows, one a second and instrument\n";
  GANNET_ASSIGN_OR_RETURN(ml_inference::TrainingResult result,
                          ml_inference::Train(options.name, recordings, options.horizon));
  result.manifest.code_version = options.code_version;
  result.manifest.trained_on = Sources(options);
  ml_inference::Registry registry(files, options.registry);
  GANNET_ASSIGN_OR_RETURN(const std::string version,
                          registry.Publish(result.manifest, result.onnx));
  if (!options.alias.empty())
    GANNET_RETURN_IF_ERROR(registry.SetAlias(options.name, options.alias, version));
  out << "model " << options.name << "/" << version << " trained on " << result.manifest.rows
      << " labelled rows, " << base::FormatTime(result.manifest.first) << " to "
      << base::FormatTime(result.manifest.last) << "\n"
      << ml_inference::ScoreTable(result.manifest);
  if (!options.alias.empty())
    out << options.name << "/" << options.alias << " is now version " << version << "\n";
  return absl::OkStatus();
}

}  // namespace gannet::app
