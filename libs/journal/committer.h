// Group commit: takes batches from the loop, makes them durable on its own thread
// (or where it is told to), and says how far it got. While one batch is being
// synced the next one gathers, so that many records share one fdatasync. What nobody
// waits for is written and not synced; the next commit syncs it with its own.
//
// Submit, Close and the readings belong to the loop thread; `on_progress` is
// called from the committing thread after each round.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "libs/base/digest.h"
#include "libs/base/files.h"
#include "libs/journal/segment_writer.h"

namespace gannet::journal {

class Committer {
 public:
  // What the writer may still take.
  enum class Health { kGood, kDiskFull, kFailed };

  struct SnapshotJob {
    std::string path;
    uint64_t run = 0, sequence = 0;
    std::string state;
  };

  Committer(base::Files& files, std::unique_ptr<SegmentWriter> segments,
            const WriterOptions& options, uint64_t durable_sequence,
            std::function<void()> on_progress);
  // Waits for the round at work and forgets what was submitted since.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Takes the batch and leaves it empty. `commit`: it is to become durable, with all that
  // was submitted before it; otherwise it is written only.
  void Submit(Batch& batch, bool commit);
  // False while the one before is at work.
  bool SubmitSnapshot(SnapshotJob job);
  // Without an own thread: does here and now what was submitted.
  void WorkHere();
  // Does what was submitted and writes the close mark.
  absl::Status Close();

  uint64_t durable_sequence() const { return durable_.load(std::memory_order_acquire); }
  // Begins the chain of the next batch, if what it goes on from is known by now: nothing of
  // another is waiting or at work.
  void Begin(ChainAhead& ahead);
  Health health() const { return health_.load(std::memory_order_acquire); }
  absl::Status failure() const;
  // Of the last snapshot that failed; telling it forgets it.
  absl::Status TakeSnapshotFailure();
  size_t buffered_bytes() const { return buffered_.load(std::memory_order_relaxed); }
  WriterStats stats() const;

 private:
  void Run();
  bool Waiting() const { return !pending_.empty() || commit_; }
  // Whether there is news for the loop.
  bool Work(std::unique_lock<std::mutex>& lock);
  // Between rounds, while nothing waits. Whether there is news for the loop.
  bool Prepare(std::unique_lock<std::mutex>& lock);
  absl::Status WriteSnapshot(SnapshotJob job);
  void Fail(const absl::Status& status);
  // Whether the disk has become full.
  bool TellFull();

  base::Files& files_;
  const WriterOptions options_;
  const std::function<void()> on_progress_;

  // Of the committing thread alone while it is at work.
  std::unique_ptr<SegmentWriter> segments_;
  Batch working_;  // between rounds: what was written and not synced

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Batch pending_;
  bool commit_ = false;  // what is pending is to become durable
  std::optional<SnapshotJob> snapshot_;
  bool at_work_ = false, snapshot_at_work_ = false;
  bool stop_ = false, closing_ = false;
  absl::Status failure_, snapshot_failure_;
  WriterStats stats_;

  std::atomic<uint64_t> durable_;
  std::atomic<Health> health_;
  std::atomic<size_t> buffered_{0};
  std::thread thread_;
};

}  // namespace gannet::journal
