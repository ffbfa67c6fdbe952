#include "services/risk/portfolio_figures.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/portfolio/backtest.h"
#include "libs/portfolio/concentration.h"
#include "libs/portfolio/extremes.h"
#include "libs/portfolio/monte_carlo.h"
#include "libs/portfolio/sizing.h"
#include "libs/portfolio/stress.h"

namespace gannet::risk {
namespace {

using portfolio::Confidence;
using portfolio::Matrix;

constexpr double kPpm = 1e6;
constexpr double kSecondsOfYear = 365.0 * 86'400;

std::string Why(const absl::Status& status) { return std::string(status.message()); }

std::optional<int64_t> Ppm(double value) {
  if (!std::isfinite(value) || std::abs(value) > 1e9) return std::nullopt;
  return std::llround(value * kPpm);
}
// Whole hundredths.
std::optional<Value> Amount(double value) {
  if (!std::isfinite(value) || std::abs(value) > 1e15) return std::nullopt;
  return Value{std::llround(value * 100)} * 1'000'000;
}
static_assert(kValueScale == 8);

double Seconds(base::Duration duration) { return std::chrono::duration<double>(duration).count(); }

class Evaluation {
 public:
  Evaluation(const PortfolioInputs& in, int64_t target_ppm)
      : in_(in),
        settings_(in.settings),
        target_(static_cast<double>(target_ppm) / kPpm),
        confidence_{settings_.confidence_ppm},
        steps_(Seconds(settings_.horizon) / Seconds(settings_.interval)),
        steps_of_year_(kSecondsOfYear / Seconds(settings_.interval)) {
    out_.at = in.at;
    out_.uncovered = in.uncovered;
    MakeReturns();
  }

  PortfolioFigures Take() {
    AddStress();
    AddDepth();
    AddPeg();
    if (!enough_) {
      const std::string why = absl::StrCat(returns_.rows(), " returns of ", assets_.size(),
                                           " instruments, ", settings_.minimum, " are needed");
      for (PortfolioFigures::Risk& risk : out_.methods) risk.problem = why;
      for (const Signal signal : {Signal::kTail, Signal::kJump, Signal::kCorrelation})
        At(signal).detail = why;
      return std::move(out_);
    }
    AddCorrelation();
    AddMarketJump();
    AddPortfolio();
    return std::move(out_);
  }

 private:
  PortfolioFigures::Risk& At(Method method) { return out_.methods[static_cast<size_t>(method)]; }
  PortfolioFigures::Reading& At(Signal signal) { return out_.signals[static_cast<size_t>(signal)]; }

  // Of instruments with enough prices; a price that is missing has not moved. Prices further
  // apart than they should be are not compared: the process was down between them.
  void MakeReturns() {
    const auto& seen = in_.observations;
    for (size_t i = 0; i < in_.names.size(); ++i) {
      const auto priced = std::count_if(seen.begin(), seen.end(),
                                        [i](const auto& one) { return one.prices[i] > 0; });
      if (priced > static_cast<ptrdiff_t>(settings_.minimum)) {
        assets_.push_back(i);
        values_.push_back(in_.values[i]);
      } else if (in_.values[i] != 0) {
        ++out_.uncovered;
      }
    }
    std::vector<double> cells, last(assets_.size());
    for (size_t t = 0; t < seen.size(); ++t) {
      const bool follows =
          t > 0 && seen[t].at - seen[t - 1].at <= settings_.interval + settings_.interval / 2;
      if (!follows) std::fill(last.begin(), last.end(), 0.0);
      for (size_t a = 0; a < assets_.size(); ++a) {
        const double price = seen[t].prices[assets_[a]];
        const bool both = price > 0 && last[a] > 0;
        if (follows) cells.push_back(both ? price / last[a] - 1 : 0.0);
        if (price > 0) last[a] = price;
      }
    }
    returns_ = Matrix::Of(assets_.size(), std::move(cells));
    enough_ = returns_.rows() >= settings_.minimum;
    out_.observations = static_cast<uint32_t>(returns_.rows());
    out_.instruments = static_cast<uint32_t>(assets_.size());
    double held = 0;
    for (const double value : in_.values) held += std::abs(value);
    out_.gross = Amount(held).value_or(0);
    for (const double value : values_) gross_ += std::abs(value);
  }

