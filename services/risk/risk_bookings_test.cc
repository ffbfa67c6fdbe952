// Account events in the gate: what moves a result or a position beside trades.
#include <catch2/catch_test_macros.hpp>

#include "services/risk/risk_test_kit.h"

namespace gannet::risk {
namespace {

using market::AccountEventKind;
using market::Side;
using test::Amount;
using test::Gate;
using test::kBtc;
using test::kPerp;
using test::P;
using test::Q;
using test::V;

market::AccountEvent Booking(AccountEventKind kind, std::string_view amount,
                             const char* asset = "USDT", const char* instrument = "") {
  market::AccountEvent event;
  event.kind = kind;
  event.account = market::AccountId(test::kAccount);
  event.venue = "binance-usdm";
  event.id = "1";
  event.strategy = market::StrategyId("EXTERNAL");
  event.instrument = market::InstrumentId(instrument);
  event.instrument_version = event.instrument.empty() ? 0 : 1;
  event.changes = {{market::AssetId(asset), Amount(amount)}};
  return event;
}

// A perpetual with a margin of a tenth, and 1,000 in its wallet.
Gate PerpetualGate(LimitSet limits = test::WideLimits()) {
  limits.venues["binance-usdm"].initial_margin_ppm = 100'000;
  return Gate(limits);
}
void OpenPerpetual(Gate& gate) {
  auto perpetual = test::MakeInstrument(kPerp, "BTC", "USDT");
  perpetual.kind = market::InstrumentKind::kPerpetual;
  gate.Define(perpetual);
  gate.Quote(kPerp, "99.99", "100.01");
  gate.Fund("USDT", "1000", "binance-usdm");
}

const ScopeRow& Of(const Gate& gate, market::ScopeKind kind, const char* name) {
  const Index at = gate.engine.book().FindScope(kind, name);
  REQUIRE(at != kNone);
  return gate.engine.book().scope(at);
}

TEST_CASE("Funding belongs to the result of instrument, account and firm, not to any wallet") {
  Gate gate = PerpetualGate();
  OpenPerpetual(gate);
  REQUIRE(gate.Trade(Side::kBuy, "100", "2", kPerp).permitted);
  const auto wallet = [&] {
    const ExposureBook& book = gate.engine.book();
    const Index account = book.FindScope(market::ScopeKind::kAccount, test::kAccount);
    return book.balance(book.FindBalance(account, "binance-usdm", market::AssetId("USDT")));
  };
  const BalanceRow before = wallet();
  gate.engine.Apply(gate.Event(Booking(AccountEventKind::kFunding, "-0.75", "USDT", kPerp)));
  CHECK(gate.Firm().result() == V("-0.75"));
  CHECK(Of(gate, market::ScopeKind::kAccount, test::kAccount).result() == V("-0.75"));
  CHECK(Of(gate, market::ScopeKind::kStrategy, test::kStrategy).result() == V("0"));
  CHECK(wallet().total == before.total);  // until the venue states it
  CHECK(wallet().margin == before.margin);
  gate.Fund("USDT", "999.25", "binance-usdm");
  CHECK(wallet().total == Amount("999.25"));
  gate.engine.Apply(gate.Event(Booking(AccountEventKind::kFunding, "0.5", "USDT", kPerp)));
  CHECK(gate.Firm().result() == V("-0.25"));
}

TEST_CASE("What names no instrument belongs to account and firm; transfers to nobody") {
  Gate gate;
  gate.engine.Apply(gate.Event(Booking(AccountEventKind::kTransfer, "-5000")));
  gate.engine.Apply(gate.Event(Booking(AccountEventKind::kFee, "-1.5")));
  gate.engine.Apply(gate.Event(Booking(AccountEventKind::kLiquidation, "-2")));
  gate.engine.Apply(gate.Event(Booking(AccountEventKind::kAdjustment, "-0.01", "BTC")));
  gate.Timer();
  CHECK(gate.Firm().result() == V("-4.5001"));  // BTC at 100.01
  CHECK(Of(gate, market::ScopeKind::kAccount, test::kAccount).result() == V("-4.5001"));
  CHECK(gate.engine.stats().account_events.at(AccountEventKind::kAdjustment) == 1);
}

TEST_CASE("A loss by funding stops trading as any other loss does") {
  Gate gate = PerpetualGate();
  OpenPerpetual(gate);
  gate.Timer();
  gate.engine.Apply(gate.Event(Booking(AccountEventKind::kFunding, "-10001", "USDT", kPerp)));
  gate.Timer();
  CHECK(gate.Firm().state == market::TradingState::kReducing);
}

TEST_CASE("An event of a trade is told by its report and counts once") {
  Gate gate = PerpetualGate();
  OpenPerpetual(gate);
  REQUIRE(gate.Trade(Side::kBuy, "100", "2", kPerp).permitted);
  auto external = gate.Intent(Side::kSell, "99", "2", kPerp);
  external.strategy = market::StrategyId("EXTERNAL");
  external.client_order_id = market::ClientOrderId("autoclose-1");
  gate.Fill(external, "99", "2", true);  // the liquidation's order
  auto event = Booking(AccountEventKind::kLiquidation, "-2", "USDT", kPerp);
  event.client_order_id = external.client_order_id;
  event.quantity = {-Q("2").mantissa};
  event.price = P("99");
  gate.engine.Apply(gate.Event(event));
  CHECK(gate.Firm().gross() == V("0"));
  CHECK(gate.Firm().result() == V("-2"));
  CHECK(gate.engine.stats().account_events.at(AccountEventKind::kLiquidation) == 1);
}

TEST_CASE("A position that people signed is EXTERNAL's, and agrees with what execution tells") {
  Gate gate = PerpetualGate();
  OpenPerpetual(gate);
  auto signed_position = Booking(AccountEventKind::kAdjustment, "0", "USDT", kPerp);
  signed_position.changes.clear();
  signed_position.quantity = {-Q("3").mantissa};
  signed_position.price = P("101");
  signed_position.person = "ann";
  gate.engine.Apply(gate.Event(signed_position));
  const ExposureBook& book = gate.engine.book();
  const Index leaf =
      book.FindLeaf(signed_position.account, signed_position.strategy, signed_position.instrument);
  REQUIRE(leaf != kNone);
  CHECK(book.leaf(leaf).position == -Q("3").mantissa);
  CHECK(gate.Firm().gross() == V("300"));
  CHECK(gate.Firm().result() == V("3"));
  market::PositionUpdate told;
  told.account = signed_position.account;
  told.strategy = signed_position.strategy;
  told.instrument = signed_position.instrument;
  told.instrument_version = 1;
  told.net = signed_position.quantity;
  gate.engine.Apply(gate.Event(told));
  CHECK(book.leaf(leaf).differs_since == base::Time::max());
  // What no market makes shuts the instrument.
  signed_position.quantity = {INT64_MIN};
  gate.engine.Apply(gate.Event(signed_position));
  CHECK_FALSE(book.instrument(book.leaf(leaf).instrument).broken.empty());
}

TEST_CASE("Bookings survive saving and loading") {
  Gate gate = PerpetualGate();
  OpenPerpetual(gate);
  gate.engine.Apply(gate.Event(Booking(AccountEventKind::kFunding, "-0.75", "USDT", kPerp)));
  gate.engine.Apply(gate.Event(Booking(AccountEventKind::kFee, "-1.5")));
  gate.Timer();
  wire::CanonicalWriter saved;
  gate.engine.Save(saved);
  Gate loaded = PerpetualGate();
  wire::CanonicalReader in(saved.bytes());
  REQUIRE(loaded.engine.Load(in).ok());
  CHECK(loaded.Hash() == gate.Hash());
  loaded.Quote(kBtc, "100", "100.02");
  loaded.Timer();
  CHECK(loaded.Firm().result() == V("-2.25"));
}

TEST_CASE("A hostile amount, and accounts without end, change no result") {
  Gate gate;
  auto event = Booking(AccountEventKind::kAdjustment, "0");
  event.changes[0].amount = market::Money(~(static_cast<market::Int128>(1) << 127), 8);
  gate.engine.Apply(gate.Event(event));
  CHECK(gate.engine.book().stats().bookings_refused == 1);
  for (size_t i = 0; i <= kMaxBookings; ++i)
    gate.engine.Apply(
        gate.Event(Booking(AccountEventKind::kFee, "-1", ("A" + std::to_string(i)).c_str())));
  CHECK(gate.engine.book().stats().bookings_refused == 2);
  gate.Timer();
  CHECK(gate.Firm().result() == V("0"));
}

}  // namespace
}  // namespace gannet::risk
