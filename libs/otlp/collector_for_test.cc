#include "libs/otlp/collector_for_test.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <mutex>

#include "libs/base/digest.h"
#include "opentelemetry/otlp_trace.pb.h"

namespace gannet::otlp {
namespace {
namespace pb = ::opentelemetry::proto::collector::trace::v1;
}

struct CollectorForTest::Core : public grpc::CallbackGenericService {
  class Reactor : public grpc::ServerGenericBidiReactor {
   public:
    explicit Reactor(Core& core) : core_(core) { StartRead(&request_); }
    void OnReadDone(bool ok) override {
      if (!ok) return Finish({grpc::StatusCode::INVALID_ARGUMENT, "no message"});
      const grpc::Status status = core_.Receive(request_);
      if (core_.hang) return;
      if (!status.ok()) return Finish(status);
      const grpc::Slice empty("");
      response_ = grpc::ByteBuffer(&empty, 1);
      StartWriteAndFinish(&response_, {}, grpc::Status::OK);
    }
    void OnCancel() override {
      if (core_.hang) Finish(grpc::Status::CANCELLED);
    }
    void OnDone() override { delete this; }

   private:
    Core& core_;
    grpc::ByteBuffer request_, response_;
  };

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new Reactor(*this);
  }

  grpc::Status Receive(const grpc::ByteBuffer& buffer) {
    grpc::Slice slice;
    pb::ExportTraceServiceRequest request;
    if (!buffer.DumpToSingleSlice(&slice).ok() ||
        !request.ParseFromArray(slice.begin(), static_cast<int>(slice.size())))
      return {grpc::StatusCode::INVALID_ARGUMENT, "no request of OTLP"};
    const std::lock_guard lock(mutex);
    ++calls;
    if (to_fail > 0) {
      --to_fail;
      return {fail_code, "told to fail"};
    }
    for (const auto& group : request.resource_spans()) {
      std::string service;
      for (const auto& attribute : group.resource().attributes()) {
        if (attribute.key() == "service.name") service = attribute.value().string_value();
      }
      for (const auto& scope : group.scope_spans()) {
        for (const pb::Span& span : scope.spans()) Keep(service, span);
      }
    }
    return grpc::Status::OK;
  }

  void Keep(const std::string& service, const pb::Span& span) {
    ReceivedSpan& kept = spans.emplace_back();
    kept.service = service;
    kept.name = span.name();
    kept.trace = base::Hex(span.trace_id());
    kept.id = base::Hex(span.span_id());
    kept.parent = base::Hex(span.parent_span_id());
    kept.start_ns = span.start_time_unix_nano();
    kept.end_ns = span.end_time_unix_nano();
    kept.error = span.status().code() == pb::Status::STATUS_CODE_ERROR;
    kept.links = static_cast<size_t>(span.links_size());
    for (const auto& attribute : span.attributes()) {
      if (attribute.key() == "gannet.order.id") kept.order = attribute.value().string_value();
    }
  }

  mutable std::mutex mutex;
  std::vector<ReceivedSpan> spans;
  size_t calls = 0;
  int to_fail = 0;
  grpc::StatusCode fail_code = grpc::StatusCode::OK;
  std::atomic<bool> hang = false;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

CollectorForTest::CollectorForTest(uint16_t port) : core_(std::make_unique<Core>()) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                           &core_->port);
  builder.RegisterCallbackGenericService(core_.get());
  core_->server = builder.BuildAndStart();
}

CollectorForTest::~CollectorForTest() {
  core_->server->Shutdown(std::chrono::system_clock::now());
  core_->server->Wait();
}

std::string CollectorForTest::endpoint() const {
  return "http://127.0.0.1:" + std::to_string(core_->port);
}
uint16_t CollectorForTest::port() const { return static_cast<uint16_t>(core_->port); }

void CollectorForTest::FailNext(int code, int count) {
  const std::lock_guard lock(core_->mutex);
  core_->fail_code = static_cast<grpc::StatusCode>(code);
  core_->to_fail = count;
}

void CollectorForTest::Hang() { core_->hang = true; }

std::vector<ReceivedSpan> CollectorForTest::spans() const {
  const std::lock_guard lock(core_->mutex);
  return core_->spans;
}

size_t CollectorForTest::calls() const {
  const std::lock_guard lock(core_->mutex);
  return core_->calls;
}

}  // namespace gannet::otlp
