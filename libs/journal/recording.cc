#include "libs/journal/recording.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/wire/canonical.h"

namespace gannet::journal {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint32_t kMaxHeaders = 1u << 20;

void Put(wire::CanonicalWriter& out, const std::optional<std::string>& text) {
  out.Bool(text.has_value());
  if (text) out.Bytes(*text);
}

std::optional<std::string> Get(wire::CanonicalReader& in) {
  if (!in.Bool()) return std::nullopt;
  return in.Bytes();
}

absl::Status CheckVersion(wire::CanonicalReader& in) {
  const uint8_t version = in.U8();
  GANNET_RETURN_IF_ERROR(in.status());
  if (version == kVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("a record of a recording has format ", version,
                                                    ", this build reads ", kVersion,
                                                    "; use the newer build"));
}

absl::Status CheckEnd(const wire::CanonicalReader& in) {
  GANNET_RETURN_IF_ERROR(in.status());
  if (in.done()) return absl::OkStatus();
  return absl::DataLossError("a record of a recording is longer than it says; verify the journal");
}

void PutMessage(wire::CanonicalWriter& out, const RecordedMessage& message) {
  out.U32(message.partition);
  out.U64(message.offset);
  out.I64(message.timestamp_ms);
  Put(out, message.key);
  Put(out, message.payload);
  out.U32(static_cast<uint32_t>(message.headers.size()));
  for (const auto& [name, value] : message.headers) {
    out.Bytes(name);
    Put(out, value);
  }
}

RecordedMessage GetMessage(wire::CanonicalReader& in) {
  RecordedMessage message;
  message.partition = in.U32();
  message.offset = in.U64();
  message.timestamp_ms = in.I64();
  message.key = Get(in);
  message.payload = Get(in);
  uint32_t left = in.U32();
  for (left = std::min(left, kMaxHeaders); left > 0 && in.ok(); --left) {
    std::string name = in.Bytes();
    message.headers.emplace_back(std::move(name), Get(in));
  }
  return message;
}

}  // namespace

std::string_view Name(RecordedGapReason reason) {
  switch (reason) {
    case RecordedGapReason::kForgotten:
      return "forgotten";
    case RecordedGapReason::kCompacted:
      return "compacted";
    case RecordedGapReason::kBeganAnew:
      return "began_anew";
    case RecordedGapReason::kProducer:
      return "producer";
    case RecordedGapReason::kConflated:
      return "conflated";
  }
  return "unknown";
}

std::string EncodeRecorded(const RecordedMessage& message) {
  wire::CanonicalWriter out;
  out.U8(kVersion);
  PutMessage(out, message);
  return out.Take();
}

absl::StatusOr<RecordedMessage> DecodeRecorded(std::string_view bytes) {
  wire::CanonicalReader in(bytes);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  RecordedMessage message = GetMessage(in);
  GANNET_RETURN_IF_ERROR(CheckEnd(in));
  return message;
}

std::string EncodeGap(const RecordedGap& gap) {
  wire::CanonicalWriter out;
  out.U8(kVersion);
  out.Bytes(gap.topic);
  out.U32(gap.partition);
  out.U8(static_cast<uint8_t>(gap.reason));
  out.U64(gap.from);
  out.U64(gap.to);
  out.U64(gap.count);
  return out.Take();
}

absl::StatusOr<RecordedGap> DecodeGap(std::string_view bytes) {
  wire::CanonicalReader in(bytes);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  RecordedGap gap;
  gap.topic = in.Bytes();
  gap.partition = in.U32();
  gap.reason = RecordedGapReason(in.U8());
  gap.from = in.U64();
  gap.to = in.U64();
  gap.count = in.U64();
  GANNET_RETURN_IF_ERROR(CheckEnd(in));
  return gap;
}

std::string EncodeRepeat(std::string_view topic, const RecordedMessage& message) {
  wire::CanonicalWriter out;
  out.U8(kVersion);
  out.Bytes(topic);
  PutMessage(out, message);
  return out.Take();
}

absl::StatusOr<RecordedRepeat> DecodeRepeat(std::string_view bytes) {
  wire::CanonicalReader in(bytes);
  GANNET_RETURN_IF_ERROR(CheckVersion(in));
  RecordedRepeat repeat;
  repeat.topic = in.Bytes();
  repeat.message = GetMessage(in);
  GANNET_RETURN_IF_ERROR(CheckEnd(in));
  return repeat;
}

}  // namespace gannet::journal
