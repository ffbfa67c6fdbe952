#include "libs/wire/message_writer.h"

#include <bit>
#include <cstring>

#include "gannet/common/v1/amount.pb.h"
#include "gannet/common/v1/header.pb.h"
#include "libs/base/check.h"
#include "libs/base/utf8.h"

namespace gannet::wire {

namespace {

constexpr uint64_t kVarint = 0, kFixed64 = 1, kDelimited = 2;
constexpr size_t kMaxVarintBytes = 10;
constexpr size_t kMaxTagBytes = 5;
constexpr size_t kShortMessageBytes = 64;

inline char* PutVarint(char* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<char>(value | 0x80);
  *out++ = static_cast<char>(value);
  return out;
}

inline char* PutTag(char* out, int field, uint64_t type) {
  return PutVarint(out, static_cast<uint64_t>(field) << 3 | type);
}

inline char* PutFixed(char* out, int field, uint64_t value) {
  static_assert(std::endian::native == std::endian::little);
  if (value == 0) return out;
  out = PutTag(out, field, kFixed64);
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}

inline char* PutUnsignedAt(char* out, int field, uint64_t value) {
  return value == 0 ? out : PutVarint(PutTag(out, field, kVarint), value);
}

template <size_t size>
inline char* PutBytes(char* out, int field, const std::array<uint8_t, size>& bytes) {
  static_assert(size < 0x80);
  out = PutTag(out, field, kDelimited);
  *out = static_cast<char>(size);
  std::memcpy(out + 1, bytes.data(), size);
  return out + 1 + size;
}

size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  while (value >>= 7) ++bytes;
  return bytes;
}

}  // namespace

void MessageWriter::PutUnsigned(int field, uint64_t value) {
  char* const out = out_.Room(kMaxTagBytes + kMaxVarintBytes);
  out_.Advance(PutVarint(PutTag(out, field, kVarint), value));
}

void MessageWriter::Element(uint64_t value) {
  out_.Advance(PutVarint(out_.Room(kMaxVarintBytes), value));
}

void MessageWriter::Fixed(int field, uint64_t value) {
  out_.Advance(PutFixed(out_.Room(kMaxTagBytes + sizeof value), field, value));
}

void MessageWriter::Delimited(int field, std::string_view bytes) {
  char* out = out_.Room(kMaxTagBytes + kMaxVarintBytes + bytes.size());
  out = PutVarint(PutTag(out, field, kDelimited), bytes.size());
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  out_.Advance(out + bytes.size());
}

void MessageWriter::AddText(int field, std::string_view text) {
  if (base::IsUtf8(text)) [[likely]] {
    Delimited(field, text);
  } else {
    Delimited(field, base::ReplaceBadUtf8(text));
  }
}

size_t MessageWriter::Open(int field, size_t length_bytes) {
  out_.Advance(PutTag(out_.Room(kMaxTagBytes + length_bytes), field, kDelimited) + length_bytes);
  return out_.size();
}

// A length that does not take as many bytes as were left for it moves what it counts.
void MessageWriter::Close(size_t begin, size_t length_bytes) {
  const size_t length = out_.size() - begin;
  const size_t needed = VarintBytes(length);
  if (needed > length_bytes) {
    out_.Insert(begin, needed - length_bytes);
  } else if (needed < length_bytes) {
    out_.Remove(begin - length_bytes, length_bytes - needed);
  }
  PutVarint(out_.data() + begin - length_bytes, length);
}

// The messages that every event has several of are written in one go: they are shorter than 128
// bytes, so their length is one byte.

void MessageWriter::Money(int field, const market::Money& money) {
  using Proto = ::gannet::common::v1::Money;
  GANNET_CHECK(money.scale() <= market::kMaxScale, "an amount's scale is at most 18");
  const auto units = static_cast<unsigned __int128>(money.units());
  char* const length = PutTag(out_.Room(kShortMessageBytes), field, kDelimited);
  char* out = length + 1;
  out = PutFixed(out, Proto::kUnitsHighFieldNumber, static_cast<uint64_t>(units >> 64));
  out = PutFixed(out, Proto::kUnitsLowFieldNumber, static_cast<uint64_t>(units));
  out = PutUnsignedAt(out, Proto::kScaleFieldNumber, static_cast<uint64_t>(money.scale()));
  Finish(length, out);
}

void MessageWriter::EventId(int field, const market::EventId& id) {
  using Proto = ::gannet::common::v1::EventId;
  char* const length = PutTag(out_.Room(kShortMessageBytes), field, kDelimited);
  char* out = PutFixed(length + 1, Proto::kStreamFieldNumber, id.stream);
  Finish(length, PutUnsignedAt(out, Proto::kSequenceFieldNumber, id.sequence));
}

void MessageWriter::Trace(int field, const market::TraceContext& trace) {
  using Proto = ::gannet::common::v1::TraceContext;
  char* const length = PutTag(out_.Room(kShortMessageBytes), field, kDelimited);
  char* out = PutBytes(length + 1, Proto::kTraceIdFieldNumber, trace.trace_id);
  out = PutBytes(out, Proto::kSpanIdFieldNumber, trace.span_id);
  Finish(length, PutUnsignedAt(out, Proto::kFlagsFieldNumber, trace.flags));
}

void MessageWriter::Finish(char* length, char* end) {
  *length = static_cast<char>(end - length - 1);
  out_.Advance(end);
}

}  // namespace gannet::wire