  void AddStress() {
    for (const auto& [name, path] : settings_.stress) {
      Matrix shocks(path.others.size(), in_.names.size());
      for (size_t i = 0; i < in_.names.size(); ++i) {
        const auto own = path.assets.find(in_.base[i]);
        const std::vector<int64_t>& steps = own != path.assets.end() ? own->second : path.others;
        for (size_t step = 0; step < shocks.rows(); ++step)
          shocks.at(step, i) = static_cast<double>(steps[step]) / kPpm;
      }
      const auto result = portfolio::RunStress(in_.values, shocks);
      if (!result.ok()) continue;  // nothing kept, nothing lost
      const auto loss = Amount(result->loss), worst = Amount(result->worst_loss);
      if (loss && worst)
        out_.stress.push_back({name, *loss, *worst, static_cast<uint32_t>(result->worst_step)});
    }
  }

  // --- the portfolio -------------------------------------------------------------

  void AddPortfolio() {
    const auto covariance = Covariance(returns_);
    const auto profits = portfolio::ProfitAndLoss(returns_, values_);
    if (gross_ == 0 && out_.uncovered > 0) {
      const std::string why =
          absl::StrCat("what is held has too few prices (", out_.uncovered, " instruments)");
      for (PortfolioFigures::Risk& risk : out_.methods) risk.problem = why;
      At(Signal::kTail).detail = why;
      return;
    }
    if (gross_ == 0) {  // nothing is held, nothing can be lost
      for (PortfolioFigures::Risk& risk : out_.methods) risk.var = risk.es = Value{0};
      At(Signal::kTail).detail = "nothing is held";
      return;
    }
    if (!covariance.ok() || !profits.ok()) {
      const std::string why = Why(covariance.ok() ? profits.status() : covariance.status());
      for (PortfolioFigures::Risk& risk : out_.methods) risk.problem = why;
      At(Signal::kTail).detail = why;
      return;
    }
    AddByFormula(*covariance, *profits);
    AddSimulated(*covariance);
    AddParts(*covariance);
    AddSizes(*covariance, *profits);
    AddBacktest(*profits);
    AddTail(*profits);
  }

  absl::StatusOr<Matrix> Covariance(const Matrix& returns) const {
    if (settings_.decay_ppm == 0) return portfolio::Covariance(returns);
    return portfolio::EwmaCovariance(returns, static_cast<double>(settings_.decay_ppm) / kPpm);
  }

  void Put(Method method, const absl::StatusOr<portfolio::TailRisk>& risk, double scale = 1) {
    PortfolioFigures::Risk& to = At(method);
    if (!risk.ok()) {
      to.problem = Why(risk.status());
      return;
    }
    to.var = Amount(risk->var * scale);
    to.es = Amount(risk->es * scale);
    if (!to.var || !to.es) {
      to.var = to.es = std::nullopt;
      to.problem = "too large to be kept";
    }
  }

  // From one interval to the horizon as sums of as many independent ones: sizes grow with
  // the root, skewness falls with it, kurtosis with the number. Means are taken as zero.
  void AddByFormula(const Matrix& covariance, const std::vector<double>& profits) {
    const double root = std::sqrt(steps_);
    if (settings_.decay_ppm == 0) {
      Put(Method::kHistorical, portfolio::HistoricalRisk(profits, confidence_), root);
    } else {
      const auto filtered =
          portfolio::FilteredReturns(profits, static_cast<double>(settings_.decay_ppm) / kPpm);
      if (filtered.ok()) {
        Put(Method::kHistorical, portfolio::HistoricalRisk(*filtered, confidence_), root);
      } else {
        Put(Method::kHistorical, filtered.status());
      }
    }
    const double sigma = std::sqrt(QuadraticForm(covariance, values_)) * root;
    Put(Method::kParametric, portfolio::NormalRisk(0, sigma, confidence_));
    const auto moments = portfolio::MomentsOf(profits);
    if (!moments.ok()) return Put(Method::kCornishFisher, moments.status());
    Put(Method::kCornishFisher,
        portfolio::CornishFisherRisk({.mean = 0,
                                      .sigma = sigma,
                                      .skewness = moments->skewness / root,
                                      .excess_kurtosis = moments->excess_kurtosis / steps_},
                                     confidence_));
  }

  void AddSimulated(const Matrix& covariance) {
    Matrix scaled = covariance;
    for (size_t i = 0; i < assets_.size(); ++i) {
      for (size_t j = 0; j < assets_.size(); ++j) scaled.at(i, j) *= steps_;
    }
    const auto risk =
        portfolio::MonteCarloRisk(scaled, values_,
                                  {.paths = settings_.paths,
                                   .seed = settings_.seed,
                                   .degrees_of_freedom = settings_.degrees_of_freedom},
                                  confidence_);
    if (!risk.ok()) return Put(Method::kMonteCarlo, risk.status());
    Put(Method::kMonteCarlo, risk->risk);
    out_.simulated_low = Amount(risk->var_low);
    out_.simulated_high = Amount(risk->var_high);
  }

