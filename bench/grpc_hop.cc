#include "bench/grpc_hop.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "libs/base/check.h"
#include "libs/base/temp_dir_for_test.h"

namespace gannet::bench {
namespace {

class Echo : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    class Reactor : public grpc::ServerGenericBidiReactor {
     public:
      Reactor() { StartRead(&bytes_); }
      void OnReadDone(bool) override {
        StartWriteAndFinish(&bytes_, grpc::WriteOptions(), grpc::Status::OK);
      }
      void OnDone() override { delete this; }

     private:
      grpc::ByteBuffer bytes_;
    };
    return new Reactor;
  }
};

}  // namespace

struct GrpcHop::Parts {
  base::TempDirForTest folder;
  Echo echo;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<grpc::GenericStub> stub;
  grpc::CompletionQueue queue;
  grpc::ByteBuffer request;
};

GrpcHop::GrpcHop(const std::string& request) : parts_(std::make_unique<Parts>()) {
  const std::string address = "unix:" + parts_->folder.path() + "/hop.sock";
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&parts_->echo);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  parts_->server = builder.BuildAndStart();
  GANNET_CHECK(parts_->server != nullptr, "the echo did not start");
  parts_->stub = std::make_unique<grpc::GenericStub>(
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  const grpc::Slice slice(request);
  parts_->request = grpc::ByteBuffer(&slice, 1);
}

GrpcHop::~GrpcHop() {
  parts_->server->Shutdown();
  parts_->queue.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (parts_->queue.Next(&tag, &ok)) {
  }
}

void GrpcHop::Call() {
  grpc::ClientContext context;
  grpc::ByteBuffer answer;
  grpc::Status status;
  const auto call =
      parts_->stub->PrepareUnaryCall(&context, "/bench.Hop/Call", parts_->request, &parts_->queue);
  call->StartCall();
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  GANNET_CHECK(parts_->queue.Next(&tag, &ok) && ok && status.ok(), "the echo did not answer");
}

}  // namespace gannet::bench
