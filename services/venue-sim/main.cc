// gannet-venue-sim: an exchange on loopback that speaks Binance's spot protocol.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "libs/config/config.h"
#include "libs/runtime/flags.h"
#include "libs/runtime/help.h"
#include "libs/runtime/process.h"
#include "libs/runtime/signals.h"
#include "services/venue-sim/app.h"
#include "services/venue-sim/fault_script.h"

namespace gannet::venue_sim {
namespace {

int Main(int argc, char** argv) {
  runtime::HoldSignals();
  CLI::App cli{
      "An exchange simulator on loopback that speaks Binance's spot wire protocol (REST, market "
      "streams, "
      "WebSocket API), with a seeded market and a news feed. Prints one line 'ready http=… ws=…' "
      "when it listens; "
      "SIGTERM drains, saves and exits 0.",
      "gannet-venue-sim"};
  runtime::SetConventions(cli);
  cli.set_version_flag("--version", runtime::BuildId());
  VenueSimConfig config;
  runtime::ProcessOptions options;
  std::string config_file;
  bool check = false;
  cli.add_option("--config", config_file,
                 "YAML file with the settings of venue-sim; flags win over it")
      ->type_name("FILE");
  cli.add_flag("--check-config", check,
               "Read the configuration, say what is wrong with it, and exit");
  cli.add_option("--data", options.data_dir,
                 "Folder of its state and API keys; continued by the next start")
      ->type_name("DIR");
  cli.add_flag("--fresh", options.fresh, "Put the existing folder aside and start anew");
  auto* port = cli.add_option("--port", config.port, "Port on 127.0.0.1; 0: any free one");
  auto* seed = cli.add_option("--seed", config.seed, "Of the market, at the first start");
  auto* speed =
      cli.add_option("--speed", config.speed, "How much the market does in a second; 1 is natural")
          ->check(CLI::Range(0.0, 50.0));
  auto* faults = cli.add_option("--faults", config.faults_file,
                                "YAML script of what goes wrong (README.md of venue-sim, Faults)")
                     ->type_name("FILE");
  cli.footer(
      "Exit codes: 0 drained, 1 not started, 2 wrong command line or configuration, 3 ran but did\n"
      "not end cleanly.");
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? runtime::kExitClean : runtime::kExitBadUsage;
  }

  base::PosixFiles files;
  if (!config_file.empty()) {
    const VenueSimConfig flags = config;
    const auto loaded = config::LoadFile<VenueSimConfig>(files, config_file, Read);
    if (!loaded.ok()) {
      std::fprintf(stderr, "%s\n", std::string(loaded.status().message()).c_str());
      return runtime::kExitBadUsage;
    }
    config = *loaded;
    if (port->count() > 0) config.port = flags.port;
    if (seed->count() > 0) config.seed = flags.seed;
    if (speed->count() > 0) config.speed = flags.speed;
    if (faults->count() > 0) config.faults_file = flags.faults_file;
  }
  if (!config.faults_file.empty()) {
    if (const auto script = LoadFaultScript(files, config.faults_file); !script.ok()) {
      std::fprintf(stderr, "%s\n", std::string(script.status().message()).c_str());
      return runtime::kExitBadUsage;
    }
  }
  if (check) return runtime::kExitClean;
  if (options.data_dir.empty()) {
    std::fprintf(stderr,
                 "--data is required: the folder to keep orders, balances and API keys in\n");
    return runtime::kExitBadUsage;
  }

  options.name = "venue-sim";
  options.journaled = false;  // it keeps its own
  auto process = runtime::Process::Create(options);
  if (!process.ok()) {
    std::fprintf(stderr, "%s\n", std::string(process.status().message()).c_str());
    return runtime::kExitNotStarted;
  }
  bool failed = false;
  VenueSimHooks hooks;
  hooks.on_ready = [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  };
  hooks.on_failure = [&](const absl::Status&) {
    failed = true;
    (*process)->Stop("the journal cannot be written");
  };
  std::vector<std::unique_ptr<runtime::Service>> services;
  services.push_back(BuildVenueSim(config, (*process)->deps(), std::move(hooks)));
  const int code = (*process)->Run(std::move(services));
  return failed && code == runtime::kExitClean ? runtime::kExitNotClean : code;
}

}  // namespace
}  // namespace gannet::venue_sim

int main(int argc, char** argv) { return gannet::venue_sim::Main(argc, argv); }
