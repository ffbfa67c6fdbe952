#include "services/ingest/feed_text.h"

#include <array>
#include <optional>

#include "absl/status/status.h"

namespace gannet::ingest {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

// WHATWG Encoding Standard, index windows-1252; the five holes stay controls.
constexpr std::array<uint16_t, 32> kC1 = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

enum class Encoding { kUtf8, kUtf16Be, kUtf16Le, kUtf32Be, kUtf32Le, kWindows1252, kAscii };

struct Choice {
  Encoding encoding = Encoding::kUtf8;
  std::string name = "utf-8";
  size_t skip = 0;  // bytes of the byte-order mark
};

bool AllowedInXml(uint32_t c) {
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c != 0xFFFE && c != 0xFFFF);
}

struct Sink {
  std::string out;
  bool repaired = false;
  void Put(uint32_t c) {
    c = FromWindows1252(c);
    if (!AllowedInXml(c) || c == kReplacement) repaired = true;
    if (AllowedInXml(c)) AppendUtf8(out, c);
  }
};

uint32_t Unit(std::string_view bytes, size_t at, size_t width, bool big_endian) {
  uint32_t value = 0;
  for (size_t i = 0; i < width; ++i) {
    const size_t index = big_endian ? at + i : at + width - 1 - i;
    value = value << 8 | static_cast<uint8_t>(bytes[index]);
  }
  return value;
}

void DecodeUtf16(std::string_view bytes, bool big_endian, Sink& sink) {
  size_t at = 0;
  while (at + 1 < bytes.size()) {
    const uint32_t high = Unit(bytes, at, 2, big_endian);
    at += 2;
    const bool leads = high >= 0xD800 && high < 0xDC00;
    if (leads && at + 1 < bytes.size()) {
      const uint32_t low = Unit(bytes, at, 2, big_endian);
      if (low >= 0xDC00 && low < 0xE000) {
        sink.Put(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
        at += 2;
        continue;
      }
    }
    sink.Put(high >= 0xD800 && high < 0xE000 ? kReplacement : high);
  }
  if (at < bytes.size()) sink.repaired = true;
}

void DecodeUtf32(std::string_view bytes, bool big_endian, Sink& sink) {
  size_t at = 0;
  for (; at + 3 < bytes.size(); at += 4) {
    const uint32_t c = Unit(bytes, at, 4, big_endian);
    sink.Put(c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? kReplacement : c);
  }
  if (at < bytes.size()) sink.repaired = true;
}

void DecodeUtf8(std::string_view bytes, Sink& sink) {
  for (size_t at = 0; at < bytes.size();) sink.Put(NextUtf8(bytes, at));
}

void DecodeBytes(std::string_view bytes, Sink& sink) {
  for (const char byte : bytes) sink.Put(static_cast<uint8_t>(byte));
}

// The value of `key` in "type/subtype; key=value", quotes removed, lower case.
std::string Parameter(std::string_view header, std::string_view key) {
  const std::string lower = LowerAscii(header);
  size_t at = lower.find(';');
  while (at != std::string::npos) {
    const size_t end = lower.find(';', at + 1);
    std::string_view part = std::string_view(lower).substr(
        at + 1, end == std::string::npos ? std::string::npos : end - at - 1);
    const size_t equals = part.find('=');
    if (equals != std::string_view::npos && StripAscii(part.substr(0, equals)) == key) {
      part = StripAscii(part.substr(equals + 1));
      while (!part.empty() && (part.front() == '"' || part.front() == '\'')) part.remove_prefix(1);
      while (!part.empty() && (part.back() == '"' || part.back() == '\'')) part.remove_suffix(1);
      return std::string(part);
    }
    at = end;
  }
  return {};
}

// The encoding of <?xml … encoding="…"?>; `text` may have a NUL between
// characters, which is skipped.
std::string DeclaredEncoding(std::string_view text) {
  std::string head;
  for (const char c : text.substr(0, 1024)) {
    if (c != '\0') head.push_back(c);
    if (c == '>') break;
  }
  const std::string_view view = StripAscii(head);
  if (view.substr(0, 5) != "<?xml") return {};
  size_t at = view.find("encoding");
  if (at == std::string_view::npos) return {};
  at = view.find_first_of("'\"", at);
  if (at == std::string_view::npos) return {};
  const size_t end = view.find(view[at], at + 1);
  if (end == std::string_view::npos) return {};
  return LowerAscii(StripAscii(view.substr(at + 1, end - at - 1)));
}

std::optional<Choice> ByMark(std::string_view bytes) {
  const auto starts = [&](std::string_view mark) { return bytes.substr(0, mark.size()) == mark; };
  using namespace std::string_view_literals;
  if (starts("\xEF\xBB\xBF")) return Choice{Encoding::kUtf8, "utf-8", 3};
  if (starts("\x00\x00\xFE\xFF"sv)) return Choice{Encoding::kUtf32Be, "utf-32be", 4};
  if (starts("\xFF\xFE\x00\x00"sv)) return Choice{Encoding::kUtf32Le, "utf-32le", 4};
  if (starts("\xFE\xFF")) return Choice{Encoding::kUtf16Be, "utf-16be", 2};
  if (starts("\xFF\xFE")) return Choice{Encoding::kUtf16Le, "utf-16le", 2};
  return std::nullopt;
}

// XML 1.0 appendix F: a document starts with "<", which shows the width.
std::optional<Choice> ByShape(std::string_view bytes) {
  if (bytes.size() < 4) return std::nullopt;
  const auto zero = [&](size_t i) { return bytes[i] == '\0'; };
  if (zero(0) && zero(1) && zero(2) && !zero(3)) return Choice{Encoding::kUtf32Be, "utf-32be", 0};
  if (!zero(0) && zero(1) && zero(2) && zero(3)) return Choice{Encoding::kUtf32Le, "utf-32le", 0};
  if (zero(0) && !zero(1) && zero(2) && !zero(3)) return Choice{Encoding::kUtf16Be, "utf-16be", 0};
  if (!zero(0) && zero(1) && !zero(2) && zero(3)) return Choice{Encoding::kUtf16Le, "utf-16le", 0};
  return std::nullopt;
}

std::optional<Encoding> ByName(std::string_view name) {
  for (const std::string_view alias : {"utf-8", "utf8", "u8", "unicode-1-1-utf-8"}) {
    if (name == alias) return Encoding::kUtf8;
  }
  for (const std::string_view alias :
       {"windows-1252", "cp1252", "x-cp1252", "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1",
        "latin-1", "l1", "8859-1"}) {
    if (name == alias) return Encoding::kWindows1252;
  }
  for (const std::string_view alias : {"us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us"}) {
    if (name == alias) return Encoding::kAscii;
  }
  return std::nullopt;
}

bool IsAscii(std::string_view bytes) {
  for (const char c : bytes) {
    if (static_cast<uint8_t>(c) >= 0x80) return false;
  }
  return true;
}

FeedText Decode(std::string_view bytes, const Choice& choice) {
  Sink sink;
  sink.out.reserve(bytes.size());
  bytes.remove_prefix(choice.skip);
  switch (choice.encoding) {
    case Encoding::kUtf16Be:
      DecodeUtf16(bytes, true, sink);
      break;
    case Encoding::kUtf16Le:
      DecodeUtf16(bytes, false, sink);
      break;
    case Encoding::kUtf32Be:
      DecodeUtf32(bytes, true, sink);
      break;
    case Encoding::kUtf32Le:
      DecodeUtf32(bytes, false, sink);
      break;
    case Encoding::kUtf8:
      DecodeUtf8(bytes, sink);
      break;
    case Encoding::kWindows1252:
    case Encoding::kAscii:
      DecodeBytes(bytes, sink);
      break;
  }
  return {std::move(sink.out), choice.name, sink.repaired};
}

}  // namespace

