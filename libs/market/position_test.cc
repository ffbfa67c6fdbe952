#include "libs/market/position.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "libs/base/property_suite.h"

namespace gannet::market {
namespace {

Instrument Bitcoin() {
  Instrument instrument;
  instrument.id = InstrumentId("binance-spot:BTCUSDT");
  instrument.base = AssetId("BTC");
  instrument.quote = instrument.settle = AssetId("USDT");
  return instrument;
}

Money Amount(std::string_view text, int scale = 8) {
  return Money(ParseDecimal128(text, scale).value(), scale);
}

Fill MakeFill(const Instrument& instrument, std::string_view price, std::string_view quantity,
              std::string_view fee = "0", std::string_view fee_asset = "USDT") {
  Fill fill;
  fill.trade_id = "1";
  fill.price = instrument.ParsePrice(price).value();
  fill.quantity = instrument.ParseQuantity(quantity).value();
  fill.fee = Amount(fee);
  fill.fee_asset = AssetId(std::string(fee_asset));
  return fill;
}

struct Fixture {
  Instrument instrument = Bitcoin();
  Position position;
  void Trade(Side side, std::string_view price, std::string_view quantity,
             std::string_view fee = "0", std::string_view fee_asset = "USDT") {
    REQUIRE(
        ApplyFill(position, instrument, side, MakeFill(instrument, price, quantity, fee, fee_asset))
            .ok());
  }
};

TEST_CASE("Position closes lots first in, first out") {
  Fixture f;
  f.Trade(Side::kBuy, "100", "1");
  f.Trade(Side::kBuy, "110", "1");
  CHECK(AveragePrice(f.position, f.instrument) == f.instrument.ParsePrice("105"));
  f.Trade(Side::kSell, "120", "1.5");
  CHECK(f.position.realized == Amount("25"));  // 1 from 100, 0.5 from 110
  CHECK(f.position.net == f.instrument.ParseQuantity("0.5"));
  CHECK(AveragePrice(f.position, f.instrument) == f.instrument.ParsePrice("110"));
  CHECK(UnrealizedPnl(f.position, f.instrument, *f.instrument.ParsePrice("90")) == Amount("-10"));
}

TEST_CASE("Position flips through zero in one fill") {
  Fixture f;
  f.Trade(Side::kBuy, "100", "1");
  f.Trade(Side::kSell, "110", "3");
  CHECK(f.position.realized == Amount("10"));
  CHECK(f.position.net == Quantity{-200'000'000});
  CHECK(AveragePrice(f.position, f.instrument) == f.instrument.ParsePrice("110"));
  f.Trade(Side::kBuy, "100", "2");
  CHECK(f.position.realized == Amount("30"));
  CHECK(f.position.net == Quantity{});
  CHECK(f.position.lots.empty());
  CHECK(AveragePrice(f.position, f.instrument) == Price{});
}

TEST_CASE("Position says which lots a fill closed, and with what cash") {
  Fixture f;
  f.Trade(Side::kBuy, "100", "1");
  f.Trade(Side::kBuy, "110", "1");
  std::vector<ClosedLot> closed;
  REQUIRE(ApplyFill(f.position, f.instrument, Side::kSell, MakeFill(f.instrument, "120", "1.5"),
                    &closed)
              .ok());
  REQUIRE(closed.size() == 2);
  CHECK(closed[0] ==
        ClosedLot{*f.instrument.ParseQuantity("1"), Amount("-100"), Amount("120"), true});
  CHECK(closed[1] ==
        ClosedLot{*f.instrument.ParseQuantity("0.5"), Amount("-55"), Amount("60"), false});
  REQUIRE(ApplyFill(f.position, f.instrument, Side::kBuy, MakeFill(f.instrument, "1", "1"), &closed)
              .ok());
  CHECK(closed.empty());
}

TEST_CASE("Position takes quote fees off the realised result and keeps others apart") {
  Fixture f;
  f.Trade(Side::kBuy, "100", "1", "0.1");
  f.Trade(Side::kSell, "110", "1", "0.001", "BNB");
  CHECK(f.position.realized == Amount("10"));
  CHECK(RealizedPnl(f.position, f.instrument) == Amount("9.9"));
  CHECK(f.position.fees.at(AssetId("BNB")) == Amount("0.001"));
  CHECK(QuoteFees(f.position, f.instrument) == Amount("0.1"));
}

TEST_CASE("A base-asset fee on spot takes its quantity out of the position") {
  Fixture f;
  f.Trade(Side::kBuy, "100", "1", "0.001", "BTC");
  CHECK(f.position.net == f.instrument.ParseQuantity("0.999"));
  CHECK(OpenCash(f.position) == Amount("-100"));  // all of the cash bought what is left
  f.Trade(Side::kSell, "100", "0.999");
  CHECK(f.position.net == Quantity{});
  CHECK(f.position.realized == Amount("-0.1"));
  CHECK(f.position.fees.at(AssetId("BTC")) == Amount("0.001"));
}

TEST_CASE("A base-asset fee finer than the quantity scale is carried until it makes a unit") {
  Fixture f;
  f.instrument.quantity_scale = 2;
  for (int i = 0; i < 3; ++i) f.Trade(Side::kBuy, "100", "1", "0.004", "BTC");
  CHECK(f.position.net == Quantity{299});  // 3.00 - 0.01; 0.002 is still owed
  CHECK(f.position.base_fee_rest == Amount("0.002"));
}

TEST_CASE("A base-asset fee on a perpetual leaves the position alone") {
  Fixture f;
  f.instrument.kind = InstrumentKind::kPerpetual;
  f.Trade(Side::kBuy, "100", "1", "0.001", "BTC");
  CHECK(f.position.net == f.instrument.ParseQuantity("1"));
}

TEST_CASE("Position follows a finer quantity scale and refuses one that would round") {
  Fixture f;
  f.Trade(Side::kBuy, "100", "0.001");
  f.instrument.quantity_scale = 10;
  f.Trade(Side::kBuy, "100", "0.001");
  CHECK(f.position.net == f.instrument.ParseQuantity("0.002"));
  f.instrument.quantity_scale = 2;
  const Position before = f.position;
  const absl::Status status =
      ApplyFill(f.position, f.instrument, Side::kBuy, MakeFill(f.instrument, "100", "1"));
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(f.position == before);
}

TEST_CASE("Position refuses fills that no market makes and stays as it was") {
  Fixture f;
  f.Trade(Side::kBuy, "100", "1");
  const Position before = f.position;
  Fill fill = MakeFill(f.instrument, "100", "1");
  fill.quantity = Quantity{0};
  CHECK(ApplyFill(f.position, f.instrument, Side::kBuy, fill).code() ==
        absl::StatusCode::kInvalidArgument);
  fill.quantity = Quantity{-1};
  CHECK(ApplyFill(f.position, f.instrument, Side::kBuy, fill).code() ==
        absl::StatusCode::kInvalidArgument);
  fill.quantity = Quantity{INT64_MAX};
  CHECK(ApplyFill(f.position, f.instrument, Side::kBuy, fill).code() ==
        absl::StatusCode::kOutOfRange);
  fill.price = Price{INT64_MAX};
  CHECK(ApplyFill(f.position, f.instrument, Side::kSell, fill).code() ==
        absl::StatusCode::kOutOfRange);
  fill = MakeFill(f.instrument, "100", "1");
  fill.fee = Money(static_cast<Int128>(1) << 120, 8);
  CHECK(ApplyFill(f.position, f.instrument, Side::kBuy, fill).code() ==
        absl::StatusCode::kOutOfRange);
  CHECK(f.position == before);
}

TEST_CASE("Position bounds its lots without losing cash") {
  Fixture f;
  f.instrument.lot = Quantity{1};
  for (size_t i = 0; i < kMaxLots + 5; ++i) f.Trade(Side::kBuy, "100", "0.01");
  CHECK(f.position.lots.size() == kMaxLots);
  CHECK(f.position.merged_lots == 5);
  CHECK(OpenCash(f.position) == Amount(std::to_string(-static_cast<int64_t>(kMaxLots + 5))));
}

TEST_CASE("Cash is conserved to the last unit over any fills") {
  CHECK(
      base::Holds("sum of cash flows = realised + cash of the open lots; lots agree with net", [] {
        Instrument instrument = Bitcoin();
        instrument.price_scale = *rc::gen::inRange(0, 10);
        instrument.quantity_scale = *rc::gen::inRange(0, 10);
        instrument.quote_scale = *rc::gen::inRange(0, 10);
        Position position;
        Money flows;
        int64_t net = 0;
        Money base_fees;
        const int count = *rc::gen::inRange(1, 60);
        for (int i = 0; i < count; ++i) {
          Fill fill;
          fill.price = Price{*rc::gen::inRange<int64_t>(1, 1'000'000)};
          fill.quantity = Quantity{*rc::gen::inRange<int64_t>(1, 100'000)};
          const Side side = *rc::gen::element(Side::kBuy, Side::kSell);
          fill.fee = Money(*rc::gen::inRange<int64_t>(-5, 50), *rc::gen::inRange(0, 12));
          fill.fee_asset = *rc::gen::element(AssetId("BTC"), AssetId("USDT"), AssetId("BNB"));
          const Position before = position;
          std::vector<ClosedLot> closed;
          RC_ASSERT(ApplyFill(position, instrument, side, fill, &closed).ok());
          Money realized;
          size_t whole = 0;
          for (const ClosedLot& lot : closed) {
            realized += lot.opened + lot.closed;
            whole += lot.whole ? 1 : 0;
          }
          RC_ASSERT(position.realized - before.realized == realized);
          const size_t opened = position.lots.size() + whole - before.lots.size();
          RC_ASSERT(opened <= 1);
          const Money notional =
              *instrument.Notional(fill.price, fill.quantity, Rounding::kHalfEven);
          flows += side == Side::kBuy ? -notional : notional;
          net += Sign(side) * fill.quantity.mantissa;
          if (fill.fee_asset == instrument.base) base_fees += fill.fee;
        }
        RC_ASSERT(flows == position.realized + OpenCash(position));
        int64_t lots = 0;
        for (const Lot& lot : position.lots) {
          RC_ASSERT(lot.quantity.mantissa != 0);
          RC_ASSERT((lot.quantity.mantissa > 0) == (position.net.mantissa > 0));
          lots += lot.quantity.mantissa;
        }
        RC_ASSERT(lots == position.net.mantissa);
        // Quantity is conserved too: what was traded less the base fees.
        RC_ASSERT(Money(net, instrument.quantity_scale) - base_fees ==
                  Money(position.net.mantissa, instrument.quantity_scale) - position.base_fee_rest);
      }));
}

TEST_CASE("Closing everything realises exactly the difference of the cash flows") {
  CHECK(base::Holds("a flat position has realised all its cash", [] {
    const Instrument instrument = Bitcoin();
    Position position;
    Money flows;
    const auto trade = [&](Side side, int64_t price, int64_t quantity) {
      Fill fill;
      fill.price = Price{price};
      fill.quantity = Quantity{quantity};
      RC_ASSERT(ApplyFill(position, instrument, side, fill).ok());
      const Money notional = *instrument.Notional(fill.price, fill.quantity, Rounding::kHalfEven);
      flows += side == Side::kBuy ? -notional : notional;
    };
    for (const auto& [price, quantity] :
         *rc::gen::container<std::vector<std::pair<int64_t, int64_t>>>(
             rc::gen::pair(rc::gen::inRange<int64_t>(1, 1'000'000'000'000),
                           rc::gen::inRange<int64_t>(1, 1'000'000'000)))) {
      trade(price % 2 == 0 ? Side::kBuy : Side::kSell, price, quantity);
    }
    if (position.net.mantissa != 0) {
      trade(position.net.mantissa > 0 ? Side::kSell : Side::kBuy, 77'777'777'777,
            std::abs(position.net.mantissa));
    }
    RC_ASSERT(position.net.mantissa == 0);
    RC_ASSERT(position.lots.empty());
    RC_ASSERT(position.realized == flows);
  }));
}

}  // namespace
}  // namespace gannet::market
