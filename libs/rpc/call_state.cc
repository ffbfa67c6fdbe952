#include "libs/rpc/call_state.h"

#include <algorithm>

namespace gannet::rpc {

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

bool FromBuffer(const grpc::ByteBuffer& buffer, std::string& bytes) {
  grpc::Slice slice;
  if (!buffer.DumpToSingleSlice(&slice).ok()) return false;
  bytes.assign(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return true;
}

base::Duration CallState::time_left() const {
  const auto left = deadline_ - std::chrono::system_clock::now();
  return std::clamp(std::chrono::duration_cast<base::Duration>(left), base::Duration(0),
                    kMaxDeadline);
}

void CallState::Advance() {
  Reactor* reactor = nullptr;
  bool write = false;
  std::optional<grpc::Status> finish;
  {
    const std::lock_guard lock(mutex_);
    if (busy_ || reactor_ == nullptr) return;
    reactor = reactor_;
    write = !queue_.empty();
    if (write) {
      current_ = std::move(queue_.front());
      queue_.pop_front();
      busy_ = true;
    }
    if (queue_.empty() && finish_) {
      finish = finish_;
      reactor_ = nullptr;  // nothing touches it after this
    }
    if (!write && !finish) return;
  }
  if (write && finish) {
    reactor->StartWriteAndFinish(&current_, grpc::WriteOptions(), *finish);
  } else if (write) {
    reactor->StartWrite(&current_);
  } else {
    reactor->Finish(*finish);
  }
}

void CallState::Written(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    if (!ok) {
      queue_.clear();
      if (!finish_) finish_ = grpc::Status(grpc::StatusCode::CANCELLED, "the client has gone");
    }
  }
  Advance();
}

void CallState::Over() {
  std::vector<std::function<void()>> on_end;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    if (!finish_) finish_ = grpc::Status(grpc::StatusCode::CANCELLED, "");
    on_end.swap(on_end_);
  }
  for (auto& done : on_end) executor_.Post(std::move(done));
}

std::chrono::system_clock::time_point DeadlineOf(const grpc::GenericCallbackServerContext& context,
                                                 bool stream) {
  using Clock = std::chrono::system_clock;
  const Clock::time_point asked = context.deadline();
  if (stream) return asked;
  const Clock::time_point now = Clock::now();
  const bool none = asked == Clock::time_point::max() || asked > now + std::chrono::hours(24);
  return none ? now + std::chrono::duration_cast<Clock::duration>(kDefaultDeadline)
              : std::min(asked, now + std::chrono::duration_cast<Clock::duration>(kMaxDeadline));
}

}  // namespace gannet::rpc
