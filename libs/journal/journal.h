// The record of a shard: every input in the order consumed, and every fact
// decided. Format, chain, recovery, reserve: docs/journal.md.
//
// A writer belongs to one loop thread. Append only buffers; a committer (own
// thread, or the executor in simulation) writes and syncs batches, and
// WhenDurable callbacks run on the executor in order of sequence.
//
// Start of a process:
//   Writer::Open (takes the folder, cuts an unfinished tail)
//   Reader::Open, NewestSnapshot, SeekAfter, Next until nothing: state is back
//   Append …
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
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
  // Records were dropped (disk full, buffer full) before an essential one. Written
  // by the writer itself: sequence = the last dropped, payload = how many, in decimal.
  kGap = 4,
};

struct Record {
  uint64_t sequence = 0;  // from 1, without gaps but for kGap, over all segments of a journal
  RecordType type = RecordType::kInput;
  base::Time time;  // kInput: receive time; otherwise engine time
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
  // Of zeros kept behind the end of the segment, made when nobody waits, so that a commit
  // writes over them and does not wait for the file system's own journal; 0: none.
  uint64_t prepare_bytes = 0;
  uint64_t reserve_bytes =
      8u << 20;  // set aside, kept for essential records when the disk is full; 0: none
  size_t max_buffered_bytes =
      32u << 20;               // beyond it records are dropped and failure() is RESOURCE_EXHAUSTED
  base::Duration max_wait{0};  // group commit: how long a batch may wait for company
  // What nobody waits for is written each time so much has gathered, and synced with the
  // next commit; or by itself when so much is not synced (at most half of what may be
  // buffered, and a quarter of the reserve).
  size_t write_ahead_bytes = 4u << 10;
  size_t max_unsynced_bytes = 256u << 10;
  bool own_thread = true;  // false: commit on the executor (simulation)
};

struct Snapshot {
  uint64_t sequence = 0;  // state after this record
  std::string state;
};

// What Writer::Open found.
struct Recovery {
  uint64_t last_sequence = 0;  // of the longest valid prefix
  uint64_t cut_bytes = 0;      // of an unfinished last batch
  std::string cut_file;
  uint64_t cut_offset = 0;
  std::string cut_reason;
  bool closed_cleanly = false;  // the last writer was closed, not killed
  // Snapshots passed over, newest first, each with what is wrong with it.
  std::vector<std::string> damaged_snapshots;
  // One line for the log.
  std::string ToString() const;
};

struct WriterStats {
  uint64_t records = 0;             // taken
  uint64_t dropped = 0;             // refused after a failure
  uint64_t batches = 0, bytes = 0;  // written and synced
  uint64_t written_ahead = 0;       // writes of a part of a batch, not synced
  uint64_t segments = 0;            // opened by this writer
  uint64_t snapshots = 0;
};

// What Writer::Prune keeps.
struct Retention {
  base::Duration keep{0};  // segments that are younger
  uint64_t max_bytes = 0;  // in total
  // Whatever the two say: records after this one, which somebody has not taken over yet.
  uint64_t needed_after = std::numeric_limits<uint64_t>::max();
};

struct Pruned {
  size_t segments = 0;  // removed
  uint64_t bytes = 0;   // of those that are left
  bool held = false;    // some are left only for Retention::needed_after
};

class Writer {
 public:
  // Opens or creates the journal in `dir`, cuts an unfinished last batch (what was
  // cut is in `recovered()`), and starts a new segment.
  //   ABORTED              another process holds the folder
  //   DATA_LOSS            damage before the tail: run `gannet journal verify`
  //   FAILED_PRECONDITION  written by a newer build
  //   RESOURCE_EXHAUSTED   disk full, the reserve used up
  static absl::StatusOr<std::unique_ptr<Writer>> Open(base::Files& files, base::Executor& executor,
                                                      std::string dir, SegmentInfo info,
                                                      WriterOptions options);
  // Without Close what was not committed is lost, as in a crash.
  virtual ~Writer() = default;

