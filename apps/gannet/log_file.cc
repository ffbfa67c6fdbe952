#include "apps/gannet/log_file.h"

#include <utility>

namespace gannet::app {

void LogFile::Write(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (file_ != nullptr && file_->size() > kMostBytes) {
    if (!files_.Rename(path_, path_ + ".1").ok()) {
      ++lost_lines_;
      return;
    }
    file_.reset();
  }
  if (file_ == nullptr) {
    auto opened = files_.OpenAppend(path_);
    if (opened.ok()) file_ = *std::move(opened);
  }
  std::string text(line);
  text += '\n';
  if (file_ == nullptr || !file_->Append(text).ok()) ++lost_lines_;
}

uint64_t LogFile::lost_lines() const {
  const std::lock_guard lock(mutex_);
  return lost_lines_;
}

}  // namespace gannet::app
