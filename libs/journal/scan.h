// Reads segments batch by batch and accepts nothing that checksums, sequence and
// chain do not confirm. Reader, recovery and verification stand on it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/files.h"
#include "libs/journal/format.h"
#include "libs/journal/layout.h"

namespace gannet::journal {

// The first place where a journal stops being valid.
struct Damage {
  std::string file;
  uint64_t offset = 0;
  std::string reason;
  bool tail_only = false;    // an unfinished last batch and nothing behind it
  uint64_t valid_bytes = 0;  // of `file`: up to the end of the last valid batch
  // DATA_LOSS, or what opening a newer format gave, with what to do.
  absl::Status ToStatus() const;
  bool newer_format = false;
};

// One segment. Holds one batch, and reads ahead kChunkBytes, never the file.
class SegmentScan {
 public:
  enum class Step { kBatch, kEnd, kDamage };

  // Reads the header. Damage in it is told by the first Next.
  static absl::StatusOr<std::unique_ptr<SegmentScan>> Open(base::Files& files, NumberedFile file);

  const NumberedFile& file() const { return file_; }
  // Not valid when the header is damaged.
  const SegmentHeader& header() const { return header_; }
  bool header_ok() const { return header_ok_; }

  // Moves to the next batch. kEnd: the file ends behind a batch (or a close mark), or
  // nothing but zeros follows, which a writer made room with; may be called again when
  // more was written. Errors are those of reading.
  absl::StatusOr<Step> Next();

  // Of the batch moved to; views are valid until the next move.
  size_t records() const { return records_.size(); }
  uint64_t record_sequence(size_t index) const { return records_[index].sequence; }
  Record record(size_t index) const;
  uint64_t dropped() const { return dropped_; }  // records that gaps of this batch stand for

  // At the end of the last valid batch.
  uint64_t valid_bytes() const { return valid_bytes_; }
  uint64_t next_sequence() const { return next_sequence_; }
  const base::Sha256Digest& chain() const { return chain_; }
  base::Time last_time() const { return last_time_; }
  bool closed() const { return closed_; }
  uint64_t batches() const { return batches_; }
  const Damage& damage() const { return damage_; }

 private:
  struct RecordAt {
    size_t at = 0, bytes = 0;  // of the frame, in buffer_
    uint64_t sequence = 0;
    RecordType type = RecordType::kInput;
    base::Time time;
    size_t channel_bytes = 0;
  };

  SegmentScan(base::Files& files, NumberedFile file) : files_(files), file_(std::move(file)) {}
  absl::Status ReadHeader();
  Step Damaged(size_t at, std::string_view reason);
  absl::StatusOr<bool> ReadMore(size_t wanted);
  // Takes the frame at `at` into the batch: what is wrong with it, or nothing.
  std::string_view TakeRecord(const Frame& frame, size_t at);
  std::string_view TakeTrailer(const Frame& frame, size_t at);
  // Nothing but zeros from there on?
  absl::StatusOr<bool> OnlyZerosBehind(uint64_t offset);
  // Is there a batch or close mark behind the damage, so that it is no tail?
  absl::StatusOr<bool> ValidFrameBehind(uint64_t offset);

  base::Files& files_;
  const NumberedFile file_;
  SegmentHeader header_;
  bool header_ok_ = false;

  std::string buffer_;  // the file from buffer_offset_ on
  uint64_t buffer_offset_ = 0;
  size_t begin_ = 0;  // of the next batch, in buffer_

  std::vector<RecordAt> records_;
  uint64_t batch_next_sequence_ = 0;
  base::Time batch_last_time_{};
  uint64_t dropped_ = 0;

  uint64_t valid_bytes_ = 0;
  uint64_t next_sequence_ = 0;
  base::Sha256Digest chain_{};
  base::Time last_time_{};
  uint64_t batches_ = 0;
  bool closed_ = false;
  Damage damage_;
};

// The run that the newest readable segment header states; nothing if none can be
// read.
absl::StatusOr<std::optional<uint64_t>> StatedRun(base::Files& files, const Layout& layout);

// All segments, from one of them on, each the exact continuation of the one
// before.
class JournalScan {
 public:
  using Step = SegmentScan::Step;

  JournalScan(base::Files& files, std::string dir) : files_(files), dir_(std::move(dir)) {}

  // NOT_FOUND: no journal in the folder. Starts at the segment that holds
  // `sequence`, or the first one for 0. OUT_OF_RANGE: it was pruned.
  absl::Status Start(uint64_t sequence);
  absl::StatusOr<Step> Next();

  const SegmentScan& segment() const { return *segment_; }
  const Layout& layout() const { return layout_; }
  uint64_t run() const { return run_; }
  uint64_t first_sequence() const { return first_sequence_; }
  const Damage& damage() const { return damage_; }

 private:
  absl::Status OpenSegment(size_t index);
  bool Continues();

  base::Files& files_;
  const std::string dir_;
  Layout layout_;
  size_t index_ = 0;
  std::unique_ptr<SegmentScan> segment_;
  std::unique_ptr<SegmentScan> previous_;  // until the link to it was checked
  bool broken_link_ = false;
  uint64_t run_ = 0;
  uint64_t first_sequence_ = 0;
  Damage damage_;
};

}  // namespace gannet::journal
