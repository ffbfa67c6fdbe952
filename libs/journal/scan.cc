#include "libs/journal/scan.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::journal {
namespace {

constexpr size_t kChunkBytes = 256u << 10;

bool OnlyZeros(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace

absl::Status Damage::ToStatus() const {
  const std::string message = absl::StrCat(file, " at byte ", offset, ": ", reason);
  if (newer_format) return absl::FailedPreconditionError(message);
  return absl::DataLossError(absl::StrCat(message,
                                          "; run `gannet journal verify` on the folder, and "
                                          "restore the file from a copy or start with --fresh"));
}

absl::StatusOr<std::unique_ptr<SegmentScan>> SegmentScan::Open(base::Files& files,
                                                               NumberedFile file) {
  auto scan = std::unique_ptr<SegmentScan>(new SegmentScan(files, std::move(file)));
  GANNET_RETURN_IF_ERROR(scan->ReadHeader());
  return scan;
}

absl::Status SegmentScan::ReadHeader() {
  for (size_t wanted = 4096;;) {
    size_t length = 0;
    const absl::StatusOr<SegmentHeader> header = DecodeHeader(buffer_, &length);
    if (header.ok()) {
      header_ = *header;
      header_ok_ = true;
      begin_ = length;
      valid_bytes_ = length;
      next_sequence_ = header_.first_sequence;
      last_time_ = header_.previous_time;
      chain_ = NextChain(header_.previous_chain, std::string_view(buffer_).substr(0, length));
      if (header_.first_sequence == file_.number) return absl::OkStatus();
      header_ok_ = false;
      Damaged(0, "the segment starts at another sequence than its name says");
      return absl::OkStatus();
    }
    if (absl::IsOutOfRange(header.status())) {
      GANNET_ASSIGN_OR_RETURN(const bool more, ReadMore(wanted));
      wanted = std::min(4 * wanted, kMaxHeaderBytes);
      if (more) continue;
    }
    Damaged(0,
            std::string_view(header.status().message().data(), header.status().message().size()));
    damage_.newer_format = absl::IsFailedPrecondition(header.status());
    return absl::OkStatus();
  }
}

SegmentScan::Step SegmentScan::Damaged(size_t at, std::string_view reason) {
  damage_ =
      Damage{file_.path, buffer_offset_ + at, std::string(reason), false, valid_bytes_, false};
  return Step::kDamage;
}

// Reads up to `wanted` bytes more; false at the end of the file.
absl::StatusOr<bool> SegmentScan::ReadMore(size_t wanted) {
  GANNET_ASSIGN_OR_RETURN(const std::string more,
                          files_.ReadRange(file_.path, buffer_offset_ + buffer_.size(), wanted));
  buffer_ += more;
  return !more.empty();
}

std::string_view SegmentScan::TakeRecord(const Frame& frame, size_t at) {
  uint64_t first = frame.sequence;
  if (frame.type == RecordType::kGap) {
    const uint64_t count = GapCount(frame.payload);
    if (count == 0 || count > frame.sequence) return "a gap is malformed";
    first = frame.sequence - count + 1;
    dropped_ += count;
  }
  if (first != batch_next_sequence_) return "a record does not follow the one before it";
  batch_next_sequence_ = frame.sequence + 1;
  batch_last_time_ = frame.time;
  records_.push_back(
      {at, frame.bytes, frame.sequence, frame.type, frame.time, frame.channel.size()});
  return {};
}

std::string_view SegmentScan::TakeTrailer(const Frame& frame, size_t at) {
  const base::Sha256Digest chain =
      NextChain(chain_, std::string_view(buffer_).substr(begin_, at - begin_));
  const BatchTrailer expected{static_cast<uint32_t>(records_.size()), next_sequence_,
                              batch_next_sequence_ - 1, header_.info.run, chain};
  if (records_.empty() || frame.trailer != expected)
    return "a batch does not fit its trailer (hash chain broken)";
  begin_ = at + frame.bytes;
  valid_bytes_ = buffer_offset_ + begin_;
  next_sequence_ = batch_next_sequence_;
  chain_ = chain;
  last_time_ = batch_last_time_;
  ++batches_;
  return {};
}

absl::StatusOr<SegmentScan::Step> SegmentScan::Next() {
  if (!header_ok_) return Step::kDamage;
  records_.clear();
  dropped_ = 0;
  batch_next_sequence_ = next_sequence_;
  batch_last_time_ = last_time_;
  if (begin_ > kChunkBytes) {  // what was handed out before
    buffer_.erase(0, begin_);
    buffer_offset_ += begin_;
    begin_ = 0;
  }
  // What lies behind the last good batch may have changed by the next call.
  const auto forget = [&] {
    buffer_.clear();
    buffer_offset_ = valid_bytes_;
    begin_ = 0;
    records_.clear();
  };
  const auto end = [&] {
    forget();
    return Step::kEnd;
  };
  const auto damaged = [&](size_t at, std::string_view reason) -> absl::StatusOr<Step> {
    Damaged(at, reason);
    forget();
    GANNET_ASSIGN_OR_RETURN(const bool behind, ValidFrameBehind(damage_.offset));
    damage_.tail_only = !behind && !closed_;
    return Step::kDamage;
  };
  for (size_t at = begin_;;) {
    size_t needed = 0;
    const absl::StatusOr<Frame> frame = DecodeFrame(std::string_view(buffer_).substr(at), &needed);
    if (absl::IsOutOfRange(frame.status())) {
      const size_t have = buffer_.size() - at;
      if (at - begin_ + needed > kMaxBatchBytes)
        return damaged(at, "a batch is longer than any batch can be");
      GANNET_ASSIGN_OR_RETURN(const bool more, ReadMore(std::max(needed - have, kChunkBytes)));
      if (more) continue;
      if (at == begin_ && OnlyZeros(std::string_view(buffer_).substr(at))) return end();
      return damaged(at, "the last batch is incomplete");
    }
    if (!frame.ok() && at == begin_) {
      GANNET_ASSIGN_OR_RETURN(const bool unwritten, OnlyZerosBehind(valid_bytes_));
      if (unwritten) return end();
    }
    if (!frame.ok())
      return damaged(
          at, std::string_view(frame.status().message().data(), frame.status().message().size()));
    if (closed_) return damaged(at, "bytes follow the close mark");
    if (frame->kind == FrameKind::kClose) {
      const CloseMark expected{next_sequence_ - 1, header_.info.run, chain_};
      if (at != begin_ || frame->close != expected)
        return damaged(at, "the close mark does not fit");
      closed_ = true;
      at = begin_ = at + frame->bytes;
      valid_bytes_ = buffer_offset_ + begin_;
      continue;
    }
    const bool trailer = frame->kind == FrameKind::kTrailer;
    const std::string_view fault = trailer ? TakeTrailer(*frame, at) : TakeRecord(*frame, at);
    if (!fault.empty()) return damaged(at, fault);
    if (trailer) return Step::kBatch;
    at += frame->bytes;
  }
}

Record SegmentScan::record(size_t index) const {
  const RecordAt& at = records_[index];
  const std::string_view frame = std::string_view(buffer_).substr(at.at, at.bytes);
  const size_t channel_at = RecordFrameBytes({}, {});
  return Record{at.sequence, at.type, at.time,
                std::string(frame.substr(channel_at, at.channel_bytes)),
                std::string(frame.substr(channel_at + at.channel_bytes))};
}

absl::StatusOr<bool> SegmentScan::OnlyZerosBehind(uint64_t offset) {
  for (;;) {
    GANNET_ASSIGN_OR_RETURN(const std::string chunk,
                            files_.ReadRange(file_.path, offset, kChunkBytes));
    if (chunk.empty()) return true;
    if (!OnlyZeros(chunk)) return false;
    offset += chunk.size();
  }
}

absl::StatusOr<bool> SegmentScan::ValidFrameBehind(uint64_t offset) {
  // A batch is written only once the one before it is on stable storage. So a
  // later trailer proves that the damaged bytes were once good, while the
  // trailer of the damaged batch itself proves nothing: parts of an unfinished
  // write may arrive in any order.
  constexpr size_t kWindow = std::max(kTrailerFrameBytes, kCloseFrameBytes);
  std::string window;
  for (uint64_t at = offset;;) {
    GANNET_ASSIGN_OR_RETURN(const std::string chunk, files_.ReadRange(file_.path, at, kChunkBytes));
    if (chunk.empty()) return false;
    at += chunk.size();
    window += chunk;
    for (size_t i = 0; i + kCloseFrameBytes <= window.size(); ++i) {
      uint32_t length = 0;
      std::memcpy(&length, window.data() + i, sizeof length);
      if (length != kTrailerFrameBytes - kFramePrefixBytes &&
          length != kCloseFrameBytes - kFramePrefixBytes)
        continue;
      size_t needed = 0;
      const absl::StatusOr<Frame> frame = DecodeFrame(std::string_view(window).substr(i), &needed);
      if (!frame.ok()) continue;
      if (frame->kind == FrameKind::kTrailer && frame->trailer.run == header_.info.run &&
          frame->trailer.first_sequence > next_sequence_) {
        return true;
      }
      if (frame->kind == FrameKind::kClose && frame->close.run == header_.info.run) return true;
    }
    if (window.size() >= kWindow) window.erase(0, window.size() - (kWindow - 1));
  }
}

absl::StatusOr<std::optional<uint64_t>> StatedRun(base::Files& files, const Layout& layout) {
  for (auto file = layout.segments.rbegin(); file != layout.segments.rend(); ++file) {
    GANNET_ASSIGN_OR_RETURN(const auto segment, SegmentScan::Open(files, *file));
    if (segment->header_ok()) return segment->header().info.run;
  }
  return std::nullopt;
}

// --- JournalScan --------------------------------------------------------------

absl::Status JournalScan::OpenSegment(size_t index) {
  GANNET_ASSIGN_OR_RETURN(std::unique_ptr<SegmentScan> segment,
                          SegmentScan::Open(files_, layout_.segments[index]));
  index_ = index;
  previous_ = std::move(segment_);
  segment_ = std::move(segment);
  return absl::OkStatus();
}

absl::Status JournalScan::Start(uint64_t sequence) {
  GANNET_ASSIGN_OR_RETURN(layout_, ListJournal(files_, dir_));
  if (layout_.segments.empty()) {
    return absl::NotFoundError(absl::StrCat("there is no journal in ", dir_, "; check the folder"));
  }
  first_sequence_ = layout_.segments.front().number;
  size_t index = 0;
  if (sequence > 0) {
    if (sequence < first_sequence_) {
      return absl::OutOfRangeError(absl::StrCat("the journal in ", dir_, " begins at record ",
                                                first_sequence_,
                                                "; the records before were pruned"));
    }
    while (index + 1 < layout_.segments.size() && layout_.segments[index + 1].number <= sequence)
      ++index;
  }
  broken_link_ = false;
  damage_ = Damage();
  segment_.reset();
  GANNET_RETURN_IF_ERROR(OpenSegment(index));
  previous_.reset();
  if (segment_->header_ok()) {
    run_ = segment_->header().info.run;
    if (segment_->header().first_sequence == 1 &&
        segment_->header().previous_chain != base::Sha256Digest{}) {
      broken_link_ = true;
      damage_ = Damage{
          segment_->file().path, 0, "the first segment names one before it", false, 0, false};
    }
  }
  return absl::OkStatus();
}

// Does segment_ follow previous_? Damage if not.
bool JournalScan::Continues() {
  if (previous_ == nullptr || !segment_->header_ok()) return true;
  const SegmentHeader& header = segment_->header();
  Damage damage{segment_->file().path, 0, "", false, 0, false};
  if (header.info.run != run_) {
    damage.reason = "the segment belongs to another journal";
  } else if (header.first_sequence > previous_->next_sequence()) {
    damage.file = previous_->file().path;
    damage.offset = damage.valid_bytes = previous_->valid_bytes();
    damage.reason =
        absl::StrCat("records ", previous_->next_sequence(), " to ", header.first_sequence - 1,
                     " are missing at the end of the segment");
  } else if (header.first_sequence < previous_->next_sequence() ||
             header.previous_chain != previous_->chain()) {
    damage.reason = "the segment does not continue the one before it (hash chain broken)";
  } else {
    previous_.reset();
    return true;
  }
  damage_ = damage;
  broken_link_ = true;
  return false;
}

absl::StatusOr<JournalScan::Step> JournalScan::Next() {
  if (broken_link_) return Step::kDamage;
  for (bool again = false;;) {
    GANNET_ASSIGN_OR_RETURN(const Step step, segment_->Next());
    if (step == Step::kBatch) return step;
    if (step == Step::kDamage) {
      // A writer at work may have finished the batch while it was looked at.
      if (!segment_->damage().tail_only && segment_->header_ok() && !std::exchange(again, true))
        continue;
      damage_ = segment_->damage();
      if (index_ + 1 < layout_.segments.size()) damage_.tail_only = false;
      return step;
    }
    if (index_ + 1 == layout_.segments.size()) {
      // A newer segment may have been opened since; what came into this one
      // before that is read first.
      GANNET_ASSIGN_OR_RETURN(Layout layout, ListJournal(files_, dir_));
      size_t newer = 0;
      while (newer < layout.segments.size() &&
             layout.segments[newer].number <= segment_->file().number)
        ++newer;
      if (newer == layout.segments.size()) return Step::kEnd;
      layout_ = std::move(layout);
      index_ = newer - 1;
      continue;
    }
    GANNET_RETURN_IF_ERROR(OpenSegment(index_ + 1));
    if (!Continues()) return Step::kDamage;
  }
}

}  // namespace gannet::journal
