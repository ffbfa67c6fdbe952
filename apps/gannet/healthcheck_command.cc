#include "apps/gannet/healthcheck_command.h"

#include <google/protobuf/wrappers.pb.h>

#include <ostream>
#include <utility>

#include "libs/api/rpc_service.h"
#include "libs/base/status.h"
#include "libs/rpc/channel.h"

namespace gannet::app {
namespace {

// HealthCheckResponse.ServingStatus of the protocol
// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
constexpr int kServing = 1;

// A request is one string and an answer one enum, each in field 1: on the wire they are
// the wrapper types.
absl::StatusOr<int> Ask(const HealthcheckOptions& options, const std::string& target) {
  rpc::ChannelOptions to;
  to.target = target;
  to.tls = {options.certificate_file, options.key_file, options.ca_file};
  to.server_name = options.server_name;
  to.connect_limit = options.timeout;
  GANNET_ASSIGN_OR_RETURN(rpc::Channel channel, rpc::Channel::Open(std::move(to)));
  google::protobuf::StringValue request;
  request.set_value(options.service);
  google::protobuf::Int32Value response;
  GANNET_RETURN_IF_ERROR(
      channel.Call("grpc.health.v1.Health/Check", request, response, options.timeout));
  return response.value();
}

}  // namespace

int CheckHealth(const HealthcheckOptions& options, Console console) {
  const std::string socket = options.data_dir + "/" + api::kSocketName;
  if (options.address.empty() && !console.files.Exists(socket)) {
    console.err << "gannet: nothing runs on " << options.data_dir << " (no " << api::kSocketName
                << " there)\n";
    return kHealthUnreachable;
  }
  const auto status = Ask(options, options.address.empty() ? "unix:" + socket : options.address);
  if (status.ok()) {
    const bool serving = *status == kServing;
    console.out << (serving ? "serving\n" : "not serving\n");
    return serving || options.alive ? kHealthServing : kHealthNotServing;
  }
  const std::string message(status.status().message());
  switch (status.status().code()) {
    case absl::StatusCode::kNotFound:
      console.err << "gannet: no service " << options.service << " there\n";
      return options.alive ? kHealthServing : kHealthNotServing;
    case absl::StatusCode::kInvalidArgument:  // the files named on the command line
      console.err << "gannet: " << message << "\n";
      return kControlUsage;
    default:
      console.err << "gannet: no answer: " << message << "\n";
      return kHealthUnreachable;
  }
}

}  // namespace gannet::app
