#include "libs/journal/prune.h"

#include <optional>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/journal/journal.h"
#include "libs/journal/scan.h"

namespace gannet::journal {
namespace {

constexpr size_t kSnapshotsKept = 2;

// The newest snapshots that verify, newest first, no more than are kept.
absl::StatusOr<std::vector<NumberedFile>> KeptSnapshots(base::Files& files, const Layout& layout,
                                                        uint64_t run) {
  std::vector<NumberedFile> kept;
  for (auto file = layout.snapshots.rbegin();
       file != layout.snapshots.rend() && kept.size() < kSnapshotsKept; ++file) {
    const absl::StatusOr<Snapshot> snapshot = LoadSnapshot(files, *file, run);
    if (snapshot.ok()) {
      kept.push_back(*file);
    } else if (!absl::IsDataLoss(snapshot.status())) {
      return snapshot.status();
    }
  }
  return kept;
}

// Each removal is durable before the next: after a crash no segment is missing
// between two others.
absl::Status RemoveDurably(base::Files& files, const std::string& dir, const std::string& path) {
  GANNET_RETURN_IF_ERROR(files.Remove(path));
  return files.SyncDir(dir);
}

}  // namespace

absl::StatusOr<size_t> PruneFiles(base::Files& files, const std::string& dir, base::Time now,
                                  base::Duration keep, uint64_t max_bytes) {
  GANNET_ASSIGN_OR_RETURN(const Layout layout, ListJournal(files, dir));
  if (layout.segments.empty()) return 0;
  GANNET_ASSIGN_OR_RETURN(const auto last, SegmentScan::Open(files, layout.segments.back()));
  if (!last->header_ok()) return last->damage().ToStatus();
  GANNET_ASSIGN_OR_RETURN(const std::vector<NumberedFile> kept,
                          KeptSnapshots(files, layout, last->header().info.run));
  if (kept.size() < kSnapshotsKept) return 0;
  const uint64_t covered = kept.back().number;

  for (const NumberedFile& snapshot : layout.snapshots) {
    if (snapshot.number >= covered) break;
    GANNET_RETURN_IF_ERROR(RemoveDurably(files, dir, snapshot.path));
  }
  uint64_t total = 0;
  std::vector<uint64_t> sizes;
  for (const NumberedFile& segment : layout.segments) {
    GANNET_ASSIGN_OR_RETURN(const uint64_t size, files.Size(segment.path));
    sizes.push_back(size);
    total += size;
  }
  size_t removed = 0;
  for (; removed + 1 < layout.segments.size(); ++removed) {
    // The segment after it knows where and when this one ended.
    GANNET_ASSIGN_OR_RETURN(const auto next,
                            SegmentScan::Open(files, layout.segments[removed + 1]));
    if (!next->header_ok()) return next->damage().ToStatus();
    if (next->header().first_sequence - 1 > covered) break;
    if (now - next->header().previous_time <= keep && total <= max_bytes) break;
    GANNET_RETURN_IF_ERROR(RemoveDurably(files, dir, layout.segments[removed].path));
    total -= sizes[removed];
  }
  return removed;
}

absl::StatusOr<size_t> Prune(base::Files& files, const std::string& dir, base::Time now,
                             base::Duration keep, uint64_t max_bytes) {
  GANNET_ASSIGN_OR_RETURN(const auto lock, files.LockDir(dir));
  return PruneFiles(files, dir, now, keep, max_bytes);
}

}  // namespace gannet::journal
