#include "libs/journal/committer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::journal {
namespace {

// Enough for one write: no use in waiting for more company.
constexpr size_t kFullBatchBytes = 1u << 20;
// Buffers above this size are given back after a burst.
constexpr size_t kKeptBufferBytes = 4u << 20;

void Clear(Batch& batch) {
  batch.frames.clear();
  if (batch.frames.capacity() > kKeptBufferBytes) batch.frames = std::string();
  batch.records = 0;
  batch.ahead.Forget();
}

}  // namespace

Committer::Committer(base::Files& files, std::unique_ptr<SegmentWriter> segments,
                     const WriterOptions& options, uint64_t durable_sequence,
                     std::function<void()> on_progress)
    : files_(files),
      options_(options),
      on_progress_(std::move(on_progress)),
      segments_(std::move(segments)),
      durable_(durable_sequence),
      health_(segments_->disk_full() ? Health::kDiskFull : Health::kGood) {
  stats_.segments = segments_->segments();
  if (options_.own_thread) thread_ = std::thread([this] { Run(); });
}

Committer::~Committer() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Committer::Submit(Batch& batch) {
  if (batch.empty()) return;
  {
    std::lock_guard lock(mutex_);
    if (health() == Health::kFailed) {
      Clear(batch);
      return;
    }
    buffered_.fetch_add(batch.frames.size(), std::memory_order_relaxed);
    if (pending_.empty()) {
      std::swap(pending_, batch);
    } else {
      pending_.frames += batch.frames;
      pending_.records += batch.records;
      pending_.last_sequence = batch.last_sequence;
      pending_.last_time = batch.last_time;
    }
    Clear(batch);
  }
  wake_.notify_one();
}

bool Committer::SubmitSnapshot(SnapshotJob job) {
  {
    std::lock_guard lock(mutex_);
    if (snapshot_ || snapshot_at_work_) return false;
    snapshot_ = std::move(job);
  }
  wake_.notify_one();
  return true;
}

void Committer::WorkHere() {
  std::unique_lock lock(mutex_);
  Work(lock);
}

void Committer::Run() {
  std::unique_lock lock(mutex_);
  const auto urgent = [this] {
    return stop_ || closing_ || snapshot_ || pending_.frames.size() >= kFullBatchBytes;
  };
  for (;;) {
    wake_.wait(lock, [&] { return urgent() || !pending_.empty(); });
    if (options_.max_wait > base::Duration(0)) wake_.wait_for(lock, options_.max_wait, urgent);
    if (stop_) return;
    Work(lock);
    if (closing_ && pending_.empty() && !snapshot_) return;
    lock.unlock();
    on_progress_();
    lock.lock();
  }
}

// One round: what is pending becomes durable, then a snapshot that rests on it.
void Committer::Work(std::unique_lock<std::mutex>& lock) {
  at_work_ = true;
  std::swap(working_, pending_);
  std::optional<SnapshotJob> snapshot = std::exchange(snapshot_, std::nullopt);
  snapshot_at_work_ = snapshot.has_value();
  const bool failed = health() == Health::kFailed;
  lock.unlock();

  const size_t taken = working_.frames.size();
  const bool wrote = !failed && !working_.empty();
  absl::Status status;
  if (wrote) status = segments_->Write(working_);
  if (wrote && status.ok()) durable_.store(working_.last_sequence, std::memory_order_release);
  if (snapshot) on_progress_();  // what waits for its record does not wait for the snapshot
  absl::Status snapshot_status;
  if (snapshot && status.ok() && !failed) snapshot_status = WriteSnapshot(*std::move(snapshot));

  lock.lock();
  Clear(working_);
  buffered_.fetch_sub(taken, std::memory_order_relaxed);
  at_work_ = snapshot_at_work_ = false;
  if (!status.ok()) Fail(status);
  if (wrote && status.ok()) ++stats_.batches;
  stats_.bytes = segments_->bytes();
  stats_.segments = segments_->segments();
  if (!snapshot_status.ok()) {
    snapshot_failure_ = snapshot_status;
  } else if (snapshot && status.ok() && !failed) {
    ++stats_.snapshots;
  }
  if (health() == Health::kGood && segments_->disk_full())
    health_.store(Health::kDiskFull, std::memory_order_release);
}

absl::Status Committer::WriteSnapshot(SnapshotJob job) {
  return files_.WriteAtomically(job.path,
                                EncodeSnapshot(job.run, job.sequence, std::move(job.state)));
}

// Whatever the code was: that essential records go on is no longer true.
void Committer::Fail(const absl::Status& status) {
  failure_ = absl::UnavailableError(
      absl::StrCat("the journal stopped: ", status.message(), "; restart once the cause is gone"));
  buffered_.fetch_sub(pending_.frames.size(), std::memory_order_relaxed);
  Clear(pending_);
  health_.store(Health::kFailed, std::memory_order_release);
}

absl::Status Committer::Close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    WorkHere();
  }
  std::lock_guard lock(mutex_);
  if (health() != Health::kFailed) {
    if (const absl::Status status = segments_->Close(); !status.ok()) Fail(status);
  }
  if (health() == Health::kFailed) return failure_;
  return std::exchange(snapshot_failure_, absl::OkStatus());
}

std::optional<base::Sha256Digest> Committer::chain() const {
  std::lock_guard lock(mutex_);
  if (at_work_ || !pending_.empty()) return std::nullopt;
  return segments_->chain();
}

absl::Status Committer::failure() const {
  switch (health()) {
    case Health::kGood:
      return absl::OkStatus();
    case Health::kDiskFull:
      return absl::ResourceExhaustedError(
          absl::StrCat("the disk of ", segments_->dir(),
                       " is full: no new orders, cancels go on in the reserve; free disk space, "
                       "then restart"));
    case Health::kFailed:
      break;
  }
  std::lock_guard lock(mutex_);
  return failure_;
}

absl::Status Committer::TakeSnapshotFailure() {
  std::lock_guard lock(mutex_);
  return std::exchange(snapshot_failure_, absl::OkStatus());
}

WriterStats Committer::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace gannet::journal
