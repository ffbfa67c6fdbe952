#include "libs/journal/prune.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/journal/read_mark.h"
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

// One of another run says nothing of this one.
absl::StatusOr<uint64_t> StoredUpTo(base::Files& files, const std::string& dir, uint64_t run) {
  const std::string path = ReadMarkPath(dir);
  if (!files.Exists(path)) return std::numeric_limits<uint64_t>::max();
  GANNET_ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  const std::optional<ReadMark> mark = ParseReadMark(text);
  return mark && mark->run == run ? mark->sequence : std::numeric_limits<uint64_t>::max();
}

// Each removal is durable before the next: after a crash no segment is missing
// between two others.
absl::Status RemoveDurably(base::Files& files, const std::string& dir, const std::string& path) {
  GANNET_RETURN_IF_ERROR(files.Remove(path));
  return files.SyncDir(dir);
}

}  // namespace

absl::StatusOr<Pruned> PruneFiles(base::Files& files, const std::string& dir, base::Time now,
                                  const Retention& retention) {
  Pruned pruned;
  GANNET_ASSIGN_OR_RETURN(const Layout layout, ListJournal(files, dir));
  if (layout.segments.empty()) return pruned;
  GANNET_ASSIGN_OR_RETURN(const auto last, SegmentScan::Open(files, layout.segments.back()));
  if (!last->header_ok()) return last->damage().ToStatus();
  const uint64_t run = last->header().info.run;
  GANNET_ASSIGN_OR_RETURN(const std::vector<NumberedFile> kept, KeptSnapshots(files, layout, run));
  if (kept.size() < kSnapshotsKept) return pruned;
  const uint64_t covered = kept.back().number;
  GANNET_ASSIGN_OR_RETURN(const uint64_t stored, StoredUpTo(files, dir, run));
  const uint64_t needed_after = std::min(retention.needed_after, stored);

  for (const NumberedFile& snapshot : layout.snapshots) {
    if (snapshot.number >= covered) break;
    GANNET_RETURN_IF_ERROR(RemoveDurably(files, dir, snapshot.path));
  }
  std::vector<uint64_t> sizes;
  for (const NumberedFile& segment : layout.segments) {
    GANNET_ASSIGN_OR_RETURN(const uint64_t size, files.Size(segment.path));
    sizes.push_back(size);
    pruned.bytes += size;
  }
  for (size_t& removed = pruned.segments; removed + 1 < layout.segments.size(); ++removed) {
    // The segment after it knows where and when this one ended.
    GANNET_ASSIGN_OR_RETURN(const auto next,
                            SegmentScan::Open(files, layout.segments[removed + 1]));
    if (!next->header_ok()) return next->damage().ToStatus();
    const uint64_t ended = next->header().first_sequence - 1;
    if (ended > covered) break;
    if (now - next->header().previous_time <= retention.keep && pruned.bytes <= retention.max_bytes)
      break;
    pruned.held = ended > needed_after;
    if (pruned.held) break;
    GANNET_RETURN_IF_ERROR(RemoveDurably(files, dir, layout.segments[removed].path));
    pruned.bytes -= sizes[removed];
  }
  return pruned;
}

absl::StatusOr<Pruned> Prune(base::Files& files, const std::string& dir, base::Time now,
                             const Retention& retention) {
  GANNET_ASSIGN_OR_RETURN(const auto lock, files.LockDir(dir));
  return PruneFiles(files, dir, now, retention);
}

}  // namespace gannet::journal