  // The sequence given to the record. After a failure records are counted and
  // dropped, and failure() is set: the gate must be closed on it.
  virtual uint64_t Append(RecordType type, base::Time time, std::string_view channel,
                          std::string_view payload) = 0;
  // As Append, for what must go on when failure() says RESOURCE_EXHAUSTED: cancels
  // and what they rest on. Such records still reach the reserve. Dropped as well
  // once the reserve is used up or a write or sync failed (UNAVAILABLE).
  virtual uint64_t AppendEssential(RecordType type, base::Time time, std::string_view channel,
                                   std::string_view payload) = 0;
  // Runs `done` on the executor once every record up to `sequence` is on stable
  // storage. Never runs for a record that was dropped, nor after a failed write.
  virtual void WhenDurable(uint64_t sequence, std::function<void()> done) = 0;
  // Whether the record of this sequence was counted and dropped when it came.
  virtual bool WasDropped(uint64_t sequence) const = 0;
  // Asks for a commit of what is buffered, without waiting.
  virtual void Commit() = 0;

  virtual uint64_t last_sequence() const = 0;
  virtual uint64_t durable_sequence() const = 0;
  virtual const SegmentInfo& info() const = 0;  // `run` is the stored one of an existing journal
  virtual const Recovery& recovered() const = 0;
  virtual WriterStats stats() const = 0;
  // Not OK for good once
  //   RESOURCE_EXHAUSTED  the disk or the buffer is full; essential records go on
  //   any other code      a write or sync failed; nothing goes on, restart
  virtual absl::Status failure() const = 0;
  // `handler` runs on the executor at each such change; soon, if failed already.
  virtual void OnFailure(std::function<void(absl::Status)> handler) = 0;

  // State of the shard after `last_sequence()`; stored beside the segments with
  // its SHA-256, made durable after the records it rests on. With an own thread
  // the work is done there: OK means taken, UNAVAILABLE that the one before is
  // still being written, and a failure of it is told by the next call or Close.
  virtual absl::Status WriteSnapshot(std::string state) = 0;
  // Removes segments older than `keep` / beyond `max_bytes` in total, oldest first,
  // as far as two verified snapshots cover them (so that one damaged snapshot
  // never costs the journal) and nobody needs them, and all snapshots but the newest
  // two. Reads whole snapshots: may run on another thread than the rest.
  virtual absl::StatusOr<Pruned> Prune(base::Time now, const Retention& retention) = 0;
  // Commits everything and closes; OK when all is durable.
  virtual absl::Status Close() = 0;
};

// What verification found. `valid_prefix` is the last sequence of the longest
// valid prefix; with `bad_*` naming the first damage, if any.
struct Verification {
  uint64_t records = 0, segments = 0, snapshots = 0, bytes = 0;
  uint64_t dropped = 0;  // records that kGap records stand for
  uint64_t first_sequence = 0, valid_prefix = 0;
  std::string chain;  // SHA-256 chain at the end of the valid prefix, hex
  std::optional<std::string> bad_file;
  uint64_t bad_offset = 0;
  std::string bad_reason;
  bool tail_only = false;  // the damage is an unfinished last batch: normal after a crash
  bool ok() const { return !bad_file.has_value(); }
};

// Reads a journal in order; never changes it. One batch is in memory at a time.
class Reader {
 public:
  // NOT_FOUND: there is no journal in `dir`.
  static absl::StatusOr<std::unique_ptr<Reader>> Open(base::Files& files, std::string dir);
  virtual ~Reader() = default;
  // The next record of the longest valid prefix; nothing at its end, which an
  // unfinished last batch also is. May be called again when the journal has grown.
  // DATA_LOSS: the prefix ends in damage, named with file and offset.
  virtual absl::StatusOr<std::optional<Record>> Next() = 0;
  // Of the oldest record that is still there: those before it were pruned.
  virtual uint64_t first_sequence() const = 0;
  // Info of the segment that the last record came from.
  virtual const SegmentInfo& info() const = 0;
  // The newest snapshot whose hash verifies and whose records are in the valid
  // prefix.
  virtual absl::StatusOr<std::optional<Snapshot>> NewestSnapshot() = 0;
  // Continues after this sequence. DATA_LOSS: those records were pruned.
  virtual absl::Status SeekAfter(uint64_t sequence) = 0;
  virtual Verification Verify() = 0;
};

// Writer::Prune for a journal that no writer has open (ABORTED if one has).
absl::StatusOr<Pruned> Prune(base::Files& files, const std::string& dir, base::Time now,
                             const Retention& retention);

}  // namespace gannet::journal
