#include "libs/portfolio/matrix.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::portfolio {
namespace {

// Of a correlation: what rounding leaves of an exact zero, and what is more than that.
constexpr double kNegligible = 1e-10, kConsiderable = 1e-8;

absl::Status CheckReturns(const Matrix& returns) {
  if (returns.columns() == 0 || returns.columns() > kMaxAssets ||
      returns.rows() > kMaxObservations) {
    return absl::InvalidArgumentError(absl::StrCat(
        "covariance of ", returns.rows(), " observations of ", returns.columns(),
        " assets; give 1 to ", kMaxAssets, " assets, at most ", kMaxObservations, " times"));
  }
  if (returns.rows() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("covariance of ", returns.rows(), " observations; wait for two or more"));
  }
  return CheckFinite(returns.cells(), "returns");
}

void Mirror(Matrix& symmetric) {
  for (size_t i = 0; i < symmetric.rows(); ++i) {
    for (size_t j = 0; j < i; ++j) symmetric.at(j, i) = symmetric.at(i, j);
  }
}

// Lower triangle of the sum of weight(t) x x' over observations x.
template <class Weight>
Matrix Products(const Matrix& returns, const std::vector<double>& mean, const Weight& weight) {
  const size_t assets = returns.columns();
  Matrix sum(assets, assets);
  std::vector<double> x(assets);
  for (size_t t = 0; t < returns.rows(); ++t) {
    const double w = weight(t);
    for (size_t i = 0; i < assets; ++i) x[i] = returns.at(t, i) - mean[i];
    for (size_t i = 0; i < assets; ++i) {
      const double scaled = w * x[i];
      for (size_t j = 0; j <= i; ++j) sum.at(i, j) += scaled * x[j];
    }
  }
  return sum;
}

// What of a covariance the columns taken off so far leave unexplained, as correlations,
// so that a small variance counts as much as a large one.
struct Remainder {
  Matrix correlation;
  std::vector<double> sigma;
  std::vector<size_t> order;

  static absl::StatusOr<Remainder> Of(const Matrix& covariance) {
    const size_t n = covariance.columns();
    if (n == 0 || n > kMaxAssets || covariance.rows() != n)
      return absl::InvalidArgumentError(
          "covariance: is not a square matrix; give one row an asset");
    GANNET_RETURN_IF_ERROR(CheckFinite(covariance.cells(), "covariance"));
    Remainder out{Matrix(n, n), std::vector<double>(n), std::vector<size_t>(n)};
    for (size_t i = 0; i < n; ++i) {
      out.order[i] = i;
      out.sigma[i] = std::sqrt(std::abs(covariance.at(i, i)));
      for (size_t j = 0; j <= i; ++j) {
        const double cell = covariance.at(i, j), scale = out.sigma[i] * out.sigma[j];
        if (std::abs(cell - covariance.at(j, i)) > kNegligible * scale)
          return absl::InvalidArgumentError("covariance: is not symmetric; build it by Covariance");
        out.correlation.at(i, j) = out.correlation.at(j, i) = scale > 0 ? cell / scale : cell;
      }
    }
    return out;
  }
  // The asset with the most left comes to place `k`.
  void BringForward(size_t k, Matrix& lower) {
    size_t most = k;
    for (size_t i = k + 1; i < order.size(); ++i) {
      if (correlation.at(i, i) > correlation.at(most, most)) most = i;
    }
    if (most == k) return;
    std::swap(order[k], order[most]);
    std::swap(sigma[k], sigma[most]);
    for (size_t i = 0; i < order.size(); ++i)
      std::swap(correlation.at(k, i), correlation.at(most, i));
    for (size_t i = 0; i < order.size(); ++i)
      std::swap(correlation.at(i, k), correlation.at(i, most));
    for (size_t i = 0; i < k; ++i) std::swap(lower.at(k, i), lower.at(most, i));
  }
  void TakeOff(size_t k, Matrix& lower) {
    const double root = std::sqrt(correlation.at(k, k));
    for (size_t i = k; i < order.size(); ++i) {
      lower.at(i, k) = correlation.at(i, k) / root;
      for (size_t j = k; j <= i; ++j) {
        correlation.at(i, j) -= lower.at(i, k) * lower.at(j, k);
        correlation.at(j, i) = correlation.at(i, j);
      }
    }
  }
  absl::Status CheckNothingLeft(size_t from) const {
    for (size_t i = from; i < order.size(); ++i) {
      for (size_t j = from; j <= i; ++j) {
        if (std::abs(correlation.at(i, j)) <= kConsiderable) continue;
        return absl::FailedPreconditionError(
            absl::StrCat("covariance: not positive semi-definite at asset ", order[i],
                         "; build it from observations of the same times"));
      }
    }
    return absl::OkStatus();
  }
};

}  // namespace

