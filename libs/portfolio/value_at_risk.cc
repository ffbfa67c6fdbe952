#include "libs/portfolio/value_at_risk.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::portfolio {
namespace {

constexpr int64_t kPpm = 1'000'000;
constexpr double kFarOut = 6;  // standard deviations: all but two in a billion are within

absl::Status CheckConfidence(Confidence confidence) {
  if (confidence.valid()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("confidence of ", confidence.ppm, " ppm; give more than 500000, below 1000000"));
}

absl::StatusOr<TailRisk> Checked(const TailRisk& risk) {
  GANNET_RETURN_IF_ERROR(CheckFinite(std::array{risk.var, risk.es}, "value at risk"));
  return risk;
}

}  // namespace

absl::StatusOr<std::vector<double>> ProfitAndLoss(const Matrix& returns,
                                                  std::span<const double> values) {
  if (values.size() != returns.columns() || values.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        values.size(), " values for returns of ", returns.columns(), " assets; give one an asset"));
  }
  GANNET_RETURN_IF_ERROR(CheckFinite(values, "values"));
  std::vector<double> profits(returns.rows());
  for (size_t t = 0; t < profits.size(); ++t) {
    for (size_t i = 0; i < values.size(); ++i) profits[t] += values[i] * returns.at(t, i);
  }
  GANNET_RETURN_IF_ERROR(CheckFinite(profits, "profits"));
  return profits;
}

absl::StatusOr<TailRisk> HistoricalRisk(std::span<const double> profits, Confidence confidence) {
  GANNET_RETURN_IF_ERROR(CheckConfidence(confidence));
  GANNET_RETURN_IF_ERROR(CheckFinite(profits, "profits"));
  if (profits.empty())
    return absl::InvalidArgumentError("historical VaR without an observation; wait for one");
  std::vector<double> worst(profits.begin(), profits.end());
  // n a in millionths, so that a whole number of outcomes is one.
  const int64_t in_tail = static_cast<int64_t>(worst.size()) * (kPpm - confidence.ppm);
  const auto rank = static_cast<size_t>((in_tail + kPpm - 1) / kPpm);  // at least 1
  const auto nth = worst.begin() + static_cast<ptrdiff_t>(rank - 1);
  std::nth_element(worst.begin(), nth, worst.end());
  const double at = *nth;
  std::sort(worst.begin(), nth);  // the sum does not depend on how they came
  double sum = 0;
  for (auto it = worst.begin(); it != nth; ++it) sum += *it;
  const double outcomes = static_cast<double>(in_tail) / kPpm;
  const double part = outcomes - static_cast<double>(rank - 1);
  return Checked({.var = -at, .es = std::max(-at, -(sum + part * at) / outcomes)});
}

absl::StatusOr<TailRisk> NormalRisk(double mean, double sigma, Confidence confidence) {
  GANNET_RETURN_IF_ERROR(CheckConfidence(confidence));
  if (!std::isfinite(mean) || !std::isfinite(sigma) || sigma < 0)
    return absl::InvalidArgumentError("parametric VaR: mean or sigma is no such number");
  const double z = NormalQuantile(confidence.tail());
  return Checked(
      {.var = -(mean + sigma * z), .es = sigma * NormalDensity(z) / confidence.tail() - mean});
}

double CornishFisher(double z, double skewness, double excess_kurtosis) {
  return z + (z * z - 1) * skewness / 6 + (z * z * z - 3 * z) * excess_kurtosis / 24 -
         (2 * z * z * z - 5 * z) * skewness * skewness / 36;
}

absl::StatusOr<TailRisk> CornishFisherRisk(const Moments& moments, Confidence confidence) {
  GANNET_RETURN_IF_ERROR(CheckConfidence(confidence));
  const auto& [mean, sigma, s, k] = moments;
  if (!std::isfinite(mean) || !std::isfinite(sigma) || !std::isfinite(s) || !std::isfinite(k) ||
      sigma < 0)
    return absl::InvalidArgumentError("Cornish-Fisher VaR: a moment is no such number");
  const double a = confidence.tail(), z = NormalQuantile(a);
  // The slope in z is slope_2 z^2 + slope_1 z + slope_0: least at its vertex or at an end.
  const double slope_2 = k / 8 - s * s / 6, slope_1 = s / 3, slope_0 = 1 - k / 8 + 5 * s * s / 36;
  const auto slope = [&](double x) { return (slope_2 * x + slope_1) * x + slope_0; };
  const double vertex = slope_2 > 0 ? -slope_1 / (2 * slope_2) : kFarOut;
  const double least =
      std::min({slope(-kFarOut), slope(kFarOut), slope(std::clamp(vertex, -kFarOut, kFarOut))});
  if (least < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("Cornish-Fisher VaR: skewness ", s, " and excess kurtosis ", k,
                     " are beyond what the expansion describes; use the historical figure"));
  }
  // Means of z, z^2 and z^3 below z, times a: -f, a - z f, -(z^2 + 2) f.
  const double f = NormalDensity(z);
  const double m1 = -f, m2 = a - z * f, m3 = -(z * z + 2) * f;
  const double below =
      m1 + (m2 - a) * s / 6 + (m3 - 3 * m1) * k / 24 - (2 * m3 - 5 * m1) * s * s / 36;
  return Checked(
      {.var = -(mean + sigma * CornishFisher(z, s, k)), .es = -(mean + sigma * below / a)});
}

// --- incremental -----------------------------------------------------------------

IncrementalVolatility::IncrementalVolatility(Matrix covariance, std::vector<double> values)
    : covariance_(std::move(covariance)), values_(std::move(values)), along_(values_.size()) {
  for (size_t i = 0; i < values_.size(); ++i) {
    for (size_t j = 0; j < values_.size(); ++j) along_[i] += covariance_.at(i, j) * values_[j];
    variance_ += values_[i] * along_[i];
  }
}

absl::StatusOr<IncrementalVolatility> IncrementalVolatility::Create(Matrix covariance,
                                                                    std::vector<double> values) {
  if (covariance.columns() == 0 || covariance.rows() != covariance.columns() ||
      values.size() != covariance.columns())
    return absl::InvalidArgumentError(
        "volatility: give a square covariance and one value an asset");
  GANNET_RETURN_IF_ERROR(CheckFinite(covariance.cells(), "covariance"));
  GANNET_RETURN_IF_ERROR(CheckFinite(values, "values"));
  return IncrementalVolatility(std::move(covariance), std::move(values));
}

double IncrementalVolatility::sigma() const { return std::sqrt(std::max(variance_, 0.0)); }

double IncrementalVolatility::SigmaAfter(size_t asset, double change) const {
  const double variance =
      variance_ + 2 * change * along_[asset] + change * change * covariance_.at(asset, asset);
  return std::sqrt(std::max(variance, 0.0));
}

void IncrementalVolatility::Change(size_t asset, double change) {
  variance_ += 2 * change * along_[asset] + change * change * covariance_.at(asset, asset);
  values_[asset] += change;
  for (size_t i = 0; i < along_.size(); ++i) along_[i] += change * covariance_.at(i, asset);
}

std::vector<double> IncrementalVolatility::Contributions() const {
  std::vector<double> parts(values_.size());
  const double whole = sigma();
  if (whole == 0) return parts;
  for (size_t i = 0; i < parts.size(); ++i) parts[i] = values_[i] * along_[i] / whole;
  return parts;
}

}  // namespace gannet::portfolio