  void AddParts(const Matrix& covariance) {
    const auto book = portfolio::IncrementalVolatility::Create(covariance, values_);
    if (!book.ok()) return;
    const auto shares = portfolio::ConcentrationOf(book->Contributions());
    if (!shares.ok()) return;
    out_.largest = in_.names[assets_[shares->largest]];
    out_.largest_share_ppm = Ppm(shares->largest_share);
    out_.effective_ppm = Ppm(shares->effective);
  }

  void AddSizes(const Matrix& covariance, const std::vector<double>& profits) {
    if (!in_.capital || *in_.capital <= 0) return;
    const double volatility =
        std::sqrt(QuadraticForm(covariance, values_) * steps_of_year_) / *in_.capital;
    out_.volatility_ppm = Ppm(volatility);
    if (target_ > 0) {
      const auto scale = portfolio::VolatilityScale(
          target_, volatility, static_cast<double>(settings_.max_scale_ppm) / kPpm);
      if (scale.ok()) out_.scale_ppm = Ppm(*scale);
    }
    const auto moments = portfolio::MomentsOf(profits);
    const auto part = portfolio::KellyPart(static_cast<double>(settings_.kelly_drawdown_ppm) / kPpm,
                                           static_cast<double>(settings_.kelly_chance_ppm) / kPpm);
    if (!moments.ok() || !part.ok()) return;
    // Of what is held as it is: a unit of exposure is its gross value.
    const auto full =
        portfolio::KellyContinuous(moments->mean * steps_of_year_ / gross_,
                                   moments->sigma * std::sqrt(steps_of_year_) / gross_);
    if (full.ok()) out_.kelly_ppm = Ppm(std::max(0.0, *full * *part));
  }

  // Today's portfolio over the past, an interval at a time.
  void AddBacktest(const std::vector<double>& profits) {
    const auto exceptions = portfolio::WalkForward(profits, profits.size() / 2, confidence_);
    if (!exceptions.ok()) return;
    const auto count = std::count(exceptions->begin(), exceptions->end(), true);
    const auto days = static_cast<int64_t>(exceptions->size());
    out_.backtested = static_cast<uint32_t>(days);
    out_.exceptions = static_cast<uint32_t>(count);
    const auto basel = portfolio::BaselTest(days, count, confidence_);
    if (basel.ok()) out_.zone = static_cast<uint8_t>(basel->zone);
    const auto kupiec = portfolio::KupiecTest(days, count, confidence_);
    const auto independence = portfolio::IndependenceTest(portfolio::CountTransitions(*exceptions));
    if (kupiec.ok()) out_.kupiec_ppm = Ppm(kupiec->p_value);
    if (!kupiec.ok() || !independence.ok()) return;
    out_.independence_ppm = Ppm(independence->p_value);
    out_.coverage_ppm = Ppm(ConditionalCoverage(*kupiec, *independence).p_value);
  }

  // --- signals -------------------------------------------------------------------

