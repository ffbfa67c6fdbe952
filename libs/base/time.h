// Time is nanoseconds since the Unix epoch, UTC, everywhere. Nothing here reads
// a clock: see clock.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gannet::base {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

constexpr int64_t UnixNanos(Time t) { return t.time_since_epoch().count(); }
constexpr Time FromUnixNanos(int64_t ns) { return Time(Duration(ns)); }
constexpr Time FromUnixMillis(int64_t ms) { return Time(std::chrono::milliseconds(ms)); }
constexpr int64_t UnixMillis(Time t) {
  return std::chrono::floor<std::chrono::milliseconds>(t).time_since_epoch().count();
}

// "2024-08-08T23:54:13.123456789Z"; always nine fractional digits.
std::string FormatTime(Time t);
// RFC 3339 with 0 to 9 fractional digits and Z or a numeric offset, from 1678 to
// 2261. Second 60 (a leap second) is the first of the next minute.
std::optional<Time> ParseRfc3339(std::string_view text);
// "90s", "1.5s", "250ms", "10m", "2h", "1d"; nothing else.
std::optional<Duration> ParseDuration(std::string_view text);
std::string FormatDuration(Duration d);

}  // namespace gannet::base
