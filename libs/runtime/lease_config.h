// The lease of a shard that may be started on another machine, as a file names it
// (--lease FILE) and as a process is given it:
//
//   length: 10s          # renewed four times in it; nothing is sent once it ran out
//   margin: 2s           # for clocks that drift and writes under way
//   receive_window: 5s   # the longest that a request may rest before the venue refuses it
//   postgres: {…}        # as postgres_config.h says
//
// A successor waits for the three together. Programs that use it link
// gannet_lease_config; the others have no database client.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/runtime/process.h"
#include "libs/store/postgres_options.h"

namespace gannet::runtime {

struct LeaseConfig {
  LeaseOptions lease;
  store::PostgresOptions postgres;
};

// Strict: INVALID_ARGUMENT with every error of the file, or what reading it says.
absl::StatusOr<LeaseConfig> LoadLeaseConfig(base::Files& files, const std::string& path);

// The file, if one is named, and those that it names, as a start would read them.
absl::Status CheckLease(base::Files& files, const std::string& file);

// Puts the lease that `file` names into the options; an empty name leaves them alone.
absl::Status UseLease(base::Files& files, const std::string& file, ProcessOptions& options);

}  // namespace gannet::runtime
