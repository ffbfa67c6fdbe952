// `gannet journal replay`: decides again from the inputs that a `gannet run`
// recorded, with the configuration that its journal states, and compares.
#pragma once

#include <iosfwd>
#include <string>

#include "absl/status/status.h"
#include "libs/base/files.h"

namespace gannet::app {

// `dir` is the journal's folder, or a data folder that has one. `build_id` is this
// program's. Prints counts a topic, the hashes of the decisions and the first
// difference with both sides. OK: all facts are equal; ABORTED: some are not, or the
// journal could not be decided again to its end.
absl::Status CompareJournal(base::Files& files, const std::string& dir, const std::string& build_id,
                            std::ostream& out);

}  // namespace gannet::app
