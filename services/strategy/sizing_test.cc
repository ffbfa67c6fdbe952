#include "services/strategy/sizing.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/property_suite.h"
#include "services/strategy/strategy_test_kit.h"

namespace gannet::strategy {
namespace {

using namespace std::chrono_literals;
using test::Amount;
using test::kBtc;
using test::MakeInstrument;
using test::P;
using test::Q;

TEST_CASE("TargetQuantity gives the risk that was asked for") {
  const auto instrument = MakeInstrument(kBtc, "BTC");
  // 100 ppm a second over 100 s: 0.1 %; 1 of risk is a notional of 1000.
  const SizingSettings sizing{.risk = Amount("1"), .max_notional = Amount("5000")};
  CHECK(TargetQuantity(instrument, P("100"), 100'000, 100s, sizing) == Q("10"));
  CHECK(TargetQuantity(instrument, P("100"), 400'000, 100s, sizing) == Q("2.5"));
  CHECK(TargetQuantity(instrument, P("100"), 100'000, 25s, sizing) == Q("20"));
  CHECK(TargetQuantity(instrument, P("100"), 1, 25s, sizing) == Q("50"));   // the cap
  CHECK(!TargetQuantity(instrument, P("100"), 400'000'000, 100s, sizing));  // below the minimum
}

TEST_CASE("Quantities are whole lots between the venue's bounds") {
  auto instrument = MakeInstrument(kBtc, "BTC");
  CHECK(QuantityFor(instrument, P("64250.01"), Amount("1000")) == Q("0.015"));
  CHECK(!QuantityFor(instrument, P("64250.01"), Amount("64")));
  instrument.max_quantity = Q("0.01");
  CHECK(QuantityFor(instrument, P("64250.01"), Amount("100000")) == Q("0.01"));
  CHECK(!QuantityFor(instrument, P("0"), Amount("100")));
  CHECK(!QuantityFor(instrument, P("100"), Amount("0")));
}

TEST_CASE("One order is worth no more than the venue takes at its limit") {
  auto instrument = MakeInstrument(kBtc, "BTC");
  instrument.max_notional = Amount("1000");
  CHECK(InOneOrder(instrument, P("100"), Q("20")) == Q("10"));
  CHECK(InOneOrder(instrument, P("300"), Q("20")) == Q("3.333"));
  CHECK(InOneOrder(instrument, P("100"), Q("9")) == Q("9"));
  instrument.max_quantity = Q("5");
  CHECK(InOneOrder(instrument, P("100"), Q("20")) == Q("5"));
  market::Position position;
  position.net = Q("-20");
  CHECK(Closable(instrument, P("500"), position) == Q("-2"));
}

TEST_CASE("Dust is no position") {
  const auto instrument = MakeInstrument(kBtc, "BTC");
  market::Position position;
  position.net = Q("0.0499");  // 4.9 of value at 100, in lots
  CHECK(Closable(instrument, P("100"), position) == Q("0"));
  position.net = Q("0.0519");
  CHECK(Closable(instrument, P("100"), position) == Q("0.051"));
  position.net = Q("-0.0519");
  CHECK(Closable(instrument, P("100"), position) == Q("-0.051"));
}

TEST_CASE("Of derivatives only what is less than the least quantity is dust") {
  auto instrument = MakeInstrument("binance-usdm:BTCUSDT", "BTC");
  instrument.kind = market::InstrumentKind::kPerpetual;
  instrument.min_quantity = Q("0.002");
  market::Position position;
  position.net = Q("0.0029");  // worth 0.2, an entry would have to be worth 5
  CHECK(Closable(instrument, P("100"), position) == Q("0.002"));
  position.net = Q("-0.0029");
  CHECK(Closable(instrument, P("100"), position) == Q("-0.002"));
  position.net = Q("0.0019");
  CHECK(Closable(instrument, P("100"), position) == Q("0"));
  instrument.min_quantity = {};
  position.net = Q("0.0009");
  CHECK(Closable(instrument, P("100"), position) == Q("0"));
  CHECK(!QuantityFor(instrument, P("100"), Amount("4.9")));
}

TEST_CASE("Limits move by ppm and fall on ticks in the direction that fills") {
  const auto instrument = MakeInstrument(kBtc, "BTC");
  CHECK(LimitBeyond(instrument, P("100.01"), 1'000, market::Side::kBuy) == P("100.12"));
  CHECK(LimitBeyond(instrument, P("100.01"), 1'000, market::Side::kSell) == P("99.90"));
  CHECK(LimitBeyond(instrument, P("0.01"), 1'000, market::Side::kSell) == P("0.01"));
}

TEST_CASE("Deviations grow with the square root of time") {
  CHECK(SigmaOver(1'000, 1s) == 1'000);
  CHECK(SigmaOver(1'000, 100s) == 10'000);
  CHECK(SigmaOver(1'000, 250ms) == 500);
  CHECK(SigmaOver(1'000, 0s) == 1);
  CHECK(SigmaOver(INT64_MAX, 24h) == 1'000'000'000'000);
}

TEST_CASE("No sizing leaves its cap, whatever the numbers") {
  CHECK(base::Holds("sizing cap", [](int64_t sigma, int64_t price, int64_t risk, int64_t cap) {
    auto instrument = MakeInstrument(kBtc, "BTC");
    instrument.price_scale = 2;
    instrument.quantity_scale = 5;
    instrument.lot = {10};
    const SizingSettings sizing{.risk = market::Money(risk, 2),
                                .max_notional = market::Money(cap, 2)};
    const auto quantity = TargetQuantity(instrument, {price}, sigma, 60s, sizing);
    if (!quantity) return;
    RC_ASSERT(quantity->mantissa > 0);
    RC_ASSERT(quantity->mantissa % 10 == 0);
    RC_ASSERT(*instrument.Notional({price}, *quantity, market::Rounding::kDown) <=
              sizing.max_notional);
  }));
}

}  // namespace
}  // namespace gannet::strategy
