// `gannet venue check`: reads which venue is meant from the configuration, asks it, and
// says what was found.
#pragma once

#include <iosfwd>
#include <string>

#include "absl/status/statusor.h"
#include "apps/gannet/venue_check.h"
#include "libs/base/files.h"

namespace CLI {
class App;
}

namespace gannet::app {

// Exit codes, for scripts.
inline constexpr int kVenueReady = 0;        // nothing failed; warnings are possible
inline constexpr int kVenueNotReady = 1;     // a check failed
inline constexpr int kVenueBadUsage = 2;     // no such venue, or a configuration with errors
inline constexpr int kVenueUnreachable = 4;  // the venue does not answer

struct VenueOptions {
  std::string name, config_file;
  base::Duration timeout = std::chrono::seconds(10);
  bool json = false;
};

// INVALID_ARGUMENT: the configuration names no such venue, and which it does.
absl::StatusOr<VenueToCheck> VenueOf(const VenueOptions& options, base::Files& files);
int RunVenueCheck(const VenueOptions& options, base::Files& files, std::ostream& out,
                  std::ostream& err);
// `gannet venue …`; `ended` gets the exit code.
void AddVenue(CLI::App& app, VenueOptions& options, base::Files& files, std::ostream& out,
              std::ostream& err, std::function<void(int)> ended);

}  // namespace gannet::app
