// Equity curve, drawdown, returns and the figures that rest on them.
#include <algorithm>
#include <array>
#include <span>

#include "absl/strings/str_cat.h"
#include "services/reporting/report_data.h"

namespace gannet::reporting {
namespace {

using market::Money;

constexpr size_t kCurvePoints = 400;
constexpr base::Duration kShortPeriod = std::chrono::hours(24 * 30);
constexpr size_t kFewReturns = 30;
constexpr int kReturnDigits = 8;

// One period of the grid that has a sample.
struct Period {
  base::Time start;
  Money pnl;               // since the first fill, at its last sample
  Money change;            // of pnl over the period
  double change_rate = 0;  // the return
  double drawdown = 0;     // the deepest of its samples
  int64_t samples = 0;
};

struct Point {
  base::Time time;
  Money pnl;
  double drawdown = 0;  // fraction of the peak
  Money below_peak;     // amount
};

class Performance {
 public:
  Performance(const ReportData& data, Report& report) : data_(data), report_(report) {}

  void Run() {
    if (data_.opening) base_pnl_ = data_.opening->pnl();
    Walk();
    Notes();
    Figures();
    report_.tables.push_back(Bridge());
    report_.tables.push_back(Curve());
    report_.tables.push_back(Returns());
    report_.tables.push_back(Months());
  }

 private:
  // Too short for what a year would have brought.
  bool is_short() const { return report_.to - report_.from < kShortPeriod; }
  bool has_equity() const { return data_.capital.has_value() && !ruined_; }
  Money EquityOf(const Money& pnl) const { return *data_.capital + pnl; }
  Value EquityCell(const Money& pnl) const {
    return data_.capital ? Value(EquityOf(pnl)) : Value();
  }
  double periods_per_year() const {
    const auto day = std::chrono::hours(24);
    return static_cast<double>(data_.request.days_per_year) *
           static_cast<double>(base::Duration(day) / LengthOf(data_.request.grid));
  }

  // Samples to points and periods.
  void Walk() {
    const base::Duration length = LengthOf(data_.request.grid);
    Money peak = base_pnl_, last = base_pnl_;
    base::Time peak_time = data_.opening ? data_.request.from : base::Time();
    if (!data_.opening && !data_.samples.empty()) peak_time = data_.samples.front().time;
    for (const Sample& sample : data_.samples) {
      const Money pnl = sample.pnl();
      if (pnl >= peak) {
        peak = pnl;
        peak_time = sample.time;
        if (recovering_ && pnl >= trough_peak_) {
          recovered_ = sample.time;
          recovering_ = false;
        }
      }
      Point point{sample.time, pnl, 0, peak - pnl};
      if (data_.capital) {
        const Money top = EquityOf(peak);
        if (top.units() > 0) point.drawdown = point.below_peak.ToDouble() / top.ToDouble();
        if (EquityOf(pnl).units() <= 0) ruined_ = true;
      }
      if (point.drawdown > deepest_) {
        deepest_ = point.drawdown;
        deepest_peak_ = peak_time;
        deepest_trough_ = sample.time;
        trough_peak_ = peak;
        recovering_ = true;
        recovered_.reset();
      }
      points_.push_back(point);
      Add(base::Time(sample.time.time_since_epoch() / length * length), point, last);
    }
    // As the report shows it, so that the ratio that rests on it can be checked.
    if (const auto shown = Quantise(deepest_, kReturnDigits)) deepest_ = shown->ToDouble();
    if (ruined_) {
      deepest_ = 0;
      for (Period& period : periods_) period.drawdown = period.change_rate = 0;
    }
    for (const Period& period : periods_) returns_.push_back(period.change_rate);
  }

  void Add(base::Time start, const Point& point, Money& last) {
    if (periods_.empty() || periods_.back().start != start) {
      if (!periods_.empty()) {
        missing_ +=
            static_cast<uint64_t>((start - periods_.back().start) / LengthOf(data_.request.grid)) -
            1;
        last = periods_.back().pnl;
      }
      periods_.push_back({start, {}, {}, 0, 0, 0});
    }
    Period& period = periods_.back();
    period.pnl = point.pnl;
    period.change = point.pnl - last;
    period.drawdown = std::max(period.drawdown, point.drawdown);
    ++period.samples;
    if (data_.capital && EquityOf(last).units() > 0)
      period.change_rate = period.change.ToDouble() / EquityOf(last).ToDouble();
  }

  void Note(std::string text) { report_.notes.push_back(std::move(text)); }

