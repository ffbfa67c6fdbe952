#include "libs/wire/conversion.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "google/protobuf/stubs/logging.h"
#include "libs/base/check.h"

namespace gannet::wire {
namespace {

// What protobuf had to say about the parse in progress on this thread (the field
// that is not UTF-8). Without a handler it would go to stderr unstructured.
thread_local std::string parse_complaint;

void KeepComplaint(google::protobuf::LogLevel, const char*, int, const std::string& message) {
  parse_complaint = message;
}

constexpr EnumTable<market::ScopeKind, common_pb::ScopeKind, 7> kScopeKinds({
    {market::ScopeKind::kFirm, common_pb::SCOPE_KIND_FIRM},
    {market::ScopeKind::kAccount, common_pb::SCOPE_KIND_ACCOUNT},
    {market::ScopeKind::kStrategy, common_pb::SCOPE_KIND_STRATEGY},
    {market::ScopeKind::kVenue, common_pb::SCOPE_KIND_VENUE},
    {market::ScopeKind::kInstrument, common_pb::SCOPE_KIND_INSTRUMENT},
    {market::ScopeKind::kModel, common_pb::SCOPE_KIND_MODEL},
    {market::ScopeKind::kService, common_pb::SCOPE_KIND_SERVICE},
});

constexpr size_t kScratchBytes = 16u << 10;

google::protobuf::Arena& ThreadArena() {
  alignas(std::max_align_t) thread_local std::array<char, kScratchBytes> first_block;
  thread_local google::protobuf::Arena arena(first_block.data(), first_block.size());
  return arena;
}

thread_local bool arena_in_use = false;

template <size_t size>
void ReadFixed(const std::string& bytes, std::array<uint8_t, size>& out, std::string_view field,
               Problem& problem) {
  if (bytes.size() != size) {
    problem.Add(field, absl::StrCat("has ", bytes.size(), " bytes instead of ", size));
    return;
  }
  std::transform(bytes.begin(), bytes.end(), out.begin(),
                 [](char c) { return static_cast<uint8_t>(c); });
}

}  // namespace

constexpr EnumTable<market::Side, common_pb::Side, 2> kSides({
    {market::Side::kBuy, common_pb::SIDE_BUY},
    {market::Side::kSell, common_pb::SIDE_SELL},
});
namespace order_pb = ::gannet::order::v1;
constexpr EnumTable<market::OrderType, order_pb::OrderType, 7> kOrderTypes({
    {market::OrderType::kMarket, order_pb::ORDER_TYPE_MARKET},
    {market::OrderType::kLimit, order_pb::ORDER_TYPE_LIMIT},
    {market::OrderType::kStop, order_pb::ORDER_TYPE_STOP},
    {market::OrderType::kStopLimit, order_pb::ORDER_TYPE_STOP_LIMIT},
    {market::OrderType::kTakeProfit, order_pb::ORDER_TYPE_TAKE_PROFIT},
    {market::OrderType::kTakeProfitLimit, order_pb::ORDER_TYPE_TAKE_PROFIT_LIMIT},
    {market::OrderType::kTrailingStop, order_pb::ORDER_TYPE_TRAILING_STOP},
});
constexpr EnumTable<market::TimeInForce, order_pb::TimeInForce, 5> kTimesInForce({
    {market::TimeInForce::kGtc, order_pb::TIME_IN_FORCE_GTC},
    {market::TimeInForce::kIoc, order_pb::TIME_IN_FORCE_IOC},
    {market::TimeInForce::kFok, order_pb::TIME_IN_FORCE_FOK},
    {market::TimeInForce::kGtd, order_pb::TIME_IN_FORCE_GTD},
    {market::TimeInForce::kPostOnly, order_pb::TIME_IN_FORCE_POST_ONLY},
});

void Problem::AddInside(std::string_view field, const Problem& inside) {
  constexpr std::string_view kOwn = "value";  // what `inside` calls the message itself
  Add(std::string(field) + inside.field_.substr(kOwn.size()), inside.what_);
}

absl::Status Problem::status(std::string_view message) const {
  return absl::InvalidArgumentError(absl::StrCat(std::string(message), ".", field_, " ", what_));
}

std::string Problem::UnknownEnum(int value) {
  if (value == 0) return "is missing";
  return absl::StrCat(
      "has the value ", value,
      ", which this build does not know; run the build that wrote it or a newer one");
}

base::Sha256Digest Problem::Digest(const std::string& bytes, std::string_view field) {
  base::Sha256Digest digest{};
  ReadFixed(bytes, digest, field, *this);
  return digest;
}

int Problem::Scale(uint32_t scale, std::string_view field) {
  if (scale > static_cast<uint32_t>(market::kMaxScale)) {
    Add(field, absl::StrCat("is ", scale, "; a scale is at most ", market::kMaxScale));
    return 0;
  }
  return static_cast<int>(scale);
}

market::Money Problem::Money(bool present, const common_pb::Money& money, std::string_view field) {
  Require(present, field);
  const int scale = Scale(money.scale(), field);
  const auto high = static_cast<unsigned __int128>(static_cast<uint64_t>(money.units_high()));
  return market::Money(static_cast<market::Int128>(high << 64 | money.units_low()), scale);
}

market::EventId EventIdFrom(const common_pb::EventId& message) {
  return {.stream = message.stream(), .sequence = message.sequence()};
}

void WriteScope(int field, const market::Scope& scope, MessageWriter& out) {
  using Proto = common_pb::Scope;
  out.Message(field, [&](MessageWriter& part) {
    part.Enum(Proto::kKindFieldNumber, kScopeKinds.ToProto(scope.kind));
    part.Text(Proto::kNameFieldNumber, scope.name);
  });
}

market::Scope ScopeFrom(const common_pb::Scope& message, Problem& problem) {
  return {.kind = problem.Enum(kScopeKinds, message.kind(), "value.scope.kind"),
          .name = message.name()};
}

void WriteHeader(const market::Header& header, MessageWriter& out) {
  using Proto = common_pb::Header;
  out.EventId(Proto::kIdFieldNumber, header.id);
  out.EventId(Proto::kCorrelationFieldNumber, header.correlation);
  out.EventId(Proto::kCausationFieldNumber, header.causation);
  out.Time(Proto::kEventTimeNsFieldNumber, header.event_time);
  out.Time(Proto::kReceiveTimeNsFieldNumber, header.receive_time);
  out.Time(Proto::kPublishTimeNsFieldNumber, header.publish_time);
  out.Text(Proto::kSourceFieldNumber, header.source);
  out.Unsigned(Proto::kSourceSequenceFieldNumber, header.source_sequence);
  out.Text(Proto::kTenantFieldNumber, header.tenant);
  if (header.trace != market::TraceContext{}) out.Trace(Proto::kTraceFieldNumber, header.trace);
}

market::Header HeaderFrom(const common_pb::Header& message, Problem& problem) {
  market::Header header;
  header.id = EventIdFrom(message.id());
  header.correlation = EventIdFrom(message.correlation());
  header.causation = EventIdFrom(message.causation());
  header.event_time = base::FromUnixNanos(message.event_time_ns());
  header.receive_time = base::FromUnixNanos(message.receive_time_ns());
  header.publish_time = base::FromUnixNanos(message.publish_time_ns());
  header.source = message.source();
  header.source_sequence = message.source_sequence();
  header.tenant = message.tenant();
  if (!message.has_trace()) return header;
  const common_pb::TraceContext& trace = message.trace();
  ReadFixed(trace.trace_id(), header.trace.trace_id, "header.trace.trace_id", problem);
  ReadFixed(trace.span_id(), header.trace.span_id, "header.trace.span_id", problem);
  if (trace.flags() > 0xFF) problem.Add("header.trace.flags", "does not fit a byte");
  header.trace.flags = static_cast<uint8_t>(trace.flags());
  return header;
}

ScratchArena::ScratchArena() : arena_(ThreadArena()) {
  GANNET_CHECK(!arena_in_use, "the scratch arena of a thread is used by one conversion at a time");
  arena_in_use = true;
}

ScratchArena::~ScratchArena() {
  arena_.Reset();
  arena_in_use = false;
}

absl::Status Parse(std::string_view bytes, google::protobuf::MessageLite& message) {
  [[maybe_unused]] static const bool handler_set = [] {
    google::protobuf::SetLogHandler(&KeepComplaint);
    return true;
  }();
  if (bytes.size() > kMaxMessageBytes) {
    return absl::InvalidArgumentError(absl::StrCat(message.GetTypeName(), ": ", bytes.size(),
                                                   " bytes; the limit is ", kMaxMessageBytes));
  }
  parse_complaint.clear();
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(message.GetTypeName(), ": the bytes are not such a message",
                   parse_complaint.empty() ? std::string() : absl::StrCat(": ", parse_complaint)));
}

}  // namespace gannet::wire
