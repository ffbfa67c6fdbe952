#include "gannet/journal/v1/inputs.pb.h"
#include "libs/base/utf8.h"
#include "libs/wire/conversion.h"

namespace gannet::wire {
namespace {

namespace pb = ::gannet::journal::v1;
using Kind = StreamEvent::Kind;

constexpr size_t kInputOverhead = 128;  // beside the body, typically

constexpr char kConnectionTag = pb::StreamEvent::kConnectionFieldNumber << 3 | 2;
constexpr char kKindTag = pb::StreamEvent::kKindFieldNumber << 3;
constexpr char kBodyTag = pb::StreamEvent::kBodyFieldNumber << 3 | 2;

// A length of at most three bytes, taken off the front.
std::optional<size_t> TakeLength(std::string_view& bytes) {
  size_t length = 0;
  for (size_t i = 0; i < 3 && i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    length |= static_cast<size_t>(byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    bytes.remove_prefix(i + 1);
    return length;
  }
  return std::nullopt;
}

constexpr EnumTable<Kind, pb::StreamEventKind, 3> kStreamEventKinds({
    {Kind::kOpened, pb::STREAM_EVENT_KIND_OPENED},
    {Kind::kClosed, pb::STREAM_EVENT_KIND_CLOSED},
    {Kind::kFrame, pb::STREAM_EVENT_KIND_FRAME},
});

// What EncodeInput makes of a frame, read without protobuf: every tick comes this way.
// Nothing: some other layout, which protobuf reads or refuses.
std::optional<StreamEvent> ReadPlain(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kConnectionTag) return std::nullopt;
  bytes.remove_prefix(1);
  const std::optional<size_t> name = TakeLength(bytes);
  if (!name || bytes.size() < *name + 3) return std::nullopt;
  const std::string_view connection = bytes.substr(0, *name);
  bytes.remove_prefix(*name);
  const std::optional<Kind> kind = kStreamEventKinds.ToDomain(bytes[1]);
  if (bytes[0] != kKindTag || !kind || bytes[2] != kBodyTag || !base::IsUtf8(connection))
    return std::nullopt;
  bytes.remove_prefix(3);
  const std::optional<size_t> body = TakeLength(bytes);
  if (!body || bytes.size() != *body) return std::nullopt;
  return StreamEvent{std::string(connection), *kind, std::string(bytes)};
}

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
  if (std::optional<StreamEvent> plain = ReadPlain(bytes)) return *std::move(plain);
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
