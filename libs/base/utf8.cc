#include "libs/base/utf8.h"

#include <cstdint>
#include <cstring>

namespace gannet::base {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

uint8_t ByteAt(std::string_view bytes, size_t index) { return static_cast<uint8_t>(bytes[index]); }

// Length of the well-formed sequence at `pos`; 0 when there is none.
size_t SequenceLength(std::string_view bytes, size_t pos) {
  const uint8_t lead = ByteAt(bytes, pos);
  if (lead < 0x80) return 1;
  size_t length = 0;
  // The second byte's range excludes overlong forms, surrogates and > U+10FFFF.
  uint8_t low = 0x80, high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (pos + length > bytes.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    const uint8_t next = ByteAt(bytes, pos + i);
    if (next < low || next > high) return 0;
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

// Of a well-formed sequence.
uint32_t CodePoint(std::string_view sequence) {
  uint32_t code_point =
      sequence.size() == 1 ? ByteAt(sequence, 0) : ByteAt(sequence, 0) & (0x7Fu >> sequence.size());
  for (const char next : sequence.substr(1))
    code_point = code_point << 6 | (static_cast<uint8_t>(next) & 0x3Fu);
  return code_point;
}

// `keep`: whether a well-formed sequence stays.
template <class Keep>
std::string Replace(std::string_view bytes, Keep keep) {
  std::string text;
  text.reserve(bytes.size());
  for (size_t pos = 0; pos < bytes.size();) {
    const size_t length = SequenceLength(bytes, pos);
    const std::string_view sequence = bytes.substr(pos, length);
    text.append(length > 0 && keep(sequence) ? sequence : kReplacement);
    pos += length > 0 ? length : 1;
  }
  return text;
}

// Words of 8 or 4 bytes, the last of which may cover bytes of the one before once more.
template <class Word>
bool IsAsciiByWord(std::string_view bytes) {
  constexpr Word kHighBits = static_cast<Word>(0x8080808080808080);
  const auto word_at = [&](size_t pos) {
    Word word;
    std::memcpy(&word, bytes.data() + pos, sizeof word);
    return word;
  };
  const size_t last = bytes.size() - sizeof(Word);
  Word all = word_at(last);
  for (size_t pos = 0; pos < last; pos += sizeof(Word)) all |= word_at(pos);
  return (all & kHighBits) == 0;
}

bool IsAscii(std::string_view bytes) {
  if (bytes.size() >= sizeof(uint64_t)) return IsAsciiByWord<uint64_t>(bytes);
  if (bytes.size() >= sizeof(uint32_t)) return IsAsciiByWord<uint32_t>(bytes);
  uint8_t all = 0;
  for (const char byte : bytes) all |= static_cast<uint8_t>(byte);
  return all < 0x80;
}

}  // namespace

bool IsUtf8(std::string_view bytes) {
  if (IsAscii(bytes)) return true;
  for (size_t pos = 0; pos < bytes.size();) {
    const size_t length = SequenceLength(bytes, pos);
    if (length == 0) return false;
    pos += length;
  }
  return true;
}

std::string ReplaceBadUtf8(std::string_view bytes) {
  return Replace(bytes, [](std::string_view) { return true; });
}

std::string_view WithoutByteOrderMark(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

bool IsNoncharacter(uint32_t code_point) {
  return (code_point >= 0xFDD0 && code_point <= 0xFDEF) || (code_point & 0xFFFE) == 0xFFFE;
}

std::string ReplaceNoncharacters(std::string_view bytes) {
  return Replace(bytes,
                 [](std::string_view sequence) { return !IsNoncharacter(CodePoint(sequence)); });
}

}  // namespace gannet::base
