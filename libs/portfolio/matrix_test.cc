#include "libs/portfolio/matrix.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <limits>

namespace gannet::portfolio {
namespace {

using Catch::Matchers::WithinAbs;

// L L', in the assets' own order.
Matrix Product(const Factor& factor) {
  Matrix out(factor.order.size(), factor.order.size());
  for (size_t i = 0; i < out.rows(); ++i) {
    for (size_t j = 0; j < out.rows(); ++j) {
      double& cell = out.at(factor.order[i], factor.order[j]);
      for (size_t k = 0; k < factor.rank; ++k)
        cell += factor.lower.at(i, k) * factor.lower.at(j, k);
    }
  }
  return out;
}

TEST_CASE("Covariance of a known sample") {
  const auto covariance = Covariance(Matrix::Of(2, {1, 2, 2, 4, 3, 9}));
  REQUIRE(covariance.ok());
  CHECK_THAT(covariance->at(0, 0), WithinAbs(1, 1e-12));
  CHECK_THAT(covariance->at(0, 1), WithinAbs(3.5, 1e-12));
  CHECK_THAT(covariance->at(1, 0), WithinAbs(3.5, 1e-12));
  CHECK_THAT(covariance->at(1, 1), WithinAbs(13, 1e-12));
}

TEST_CASE("EWMA covariance weighs the newest most, about a mean of zero") {
  const auto covariance = EwmaCovariance(Matrix::Of(1, {2, 1}), 0.5);
  REQUIRE(covariance.ok());
  CHECK_THAT(covariance->at(0, 0), WithinAbs((1 + 0.5 * 4) / 1.5, 1e-12));
  CHECK_FALSE(EwmaCovariance(Matrix::Of(1, {2, 1}), 0).ok());
  CHECK_FALSE(EwmaCovariance(Matrix::Of(1, {2, 1}), 1).ok());
}

TEST_CASE("Covariance refuses one observation, no asset and what is no number") {
  CHECK(Covariance(Matrix::Of(2, {1, 2})).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK_FALSE(Covariance(Matrix()).ok());
  CHECK_FALSE(Covariance(Matrix::Of(1, {1, std::numeric_limits<double>::quiet_NaN()})).ok());
  CHECK_FALSE(Covariance(Matrix::Of(1, {1e308, -1e308})).ok());
}

TEST_CASE("Cholesky multiplies back") {
  const Matrix covariance = Matrix::Of(3, {4, 2, -1, 2, 5, 3, -1, 3, 6});
  const auto factor = Cholesky(covariance);
  REQUIRE(factor.ok());
  CHECK(factor->rank == 3);
  const Matrix back = Product(*factor);
  for (size_t i = 0; i < 9; ++i)
    CHECK_THAT(back.cells()[i], WithinAbs(covariance.cells()[i], 1e-12));
}

TEST_CASE("Cholesky of a singular covariance keeps what varies") {
  // The second asset moves as twice the first, the third not at all.
  const Matrix covariance = Matrix::Of(3, {1, 2, 0, 2, 4, 0, 0, 0, 0});
  const auto factor = Cholesky(covariance);
  REQUIRE(factor.ok());
  CHECK(factor->rank == 1);
  const Matrix back = Product(*factor);
  for (size_t i = 0; i < 9; ++i)
    CHECK_THAT(back.cells()[i], WithinAbs(covariance.cells()[i], 1e-9));
  // Fewer observations than assets.
  const auto sample = Covariance(Matrix::Of(4, {1, 2, 3, 5, 2, 1, 0, 1, 0, 4, 1, 2}));
  CHECK(Cholesky(*sample)->rank == 2);
}

TEST_CASE("Cholesky refuses what is no covariance") {
  CHECK(Cholesky(Matrix::Of(2, {1, 2, 2, 1})).status().code() ==
        absl::StatusCode::kFailedPrecondition);  // a correlation of 2
  CHECK_FALSE(Cholesky(Matrix::Of(2, {0, 1, 1, 4})).ok());
  CHECK_FALSE(Cholesky(Matrix::Of(1, {-1})).ok());
  CHECK(Cholesky(Matrix::Of(2, {1, 0.5, 0.4, 1})).status().code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK_FALSE(Cholesky(Matrix::Of(2, {1, 0.5})).ok());
  CHECK_FALSE(Cholesky(Matrix()).ok());
  CHECK_FALSE(Cholesky(Matrix::Of(1, {std::numeric_limits<double>::infinity()})).ok());
}

TEST_CASE("Mean correlation leaves out what does not move") {
  const Matrix covariance = Matrix::Of(3, {4, 3, 0, 3, 9, 0, 0, 0, 0});
  CHECK_THAT(MeanCorrelation(covariance).value(), WithinAbs(0.5, 1e-12));
  CHECK(MeanCorrelation(Matrix::Of(2, {1, 0, 0, 0})).status().code() ==
        absl::StatusCode::kFailedPrecondition);
  CHECK_FALSE(MeanCorrelation(Matrix()).ok());
  CHECK_FALSE(MeanCorrelation(Matrix(2, 3)).ok());
}

}  // namespace
}  // namespace gannet::portfolio
