// Value at risk and expected shortfall of one portfolio, by formula and by history;
// by simulation: monte_carlo.h.
//
// Amounts are of the portfolio's currency. A loss is positive: a VaR of 100 at 99 %
// says that one outcome in a hundred loses 100 or more. Negative: even that outcome gains.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "libs/portfolio/distributions.h"
#include "libs/portfolio/matrix.h"
#include "libs/portfolio/returns.h"

namespace gannet::portfolio {

struct TailRisk {
  double var = 0;
  double es = 0;  // mean loss in the tail beyond the confidence; never below `var`
};

// Gain of held `values` at each observation: returns times values. INVALID_ARGUMENT: as
// many values as columns, all finite.
absl::StatusOr<std::vector<double>> ProfitAndLoss(const Matrix& returns,
                                                  std::span<const double> values);

// Historical: VaR is the ceil(n a)-th worst outcome, the lower quantile at the tail a; ES
// is the mean of the n a worst, the last one counted in part (Acerbi and Tasche 2002, "On
// the coherence of expected shortfall", def. 2.6). INVALID_ARGUMENT: nothing, not finite,
// or a confidence not above 50 % and below 100 %.
absl::StatusOr<TailRisk> HistoricalRisk(std::span<const double> profits, Confidence confidence);

// Parametric: of a normal distribution. VaR = z s - m, ES = s density(z) / a - m.
// INVALID_ARGUMENT: not finite, sigma below zero.
absl::StatusOr<TailRisk> NormalRisk(double mean, double sigma, Confidence confidence);

// z of the standard normal moved by skewness and excess kurtosis (Cornish and Fisher
// 1938): z + (z^2 - 1) S / 6 + (z^3 - 3 z) K / 24 - (2 z^3 - 5 z) S^2 / 36.
double CornishFisher(double z, double skewness, double excess_kurtosis);
// Its VaR, and as ES the mean of the same distribution beyond it, in closed form.
// FAILED_PRECONDITION: with these moments the expansion makes no distribution (Maillard
// 2012, "A user's guide to the Cornish Fisher expansion"): it falls within six sigmas.
absl::StatusOr<TailRisk> CornishFisherRisk(const Moments& moments, Confidence confidence);

// Volatility of a portfolio as orders would change it: O(1) an order, O(n) a change.
class IncrementalVolatility {
 public:
  // As many values as the square covariance has rows.
  static absl::StatusOr<IncrementalVolatility> Create(Matrix covariance,
                                                      std::vector<double> values);
  double sigma() const;
  // Were the value in `asset` (below the number of assets) larger by `change`.
  double SigmaAfter(size_t asset, double change) const;
  void Change(size_t asset, double change);
  // Parts of sigma by asset, which add up to it (Euler; Litterman 1996, "Hot spots and
  // hedges"). All zero at a sigma of zero.
  std::vector<double> Contributions() const;

 private:
  IncrementalVolatility(Matrix covariance, std::vector<double> values);

  Matrix covariance_;
  std::vector<double> values_, along_;  // along_: covariance times values
  double variance_ = 0;
};

}  // namespace gannet::portfolio
