#include "libs/portfolio/distributions.h"

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace gannet::portfolio {
namespace {

// Coefficients of AS 241, from the constant term up.
using Coefficients = std::array<double, 8>;
constexpr Coefficients kCentreTop = {3.3871328727963666080e0, 1.3314166789178437745e2,
                                     1.9715909503065514427e3, 1.3731693765509461125e4,
                                     4.5921953931549871457e4, 6.7265770927008700853e4,
                                     3.3430575583588128105e4, 2.5090809287301226727e3};
constexpr Coefficients kCentreBottom = {1.0,
                                        4.2313330701600911252e1,
                                        6.8718700749205790830e2,
                                        5.3941960214247511077e3,
                                        2.1213794301586595867e4,
                                        3.9307895800092710610e4,
                                        2.8729085735721942674e4,
                                        5.2264952788528545610e3};
constexpr Coefficients kNearTop = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                   5.76949722146069140550e0,  3.64784832476320460504e0,
                                   1.27045825245236838258e0,  2.41780725177450611770e-1,
                                   2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr Coefficients kNearBottom = {1.0,
                                      2.05319162663775882187e0,
                                      1.67638483018380384940e0,
                                      6.89767334985100004550e-1,
                                      1.48103976427480074590e-1,
                                      1.51986665636164571966e-2,
                                      5.47593808499534494600e-4,
                                      1.05075007164441684324e-9};
constexpr Coefficients kFarTop = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                  1.78482653991729133580e0,  2.96560571828504891230e-1,
                                  2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                  2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr Coefficients kFarBottom = {1.0,
                                     5.99832206555887937690e-1,
                                     1.36929880922735805310e-1,
                                     1.48753612908506148525e-2,
                                     7.86869131145613259100e-4,
                                     1.84631831751005468180e-5,
                                     1.42151175831644588870e-7,
                                     2.04426310338993978564e-15};

double Ratio(const Coefficients& top, const Coefficients& bottom, double x) {
  double above = top[7], below = bottom[7];
  for (size_t i = 7; i-- > 0;) {
    above = above * x + top[i];
    below = below * x + bottom[i];
  }
  return above / below;
}

double TailQuantile(double p, bool lower) {
  const double r = std::sqrt(-std::log(p));
  const double far =
      r <= 5.0 ? Ratio(kNearTop, kNearBottom, r - 1.6) : Ratio(kFarTop, kFarBottom, r - 5.0);
  return lower ? -far : far;
}

}  // namespace

double NormalDensity(double x) {
  return std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
}

double NormalCdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

double NormalQuantile(double p) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) return q * Ratio(kCentreTop, kCentreBottom, 0.180625 - q * q);
  if (p == 0.0 || p == 1.0) return p == 0.0 ? -kInfinity : kInfinity;
  if (!(p > 0.0 && p < 1.0)) return std::numeric_limits<double>::quiet_NaN();
  return q < 0 ? TailQuantile(p, true) : TailQuantile(1.0 - p, false);
}

double ChiSquareTail(double x, int degrees) {
  if (x <= 0) return 1.0;
  return degrees == 1 ? std::erfc(std::sqrt(x / 2)) : std::exp(-x / 2);
}

double BinomialCdf(int64_t k, int64_t n, double p) {
  if (k < 0) return 0.0;
  if (k >= n) return 1.0;
  const double odds = std::log(p) - std::log1p(-p);
  double log_term = static_cast<double>(n) * std::log1p(-p);  // of P(X = 0)
  double sum = std::exp(log_term);
  for (int64_t i = 1; i <= k; ++i) {
    log_term += std::log(static_cast<double>(n - i + 1) / static_cast<double>(i)) + odds;
    sum += std::exp(log_term);
  }
  return sum < 1.0 ? sum : 1.0;
}

}  // namespace gannet::portfolio
