#include "libs/store/postgres_rows.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "libs/base/utf8.h"

namespace gannet::store {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr size_t kMaxDigits = 38;

int HexValue(char c) {
  const size_t at = kHexDigits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

bool IsPlainAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c < 0x7f && c != '\\'; });
}

}  // namespace

std::string EncodeText(std::string_view text) {
  const bool valid = base::IsUtf8(text);
  if (valid && text.find('\\') == std::string_view::npos &&
      text.find('\0') == std::string_view::npos)
    return std::string(text);
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      out += "\\\\";
    } else if (byte == 0 || (!valid && byte >= 0x80)) {
      out += "\\x";
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

std::string DecodeText(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return std::string(text);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
    } else if (text[i + 1] == 'x' && i + 3 < text.size() && HexValue(text[i + 2]) >= 0 &&
               HexValue(text[i + 3]) >= 0) {
      out += static_cast<char>(HexValue(text[i + 2]) * 16 + HexValue(text[i + 3]));
      i += 3;
    } else {
      out += text[++i];
    }
  }
  return out;
}

void AppendInt(std::string& out, int64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void AppendInt128(std::string& out, market::Int128 value) {
  if (value >= INT64_MIN && value <= INT64_MAX) return AppendInt(out, static_cast<int64_t>(value));
  std::array<char, 48> digits;
  size_t at = digits.size();
  const bool negative = value < 0;
  for (; value != 0; value /= 10) {
    const int digit = static_cast<int>(value % 10);
    digits[--at] = static_cast<char>('0' + (negative ? -digit : digit));
  }
  if (negative) digits[--at] = '-';
  out.append(digits.data() + at, digits.size() - at);
}

absl::StatusOr<int64_t> ParseInt64(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    return absl::DataLossError("a number in the database is not one");
  return value;
}

absl::StatusOr<market::Int128> ParseInt128(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > kMaxDigits)
    return absl::DataLossError("an amount in the database is not one");
  market::Int128 value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return absl::DataLossError("an amount in the database is not one");
    value = value * 10 + (c - '0');
  }
  return negative ? -value : value;
}

// In text format, COPY gives these a meaning.
void CopyLines::Text(std::string_view text) {
  std::string& out = Next();
  if (IsPlainAscii(text)) {
    out += text;
    return;
  }
  for (const char c : EncodeText(text)) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        out += c;
    }
  }
}

std::string& ArrayColumns::Next() {
  if (column_ == columns_.size()) columns_.emplace_back("{");
  std::string& column = columns_[column_++];
  if (column.size() > 1) column += ',';
  return column;
}

void ArrayColumns::Text(std::string_view text) {
  std::string& out = Next();
  out += '"';
  for (const char c : EncodeText(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

std::vector<std::string> ArrayColumns::Take() {
  for (std::string& column : columns_) column += '}';
  column_ = 0;
  return std::exchange(columns_, {});
}

}  // namespace gannet::store
