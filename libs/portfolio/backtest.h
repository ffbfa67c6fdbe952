// Was the value at risk right? Tests of how often and when losses went beyond it.
//
// An exception is a time whose loss was larger than the VaR that had been foretold for
// it. Statistics are likelihood ratios; a small p-value speaks against the model.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/portfolio/distributions.h"

namespace gannet::portfolio {

struct TestResult {
  double statistic = 0;  // not below zero
  double p_value = 1;
};

// Proportion of failures (Kupiec 1995), chi-square with one degree of freedom.
// INVALID_ARGUMENT: no observation, or more exceptions than observations.
absl::StatusOr<TestResult> KupiecTest(int64_t observations, int64_t exceptions,
                                      Confidence confidence);

// Times that followed a time without (0) or with (1) an exception, without or with one.
struct Transitions {
  int64_t n00 = 0, n01 = 0, n10 = 0, n11 = 0;
};
Transitions CountTransitions(const std::vector<bool>& exceptions);
// Independence (Christoffersen 1998), one degree of freedom. A statistic of zero without
// both kinds of time: nothing speaks against it. INVALID_ARGUMENT: a count below zero, or
// all zero.
absl::StatusOr<TestResult> IndependenceTest(const Transitions& transitions);

// Conditional coverage: both together, two degrees of freedom.
TestResult ConditionalCoverage(const TestResult& kupiec, const TestResult& independence);

// Basel Committee 1996, "Supervisory framework for the use of backtesting": by the
// probability of so many exceptions or fewer when the VaR is right; yellow from 95 %, red
// from 99.99 %. At 250 days and 99 %: green to 4, yellow to 9.
enum class BaselZone : uint8_t { kGreen = 1, kYellow, kRed };
struct BaselResult {
  BaselZone zone = BaselZone::kGreen;
  double cumulative = 0;
};
std::string_view Name(BaselZone zone);
absl::StatusOr<BaselResult> BaselTest(int64_t observations, int64_t exceptions,
                                      Confidence confidence);

// For each outcome after the first `window`: was it an exception to the historical VaR
// of the `window` before it. INVALID_ARGUMENT: fewer than two in the window or none
// after it, or not finite.
absl::StatusOr<std::vector<bool>> WalkForward(std::span<const double> profits, size_t window,
                                              Confidence confidence);

}  // namespace gannet::portfolio
