#include "gannet/journal/v1/inputs.pb.h"
#include "libs/wire/conversion.h"

namespace gannet::wire {
namespace {

namespace pb = ::gannet::journal::v1;
using Kind = StreamEvent::Kind;

constexpr EnumTable<Kind, pb::StreamEventKind, 3> kStreamEventKinds({
    {Kind::kOpened, pb::STREAM_EVENT_KIND_OPENED},
    {Kind::kClosed, pb::STREAM_EVENT_KIND_CLOSED},
    {Kind::kFrame, pb::STREAM_EVENT_KIND_FRAME},
});

}  // namespace

std::string EncodeInput(const HttpExchange& input) {
  ScratchArena arena;
  auto& message = arena.Make<pb::HttpExchange>();
  message.set_request_id(input.request_id);
  SetText(input.transport_error, message.mutable_transport_error());
  message.set_status(input.status);
  for (const auto& [name, value] : input.headers) {
    pb::HttpHeader& header = *message.add_headers();
    header.set_name(name);
    header.set_value(value);
  }
  message.set_body(input.body);
  return Serialize(message);
}

std::string EncodeInput(const StreamEvent& input) {
  ScratchArena arena;
  auto& message = arena.Make<pb::StreamEvent>();
  SetText(input.connection, message.mutable_connection());
  message.set_kind(kStreamEventKinds.ToProto(input.kind));
  message.set_body(input.body);
  return Serialize(message);
}

absl::StatusOr<HttpExchange> DecodeHttpExchange(std::string_view bytes) {
  ScratchArena arena;
  auto& message = arena.Make<pb::HttpExchange>();
  if (absl::Status parsed = Parse(bytes, message); !parsed.ok()) return parsed;
  HttpExchange input;
  input.request_id = message.request_id();
  input.transport_error = message.transport_error();
  input.status = message.status();
  input.headers.reserve(static_cast<size_t>(message.headers_size()));
  for (const pb::HttpHeader& header : message.headers()) {
    input.headers.emplace_back(header.name(), header.value());
  }
  input.body = message.body();
  return input;
}

absl::StatusOr<StreamEvent> DecodeStreamEvent(std::string_view bytes) {
  ScratchArena arena;
  auto& message = arena.Make<pb::StreamEvent>();
  if (absl::Status parsed = Parse(bytes, message); !parsed.ok()) return parsed;
  Problem problem;
  StreamEvent input;
  input.connection = message.connection();
  input.kind = problem.Enum(kStreamEventKinds, message.kind(), "kind");
  input.body = message.body();
  if (problem.found()) return problem.status(message.GetTypeName());
  return input;
}

}  // namespace gannet::wire
