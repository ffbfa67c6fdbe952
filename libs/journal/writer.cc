#include <algorithm>
#include <atomic>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/journal/committer.h"
#include "libs/journal/format.h"
#include "libs/journal/journal.h"
#include "libs/journal/layout.h"
#include "libs/journal/prune.h"
#include "libs/journal/recovery.h"
#include "libs/journal/segment_writer.h"

namespace gannet::journal {
namespace {

// Beyond max_buffered_bytes, for essential records only.
constexpr size_t kEssentialBytes = 1u << 20;
// A gap record, the trailer.
constexpr size_t kFrameOverhead = 256;

// What is not durable waits in memory, and goes to the reserve as a whole.
size_t MostUnsynced(const WriterOptions& options) {
  size_t most = std::min(options.max_unsynced_bytes, options.max_buffered_bytes / 2);
  if (options.reserve_bytes > 0) most = std::min<size_t>(most, options.reserve_bytes / 4);
  return most;
}

class WriterImpl final : public Writer {
 public:
  WriterImpl(base::Files& files, base::Executor& executor, std::string dir, SegmentInfo info,
             const WriterOptions& options, JournalEnd end, std::unique_ptr<base::FolderLock> lock)
      : files_(files),
        executor_(executor),
        dir_(std::move(dir)),
        info_(std::move(info)),
        options_(options),
        most_unsynced_(MostUnsynced(options)),
        recovered_(std::move(end.recovery)),
        lock_(std::move(lock)),
        last_sequence_(recovered_.last_sequence) {}

  void Start(std::unique_ptr<SegmentWriter> segments) {
    committer_ = std::make_unique<Committer>(files_, std::move(segments), options_, last_sequence_,
                                             [this] { PostProgress(); });
  }

  uint64_t Append(RecordType type, base::Time time, std::string_view channel,
                  std::string_view payload) override {
    return Take(type, time, channel, payload, /*essential=*/false);
  }
  uint64_t AppendEssential(RecordType type, base::Time time, std::string_view channel,
                           std::string_view payload) override {
    return Take(type, time, channel, payload, /*essential=*/true);
  }

  void WhenDurable(uint64_t sequence, std::function<void()> done) override;
  bool WasDropped(uint64_t sequence) const override;
  void Commit() override;

  uint64_t last_sequence() const override { return last_sequence_; }
  uint64_t durable_sequence() const override { return committer_->durable_sequence(); }
  const SegmentInfo& info() const override { return info_; }
  const Recovery& recovered() const override { return recovered_; }
  WriterStats stats() const override;
  absl::Status failure() const override;
  void OnFailure(std::function<void(absl::Status)> handler) override;

  absl::Status WriteSnapshot(std::string state) override;
  absl::StatusOr<Pruned> Prune(base::Time now, const Retention& retention) override {
    return PruneFiles(files_, dir_, now, retention);
  }
  absl::Status Close() override;

 private:
  struct Waiting {
    uint64_t sequence;
    std::function<void()> done;
  };
  struct Dropped {
    uint64_t first, last;
  };

  uint64_t Take(RecordType type, base::Time time, std::string_view channel,
                std::string_view payload, bool essential);
  bool Accepts(size_t bytes, bool essential);
  void Drop(uint64_t sequence);
  void Submit(bool commit);
  void Put(uint64_t sequence, RecordType type, base::Time time, std::string_view channel,
           std::string_view payload, uint64_t first_sequence);
  void PostProgress();
  void OnProgress();
  void RunDurable();
  void TellFailure();

  base::Files& files_;
  base::Executor& executor_;
  const std::string dir_;
  const SegmentInfo info_;
  const WriterOptions options_;
  const size_t most_unsynced_;
  const Recovery recovered_;
  const std::unique_ptr<base::FolderLock> lock_;

  uint64_t last_sequence_;
  Batch open_;           // not yet handed to the committer
  size_t unsynced_ = 0;  // bytes handed over since the last commit
  uint64_t records_ = 0, dropped_count_ = 0;
  // Ascending; the last one is open while `gap_open_`.
  std::vector<Dropped> dropped_;
  bool gap_open_ = false;
  bool buffer_full_ = false, closed_ = false;

