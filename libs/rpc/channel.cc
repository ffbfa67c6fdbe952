#include "libs/rpc/channel.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/sync_stream.h>

#include <fstream>

#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "libs/rpc/error.h"

namespace gannet::rpc {
namespace {

using google::protobuf::Message;

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in || text.empty())
    return absl::InvalidArgumentError(base::Concat({path, " cannot be read; check the path"}));
  return text;
}

void Prepare(grpc::ClientContext& context, const std::string& token, base::Duration deadline) {
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  if (deadline > base::Duration(0)) {
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::duration_cast<std::chrono::system_clock::duration>(deadline));
  }
}

}  // namespace

absl::StatusOr<Channel> Channel::Open(ChannelOptions options) {
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!options.tls.client_ca.empty()) {
    grpc::SslCredentialsOptions ssl;
    GANNET_ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadPem(options.tls.client_ca));
    GANNET_ASSIGN_OR_RETURN(ssl.pem_cert_chain, ReadPem(options.tls.certificate));
    GANNET_ASSIGN_OR_RETURN(ssl.pem_private_key, ReadPem(options.tls.key));
    credentials = grpc::SslCredentials(ssl);
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  if (!options.server_name.empty()) arguments.SetSslTargetNameOverride(options.server_name);
  if (options.connect_limit > base::Duration(0)) {
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(options.connect_limit);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(limit.count()));
  }
  Channel channel;
  channel.channel_ = grpc::CreateCustomChannel(options.target, credentials, arguments);
  channel.token_ = std::move(options.token);
  return channel;
}

absl::Status Channel::Call(std::string_view method, const Message& request, Message& response,
                           base::Duration deadline) {
  grpc::ClientContext context;
  Prepare(context, token_, deadline);
  const std::string path = base::Concat({"/", method});
  const grpc::internal::RpcMethod rpc(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
  return FromGrpc(grpc::internal::BlockingUnaryCall<Message, Message>(channel_.get(), rpc, &context,
                                                                      request, &response));
}

absl::Status Channel::Stream(std::string_view method, const Message& request, Message& response,
                             base::Duration deadline, const std::function<bool()>& on_message) {
  grpc::ClientContext context;
  Prepare(context, token_, deadline);
  const std::string path = base::Concat({"/", method});
  const grpc::internal::RpcMethod rpc(path.c_str(), grpc::internal::RpcMethod::SERVER_STREAMING);
  const std::unique_ptr<grpc::ClientReader<Message>> reader(
      grpc::internal::ClientReaderFactory<Message>::Create<Message>(channel_.get(), rpc, &context,
                                                                    request));
  bool stopped = false;
  while (!stopped && reader->Read(&response)) stopped = !on_message();
  if (stopped) context.TryCancel();
  const grpc::Status status = reader->Finish();
  return stopped ? absl::OkStatus() : FromGrpc(status);
}

}  // namespace gannet::rpc
