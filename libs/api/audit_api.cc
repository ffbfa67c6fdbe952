#include "libs/api/audit_api.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gannet/ops/v1/admin_service.pb.h"
#include "libs/rpc/error.h"

namespace gannet::api {
namespace {

namespace pb = ::gannet::ops::v1;

constexpr int kPage = 100, kMostPage = 1'000;

// "stream-sequence" of the last entry of the page before.
std::optional<market::EventId> ParseToken(const std::string& token) {
  market::EventId id;
  const char* const end = token.data() + token.size();
  const auto stream = std::from_chars(token.data(), end, id.stream);
  if (stream.ec != std::errc() || stream.ptr == end || *stream.ptr != '-') return std::nullopt;
  const auto sequence = std::from_chars(stream.ptr + 1, end, id.sequence);
  if (sequence.ec != std::errc() || sequence.ptr != end) return std::nullopt;
  return id;
}

pb::AuditEntry ToProto(const command::AuditEntry& entry) {
  pb::AuditEntry out;
  out.mutable_id()->set_stream(entry.id.stream);
  out.mutable_id()->set_sequence(entry.id.sequence);
  out.set_time_ns(base::UnixNanos(entry.time));
  out.set_person(entry.person);
  out.set_action(entry.action);
  out.set_about(entry.about);
  out.set_reason(entry.reason);
  out.set_request_id(entry.request_id);
  out.set_result(entry.result);
  out.set_detail(entry.detail);
  out.set_client_order_id(entry.order);
  return out;
}

void List(const command::AuditRecord& record, const rpc::CallPtr& call,
          const pb::ListAuditRequest& request) {
  command::AuditFilter filter;
  filter.persons.assign(request.persons().begin(), request.persons().end());
  filter.actions.assign(request.actions().begin(), request.actions().end());
  if (request.range().start_ns() != 0)
    filter.from = base::FromUnixNanos(request.range().start_ns());
  if (request.range().end_ns() != 0) filter.to = base::FromUnixNanos(request.range().end_ns());
  if (!request.page_token().empty()) {
    filter.before = ParseToken(request.page_token());
    if (!filter.before || record.Find(*filter.before) == nullptr)
      return call->End(rpc::BadField("page_token", "is none that was given here, or too old"));
  }
  filter.limit = static_cast<size_t>(
      std::clamp(request.page_size() == 0 ? kPage : request.page_size(), 1, kMostPage));
  const auto page = command::Select(record, filter);
  pb::ListAuditResponse response;
  for (const command::AuditEntry* entry : page) *response.add_entries() = ToProto(*entry);
  if (page.size() == filter.limit)
    response.set_next_page_token(
        absl::StrCat(page.back()->id.stream, "-", page.back()->id.sequence));
  response.set_forgotten(record.forgotten());
  call->Reply(response);
}

}  // namespace

void ServeAudit(rpc::Server& server, command::Commands* commands) {
  server.Handle<pb::ListAuditRequest>(
      "gannet.ops.v1.AdminService/ListAudit",
      [commands](const rpc::CallPtr& call, const pb::ListAuditRequest& request) {
        const command::AuditRecord* record = commands != nullptr ? commands->audit() : nullptr;
        if (record == nullptr) {
          return call->End(absl::FailedPreconditionError(
              "this process takes nothing from people; ask the gateway, or `gannet run`"));
        }
        List(*record, call, request);
      });
}

}  // namespace gannet::api
