// What `gannet run` states in its journal about itself, in each segment
// (journal::SegmentInfo::versions), so that the run can be decided again from the
// journal alone:
//
//   program           "gannet run"
//   services          names, separated by commas
//   config            path of the configuration
//   file:<path>       its text, and that of the limits and strategies
//   model:<name>      <version> sha256:<hex>, an alias resolved
//   limits, news-dictionary, news-model   versions
//
// No secret is among it: configurations name files of keys.
#pragma once

#include <map>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "apps/gannet/overlay_files.h"
#include "apps/gannet/run_config.h"
#include "libs/journal/journal.h"

namespace gannet::app {

// RESOURCE_EXHAUSTED: the configuration is larger than a segment can state.
absl::StatusOr<std::map<std::string, std::string>> RecordOfRun(
    const RunConfig& config, const std::set<std::string>& services, base::Files& files);

struct RecordedRun {
  RunConfig config;
  std::set<std::string> services;
};

// The configuration as it was, with the model version that was used. Files of keys
// read as placeholders through `files` from here on: replay never needs a secret.
//   INVALID_ARGUMENT     not the journal of a `gannet run`
//   FAILED_PRECONDITION  a model or dictionary is no longer what it was
absl::StatusOr<RecordedRun> ReadRunRecord(const journal::SegmentInfo& info, OverlayFiles& files);

}  // namespace gannet::app
