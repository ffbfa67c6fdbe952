// What was at stake beside what was permitted, what the gate refused, and when
// trading was restricted.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/market/names.h"
#include "services/reporting/report_data.h"

namespace gannet::reporting {
namespace {

using market::Money;

constexpr size_t kExposurePoints = 300;

std::string ScopeText(market::ScopeKind kind, const std::string& name) {
  return name.empty() ? market::Name(kind) : absl::StrCat(market::Name(kind), " ", name);
}

// The limits of the account and the firm in force at each moment.
class LimitBook {
 public:
  explicit LimitBook(const ReportData& data) {
    for (const store::LimitRow& row : data.limits) {
      const bool ours =
          row.scope == market::ScopeKind::kFirm || (row.scope == market::ScopeKind::kAccount &&
                                                    row.scope_name == data.request.account.text());
      if (!ours) continue;
      versions_[row.since][row.name].push_back(&row);
    }
  }
  // The tightest of them; null: none is kept for that time.
  const store::LimitRow* Find(const std::string& name, base::Time time) const {
    auto version = versions_.upper_bound(time);
    if (version == versions_.begin()) return nullptr;
    --version;
    const auto rows = version->second.find(name);
    if (rows == version->second.end()) return nullptr;
    return *std::min_element(rows->second.begin(), rows->second.end(),
                             [](const auto* a, const auto* b) { return a->value < b->value; });
  }

 private:
  std::map<base::Time, std::map<std::string, std::vector<const store::LimitRow*>>> versions_;
};

// One limit over the samples of the period.
struct Utilisation {
  std::string name, label;
  Kind kind = Kind::kAmount;
  bool counted = false;  // some sample has been added
  Money peak;
  base::Time peak_time;
  const store::LimitRow* limit = nullptr;  // at the highest part of it
  std::optional<double> part;
  double sum = 0;
  int64_t samples = 0;
};

class Risk {
 public:
  Risk(const ReportData& data, Report& report) : data_(data), report_(report), limits_(data) {}

  void Run() {
    AddUtilisation();
    AddExposure();
    AddVerdicts();
    AddStates();
  }

 private:
  void Take(Utilisation& use, base::Time time, const Money& value) {
    if (!use.counted || value > use.peak) {
      use.peak = value;
      use.peak_time = time;
    }
    use.counted = true;
    use.sum += value.ToDouble();
    ++use.samples;
    const store::LimitRow* limit = limits_.Find(use.name, time);
    if (limit == nullptr || limit->value.units() <= 0) return;
    if (!limit->asset.empty() && limit->asset != data_.asset) return;  // not comparable
    const double part = value.ToDouble() / limit->value.ToDouble();
    if (use.part && part <= *use.part) return;
    use.part = part;
    use.limit = limit;
  }

  void AddUtilisation() {
    Utilisation gross{"max_gross", "Gross exposure"}, net{"max_net", "Net exposure"},
        largest{"max_long", "Largest position"},
        notional{"max_open_notional", "Working orders, value"},
        orders{"max_open_orders", "Working orders, number", Kind::kCount},
        loss{"max_daily_loss", "Loss of the day"},
        drawdown{"max_drawdown", "Below the best result"};
    for (const store::ExposureRow& row : data_.exposures) {
      Take(gross, row.time, row.gross);
      Take(net, row.time, row.net.Abs());
      Take(largest, row.time, row.largest);
      Take(notional, row.time, row.open_notional);
      Take(orders, row.time, Money(row.open_orders, 0));
    }
    TakeLosses(loss, drawdown);
    Table table;
    table.key = "risk_utilisation";
    table.title = "Use of limits";
    table.empty = "No sample of exposure in the period.";
    table.note =
        "Sampled (every 10 s unless configured otherwise): what came and went between two "
        "samples is not seen. Positions as filled; the gate counts open orders too. "
        "Strategies are netted by instrument. The limit is the tighter one of account and "
        "firm, as it stood when its largest part was used; results are those since the "
        "start of the period (the day, for the daily loss).";
    table.columns = {{"name", "", Kind::kText},
                     {"peak", "Peak", Kind::kDecimal},
                     {"peak_time", "At (UTC)", Kind::kTime},
                     {"mean", "Mean", Kind::kDecimal},
                     {"limit", "Limit", Kind::kDecimal},
                     {"scope", "Of", Kind::kText},
                     {"used", "Used at most", Kind::kPercent}};
    for (const Utilisation* use : {&gross, &net, &largest, &notional, &orders, &loss, &drawdown}) {
      if (!use->counted) continue;
      table.rows.push_back({use->label, Rounded(use->peak), use->peak_time,
                            Cell(use->sum / static_cast<double>(use->samples), 2),
                            use->limit != nullptr ? Value(use->limit->value) : Value(),
                            use->limit != nullptr
                                ? absl::StrCat(ScopeText(use->limit->scope, use->limit->scope_name),
                                               ", version ", use->limit->limit_version)
                                : std::string("no limit kept for it"),
                            Cell(use->part)});
    }
    report_.tables.push_back(std::move(table));
  }

