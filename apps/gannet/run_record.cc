#include "apps/gannet/run_record.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "services/ml-inference/app.h"
#include "services/news-signal/app.h"

namespace gannet::app {
namespace {

using Versions = std::map<std::string, std::string>;

constexpr char kProgram[] = "gannet run", kFilePrefix[] = "file:";
// A segment's header holds 1 MiB; this leaves room for the rest.
constexpr size_t kMostConfigBytes = 900'000;
// Addresses play no part in what is decided; something that parses must stand there.
constexpr char kNoVenue[] =
    "ready http=http://127.0.0.1:1 ws=ws://127.0.0.1:1 ws-api=ws://127.0.0.1:1/ws-api/v3 "
    "news=http://127.0.0.1:1/news/rss";

std::string Absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  return error ? path : whole.string();
}

// What the services load, by name.
absl::StatusOr<Versions> LoadedVersions(const PipelineConfig& config,
                                        const std::set<std::string>& services, base::Files& files) {
  Versions versions;
  if (services.contains("risk")) versions["limits"] = absl::StrCat(config.risk.limits.version);
  if (services.contains("news-signal")) {
    GANNET_ASSIGN_OR_RETURN(const auto classifier,
                            news_signal::LoadClassifier(config.news_signal, files));
    versions.merge(news_signal::VersionsOf(*classifier));
  }
  const ml_inference::MlInferenceConfig& inference = config.ml_inference;
  if (services.contains("ml-inference") && !inference.model.empty()) {
    GANNET_ASSIGN_OR_RETURN(versions["model:" + inference.model],
                            ml_inference::DescribeModel(inference, files));
  }
  return versions;
}

absl::Status CheckLoaded(const Versions& recorded, const Versions& now) {
  for (const auto& [name, version] : now) {
    const auto was = recorded.find(name);
    if (was == recorded.end() || was->second == version) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("the run had ", name, " ", was->second, ", here is ", version,
                     "; put that version back where the configuration says, or use the build "
                     "that wrote the journal"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Versions> RecordOfRun(const RunConfig& config, const std::set<std::string>& services,
                                     base::Files& files) {
  GANNET_ASSIGN_OR_RETURN(Versions versions, LoadedVersions(config.pipeline, services, files));
  versions["program"] = kProgram;
  versions["services"] = absl::StrJoin(services, ",");
  versions["config"] = Absolute(config.file);
  size_t bytes = 0;
  for (const auto& [path, text] : config.texts) {
    bytes += text.size();
    versions[kFilePrefix + Absolute(path)] = text;
  }
  if (bytes > kMostConfigBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the configuration has ", bytes, " bytes, more than the ", kMostConfigBytes,
                     " that the journal can state; shorten ", config.file, " or what it names"));
  }
  return versions;
}

absl::StatusOr<RecordedRun> ReadRunRecord(const journal::SegmentInfo& info, OverlayFiles& files) {
  const auto text = [&info](const char* name) {
    const auto found = info.versions.find(name);
    return found == info.versions.end() ? std::string() : found->second;
  };
  if (text("program") != kProgram) {
    return absl::InvalidArgumentError(
        "the journal does not state its configuration: only journals of `gannet run` can be "
        "decided again");
  }
  for (const auto& [name, value] : info.versions) {
    if (name.starts_with(kFilePrefix)) files.Put(name.substr(sizeof kFilePrefix - 1), value);
  }
  RecordedRun run;
  for (const absl::string_view name : absl::StrSplit(text("services"), ','))
    run.services.emplace(name);
  GANNET_ASSIGN_OR_RETURN(run.config, LoadRunConfig(text("config"), files));
  if (run.config.uses_venue_sim)
    GANNET_RETURN_IF_ERROR(PointAtVenueSim(kNoVenue, "venue-sim", run.config));
  ml_inference::MlInferenceConfig& inference = run.config.pipeline.ml_inference;
  if (const std::string model = text(("model:" + inference.model).c_str()); !model.empty())
    inference.version = model.substr(0, model.find(' '));
  const auto loaded = LoadedVersions(run.config.pipeline, run.services, files);
  GANNET_RETURN_IF_ERROR(
      base::Annotate(loaded.status(),
                     "the run's models or dictionaries; put them back where the configuration "
                     "says"));
  GANNET_RETURN_IF_ERROR(CheckLoaded(info.versions, *loaded));
  const execution::BinanceConfig& keys = run.config.pipeline.execution.binance;
  for (const std::string& path : {keys.key_file, keys.secret_file}) {
    if (!path.empty()) files.Put(path, std::string(64, '0'));
  }
  return run;
}

}  // namespace gannet::app
