#include "libs/telemetry/log.h"

#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <string>
#include <vector>

#include "libs/base/virtual_executor.h"

namespace gannet::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Captured {
  base::VirtualExecutor clock{base::FromUnixMillis(1'700'000'000'000)};
  std::vector<std::string> lines;
  Log log{"risk", Level::kInfo, clock, [this](std::string_view line) { lines.emplace_back(line); }};
};

const std::string kStart = R"({"time":"2023-11-14T22:13:20.000000000Z","level":)";

TEST_CASE("The level changes for all logs made of one") {
  base::VirtualExecutor clock{base::FromUnixMillis(1'700'000'000'000)};
  std::vector<std::string> lines;
  Log log("main", Level::kInfo, clock,
          [&lines](std::string_view line) { lines.emplace_back(line); });
  Log part = log.For("part");
  part.Debug("unheard");
  log.SetLevel(Level::kDebug);
  CHECK(part.level() == Level::kDebug);
  part.Debug("heard");
  part.SetLevel(Level::kError);
  log.Warning("unheard");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("\"heard\"") != std::string::npos);
}

TEST_CASE("Log writes time, level, service, event and the fields in the order given") {
  Captured c;
  c.log.Info("order_sent", {{"zebra", "g1abc"},
                            {"alpha", 12},
                            {"ratio", 0.1},
                            {"ok", true},
                            {"negative", int64_t{-5}},
                            {"largest", std::numeric_limits<uint64_t>::max()}});
  REQUIRE(c.lines.size() == 1);
  CHECK(c.lines[0] ==
        kStart + R"("info","service":"risk","event":"order_sent","zebra":"g1abc","alpha":12,)" +
            R"("ratio":0.1,"ok":true,"negative":-5,"largest":18446744073709551615})");
}

TEST_CASE("Log escapes text and replaces what is not UTF-8") {
  Captured c;
  c.log.Info("news", {{"text", std::string_view("a\"b\\c\nd\te\0f", 11)},
                      {"bad", "x\xFFy\xC0\xAFz\xED\xA0\x80"},
                      {"good", "Grüße €😀"}});
  REQUIRE(c.lines.size() == 1);
  const std::string r = "\xEF\xBF\xBD";
  CHECK(c.lines[0] ==
        kStart +
            R"("info","service":"risk","event":"news","text":"a\"b\\c\nd\u0009e\u0000f","bad":"x)" +
            r + "y" + r + r + "z" + r + r + r + "\",\"good\":\"Grüße €😀\"}");
}

TEST_CASE("Log gives numbers that JSON lacks as text, and keeps reserved names apart") {
  Captured c;
  c.log.Info("x", {{"a", std::numeric_limits<double>::quiet_NaN()},
                   {"b", -std::numeric_limits<double>::infinity()},
                   {"time", 3}});
  REQUIRE(c.lines.size() == 1);
  CHECK(c.lines[0].ends_with(R"("a":"nan","b":"-inf","time_":3})"));
}

TEST_CASE("Log cuts an oversized value between characters and says by how much") {
  Captured c;
  std::string text(Log::kMaxValueBytes - 1, 'a');
  text += "€uro";
  c.log.Info("x", {{"text", text}});
  REQUIRE(c.lines.size() == 1);
  CHECK(c.lines[0].ends_with("aaa… (6 bytes more)\"}"));
}

TEST_CASE("Log drops lines below its level") {
  Captured c;
  c.log.Debug("noise");
  CHECK(c.lines.empty());
}

TEST_CASE("Log::For changes the service and shares the sink") {
  Captured c;
  c.log.For("execution").Info("hello");
  REQUIRE(c.lines.size() == 1);
  CHECK(c.lines[0] == kStart + R"("info","service":"execution","event":"hello"})");
}

TEST_CASE("Log counts identical warnings beyond the burst and tells the count later") {
  Captured c;
  for (int i = 0; i < 100; ++i) {
    c.log.Warning("feed_stale", {{"feed", "binance-spot"}});
    c.clock.RunFor(milliseconds(1));
  }
  CHECK(c.lines.size() == Log::kBurst);
  CHECK(c.log.suppressed() == 95);
  c.log.Warning("feed_stale", {{"feed", "binance-usdm"}});  // another text is another warning
  CHECK(c.lines.size() == Log::kBurst + 1);
  c.clock.RunFor(Log::kWindow + seconds(1));
  c.log.Warning("feed_stale", {{"feed", "binance-spot"}});
  REQUIRE(c.lines.size() == Log::kBurst + 3);
  CHECK(c.lines[Log::kBurst + 1].ends_with(
      R"("event":"log_repeats_suppressed","of":"feed_stale","count":95})"));
  CHECK(c.lines.back().ends_with(R"("event":"feed_stale","feed":"binance-spot"})"));
}

TEST_CASE("Log never limits lines below a warning") {
  Captured c;
  for (int i = 0; i < 50; ++i) c.log.Info("tick");
  CHECK(c.lines.size() == 50);
}

TEST_CASE("Log tells held-back counts when flushed and when it forgets a warning") {
  Captured c;
  for (int i = 0; i < 7; ++i) c.log.Error("disk_full");
  c.clock.RunFor(milliseconds(1));
  SECTION("flushed") { c.log.Flush(); }
  SECTION("forgotten for newer ones") {
    for (size_t i = 0; i < Log::kTrackedWarnings; ++i) c.log.Warning("other", {{"i", i}});
  }
  size_t reports = 0;
  for (const std::string& line : c.lines) {
    if (line.ends_with(R"("event":"log_repeats_suppressed","of":"disk_full","count":2})"))
      ++reports;
  }
  CHECK(reports == 1);
}

}  // namespace
}  // namespace gannet::telemetry
