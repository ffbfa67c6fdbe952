#include "apps/gannet/run_record.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/base/digest.h"
#include "libs/base/posix_files.h"
#include "libs/base/status.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/stated.h"
#include "services/ml-inference/app.h"
#include "services/news-signal/app.h"

namespace gannet::app {
namespace {

namespace stated = runtime::stated;
using Versions = std::map<std::string, std::string>;

constexpr char kServicePrefix[] = "gannet-";
// A segment's header holds 1 MiB; this leaves room for the rest.
constexpr size_t kMostConfigBytes = 900'000;
// Addresses play no part in what is decided; something that parses must stand there.
constexpr char kNoVenue[] =
    "ready http=http://127.0.0.1:1 ws=ws://127.0.0.1:1 ws-api=ws://127.0.0.1:1/ws-api/v3 "
    "news=http://127.0.0.1:1/news/rss";

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

// As the service's own main() reads it.
absl::Status LoadServiceConfig(const std::string& service, const std::string& path,
                               base::Files& files, RunConfig& config) {
  PipelineConfig& pipeline = config.pipeline;
  // The program of risk does not know that execution's venue is of paper: it adds no wallet.
  if (service == "risk") pipeline.execution.venue = execution::VenueKind::kBinanceSpot;
  if (path.empty()) return absl::OkStatus();
  const auto load = [&](auto& part, auto read) -> absl::Status {
    return config::LoadFile(files, path, [&](config::Section& in) { read(in, part); });
  };
  using config::Section;
  if (service == "ingest") return load(config.ingest, ingest::ReadIngestConfig);
  if (service == "news-signal") return load(pipeline.news_signal, news_signal::Read);
  if (service == "ml-inference")
    return load(pipeline.ml_inference, [](Section& in, auto& c) { ml_inference::Read(in, c); });
  if (service == "strategy")
    return load(pipeline.strategy, [](Section& in, auto& c) { strategy::Read(in, c); });
  if (service == "risk") {
    GANNET_ASSIGN_OR_RETURN(pipeline.risk, risk::LoadRiskConfig(files, path));
    return absl::OkStatus();
  }
  if (service == "execution")
    return load(pipeline.execution, [](Section& in, auto& c) { execution::Read(in, c); });
  return absl::InvalidArgumentError(
      absl::StrCat("the journal is of gannet-", service, ", which this build does not know"));
}

}  // namespace

absl::StatusOr<Versions> RecordOfRun(const RunConfig& config, const std::set<std::string>& services,
                                     base::Files& files) {
  GANNET_ASSIGN_OR_RETURN(Versions versions, LoadedVersions(config.pipeline, services, files));
  versions[stated::kProgram] = kRunProgram;
  versions["services"] = absl::StrJoin(services, ",");
  versions[stated::kConfig] = base::AbsolutePath(config.file);
  size_t bytes = 0;
  for (const auto& [path, text] : config.texts) {
    bytes += text.size();
    versions[stated::kFile + base::AbsolutePath(path)] = text;
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
  for (const auto& [name, value] : info.versions) {
    if (name.starts_with(stated::kFile)) files.Put(name.substr(sizeof stated::kFile - 1), value);
  }
  const std::string program = text(stated::kProgram);
  RecordedRun run;
  if (program == kRunProgram) {
    for (const absl::string_view name : absl::StrSplit(text("services"), ','))
      run.services.emplace(name);
    GANNET_ASSIGN_OR_RETURN(run.config, LoadRunConfig(text(stated::kConfig), files));
    if (run.config.uses_venue_sim)
      GANNET_RETURN_IF_ERROR(PointAtVenueSim(kNoVenue, "venue-sim", run.config));
  } else if (program.starts_with(kServicePrefix)) {
    const std::string service = program.substr(sizeof kServicePrefix - 1);
    run.services = {service};
    GANNET_RETURN_IF_ERROR(LoadServiceConfig(service, text(stated::kConfig), files, run.config));
  } else {
    return absl::InvalidArgumentError(
        "the journal does not state its configuration: only journals of `gannet run` and of the "
        "services' own programs can be decided again");
  }
  ml_inference::MlInferenceConfig& inference = run.config.pipeline.ml_inference;
  if (const std::string model = text(("model:" + inference.model).c_str()); !model.empty())
    inference.version = model.substr(0, model.find(' '));
  const auto loaded = LoadedVersions(run.config.pipeline, run.services, files);
  GANNET_RETURN_IF_ERROR(
      base::Annotate(loaded.status(),
                     "the run's models or dictionaries; put them back where the configuration "
                     "says"));
  GANNET_RETURN_IF_ERROR(CheckLoaded(info.versions, *loaded));
  const execution::LiveConfig& keys = run.config.pipeline.execution.live;
  for (const std::string& path : {keys.key_file, keys.secret_file}) {
    if (!path.empty()) files.Put(path, "a-replay-signs-for-nobody-and-needs-no-key");
  }
  return run;
}

}  // namespace gannet::app
