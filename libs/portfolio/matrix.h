// Dense matrices of the size of a portfolio (up to kMaxAssets), their covariance and
// its triangular factor.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gannet::portfolio {

inline constexpr size_t kMaxAssets = 1'000;
inline constexpr size_t kMaxObservations = 100'000;

// By rows. Returns are one row an observation (oldest first), one column an asset.
class Matrix {
 public:
  Matrix() = default;
  Matrix(size_t rows, size_t columns) : columns_(columns), cells_(rows * columns) {}
  // By rows; as many cells as make whole ones.
  static Matrix Of(size_t columns, std::vector<double> cells) {
    Matrix matrix;
    matrix.columns_ = columns;
    matrix.cells_ = std::move(cells);
    return matrix;
  }

  size_t rows() const { return columns_ == 0 ? 0 : cells_.size() / columns_; }
  size_t columns() const { return columns_; }
  double& at(size_t row, size_t column) { return cells_[row * columns_ + column]; }
  double at(size_t row, size_t column) const { return cells_[row * columns_ + column]; }
  std::span<const double> row(size_t row) const {
    return std::span(cells_).subspan(row * columns_, columns_);
  }
  const std::vector<double>& cells() const { return cells_; }

 private:
  size_t columns_ = 0;
  std::vector<double> cells_;
};

// INVALID_ARGUMENT: a value is not finite, `what` names the list.
absl::Status CheckFinite(std::span<const double> values, const char* what);

// Sample covariance with n - 1, n x n. INVALID_ARGUMENT: a value is not finite, fewer
// than two observations, no asset, or above the maxima.
absl::StatusOr<Matrix> Covariance(const Matrix& returns);
// Exponentially weighted about a mean of zero (RiskMetrics Technical Document, 4th ed.,
// 1996, 5.2): weight decay^age, normalised over the sample. 0 < decay < 1.
absl::StatusOr<Matrix> EwmaCovariance(const Matrix& returns, double decay);

// v' C v. Never below zero for a covariance, rounding aside.
double QuadraticForm(const Matrix& covariance, std::span<const double> values);

// Mean correlation over all pairs of assets that vary. INVALID_ARGUMENT: not square or
// not finite. FAILED_PRECONDITION: fewer than two vary.
absl::StatusOr<double> MeanCorrelation(const Matrix& covariance);

// Lower triangular L, its rows in an order of assets, with L L' = C in that order. Also
// for what is only positive semi-definite, by complete pivoting (Higham 2002, Accuracy and
// Stability of Numerical Algorithms, 10.3): columns from `rank` on are zero.
struct Factor {
  Matrix lower;
  std::vector<size_t> order;  // row i is of asset order[i]
  size_t rank = 0;
};
// INVALID_ARGUMENT: not square, not symmetric or not finite. FAILED_PRECONDITION: no
// covariance, some combination of assets would have a negative variance.
absl::StatusOr<Factor> Cholesky(const Matrix& covariance);

}  // namespace gannet::portfolio