  std::deque<Waiting> waiting_;  // by sequence
  bool commit_posted_ = false;   // without an own thread
  std::function<void(absl::Status)> failure_handler_;
  absl::StatusCode told_ = absl::StatusCode::kOk;

  std::atomic<bool> progress_posted_{false};
  // Tasks posted to the executor may outlive the writer.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<Committer> committer_;  // last: its thread uses what is above
};

uint64_t WriterImpl::Take(RecordType type, base::Time time, std::string_view channel,
                          std::string_view payload, bool essential) {
  const uint64_t sequence = ++last_sequence_;
  if (!Accepts(RecordFrameBytes(channel, payload), essential)) {
    Drop(sequence);
    return sequence;
  }
  if (gap_open_) {
    gap_open_ = false;
    const Dropped& gap = dropped_.back();
    Put(gap.last, RecordType::kGap, time, "", std::to_string(gap.last - gap.first + 1), gap.first);
  }
  Put(sequence, type, time, channel, payload, sequence);
  ++records_;
  if (open_.frames.size() >= options_.write_ahead_bytes) {
    Submit(/*commit=*/unsynced_ + open_.frames.size() >= most_unsynced_);
  }
  return sequence;
}

bool WriterImpl::Accepts(size_t bytes, bool essential) {
  const Committer::Health health = committer_->health();
  if (closed_ || health == Committer::Health::kFailed) return false;
  if (!essential && (buffer_full_ || health == Committer::Health::kDiskFull)) return false;
  const size_t limit = options_.max_buffered_bytes + (essential ? kEssentialBytes : 0);
  if (committer_->buffered_bytes() + open_.frames.size() + bytes + kFrameOverhead <= limit)
    return true;
  if (!buffer_full_) {
    buffer_full_ = true;
    PostProgress();
  }
  return false;
}

void WriterImpl::Put(uint64_t sequence, RecordType type, base::Time time, std::string_view channel,
                     std::string_view payload, uint64_t first_sequence) {
  if (open_.empty()) {
    open_.first_sequence = first_sequence;
    committer_->Begin(open_.ahead);
  }
  AppendRecord(open_.frames, sequence, type, time, channel, payload);
  open_.last_sequence = sequence;
  open_.last_time = time;
  ++open_.records;
  open_.ahead.Gather(open_.frames);
}

void WriterImpl::Drop(uint64_t sequence) {
  ++dropped_count_;
  if (gap_open_) {
    dropped_.back().last = sequence;
  } else {
    dropped_.push_back({sequence, sequence});
    gap_open_ = true;
  }
}

bool WriterImpl::WasDropped(uint64_t sequence) const {
  const auto range =
      std::lower_bound(dropped_.begin(), dropped_.end(), sequence,
                       [](const Dropped& gap, uint64_t at) { return gap.last < at; });
  return range != dropped_.end() && range->first <= sequence;
}

void WriterImpl::WhenDurable(uint64_t sequence, std::function<void()> done) {
  const bool durable = sequence <= committer_->durable_sequence();
  if (WasDropped(sequence) || (!durable && committer_->health() == Committer::Health::kFailed))
    return;
  const auto after =
      std::upper_bound(waiting_.begin(), waiting_.end(), sequence,
                       [](uint64_t at, const Waiting& waiting) { return at < waiting.sequence; });
  waiting_.insert(after, Waiting{sequence, std::move(done)});
  if (durable) PostProgress();
}

void WriterImpl::Commit() {
  if (closed_ || (open_.empty() && unsynced_ == 0)) return;
  Submit(/*commit=*/true);
}

void WriterImpl::Submit(bool commit) {
  unsynced_ = commit ? 0 : unsynced_ + open_.frames.size();
  committer_->Submit(open_, commit);
  if (options_.own_thread || std::exchange(commit_posted_, true)) return;
  auto work = [this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    commit_posted_ = false;
    committer_->WorkHere();
    OnProgress();
  };
  if (options_.max_wait > base::Duration(0)) {
    executor_.After(options_.max_wait, std::move(work));
  } else {
    executor_.Post(std::move(work));
  }
}

void WriterImpl::PostProgress() {
  if (progress_posted_.exchange(true)) return;
  executor_.Post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    progress_posted_ = false;
    OnProgress();
  });
}

