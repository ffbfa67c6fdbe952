// Forms of values: text to value and back.
#include <charconv>
#include <cmath>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "libs/config/config.h"
#include "libs/market/decimal.h"

namespace gannet::config::internal {
namespace {

constexpr int kPpmDigits = 6;

template <class T>
bool ParseWhole(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// Takes `suffix` off `text`; false when it is not there.
bool CutSuffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

}  // namespace

bool Parse(const std::string& text, bool& out) {
  out = text == "true";
  return out || text == "false";
}

bool Parse(const std::string& text, int64_t& out) { return ParseWhole(text, out); }
bool Parse(const std::string& text, uint64_t& out) { return ParseWhole(text, out); }

bool Parse(const std::string& text, double& out) {
  return ParseWhole(text, out) && std::isfinite(out);
}

bool Parse(const std::string& text, std::string& out) {
  constexpr size_t kMaxTextBytes = 4096;
  out = text;
  return !text.empty() && text.size() <= kMaxTextBytes;
}

bool Parse(const std::string& text, base::Duration& out) {
  const auto parsed = base::ParseDuration(text);
  out = parsed.value_or(base::Duration(0));
  return parsed.has_value();
}

bool Parse(const std::string& text, market::Money& out) {
  const size_t point = text.find('.');
  const size_t digits = point == std::string::npos ? 0 : text.size() - point - 1;
  if (digits > static_cast<size_t>(market::kMaxScale)) return false;
  const int scale = static_cast<int>(digits);
  const auto units = market::ParseDecimal128(text, scale);
  // Below 10^18, so that amounts of any two scales can be compared and added.
  constexpr market::Int128 kMaxWhole = 1'000'000'000'000'000'000;
  if (!units || *units / market::PowerOfTen(scale) >= kMaxWhole ||
      *units / market::PowerOfTen(scale) <= -kMaxWhole) {
    return false;
  }
  out = market::Money(*units, scale);
  return true;
}

bool Parse(const std::string& text, Ppm& out) {
  std::string_view number = text;
  int exponent = 0;  // of the unit in ppm
  if (CutSuffix(number, "ppm")) {
    exponent = 0;
  } else if (CutSuffix(number, "bp")) {
    exponent = 2;
  } else if (CutSuffix(number, "%")) {
    exponent = 4;
  } else {
    return false;
  }
  // A value with more digits than a millionth holds is refused, not rounded.
  const auto value = market::ParseDecimal(number, exponent);
  if (!value) return false;
  out.value = *value;
  return true;
}

bool Parse(const std::string& text, ByteSize& out) {
  std::string_view number = text;
  int shift = 0;
  if (CutSuffix(number, "GiB")) {
    shift = 30;
  } else if (CutSuffix(number, "MiB")) {
    shift = 20;
  } else if (CutSuffix(number, "KiB")) {
    shift = 10;
  } else if (!CutSuffix(number, "B")) {
    return false;
  }
  uint64_t count = 0;
  if (!ParseWhole(number, count) || count > UINT64_MAX >> shift) return false;
  out.value = count << shift;
  return true;
}

std::string Show(int64_t value) { return absl::StrCat(value); }
std::string Show(uint64_t value) { return absl::StrCat(value); }
std::string Show(double value) { return absl::StrCat(value); }
std::string Show(base::Duration value) { return base::FormatDuration(value); }
std::string Show(const market::Money& value) { return value.ToString(); }

std::string Show(Ppm value) {
  if (value.value % market::PowerOfTen(2) != 0) return absl::StrCat(value.value, "ppm");
  return market::FormatDecimal(value.value, kPpmDigits - 2) + "%";
}

std::string Show(ByteSize value) {
  constexpr std::pair<int, const char*> kUnits[] = {{30, "GiB"}, {20, "MiB"}, {10, "KiB"}};
  for (const auto& [shift, unit] : kUnits) {
    if (value.value != 0 && value.value % (uint64_t{1} << shift) == 0) {
      return absl::StrCat(value.value >> shift, unit);
    }
  }
  return absl::StrCat(value.value, "B");
}

template <>
std::string_view Form<bool>() {
  return "true or false";
}
template <>
std::string_view Form<int64_t>() {
  return "a whole number";
}
template <>
std::string_view Form<uint64_t>() {
  return "a whole number";
}
template <>
std::string_view Form<double>() {
  return "a number";
}
template <>
std::string_view Form<std::string>() {
  return "text of 1 to 4096 bytes";
}
template <>
std::string_view Form<base::Duration>() {
  return "a duration such as 250ms or 10s";
}
template <>
std::string_view Form<market::Money>() {
  return "an amount such as 1000.50";
}
template <>
std::string_view Form<Ppm>() {
  return "a ratio such as 5%, 25bp or 300ppm";
}
template <>
std::string_view Form<ByteSize>() {
  return "a size such as 64MiB or 512KiB";
}

}  // namespace gannet::config::internal