  void Notes() {
    const char* grid = NameOf(data_.request.grid);
    if (data_.capital) {
      Note(absl::StrCat("Equity is the capital of ", ShownText(*data_.capital, Kind::kAmount), " ",
                        data_.asset.text(), " (", data_.capital_source,
                        ") plus the result since the first fill. Deposits, withdrawals and other "
                        "assets held are not part of it."));
    } else {
      Note(
          "The capital of the account is not known: returns, drawdown and the ratios are not "
          "computed. State it with --capital or reporting.reports.capital.");
    }
    if (ruined_)
      Note(
          "The result is below the loss of the whole capital: returns have no meaning and are "
          "not computed.");
    if (data_.unpriced_samples > 0)
      Note(absl::StrCat("Left out: ", Counted(data_.unpriced_samples, "sample"),
                        " of the result at which a position had no price."));
    if (data_.invalid_samples > 0)
      Note(absl::StrCat("Included: ", Counted(data_.invalid_samples, "sample"),
                        " of the result with a position at the last price of a book that had "
                        "become INVALID."));
    if (missing_ > 0)
      Note(absl::StrCat("Without any sample: ", Counted(missing_, grid),
                        " between the first and the last; the return after such a gap spans "
                        "it."));
    if (data_.samples.empty()) return;
    report_.from = data_.opening ? data_.request.from : data_.samples.front().time;
    report_.to = data_.samples.back().time;
    if (!has_equity()) return;
    if (is_short() || returns_.size() < kFewReturns) {
      Note(absl::StrCat("Volatility, Sharpe and Sortino ratio rest on ",
                        Counted(returns_.size(), std::string(grid) + " return"), " over ",
                        SpanText(report_.to - report_.from),
                        ": scaled up from a short time to a year, they predict nothing."));
    }
  }

