#include "libs/signal/features.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "libs/base/rng.h"

namespace gannet::signal {
namespace {

using base::FromUnixMillis;
using base::Time;
using market::Level;
using market::Price;
using market::Quantity;

market::BookUpdate TwoSided(int64_t bid, int64_t bid_quantity, int64_t ask, int64_t ask_quantity) {
  market::BookUpdate update;
  update.state = market::BookState::kValid;
  update.snapshot = true;
  update.bids = {Level{Price{bid}, Quantity{bid_quantity}}};
  update.asks = {Level{Price{ask}, Quantity{ask_quantity}}};
  return update;
}

market::Trade TradeOf(int64_t quantity, market::Side aggressor) {
  market::Trade trade;
  trade.quantity = Quantity{quantity};
  trade.aggressor = aggressor;
  return trade;
}

size_t Index(std::string_view name) {
  for (size_t i = 0; i < BookFeatures().size(); ++i) {
    if (BookFeatures()[i].name == name) return i;
  }
  FAIL("no feature " << name);
  return 0;
}

// A random market: events at random times, the row of each second.
struct Row {
  Time time;
  std::optional<FeatureRow> row;
};
std::vector<Row> Run(uint64_t seed, int seconds) {
  base::Rng rng(seed);
  BookFeatureEngine engine;
  std::vector<Row> rows;
  int64_t mid = 100'000;
  for (int64_t ms = 0; ms < seconds * 1000; ms += 20) {
    const Time now = FromUnixMillis(ms);
    if (ms % 1000 == 0) rows.push_back({now, engine.Sample(now)});
    mid += rng.Between(-2, 2);
    if (rng.Chance(0.7)) {
      engine.OnBook(TwoSided(mid - rng.Between(1, 3), rng.Between(1, 100), mid + rng.Between(1, 3),
                             rng.Between(1, 100)),
                    now);
    }
    if (rng.Chance(0.3)) {
      engine.OnTrade(
          TradeOf(rng.Between(1, 50), rng.Chance(0.5) ? market::Side::kBuy : market::Side::kSell),
          now);
    }
  }
  return rows;
}

TEST_CASE("Features: data that comes later changes no earlier row") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const auto shorter = Run(seed, 60), longer = Run(seed, 120);
    size_t rows = 0;
    for (size_t i = 0; i < shorter.size(); ++i) {
      REQUIRE(shorter[i].row.has_value() == longer[i].row.has_value());
      if (!shorter[i].row) continue;
      ++rows;
      REQUIRE(shorter[i].row->values == longer[i].row->values);
      REQUIRE(HashOf(*shorter[i].row) == HashOf(*longer[i].row));
    }
    REQUIRE(rows >= 25);
  }
}

TEST_CASE("Features have the values their formulas say") {
  BookFeatureEngine engine;
  for (int s = 0; s <= 40; ++s) {
    const Time now = FromUnixMillis(s * 1000);
    engine.OnBook(TwoSided(9'990 + s * 10, 30, 10'010 + s * 10, 10), now);
    if (s >= 38)
      engine.OnTrade(TradeOf(s == 40 ? 10 : 30, s == 40 ? market::Side::kSell : market::Side::kBuy),
                     now);
    const auto row = engine.Sample(now);
    REQUIRE(row.has_value() == (s >= 30));
    if (s < 40) continue;
    const double mid = 10'400;
    CHECK(row->mid == mid);
    CHECK(row->values[Index("return_1s")] ==
          Catch::Approx((mid / (mid - 10) - 1) * 1e4).margin(1e-6));
    CHECK(row->values[Index("return_30s")] ==
          Catch::Approx((mid / (mid - 300) - 1) * 1e4).margin(1e-6));
    CHECK(row->values[Index("spread")] == Catch::Approx(20 / mid * 1e4).margin(1e-6));
    CHECK(row->values[Index("imbalance_1")] == Catch::Approx(0.5).margin(1e-6));
    CHECK(row->values[Index("imbalance_5")] == Catch::Approx(0.5).margin(1e-6));
    CHECK(row->values[Index("microprice")] ==
          Catch::Approx(5 / mid * 1e4).margin(1e-6));  // 3/4 of the way to the ask
    CHECK(row->values[Index("flow_5s")] == Catch::Approx(50.0 / 70).margin(1e-6));
    CHECK(row->values[Index("trades_ratio")] == Catch::Approx(6).margin(1e-6));
  }
}

TEST_CASE("Features are absent while the book is not proven good, and warm up again after it") {
  BookFeatureEngine engine;
  const auto sample_until = [&](int from, int to) {
    std::optional<FeatureRow> last;
    for (int s = from; s <= to; ++s) {
      if (engine.book_valid() || s == from)
        engine.OnBook(TwoSided(99, 1, 101, 1), FromUnixMillis(s * 1000));
      last = engine.Sample(FromUnixMillis(s * 1000));
    }
    return last;
  };
  REQUIRE(sample_until(0, 35).has_value());
  market::BookUpdate invalid;
  invalid.state = market::BookState::kInvalid;
  engine.OnBook(invalid, FromUnixMillis(36'000));
  CHECK_FALSE(engine.Sample(FromUnixMillis(36'000)).has_value());
  market::BookUpdate change = TwoSided(99, 1, 101, 1);
  change.snapshot = false;
  engine.OnBook(change, FromUnixMillis(36'500));
  CHECK_FALSE(engine.book_valid());
  CHECK_FALSE(sample_until(37, 66).has_value());
  CHECK(sample_until(67, 67).has_value());
}

TEST_CASE("Features of a crossed or one-sided book are not made up") {
  BookFeatureEngine engine;
  for (int s = 0; s <= 40; ++s) {
    market::BookUpdate update = TwoSided(101, 1, 99, 1);
    if (s % 2 == 0) update.asks.clear();
    engine.OnBook(update, FromUnixMillis(s * 1000));
    REQUIRE_FALSE(engine.Sample(FromUnixMillis(s * 1000)).has_value());
  }
}

TEST_CASE("The feature schema names every feature once") {
  REQUIRE(BookFeatures().size() == kBookFeatureCount);
  for (size_t i = 0; i < BookFeatures().size(); ++i) {
    CHECK_FALSE(BookFeatures()[i].unit.empty());
    CHECK(Index(BookFeatures()[i].name) == i);
  }
}

}  // namespace
}  // namespace gannet::signal