absl::Status CheckFinite(std::span<const double> values, const char* what) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return absl::InvalidArgumentError(absl::StrCat(
          what, ": value ", i, " is not finite; leave out the observation it came from"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Matrix> Covariance(const Matrix& returns) {
  GANNET_RETURN_IF_ERROR(CheckReturns(returns));
  std::vector<double> mean(returns.columns());
  for (size_t t = 0; t < returns.rows(); ++t) {
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += returns.at(t, i);
  }
  const auto count = static_cast<double>(returns.rows());
  for (double& m : mean) m /= count;
  Matrix covariance = Products(returns, mean, [count](size_t) { return 1.0 / (count - 1); });
  Mirror(covariance);
  GANNET_RETURN_IF_ERROR(CheckFinite(covariance.cells(), "covariance"));
  return covariance;
}

absl::StatusOr<Matrix> EwmaCovariance(const Matrix& returns, double decay) {
  GANNET_RETURN_IF_ERROR(CheckReturns(returns));
  if (!(decay > 0 && decay < 1))
    return absl::InvalidArgumentError("decay: must be above 0 and below 1, such as 0.94");
  std::vector<double> weights(returns.rows());
  double weight = 1, sum = 0;
  for (size_t age = 0; age < weights.size(); ++age, weight *= decay) {
    weights[weights.size() - 1 - age] = weight;
    sum += weight;
  }
  Matrix covariance = Products(returns, std::vector<double>(returns.columns()),
                               [&](size_t t) { return weights[t] / sum; });
  Mirror(covariance);
  GANNET_RETURN_IF_ERROR(CheckFinite(covariance.cells(), "covariance"));
  return covariance;
}

double QuadraticForm(const Matrix& covariance, std::span<const double> values) {
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    double inner = 0;
    for (size_t j = 0; j < values.size(); ++j) inner += covariance.at(i, j) * values[j];
    sum += values[i] * inner;
  }
  return std::max(sum, 0.0);
}

absl::StatusOr<double> MeanCorrelation(const Matrix& covariance) {
  GANNET_RETURN_IF_ERROR(CheckFinite(covariance.cells(), "covariance"));
  if (covariance.rows() != covariance.columns())
    return absl::InvalidArgumentError("covariance: is not a square matrix; give one row an asset");
  std::vector<size_t> varying;
  for (size_t i = 0; i < covariance.rows(); ++i) {
    if (covariance.at(i, i) > 0) varying.push_back(i);
  }
  if (varying.size() < 2)
    return absl::FailedPreconditionError("correlation: fewer than two prices move; wait for more");
  double sum = 0;
  for (size_t a = 0; a < varying.size(); ++a) {
    for (size_t b = 0; b < a; ++b) {
      const size_t i = varying[a], j = varying[b];
      const double scale = std::sqrt(covariance.at(i, i)) * std::sqrt(covariance.at(j, j));
      sum += std::clamp(covariance.at(i, j) / scale, -1.0, 1.0);  // beyond only by rounding
    }
  }
  const auto pairs = static_cast<double>(varying.size() * (varying.size() - 1) / 2);
  return sum / pairs;
}

absl::StatusOr<Factor> Cholesky(const Matrix& covariance) {
  GANNET_ASSIGN_OR_RETURN(Remainder rest, Remainder::Of(covariance));
  const size_t n = rest.order.size();
  Factor out{.lower = Matrix(n, n)};
  for (size_t k = 0; k < n; ++k) {
    rest.BringForward(k, out.lower);
    const double pivot = rest.correlation.at(k, k);
    if (pivot <= kNegligible) break;
    out.rank = k + 1;
    rest.TakeOff(k, out.lower);
  }
  GANNET_RETURN_IF_ERROR(rest.CheckNothingLeft(out.rank));
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) out.lower.at(i, j) *= rest.sigma[i];
  }
  out.order = std::move(rest.order);
  return out;
}

}  // namespace gannet::portfolio
