// `gannet replay`: recorded captures, or a recording of topics, through the engines that trade, on
// virtual time, against the paper front of the matching engine.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/files.h"
#include "libs/base/time.h"

namespace gannet::app {

struct ReplayOptions {
  std::vector<std::string> captures;
  // Instead of captures: a recording, and what of it.
  std::string recorded;
  std::optional<base::Time> from, to;    // to: not included
  std::string scratch = "/var/tmp";      // for events that do not fit into memory
  std::vector<std::string> instruments;  // exchangeInfo answers
  std::vector<std::string> strategies;   // empty: all that the configuration has
  std::string strategies_file = "config/strategies.yaml";
  std::string limits_file = "config/limits.yaml";
  std::string model_registry = "services/ml-inference/models";
  std::string news_file;         // empty: none
  base::Duration news_shift{0};  // added to the items' times
  bool emit_jsonl = false;       // normalised events to `out`
  std::string out_folder;        // empty: no files
  bool accept_truncated = false;
  bool wire_mode = false;  // encode and decode every event between engines
  // Of the run, for people: when it was made, and by what.
  std::optional<base::Time> made;
  std::string build;
  // Called before each input with its receive time; `--speed real` waits in it.
  std::function<void(base::Time)> pace;
};

struct ReplaySummary {
  uint64_t inputs = 0;
  base::Time first, last;
  std::string decisions;  // SHA-256 in hex
  uint64_t intents = 0, permitted = 0, rejected = 0, reports = 0, fills = 0;
};

// Events go to `out` (with emit_jsonl), everything for people to `diagnostics`.
absl::StatusOr<ReplaySummary> Replay(const ReplayOptions& options, base::Files& files,
                                     std::ostream& out, std::ostream& diagnostics);

}  // namespace gannet::app
