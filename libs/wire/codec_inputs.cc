#include "gannet/journal/v1/inputs.pb.h"
#include "libs/wire/conversion.h"

namespace gannet::wire {
namespace {

namespace pb = ::gannet::journal::v1;
using Kind = StreamEvent::Kind;

constexpr size_t kInputOverhead = 128;  // beside the body, typically

constexpr EnumTable<Kind, pb::StreamEventKind, 3> kStreamEventKinds({
    {Kind::kOpened, pb::STREAM_EVENT_KIND_OPENED},
    {Kind::kClosed, pb::STREAM_EVENT_KIND_CLOSED},
    {Kind::kFrame, pb::STREAM_EVENT_KIND_FRAME},
});

}  // namespace

std::string EncodeInput(const HttpExchange& input) {
  using Proto = pb::HttpExchange;
  MessageWriter out(input.body.size() + kInputOverhead);
  out.Unsigned(Proto::kRequestIdFieldNumber, input.request_id);
  out.Text(Proto::kTransportErrorFieldNumber, input.transport_error);
  out.Zigzag(Proto::kStatusFieldNumber, input.status);
  for (const auto& [name, value] : input.headers) {
    out.Message(Proto::kHeadersFieldNumber, [&](MessageWriter& part) {
      part.Bytes(pb::HttpHeader::kNameFieldNumber, name);
      part.Bytes(pb::HttpHeader::kValueFieldNumber, value);
    });
  }
  out.Bytes(Proto::kBodyFieldNumber, input.body);
  return out.Take();
}

std::string EncodeInput(const StreamEvent& input) {
  using Proto = pb::StreamEvent;
  MessageWriter out(input.body.size() + kInputOverhead);
  out.Text(Proto::kConnectionFieldNumber, input.connection);
  out.Enum(Proto::kKindFieldNumber, kStreamEventKinds.ToProto(input.kind));
  out.Bytes(Proto::kBodyFieldNumber, input.body);
  return out.Take();
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
