// Operating failures as gRPC answers and back. The codes are the same; details say
// more to programs: ErrorInfo always, BadRequest when a field is wrong, RetryInfo
// when trying again may help. Any thread.
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace gannet::rpc {

inline constexpr std::string_view kErrorDomain = "gannet";

// INVALID_ARGUMENT about one field of the request.
absl::Status BadField(std::string_view field, std::string_view why);

grpc::Status ToGrpc(const absl::Status& status);
// Of an answer: the fields that BadRequest names stand in the message.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace gannet::rpc
