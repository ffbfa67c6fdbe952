// One call as gRPC's threads and the executor's share it. Private to the server.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/base/executor.h"
#include "libs/rpc/error.h"
#include "libs/rpc/server.h"

namespace gannet::rpc {

grpc::ByteBuffer ToBuffer(const std::string& bytes);
bool FromBuffer(const grpc::ByteBuffer& buffer, std::string& bytes);

class Reactor;

// What the executor holds of a call. Messages and the end wait here until the wire
// takes them; gRPC's operations run outside the lock, one at a time.
class CallState : public Call, public std::enable_shared_from_this<CallState> {
 public:
  CallState(base::Executor& executor, std::string method, Caller caller,
            std::chrono::system_clock::time_point deadline)
      : executor_(executor),
        method_(std::move(method)),
        caller_(std::move(caller)),
        deadline_(deadline) {}

  const Caller& caller() const override { return caller_; }
  std::string_view method() const override { return method_; }
  base::Duration time_left() const override;
  // Of a call that has ended; OK before.
  grpc::StatusCode code() const {
    const std::lock_guard lock(mutex_);
    return finish_ ? finish_->error_code() : grpc::StatusCode::OK;
  }
  bool ended() const override {
    const std::lock_guard lock(mutex_);
    return finish_.has_value();
  }
  void Reply(const google::protobuf::Message& response) override {
    ReplyBytes(response.SerializeAsString());
  }
  void ReplyBytes(std::string bytes) {
    if (answer_) answer_(bytes);
    {
      const std::lock_guard lock(mutex_);
      if (finish_) return;
      queue_.push_back(ToBuffer(bytes));
      finish_ = grpc::Status::OK;
    }
    Advance();
  }
  bool Write(const google::protobuf::Message& message) override {
    return WriteBytes(message.SerializeAsString());
  }
  bool WriteBytes(const std::string& bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (finish_ || queue_.size() >= kMaxQueuedMessages) return false;
      queue_.push_back(ToBuffer(bytes));
    }
    Advance();
    return true;
  }
  size_t queued() const override {
    const std::lock_guard lock(mutex_);
    return queue_.size();
  }
  void End(const absl::Status& status) override {
    if (answer_) answer_(status);
    EndWith(ToGrpc(status));
  }
  void EndWith(grpc::Status status) {
    {
      const std::lock_guard lock(mutex_);
      if (finish_) return;
      if (!status.ok()) queue_.clear();
      finish_ = std::move(status);
    }
    Advance();
  }
  void OnEnd(std::function<void()> done) override {
    bool over = false;
    {
      const std::lock_guard lock(mutex_);
      over = over_;
      if (!over) on_end_.push_back(std::move(done));
    }
    if (over) executor_.Post(std::move(done));
  }
  // Hears the answer before it leaves; executor's thread.
  void HearAnswer(std::function<void(const absl::StatusOr<std::string>&)> answer) {
    answer_ = [answer = std::move(answer),
               told = false](const absl::StatusOr<std::string>& result) mutable {
      if (!std::exchange(told, true)) answer(result);
    };
  }

  // --- gRPC's side -----------------------------------------------------------
  void Attach(Reactor* reactor) { reactor_ = reactor; }
  void Advance();
  void Written(bool ok);
  void Over();

 private:
  base::Executor& executor_;
  const std::string method_;
  const Caller caller_;
  const std::chrono::system_clock::time_point deadline_;
  std::function<void(const absl::StatusOr<std::string>&)> answer_;

  mutable std::mutex mutex_;
  Reactor* reactor_ = nullptr;  // until the end is handed to gRPC
  std::deque<grpc::ByteBuffer> queue_;
  std::optional<grpc::Status> finish_;
  bool busy_ = false;  // an operation of gRPC is under way
  bool over_ = false;
  grpc::ByteBuffer current_;
  std::vector<std::function<void()>> on_end_;
};

class Reactor : public grpc::ServerGenericBidiReactor {
 public:
  using OnMessage = std::function<void(std::string bytes)>;

  Reactor(std::shared_ptr<CallState> call, std::atomic<size_t>& calls)
      : call_(std::move(call)), calls_(calls) {
    ++calls_;
    call_->Attach(this);
  }
  // `many`: every message; otherwise the first.
  void Read(bool many, OnMessage on_message) {
    many_ = many;
    on_message_ = std::move(on_message);
    StartRead(&incoming_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) {
      if (many_) return call_->EndWith(grpc::Status::OK);
      return call_->EndWith(ToGrpc(absl::InvalidArgumentError("the call has no message")));
    }
    std::string bytes;
    if (!FromBuffer(incoming_, bytes))
      return call_->EndWith(ToGrpc(absl::InvalidArgumentError("the message cannot be read")));
    on_message_(std::move(bytes));
    if (many_) StartRead(&incoming_);
  }
  void OnWriteDone(bool ok) override { call_->Written(ok); }
  void OnCancel() override { call_->EndWith({grpc::StatusCode::CANCELLED, "the client has gone"}); }
  void OnDone() override {
    --calls_;
    call_->Over();
    delete this;
  }

 private:
  const std::shared_ptr<CallState> call_;
  std::atomic<size_t>& calls_;
  bool many_ = false;
  OnMessage on_message_;
  grpc::ByteBuffer incoming_;
};

// When a call ends at the latest. No deadline, or one far away, is the longest of ours.
std::chrono::system_clock::time_point DeadlineOf(const grpc::GenericCallbackServerContext& context,
                                                 bool stream);

}  // namespace gannet::rpc
