#include "libs/journal/recovery.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/journal/scan.h"

namespace gannet::journal {
namespace {

// Of the newest snapshot that verifies. A newer format is an error; damage is noted.
absl::StatusOr<std::optional<uint64_t>> NewestSnapshot(base::Files& files, const Layout& layout,
                                                       uint64_t run,
                                                       std::vector<std::string>& damaged) {
  for (auto file = layout.snapshots.rbegin(); file != layout.snapshots.rend(); ++file) {
    const absl::StatusOr<Snapshot> snapshot = LoadSnapshot(files, *file, run);
    if (snapshot.ok()) return snapshot->sequence;
    if (!absl::IsDataLoss(snapshot.status())) return snapshot.status();
    damaged.emplace_back(snapshot.status().message());
  }
  return std::nullopt;
}

// The end of the journal from the record of this sequence on.
absl::Status ScanToEnd(JournalScan& scan, uint64_t sequence, std::optional<Damage>& tail) {
  GANNET_RETURN_IF_ERROR(scan.Start(sequence));
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const JournalScan::Step step, scan.Next());
    if (step == JournalScan::Step::kEnd) return absl::OkStatus();
    if (step == JournalScan::Step::kBatch) continue;
    if (!scan.damage().tail_only) return scan.damage().ToStatus();
    tail = scan.damage();
    return absl::OkStatus();
  }
}

// Only damage that a second look shows as well is cut: a device or memory that
// misread once must not cost a good batch.
absl::Status ConfirmTail(base::Files& files, const std::string& dir, uint64_t sequence,
                         const Damage& first) {
  JournalScan again(files, dir);
  std::optional<Damage> second;
  GANNET_RETURN_IF_ERROR(ScanToEnd(again, sequence, second));
  if (second && second->file == first.file && second->offset == first.offset &&
      second->valid_bytes == first.valid_bytes) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat(
      first.file, " gives other bytes each time it is read; check the device and the memory"));
}

// How much of the file behind `offset` was written; zeros at its end are room that a writer
// made.
absl::StatusOr<uint64_t> WrittenBehind(base::Files& files, const std::string& path,
                                       uint64_t offset) {
  constexpr size_t kPieceBytes = 256u << 10;
  uint64_t written = 0;
  for (uint64_t at = offset;;) {
    GANNET_ASSIGN_OR_RETURN(const std::string piece, files.ReadRange(path, at, kPieceBytes));
    if (piece.empty()) return written;
    const size_t last = piece.find_last_not_of('\0');
    if (last != std::string::npos) written = at + last + 1 - offset;
    at += piece.size();
  }
}

absl::Status Cut(base::Files& files, const Damage& damage, Recovery& recovery) {
  recovery.cut_file = damage.file;
  recovery.cut_offset = damage.valid_bytes;
  GANNET_ASSIGN_OR_RETURN(recovery.cut_bytes,
                          WrittenBehind(files, damage.file, damage.valid_bytes));
  recovery.cut_reason = damage.reason;
  return files.Truncate(damage.file, damage.valid_bytes);
}

}  // namespace

std::string Recovery::ToString() const {
  std::string text = absl::StrCat("journal ends at record ", last_sequence,
                                  closed_cleanly ? ", closed in order" : "");
  if (cut_bytes > 0) {
    absl::StrAppend(&text, "; cut ", cut_bytes, " bytes of an unfinished batch from ", cut_file,
                    " at byte ", cut_offset, " (", cut_reason, ")");
  }
  return text;
}

absl::StatusOr<JournalEnd> Recover(base::Files& files, const std::string& dir, uint64_t new_run) {
  GANNET_ASSIGN_OR_RETURN(const Layout layout, ListJournal(files, dir));
  for (const std::string& path : layout.unfinished) GANNET_RETURN_IF_ERROR(files.Remove(path));
  JournalEnd end;
  if (layout.segments.empty()) {
    if (!layout.snapshots.empty()) {
      return absl::DataLossError(
          absl::StrCat(dir,
                       " holds snapshots but no journal segment; restore the journal-*.gnj "
                       "files from a copy, or start with --fresh"));
    }
    end.run = new_run;
    return end;
  }
  GANNET_ASSIGN_OR_RETURN(const std::optional<uint64_t> run, StatedRun(files, layout));
  std::optional<uint64_t> snapshot;
  if (run) {
    GANNET_ASSIGN_OR_RETURN(snapshot,
                            NewestSnapshot(files, layout, *run, end.recovery.damaged_snapshots));
  }
  const uint64_t first = layout.segments.front().number;
  if (first > snapshot.value_or(0) + 1) {
    return absl::DataLossError(
        absl::StrCat("records 1 to ", first - 1, " are not in ", dir,
                     " and no verified snapshot covers them; restore the missing files from a "
                     "copy, or start with --fresh"));
  }
  JournalScan scan(files, dir);
  std::optional<Damage> tail;
  GANNET_RETURN_IF_ERROR(ScanToEnd(scan, snapshot.value_or(0) + 1, tail));
  const SegmentScan& last = scan.segment();
  end.run = scan.run();
  // A segment without batches will be replaced by the one that is opened now.
  end.chain = last.batches() > 0 ? last.chain() : last.header().previous_chain;
  end.last_time = last.last_time();
  end.recovery.last_sequence = last.next_sequence() - 1;
  end.recovery.closed_cleanly = last.closed();
  if (snapshot && *snapshot > end.recovery.last_sequence) {
    return absl::DataLossError(
        absl::StrCat(dir, " ends at record ", end.recovery.last_sequence,
                     ", but the snapshot of record ", *snapshot,
                     " proves that more was stored; restore the journal-*.gnj files "
                     "from a copy, or start with --fresh"));
  }
  // Last: a start that is refused leaves the files as they are.
  if (tail) {
    GANNET_RETURN_IF_ERROR(ConfirmTail(files, dir, snapshot.value_or(0) + 1, *tail));
    GANNET_RETURN_IF_ERROR(Cut(files, *tail, end.recovery));
  } else {
    // Zeros that a writer who did not end in order left behind.
    GANNET_RETURN_IF_ERROR(files.Truncate(last.file().path, last.valid_bytes()));
  }
  return end;
}

}  // namespace gannet::journal
