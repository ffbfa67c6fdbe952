#include "apps/gannet/run_config.h"

#include <unistd.h>

#include <climits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apps/gannet/venue_sim_market.h"
#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/config/config.h"

namespace gannet::app {
namespace {

constexpr char kShippedFile[] = "config/gannet.yaml";

enum class Market : uint8_t { kVenueSim, kConfigured };
constexpr config::Name<Market> kMarkets[] = {{"venue-sim", Market::kVenueSim},
                                             {"configured", Market::kConfigured}};

// What the file itself says; paths are relative to its folder.
struct FileConfig {
  Market market = Market::kVenueSim;
  std::string limits = "limits.yaml", strategies = "strategies.yaml";
  PipelineConfig pipeline;
  ingest::IngestConfig ingest;
  api::RpcConfig rpc;
};

void ReadFile(config::Section& in, FileConfig& out) {
  in.Optional("market", out.market, kMarkets);
  in.OptionalPath("limits", out.limits);
  in.OptionalPath("strategies", out.strategies);
  in.OptionalSection("ingest", out.ingest, ingest::ReadIngestConfig);
  in.OptionalSection("news-signal", out.pipeline.news_signal,
                     [](config::Section& s, auto& c) { news_signal::Read(s, c); });
  in.OptionalSection("ml-inference", out.pipeline.ml_inference,
                     [](config::Section& s, auto& c) { ml_inference::Read(s, c); });
  in.OptionalSection("execution", out.pipeline.execution,
                     [](config::Section& s, auto& c) { execution::Read(s, c); });
  in.OptionalSection("reporting", out.pipeline.reporting,
                     [](config::Section& s, auto& c) { reporting::Read(s, c); });
  in.OptionalSection("gateway", out.pipeline.gateway,
                     [](config::Section& s, auto& c) { gateway::Read(s, c); });
  in.OptionalSection("rpc", out.rpc, [](config::Section& s, auto& c) { api::Read(s, c); });
  const bool own_market = out.market == Market::kConfigured;
  if (own_market && out.ingest.venues.empty())
    in.Problem("ingest", "must name venues when market is configured");
  if (!own_market && !out.ingest.venues.empty())
    in.Problem("market", "must be configured when ingest names venues");
}

// From the program's folder upwards, then the working folder.
absl::StatusOr<std::string> FindShipped(base::Files& files) {
  for (std::string folder = OwnFolder(); !folder.empty(); folder.resize(folder.rfind('/'))) {
    const std::string candidate = folder + "/" + kShippedFile;
    if (files.Exists(candidate)) return candidate;
  }
  if (files.Exists(kShippedFile)) return std::string(kShippedFile);
  return absl::NotFoundError(
      absl::StrCat("no ", kShippedFile, " above the program or here; name one with --config"));
}

// "ready http=URL ws=URL …" as a map.
std::map<std::string, std::string> ParseReady(const std::string& line) {
  std::map<std::string, std::string> values;
  for (const absl::string_view word : absl::StrSplit(line, ' ')) {
    const std::string text(word);
    const size_t equals = text.find('=');
    if (equals != std::string::npos) values[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return values;
}

}  // namespace

std::string OwnFolder() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  const std::string text(path, length > 0 ? static_cast<size_t>(length) : 0);
  return text.substr(0, text.rfind('/'));
}

absl::StatusOr<RunConfig> LoadRunConfig(const std::string& path, base::Files& files) {
  std::string file = path;
  if (file.empty()) {
    GANNET_ASSIGN_OR_RETURN(file, FindShipped(files));
  }
  GANNET_ASSIGN_OR_RETURN(FileConfig read, config::LoadFile<FileConfig>(files, file, ReadFile));
  RunConfig config;
  config.pipeline = std::move(read.pipeline);
  config.ingest = std::move(read.ingest);
  config.rpc = std::move(read.rpc);
  config.uses_venue_sim = read.market == Market::kVenueSim;
  config.mode = config.uses_venue_sim ? "paper on venue-sim"
                : config.pipeline.execution.venue == execution::VenueKind::kPaper
                    ? "paper fills on a live market"
                    : "LIVE on " + config.pipeline.execution.live.venue;
  GANNET_ASSIGN_OR_RETURN(config.pipeline.risk, risk::LoadRiskConfig(files, read.limits));
  if (!config.pipeline.risk.four_eyes && config.mode.starts_with("LIVE")) {
    return absl::InvalidArgumentError(
        absl::StrCat(read.limits, ": gate.four_eyes: may be off for paper only, and this is ",
                     config.mode, "; remove it, and have limits approved by a second person"));
  }
  GANNET_ASSIGN_OR_RETURN(config.pipeline.strategy,
                          strategy::LoadStrategyConfig(files, read.strategies));
  base::Sha256Stream hash;
  for (const std::string& each : {file, read.limits, read.strategies}) {
    GANNET_ASSIGN_OR_RETURN(std::string text, files.Read(each));
    hash.Update(base::Hex(base::Sha256(text)));
    config.texts[each] = std::move(text);
  }
  config.file = file;
  config.hash = base::Hex(hash.Peek());
  return config;
}

absl::Status PointAtVenueSim(const std::string& ready_line, const std::string& data_dir,
                             RunConfig& config) {
  const std::map<std::string, std::string> ready = ParseReady(ready_line);
  for (const char* key : {"http", "ws", "ws-api", "news"}) {
    if (!ready.contains(key))
      return absl::InternalError(
          absl::StrCat("venue-sim does not say its ", key, " address: ", ready_line));
  }
  ingest::VenueConfig venue;
  venue.name = kVenueSimVenue;
  venue.ws_url = ready.at("ws");
  venue.rest_url = ready.at("http");
  venue.instruments = kVenueSimSymbols;
  config.ingest.venues = {venue};
  config.ingest.news.feeds.push_back({"venue-sim", ready.at("news"), std::chrono::seconds(2)});
  execution::ExecutionConfig& execution = config.pipeline.execution;
  execution.venue = execution::VenueKind::kBinanceSpot;
  execution.live.rest_url = ready.at("http");
  execution.live.stream_url = execution.live.order_url = ready.at("ws-api");
  execution.live.key_file = data_dir + "/api-key";
  execution.live.secret_file = data_dir + "/api-secret";
  return absl::OkStatus();
}

}  // namespace gannet::app
