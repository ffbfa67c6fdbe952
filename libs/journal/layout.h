// The names in a journal's folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/journal/format.h"

namespace gannet::journal {

struct NumberedFile {
  uint64_t number = 0;  // first sequence of a segment, sequence of a snapshot
  std::string path;
};

struct Layout {
  std::vector<NumberedFile> segments, snapshots;  // ascending
  std::vector<std::string> reserves;              // paths of reserve files
  std::vector<std::string> unfinished;            // paths of temporary files that a crash left
};

// Of a file without its folder; nothing: it is no segment.
std::optional<uint64_t> SegmentNumber(std::string_view name);
std::string SegmentPath(std::string_view dir, uint64_t first_sequence);
std::string SnapshotPath(std::string_view dir, uint64_t sequence);
std::string ReservePath(std::string_view dir, uint64_t bytes);

// NOT_FOUND: no such folder. Names that are not the journal's are left out.
absl::StatusOr<Layout> ListJournal(base::Files& files, const std::string& dir);

// The snapshot in `file`, if its hash verifies and it belongs to this run.
absl::StatusOr<Snapshot> LoadSnapshot(base::Files& files, const NumberedFile& file, uint64_t run);

}  // namespace gannet::journal
