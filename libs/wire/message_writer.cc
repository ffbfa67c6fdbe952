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

char* PutVarint(char* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<char>(value | 0x80);
  *out++ = static_cast<char>(value);
  return out;
}

char* PutTag(char* out, int field, uint64_t type) {
  return PutVarint(out, static_cast<uint64_t>(field) << 3 | type);
}

}  // namespace

void MessageWriter::Unsigned(int field, uint64_t value) {
  if (value == 0) return;
  char* const out = PutTag(out_.Room(kMaxTagBytes + kMaxVarintBytes), field, kVarint);
  out_.Advance(PutVarint(out, value));
}

void MessageWriter::Element(uint64_t value) {
  out_.Advance(PutVarint(out_.Room(kMaxVarintBytes), value));
}

void MessageWriter::Fixed(int field, uint64_t value) {
  static_assert(std::endian::native == std::endian::little);
  if (value == 0) return;
  char* const out = PutTag(out_.Room(kMaxTagBytes + sizeof value), field, kFixed64);
  std::memcpy(out, &value, sizeof value);
  out_.Advance(out + sizeof value);
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

size_t MessageWriter::Open(int field) {
  char* const out = PutTag(out_.Room(kMaxTagBytes + 1), field, kDelimited);
  out_.Advance(out + 1);
  return out_.size() - 1;
}

// The length was given one byte; a longer one moves what it counts.
void MessageWriter::Close(size_t length_at) {
  const size_t length = out_.size() - length_at - 1;
  if (length >= 0x80) {
    size_t extra = 0;
    for (size_t rest = length >> 7; rest > 0; rest >>= 7) ++extra;
    out_.Insert(length_at, extra);
  }
  PutVarint(out_.data() + length_at, length);
}

void MessageWriter::Money(int field, const market::Money& money) {
  using Proto = ::gannet::common::v1::Money;
  GANNET_CHECK(money.scale() <= market::kMaxScale, "an amount's scale is at most 18");
  const auto units = static_cast<unsigned __int128>(money.units());
  Message(field, [&](MessageWriter& out) {
    out.Fixed(Proto::kUnitsHighFieldNumber, static_cast<uint64_t>(units >> 64));
    out.Fixed(Proto::kUnitsLowFieldNumber, static_cast<uint64_t>(units));
    out.Unsigned(Proto::kScaleFieldNumber, static_cast<uint64_t>(money.scale()));
  });
}

void MessageWriter::EventId(int field, const market::EventId& id) {
  using Proto = ::gannet::common::v1::EventId;
  Message(field, [&](MessageWriter& out) {
    out.Fixed(Proto::kStreamFieldNumber, id.stream);
    out.Unsigned(Proto::kSequenceFieldNumber, id.sequence);
  });
}

}  // namespace gannet::wire
