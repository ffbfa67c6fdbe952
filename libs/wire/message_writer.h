// Private to libs/wire: the protobuf encoding written straight from domain values,
// field by field, with no generated object in between: an order's way to its venue
// passes here several times.
//
// Fields are written in the order of their numbers, and left out when they hold the
// default of proto3; then the bytes are those that the generated classes write, which
// codec_test.cc checks. Methods are named after the proto types that they write.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/byte_buffer.h"
#include "libs/base/text_id.h"
#include "libs/base/time.h"
#include "libs/market/header.h"
#include "libs/market/money.h"

namespace gannet::wire {

class MessageWriter {
 public:
  MessageWriter() = default;
  // With room for this many bytes at once.
  explicit MessageWriter(size_t expected_bytes) { out_.Room(expected_bytes); }

  // uint32, uint64, int64.
  void Unsigned(int field, uint64_t value) {
    if (value != 0) PutUnsigned(field, value);
  }
  void Signed(int field, int64_t value) { Unsigned(field, static_cast<uint64_t>(value)); }
  void Time(int field, base::Time value) { Signed(field, base::UnixNanos(value)); }
  void Bool(int field, bool value) { Unsigned(field, value ? 1 : 0); }
  template <class Proto>
  void Enum(int field, Proto value) {
    Unsigned(field, static_cast<uint64_t>(value));
  }
  // sint32, sint64.
  void Zigzag(int field, int64_t value) {
    Unsigned(field, static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
  }
  // fixed64, sfixed64.
  void Fixed(int field, uint64_t value);

  // Text that is not UTF-8 is a defect of the edge that let it in; it is written
  // with U+FFFD so that the record stays readable.
  void Text(int field, std::string_view text) {
    if (!text.empty()) AddText(field, text);
  }
  template <class Name>
  void Text(int field, const base::TextId<Name>& id) {
    Text(field, id.text());
  }
  // As Text, of a repeated field: the empty one counts.
  void AddText(int field, std::string_view text);
  void Bytes(int field, std::string_view bytes) {
    if (!bytes.empty()) Delimited(field, bytes);
  }
  template <size_t size>
  void Bytes(int field, const std::array<uint8_t, size>& bytes) {
    Delimited(field, {reinterpret_cast<const char*>(bytes.data()), size});
  }

  // `write(*this)` writes the fields of the message. Present even if it has none.
  template <class Write>
  void Message(int field, const Write& write) {
    const size_t begin = Open(field, /*length_bytes=*/1);
    write(*this);
    Close(begin, /*length_bytes=*/1);
  }
  // The same of one that has 128 bytes or more as a rule: it is not moved then.
  template <class Write>
  void LongMessage(int field, const Write& write) {
    const size_t begin = Open(field, /*length_bytes=*/2);
    write(*this);
    Close(begin, /*length_bytes=*/2);
  }
  void Money(int field, const market::Money& money);
  void EventId(int field, const market::EventId& id);
  void Trace(int field, const market::TraceContext& trace);
  // An element of a packed repeated field: within Message, which stands for the field.
  void Element(uint64_t value);

  std::string Take() { return std::string(out_.view()); }

 private:
  static constexpr size_t kTypicalBytes = 1024;  // of an order's events

  void PutUnsigned(int field, uint64_t value);
  void Delimited(int field, std::string_view bytes);
  // Leaves so many bytes for the length, which Close fills in, and gives the place behind them.
  size_t Open(int field, size_t length_bytes);
  void Close(size_t begin, size_t length_bytes);
  // Of a short message written up to `end`, its length a byte at `length`.
  void Finish(char* length, char* end);

  base::ByteBuffer<kTypicalBytes> out_;
};

}  // namespace gannet::wire
