#include "libs/runtime/flags.h"

#include <link.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <sstream>
#include <string_view>
#include <utility>

#include "libs/base/concat.h"
#include "libs/base/posix_files.h"
#include "libs/runtime/build_id.h"
#include "libs/runtime/bus_config.h"
#include "libs/runtime/common_flags.h"
#include "libs/runtime/help.h"
#include "libs/runtime/stated.h"

#ifndef GANNET_VERSION
#define GANNET_VERSION "0"
#endif

namespace gannet::runtime {

namespace {

constexpr uint32_t kMostReplicas = 1'000;

// Why --rpc-address is none; empty: it is one. Who may listen there is not looked at here.
std::string NoRpcAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const bool fine = colon != std::string::npos && colon > 0 && [&] {
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
    return error == std::errc() && stop == end;
  }();
  if (fine || text == "off") return "";
  return base::Concat({"'", text,
                       "' is no address; write HOST:PORT with a port from 0 to 65535, such as "
                       "127.0.0.1:7105, or off"});
}

}  // namespace

std::string BuildId() {
  std::string id;
  dl_iterate_phdr(
      [](dl_phdr_info* object, size_t, void* out) {
        *static_cast<std::string*>(out) = BuildIdOf(*object);
        return 1;  // the program itself comes first
      },
      &id);
  return base::Concat(
      {GANNET_VERSION, "+", id.empty() ? "unknown" : std::string_view(id).substr(0, 16)});
}

std::optional<Ending> ParseFlags(int argc, const char* const* argv, ServiceFlags& flags) {
  CLI::App app(flags.about, base::Concat({"gannet-", flags.name}));
  SetConventions(app);
  app.set_version_flag("--version", BuildId());
  app.add_option("--config", flags.config_file,
                 "YAML file with this service's settings; without it the defaults hold")
      ->type_name("FILE");
  app.add_flag(
      "--check-config", flags.check_config,
      "Read the configuration, say what is wrong with it, and end (0: nothing, 2: errors)");
  CLI::Option* const data =
      app.add_option("--data", flags.data_dir,
                     "Folder for journal and state; one process at a time uses it")
          ->type_name("DIR");
  if (!flags.data_dir.empty()) data->capture_default_str();
  app.add_option("--bus", flags.bus_file,
                 "YAML file that names the Kafka cluster which joins the platform's processes "
                 "(config/bus.yaml); without it this one is alone")
      ->type_name("FILE");
  if (flags.single_writer) {
    app.add_option("--lease", flags.lease_file,
                   "YAML file of the lease in PostgreSQL that lets one process at a time write "
                   "for this shard (docs/lease.md); without it the data folder's lock does")
        ->type_name("FILE");
  }
  if (flags.numbered) {
    app.add_option("--replica", flags.replica,
                   "One of several on the same bus, numbered from 0: each keeps its number and a "
                   "data folder of its own")
        ->type_name("N")
        ->check(CLI::Range(0u, kMostReplicas - 1));
  }
  app.add_option(
         "--rpc-address", flags.rpc_address,
         "Where gRPC is served, HOST:PORT (port 0: any free one); 'off': on the socket in "
         "the data folder only; without it the program's own port on 127.0.0.1 (docs/rpc.md)")
      ->type_name("ADDRESS")
      ->check(NoRpcAddress);
  app.add_option("--rpc", flags.rpc_file, "YAML file with TLS and people of gRPC (docs/rpc.md)")
      ->type_name("FILE");
  AddAdminFlag(app, flags.admin_address);
  AddTraceFlags(app, flags.traces);
  app.add_flag("--fresh", flags.fresh,
               "Put an existing data folder aside (it is kept beside it) and start anew");
  std::string level(telemetry::LevelName(flags.log_level));
  app.add_option("--log-level", level, "Log lines of this level and above")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.footer(
      "Logs are JSON lines on standard error. SIGTERM and Ctrl-C drain; a second Ctrl-C\n"
      "ends at once. Exit codes: 0 drained, 1 not started, 2 wrong command line or\n"
      "configuration, 3 ran but did not end cleanly.");
  std::ostringstream out, err;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool fine = app.exit(error, out, err) == 0;
    return Ending{fine ? 0 : kExitBadUsage, fine ? out.str() : err.str()};
  }
  for (const telemetry::Level one : {telemetry::Level::kDebug, telemetry::Level::kInfo,
                                     telemetry::Level::kWarning, telemetry::Level::kError}) {
    if (telemetry::LevelName(one) == level) flags.log_level = one;
  }
  if (const absl::Status traces = otlp::Check(flags.traces); !traces.ok())
    return Ending{kExitBadUsage, std::string(traces.message()) + "\n"};
  if (flags.journaled && !flags.check_config && flags.data_dir.empty()) {
    return Ending{kExitBadUsage, "--data is missing: name the folder for journal and state\n"};
  }
  if (flags.replica && flags.bus_file.empty())
    return Ending{kExitBadUsage,
                  "--replica is of several on one bus; name it with --bus, or leave it out\n"};
  return std::nullopt;
}

std::optional<Ending> CheckConfig(const ServiceFlags& flags, const absl::Status& loaded,
                                  const std::function<absl::Status()>& start_reads) {
  if (!flags.check_config && loaded.ok()) return std::nullopt;
  absl::Status problems = loaded;
  base::PosixFiles files;
  if (problems.ok()) problems = CheckBus(files, flags.bus_file);
  if (problems.ok() && start_reads) problems = start_reads();
  const config::CheckResult result =
      config::Check(flags.config_file.empty() ? "defaults" : flags.config_file, problems);
  std::string text = result.text;
  if (text.empty() || text.back() != '\n') text += '\n';
  return Ending{result.exit_code, std::move(text)};
}

Ending NotStarted(const absl::Status& status) {
  return {kExitNotStarted,
          base::Concat({"not started: ",
                        std::string_view(status.message().data(), status.message().size()), "\n"})};
}

int End(const Ending& ending) {
  std::fputs(ending.text.c_str(), ending.code == 0 ? stdout : stderr);
  return ending.code;
}

ProcessOptions OptionsOf(const ServiceFlags& flags) {
  ProcessOptions options;
  options.name = flags.name;
  options.data_dir = flags.data_dir;
  options.fresh = flags.fresh;
  options.journaled = flags.journaled;
  options.build_id = BuildId();
  options.config_hash = flags.config_hash;
  options.log_level = flags.log_level;
  options.admin_address = flags.admin_address;
  options.traces = flags.traces;
  options.versions[stated::kProgram] = base::Concat({"gannet-", flags.name});
  if (!flags.config_file.empty()) {
    const std::string path = base::AbsolutePath(flags.config_file);
    options.versions[stated::kConfig] = path;
    options.versions[stated::kFile + path] = flags.config_text;
  }
  if (!flags.bus_file.empty()) {
    // Streams of different processes have different names.
    options.shard = flags.replica.value_or(0) == 0
                        ? flags.name
                        : base::Concat({flags.name, "-", std::to_string(*flags.replica)});
    options.make_bus = KafkaFrom(flags.bus_file, flags.name);
  }
  return options;
}

}  // namespace gannet::runtime
