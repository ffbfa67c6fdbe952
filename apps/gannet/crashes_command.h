// gannet crashes: the reports of processes that died of a fault (libs/runtime/crash_report.h),
// shown, and sent to whoever collects errors in Sentry's protocol.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "apps/gannet/control_command.h"

namespace CLI {
class App;
}

namespace gannet::app {

struct CrashesOptions {
  std::string data_dir;
  bool json = false;
  std::string dsn_file;  // a secret: who knows it may send; empty: nothing is sent
  std::string ca_file;   // of the endpoint, trusted beside the system's
  std::string environment = "production";
};

// "https://KEY@HOST/PROJECT", as the server gives it. INVALID_ARGUMENT, without repeating the key.
struct Dsn {
  std::string base, key, project;  // base: scheme, host, port and path before the project
};
absl::StatusOr<Dsn> ParseDsn(std::string_view text);

// The body of a request: https://develop.sentry.dev/sdk/data-model/envelopes/. `report` is the text
// of a crash report; nothing but its known fields is sent. INVALID_ARGUMENT: it is none.
absl::StatusOr<std::string> CrashEnvelope(std::string_view report, std::string_view event_id,
                                          const std::string& environment);

// Exit code: 0 done, 1 some could not be read or sent.
int ListCrashes(const CrashesOptions& options, Console console);

void AddCrashes(CLI::App& app, CrashesOptions& options, base::Files& files, std::ostream& out,
                std::ostream& err, std::function<void(int exit_code)> ended);

}  // namespace gannet::app
