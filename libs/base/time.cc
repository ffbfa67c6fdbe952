#include "libs/base/time.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace gannet::base {
namespace {

// Reads exactly `digits` decimal digits at `pos`.
std::optional<int> FixedDigits(std::string_view text, size_t pos, size_t digits) {
  if (pos + digits > text.size()) return std::nullopt;
  int value = 0;
  for (size_t i = pos; i < pos + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

std::string FormatTime(Time t) {
  // By hand: the first day that nanoseconds reach begins before they do.
  constexpr int64_t kDay = 86'400'000'000'000;
  const int64_t nanos = UnixNanos(t);
  const int64_t remainder = nanos % kDay;
  const int64_t days = nanos / kDay - (remainder < 0 ? 1 : 0);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  const std::chrono::hh_mm_ss<Duration> clock{
      Duration(remainder < 0 ? remainder + kDay : remainder)};
  std::array<char, 48> buffer;
  const int length = std::snprintf(
      buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%09lldZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<long long>(clock.subseconds().count()));
  return std::string(buffer.data(), static_cast<size_t>(length));
}

std::optional<Time> ParseRfc3339(std::string_view text) {
  const auto year = FixedDigits(text, 0, 4), month = FixedDigits(text, 5, 2),
             day = FixedDigits(text, 8, 2);
  const auto hour = FixedDigits(text, 11, 2), minute = FixedDigits(text, 14, 2),
             second = FixedDigits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  // Nanoseconds in 64 bits reach from 1677 to 2262.
  if (*year < 1678 || *year > 2261) return std::nullopt;
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  size_t pos = 19;
  int64_t nanos = 0;
  if (pos < text.size() && text[pos] == '.') {
    int64_t unit = 100'000'000;
    size_t digits = 0;
    for (++pos; pos < text.size() && text[pos] >= '0' && text[pos] <= '9'; ++pos, ++digits) {
      nanos += unit * (text[pos] - '0');
      unit /= 10;
    }
    if (digits == 0 || digits > 9) return std::nullopt;
  }
  if (pos >= text.size()) return std::nullopt;
  Duration offset{0};
  if (text[pos] == 'Z' || text[pos] == 'z') {
    ++pos;
  } else if (text[pos] == '+' || text[pos] == '-') {
    const auto hours = FixedDigits(text, pos + 1, 2), minutes = FixedDigits(text, pos + 4, 2);
    if (!hours || !minutes || text[pos + 3] != ':' || *hours > 23 || *minutes > 59)
      return std::nullopt;
    offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    if (text[pos] == '-') offset = -offset;
    pos += 6;
  }
  if (pos != text.size()) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second) + Duration(nanos) - offset;
}

std::optional<Duration> ParseDuration(std::string_view text) {
  const size_t unit_at = text.find_first_not_of("0123456789.");
  if (unit_at == 0 || unit_at == std::string_view::npos) return std::nullopt;
  const std::string_view unit = text.substr(unit_at);
  int64_t scale = 0;
  if (unit == "ns") scale = 1;
  if (unit == "us") scale = 1'000;
  if (unit == "ms") scale = 1'000'000;
  if (unit == "s") scale = 1'000'000'000;
  if (unit == "m") scale = 60'000'000'000;
  if (unit == "h") scale = 3'600'000'000'000;
  if (unit == "d") scale = 86'400'000'000'000;
  if (scale == 0) return std::nullopt;
  const std::string_view number = text.substr(0, unit_at);
  const size_t point = number.find('.');
  const std::string_view whole_text = number.substr(0, point);
  int64_t whole = 0;
  const auto [end, error] =
      std::from_chars(whole_text.data(), whole_text.data() + whole_text.size(), whole);
  if (error != std::errc() || end != whole_text.data() + whole_text.size()) return std::nullopt;
  int64_t nanos = 0;
  if (__builtin_mul_overflow(whole, scale, &nanos)) return std::nullopt;
  if (point != std::string_view::npos) {
    const std::string_view fraction = number.substr(point + 1);
    if (fraction.empty() || fraction.find('.') != std::string_view::npos) return std::nullopt;
    int64_t part = scale;
    for (const char c : fraction) {
      if (part % 10 != 0) return std::nullopt;  // finer than a nanosecond
      part /= 10;
      if (__builtin_add_overflow(nanos, part * (c - '0'), &nanos)) return std::nullopt;
    }
  }
  return Duration(nanos);
}

std::string FormatDuration(Duration d) {
  struct Unit {
    const char* name;
    int64_t nanos;
  };
  static constexpr std::array<Unit, 7> kUnits{{{"d", 86'400'000'000'000},
                                               {"h", 3'600'000'000'000},
                                               {"m", 60'000'000'000},
                                               {"s", 1'000'000'000},
                                               {"ms", 1'000'000},
                                               {"us", 1'000},
                                               {"ns", 1}}};
  if (d.count() == 0) return "0s";
  for (const Unit& unit : kUnits) {
    if (d.count() % unit.nanos == 0) return std::to_string(d.count() / unit.nanos) + unit.name;
  }
  return std::to_string(d.count()) + "ns";
}

}  // namespace gannet::base
