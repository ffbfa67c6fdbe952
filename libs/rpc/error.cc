#include "libs/rpc/error.h"

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/base/concat.h"
#include "libs/base/utf8.h"

namespace gannet::rpc {
namespace {

constexpr char kFieldPayload[] = "gannet/field";
constexpr size_t kMaxMessageBytes = 4'096;  // it travels in HTTP headers, which are bounded
constexpr int64_t kRetrySeconds = 1;

bool WorthRetrying(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted;
}

}  // namespace

absl::Status BadField(std::string_view field, std::string_view why) {
  absl::Status status = absl::InvalidArgumentError(base::Concat({field, ": ", why}));
  status.SetPayload(kFieldPayload, absl::Cord(std::string(field)));
  return status;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string message =
      base::ReplaceBadUtf8(std::string(status.message()).substr(0, kMaxMessageBytes));
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(message);
  google::rpc::ErrorInfo info;
  info.set_reason(absl::StatusCodeToString(status.code()));
  info.set_domain(std::string(kErrorDomain));
  details.add_details()->PackFrom(info);
  if (const auto field = status.GetPayload(kFieldPayload)) {
    google::rpc::BadRequest bad;
    auto* violation = bad.add_field_violations();
    violation->set_field(std::string(*field));
    violation->set_description(message);
    details.add_details()->PackFrom(bad);
  }
  if (WorthRetrying(status.code())) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(kRetrySeconds);
    details.add_details()->PackFrom(retry);
  }
  return {static_cast<grpc::StatusCode>(status.code()), message, details.SerializeAsString()};
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

}  // namespace gannet::rpc
