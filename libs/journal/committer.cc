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

// Behind what the other holds.
void Move(Batch& batch, Batch& to) {
  if (to.empty()) {
    std::swap(to, batch);
  } else if (!batch.empty()) {
    to.ahead.Join(batch.ahead, to.frames.size());
    to.frames += batch.frames;
    to.records += batch.records;
    to.last_sequence = batch.last_sequence;
    to.last_time = batch.last_time;
  }
  Clear(batch);
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

void Committer::Submit(Batch& batch, bool commit) {
  {
    std::lock_guard lock(mutex_);
    if (health() == Health::kFailed) {
      Clear(batch);
      return;
    }
    buffered_.fetch_add(batch.frames.size(), std::memory_order_relaxed);
    Move(batch, pending_);
    commit_ = commit_ || commit;
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
  Prepare(lock);
}

void Committer::Run() {
  std::unique_lock lock(mutex_);
  const auto urgent = [this] {
    return stop_ || closing_ || snapshot_ || pending_.frames.size() >= kFullBatchBytes;
  };
  for (;;) {
    wake_.wait(lock, [&] { return urgent() || Waiting(); });
    if (options_.max_wait > base::Duration(0)) wake_.wait_for(lock, options_.max_wait, urgent);
    if (stop_) return;
    const auto tell = [&] {
      lock.unlock();
      on_progress_();
      lock.lock();
    };
    const bool news = Work(lock);
    if (closing_ && !Waiting() && !snapshot_) return;
    if (news) tell();
    if (Prepare(lock)) tell();
  }
}

// One round: what is pending is written, and if it is to be, becomes durable with what was
// written before it; then a snapshot that rests on it.
bool Committer::Work(std::unique_lock<std::mutex>& lock) {
  at_work_ = true;
  const bool more = !pending_.empty();
  Move(pending_, working_);
  const bool commit = std::exchange(commit_, false) && !working_.empty();
  std::optional<SnapshotJob> snapshot = std::exchange(snapshot_, std::nullopt);
  snapshot_at_work_ = snapshot.has_value();
  const bool failed = health() == Health::kFailed;
  lock.unlock();

  absl::Status status;
  if (!failed && commit) status = segments_->Write(working_);
  if (!failed && !commit && more) status = segments_->WriteAhead(working_);
  const bool durable = !failed && commit && status.ok();
  if (durable) durable_.store(working_.last_sequence, std::memory_order_release);
  if (snapshot) on_progress_();  // what waits for its record does not wait for the snapshot
  absl::Status snapshot_status;
  if (snapshot && status.ok() && !failed) snapshot_status = WriteSnapshot(std::move(*snapshot));

  lock.lock();
  if (durable || failed || !status.ok()) {
    buffered_.fetch_sub(working_.frames.size(), std::memory_order_relaxed);
    Clear(working_);
  }
  at_work_ = snapshot_at_work_ = false;
  if (!status.ok()) Fail(status);
  if (durable) ++stats_.batches;
  if (!failed && !commit && more) ++stats_.written_ahead;
  stats_.bytes = segments_->bytes();
  stats_.segments = segments_->segments();
  if (!snapshot_status.ok()) {
    snapshot_failure_ = snapshot_status;
  } else if (snapshot && status.ok() && !failed) {
    ++stats_.snapshots;
  }
  const bool full = TellFull();
  return durable || full || snapshot.has_value() || failed || !status.ok();
}

bool Committer::Prepare(std::unique_lock<std::mutex>& lock) {
  if (Waiting() || snapshot_ || stop_ || closing_ || !working_.empty() ||
      health() != Health::kGood) {
    return false;
  }
  lock.unlock();
  const absl::Status status = segments_->Prepare();
  lock.lock();
  if (!status.ok()) Fail(status);
  return TellFull() || !status.ok();
}

bool Committer::TellFull() {
  const bool full = health() == Health::kGood && segments_->disk_full();
  if (full) health_.store(Health::kDiskFull, std::memory_order_release);
  return full;
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
  commit_ = false;
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

void Committer::Begin(ChainAhead& ahead) {
  std::lock_guard lock(mutex_);
  if (at_work_ || !pending_.empty()) return;
  if (working_.empty()) {
    ahead.Begin(segments_->chain());
  } else {
    ahead.GoOn(working_.ahead, working_.frames.size());
  }
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
