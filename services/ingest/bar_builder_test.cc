#include "services/ingest/bar_builder.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::ingest {
namespace {

using market::Price;
using market::Quantity;

base::Time At(int64_t seconds) {
  return base::Time(std::chrono::seconds(1'700'000'040 + seconds));
}  // a full minute at 0

}  // namespace

TEST_CASE("BarBuilder gives out only minutes that it saw whole") {
  BarBuilder builder;
  CHECK(builder.OnTrade(At(30), Price{100}, Quantity{1}, 1).empty());  // joined in the middle
  CHECK(builder.OnTrade(At(60), Price{101}, Quantity{2}, 1).empty());
  CHECK(builder.incomplete() == 1);
  CHECK(builder.OnTrade(At(70), Price{105}, Quantity{3}, 2).empty());
  CHECK(builder.OnTrade(At(80), Price{99}, Quantity{4}, 1).empty());
  const auto bars = builder.OnTrade(At(120), Price{100}, Quantity{1}, 1);
  REQUIRE(bars.size() == 1);
  CHECK(bars[0].open_time == At(60));
  CHECK(bars[0].interval == std::chrono::minutes(1));
  CHECK(bars[0].open.mantissa == 101);
  CHECK(bars[0].high.mantissa == 105);
  CHECK(bars[0].low.mantissa == 99);
  CHECK(bars[0].close.mantissa == 99);
  CHECK(bars[0].volume.mantissa == 9);
  CHECK(bars[0].trades == 4);
  CHECK(bars[0].closed);
}

TEST_CASE("BarBuilder closes by time and repeats the close in silent minutes") {
  BarBuilder builder;
  builder.OnTrade(At(-1), Price{7}, Quantity{1}, 1);
  builder.OnTrade(At(1), Price{8}, Quantity{1}, 1);
  CHECK(builder.OnTime(At(64)).empty());  // grace
  const auto first = builder.OnTime(At(65));
  REQUIRE(first.size() == 1);
  CHECK(first[0].close.mantissa == 8);
  const auto silent = builder.OnTime(At(185));
  REQUIRE(silent.size() == 2);
  CHECK(silent[1].open_time == At(120));
  CHECK(silent[1].open.mantissa == 8);
  CHECK(silent[1].volume.mantissa == 0);
  CHECK(silent[1].trades == 0);
}

TEST_CASE("BarBuilder counts spoilt minutes and late trades instead of giving them out") {
  BarBuilder builder;
  builder.OnTrade(At(-1), Price{7}, Quantity{1}, 1);
  builder.OnTrade(At(1), Price{8}, Quantity{1}, 1);
  builder.OnGap();
  CHECK(builder.OnTrade(At(61), Price{9}, Quantity{1}, 1).empty());
  CHECK(builder.incomplete() == 2);
  CHECK(builder.OnTrade(At(59), Price{1}, Quantity{1}, 1).empty());
  CHECK(builder.late_trades() == 1);
  CHECK(builder.OnTrade(At(121), Price{9}, Quantity{1}, 1).size() == 1);
}

TEST_CASE("BarBuilder does not give out a bar whose volume left 64 bits") {
  BarBuilder builder;
  builder.OnTrade(At(-1), Price{7}, Quantity{1}, 1);
  builder.OnTrade(At(1), Price{8}, Quantity{INT64_MAX}, 1);
  builder.OnTrade(At(2), Price{8}, Quantity{1}, 1);
  CHECK(builder.OnTrade(At(61), Price{9}, Quantity{1}, 1).empty());
}

TEST_CASE("BarBuilder bounds the silent minutes of one call") {
  BarBuilder builder;
  builder.OnTrade(At(-1), Price{7}, Quantity{1}, 1);
  builder.OnTrade(At(1), Price{8}, Quantity{1}, 1);
  CHECK(builder.OnTrade(At(1'000'000), Price{9}, Quantity{1}, 1).size() == kMaxFlatBars + 1);
  CHECK(builder.OnTrade(At(1'000'060), Price{9}, Quantity{1}, 1)
            .empty());  // it came in the middle of that one
  CHECK(builder.OnTrade(At(1'000'120), Price{9}, Quantity{1}, 1).size() == 1);
}

}  // namespace gannet::ingest
