#include "services/risk/portfolio_figures.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "libs/base/rng.h"
#include "libs/portfolio/value_at_risk.h"

namespace gannet::risk {
namespace {

using namespace std::chrono_literals;

constexpr size_t kTimes = 201;

// Three instruments whose prices walk by 10 bp a minute, correlated by a half.
PortfolioInputs Walk(size_t times = kTimes) {
  PortfolioInputs in;
  in.at = base::FromUnixMillis(1'700'000'000'000);
  in.settings.paths = 20'000;
  in.settings.degrees_of_freedom = 0;
  in.settings.horizon = 1min;
  in.names = {"a:BTCUSDT", "a:ETHUSDT", "a:XRPUSDT"};
  in.base = {market::AssetId("BTC"), market::AssetId("ETH"), market::AssetId("XRP")};
  in.values = {10'000, 5'000, -2'000};
  base::Rng rng(4);
  std::vector<double> prices = {60'000, 3'000, 0.5};
  for (size_t t = 0; t < times; ++t) {
    in.observations.push_back({in.at + static_cast<int64_t>(t) * 1min, prices, {100, 90, 80}});
    const double market = rng.Normal();
    for (double& price : prices)
      price *= 1 + 0.001 * (std::sqrt(0.5) * market + std::sqrt(0.5) * rng.Normal());
  }
  in.at = in.observations.back().at;
  return in;
}

double Units(const std::optional<Value>& value) {
  REQUIRE(value.has_value());
  return static_cast<double>(*value) * 1e-8;
}
const PortfolioFigures::Risk& At(const PortfolioFigures& figures, Method method) {
  return figures.methods[static_cast<size_t>(method)];
}
const PortfolioFigures::Reading& At(const PortfolioFigures& figures, Signal signal) {
  return figures.signals[static_cast<size_t>(signal)];
}

TEST_CASE("Evaluate gives four figures that agree on a normal walk") {
  const PortfolioFigures figures = Evaluate(Walk(), 0);
  CHECK(figures.observations == 200);
  CHECK(figures.instruments == 3);
  CHECK(figures.uncovered == 0);
  CHECK(Units(figures.gross) == 17'000);
  const double parametric = Units(At(figures, Method::kParametric).var);
  CHECK(parametric > 15);
  CHECK(parametric < 45);
  for (const PortfolioFigures::Risk& risk : figures.methods) {
    CHECK(risk.problem.empty());
    CHECK(std::abs(Units(risk.var) / parametric - 1) < 0.35);
    CHECK(*risk.es >= *risk.var);
    CHECK(*risk.var % 1'000'000 == 0);  // whole hundredths
    CHECK(*figures.worst(&PortfolioFigures::Risk::var) >= *risk.var);
  }
  CHECK(*figures.simulated_low <= *At(figures, Method::kMonteCarlo).var);
  CHECK(figures.backtested == 100);
  CHECK(figures.zone >= 1);
  CHECK(figures.kupiec_ppm.has_value());
  CHECK(figures.largest == "a:BTCUSDT");
  CHECK(*figures.largest_share_ppm > 400'000);
  CHECK_FALSE(figures.volatility_ppm.has_value());  // no capital is stated
  CHECK(figures.signals_up() == 0);
}

TEST_CASE("Evaluate scales to the horizon by the root, and tails come closer to normal") {
  PortfolioInputs in = Walk();
  const PortfolioFigures minute = Evaluate(in, 0);
  in.settings.horizon = 100min;
  const PortfolioFigures longer = Evaluate(in, 0);
  for (const Method method : {Method::kHistorical, Method::kParametric}) {
    const double ratio = Units(At(longer, method).var) / Units(At(minute, method).var);
    CHECK(std::abs(ratio - 10) < 0.01);
  }
  CHECK(std::abs(Units(At(longer, Method::kCornishFisher).var) /
                     Units(At(longer, Method::kParametric).var) -
                 1) < 0.02);
}

TEST_CASE("Evaluate weighs by decay when one is set") {
  PortfolioInputs in = Walk();
  // The last half hour is three times as wild.
  for (size_t t = in.observations.size() - 30; t < in.observations.size(); ++t) {
    for (double& price : in.observations[t].prices) price *= t % 2 == 0 ? 1.003 : 0.997;
  }
  const PortfolioFigures alike = Evaluate(in, 0);
  in.settings.decay_ppm = 940'000;
  const PortfolioFigures decayed = Evaluate(in, 0);
  for (const Method method : {Method::kHistorical, Method::kParametric, Method::kMonteCarlo})
    CHECK(*At(decayed, method).var > *At(alike, method).var);
}

TEST_CASE("Evaluate says what it lacks instead of a figure") {
  const PortfolioFigures early = Evaluate(Walk(60), 0);
  CHECK(early.observations == 0);  // no instrument has enough of them
  for (const PortfolioFigures::Risk& risk : early.methods) {
    CHECK_FALSE(risk.var.has_value());
    CHECK(risk.problem.find("60 are needed") != std::string::npos);
  }
  CHECK(early.uncovered == 3);
  const PortfolioFigures nothing = Evaluate(PortfolioInputs{}, 0);
  CHECK(nothing.signals_up() == 0);
  CHECK_FALSE(nothing.methods[0].var.has_value());

  PortfolioInputs flat = Walk();
  flat.values = {0, 0, 0};
  const PortfolioFigures none = Evaluate(flat, 200'000);
  for (const PortfolioFigures::Risk& risk : none.methods) CHECK(risk.var == Value{0});

  PortfolioInputs still = Walk();
  for (auto& seen : still.observations) seen.prices = {60'000, 3'000, 0.5};
  const PortfolioFigures frozen = Evaluate(still, 0);
  CHECK(At(frozen, Method::kParametric).var == Value{0});
  CHECK(At(frozen, Method::kCornishFisher).problem.find("equal") != std::string::npos);
  CHECK_FALSE(At(frozen, Signal::kCorrelation).value_ppm.has_value());
  CHECK_FALSE(At(frozen, Signal::kJump).value_ppm.has_value());
}

TEST_CASE("Evaluate compares no prices across a pause, and covers only what it has seen") {
  PortfolioInputs in = Walk();
  for (size_t t = 100; t < in.observations.size(); ++t) {
    in.observations[t].at += 1h;
    for (double& price : in.observations[t].prices) price *= 2;  // doubled while nobody looked
  }
  in.observations[100].prices[0] = 0;  // not every price is there at once
  for (size_t t = 0; t < 190; ++t) in.observations[t].prices[2] = 0;  // new
  const PortfolioFigures figures = Evaluate(in, 0);
  CHECK(figures.observations == 199);
  CHECK(figures.instruments == 2);
  CHECK(figures.uncovered == 1);
  CHECK(Units(At(figures, Method::kHistorical).var) < 60);
  CHECK(Units(At(figures, Method::kParametric).var) < 60);
  CHECK_FALSE(At(figures, Signal::kJump).up);
}

TEST_CASE("Evaluate says no figure of what is held and not covered") {
  PortfolioInputs in = Walk();
  in.values = {0, 0, 1'000};
  for (auto& seen : in.observations) seen.prices[2] = 0;
  const PortfolioFigures figures = Evaluate(in, 0);
  CHECK(figures.uncovered == 1);
  for (const PortfolioFigures::Risk& risk : figures.methods) {
    CHECK_FALSE(risk.var.has_value());
    CHECK(risk.problem == "what is held has too few prices (1 instruments)");
  }
}

TEST_CASE("Evaluate runs the stress paths over what is held") {
  PortfolioInputs in = Walk(2);  // needs no history
  in.settings.stress["crash"] = {.assets = {{market::AssetId("BTC"), {-500'000, 500'000}}},
                                 .others = {-100'000, 0}};
  const PortfolioFigures figures = Evaluate(in, 0);
  REQUIRE(figures.stress.size() == 1);
  CHECK(figures.stress[0].name == "crash");
  CHECK(Units(figures.stress[0].worst_loss) == 5'000 + 500 - 200);
  CHECK(figures.stress[0].worst_step == 1);
  CHECK(Units(figures.stress[0].loss) == 2'500 + 500 - 200);
}

TEST_CASE("Evaluate sizes against capital") {
  PortfolioInputs in = Walk();
  in.capital = 100'000;
  const PortfolioFigures figures = Evaluate(in, 50'000);
  REQUIRE(figures.volatility_ppm.has_value());
  // 10 bp a minute is 72 % a year of some 10,000 net, a tenth of it of capital.
  CHECK(*figures.volatility_ppm > 40'000);
  CHECK(*figures.volatility_ppm < 150'000);
  REQUIRE(figures.scale_ppm.has_value());
  CHECK(std::abs(static_cast<double>(*figures.scale_ppm) *
                     static_cast<double>(*figures.volatility_ppm) * 1e-12 -
                 0.05) < 1e-6);
  CHECK(figures.kelly_ppm.has_value());
  CHECK_FALSE(Evaluate(in, 0).scale_ppm.has_value());
}

TEST_CASE("Signals rise with what they watch") {
  PortfolioInputs in = Walk();
  SECTION("a jump, and with it the tail") {
    for (double& price : in.observations.back().prices) price *= 0.97;
    const PortfolioFigures figures = Evaluate(in, 0);
    CHECK(At(figures, Signal::kJump).up);
    CHECK(At(figures, Signal::kTail).up);
    // All fell together, so that their correlation rises too.
    CHECK(figures.signals_up() >= 2);
  }
  SECTION("a jump upwards loses nothing for who is long") {
    for (double& price : in.observations.back().prices) price *= 1.03;
    const PortfolioFigures figures = Evaluate(in, 0);
    CHECK(At(figures, Signal::kJump).up);
    CHECK_FALSE(At(figures, Signal::kTail).up);
  }
  SECTION("depth") {
    in.observations.back().depths = {10, 9, 79};
    const PortfolioFigures figures = Evaluate(in, 0);
    CHECK(At(figures, Signal::kDepth).up);
    CHECK(At(figures, Signal::kDepth).value_ppm == 100'000);
    in.observations.back().depths = {10, 85, 79};
    CHECK_FALSE(At(Evaluate(in, 0), Signal::kDepth).up);
    in.observations.back() = {in.at, {0, 0, 0}, {0, 0, 0}};  // no market is no collapse
    CHECK_FALSE(At(Evaluate(in, 0), Signal::kDepth).value_ppm.has_value());
  }
  SECTION("correlation") {
    for (auto& seen : in.observations)
      seen.prices = {seen.prices[0], seen.prices[0] * 2, seen.prices[0] / 3};
    const PortfolioFigures figures = Evaluate(in, 0);
    CHECK(At(figures, Signal::kCorrelation).up);
    CHECK(At(figures, Signal::kCorrelation).value_ppm == 1'000'000);
  }
  SECTION("peg") {
    in.furthest = "a:USDCUSDT";
    in.furthest_from_par = 0.0199;
    CHECK_FALSE(At(Evaluate(in, 0), Signal::kPeg).up);
    in.furthest_from_par = 0.12;
    CHECK(At(Evaluate(in, 0), Signal::kPeg).up);
  }
}

TEST_CASE("Figures survive their record, and other bytes are none") {
  PortfolioInputs in = Walk();
  in.capital = 100'000;
  in.settings.stress["crash"] = {.others = {-100'000}};
  const std::string bytes = Encode(Evaluate(in, 50'000));
  const auto back = DecodePortfolioFigures(bytes);
  REQUIRE(back.ok());
  CHECK(Encode(*back) == bytes);
  CHECK(Encode(Evaluate(in, 50'000)) == bytes);
  for (size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(DecodePortfolioFigures(bytes.substr(0, size)).ok());
  CHECK_FALSE(DecodePortfolioFigures(bytes + "x").ok());
  base::Rng rng(1);
  for (int round = 0; round < 2'000; ++round) {
    std::string hostile = bytes;
    hostile[rng.Below(hostile.size())] = static_cast<char>(rng.Below(256));
    if (const auto figures = DecodePortfolioFigures(hostile); figures.ok())
      CHECK(Encode(*figures) == hostile);
  }
}

TEST_CASE("Evaluate keeps to whole numbers whatever it is given") {
  base::Rng rng(8);
  const double odd[] = {0,      1,      -1,
                        1e300,  -1e300, std::numeric_limits<double>::infinity(),
                        1e-320, 0.5,    std::numeric_limits<double>::quiet_NaN()};
  const auto any = [&] { return odd[rng.Below(std::size(odd))]; };
  for (int round = 0; round < 200; ++round) {
    PortfolioInputs in = Walk(100);
    in.settings.paths = 1'000;
    in.settings.stress["crash"] = {.others = {-100'000}};
    for (int change = 0; change < 4; ++change) {
      auto& seen = in.observations[rng.Below(in.observations.size())];
      (rng.Chance(0.5) ? seen.prices : seen.depths)[rng.Below(3)] = any();
    }
    if (rng.Chance(0.5)) in.values[rng.Below(3)] = any();
    if (rng.Chance(0.5)) in.capital = any();
    const PortfolioFigures figures = Evaluate(in, 50'000);
    CHECK(DecodePortfolioFigures(Encode(figures)).ok());
    for (const PortfolioFigures::Risk& risk : figures.methods)
      CHECK(risk.var.has_value() == risk.problem.empty());
  }
}

}  // namespace
}  // namespace gannet::risk
