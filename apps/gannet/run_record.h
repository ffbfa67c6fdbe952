// What `gannet run` states in its journal beside what every program does
// (runtime/stated.h), and how the statements of either are read:
//
//   services          names, separated by commas
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

inline constexpr char kRunProgram[] = "gannet run";

// RESOURCE_EXHAUSTED: the configuration is larger than a segment can state.
absl::StatusOr<std::map<std::string, std::string>> RecordOfRun(
    const RunConfig& config, const std::set<std::string>& services, base::Files& files);

struct RecordedRun {
  RunConfig config;
  std::set<std::string> services;
};

// The configuration as it was, with the model version that was used. Files of keys
// read as placeholders through `files` from here on: replay never needs a secret.
//   INVALID_ARGUMENT     neither the journal of a `gannet run` nor of a service's program
//   FAILED_PRECONDITION  a model or dictionary is no longer what it was
absl::StatusOr<RecordedRun> ReadRunRecord(const journal::SegmentInfo& info, OverlayFiles& files);

}  // namespace gannet::app
