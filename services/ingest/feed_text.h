// Bytes of a feed to UTF-8, before anything else is believed about them.
//
// The order of evidence is that of RFC 7303: byte-order mark, then the charset
// of the HTTP header, then the XML declaration, then UTF-8. Bytes that are not
// what was declared are read as Windows-1252, and the result says so.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace gannet::ingest {

struct FeedText {
  std::string utf8;       // valid UTF-8, no byte-order mark, no character that XML forbids
  std::string encoding;   // the one that was used, lower case: "utf-16be"
  bool repaired = false;  // bytes were not what they were declared to be
};

// `content_type` is the HTTP header's value, empty when there was none.
// INVALID_ARGUMENT: a charset that is not supported, and the bytes are not ASCII.
// Supported: UTF-8, UTF-16, UTF-32, US-ASCII, ISO-8859-1, Windows-1252.
absl::StatusOr<FeedText> DecodeFeed(std::string_view bytes, std::string_view content_type);

// Appends one code point; surrogates and values above U+10FFFF become U+FFFD.
void AppendUtf8(std::string& out, uint32_t code_point);

// Reads the code point at `position` and moves past it; U+FFFD for a malformed
// sequence, which is skipped by one byte.
uint32_t NextUtf8(std::string_view text, size_t& position);

bool IsValidUtf8(std::string_view text);

// Text with malformed sequences as U+FFFD, and with the control characters
// U+0080 to U+009F read as the Windows-1252 characters that were meant.
std::string RepairUtf8(std::string_view text);

// What Windows-1252 means by 0x80 to 0x9F; other values are returned unchanged.
uint32_t FromWindows1252(uint32_t code_point);

// ASCII only: these do not depend on a locale.
std::string LowerAscii(std::string_view text);
std::string_view StripAscii(std::string_view text);

// Cut at a character boundary to at most `limit` bytes.
std::string_view CutUtf8(std::string_view text, size_t limit);

}  // namespace gannet::ingest
