// `gannet journal verify | dump | prune | skip`: what is in a journal, whether it is whole,
// what may go, and what is given up for lost. `replay` is in journal_replay.h.
//
// `dir` is the journal's folder, or a data folder that has one named "journal".
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "libs/base/files.h"
#include "libs/base/time.h"
#include "libs/journal/journal.h"

namespace gannet::app {

// Prints what was found, with the first bad record and the longest valid prefix.
// OK when the journal is valid or only has an unfinished tail; DATA_LOSS otherwise.
absl::Status VerifyJournal(base::Files& files, const std::string& dir, std::ostream& out);

struct JournalDumpOptions {
  uint64_t after = 0;   // begins behind this sequence
  uint64_t limit = 0;   // 0: all
  std::string channel;  // empty: all
  std::optional<journal::RecordType> type;
  bool segments = false;  // also a line of "type":"segment" where another program began to write
};
// "input", "fact", "versions", "gap"; nothing for other words.
std::optional<journal::RecordType> ParseRecordType(std::string_view name);

// One JSON object a line (docs/journal.md). DATA_LOSS at damage, after printing the
// records before it.
absl::Status DumpJournal(base::Files& files, const std::string& dir,
                         const JournalDumpOptions& options, std::ostream& out);

// ABORTED while a process has the journal open.
absl::Status PruneJournal(base::Files& files, const std::string& dir, base::Time now,
                          base::Duration keep, uint64_t max_bytes, std::ostream& out);

// The records up to `sequence` are given up for lost (libs/journal/skip.h).
absl::Status SkipLostRecords(base::Files& files, const std::string& dir, base::Time now,
                             uint64_t sequence, std::ostream& out);

}  // namespace gannet::app
