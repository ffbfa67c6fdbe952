#include "libs/market/scope.h"

#include <catch2/catch_test_macros.hpp>

namespace gannet::market {
namespace {

TEST_CASE("A scope covers what bears its name in its own dimension, and nothing else") {
  OrderIntent intent;
  intent.account = AccountId("main/paper");
  intent.strategy = StrategyId("maker");
  intent.instrument = InstrumentId("binance-spot:BTCUSDT");

  CHECK(Covers({ScopeKind::kFirm, ""}, intent));
  CHECK(Covers({ScopeKind::kAccount, "main/paper"}, intent));
  CHECK(Covers({ScopeKind::kStrategy, "maker"}, intent));
  CHECK(Covers({ScopeKind::kVenue, "binance-spot"}, intent));
  CHECK(Covers({ScopeKind::kInstrument, "binance-spot:BTCUSDT"}, intent));

  CHECK_FALSE(Covers({ScopeKind::kAccount, "maker"}, intent));
  CHECK_FALSE(Covers({ScopeKind::kStrategy, "main/paper"}, intent));
  CHECK_FALSE(Covers({ScopeKind::kVenue, "binance"}, intent));
  CHECK_FALSE(Covers({ScopeKind::kVenue, "binance-spot:BTCUSDT"}, intent));
  CHECK_FALSE(Covers({ScopeKind::kInstrument, "BTCUSDT"}, intent));
  CHECK_FALSE(Covers({ScopeKind::kInstrument, ""}, intent));
  CHECK_FALSE(Covers({ScopeKind::kModel, intent.model_version}, intent));
  CHECK_FALSE(Covers({ScopeKind::kService, "execution"}, intent));
}

TEST_CASE("A report and a position are covered as the intent that they come from") {
  ExecReport report;
  report.strategy = StrategyId("maker");
  PositionUpdate position;
  position.strategy = StrategyId("maker");
  for (const auto& [name, covered] : {std::pair("maker", true), std::pair("taker", false)}) {
    CHECK(Covers({ScopeKind::kStrategy, name}, report) == covered);
    CHECK(Covers({ScopeKind::kStrategy, name}, position) == covered);
  }
}

}  // namespace
}  // namespace gannet::market
