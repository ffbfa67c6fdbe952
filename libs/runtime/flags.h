// The command line that all service binaries share, and the steps of a main()
// around it:
//
//   int main(int argc, char** argv) {
//     runtime::HoldSignals();
//     runtime::ServiceFlags flags{.name = "gateway", .about = "…"};
//     if (const auto ending = runtime::ParseFlags(argc, argv, flags)) return runtime::End(*ending);
//     base::PosixFiles files;
//     const auto config = runtime::LoadConfig<GatewayConfig>(flags, files, Read);
//     if (const auto ending = runtime::CheckConfig(flags, config.status())) return
//     runtime::End(*ending); auto process = runtime::Process::Create(runtime::OptionsOf(flags)); if
//     (!process.ok()) return runtime::End(runtime::NotStarted(process.status())); …
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/digest.h"
#include "libs/base/files.h"
#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/runtime/process.h"
#include "libs/telemetry/log.h"

namespace gannet::runtime {

inline constexpr int kExitBadUsage = 2;  // command line or configuration

struct ServiceFlags {
  std::string name;   // set by main
  std::string about;  // for --help: a sentence or two
  bool journaled = true;

  std::string config_file;  // empty: the defaults
  bool check_config = false;
  std::string data_dir;  // what main sets is the default
  std::string bus_file;  // names the bus that joins the platform's processes; empty: none
  // Of a single writer: names the lease of its shard (lease_config.h), for main to use;
  // empty: a file in the data folder.
  bool single_writer = false;
  std::string lease_file;
  // Of a program that may run several times on one bus: which of them this is. Each has a
  // stream of facts and a data folder of its own; 0 is the one that was alone.
  bool numbered = false;
  std::optional<uint32_t> replica;
  // gRPC, for programs that serve it (api/program_rpc.h): the port of the table unless
  // an address is stated, and a file with TLS and people.
  std::string rpc_address, rpc_file;
  std::string admin_address;  // health and metrics (admin_server.h); empty: none
  telemetry::TraceOptions traces;
  bool fresh = false;
  telemetry::Level log_level = telemetry::Level::kInfo;
  std::string config_hash, config_text;  // of the file read; set by LoadConfig
};

// Why the program ends before it began: text for standard output when the code is
// 0, for standard error otherwise.
struct Ending {
  int code = 0;
  std::string text;
};

// Nothing: go on. --help and --version end with 0, a wrong command line with 2.
std::optional<Ending> ParseFlags(int argc, const char* const* argv, ServiceFlags& flags);
// --check-config, or a configuration that cannot be used. For --check-config, the other files
// that a start reads are looked at too, and nothing is connected to: `start_reads` knows those
// of the service.
std::optional<Ending> CheckConfig(const ServiceFlags& flags, const absl::Status& loaded,
                                  const std::function<absl::Status()>& start_reads = nullptr);
Ending NotStarted(const absl::Status& status);
// Writes the text and gives the code.
int End(const Ending& ending);

// With what the journal states of the program, so that its run can be decided again
// (stated.h).
ProcessOptions OptionsOf(const ServiceFlags& flags);

// What the file says, over the defaults of the struct.
template <class Config, class Read>
absl::StatusOr<Config> LoadConfig(ServiceFlags& flags, base::Files& files, Read read) {
  if (flags.config_file.empty()) return Config{};
  GANNET_ASSIGN_OR_RETURN(const std::string text, files.Read(flags.config_file));
  flags.config_hash = base::Hex(base::Sha256(text));
  flags.config_text = text;
  return config::LoadText<Config>(text, flags.config_file, read);
}

// "0.1.0+" and the build's own id: equal for equal programs, different for others.
std::string BuildId();

}  // namespace gannet::runtime
