#include "libs/base/line_reader.h"

#include <zlib.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "libs/base/concat.h"
#include "libs/base/status.h"

namespace gannet::base {
namespace {

constexpr size_t kBlockBytes = 256u << 10;
constexpr size_t kOutputBytes = 256u << 10;
constexpr size_t kQuotedBytes = 64;  // kept of a line that is too long

}  // namespace

class LineReader::Impl {
 public:
  Impl(Files& files, std::string path, uint64_t size, size_t max_line_bytes)
      : files_(files), path_(std::move(path)), size_(size), max_line_bytes_(max_line_bytes) {}
  ~Impl() {
    if (inflating_) inflateEnd(&stream_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  absl::Status Start();
  absl::StatusOr<std::optional<Line>> Next();
  bool truncated() const { return truncated_; }

 private:
  // More text into text_; false at the end of the file.
  absl::StatusOr<bool> Fill();
  absl::StatusOr<bool> FillBlock();
  absl::StatusOr<bool> Inflate();
  absl::Status Damaged(std::string_view what) const;
  Line Take(size_t length, size_t separator);

  Files& files_;
  const std::string path_;
  const uint64_t size_;
  const size_t max_line_bytes_;
  uint64_t offset_ = 0;
  bool gzip_ = false, inflating_ = false, member_done_ = false, truncated_ = false;
  absl::Status failure_;
  z_stream stream_{};
  std::string block_;  // compressed bytes not yet inflated are at stream_.next_in
  std::string text_;   // not yet returned from position_ on
  size_t position_ = 0, searched_ = 0;
  bool skipping_ = false;  // inside a line that is too long
  std::string quoted_;
  uint64_t number_ = 0;
};

absl::Status LineReader::Impl::Damaged(std::string_view what) const {
  return absl::DataLossError(Concat({path_, ": ", what, " after line ", std::to_string(number_),
                                     "; copy the file again or cut it there"}));
}

absl::Status LineReader::Impl::Start() {
  GANNET_ASSIGN_OR_RETURN(const std::string head,
                          files_.ReadRange(path_, 0, std::min<uint64_t>(2, size_)));
  gzip_ = head.size() == 2 && head[0] == '\x1f' && head[1] == '\x8b';
  if (!gzip_) return absl::OkStatus();
  constexpr int kGzipOnly = 16;
  if (inflateInit2(&stream_, 15 + kGzipOnly) != Z_OK)
    return absl::ResourceExhaustedError("no memory to inflate a file");
  inflating_ = true;
  return absl::OkStatus();
}

absl::StatusOr<bool> LineReader::Impl::FillBlock() {
  if (offset_ >= size_) return false;
  GANNET_ASSIGN_OR_RETURN(
      block_, files_.ReadRange(path_, offset_, std::min<uint64_t>(kBlockBytes, size_ - offset_)));
  if (block_.empty()) return false;
  offset_ += block_.size();
  return true;
}

absl::StatusOr<bool> LineReader::Impl::Inflate() {
  for (;;) {
    if (stream_.avail_in == 0) {
      GANNET_ASSIGN_OR_RETURN(const bool more, FillBlock());
      if (!more) {
        truncated_ = !member_done_;
        if (truncated_) return Damaged("the compressed data ends in the middle");
        return false;
      }
      stream_.next_in = reinterpret_cast<Bytef*>(block_.data());
      stream_.avail_in = static_cast<uInt>(block_.size());
    }
    if (member_done_) {  // another member follows
      inflateReset(&stream_);
      member_done_ = false;
    }
    const size_t before = text_.size();
    text_.resize(before + kOutputBytes);
    stream_.next_out = reinterpret_cast<Bytef*>(text_.data() + before);
    stream_.avail_out = kOutputBytes;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    text_.resize(before + kOutputBytes - stream_.avail_out);
    member_done_ = result == Z_STREAM_END;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      failure_ = Damaged("the compressed data is damaged");
      return text_.size() > before ? absl::StatusOr<bool>(true) : absl::StatusOr<bool>(failure_);
    }
    if (text_.size() > before) return true;
  }
}

absl::StatusOr<bool> LineReader::Impl::Fill() {
  GANNET_RETURN_IF_ERROR(failure_);
  text_.erase(0, position_);
  searched_ -= position_;
  position_ = 0;
  if (gzip_) return Inflate();
  GANNET_ASSIGN_OR_RETURN(const bool more, FillBlock());
  if (more) text_.append(block_);
  return more;
}

Line LineReader::Impl::Take(size_t length, size_t separator) {
  Line line{std::string_view(text_).substr(position_, length), ++number_, skipping_};
  position_ += length + separator;
  searched_ = position_;
  if (skipping_) {
    line.text = quoted_;
    skipping_ = false;
  } else if (!line.text.empty() && line.text.back() == '\r') {
    line.text.remove_suffix(1);
  }
  return line;
}

absl::StatusOr<std::optional<Line>> LineReader::Impl::Next() {
  for (;;) {
    const size_t newline = text_.find('\n', searched_);
    if (newline != std::string::npos) return std::optional<Line>(Take(newline - position_, 1));
    searched_ = text_.size();
    if (text_.size() - position_ > max_line_bytes_) {
      if (!skipping_) quoted_ = text_.substr(position_, kQuotedBytes);
      skipping_ = true;
      position_ = searched_;
    }
    GANNET_ASSIGN_OR_RETURN(const bool more, Fill());
    if (more) continue;
    if (position_ == text_.size() && !skipping_) return std::optional<Line>();
    return std::optional<Line>(Take(text_.size() - position_, 0));
  }
}

LineReader::LineReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LineReader::~LineReader() = default;

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(Files& files, std::string path,
                                                             size_t max_line_bytes) {
  GANNET_ASSIGN_OR_RETURN(const uint64_t size, files.Size(path));
  auto impl = std::make_unique<Impl>(files, std::move(path), size, max_line_bytes);
  GANNET_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<LineReader>(new LineReader(std::move(impl)));
}

absl::StatusOr<std::optional<Line>> LineReader::Next() { return impl_->Next(); }
bool LineReader::truncated() const { return impl_->truncated(); }

}  // namespace gannet::base
