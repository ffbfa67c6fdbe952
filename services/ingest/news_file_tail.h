// Follows a file of JSON lines that another program appends to: complete lines
// are handed on as recorded inputs, in pieces of bounded size. The place reached
// is the engine's cursor, not this object's.
//
// Lives on the executor's thread; stops when destroyed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/base/executor.h"
#include "libs/base/files.h"
#include "services/ingest/news_config.h"

namespace gannet::ingest {

inline constexpr size_t kFilePieceBytes = 1u << 20;
inline constexpr int kMaxPiecesAtOnce = 16;  // then other work gets its turn

class NewsFileTail {
 public:
  struct Hooks {
    std::function<uint64_t()> offset;                   // bytes done
    std::function<void(std::string_view lines)> lines;  // moves the offset on
    std::function<void()> truncated;                    // sets it to 0
    std::function<void(const absl::Status&)> problem;   // the file cannot be read; OK: it can again
  };
  NewsFileTail(NewsFileConfig config, base::Executor& executor, base::Files& files, Hooks hooks)
      : config_(std::move(config)), executor_(executor), files_(files), hooks_(std::move(hooks)) {}
  ~NewsFileTail() { Stop(); }
  NewsFileTail(const NewsFileTail&) = delete;
  NewsFileTail& operator=(const NewsFileTail&) = delete;

  void Start();
  void Stop();

 private:
  void Look();
  absl::Status ReadOn();

  const NewsFileConfig config_;
  base::Executor& executor_;
  base::Files& files_;
  const Hooks hooks_;
  base::TimerId timer_ = base::TimerId::kNone;
  bool running_ = false;
};

}  // namespace gannet::ingest
