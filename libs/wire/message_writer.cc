#include "libs/wire/message_writer.h"

#include <array>

#include "gannet/common/v1/amount.pb.h"
#include "gannet/common/v1/header.pb.h"
#include "libs/base/check.h"
#include "libs/base/utf8.h"

namespace gannet::wire {

void MessageWriter::Fixed(int field, uint64_t value) {
  if (value == 0) return;
  Tag(field, kFixed64);
  for (int shift = 0; shift < 64; shift += 8) out_.push_back(static_cast<char>(value >> shift));
}

void MessageWriter::AddText(int field, std::string_view text) {
  if (base::IsUtf8(text)) [[likely]] {
    Delimited(field, text);
  } else {
    Delimited(field, base::ReplaceBadUtf8(text));
  }
}

// The length was given one byte; a longer one moves what it counts.
void MessageWriter::Close(size_t length_at) {
  size_t length = out_.size() - length_at - 1;
  if (length >= 0x80) {
    size_t extra = 0;
    for (size_t rest = length >> 7; rest > 0; rest >>= 7) ++extra;
    out_.insert(length_at, extra, '\0');
  }
  size_t at = length_at;
  for (; length >= 0x80; length >>= 7) out_[at++] = static_cast<char>(length | 0x80);
  out_[at] = static_cast<char>(length);
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
