#include "services/reporting/outcomes.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::reporting {
namespace {

using namespace std::chrono_literals;
using market::Money;
using market::Price;
using market::Quantity;

const market::InstrumentId kInstrument("v:BTCUSDT");
const base::Time kStart = base::FromUnixMillis(7'200'000);

struct Fixture {
  Marks marks;
  market::Instruments instruments;
  OutcomeTracker tracker{marks, instruments};

  Fixture() {
    market::Instrument definition;
    definition.id = kInstrument;
    definition.price_scale = 2;
    instruments.Put(definition);
  }
  void Quote(int64_t mid, base::Time time) {
    tracker.BeforeQuote(kInstrument, time);
    market::Quote quote;
    quote.instrument = kInstrument;
    quote.bid = {Price{mid - 1}, Quantity{1}};
    quote.ask = {Price{mid + 1}, Quantity{1}};
    marks.OnQuote(quote, time);
  }
  void Book(market::BookState state) {
    market::MarketStatus status;
    status.instrument = kInstrument;
    status.book_state = state;
    marks.OnStatus(status);
  }
  void Signal() {
    market::NewsSignal signal;
    signal.instruments = {kInstrument};
    tracker.OnSignal({1, 2}, signal, kStart);
  }
  void Predict(uint32_t up, uint32_t down, base::Time time) {
    market::Prediction prediction;
    prediction.instrument = kInstrument;
    prediction.model = "direction";
    prediction.version = "3";
    prediction.horizon = 10s;
    prediction.up_ppm = up;
    prediction.down_ppm = down;
    tracker.OnPrediction(prediction, time);
  }
};

TEST_CASE("OutcomeTracker takes the mids that were in force when each horizon ended") {
  Fixture f;
  f.Quote(10'000, kStart - 1s);
  f.Signal();
  f.Quote(10'100, kStart + 30s);
  f.Quote(10'200, kStart + 90s);  // the minute ended at 101.00
  const auto first = f.tracker.TakeOutcomes();
  REQUIRE(first.size() == 1);
  CHECK(first[0].horizon == 1min);
  CHECK(first[0].start == Money(100, 0));
  CHECK(first[0].end == Money(101, 0));
  CHECK(first[0].ended == kStart + 30s);
  f.tracker.OnTime(kStart + 5min + 4s);  // a quote received before the end may still come
  CHECK(f.tracker.TakeOutcomes().empty());
  f.tracker.OnTime(kStart + 5min + 5s);
  const auto second = f.tracker.TakeOutcomes();
  REQUIRE(second.size() == 1);
  CHECK(second[0].end == Money(102, 0));
}

TEST_CASE("OutcomeTracker observes nothing without a valid price at both ends") {
  Fixture f;
  f.Signal();  // no quote at all
  CHECK(f.tracker.stats().unobserved == 1);
  f.Quote(10'000, kStart);
  f.Signal();
  f.Book(market::BookState::kInvalid);
  f.tracker.OnTime(kStart + 2min);
  CHECK(f.tracker.TakeOutcomes().empty());
  f.Signal();  // the book is INVALID
  f.Book(market::BookState::kValid);
  f.tracker.OnTime(kStart + 2h);
  CHECK(f.tracker.TakeOutcomes().size() == 3);  // 5 and 15 minutes, an hour
}

TEST_CASE("OutcomeTracker scores predictions by the hour, with what they missed") {
  Fixture f;
  f.Predict(600'000, 300'000, kStart - 1s);  // no price: an hour of its own
  f.Quote(10'000, kStart);
  f.Predict(600'000, 300'000, kStart + 1s);    // up, and it rises
  f.Predict(200'000, 700'000, kStart + 2s);    // down, and it rises
  f.Predict(500'000, 500'000, kStart + 2s);    // undecided
  f.Quote(10'100, kStart + 5s);                // +1 %
  f.Predict(300'000, 500'000, kStart + 5min);  // down, and nothing moves
  f.tracker.OnTime(kStart + 10min);
  const auto rows = f.tracker.TakeScores();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].unresolved == 1);
  CHECK(rows[0].predictions == 0);
  const store::ScoreRow& row = rows[1];
  CHECK(row.time == kStart);
  CHECK(row.model_version == "direction@3");
  CHECK(row.predictions == 4);
  CHECK(row.decided == 2);
  CHECK(row.hits == 1);
  CHECK(row.ups == 2);
  CHECK(row.sum_score == 300'000 - 500'000 + 0 - 200'000);
  CHECK(row.sum_move == 30'000);
  CHECK(row.sum_product == 300'000ll * 10'000 - 500'000ll * 10'000);
  CHECK(f.tracker.empty());
}

TEST_CASE("OutcomeTracker follows a bounded number of signals and counts the rest") {
  Fixture f;
  f.Quote(10'000, kStart);
  for (size_t i = 0; i < kMaxPendingOutcomes / kOutcomeHorizons.size() + 3; ++i) f.Signal();
  CHECK(f.tracker.stats().pending_full == 3 * kOutcomeHorizons.size());
}

}  // namespace
}  // namespace gannet::reporting