  static std::string SpanText(base::Duration span) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span).count();
    if (seconds < 2 * 3'600) return absl::StrCat(seconds / 60, " minutes");
    if (seconds < 2 * 86'400) return absl::StrCat(seconds / 3'600, " hours");
    return absl::StrCat(seconds / 86'400, " days");
  }

  // From the first to the last of the report, those without a sample included.
  size_t PeriodsCovered() const {
    if (periods_.empty()) return 0;
    const base::Duration length = LengthOf(data_.request.grid);
    const auto first = report_.from.time_since_epoch() / length;
    return static_cast<size_t>(periods_.back().start.time_since_epoch() / length - first) + 1;
  }

  // --- figures -------------------------------------------------------------------

  void Add(std::string key, std::string label, Kind kind, Value value, std::string definition,
           std::string absent) {
    if (!std::holds_alternative<std::monostate>(value)) absent.clear();
    report_.figures.push_back({std::move(key), std::move(label), kind, std::move(value),
                               std::move(definition), std::move(absent)});
  }

  std::string WhyNoReturns() const {
    if (data_.samples.empty()) return "no sample of the result in the period";
    if (!data_.capital) return "the capital is not known";
    if (ruined_) return "the capital was lost";
    return "";
  }

  void Figures() {
    const std::string none = data_.samples.empty() ? "no sample of the result in the period" : "";
    const std::string why = WhyNoReturns();
    const bool usable = why.empty();
    const std::span<const double> returns =
        usable ? std::span<const double>(returns_) : std::span<const double>();
    const double year = periods_per_year();
    const double risk_free = static_cast<double>(data_.request.risk_free_ppm) / 1e6 / year;
    const auto reason = [&](const char* otherwise) { return usable ? otherwise : why; };
    const std::string grid = NameOf(data_.request.grid);
    const std::string of_year = absl::StrCat("× √", static_cast<int64_t>(year));

    Add("opening_equity", "Opening equity", Kind::kAmount, EquityCell(base_pnl_),
        "Capital plus the result since the first fill, at the start of the period.",
        "the capital is not known");
    Add("closing_equity", "Closing equity", Kind::kAmount,
        none.empty() ? EquityCell(points_.back().pnl) : Value(),
        "The same at the last sample of the period.", none.empty() ? why : none);
    Add("result", "Result", Kind::kAmount,
        none.empty() ? Value(points_.back().pnl - base_pnl_) : Value(),
        "Change of realised result (first in first out, fees in the quote asset taken off) plus "
        "unrealised result (open positions at the mid of their last quote) plus funding and what "
        "else was booked beside trades.",
        none);
    const Sample start = data_.opening.value_or(Sample());
    const auto change = [&](Money Sample::*part) {
      return none.empty() ? Value(data_.samples.back().*part - start.*part) : Value();
    };
    Add("fees_paid", "Fees", Kind::kAmount, change(&Sample::fees),
        absl::StrCat("Paid in ", data_.asset.text(), " for fills; taken off the result already."),
        none);
    Add("funding", "Funding", Kind::kAmount, change(&Sample::funding),
        absl::StrCat("Received, less paid, in ", data_.asset.text(),
                     " for open positions in perpetuals; part of the result."),
        none);
    Add("other_bookings", "Other bookings", Kind::kAmount, change(&Sample::other),
        absl::StrCat("Fees of no trade, liquidations, settlements and adjustments in ",
                     data_.asset.text(), "; part of the result. Transfers are not."),
        none);
    Add("total_return", "Total return", Kind::kPercent,
        usable ? Cell(TotalReturn(returns)) : Value(),
        absl::StrCat("Product of (1 + return) over the ", grid,
                     "s, less 1. A return is the change of equity over its start."),
        why);
    const char* const too_short = "not given for less than 30 days";
    const auto of_long = [&](std::optional<double> value) {
      return is_short() ? Value() : Cell(value);
    };
    const size_t periods = PeriodsCovered();
    report_.periods_without_return = usable ? periods - returns.size() : 0;
    Add("annual_return", "Annualised return", Kind::kPercent,
        of_long(AnnualReturn(returns, periods, year)),
        absl::StrCat("(1 + total return)^(", static_cast<int64_t>(year), " / number of ", grid,
                     "s, those without a sample included) − 1."),
        reason(is_short() ? too_short : "everything was lost, or the figure is beyond all bounds"));
    Add("volatility", "Volatility, annualised", Kind::kPercent, Cell(Volatility(returns, year)),
        absl::StrCat("Standard deviation (n − 1) of the ", grid, " returns, ", of_year, "."),
        reason("fewer than two returns"));
    Add("sharpe", "Sharpe ratio", Kind::kRatio, Cell(Sharpe(returns, risk_free, year)),
        absl::StrCat("Mean of the ", grid, " returns above the risk-free rate (",
                     ShownText(Money(data_.request.risk_free_ppm, 6), Kind::kPercent),
                     " a year) over their standard deviation (n − 1), ", of_year, "."),
        reason("fewer than two returns, or all are equal"));
    Add("sortino", "Sortino ratio", Kind::kRatio, Cell(Sortino(returns, risk_free, year)),
        absl::StrCat("Mean of the ", grid,
                     " returns above the risk-free rate over the root of the mean squared "
                     "shortfall below it (all returns count), ",
                     of_year, "."),
        reason("no return fell short"));
    Add("calmar", "Calmar ratio", Kind::kRatio, of_long(Calmar(returns, periods, year, deepest_)),
        "Annualised return over the maximum drawdown.",
        reason(is_short() ? too_short : "there was no drawdown"));
    Add("max_drawdown", "Maximum drawdown", Kind::kPercent,
        usable ? Cell(deepest_, kReturnDigits) : Value(),
        "Deepest fall of equity below its highest sample so far, as a part of that.", why);
    const bool fell = usable && deepest_ > 0;
    const auto when = [&](base::Time time) { return fell ? Value(time) : Value(); };
    Add("drawdown_peak", "– from", Kind::kTime, when(deepest_peak_), "Time of that highest sample.",
        reason("there was no drawdown"));
    Add("drawdown_trough", "– to", Kind::kTime, when(deepest_trough_), "Time of the lowest sample.",
        reason("there was no drawdown"));
    Add("drawdown_recovered", "– made good", Kind::kTime,
        fell && recovered_ ? Value(*recovered_) : Value(),
        "First sample at or above that highest one again.",
        reason(fell ? "not within the period" : "there was no drawdown"));
    PeriodFigures(returns, reason("no returns"), grid);
  }

  void PeriodFigures(std::span<const double> returns, const std::string& why,
                     const std::string& grid) {
    const auto best = std::max_element(returns.begin(), returns.end());
    const auto worst = std::min_element(returns.begin(), returns.end());
    const auto gains =
        std::count_if(returns.begin(), returns.end(), [](double r) { return r > 0; });
    const bool any = !returns.empty();
    Add("best_return", absl::StrCat("Best ", grid), Kind::kPercent,
        any ? Cell(*best, kReturnDigits) : Value(), "Highest of the returns.", why);
    Add("worst_return", absl::StrCat("Worst ", grid), Kind::kPercent,
        any ? Cell(*worst, kReturnDigits) : Value(), "Lowest of the returns.", why);
    Add("positive_returns", absl::StrCat("Positive ", grid, "s"), Kind::kPercent,
        any ? Cell(static_cast<double>(gains) / static_cast<double>(returns.size())) : Value(),
        "Part of the returns above zero.", why);
  }

  // --- tables --------------------------------------------------------------------

  // How the result came about, in lines that add up.
  Table Bridge() const {
    Table table;
    table.key = "bridge";
    table.title = "From opening to closing equity";
    table.empty = "No sample of the result in the period.";
    table.columns = {{"line", "", Kind::kText}, {"amount", data_.asset.text(), Kind::kAmount}};
    if (data_.samples.empty()) return table;
    const Sample zero{};
    const Sample& first = data_.opening ? *data_.opening : zero;
    const Sample& last = data_.samples.back();
    table.rows = {
        {std::string("Opening equity"), EquityCell(base_pnl_)},
        {std::string("Realised result before fees"),
         (last.realized + last.fees) - (first.realized + first.fees)},
        {absl::StrCat("Fees paid in ", data_.asset.text()), -(last.fees - first.fees)},
        {std::string("Funding"), last.funding - first.funding},
        {std::string("Other bookings beside trades"), last.other - first.other},
        {std::string("Change of unrealised result"), last.unrealized - first.unrealized},
        {std::string("Closing equity"), EquityCell(last.pnl())},
    };
    if (!data_.capital) table.note = "The capital is not known: the lines between are the result.";
    return table;
  }

  Table Curve() const {
    Table table;
    table.key = "equity_curve";
    table.title = "Equity curve";
    table.empty = "No sample of the result in the period.";
    table.note = absl::StrCat("At most ", kCurvePoints,
                              " points: of equal parts of the samples the last one, with the "
                              "deepest drawdown of its part.");
    table.columns = {{"time", "Time (UTC)", Kind::kTime},
                     {"equity", "Equity", Kind::kAmount},
                     {"result", "Result since first fill", Kind::kAmount},
                     {"drawdown", "Drawdown", Kind::kPercent},
                     {"below_peak", "Below peak", Kind::kAmount}};
    const size_t parts = std::min(kCurvePoints, points_.size());
    for (size_t part = 0; part < parts; ++part) {
      const size_t begin = part * points_.size() / parts;
      const size_t end = (part + 1) * points_.size() / parts;
      Point shown = points_[end - 1];
      for (size_t i = begin; i < end; ++i) {
        shown.drawdown = std::max(shown.drawdown, points_[i].drawdown);
        shown.below_peak = std::max(shown.below_peak, points_[i].below_peak);
      }
      table.rows.push_back({shown.time, EquityCell(shown.pnl), shown.pnl,
                            has_equity() ? Cell(shown.drawdown) : Value(), shown.below_peak});
    }
    return table;
  }

  Table Returns() const {
    Table table;
    table.key = "returns";
    table.title = absl::StrCat("Returns by ", NameOf(data_.request.grid));
    table.empty = "No sample of the result in the period.";
    table.columns = {{"start", "Start (UTC)", Kind::kTime},
                     {"equity", "Equity at end", Kind::kAmount},
                     {"result", "Result", Kind::kAmount, true},
                     {"return", "Return", Kind::kPercent},
                     {"drawdown", "Deepest drawdown", Kind::kPercent},
                     {"samples", "Samples", Kind::kCount, true}};
    for (const Period& period : periods_) {
      table.rows.push_back({period.start, EquityCell(period.pnl), period.change,
                            has_equity() ? Cell(period.change_rate, kReturnDigits) : Value(),
                            has_equity() ? Cell(period.drawdown, kReturnDigits) : Value(),
                            period.samples});
    }
    return table;
  }

  Table Months() const {
    constexpr std::array<const char*, 12> kNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    Table table;
    table.key = "months";
    table.title = "Monthly returns";
    table.empty = "No returns in the period.";
    table.columns = {{"year", "Year", Kind::kText}};
    for (const char* name : kNames) table.columns.push_back({name, name, Kind::kPercent});
    table.columns.push_back({"total", "Year", Kind::kPercent});
    if (!has_equity()) return table;
    std::map<int, std::array<std::vector<double>, 13>> years;  // the last: the whole year
    for (const Period& period : periods_) {
      const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(period.start));
      auto& year = years[static_cast<int>(date.year())];
      year[static_cast<unsigned>(date.month()) - 1].push_back(period.change_rate);
      year[12].push_back(period.change_rate);
    }
    for (const auto& [year, months] : years) {
      std::vector<Value> row = {std::to_string(year)};
      for (const auto& returns : months)
        row.push_back(returns.empty() ? Value() : Cell(TotalReturn(returns)));
      table.rows.push_back(std::move(row));
    }
    return table;
  }

  const ReportData& data_;
  Report& report_;
  Money base_pnl_;
  std::vector<Point> points_;
  std::vector<Period> periods_;
  std::vector<double> returns_;
  uint64_t missing_ = 0;
  bool ruined_ = false;
  double deepest_ = 0;
  base::Time deepest_peak_, deepest_trough_;
  Money trough_peak_;
  bool recovering_ = false;
  std::optional<base::Time> recovered_;
};

}  // namespace

void AddPerformance(const ReportData& data, Report& report) { Performance(data, report).Run(); }

}  // namespace gannet::reporting