void WriterImpl::OnProgress() {
  const std::weak_ptr<bool> alive = alive_;
  RunDurable();
  if (!alive.expired()) TellFailure();
}

// A callback may append, wait again, or destroy the writer.
void WriterImpl::RunDurable() {
  const std::weak_ptr<bool> alive = alive_;
  const uint64_t durable = committer_->durable_sequence();
  while (!alive.expired() && !waiting_.empty() && waiting_.front().sequence <= durable) {
    const std::function<void()> done = std::move(waiting_.front().done);
    waiting_.pop_front();
    done();
  }
}

void WriterImpl::TellFailure() {
  absl::Status status = failure();
  if (status.code() == told_) return;
  if (committer_->health() == Committer::Health::kFailed) waiting_.clear();
  if (!failure_handler_) return;
  told_ = status.code();
  const auto handler = failure_handler_;  // it may set another, or destroy the writer
  handler(std::move(status));
}

absl::Status WriterImpl::failure() const {
  absl::Status status = committer_->failure();
  if (absl::IsUnavailable(status) || !buffer_full_) return status;
  return absl::ResourceExhaustedError(
      absl::StrCat("the journal in ", dir_, " has ", options_.max_buffered_bytes,
                   " bytes waiting for the disk, or met a record of that size: no new orders, "
                   "cancels go on; use a "
                   "faster disk, then restart"));
}

void WriterImpl::OnFailure(std::function<void(absl::Status)> handler) {
  failure_handler_ = std::move(handler);
  told_ = absl::StatusCode::kOk;
  if (!failure().ok()) PostProgress();
}

WriterStats WriterImpl::stats() const {
  WriterStats stats = committer_->stats();
  stats.records = records_;
  stats.dropped = dropped_count_;
  return stats;
}

absl::Status WriterImpl::WriteSnapshot(std::string state) {
  GANNET_RETURN_IF_ERROR(failure());
  if (closed_) return absl::FailedPreconditionError("the journal is closed; open it again");
  GANNET_RETURN_IF_ERROR(committer_->TakeSnapshotFailure());
  Commit();
  if (!committer_->SubmitSnapshot(
          {SnapshotPath(dir_, last_sequence_), info_.run, last_sequence_, std::move(state)})) {
    return absl::UnavailableError(
        "the snapshot before is still being written; take them less often");
  }
  if (options_.own_thread) return absl::OkStatus();
  committer_->WorkHere();
  PostProgress();
  GANNET_RETURN_IF_ERROR(failure());
  return committer_->TakeSnapshotFailure();
}

absl::Status WriterImpl::Close() {
  if (closed_) return failure();
  Commit();
  closed_ = true;
  const absl::Status status = committer_->Close();
  PostProgress();
  return status;
}

absl::Status CheckOptions(const WriterOptions& options) {
  if (options.segment_bytes == 0 || options.max_buffered_bytes == 0) {
    return absl::InvalidArgumentError(
        "segment_bytes and max_buffered_bytes of a journal must be above 0");
  }
  const size_t most = kMaxBatchBytes - kEssentialBytes - kFrameOverhead;
  if (options.max_buffered_bytes > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_buffered_bytes of a journal must be at most ", most));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Writer>> Writer::Open(base::Files& files, base::Executor& executor,
                                                     std::string dir, SegmentInfo info,
                                                     WriterOptions options) {
  GANNET_RETURN_IF_ERROR(CheckOptions(options));
  GANNET_RETURN_IF_ERROR(files.MakeDirs(dir));
  GANNET_ASSIGN_OR_RETURN(std::unique_ptr<base::FolderLock> lock, files.LockDir(dir));
  GANNET_ASSIGN_OR_RETURN(JournalEnd end, Recover(files, dir, info.run));
  info.run = end.run;
  GANNET_ASSIGN_OR_RETURN(std::unique_ptr<SegmentWriter> segments,
                          SegmentWriter::Open(files, dir, info, options, end));
  auto writer = std::make_unique<WriterImpl>(files, executor, std::move(dir), std::move(info),
                                             options, std::move(end), std::move(lock));
  writer->Start(std::move(segments));
  return writer;
}

}  // namespace gannet::journal
