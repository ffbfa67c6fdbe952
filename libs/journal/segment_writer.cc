#include "libs/journal/segment_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/journal/layout.h"

namespace gannet::journal {

SegmentWriter::SegmentWriter(base::Files& files, std::string dir, SegmentInfo info,
                             const WriterOptions& options, const JournalEnd& end)
    : files_(files),
      dir_(std::move(dir)),
      info_(std::move(info)),
      options_(options),
      previous_chain_(end.chain),
      chain_(end.chain),
      last_sequence_(end.recovery.last_sequence),
      last_time_(end.last_time) {}

absl::StatusOr<std::unique_ptr<SegmentWriter>> SegmentWriter::Open(base::Files& files,
                                                                   std::string dir,
                                                                   SegmentInfo info,
                                                                   const WriterOptions& options,
                                                                   const JournalEnd& end) {
  auto writer = std::unique_ptr<SegmentWriter>(
      new SegmentWriter(files, std::move(dir), std::move(info), options, end));
  GANNET_ASSIGN_OR_RETURN(const Layout layout, ListJournal(files, writer->dir_));
  // A reserve made before is kept: with a full disk there would be no other.
  for (const std::string& path : layout.reserves) {
    GANNET_ASSIGN_OR_RETURN(const uint64_t size, files.Size(path));
    if (path == ReservePath(writer->dir_, options.reserve_bytes) && options.reserve_bytes > 0 &&
        size == 0) {
      writer->reserve_path_ = path;
    } else {
      GANNET_RETURN_IF_ERROR(files.Remove(path));
    }
  }
  absl::Status started = writer->StartSegment();
  if (absl::IsResourceExhausted(started)) started = writer->StartReserveSegment();
  GANNET_RETURN_IF_ERROR(started);
  if (!writer->disk_full_ && writer->reserve_path_.empty())
    GANNET_RETURN_IF_ERROR(writer->SetReserveAside());
  return writer;
}

absl::Status SegmentWriter::SetReserveAside() {
  if (options_.reserve_bytes == 0) return absl::OkStatus();
  const std::string path = ReservePath(dir_, options_.reserve_bytes);
  const absl::Status status = files_.Reserve(path, options_.reserve_bytes);
  if (status.ok()) reserve_path_ = path;
  // Less than the reserve is free: what is left is the reserve.
  if (absl::IsResourceExhausted(status)) disk_full_ = true;
  if (absl::IsResourceExhausted(status) || absl::IsUnimplemented(status)) return absl::OkStatus();
  return status;
}

std::string SegmentWriter::Header() const {
  return EncodeHeader(SegmentHeader{info_, last_sequence_ + 1, last_time_, previous_chain_});
}

absl::Status SegmentWriter::UseSegment(std::string path, const std::string& header) {
  GANNET_ASSIGN_OR_RETURN(file_, files_.OpenAppend(path));
  path_ = std::move(path);
  chain_ = NextChain(previous_chain_, header);
  ++segments_;
  return Prepare();
}

absl::Status SegmentWriter::Prepare() {
  const uint64_t left = options_.segment_bytes - std::min(options_.segment_bytes, file_->size());
  const uint64_t wanted = std::min(options_.prepare_bytes, left);
  if (disk_full_ || file_->prepared() >= wanted / 2) return absl::OkStatus();
  const absl::Status status = file_->Prepare(wanted);
  disk_full_ = absl::IsResourceExhausted(status);
  return disk_full_ ? absl::OkStatus() : status;
}

// A segment without batches is replaced by the next one, which has the same name:
// that one continues what came before both.
absl::Status SegmentWriter::EndSegment() {
  if (batches_in_segment_ > 0) previous_chain_ = chain_;
  batches_in_segment_ = 0;
  // Zeros belong behind the newest segment only.
  if (file_ == nullptr || file_->prepared() == 0) return absl::OkStatus();
  return files_.Truncate(path_, file_->size());
}

// The name appears with a complete header or not at all, so that a bad header is
// always damage.
absl::Status SegmentWriter::StartSegment() {
  GANNET_RETURN_IF_ERROR(EndSegment());
  const std::string path = SegmentPath(dir_, last_sequence_ + 1);
  const std::string header = Header();
  GANNET_RETURN_IF_ERROR(files_.WriteAtomically(path, header));
  return UseSegment(path, header);
}

absl::Status SegmentWriter::StartReserveSegment() {
  disk_full_ = true;
  if (reserve_path_.empty()) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the disk of ", dir_, " is full and no reserve is left; free disk space, then restart"));
  }
  GANNET_RETURN_IF_ERROR(EndSegment());
  const std::string path = SegmentPath(dir_, last_sequence_ + 1);
  const std::string header = Header();
  {
    GANNET_ASSIGN_OR_RETURN(const auto reserve, files_.OpenAppend(reserve_path_));
    GANNET_RETURN_IF_ERROR(reserve->Append(header));
    GANNET_RETURN_IF_ERROR(reserve->Sync());
  }
  GANNET_RETURN_IF_ERROR(files_.Rename(std::exchange(reserve_path_, ""), path));
  GANNET_RETURN_IF_ERROR(files_.SyncDir(dir_));
  return UseSegment(path, header);
}

