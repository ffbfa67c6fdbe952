#include "services/venue-sim/json_text.h"

#include <array>
#include <charconv>

#include "libs/market/decimal.h"
#include "services/venue-sim/symbols.h"

namespace gannet::venue_sim {
namespace {

void AppendEscaped(std::string& out, std::string_view value) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
}

template <class Integer>
void AppendNumber(std::string& out, Integer value) {
  std::array<char, 24> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end);
}

}  // namespace

std::string EightDecimals(__int128 mantissa) {
  if (mantissa < 0 || mantissa > INT64_MAX)
    return market::FormatDecimalFixed(mantissa, kScale, kScale);
  const auto value = static_cast<int64_t>(mantissa);
  std::string text;
  AppendNumber(text, value / kOne);
  std::array<char, 9> fraction{'.'};
  int64_t rest = value % kOne;
  for (size_t i = 8; i > 0; --i, rest /= 10) fraction[i] = static_cast<char>('0' + rest % 10);
  text.append(fraction.data(), fraction.size());
  return text;
}

void JsonText::Separate() {
  if (!first_) text_ += ',';
  first_ = false;
}

JsonText& JsonText::Key(std::string_view key) {
  Separate();
  text_ += '"';
  text_ += key;
  text_ += "\":";
  first_ = true;  // the value follows without a comma
  return *this;
}

JsonText& JsonText::Open(char bracket) {
  Separate();
  text_ += bracket;
  first_ = true;
  return *this;
}

JsonText& JsonText::Close(char bracket) {
  text_ += bracket;
  first_ = false;
  return *this;
}

JsonText& JsonText::Text(std::string_view value) {
  Separate();
  text_ += '"';
  AppendEscaped(text_, value);
  text_ += '"';
  return *this;
}

JsonText& JsonText::Int(int64_t value) {
  Separate();
  AppendNumber(text_, value);
  return *this;
}

JsonText& JsonText::Unsigned(uint64_t value) {
  Separate();
  AppendNumber(text_, value);
  return *this;
}

JsonText& JsonText::Raw(std::string_view json) {
  Separate();
  text_ += json;
  return *this;
}

JsonText& JsonText::Decimal(__int128 mantissa) {
  Separate();
  text_ += '"';
  text_ += EightDecimals(mantissa);
  text_ += '"';
  return *this;
}

}  // namespace gannet::venue_sim
