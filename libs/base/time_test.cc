#include "libs/base/time.h"

#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <string>

#include "libs/base/property_suite.h"

namespace gannet::base {

using namespace std::chrono_literals;

TEST_CASE("FormatTime writes nine digits and Z") {
  CHECK(FormatTime(Time{}) == "1970-01-01T00:00:00.000000000Z");
  CHECK(FormatTime(FromUnixMillis(1'723'161'253'123)) == "2024-08-08T23:54:13.123000000Z");
  CHECK(FormatTime(FromUnixNanos(-1)) == "1969-12-31T23:59:59.999999999Z");
  CHECK(FormatTime(Time::max()) == "2262-04-11T23:47:16.854775807Z");
  CHECK(FormatTime(Time::min()) == "1677-09-21T00:12:43.145224192Z");
}

TEST_CASE("ParseRfc3339 reads what RFC 3339 shows") {
  CHECK(ParseRfc3339("1985-04-12T23:20:50.52Z") == FromUnixMillis(482'196'050'520));
  CHECK(ParseRfc3339("1996-12-19T16:39:57-08:00") == FromUnixMillis(851'042'397'000));
  CHECK(ParseRfc3339("1990-12-31T23:59:60Z") == ParseRfc3339("1991-01-01T00:00:00Z"));
  CHECK(ParseRfc3339("1937-01-01T12:00:27.87+00:20") == FromUnixMillis(-1'041'337'172'130));
  CHECK(ParseRfc3339("2024-02-29t00:00:00z") == ParseRfc3339("2024-02-29 00:00:00+00:00"));
  CHECK(UnixNanos(*ParseRfc3339("2024-08-08T23:54:13.000000001Z")) == 1'723'161'253'000'000'001);
}

TEST_CASE("ParseRfc3339 refuses everything else") {
  for (const char* text : {"",
                           "2024",
                           "2024-08-08",
                           "2024-08-08T23:54:13",
                           "2024-08-08T23:54:13.Z",
                           "2024-08-08T23:54:13.1",
                           "2024-08-08T23:54:13.0000000001Z",
                           "2024-02-30T00:00:00Z",
                           "2023-02-29T00:00:00Z",
                           "2024-13-01T00:00:00Z",
                           "2024-00-01T00:00:00Z",
                           "2024-08-08T24:00:00Z",
                           "2024-08-08T23:60:00Z",
                           "2024-08-08T23:00:61Z",
                           "2024-08-08T23:54:13Zx",
                           "2024-08-08T23:54:13+1:00",
                           "2024-08-08T23:54:13+24:00",
                           "2024-08-08T23:54:13+00:60",
                           "2024-08-08T23:54:13+0000",
                           "2024-08-08T23:54:13+",
                           "2024/08/08T23:54:13Z",
                           "2024-08-08X23:54:13Z",
                           "0001-01-01T00:00:00Z",
                           "9999-12-31T23:59:59Z",
                           "-024-08-08T23:54:13Z",
                           "2024-08-08T23:54:1 Z",
                           "nan"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseRfc3339(text));
  }
}

TEST_CASE("Times go to text and back") {
  constexpr int64_t kFirst = -9'214'560'000'000'000'000,
                    kLast = 9'214'646'400'000'000'000;  // 1678, 2262
  CHECK(Holds("times round-trip", [] {
    const Time time = FromUnixNanos(*rc::gen::inRange<int64_t>(kFirst, kLast));
    RC_ASSERT(ParseRfc3339(FormatTime(time)) == time);
  }));
  CHECK(Holds("any text is read or refused", [](const std::string& text) { ParseRfc3339(text); }));
}

TEST_CASE("UnixMillis rounds towards the past") {
  CHECK(UnixMillis(FromUnixNanos(1'999'999)) == 1);
  CHECK(UnixMillis(FromUnixNanos(-1)) == -1);
  CHECK(UnixMillis(FromUnixMillis(-5)) == -5);
}

TEST_CASE("ParseDuration reads a number and a unit") {
  CHECK(ParseDuration("90s") == 90s);
  CHECK(ParseDuration("1.5s") == 1500ms);
  CHECK(ParseDuration("250ms") == 250ms);
  CHECK(ParseDuration("10m") == 10min);
  CHECK(ParseDuration("2h") == 2h);
  CHECK(ParseDuration("1d") == 24h);
  CHECK(ParseDuration("3us") == 3us);
  CHECK(ParseDuration("7ns") == 7ns);
  CHECK(ParseDuration("0s") == 0s);
  CHECK(ParseDuration("0.000000001s") == 1ns);
  CHECK(ParseDuration("9223372036854775807ns") == Duration::max());
  for (const char* text :
       {"", "s", "5", "-5s", "+5s", "5 s", "5sec", "5S", ".5s", "5.s", "1.2.3s", "0.5ns",
        "0.0000000001s", "9223372036854775808ns", "999999999999d", "1e3s", "0x5s", "nan", "infs"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseDuration(text));
  }
}

TEST_CASE("FormatDuration takes the largest unit that divides") {
  CHECK(FormatDuration(0s) == "0s");
  CHECK(FormatDuration(90s) == "90s");
  CHECK(FormatDuration(120s) == "2m");
  CHECK(FormatDuration(24h) == "1d");
  CHECK(FormatDuration(1500ms) == "1500ms");
  CHECK(FormatDuration(-1500ms) == "-1500ms");
  CHECK(FormatDuration(1ns) == "1ns");
  CHECK(Holds("durations round-trip", [] {
    const Duration d(*rc::gen::inRange<int64_t>(0, std::numeric_limits<int64_t>::max()));
    RC_ASSERT(ParseDuration(FormatDuration(d)) == d);
  }));
}

}  // namespace gannet::base
