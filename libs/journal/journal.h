// The record of a shard: every input in the order consumed, and every fact
// decided. Format, chain and recovery: docs/journal.md.
//
// A writer belongs to one loop thread. Append only buffers; a committer (own
// thread, or the executor in simulation) writes and syncs batches, and
// WhenDurable callbacks run on the executor in order of sequence.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/executor.h"
#include "libs/base/files.h"
#include "libs/base/time.h"

namespace gannet::journal {

enum class RecordType : uint8_t {
  kInput = 1,     // channel = input port
  kFact = 2,      // channel = topic
  kVersions = 3,  // a configuration, model, dictionary or limit changed while running
};

struct Record {
  uint64_t sequence = 0;  // from 1, without gaps, over all segments of a journal
  RecordType type = RecordType::kInput;
  base::Time time;        // kInput: receive time; otherwise engine time
  std::string channel;
  std::string payload;
  bool operator==(const Record&) const = default;
};

// What a segment states about the program that wrote it. Changing any of it
// opens a new segment (or is a kVersions record).
struct SegmentInfo {
  uint64_t run = 0;  // 64 random bits made when the journal was created
  std::string build_id;
  std::string config_hash;
  uint64_t seed = 0;
  std::map<std::string, std::string> versions;  // "model:direction" -> "3", "limits" -> "17"
  bool operator==(const SegmentInfo&) const = default;
};

struct WriterOptions {
  uint64_t segment_bytes = 64u << 20;
  uint64_t reserve_bytes = 8u << 20;      // pre-allocated, kept for cancels when the disk is full
  size_t max_buffered_bytes = 32u << 20;  // beyond it Append reports RESOURCE_EXHAUSTED
  base::Duration max_wait{0};             // group commit: how long a batch may wait for company
  bool own_thread = true;                 // false: commit on the executor (simulation)
};

struct Snapshot {
  uint64_t sequence = 0;  // state after this record
  std::string state;
};

class Writer {
 public:
  // Opens or creates the journal in `dir`, cuts an invalid tail (what was cut is
  // in `recovered()`), and starts a new segment. ABORTED: locked by another
  // process. DATA_LOSS: damage before the tail; run `gannet journal verify`.
  static absl::StatusOr<std::unique_ptr<Writer>> Open(base::Files& files, base::Executor& executor, std::string dir,
                                                      SegmentInfo info, WriterOptions options);
  virtual ~Writer() = default;

  // The sequence given to the record. After a failure records are counted and
  // dropped, and failure() is set: the gate must be closed on it.
  virtual uint64_t Append(RecordType type, base::Time time, std::string_view channel, std::string_view payload) = 0;
  // Runs `done` on the executor once every record up to `sequence` is on stable
  // storage. Never runs after a failure.
  virtual void WhenDurable(uint64_t sequence, std::function<void()> done) = 0;
  // Asks for a commit of what is buffered, without waiting.
  virtual void Commit() = 0;

  virtual uint64_t last_sequence() const = 0;
  virtual uint64_t durable_sequence() const = 0;
  virtual const SegmentInfo& info() const = 0;  // `run` is the stored one of an existing journal
  // Not OK once a write or sync failed, or the disk is full but for the reserve.
  virtual absl::Status failure() const = 0;
  virtual void OnFailure(std::function<void(absl::Status)> handler) = 0;

  // State of the shard after `last_sequence()`; stored beside the segments with
  // its SHA-256, made durable after the records it rests on.
  virtual absl::Status WriteSnapshot(std::string_view state) = 0;
  // Removes segments wholly covered by the newest verified snapshot and older
  // than `keep` / beyond `max_bytes`, oldest first. The count of removed ones.
  virtual absl::StatusOr<size_t> Prune(base::Time now, base::Duration keep, uint64_t max_bytes) = 0;
  // Commits everything and closes; OK when all is durable.
  virtual absl::Status Close() = 0;
};

// What verification found. `valid_prefix` is the last sequence of the longest
// valid prefix; with `bad_*` naming the first damage, if any.
struct Verification {
  uint64_t records = 0, segments = 0, snapshots = 0, bytes = 0;
  uint64_t first_sequence = 0, valid_prefix = 0;
  std::optional<std::string> bad_file;
  uint64_t bad_offset = 0;
  std::string bad_reason;
  bool tail_only = false;  // the damage is an unfinished last batch: normal after a crash
  bool ok() const { return !bad_file.has_value(); }
};

// Reads a journal in order; never changes it.
class Reader {
 public:
  static absl::StatusOr<std::unique_ptr<Reader>> Open(base::Files& files, std::string dir);
  virtual ~Reader() = default;
  // The next record of the longest valid prefix; nothing at its end.
  virtual absl::StatusOr<std::optional<Record>> Next() = 0;
  // Info of the segment that the last record came from.
  virtual const SegmentInfo& info() const = 0;
  // The newest snapshot whose hash verifies and whose records are in the valid
  // prefix.
  virtual absl::StatusOr<std::optional<Snapshot>> NewestSnapshot() = 0;
  // Continues after this sequence.
  virtual absl::Status SeekAfter(uint64_t sequence) = 0;
  virtual Verification Verify() = 0;
};

}  // namespace gannet::journal
