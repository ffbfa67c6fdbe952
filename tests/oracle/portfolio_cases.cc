// What libs/portfolio says of cases on standard input, one JSON object a line; answers
// on standard output, in order. For tests/oracle/portfolio_oracle_test.py, which says
// what the fields are.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "libs/portfolio/backtest.h"
#include "libs/portfolio/concentration.h"
#include "libs/portfolio/extremes.h"
#include "libs/portfolio/monte_carlo.h"
#include "libs/portfolio/sizing.h"
#include "libs/portfolio/stress.h"
#include "libs/portfolio/value_at_risk.h"

namespace gannet::portfolio {
namespace {

using nlohmann::json;

json Of(const TailRisk& risk) { return {risk.var, risk.es}; }
json Of(const SimulatedRisk& risk) {
  return {risk.risk.var, risk.risk.es, risk.var_low, risk.var_high};
}
json Of(const Moments& m) { return {m.mean, m.sigma, m.skewness, m.excess_kurtosis}; }
json Of(const TestResult& result) { return {result.statistic, result.p_value}; }
json Of(const BaselResult& result) { return {Name(result.zone), result.cumulative}; }
json Of(const ParetoTail& tail) {
  return {tail.threshold, tail.shape, tail.scale, tail.exceedances};
}
json Of(const Jump& jump) { return {jump.statistic, jump.p_value}; }
json Of(const StressResult& result) { return {result.loss, result.worst_loss, result.worst_step}; }
json Of(const Concentration& c) { return {c.largest, c.largest_share, c.herfindahl, c.effective}; }
json Of(const Matrix& matrix) { return matrix.cells(); }
template <class T>
json Of(const T& plain) {
  return plain;
}
template <class T>
json Of(const absl::StatusOr<T>& result) {
  if (result.ok()) return Of(*result);
  return {{"error", std::string(absl::StatusCodeToString(result.status().code()))}};
}

json Answer(const json& in) {
  const auto list = [&in](const char* key) { return in.at(key).get<std::vector<double>>(); };
  const Confidence confidence{in.at("confidence").get<int64_t>()};
  const std::vector<double> values = list("values");
  const Matrix returns = Matrix::Of(values.size(), list("returns"));
  json out;
  const auto covariance = Covariance(returns);
  out["covariance"] = Of(covariance);
  out["ewma"] = Of(EwmaCovariance(returns, in.at("decay").get<double>()));
  out["concentration"] = Of(ConcentrationOf(values));
  out["stress"] = Of(RunStress(values, Matrix::Of(values.size(), list("shocks"))));
  if (covariance.ok()) {
    out["correlation"] = Of(MeanCorrelation(*covariance));
    const auto book = IncrementalVolatility::Create(*covariance, values);
    out["sigma"] = book->sigma();
    out["sigma_after"] = book->SigmaAfter(0, 1'000);
    out["contributions"] = book->Contributions();
    out["normal"] = Of(NormalRisk(0, book->sigma(), confidence));
    const Simulation simulation{.paths = in.at("paths").get<uint32_t>(),
                                .seed = in.at("seed").get<uint64_t>(),
                                .degrees_of_freedom = in.at("degrees").get<uint32_t>()};
    out["monte_carlo"] = Of(MonteCarloRisk(*covariance, values, simulation, confidence));
  }
  const auto profits = ProfitAndLoss(returns, values);
  if (!profits.ok()) return out;
  out["historical"] = Of(HistoricalRisk(*profits, confidence));
  const auto moments = MomentsOf(*profits);
  out["moments"] = Of(moments);
  if (moments.ok()) out["cornish_fisher"] = Of(CornishFisherRisk(*moments, confidence));
  out["filtered"] = Of(FilteredReturns(*profits, in.at("decay").get<double>()));
  out["jump"] = Of(NewestJump(*profits));
  std::vector<double> losses = *profits;
  for (double& loss : losses) loss = -loss;
  const auto tail = FitTail(losses, {.ppm = 900'000});
  out["tail"] = Of(tail);
  if (tail.ok()) out["tail_risk"] = Of(ParetoRisk(*tail, {.ppm = 995'000}));
  const auto exceptions = WalkForward(*profits, in.at("window").get<size_t>(), confidence);
  if (!exceptions.ok()) return out;
  out["exceptions"] = *exceptions;
  const auto days = static_cast<int64_t>(exceptions->size());
  const auto count = std::count(exceptions->begin(), exceptions->end(), true);
  const auto kupiec = KupiecTest(days, count, confidence);
  const auto independence = IndependenceTest(CountTransitions(*exceptions));
  out["kupiec"] = Of(kupiec);
  out["basel"] = Of(BaselTest(days, count, confidence));
  out["independence"] = Of(independence);
  if (independence.ok()) out["coverage"] = Of(ConditionalCoverage(*kupiec, *independence));
  return out;
}

}  // namespace
}  // namespace gannet::portfolio

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto in = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!in.is_object()) return 2;
    std::cout << gannet::portfolio::Answer(in).dump() << "\n";
  }
  return 0;
}
