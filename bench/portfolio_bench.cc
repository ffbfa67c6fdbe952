// Portfolio risk of 100 assets. The goal: 10^5 paths of Monte-Carlo VaR and ES within
// 0.5 s. Beside it the floor of the same run: multiplying as many vectors of normals,
// drawn before, with the triangular factor in a plain loop, which every simulation has
// to do that does not mirror its paths.
#include <benchmark/benchmark.h>

#include <vector>

#include "libs/base/rng.h"
#include "libs/portfolio/monte_carlo.h"
#include "libs/portfolio/value_at_risk.h"

namespace gannet::portfolio {
namespace {

constexpr size_t kAssets = 100, kPaths = 100'000, kTimes = 500;
constexpr Confidence k99{990'000};

struct Book {
  Matrix returns{kTimes, kAssets}, covariance;
  std::vector<double> values = std::vector<double>(kAssets);

  Book() {
    base::Rng rng(1);
    for (size_t t = 0; t < kTimes; ++t) {
      const double market = rng.Normal();
      for (size_t i = 0; i < kAssets; ++i) returns.at(t, i) = 0.01 * (market + rng.Normal());
    }
    for (double& value : values) value = 10'000 * rng.Normal();
    covariance = *Covariance(returns);
  }
};

void MonteCarlo(benchmark::State& state) {
  const Book book;
  const Simulation simulation{.paths = kPaths,
                              .degrees_of_freedom = static_cast<uint32_t>(state.range(0))};
  for (auto _ : state) {
    auto risk = MonteCarloRisk(book.covariance, book.values, simulation, k99);
    if (!risk.ok()) state.SkipWithError("no risk");
    benchmark::DoNotOptimize(risk);
  }
  state.counters["goal_s"] = 0.5;
}
BENCHMARK(MonteCarlo)->Arg(0)->Arg(5)->Unit(benchmark::kMillisecond);  // normal, Student

void FloorTriangularMultiply(benchmark::State& state) {
  const Book book;
  const Factor factor = *Cholesky(book.covariance);
  base::Rng rng(1);
  std::vector<double> normals(kAssets * 1'000);  // used again: what is drawn costs nothing
  for (double& z : normals) z = rng.Normal();
  std::vector<double> gains(kPaths);
  for (auto _ : state) {
    for (size_t path = 0; path < kPaths; ++path) {
      const double* z = &normals[path % 1'000 * kAssets];
      double gain = 0;
      for (size_t i = 0; i < kAssets; ++i) {
        double x = 0;
        for (size_t j = 0; j <= i; ++j) x += factor.lower.at(i, j) * z[j];
        gain += book.values[factor.order[i]] * x;
      }
      gains[path] = gain;
    }
    benchmark::DoNotOptimize(gains.data());
  }
}
BENCHMARK(FloorTriangularMultiply)->Unit(benchmark::kMillisecond);

// What an order would do to the volatility.
void IncrementalAnswer(benchmark::State& state) {
  const Book book;
  const auto volatility = IncrementalVolatility::Create(book.covariance, book.values);
  size_t asset = 0;
  for (auto _ : state) benchmark::DoNotOptimize(volatility->SigmaAfter(asset++ % kAssets, 1'000));
}
BENCHMARK(IncrementalAnswer);
void FloorWholeAnew(benchmark::State& state) {
  Book book;
  for (auto _ : state) {
    book.values[7] += 1;
    benchmark::DoNotOptimize(QuadraticForm(book.covariance, book.values));
  }
}
BENCHMARK(FloorWholeAnew);

}  // namespace
}  // namespace gannet::portfolio

BENCHMARK_MAIN();
