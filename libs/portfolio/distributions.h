// Probability distributions that risk figures rest on. Pure functions of doubles.
#pragma once

#include <cstdint>

namespace gannet::portfolio {

// A probability as parts per million, so that ranks in a sample are exact.
struct Confidence {
  int64_t ppm = 990'000;
  bool valid() const { return ppm > 500'000 && ppm < 1'000'000; }
  // Of what lies beyond it: 0.01 at 99 %.
  double tail() const { return static_cast<double>(1'000'000 - ppm) * 1e-6; }
};

// Standard normal: density, P(Z <= x), and its inverse on (0, 1) (Wichura, Algorithm
// AS 241, PPND16: relative error below 1e-15; infinite at 0 and 1, NaN outside).
double NormalDensity(double x);
double NormalCdf(double x);
double NormalQuantile(double p);

// P(X > x) of chi-square with 1 or 2 degrees of freedom; 1 for x <= 0.
double ChiSquareTail(double x, int degrees);

// P(X <= k) of a binomial with n trials, 0 < p < 1; summed in logarithms, so that no
// term overflows. n at most 1e6.
double BinomialCdf(int64_t k, int64_t n, double p);

}  // namespace gannet::portfolio
