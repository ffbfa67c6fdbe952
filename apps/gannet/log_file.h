// The program's log in a file of the data folder, while the terminal shows the
// view. Two files, the older one replaced when the newer is full; where that cannot be
// done, no lines are added. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "libs/base/files.h"

namespace gannet::app {

class LogFile {
 public:
  static constexpr uint64_t kMostBytes = 16u << 20;  // each

  LogFile(base::Files& files, std::string path) : files_(files), path_(std::move(path)) {}
  // A line that cannot be written, or has no room, is counted; logging never stops the program.
  void Write(std::string_view line);
  uint64_t lost_lines() const;
  const std::string& path() const { return path_; }

 private:
  base::Files& files_;
  const std::string path_;
  mutable std::mutex mutex_;  // of what is below
  std::unique_ptr<base::AppendFile> file_;
  uint64_t lost_lines_ = 0;
};

}  // namespace gannet::app
