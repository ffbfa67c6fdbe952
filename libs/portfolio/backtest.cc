#include "libs/portfolio/backtest.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/portfolio/matrix.h"

namespace gannet::portfolio {
namespace {

constexpr int64_t kPpm = 1'000'000;

// n ln p, where nothing of an impossible kind is certain.
double LogLikelihood(int64_t n, double p) {
  return n == 0 ? 0.0 : static_cast<double>(n) * std::log(p);
}

TestResult Result(double statistic, int degrees) {
  const double rounded = statistic > 0 ? statistic : 0.0;  // rounding may leave less
  return {.statistic = rounded, .p_value = ChiSquareTail(rounded, degrees)};
}

absl::Status CheckCounts(int64_t observations, int64_t exceptions, Confidence confidence) {
  if (!confidence.valid())
    return absl::InvalidArgumentError("backtest: give a confidence above 50% and below 100%");
  if (observations <= 0 || observations > kPpm || exceptions < 0 || exceptions > observations) {
    return absl::InvalidArgumentError(absl::StrCat("backtest: ", exceptions, " exceptions of ",
                                                   observations,
                                                   " observations; give 1 to 1000000 of them"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TestResult> KupiecTest(int64_t observations, int64_t exceptions,
                                      Confidence confidence) {
  GANNET_RETURN_IF_ERROR(CheckCounts(observations, exceptions, confidence));
  const double expected = confidence.tail();
  const double seen = static_cast<double>(exceptions) / static_cast<double>(observations);
  const int64_t rest = observations - exceptions;
  return Result(-2 * (LogLikelihood(rest, 1 - expected) + LogLikelihood(exceptions, expected) -
                      LogLikelihood(rest, 1 - seen) - LogLikelihood(exceptions, seen)),
                1);
}

Transitions CountTransitions(const std::vector<bool>& exceptions) {
  Transitions out;
  for (size_t i = 1; i < exceptions.size(); ++i) {
    if (exceptions[i - 1]) {
      ++(exceptions[i] ? out.n11 : out.n10);
    } else {
      ++(exceptions[i] ? out.n01 : out.n00);
    }
  }
  return out;
}

absl::StatusOr<TestResult> IndependenceTest(const Transitions& t) {
  const int64_t most = std::max({t.n00, t.n01, t.n10, t.n11});
  if (std::min({t.n00, t.n01, t.n10, t.n11}) < 0 || most == 0 || most > kPpm * kPpm)
    return absl::InvalidArgumentError("independence: give counts of at least two times");
  const int64_t after_calm = t.n00 + t.n01, after_exception = t.n10 + t.n11;
  const auto share = [](int64_t part, int64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  const double any = share(t.n01 + t.n11, after_calm + after_exception);
  const double calm = share(t.n01, after_calm), clustered = share(t.n11, after_exception);
  return Result(-2 * (LogLikelihood(t.n00 + t.n10, 1 - any) + LogLikelihood(t.n01 + t.n11, any) -
                      LogLikelihood(t.n00, 1 - calm) - LogLikelihood(t.n01, calm) -
                      LogLikelihood(t.n10, 1 - clustered) - LogLikelihood(t.n11, clustered)),
                1);
}

TestResult ConditionalCoverage(const TestResult& kupiec, const TestResult& independence) {
  return Result(kupiec.statistic + independence.statistic, 2);
}

std::string_view Name(BaselZone zone) {
  switch (zone) {
    case BaselZone::kGreen:
      return "green";
    case BaselZone::kYellow:
      return "yellow";
    case BaselZone::kRed:
      return "red";
  }
  return "unknown";
}

absl::StatusOr<BaselResult> BaselTest(int64_t observations, int64_t exceptions,
                                      Confidence confidence) {
  GANNET_RETURN_IF_ERROR(CheckCounts(observations, exceptions, confidence));
  BaselResult out;
  out.cumulative = BinomialCdf(exceptions, observations, confidence.tail());
  out.zone = out.cumulative >= 0.9999 ? BaselZone::kRed
             : out.cumulative >= 0.95 ? BaselZone::kYellow
                                      : BaselZone::kGreen;
  return out;
}

absl::StatusOr<std::vector<bool>> WalkForward(std::span<const double> profits, size_t window,
                                              Confidence confidence) {
  if (!confidence.valid())
    return absl::InvalidArgumentError("backtest: give a confidence above 50% and below 100%");
  if (window < 2 || profits.size() <= window) {
    return absl::InvalidArgumentError(absl::StrCat("backtest of ", profits.size(),
                                                   " outcomes with a window of ", window,
                                                   "; wait for more outcomes than the window"));
  }
  GANNET_RETURN_IF_ERROR(CheckFinite(profits, "profits"));
  std::vector<double> sorted(profits.begin(), profits.begin() + static_cast<ptrdiff_t>(window));
  std::sort(sorted.begin(), sorted.end());
  const int64_t in_tail = static_cast<int64_t>(window) * (kPpm - confidence.ppm);
  const auto rank = static_cast<size_t>((in_tail + kPpm - 1) / kPpm);  // as HistoricalRisk
  std::vector<bool> exceptions;
  for (size_t i = window; i < profits.size(); ++i) {
    exceptions.push_back(profits[i] < sorted[rank - 1]);
    sorted.erase(std::lower_bound(sorted.begin(), sorted.end(), profits[i - window]));
    sorted.insert(std::lower_bound(sorted.begin(), sorted.end(), profits[i]), profits[i]);
  }
  return exceptions;
}

}  // namespace gannet::portfolio