// What of the batch is not in the file yet; its trailer too when it ends here.
absl::Status SegmentWriter::Append(Batch& batch, bool ends) {
  const size_t frames_bytes = batch.frames.size();
  if (ends) {
    next_chain_ = batch.ahead.Finish(chain_, batch.frames);
    AppendTrailer(batch.frames, BatchTrailer{batch.records, batch.first_sequence,
                                             batch.last_sequence, info_.run, next_chain_});
  } else {
    batch.ahead.GatherAll(chain_, batch.frames);
  }
  const absl::Status status = file_->Append(std::string_view(batch.frames).substr(ahead_));
  batch.frames.resize(frames_bytes);
  ahead_ = frames_bytes;
  return status;
}

absl::Status SegmentWriter::Put(Batch& batch, bool ends) {
  if (ahead_ == 0) {
    if (file_->size() >= options_.segment_bytes && !disk_full_) {
      absl::Status started = StartSegment();
      if (absl::IsResourceExhausted(started)) started = StartReserveSegment();
      GANNET_RETURN_IF_ERROR(started);
    }
    batch_at_ = file_->size();
  }
  absl::Status status = Append(batch, ends);
  if (absl::IsResourceExhausted(status) && !reserve_path_.empty()) {
    // All of it is taken back, what was written ahead too, so that the full segment ends
    // behind a batch.
    GANNET_RETURN_IF_ERROR(files_.Truncate(path_, batch_at_));
    GANNET_RETURN_IF_ERROR(StartReserveSegment());
    batch_at_ = file_->size();
    ahead_ = 0;
    status = Append(batch, ends);
  }
  return status;
}

absl::Status SegmentWriter::Write(Batch& batch) {
  GANNET_RETURN_IF_ERROR(Put(batch, /*ends=*/true));
  GANNET_RETURN_IF_ERROR(file_->Sync());
  bytes_ += file_->size() - batch_at_;
  ahead_ = 0;
  chain_ = next_chain_;
  last_sequence_ = batch.last_sequence;
  last_time_ = batch.last_time;
  ++batches_in_segment_;
  return absl::OkStatus();
}

absl::Status SegmentWriter::Close() {
  const uint64_t before = file_->size();
  std::string mark;
  AppendClose(mark, CloseMark{last_sequence_, info_.run, chain_});
  const absl::Status status = file_->Append(mark);
  // All records are durable without it: on a full disk it is left out.
  if (absl::IsResourceExhausted(status)) return files_.Truncate(path_, before);
  GANNET_RETURN_IF_ERROR(status);
  GANNET_RETURN_IF_ERROR(file_->Sync());
  return files_.Truncate(path_, file_->size());
}

}  // namespace gannet::journal
