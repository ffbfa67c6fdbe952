#include "libs/market/instrument.h"

#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <string>

#include "libs/base/property_suite.h"

namespace gannet::market {
namespace {

using Big = boost::multiprecision::cpp_int;

Instrument Some() {
  Instrument instrument;
  instrument.id = InstrumentId("binance-spot:BTCUSDT");
  instrument.price_scale = 8;
  instrument.quantity_scale = 8;
  instrument.quote_scale = 8;
  instrument.tick = Price{1'000'000};  // 0.01
  instrument.lot = Quantity{1'000};    // 0.00001
  return instrument;
}

Big Power(int exponent) {
  return boost::multiprecision::pow(Big(10), static_cast<unsigned>(exponent));
}

}  // namespace

TEST_CASE("Instrument reads and writes prices and quantities at its scales") {
  const Instrument instrument = Some();
  CHECK(instrument.ParsePrice("61685.99") == Price{6'168'599'000'000});
  CHECK(instrument.Format(Price{6'168'599'000'000}) == "61685.99");
  CHECK(instrument.ParseQuantity("0.00001000") == Quantity{1'000});
  CHECK(instrument.Format(Quantity{-1'000}) == "-0.00001");
  CHECK_FALSE(instrument.ParsePrice("0.000000001"));
  CHECK_FALSE(instrument.ParseQuantity("1e-5"));
  CHECK(instrument.ToDouble(Price{150'000'000}) == 1.5);
}

TEST_CASE("Notional is price times quantity times multiplier in the quote asset") {
  Instrument instrument = Some();
  const Price price = *instrument.ParsePrice("61685.99");
  const Quantity quantity = *instrument.ParseQuantity("0.015");
  CHECK(instrument.Notional(price, quantity, Rounding::kDown)->ToString() == "925.28985");
  CHECK(instrument.Notional(price, -quantity, Rounding::kDown)->ToString() == "-925.28985");
  instrument.multiplier = 100;
  CHECK(instrument.Notional(price, quantity, Rounding::kDown)->ToString() == "92528.985");
  instrument.quote_scale = 1;
  CHECK(instrument.Notional(price, quantity, Rounding::kFloor)->ToString() == "92528.9");
  CHECK(instrument.Notional(price, quantity, Rounding::kUp)->ToString() == "92529");
  CHECK(instrument.Notional(price, -quantity, Rounding::kFloor)->ToString() == "-92529");
}

TEST_CASE("Notional at all scales agrees with exact arithmetic, or gives nothing") {
  CHECK(base::Holds("notional", [](int64_t price, int64_t quantity) {
    Instrument instrument;
    instrument.price_scale = *rc::gen::inRange(0, 19);
    instrument.quantity_scale = *rc::gen::inRange(0, 19);
    instrument.quote_scale = *rc::gen::inRange(0, 19);
    instrument.multiplier = *rc::gen::element<int64_t>(1, 1, 10, 1'000, 123'456'789);
    const bool up = *rc::gen::arbitrary<bool>();
    Big exact = Big(price) * quantity * instrument.multiplier * Power(instrument.quote_scale);
    const Big by = Power(instrument.price_scale + instrument.quantity_scale);
    Big expected = exact / by;  // towards zero
    if (up && expected * by != exact) expected += exact < 0 ? -1 : 1;
    const auto money =
        instrument.Notional(Price{price}, Quantity{quantity}, up ? Rounding::kUp : Rounding::kDown);
    const Big limit = (Big(1) << 127) - 1;
    if (expected > limit || expected < -limit - 1) {
      RC_ASSERT(!money.has_value());
    } else {
      RC_ASSERT(money.has_value());
      RC_ASSERT(money->scale() == instrument.quote_scale);
      RC_ASSERT(Money(money->units(), 0).ToString() == expected.str());
    }
  }));
}

TEST_CASE("RoundToTick and RoundDownToLot land on multiples") {
  const Instrument instrument = Some();
  const Price price = *instrument.ParsePrice("100.017");
  CHECK(instrument.Format(instrument.RoundToTick(price, Rounding::kDown)) == "100.01");
  CHECK(instrument.Format(instrument.RoundToTick(price, Rounding::kUp)) == "100.02");
  CHECK(instrument.Format(instrument.RoundToTick(price, Rounding::kHalfEven)) == "100.02");
  CHECK(instrument.RoundDownToLot(Quantity{1'999}) == Quantity{1'000});
  CHECK(instrument.RoundDownToLot(Quantity{-1'999}) == Quantity{-1'000});
  CHECK(instrument.RoundDownToLot(Quantity{999}) == Quantity{0});
  Instrument unknown = Some();
  unknown.tick = Price{0};
  unknown.lot = Quantity{0};
  CHECK(unknown.RoundToTick(price, Rounding::kUp) == price);
  CHECK(unknown.RoundDownToLot(Quantity{7}) == Quantity{7});
}

TEST_CASE("RoundToTick stays in range at the ends") {
  Instrument instrument = Some();
  instrument.tick = Price{1'000};
  const int64_t max = std::numeric_limits<int64_t>::max();
  const Price rounded = instrument.RoundToTick(Price{max}, Rounding::kUp);
  CHECK(rounded.mantissa == max / 1'000 * 1'000);
  CHECK(instrument.RoundToTick(Price{-max}, Rounding::kFloor).mantissa == -max / 1'000 * 1'000);
}

TEST_CASE("BaseAmount is the quantity as an amount") {
  CHECK(Some().BaseAmount(Quantity{1'500}).ToString() == "0.000015");
}

TEST_CASE("Instruments keeps the newest version") {
  Instruments all;
  Instrument first = Some();
  CHECK(all.Put(first));
  CHECK_FALSE(all.Put(first));
  Instrument second = first;
  second.version = 2;
  second.price_scale = 4;
  CHECK(all.Put(second));
  CHECK_FALSE(all.Put(first));
  REQUIRE(all.Find(first.id) != nullptr);
  CHECK(all.Find(first.id)->version == 2);
  CHECK(all.Find(InstrumentId("binance-spot:ETHUSDT")) == nullptr);
  CHECK(all.all().size() == 1);
}

}  // namespace gannet::market
