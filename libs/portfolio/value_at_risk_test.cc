#include "libs/portfolio/value_at_risk.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <limits>
#include <vector>

namespace gannet::portfolio {
namespace {

using Catch::Matchers::WithinAbs;

constexpr Confidence k95{950'000}, k975{975'000}, k99{990'000};
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// Half a unit of the last digit that the reference values are printed with.
constexpr double kPrinted = 5.1e-7;

TEST_CASE("NormalQuantile inverts NormalCdf over the whole range") {
  for (const double p : {1e-300, 1e-20, 1e-9, 0.001, 0.0749, 0.0751, 0.3, 0.5, 0.7, 0.925, 0.999}) {
    CHECK_THAT(NormalCdf(NormalQuantile(p)) / p, WithinAbs(1, 1e-11));
  }
  // scipy.stats.norm.ppf
  CHECK_THAT(NormalQuantile(0.01), WithinAbs(-2.3263478740408408, 1e-14));
  CHECK_THAT(NormalQuantile(1e-20), WithinAbs(-9.262340089798408, 1e-13));
  CHECK(NormalQuantile(0.5) == 0);
  CHECK(std::isinf(NormalQuantile(0)));
  CHECK(std::isinf(NormalQuantile(1)));
  CHECK(std::isnan(NormalQuantile(-0.1)));
  CHECK(std::isnan(NormalQuantile(kNaN)));
}

TEST_CASE("Parametric VaR and ES are the known multiples of sigma") {
  struct Row {
    Confidence confidence;
    double var, es;
  };
  for (const Row& row : {Row{k95, 1.644854, 2.062713}, Row{k975, 1.959964, 2.337803},
                         Row{k99, 2.326348, 2.665214}}) {
    const auto risk = NormalRisk(0, 1, row.confidence);
    REQUIRE(risk.ok());
    CHECK_THAT(risk->var, WithinAbs(row.var, kPrinted));
    CHECK_THAT(risk->es, WithinAbs(row.es, kPrinted));
    // A mean gain takes its size off both.
    const auto moved = NormalRisk(3, 2, row.confidence);
    REQUIRE(moved.ok());
    CHECK_THAT(moved->var, WithinAbs(2 * row.var - 3, 2 * kPrinted));
    CHECK_THAT(moved->es, WithinAbs(2 * row.es - 3, 2 * kPrinted));
  }
}

TEST_CASE("Two correlated assets have the reference sigma, VaR and ES") {
  Matrix covariance(2, 2);
  covariance.at(0, 0) = 0.03 * 0.03;
  covariance.at(1, 1) = 0.05 * 0.05;
  covariance.at(0, 1) = covariance.at(1, 0) = 0.5 * 0.03 * 0.05;
  const std::vector<double> weights = {0.6, 0.4};
  const double sigma = std::sqrt(QuadraticForm(covariance, weights));
  CHECK_THAT(100 * sigma, WithinAbs(3.292416, kPrinted));
  CHECK_THAT(100 * NormalRisk(0, sigma, k99)->var, WithinAbs(7.659304, kPrinted));
  CHECK_THAT(100 * NormalRisk(0, sigma, k975)->es, WithinAbs(7.697018, kPrinted));
}

TEST_CASE("Cornish-Fisher moves the quantile as the reference says") {
  const double z = NormalQuantile(0.01);
  CHECK_THAT(CornishFisher(z, 0, 0), WithinAbs(-2.326348, kPrinted));
  CHECK_THAT(CornishFisher(z, -0.5, 1), WithinAbs(-2.833709, kPrinted));
  CHECK_THAT(CornishFisher(z, -1, 3), WithinAbs(-3.386689, kPrinted));
  CHECK_THAT(CornishFisher(z, -0.5, 3), WithinAbs(-3.301284, kPrinted));
}

TEST_CASE("Cornish-Fisher ES is the mean of its own quantiles beyond the VaR") {
  for (const auto& [s, k] : {std::pair(0.0, 0.0), std::pair(-0.5, 1.0), std::pair(-1.0, 3.0)}) {
    const auto risk =
        CornishFisherRisk({.mean = 0.1, .sigma = 2, .skewness = s, .excess_kurtosis = k}, k99);
    REQUIRE(risk.ok());
    constexpr int kParts = 200'000;
    double sum = 0;
    for (int i = 0; i < kParts; ++i)
      sum += CornishFisher(NormalQuantile(0.01 * (i + 0.5) / kParts), s, k);
    CHECK_THAT(risk->es, WithinAbs(-(0.1 + 2 * sum / kParts), 1e-4));
    CHECK_THAT(risk->var, WithinAbs(-(0.1 + 2 * CornishFisher(NormalQuantile(0.01), s, k)), 1e-12));
  }
  const auto normal = CornishFisherRisk({.mean = 0, .sigma = 1}, k99);
  CHECK_THAT(normal->es, WithinAbs(NormalRisk(0, 1, k99)->es, 1e-12));
}

TEST_CASE("Cornish-Fisher refuses moments that make no distribution") {
  for (const auto& [s, k] :
       {std::pair(0.0, -1.0), std::pair(-3.0, 1.0), std::pair(0.0, 40.0), std::pair(3.0, 0.0)}) {
    const auto risk = CornishFisherRisk({.sigma = 1, .skewness = s, .excess_kurtosis = k}, k99);
    CHECK(risk.status().code() == absl::StatusCode::kFailedPrecondition);
  }
  // Nearly normal: that it turns a thousand sigmas out is no matter.
  CHECK(CornishFisherRisk({.sigma = 1, .skewness = -0.003, .excess_kurtosis = 6e-6}, k99).ok());
  CHECK(CornishFisherRisk({.sigma = 1, .skewness = kNaN}, k99).status().code() ==
        absl::StatusCode::kInvalidArgument);
}

TEST_CASE("Historical VaR is an outcome, ES the mean of the tail counted in parts") {
  std::vector<double> profits;
  for (int i = 1; i <= 100; ++i) profits.push_back((i * 37) % 101 - 50.0);  // -49 … 50, shuffled
  const auto at_99 = HistoricalRisk(profits, k99);
  REQUIRE(at_99.ok());
  CHECK(at_99->var == 49);  // one of a hundred
  CHECK(at_99->es == 49);
  const auto at_95 = HistoricalRisk(profits, k95);
  CHECK(at_95->var == 45);
  CHECK_THAT(at_95->es, WithinAbs(47, 1e-12));
  const auto at_975 = HistoricalRisk(profits, k975);
  CHECK(at_975->var == 47);
  CHECK_THAT(at_975->es, WithinAbs((49 + 48 + 0.5 * 47) / 2.5, 1e-12));
}

TEST_CASE("Historical VaR of one outcome is that outcome, and gains are negative losses") {
  const std::vector<double> one = {-7};
  CHECK(HistoricalRisk(one, k99)->var == 7);
  CHECK_THAT(HistoricalRisk(one, k99)->es, WithinAbs(7, 1e-12));
  const std::vector<double> gains = {3, 4, 5};
  CHECK(HistoricalRisk(gains, k99)->var == -3);
}

TEST_CASE("What is no number or no sample is refused with a status that names it") {
  const std::vector<double> none, bad = {1, kNaN}, fine = {1, 2};
  CHECK(HistoricalRisk(none, k99).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(HistoricalRisk(bad, k99).status().message() ==
        "profits: value 1 is not finite; leave out the observation it came from");
  for (const int64_t ppm : {int64_t{0}, int64_t{500'000}, int64_t{1'000'000}, int64_t{-1}}) {
    CHECK_FALSE(HistoricalRisk(fine, Confidence{ppm}).ok());
    CHECK_FALSE(NormalRisk(0, 1, Confidence{ppm}).ok());
    CHECK_FALSE(CornishFisherRisk({.sigma = 1}, Confidence{ppm}).ok());
  }
  CHECK_FALSE(NormalRisk(0, -1, k99).ok());
  CHECK_FALSE(NormalRisk(kNaN, 1, k99).ok());
  Matrix returns(2, 2);
  CHECK_FALSE(ProfitAndLoss(returns, none).ok());
  CHECK_FALSE(ProfitAndLoss(returns, bad).ok());
  CHECK_FALSE(ProfitAndLoss(returns, std::vector<double>{1}).ok());
  CHECK(ProfitAndLoss(returns, fine).value() == std::vector<double>{0, 0});
}

TEST_CASE("Moments of a sample, and of one that has none") {
  const std::vector<double> sample = {1, 2, 3, 4, 10};
  const auto moments = MomentsOf(sample);
  REQUIRE(moments.ok());
  CHECK_THAT(moments->mean, WithinAbs(4, 1e-12));
  CHECK_THAT(moments->sigma, WithinAbs(std::sqrt(12.5), 1e-12));
  CHECK_THAT(moments->skewness, WithinAbs(1.1384199576606166, 1e-12));           // scipy.stats.skew
  CHECK_THAT(moments->excess_kurtosis, WithinAbs(-0.21200000000000019, 1e-12));  // .kurtosis
  CHECK(MomentsOf(std::vector<double>{0.1, 0.1, 0.1}).status().code() ==
        absl::StatusCode::kFailedPrecondition);
  CHECK(MomentsOf(std::vector<double>{1}).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK_FALSE(MomentsOf(std::vector<double>{1e200, -1e200, 1}).ok());
}

TEST_CASE("Returns come from prices above zero only") {
  CHECK(SimpleReturns(std::vector<double>{100, 110, 99}).value().size() == 2);
  CHECK_THAT(SimpleReturns(std::vector<double>{100, 110})->front(), WithinAbs(0.1, 1e-12));
  CHECK_FALSE(SimpleReturns(std::vector<double>{100}).ok());
  CHECK_FALSE(SimpleReturns(std::vector<double>{100, 0, 5}).ok());
  CHECK_FALSE(SimpleReturns(std::vector<double>{100, kNaN}).ok());
  CHECK_FALSE(SimpleReturns(std::vector<double>{1e-300, 1e300}).ok());
}

TEST_CASE("Filtered returns are past ones at the size of today's volatility") {
  std::vector<double> calm_then_wild;
  for (int i = 0; i < 200; ++i) calm_then_wild.push_back(i % 2 == 0 ? 0.01 : -0.01);
  for (int i = 0; i < 50; ++i) calm_then_wild.push_back(i % 2 == 0 ? 0.05 : -0.05);
  const auto filtered = FilteredReturns(calm_then_wild, 0.94);
  REQUIRE(filtered.ok());
  CHECK(filtered->at(150) > 0.045);  // a calm day then would be a wild one now
  CHECK(HistoricalRisk(*filtered, k95)->var > HistoricalRisk(calm_then_wild, k95)->var);
  CHECK_FALSE(FilteredReturns(calm_then_wild, 1).ok());
  CHECK_FALSE(FilteredReturns(std::vector<double>{0, 0, 0}, 0.9).ok());
}

TEST_CASE("Incremental volatility is that of the changed portfolio, and its parts add up") {
  const Matrix covariance = Matrix::Of(3, {4, 1, 0.5, 1, 9, -2, 0.5, -2, 16});
  auto book = IncrementalVolatility::Create(covariance, {10, -5, 2});
  REQUIRE(book.ok());
  const double foretold = book->SigmaAfter(1, 7);
  book->Change(1, 7);
  CHECK_THAT(book->sigma(), WithinAbs(foretold, 1e-12));
  CHECK_THAT(book->sigma(),
             WithinAbs(std::sqrt(QuadraticForm(covariance, std::vector<double>{10, 2, 2})), 1e-12));
  double sum = 0;
  for (const double part : book->Contributions()) sum += part;
  CHECK_THAT(sum, WithinAbs(book->sigma(), 1e-12));
  const auto flat = IncrementalVolatility::Create(covariance, {0, 0, 0});
  CHECK(flat->sigma() == 0);
  CHECK(flat->Contributions() == std::vector<double>(3));
  CHECK_FALSE(IncrementalVolatility::Create(covariance, {1}).ok());
  CHECK_FALSE(IncrementalVolatility::Create(Matrix(), {}).ok());
}

}  // namespace
}  // namespace gannet::portfolio
