// `gannet migrate`: brings the schema of a PostgreSQL up to what this build knows.
#pragma once

#include <iosfwd>
#include <string>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/files.h"
#include "libs/store/postgres_options.h"

namespace gannet::app {

struct MigrateOptions {
  // A configuration file of reporting or of `gannet run`, or the address
  // "postgres://user@host:port/database", to which the files below belong.
  std::string store;
  std::string password_file, root_certificate, client_certificate, client_key;
  bool plan = false;      // say what would be done, and change nothing
  bool contract = false;  // in place of what adds, what takes away from older programs
  bool status = false;    // say what was applied, by whom, and whether this build can work with it
  // With a server that cannot be reached, and with another program that migrates.
  base::Duration patience = std::chrono::seconds(30);
};

// What --store names. INVALID_ARGUMENT: no PostgreSQL, with what to write.
absl::StatusOr<store::PostgresOptions> ReadMigrateStore(const MigrateOptions& options,
                                                        base::Files& files);

// FAILED_PRECONDITION: the schema is another build's; with `status` also one that this
// build's programs would not take; with `contract` one that lacks what this build has added.
// Otherwise what the server says. Safe to repeat and to run several times at once.
absl::Status MigrateStore(const MigrateOptions& options, const std::string& build,
                          base::Files& files, const base::Clock& clock, std::ostream& out);

}  // namespace gannet::app
