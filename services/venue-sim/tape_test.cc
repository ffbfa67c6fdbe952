#include "services/venue-sim/tape.h"

#include <catch2/catch_test_macros.hpp>

#include "services/venue-sim/core_for_test.h"

namespace gannet::venue_sim {
namespace {

constexpr int64_t kMinute = 60'000;
const int64_t kStart = base::UnixMillis(TestStart());

TEST_CASE("Intervals open where Binance's candles open") {
  const int64_t at = kStart + 13 * 3600'000 + 37 * kMinute + 5;  // Saturday 2024-06-01T13:37Z
  CHECK(OpenOf(Interval::k1m, at) == kStart + 13 * 3600'000 + 37 * kMinute);
  CHECK(OpenOf(Interval::k15m, at) == kStart + 13 * 3600'000 + 30 * kMinute);
  CHECK(OpenOf(Interval::k4h, at) == kStart + 12 * 3600'000);
  CHECK(OpenOf(Interval::k1d, at) == kStart);
  CHECK(OpenOf(Interval::k1w, at) == kStart - 5 * 86'400'000LL);  // Monday 2024-05-27
  CHECK(OpenOf(Interval::k1M, at) == kStart);
  CHECK(NextOpen(Interval::k1M, kStart) == kStart + 30 * 86'400'000LL);
  for (int i = 0; i < kIntervalCount; ++i) {
    CHECK(ParseInterval(Name(static_cast<Interval>(i))) == static_cast<Interval>(i));
  }
  CHECK_FALSE(ParseInterval("7m"));
}

TEST_CASE("Tape folds trades into aggregates and candles") {
  Tape tape;
  tape.AddTrade(100, 5, kStart + 10, false, 1);
  tape.AddTrade(100, 6, kStart + 10, false, 1);
  tape.AddTrade(101, 1, kStart + 10, false, 1);
  tape.AddTrade(101, 1, kStart + 20, true, 2);
  REQUIRE(tape.aggregates().size() == 3);
  CHECK(tape.aggregates()[0].quantity == 11);
  CHECK(tape.aggregates()[0].first_trade == 1);
  CHECK(tape.aggregates()[0].last_trade == 2);
  tape.AddTrade(90, 2, kStart + 3 * kMinute, true, 3);
  const auto candles = tape.Candles(Interval::k1m, 0, INT64_MAX, 10);
  REQUIRE(candles.size() == 4);  // two empty minutes between
  CHECK(candles[0].high == 101);
  CHECK(candles[0].volume == 13);
  CHECK(candles[0].taker_buy_volume == 12);
  CHECK(candles[1].trades == 0);
  CHECK(candles[1].open == 101);
  CHECK(candles[3].close == 90);
  const auto five = tape.Candles(Interval::k5m, 0, INT64_MAX, 10);
  REQUIRE(five.size() == 1);
  CHECK(five[0].trades == 5);
  CHECK(five[0].low == 90);
  CHECK(tape.Current(Interval::k5m).volume == 15);
  const DayFigures day = tape.Day(kStart + 3 * kMinute);
  CHECK(day.trades == 5);
  CHECK(day.open == 100);
  CHECK(day.last == 90);
}

TEST_CASE("Tape gives candles from a start, or the last ones") {
  Tape tape;
  for (int i = 0; i < 10; ++i)
    tape.AddTrade(100 + i, 1, kStart + i * kMinute, false, static_cast<uint64_t>(i) + 1);
  CHECK(tape.Candles(Interval::k1m, 0, INT64_MAX, 3).front().open == 107);
  CHECK(tape.Candles(Interval::k1m, kStart + 2 * kMinute, INT64_MAX, 3).back().open == 104);
  CHECK(tape.Candles(Interval::k1m, kStart + 2 * kMinute, kStart + 3 * kMinute, 100).size() == 2);
}

TEST_CASE("Tape's made-up past is continuous and ends where the market starts") {
  for (const Symbol& symbol : ListedSymbols()) {
    Tape tape;
    const int64_t now = kStart + 7 * 3600'000 + 13 * kMinute + 1234;
    tape.Backfill(symbol, base::Rng(3), now);
    for (const Interval interval : {Interval::k1m, Interval::k5m, Interval::k1h, Interval::k1d}) {
      const auto candles = tape.Candles(interval, 0, INT64_MAX, 5000);
      REQUIRE(candles.size() > 100);
      CHECK(candles.back().open_ms == OpenOf(interval, now));
      for (size_t i = 1; i < candles.size(); ++i) {
        REQUIRE(candles[i].open_ms == NextOpen(interval, candles[i - 1].open_ms));
        REQUIRE(candles[i].open == candles[i - 1].close);
        REQUIRE(candles[i].low <= std::min(candles[i].open, candles[i].close));
        REQUIRE(candles[i].high >= std::max(candles[i].open, candles[i].close));
      }
    }
    CHECK(tape.last_price() == symbol.start_price);
    CHECK(tape.Day(now).trades > 1000);
  }
}

}  // namespace
}  // namespace gannet::venue_sim