  // The newest loss as a part of the one that the fitted tail of those before it has at
  // the threshold's quantile.
  void AddTail(const std::vector<double>& profits) {
    PortfolioFigures::Reading& reading = At(Signal::kTail);
    std::vector<double> losses;
    for (const double profit : profits) losses.push_back(-profit);
    const double newest = losses.back();
    losses.pop_back();
    const auto tail = portfolio::FitTail(losses, {.ppm = 900'000});
    if (!tail.ok()) {
      reading.detail = Why(tail.status());
      return;
    }
    const auto risk = portfolio::ParetoRisk(*tail, {settings_.alarm.tail_ppm});
    if (!risk.ok()) {
      reading.detail = Why(risk.status());
    } else if (risk->var > 0) {
      reading.value_ppm = Ppm(newest / risk->var);
      reading.up = reading.value_ppm && *reading.value_ppm > 1'000'000;
      reading.detail = absl::StrCat("shape ", std::llround(tail->shape * 100), "%");
    } else {
      reading.detail = "no losses so far";
    }
  }

  // Of the market as a whole: the mean return of all instruments.
  void AddMarketJump() {
    std::vector<double> market(returns_.rows());
    for (size_t t = 0; t < market.size(); ++t) {
      for (const double r : returns_.row(t)) market[t] += r / static_cast<double>(assets_.size());
    }
    PortfolioFigures::Reading& reading = At(Signal::kJump);
    const auto jump = portfolio::NewestJump(market);
    if (!jump.ok()) {
      reading.detail = Why(jump.status());
      return;
    }
    reading.value_ppm = Ppm(jump->p_value);
    reading.up = reading.value_ppm && *reading.value_ppm <= settings_.alarm.jump_ppm;
    reading.detail = absl::StrCat("the market moved ", std::llround(market.back() * 1e4), " bp, ",
                                  std::llround(jump->statistic), " sigma");
  }

  void AddCorrelation() {
    const size_t window = std::min<size_t>(settings_.alarm.window, returns_.rows());
    std::vector<double> newest;
    for (size_t t = returns_.rows() - window; t < returns_.rows(); ++t) {
      const auto row = returns_.row(t);
      newest.insert(newest.end(), row.begin(), row.end());
    }
    PortfolioFigures::Reading& reading = At(Signal::kCorrelation);
    const auto covariance = portfolio::Covariance(Matrix::Of(assets_.size(), std::move(newest)));
    const auto mean = covariance.ok() ? portfolio::MeanCorrelation(*covariance)
                                      : absl::StatusOr<double>(covariance.status());
    if (!mean.ok()) {
      reading.detail = Why(mean.status());
      return;
    }
    reading.value_ppm = Ppm(*mean);
    reading.up = reading.value_ppm && *reading.value_ppm >= settings_.alarm.correlation_ppm;
    reading.detail = absl::StrCat("of ", assets_.size(), " instruments, ", window, " returns");
  }

  // The median instrument's depth now, of its own median before.
  void AddDepth() {
    PortfolioFigures::Reading& reading = At(Signal::kDepth);
    const auto& seen = in_.observations;
    std::vector<double> parts;
    for (size_t i = 0; i < in_.names.size() && !seen.empty(); ++i) {
      if (seen.back().prices[i] <= 0) continue;  // not quoted is another matter
      std::vector<double> before;
      const size_t from = seen.size() - std::min<size_t>(seen.size(), settings_.alarm.window + 1);
      for (size_t t = from; t + 1 < seen.size(); ++t) {
        if (seen[t].depths[i] > 0) before.push_back(seen[t].depths[i]);
      }
      // Without any before there was no market that could go away.
      if (before.size() < settings_.alarm.window / 2 + 1) continue;
      const auto usual = portfolio::Median(before);
      if (usual.ok()) parts.push_back(seen.back().depths[i] / *usual);
    }
    const auto now = portfolio::Median(parts);
    if (!now.ok()) {
      reading.detail = absl::StrCat("needs ", settings_.alarm.window / 2 + 1, " observations");
      return;
    }
    reading.value_ppm = Ppm(*now);
    reading.up = reading.value_ppm && *reading.value_ppm <= settings_.alarm.depth_ppm;
    reading.detail = absl::StrCat("of ", parts.size(), " instruments");
  }

  void AddPeg() {
    PortfolioFigures::Reading& reading = At(Signal::kPeg);
    if (in_.furthest.empty()) {
      reading.detail = "no asset counted at par is traded";
      return;
    }
    reading.value_ppm = Ppm(in_.furthest_from_par);
    reading.up = reading.value_ppm && *reading.value_ppm >= settings_.alarm.peg_ppm;
    reading.detail = in_.furthest;
  }

  const PortfolioInputs& in_;
  const PortfolioSettings& settings_;
  const double target_;
  const Confidence confidence_;
  const double steps_, steps_of_year_;
  std::vector<size_t> assets_;  // instruments with enough prices
  std::vector<double> values_;  // of these
  double gross_ = 0;            // of these
  Matrix returns_;
  bool enough_ = false;
  PortfolioFigures out_;
};

}  // namespace

std::string_view Name(Method method) {
  static constexpr std::string_view kNames[] = {"historical", "parametric", "cornish-fisher",
                                                "monte-carlo"};
  return kNames[static_cast<size_t>(method)];
}

std::string_view Name(Signal signal) {
  static constexpr std::string_view kNames[] = {"tail", "jump", "depth", "correlation", "peg"};
  return kNames[static_cast<size_t>(signal)];
}

uint32_t PortfolioFigures::signals_up() const {
  return static_cast<uint32_t>(
      std::count_if(signals.begin(), signals.end(), [](const Reading& one) { return one.up; }));
}

std::optional<Value> PortfolioFigures::worst(std::optional<Value> Risk::*figure) const {
  std::optional<Value> worst;
  for (const Risk& risk : methods) {
    if (risk.*figure && (!worst || *(risk.*figure) > *worst)) worst = risk.*figure;
  }
  return worst;
}

PortfolioFigures Evaluate(const PortfolioInputs& inputs, int64_t target_volatility_ppm) {
  return Evaluation(inputs, target_volatility_ppm).Take();
}

}  // namespace gannet::risk
