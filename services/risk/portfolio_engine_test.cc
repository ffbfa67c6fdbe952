#include "services/risk/portfolio_engine.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "libs/base/rng.h"
#include "services/risk/risk_test_kit.h"

namespace gannet::risk {
namespace {

using namespace std::chrono_literals;
using market::ScopeKind;
using market::Side;
using market::TradingState;
using test::kBtc;
using test::V;

constexpr char kBnb[] = "binance-spot:BNBUSDT";

LimitSet Limits() {
  LimitSet limits = test::WideLimits();
  limits.at_par = {market::AssetId("USDC")};
  limits.portfolio.emplace();
  limits.portfolio->minimum = 30;
  limits.portfolio->observations = 100;
  limits.portfolio->instruments = 3;
  limits.portfolio->paths = 1'000;
  limits.portfolio->horizon = 1min;
  return limits;
}

// A gate and what watches its portfolio; prices walk, a minute a step.
struct Watch {
  explicit Watch(const LimitSet& limits = Limits()) : gate(limits), engine(gate.engine) {
    gate.Define(test::MakeInstrument(kBnb, "BNB", "USDT"));
    gate.Quote(kBnb, "300", "300.02");
  }
  void Step(int64_t move_bp = 0) {
    price = price * (10'000 + move_bp) / 10'000 + static_cast<int64_t>(rng.Below(7)) - 3;
    const auto text = [this](int64_t more) { return market::FormatDecimal(price + more, 2); };
    gate.now += 1min;
    gate.Quote(kBtc, text(0), text(2));
    const auto bnb = [this](int64_t more) {
      return market::FormatDecimal(30'000 + static_cast<int64_t>(rng.Below(9)) + more, 2);
    };
    gate.Quote(kBnb, bnb(0), bnb(20));
    engine.OnTimer(gate.now);
    if (const auto note = engine.DecideSample(gate.now)) {
      last = *note;
      engine.Apply(*note);
    }
  }
  // As the service does when figures come.
  std::optional<market::RiskState> Figure() {
    PortfolioFigures figures = Evaluate(engine.Inputs(gate.now), 0);
    auto state = engine.Decide(figures);
    engine.Apply(std::move(figures));
    if (state) gate.Take({.states = {*state}});
    return state;
  }
  void Hold(std::string_view quantity) {
    REQUIRE(gate.Trade(Side::kBuy, market::FormatDecimal(price, 2), quantity).permitted);
  }
  std::string Saved() const {
    wire::CanonicalWriter out;
    engine.Save(out);
    return out.Take();
  }

  test::Gate gate;
  PortfolioEngine engine;
  base::Rng rng{2};
  int64_t price = 10'000;  // hundredths
  wire::EngineNote last;
};

TEST_CASE("PortfolioEngine records a price of each instrument an interval, exactly") {
  Watch watch;
  watch.Step();
  CHECK(watch.engine.observations() == 1);
  CHECK_FALSE(watch.engine.DecideSample(watch.gate.now + 1s).has_value());
  CHECK(watch.last.kind == "portfolio-sample");
  const PortfolioInputs inputs = watch.engine.Inputs(watch.gate.now);
  CHECK(inputs.names == std::vector<std::string>{kBnb, kBtc});
  CHECK(inputs.base[1] == market::AssetId("BTC"));
  CHECK(inputs.observations[0].prices[1] == static_cast<double>(watch.price + 1) / 100);
  CHECK(inputs.observations[0].depths[1] == 0);  // not looked at before
  watch.Step();
  CHECK(watch.engine.Inputs(watch.gate.now).observations[1].depths[1] ==
        static_cast<double>((watch.price + 1) * 2));
}

TEST_CASE("PortfolioEngine keeps no stale price and no more than its room") {
  Watch watch;
  for (int i = 0; i < 150; ++i) watch.Step();
  CHECK(watch.engine.observations() == 100);
  for (const char* id : {"binance-spot:AUSDT", "binance-spot:CUSDT"}) {
    watch.gate.Define(test::MakeInstrument(id, "A", "USDT"));
    watch.gate.Quote(id, "1", "1.01");
  }
  watch.Step();  // their quotes are one interval old, which is not too old
  CHECK(watch.engine.left_out() == 1);
  watch.Step();
  CHECK(watch.engine.left_out() == 0);  // older than an interval: not seen at all
  CHECK(watch.engine.Inputs(watch.gate.now).observations.back().prices[2] == 0);
}

TEST_CASE("What is held takes the place of what is not, and its stress needs no place") {
  LimitSet limits = Limits();
  limits.portfolio->instruments = 2;
  limits.portfolio->minimum = 20;
  limits.portfolio->stress["crash"] = {.others = {-500'000}};
  limits.firm.max_stress_loss = V("10");
  Watch watch(limits);
  for (int i = 0; i < 30; ++i) watch.Step();  // BTC and BNB have the places
  static constexpr char kNew[] = "binance-spot:AUSDT";
  watch.gate.Define(test::MakeInstrument(kNew, "A", "USDT"));
  watch.gate.Quote(kNew, "10", "10.02");
  watch.Step();
  CHECK(watch.engine.left_out() == 1);  // it is not held
  watch.gate.Quote(kNew, "10", "10.02");
  watch.Hold("1");  // BTC
  REQUIRE(watch.gate.Trade(Side::kBuy, "10.02", "100", kNew).permitted);
  const auto figures = [&watch] { return Evaluate(watch.engine.Inputs(watch.gate.now), 0); };
  // Without a place: the stress knows it, VaR says that it does not.
  CHECK(figures().uncovered == 1);
  CHECK(figures().gross > V("1000"));
  CHECK(figures().stress[0].worst_loss > V("500"));
  CHECK(watch.engine.Broken(figures()).size() == 1);
  const auto step = [&watch] {
    const int64_t cents = 1'000 + static_cast<int64_t>(watch.rng.Below(9));
    watch.gate.Quote(kNew, market::FormatDecimal(cents, 2), market::FormatDecimal(cents + 2, 2));
    watch.Step();
  };
  const std::string before = watch.Saved();
  step();
  const auto names = watch.engine.Inputs(watch.gate.now).names;
  CHECK(names == std::vector<std::string>{kNew, kBtc});  // BNB made room
  CHECK(watch.engine.Inputs(watch.gate.now).observations[3].prices[0] == 0);
  PortfolioEngine again(watch.gate.engine);  // the note says all of it
  wire::CanonicalReader in(before);
  REQUIRE(again.Load(in).ok());
  again.Apply(watch.last);
  wire::CanonicalWriter out;
  again.Save(out);
  CHECK(out.bytes() == watch.Saved());
  for (int i = 0; i < 30; ++i) step();
  CHECK(figures().uncovered == 0);
  CHECK(*figures().methods[0].var > 0);
  CHECK(watch.engine.Inputs(watch.gate.now).names == names);  // and stays
}

TEST_CASE("PortfolioEngine values a price in another quote asset by its rate") {
  Watch watch;
  watch.gate.Define(test::MakeInstrument(test::kEth, "ETH", "BTC"));
  watch.gate.now += 1min;
  watch.gate.Quote(kBtc, "100", "100.02");
  watch.gate.Quote(test::kEth, "0.05", "0.06");
  watch.engine.Apply(*watch.engine.DecideSample(watch.gate.now));
  const PortfolioInputs inputs = watch.engine.Inputs(watch.gate.now);
  const auto at = std::find(inputs.names.begin(), inputs.names.end(), test::kEth);
  REQUIRE(at != inputs.names.end());
  const double value =
      inputs.observations[0].prices[static_cast<size_t>(at - inputs.names.begin())];
  CHECK(std::abs(value - 0.055 * 100.01) < 1e-12);
}

TEST_CASE("A VaR above its limit reduces the firm, once, with the figure as reason") {
  LimitSet limits = Limits();
  limits.firm.max_var = V("1");
  Watch watch(limits);
  for (int i = 0; i < 60; ++i) watch.Step();
  CHECK_FALSE(watch.Figure().has_value());  // nothing is held
  watch.Hold("100");
  const auto state = watch.Figure();
  REQUIRE(state.has_value());
  CHECK(state->state == TradingState::kReducing);
  CHECK(state->scope == market::Scope{ScopeKind::kFirm, ""});
  CHECK(state->person.empty());
  CHECK(state->reason.starts_with("portfolio: VaR "));
  CHECK(state->reason.find("above max_var 1") != std::string::npos);
  CHECK(watch.gate.Firm().state == TradingState::kReducing);
  CHECK(watch.engine.Broken(*watch.engine.figures()).size() == 1);
  CHECK(watch.gate.Trade(Side::kBuy, "100", "1").reason == market::RejectReason::kReduceOnly);
  watch.Step();
  CHECK_FALSE(watch.Figure().has_value());
  // A person who lets it trade knows; the same breach does not overrule them.
  REQUIRE(watch.gate.Command(market::CommandKind::kResume, {ScopeKind::kFirm, ""}).ok());
  watch.Step();
  CHECK_FALSE(watch.Figure().has_value());
  CHECK(watch.gate.Firm().state == TradingState::kActive);
  // Gone, and there again: that is another one.
  REQUIRE(watch.gate.Trade(Side::kSell, market::FormatDecimal(watch.price, 2), "100").permitted);
  CHECK_FALSE(watch.Figure().has_value());
  CHECK(watch.engine.Broken(*watch.engine.figures()).empty());
  watch.Hold("100");
  CHECK(watch.Figure().has_value());
}

TEST_CASE("Each limit of the portfolio is held") {
  LimitSet limits = Limits();
  limits.portfolio->stress["crash"] = {.others = {-500'000}};
  limits.firm.capital = V("1000000");
  SECTION("expected shortfall") { limits.firm.max_expected_shortfall = V("1"); }
  SECTION("stress") { limits.firm.max_stress_loss = V("100"); }
  SECTION("volatility") { limits.firm.target_volatility_ppm = 100; }
  SECTION("part of the risk") { limits.firm.max_risk_share_ppm = 900'000; }
  Watch watch(limits);
  for (int i = 0; i < 60; ++i) watch.Step();
  watch.Hold("100");
  const auto state = watch.Figure();
  REQUIRE(state.has_value());
  CHECK(state->state == TradingState::kReducing);
}

TEST_CASE("An alarm takes as many signals as are set, and moves the state that is set") {
  for (const uint32_t signals : {1u, 2u, 3u}) {
    LimitSet limits = Limits();
    limits.portfolio->observations = 150;
    limits.portfolio->alarm.signals = signals;
    limits.portfolio->alarm.state = TradingState::kHalted;
    Watch watch(limits);
    for (int i = 0; i < 130; ++i) watch.Step();
    watch.Hold("1");
    CHECK_FALSE(watch.Figure().has_value());
    watch.Step(-900);  // a jump, and a loss beyond the tail
    const auto state = watch.Figure();
    CHECK(state.has_value() == (signals < 3));
    if (!state) continue;
    CHECK(state->state == TradingState::kHalted);
    CHECK(state->reason.find("alarm: tail ") != std::string::npos);
    CHECK(state->reason.find("jump ") != std::string::npos);
    REQUIRE(watch.gate.Command(market::CommandKind::kResume, {ScopeKind::kFirm, ""}).ok());
  }
}

TEST_CASE("PortfolioEngine restricts, and never loosens") {
  LimitSet limits = Limits();
  limits.firm.max_var = V("1");
  Watch watch(limits);
  for (int i = 0; i < 60; ++i) watch.Step();
  watch.Hold("100");
  REQUIRE(watch.gate
              .Command(market::CommandKind::kSetTradingState, {ScopeKind::kFirm, ""}, "ann",
                       "night", TradingState::kHalted)
              .ok());
  CHECK_FALSE(watch.Figure().has_value());
  CHECK(watch.gate.Firm().state == TradingState::kHalted);
}

TEST_CASE("PortfolioEngine after a restart knows prices, figures and what was broken") {
  LimitSet limits = Limits();
  limits.firm.max_var = V("1");
  Watch watch(limits);
  for (int i = 0; i < 60; ++i) watch.Step();
  watch.Hold("100");
  REQUIRE(watch.Figure().has_value());
  const std::string saved = watch.Saved();
  PortfolioEngine again(watch.gate.engine);
  wire::CanonicalReader in(saved);
  REQUIRE(again.Load(in).ok());
  CHECK(in.done());
  wire::CanonicalWriter out;
  again.Save(out);
  CHECK(out.bytes() == saved);
  REQUIRE(again.figures().has_value());
  CHECK_FALSE(again.Decide(*again.figures()).has_value());  // raised already
  CHECK(again.Inputs(watch.gate.now).observations.size() ==
        watch.engine.Inputs(watch.gate.now).observations.size());
  for (size_t size = 0; size < saved.size(); size += 97) {
    PortfolioEngine torn(watch.gate.engine);
    wire::CanonicalReader part(std::string_view(saved).substr(0, size));
    CHECK_FALSE(torn.Load(part).ok());
  }
}

TEST_CASE("PortfolioEngine without a section in the limits does nothing") {
  LimitSet limits = Limits();
  limits.portfolio.reset();
  Watch watch(limits);
  watch.Step();
  CHECK_FALSE(watch.engine.on());
  CHECK(watch.engine.observations() == 0);
  CHECK_FALSE(watch.Figure().has_value());
}

TEST_CASE("Notes of others and damaged ones change nothing") {
  Watch watch;
  watch.Step();
  const std::string before = watch.Saved();
  watch.engine.Apply(wire::EngineNote{"execution", watch.last.kind, watch.last.body});
  watch.engine.Apply(wire::EngineNote{watch.last.engine, "marks", watch.last.body});
  watch.engine.Apply(wire::EngineNote{watch.last.engine, watch.last.kind,
                                      watch.last.body.substr(0, watch.last.body.size() - 3)});
  CHECK(watch.Saved() == before);
}

constexpr char kFile[] = R"(
version: 7
valuation: {asset: USDT}
portfolio:
  interval: 5m
  observations: 300
  minimum: 100
  horizon: 48h
  confidence: 97.5%
  paths: 5000
  decay: 94%
  alarm: {signals: 3, state: cancel-only, jump: 10ppm}
  stress:
    crash:
      assets: {BTC: [-40%, 10%]}
      others: [-50%, 20%]
firm: {max_var: 1000, max_risk_share: 60%, target_volatility: 25%}
accounts: {main/paper: {max_gross: 5}}
)";

TEST_CASE("The section portfolio is read") {
  const auto config = ParseRiskConfig(kFile, "limits.yaml");
  REQUIRE(config.ok());
  const PortfolioSettings& settings = *config->limits.portfolio;
  CHECK(settings.interval == 5min);
  CHECK(settings.confidence_ppm == 975'000);
  CHECK(settings.decay_ppm == 940'000);
  CHECK(settings.alarm.state == TradingState::kCancelOnly);
  CHECK(settings.alarm.jump_ppm == 10);
  CHECK(settings.stress.at("crash").others == std::vector<int64_t>{-500'000, 200'000});
  CHECK(settings.stress.at("crash").assets.at(market::AssetId("BTC"))[0] == -400'000);
  CHECK(config->limits.firm.max_var == V("1000"));
  CHECK(config->limits.firm.max_risk_share_ppm == 600'000);
}

TEST_CASE("What the section portfolio cannot be is refused by its key") {
  const auto refused = [](const std::string& from, const std::string& to, const char* names) {
    std::string file = kFile;
    const size_t at = file.find(from);
    REQUIRE(at != std::string::npos);
    file.replace(at, from.size(), to);
    const auto config = ParseRiskConfig(file, "limits.yaml");
    INFO(config.status().message());
    CHECK_FALSE(config.ok());
    CHECK(config.status().message().find(names) != std::string::npos);
  };
  refused("interval: 5m", "interval: 0s", "portfolio.interval");
  refused("interval: 5m", "intervall: 5m", "intervall");
  refused("minimum: 100", "minimum: 300", "portfolio.minimum");
  refused("horizon: 48h", "horizon: 1m", "portfolio.horizon");
  refused("confidence: 97.5%", "confidence: 50%", "portfolio.confidence");
  refused("paths: 5000", "paths: 5001", "portfolio.paths");
  refused("paths: 5000", "degrees_of_freedom: 2", "portfolio.degrees_of_freedom");
  refused("state: cancel-only", "state: active", "portfolio.alarm.state");
  refused("BTC: [-40%, 10%]", "BTC: [-40%]", "portfolio.stress.crash.assets.BTC");
  refused("others: [-50%, 20%]", "others: [-150%, 20%]", "portfolio.stress.crash.others");
  refused("others: [-50%, 20%]", "other: [-50%, 20%]", "portfolio.stress.crash");
  refused("max_gross: 5", "max_var: 5", "max_var");
}

}  // namespace
}  // namespace gannet::risk
