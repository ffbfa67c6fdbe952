#include "services/ingest/news_file_tail.h"

#include <algorithm>

#include "libs/base/status.h"

namespace gannet::ingest {

void NewsFileTail::Start() {
  running_ = true;
  Look();
}

void NewsFileTail::Stop() {
  running_ = false;
  executor_.Cancel(timer_);
  timer_ = base::TimerId::kNone;
}

void NewsFileTail::Look() {
  hooks_.problem(ReadOn());
  if (running_) timer_ = executor_.After(config_.interval, [this] { Look(); });
}

absl::Status NewsFileTail::ReadOn() {
  GANNET_ASSIGN_OR_RETURN(const uint64_t size, files_.Size(config_.path));
  if (size < hooks_.offset()) hooks_.truncated();
  for (int piece = 0; piece < kMaxPiecesAtOnce && hooks_.offset() < size; ++piece) {
    const uint64_t offset = hooks_.offset();
    const size_t length = static_cast<size_t>(std::min<uint64_t>(size - offset, kFilePieceBytes));
    GANNET_ASSIGN_OR_RETURN(const std::string bytes,
                            files_.ReadRange(config_.path, offset, length));
    const size_t last = bytes.rfind('\n');
    if (last != std::string::npos) {
      hooks_.lines(std::string_view(bytes).substr(0, last + 1));
    } else if (bytes.size() >= kFilePieceBytes) {
      hooks_.lines(bytes);  // no line is so long: the engine rejects it and goes on behind it
    } else {
      break;  // the rest of the line is still being written
    }
  }
  return absl::OkStatus();
}

}  // namespace gannet::ingest