  // An amount that people compare with a limit: two digits are enough.
  static Value Rounded(const Money& amount) {
    const auto units =
        market::Rescale(amount.units(), amount.scale(), 2, market::Rounding::kHalfEven);
    return units ? Value(Money(*units, 2)) : Value(amount);
  }

  void TakeLosses(Utilisation& loss, Utilisation& drawdown) {
    if (data_.samples.empty()) return;
    Money last = data_.opening ? data_.opening->pnl() : Money();
    Money best = last, day_start = last;
    auto day = std::chrono::floor<std::chrono::days>(data_.samples.front().time);
    for (const Sample& sample : data_.samples) {
      const auto its_day = std::chrono::floor<std::chrono::days>(sample.time);
      if (its_day != day) day_start = last;
      day = its_day;
      const Money pnl = sample.pnl();
      best = std::max(best, pnl);
      Take(loss, sample.time, std::max(day_start - pnl, Money()));
      Take(drawdown, sample.time, best - pnl);
      last = pnl;
    }
  }

  void AddExposure() {
    Table table;
    table.key = "exposure";
    table.title = "Exposure";
    table.empty = "No sample of exposure in the period.";
    table.note = absl::StrCat("At most ", kExposurePoints,
                              " points: of equal parts of the samples the one with the largest "
                              "gross exposure.");
    table.columns = {{"time", "Time (UTC)", Kind::kTime},
                     {"gross", "Gross", Kind::kAmount},
                     {"net", "Net", Kind::kAmount},
                     {"largest", "Largest position", Kind::kAmount},
                     {"open_orders", "Working orders", Kind::kCount},
                     {"open_notional", "Working orders, value", Kind::kAmount},
                     {"limit", "Gross limit", Kind::kAmount}};
    const auto& rows = data_.exposures;
    const size_t parts = std::min(kExposurePoints, rows.size());
    for (size_t part = 0; part < parts; ++part) {
      const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(part * rows.size() / parts);
      const auto end = rows.begin() + static_cast<std::ptrdiff_t>((part + 1) * rows.size() / parts);
      const store::ExposureRow& row = *std::max_element(
          begin, end, [](const auto& a, const auto& b) { return a.gross < b.gross; });
      const store::LimitRow* limit = limits_.Find("max_gross", row.time);
      const bool comparable = limit != nullptr && limit->asset == data_.asset;
      table.rows.push_back({row.time, row.gross, row.net, row.largest,
                            static_cast<int64_t>(row.open_orders), row.open_notional,
                            comparable ? Value(limit->value) : Value()});
    }
    report_.tables.push_back(std::move(table));
  }

  void AddVerdicts() {
    std::map<std::pair<std::string, market::RejectReason>, int64_t> counts;
    for (const store::DecisionRow& row : data_.decisions)
      counts[{row.strategy.text(), row.reason}] += row.count;
    Table table;
    table.key = "verdicts";
    table.title = "Verdicts of the risk gate";
    table.empty = "No order was proposed in the period.";
    table.note = "Whole hours. New orders and replacements; cancels are never refused.";
    table.columns = {{"strategy", "Strategy", Kind::kText},
                     {"verdict", "Verdict", Kind::kText},
                     {"reason", "Reason", Kind::kText},
                     {"count", "Orders", Kind::kCount, true}};
    for (const auto& [key, count] : counts) {
      const bool permitted = key.second == market::RejectReason::kNone;
      table.rows.push_back({key.first, std::string(permitted ? "permitted" : "refused"),
                            permitted ? Value() : Value(std::string(market::Name(key.second))),
                            count});
    }
    report_.tables.push_back(std::move(table));
  }

  void AddStates() {
    Table table;
    table.key = "trading_states";
    table.title = "Trading states";
    table.empty = "Trading was not restricted or released in the period.";
    table.columns = {{"time", "Time (UTC)", Kind::kTime},
                     {"scope", "Scope", Kind::kText},
                     {"state", "State", Kind::kText},
                     {"killed", "Kill switch", Kind::kText},
                     {"reason", "Reason", Kind::kText}};
    for (const store::RiskEventRow& row : data_.risk_events) {
      const bool other = row.scope == market::ScopeKind::kAccount &&
                         row.scope_name != data_.request.account.text();
      if (other) continue;
      table.rows.push_back({row.time, ScopeText(row.scope, row.scope_name),
                            std::string(market::Name(row.state)),
                            std::string(row.killed ? "on" : "off"), row.reason});
    }
    report_.tables.push_back(std::move(table));
  }

  const ReportData& data_;
  Report& report_;
  const LimitBook limits_;
};

}  // namespace

void AddRisk(const ReportData& data, Report& report) { Risk(data, report).Run(); }

}  // namespace gannet::reporting
