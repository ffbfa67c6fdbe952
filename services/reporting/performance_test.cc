#include "services/reporting/performance.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>

#include "libs/base/property_suite.h"

namespace gannet::reporting {
namespace {

using Catch::Matchers::WithinAbs;
using market::Money;

constexpr double kClose = 1e-8;

TEST_CASE("Figures of a series that one can work out by hand") {
  const std::vector<double> returns = {0.10, -0.05, 0.02, -0.01};
  CHECK_THAT(TotalReturn(returns), WithinAbs(1.1 * 0.95 * 1.02 * 0.99 - 1, 1e-15));
  CHECK_THAT(AnnualReturn(returns, returns.size(), 4).value(),
             WithinAbs(TotalReturn(returns), 1e-15));
  // mean 0.015; squared deviations 0.007225 + 0.004225 + 0.000025 + 0.000625 = 0.0121
  CHECK_THAT(Volatility(returns, 1).value(), WithinAbs(std::sqrt(0.0121 / 3), 1e-15));
  CHECK_THAT(Sharpe(returns, 0, 1).value(), WithinAbs(0.015 / std::sqrt(0.0121 / 3), 1e-14));
  // shortfalls 0.05 and 0.01 over all four
  CHECK_THAT(Sortino(returns, 0, 1).value(), WithinAbs(0.015 / std::sqrt(0.0026 / 4), 1e-14));
  const Drawdown drawdown = MaxDrawdown(Wealth(returns));
  CHECK_THAT(drawdown.depth, WithinAbs(0.05, 1e-15));
  CHECK(drawdown.peak == 1);
  CHECK(drawdown.trough == 2);
  CHECK_FALSE(drawdown.recovered.has_value());
  CHECK_THAT(Calmar(returns, returns.size(), 4, drawdown.depth).value(),
             WithinAbs(TotalReturn(returns) / 0.05, 1e-12));
}

TEST_CASE("A figure that its definition leaves open is nothing") {
  const std::vector<double> none, one = {0.01}, equal = {0.01, 0.01, 0.01}, ruin = {0.5, -1.0};
  CHECK(TotalReturn(none) == 0);
  for (const auto& few : {none, one}) {
    CHECK_FALSE(Volatility(few, 365).has_value());
    CHECK_FALSE(Sharpe(few, 0, 365).has_value());
  }
  CHECK_FALSE(AnnualReturn(none, 0, 365).has_value());
  CHECK_FALSE(AnnualReturn(ruin, ruin.size(), 365).has_value());
  CHECK_FALSE(Sharpe(equal, 0, 365).has_value());
  CHECK_FALSE(Sortino(equal, 0, 365).has_value());  // nothing fell short
  CHECK_FALSE(
      Sortino(std::vector{-0.01}, 0, 365).has_value());  // it would be -sqrt(365) whatever was lost
  CHECK_FALSE(Calmar(equal, equal.size(), 365, 0).has_value());
  CHECK(MaxDrawdown({}).depth == 0);
  CHECK(MaxDrawdown(Wealth(ruin)).depth == 1);
  CHECK_FALSE(WilsonInterval(0, 0).has_value());
  CHECK_FALSE(Correlation(1, 1, 1, 1, 1, 1).has_value());
  CHECK_FALSE(Correlation(3, 3, 6, 3, 14, 6).has_value());  // x does not vary
  CHECK_FALSE(FiguresOf({}).hit_rate.has_value());
}

TEST_CASE("Drawdown names the first of the deepest falls, and when it was made good") {
  const std::vector<double> curve = {100, 120, 90, 110, 120, 90, 130};
  const Drawdown drawdown = MaxDrawdown(curve);
  CHECK(drawdown.depth == 0.25);
  CHECK(drawdown.peak == 1);
  CHECK(drawdown.trough == 2);
  CHECK(drawdown.recovered == 4);
}

TEST_CASE("Drawdown equals the brute force over all pairs") {
  CHECK(base::Holds("max over i <= j of the fall from i to j", [] {
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(-900, 900));
    std::vector<double> returns;
    for (const int step : steps) returns.push_back(step / 1000.0);
    const std::vector<double> curve = Wealth(returns);
    double worst = 0;
    for (size_t i = 0; i < curve.size(); ++i) {
      for (size_t j = i; j < curve.size(); ++j)
        worst = std::max(worst, (curve[i] - curve[j]) / curve[i]);
    }
    RC_ASSERT(MaxDrawdown(curve).depth == worst);
  }));
}

TEST_CASE("Trades count exactly: winners, losers, those that came out even") {
  const std::vector<Money> results = {Money(10, 0), Money(-4, 0), Money(0, 0), Money(5, 1),
                                      Money(-1, 0)};
  const TradeFigures figures = FiguresOf(results);
  CHECK(figures.trades == 5);
  CHECK(figures.winners == 2);
  CHECK(figures.losers == 2);
  CHECK(figures.gross_profit == Money(105, 1));
  CHECK(figures.gross_loss == Money(5, 0));
  CHECK(figures.hit_rate == 0.4);
  CHECK(figures.profit_factor == 2.1);
  CHECK(figures.average_loss == Money(2, 0));  // 2.5 half even at scale 0
  CHECK_FALSE(FiguresOf(std::vector<Money>{Money(1, 0)}).profit_factor.has_value());
}

TEST_CASE("Wilson's interval is that of the published example") {
  // Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263 gives 0.2553 to 0.3662.
  const Interval interval = WilsonInterval(81, 263).value();
  CHECK_THAT(interval.low, WithinAbs(0.2553, 5e-5));
  CHECK_THAT(interval.high, WithinAbs(0.3662, 5e-5));
  CHECK(WilsonInterval(0, 10).value().low >= -1e-15);
}

TEST_CASE("Correlation of a line is one, whatever its slope") {
  // x = 1, 2, 3; y = 2, 4, 6 and −y
  CHECK_THAT(Correlation(3, 6, 12, 14, 56, 28).value(), WithinAbs(1, 1e-15));
  CHECK_THAT(Correlation(3, 6, -12, 14, 56, -28).value(), WithinAbs(-1, 1e-15));
}

TEST_CASE("Quantise rounds half even and refuses what is no number") {
  CHECK(Quantise(0.125, 2) == Money(12, 2));
  CHECK(Quantise(0.375, 2) == Money(38, 2));
  CHECK(Quantise(-1.5, 0) == Money(-2, 0));
  CHECK_FALSE(Quantise(std::nan(""), 6).has_value());
  CHECK_FALSE(Quantise(HUGE_VAL, 6).has_value());
  CHECK_FALSE(Quantise(2e15, 6).has_value());
}

// --- published series -------------------------------------------------------------

std::vector<std::string> Fields(const std::string& line) {
  std::vector<std::string> fields;
  std::stringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

// Column `column` of a CSV file; empty when it is not there.
std::vector<double> Column(const std::string& path, size_t column, bool header, double unit) {
  std::ifstream file(path);
  std::vector<double> values;
  std::string line;
  if (header) std::getline(file, line);
  while (std::getline(file, line)) {
    const auto fields = Fields(line);
    if (fields.size() > column) values.push_back(std::stod(fields[column]) * unit);
  }
  return values;
}

struct Expected {
  const char* name;
  double total, annual, volatility, sharpe, sortino, drawdown, calmar;
};

void CheckSeries(const Expected& expected, const std::vector<double>& returns, double periods) {
  INFO(expected.name);
  CHECK_THAT(TotalReturn(returns), WithinAbs(expected.total, kClose));
  CHECK_THAT(AnnualReturn(returns, returns.size(), periods).value(),
             WithinAbs(expected.annual, kClose));
  CHECK_THAT(Volatility(returns, periods).value(), WithinAbs(expected.volatility, kClose));
  CHECK_THAT(Sharpe(returns, 0, periods).value(), WithinAbs(expected.sharpe, kClose));
  CHECK_THAT(Sortino(returns, 0, periods).value(), WithinAbs(expected.sortino, kClose));
  const double drawdown = MaxDrawdown(Wealth(returns)).depth;
  CHECK_THAT(drawdown, WithinAbs(expected.drawdown, kClose));
  CHECK_THAT(Calmar(returns, returns.size(), periods, drawdown).value(),
             WithinAbs(expected.calmar, kClose));
}

// What empyrical-reloaded 0.7.1 (PyPI, Apache-2.0) says of the 13 EDHEC indexes that
// PerformanceAnalytics publishes, 152 months: cum_returns_final, annual_return,
// annual_volatility, sharpe_ratio, sortino_ratio, max_drawdown, calmar_ratio.
constexpr Expected kEdhec[] = {
    {"Convertible Arbitrage", 1.559585404, 0.077020371, 0.069446187, 1.107370107, 1.509700805,
     0.292688395, 0.263148019},
    {"CTA Global", 1.550287800, 0.076710992, 0.087055992, 0.894524119, 1.638698359, 0.116768137,
     0.656951408},
    {"Distressed Securities", 2.249667496, 0.097509622, 0.063559026, 1.501588043, 2.319675141,
     0.229232535, 0.425374267},
    {"Emerging Markets", 2.106494105, 0.093612494, 0.133615371, 0.740578205, 1.060643505,
     0.359789528, 0.260186822},
    {"Equity Market Neutral", 1.468271010, 0.073935954, 0.031197069, 2.308921334, 3.618879019,
     0.110823378, 0.667151240},
    {"Event Driven", 2.091341883, 0.093190424, 0.063567906, 1.438908818, 2.180418786, 0.200817391,
     0.464055546},
    {"Fixed Income Arbitrage", 0.870395814, 0.050675090, 0.049090805, 1.034227341, 1.267449524,
     0.178792726, 0.283429261},
    {"Global Macro", 2.127999917, 0.094208301, 0.058957704, 1.561601185, 3.886448188, 0.079229278,
     1.189059188},
    {"Long/Short Equity", 2.120998046, 0.094014733, 0.076812357, 1.212284389, 2.102299877,
     0.218197216, 0.430870453},
    {"Merger Arbitrage", 1.768784672, 0.083721194, 0.038688029, 2.104486143, 3.521029966,
     0.056342044, 1.485945288},
    {"Relative Value", 1.723670708, 0.082316578, 0.045707715, 1.759348273, 2.661080442, 0.159407480,
     0.516390936},
    {"Short Selling", 0.502321016, 0.032654289, 0.190869128, 0.261614914, 0.421241942, 0.495619599,
     0.065885791},
    {"Funds of Funds", 1.391780258, 0.071270259, 0.063088074, 1.125744511, 1.882994088, 0.205914471,
     0.346115837},
};

TEST_CASE("Figures of thirteen published monthly series are those of an independent library") {
  const std::string path = "../shared/data/oracle-performance/pa-edhec.csv";
  if (!std::ifstream(path)) SKIP("SKIPPED: ../shared/data/oracle-performance not present");
  size_t column = 0;
  for (const Expected& expected : kEdhec) {
    const std::vector<double> returns = Column(path, ++column, true, 1);
    REQUIRE(returns.size() == 152);
    CheckSeries(expected, returns, 12);
  }
  const std::vector<double> cta = Column(path, 2, true, 1);
  CHECK_THAT(Sharpe(cta, 0.003, 12).value(), WithinAbs(0.4809971538883536, kClose));
  CHECK_THAT(Sortino(cta, 0.003, 12).value(), WithinAbs(0.790312844790523, kClose));
}

TEST_CASE("Figures of a published daily series are those of an independent library") {
  const std::string path = "../shared/data/oracle-performance/empyrical-returns.csv";
  if (!std::ifstream(path)) SKIP("SKIPPED: ../shared/data/oracle-performance not present");
  // The numbers are standard-normal draws: a hundredth of each is taken as the return.
  const std::vector<double> returns = Column(path, 1, false, 0.01);
  REQUIRE(returns.size() == 504);
  CheckSeries({"empyrical", -0.392499476, -0.220576801, 0.220186466, -1.021262646, -1.377829563,
               0.593087491, -0.371912752},
              returns, 252);
}

}  // namespace
}  // namespace gannet::reporting
