#include "services/reporting/performance.h"

#include <cmath>

namespace gannet::reporting {
namespace {

// Below it a spread is rounding noise of equal returns, not a spread.
constexpr double kNoSpread = 1e-15;
constexpr double kLargestShown = 1e15;

double Mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// With n − 1; the caller has at least two values.
double SampleDeviation(std::span<const double> values) {
  const double mean = Mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

std::optional<double> Finite(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<market::Money> Average(const market::Money& total, uint64_t count) {
  if (count == 0) return std::nullopt;
  const auto units = market::MulDiv(total.units(), 1, static_cast<market::Int128>(count),
                                    market::Rounding::kHalfEven);
  return market::Money(*units, total.scale());
}

}  // namespace

double TotalReturn(std::span<const double> returns) {
  double growth = 1;
  for (const double value : returns) growth *= 1 + value;
  return growth - 1;
}

std::optional<double> AnnualReturn(std::span<const double> returns, size_t periods,
                                   double periods_per_year) {
  if (returns.empty()) return std::nullopt;
  const double growth = 1 + TotalReturn(returns);
  if (growth <= 0) return std::nullopt;
  return Finite(std::pow(growth, periods_per_year / static_cast<double>(periods)) - 1);
}

std::optional<double> Volatility(std::span<const double> returns, double periods_per_year) {
  if (returns.size() < 2) return std::nullopt;
  return Finite(SampleDeviation(returns) * std::sqrt(periods_per_year));
}

std::optional<double> Sharpe(std::span<const double> returns, double risk_free,
                             double periods_per_year) {
  if (returns.size() < 2) return std::nullopt;
  const double deviation = SampleDeviation(returns);
  if (deviation < kNoSpread) return std::nullopt;
  return Finite((Mean(returns) - risk_free) / deviation * std::sqrt(periods_per_year));
}

std::optional<double> Sortino(std::span<const double> returns, double target,
                              double periods_per_year) {
  if (returns.size() < 2) return std::nullopt;
  double squares = 0;
  for (const double value : returns) {
    const double shortfall = value < target ? value - target : 0;
    squares += shortfall * shortfall;
  }
  const double deviation = std::sqrt(squares / static_cast<double>(returns.size()));
  if (deviation < kNoSpread) return std::nullopt;
  return Finite((Mean(returns) - target) / deviation * std::sqrt(periods_per_year));
}

Drawdown MaxDrawdown(std::span<const double> curve) {
  Drawdown deepest;
  size_t peak = 0;
  for (size_t i = 0; i < curve.size(); ++i) {
    if (curve[i] >= curve[peak]) peak = i;
    if (curve[peak] <= 0) continue;
    const double depth = (curve[peak] - curve[i]) / curve[peak];
    if (depth > deepest.depth) deepest = {depth, peak, i, std::nullopt};
  }
  if (deepest.depth == 0) return deepest;
  for (size_t i = deepest.trough; i < curve.size(); ++i) {
    if (curve[i] < curve[deepest.peak]) continue;
    deepest.recovered = i;
    break;
  }
  return deepest;
}

std::vector<double> Wealth(std::span<const double> returns) {
  std::vector<double> curve = {1};
  for (const double value : returns) curve.push_back(curve.back() * (1 + value));
  return curve;
}

std::optional<double> Calmar(std::span<const double> returns, size_t periods,
                             double periods_per_year, double max_drawdown) {
  const auto annual = AnnualReturn(returns, periods, periods_per_year);
  if (!annual || max_drawdown < kNoSpread) return std::nullopt;
  return Finite(*annual / max_drawdown);
}

TradeFigures FiguresOf(std::span<const market::Money> results) {
  TradeFigures figures;
  for (const market::Money& result : results) {
    ++figures.trades;
    if (result.units() > 0) {
      ++figures.winners;
      figures.gross_profit += result;
    } else if (result.units() < 0) {
      ++figures.losers;
      figures.gross_loss -= result;
    }
  }
  if (figures.trades > 0)
    figures.hit_rate = static_cast<double>(figures.winners) / static_cast<double>(figures.trades);
  if (!figures.gross_loss.zero())
    figures.profit_factor = figures.gross_profit.ToDouble() / figures.gross_loss.ToDouble();
  figures.average_win = Average(figures.gross_profit, figures.winners);
  figures.average_loss = Average(figures.gross_loss, figures.losers);
  return figures;
}

std::optional<Interval> WilsonInterval(uint64_t hits, uint64_t trials) {
  if (trials == 0) return std::nullopt;
  constexpr double kZ = 1.959963984540054;  // 97.5 % quantile of the standard normal
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(hits) / n;
  const double centre = share + kZ * kZ / (2 * n);
  const double spread = kZ * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
  const double scale = 1 + kZ * kZ / n;
  return Interval{(centre - spread) / scale, (centre + spread) / scale};
}

std::optional<double> Correlation(int64_t n, double sum_x, double sum_y, double sum_xx,
                                  double sum_yy, double sum_xy) {
  if (n < 2) return std::nullopt;
  const auto count = static_cast<double>(n);
  const double spread_x = count * sum_xx - sum_x * sum_x;
  const double spread_y = count * sum_yy - sum_y * sum_y;
  if (spread_x <= 0 || spread_y <= 0) return std::nullopt;
  return Finite((count * sum_xy - sum_x * sum_y) / (std::sqrt(spread_x) * std::sqrt(spread_y)));
}

std::optional<market::Money> Quantise(double value, int digits) {
  if (!std::isfinite(value) || std::fabs(value) > kLargestShown) return std::nullopt;
  const double scaled = value * static_cast<double>(market::PowerOfTen(digits));
  // nearbyint rounds half even in the default mode, which nobody changes.
  const double rounded = std::nearbyint(scaled);
  if (std::fabs(rounded) > 1e33) return std::nullopt;
  return market::Money(static_cast<market::Int128>(rounded), digits);
}

}  // namespace gannet::reporting
