// Statistics of a series of returns. Pure functions over doubles; what they give
// is quantised (Quantise) before it is shown, stored or compared.
//
// A return is a fraction: 0.01 is one per cent. Definitions follow Bacon, Practical
// Portfolio Performance Measurement and Attribution, 2nd ed., and Sortino and Price
// (1994); docs/reports.md states each. A figure that its definition leaves open (no
// spread, no loss, too few returns) is nothing, never zero or infinity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "libs/market/money.h"

namespace gannet::reporting {

// (1 + r1)(1 + r2)… − 1; 0 without returns.
double TotalReturn(std::span<const double> returns);
// (1 + TotalReturn)^(periods_per_year / periods) − 1 over `periods`, those without a return
// of their own included. Nothing without returns or when everything was lost.
std::optional<double> AnnualReturn(std::span<const double> returns, size_t periods,
                                   double periods_per_year);
// Standard deviation with n − 1, × √periods_per_year. Nothing below two returns.
std::optional<double> Volatility(std::span<const double> returns, double periods_per_year);
// Mean of the returns above `risk_free` (a period's) over their standard deviation
// with n − 1, × √periods_per_year. Nothing below two returns or without a spread.
std::optional<double> Sharpe(std::span<const double> returns, double risk_free,
                             double periods_per_year);
// Mean of the returns above `target` over the root of the mean of the squared
// shortfalls below it (all n count), × √periods_per_year. Nothing without a shortfall.
std::optional<double> Sortino(std::span<const double> returns, double target,
                              double periods_per_year);

// The deepest fall of a curve below its highest point so far.
struct Drawdown {
  double depth = 0;  // fraction of the peak, ≥ 0; 0: it never fell
  size_t peak = 0, trough = 0;
  std::optional<size_t> recovered;  // first point at or above the peak again
};
// Of the first one among equals. Curve values are positive up to total loss.
Drawdown MaxDrawdown(std::span<const double> curve);
// 1, 1 + r1, (1 + r1)(1 + r2), …: a curve from returns.
std::vector<double> Wealth(std::span<const double> returns);

// AnnualReturn over the depth of the deepest drawdown. Nothing without one.
std::optional<double> Calmar(std::span<const double> returns, size_t periods,
                             double periods_per_year, double max_drawdown);

// Closed trades. Exact: no double takes part before the last division.
struct TradeFigures {
  uint64_t trades = 0, winners = 0, losers = 0;  // the rest came out even
  market::Money gross_profit, gross_loss;        // the loss as a positive amount
  std::optional<double> hit_rate;                // winners / trades; nothing without trades
  std::optional<double> profit_factor;           // profit / loss; nothing without a loss
  std::optional<market::Money> average_win, average_loss;  // rounded half even
};
TradeFigures FiguresOf(std::span<const market::Money> results);

// 95 % interval of a share by Wilson (1927).
struct Interval {
  double low = 0, high = 0;
};
std::optional<Interval> WilsonInterval(uint64_t hits, uint64_t trials);

// Pearson's correlation from sums over n pairs. Nothing below two pairs or without a
// spread in either.
std::optional<double> Correlation(int64_t n, double sum_x, double sum_y, double sum_xx,
                                  double sum_yy, double sum_xy);

// A statistic as an exact decimal with `digits` after the point, rounded half even;
// nothing for what is not finite or beyond ±10^15.
std::optional<market::Money> Quantise(double value, int digits);

}  // namespace gannet::reporting
