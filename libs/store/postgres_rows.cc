#include "libs/store/postgres_rows.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "libs/base/check.h"
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

// In text format, COPY gives these a meaning.
void AppendCopyText(std::string& out, std::string_view text) {
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

void AppendCopyMoney(std::string& out, const market::Money& amount) {
  AppendInt128(out, amount.units());
  out += '\t';
  AppendInt(out, amount.scale());
  out += '\t';
}

void AppendCopyId(std::string& out, const market::EventId& id) {
  AppendInt(out, static_cast<int64_t>(id.stream));
  out += '\t';
  AppendInt(out, static_cast<int64_t>(id.sequence));
  out += '\t';
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

void AppendCopyLine(std::string& out, const FillRow& row) {
  const auto text = [&out](std::string_view value) {
    AppendCopyText(out, value);
    out += '\t';
  };
  const auto number = [&out](int64_t value) {
    AppendInt(out, value);
    out += '\t';
  };
  AppendCopyId(out, row.id);
  number(base::UnixNanos(row.time));
  text(row.account.text());
  text(row.strategy.text());
  text(row.instrument.text());
  number(static_cast<int64_t>(row.side));
  text(row.client_order_id.text());
  text(row.trade_id);
  AppendCopyMoney(out, row.price);
  AppendCopyMoney(out, row.quantity);
  AppendCopyMoney(out, row.notional);
  AppendCopyMoney(out, row.fee);
  text(row.fee_asset.text());
  number(static_cast<int64_t>(row.liquidity));
  AppendCopyId(out, row.signal);
  AppendCopyText(out, row.model_version);
  out += '\n';
}

std::string& ArrayColumns::Next() {
  if (column_ == columns_.size()) columns_.emplace_back("{");
  std::string& column = columns_[column_++];
  if (column.size() > 1) column += ',';
  return column;
}

void ArrayColumns::Add(int64_t value) { AppendInt(Next(), value); }

void ArrayColumns::AddUnsigned(uint64_t value) {
  AppendInt128(Next(), static_cast<market::Int128>(value));
}

void ArrayColumns::Add(std::string_view text) {
  std::string& out = Next();
  out += '"';
  for (const char c : EncodeText(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void ArrayColumns::Add(const market::Money& amount) {
  AppendInt128(Next(), amount.units());
  Add(static_cast<int64_t>(amount.scale()));
}

std::vector<std::string> ArrayColumns::Take() {
  for (std::string& column : columns_) column += '}';
  column_ = 0;
  return std::exchange(columns_, {});
}

}  // namespace gannet::store
