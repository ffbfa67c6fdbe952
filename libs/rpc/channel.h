// The client's side: a channel, and calls by method name. For command line, tests and
// services that call each other. Blocks the calling thread: never the executor's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/base/time.h"
#include "libs/rpc/server.h"

namespace grpc {
class Channel;
}

namespace gannet::rpc {

struct ChannelOptions {
  std::string target;              // "unix:/…/gannet.sock", "127.0.0.1:50051"
  std::string token;               // sent as bearer token; empty: none
  TlsFiles tls;                    // client_ca is here the authority of the server; set: TLS
  std::string server_name;         // in its certificate, when it is not the host's name
  base::Duration connect_limit{};  // of one attempt; 0: gRPC's own, 20 s
};

class Channel {
 public:
  // INVALID_ARGUMENT: TLS files that cannot be read. Connects at the first call.
  static absl::StatusOr<Channel> Open(ChannelOptions options);

  // Deadlines are always set. Retried only by the caller.
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message& response, base::Duration deadline);
  // Calls `on_message` with `response` filled anew until it says false (then OK) or the
  // stream ends. `deadline` 0: none.
  absl::Status Stream(std::string_view method, const google::protobuf::Message& request,
                      google::protobuf::Message& response, base::Duration deadline,
                      const std::function<bool()>& on_message);

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::string token_;
};

}  // namespace gannet::rpc
