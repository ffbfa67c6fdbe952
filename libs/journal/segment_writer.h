// The committer's side of the files: writes batches, syncs them, opens the next
// segment, turns to the reserve when the disk is full. Used by one thread.
//
// A batch may be written in parts, its beginning ahead of the rest. Until its end is
// synced nothing of it is durable, and it stays whole in memory: the reserve may have
// to take it from its beginning.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/digest.h"
#include "libs/base/files.h"
#include "libs/journal/chain_ahead.h"
#include "libs/journal/format.h"
#include "libs/journal/recovery.h"

namespace gannet::journal {

// Records on their way to the disk.
struct Batch {
  std::string frames;
  uint32_t records = 0;
  uint64_t first_sequence = 0, last_sequence = 0;
  base::Time last_time{};
  ChainAhead ahead;  // of `frames`
  bool empty() const { return records == 0; }
};

class SegmentWriter {
 public:
  // Starts a new segment behind `end`.
  static absl::StatusOr<std::unique_ptr<SegmentWriter>> Open(base::Files& files, std::string dir,
                                                             SegmentInfo info,
                                                             const WriterOptions& options,
                                                             const JournalEnd& end);

  // Writes what there is of a batch that goes on. Any error is final: the file's state
  // is unknown.
  absl::Status WriteAhead(Batch& batch) { return Put(batch, /*ends=*/false); }
  // Makes the batch durable, with what was written ahead of it. Errors as above.
  absl::Status Write(Batch& batch);
  // Makes room for what comes next, when less than half of it is left. A disk that has none
  // is full, before a record meets its end. Errors as above.
  absl::Status Prepare();
  // The mark of an orderly end.
  absl::Status Close();

  // The disk is full: only the reserve is left, or not even that.
  bool disk_full() const { return disk_full_; }
  uint64_t segments() const { return segments_; }
  uint64_t bytes() const { return bytes_; }  // of batches that are durable
  // That the next batch goes on from, as long as it stays in this segment.
  const base::Sha256Digest& chain() const { return chain_; }
  const std::string& path() const { return path_; }
  const std::string& dir() const { return dir_; }

 private:
  SegmentWriter(base::Files& files, std::string dir, SegmentInfo info, const WriterOptions& options,
                const JournalEnd& end);

  std::string Header() const;
  absl::Status StartSegment();
  absl::Status StartReserveSegment();
  absl::Status UseSegment(std::string path, const std::string& header);
  absl::Status SetReserveAside();
  absl::Status EndSegment();
  absl::Status Put(Batch& batch, bool ends);
  absl::Status Append(Batch& batch, bool ends);

  base::Files& files_;
  const std::string dir_;
  const SegmentInfo info_;
  const WriterOptions options_;
  base::Sha256Digest previous_chain_;  // at the end of the segment before; of the header
  base::Sha256Digest chain_, next_chain_{};
  uint64_t last_sequence_;
  base::Time last_time_;
  std::unique_ptr<base::AppendFile> file_;
  std::string path_;
  std::string reserve_path_;  // empty: none
  bool disk_full_ = false;
  uint64_t batches_in_segment_ = 0;
  uint64_t batch_at_ = 0;  // in the file: where the batch begins that is written ahead
  size_t ahead_ = 0;       // bytes of its frames in the file
  uint64_t segments_ = 0, bytes_ = 0;
};

}  // namespace gannet::journal