std::string LowerAscii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view StripAscii(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n\f\v");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n\f\v") - first + 1);
}

void AppendUtf8(std::string& out, uint32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = kReplacement;
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

uint32_t NextUtf8(std::string_view text, size_t& position) {
  const auto lead = static_cast<uint8_t>(text[position++]);
  if (lead < 0x80) return lead;
  const size_t more = lead >= 0xF0 && lead < 0xF5   ? 3
                      : lead >= 0xE0 && lead < 0xF0 ? 2
                      : lead >= 0xC2 && lead < 0xE0 ? 1
                                                    : 0;
  if (more == 0 || position + more > text.size()) return kReplacement;
  uint32_t c = lead & (0x3Fu >> more);
  for (size_t i = 0; i < more; ++i) {
    const auto byte = static_cast<uint8_t>(text[position + i]);
    if ((byte & 0xC0) != 0x80) return kReplacement;
    c = c << 6 | (byte & 0x3Fu);
  }
  const bool overlong = (more == 2 && c < 0x800) || (more == 3 && c < 0x10000);
  if (overlong || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return kReplacement;
  position += more;
  return c;
}

bool IsValidUtf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    // A replacement character that was really written takes three bytes.
    if (NextUtf8(text, at) == kReplacement && at - start != 3) return false;
  }
  return true;
}

std::string RepairUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) AppendUtf8(out, FromWindows1252(NextUtf8(text, at)));
  return out;
}

uint32_t FromWindows1252(uint32_t code_point) {
  return code_point >= 0x80 && code_point < 0xA0 ? kC1[code_point - 0x80] : code_point;
}

std::string_view CutUtf8(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<uint8_t>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

absl::StatusOr<FeedText> DecodeFeed(std::string_view bytes, std::string_view content_type) {
  std::optional<Choice> choice = ByMark(bytes);
  if (!choice) choice = ByShape(bytes);
  if (choice) return Decode(bytes, *choice);
  const std::string declared = DeclaredEncoding(bytes);
  const std::string charset = Parameter(content_type, "charset");
  bool repaired = false;
  std::string unknown;
  for (const std::string& name : {charset, declared}) {
    if (name.empty()) continue;
    const std::optional<Encoding> encoding = ByName(name);
    if (!encoding) {
      unknown = unknown.empty() ? name : unknown;
      continue;
    }
    const bool fits = *encoding == Encoding::kUtf8    ? IsValidUtf8(bytes)
                      : *encoding == Encoding::kAscii ? IsAscii(bytes)
                                                      : true;
    if (fits) {
      FeedText text = Decode(bytes, {*encoding, name, 0});
      text.repaired |= repaired || !unknown.empty();
      return text;
    }
    repaired = true;
  }
  if (!unknown.empty() && !IsValidUtf8(bytes)) {
    return absl::InvalidArgumentError("charset \"" + unknown.substr(0, 40) +
                                      "\" is not supported; have the source deliver UTF-8");
  }
  FeedText text = IsValidUtf8(bytes) ? Decode(bytes, {Encoding::kUtf8, "utf-8", 0})
                                     : Decode(bytes, {Encoding::kWindows1252, "windows-1252", 0});
  text.repaired |= repaired || !unknown.empty() || text.encoding != "utf-8";
  return text;
}

}  // namespace gannet::ingest
