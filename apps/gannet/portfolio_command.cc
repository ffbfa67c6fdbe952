// What the portfolio of a running process could lose, as a page for people.
#include <algorithm>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "apps/gannet/remote.h"
#include "gannet/risk/v1/risk_service.pb.h"
#include "libs/base/time.h"
#include "libs/market/decimal.h"

namespace gannet::app {
namespace {

namespace pb = ::gannet::risk::v1;

constexpr char kAbsent[] = "-";

// Whole units and hundredths; figures have no more.
std::string Amount(const common::v1::Money& money) {
  market::Int128 units = UnitsOf(money);
  uint32_t scale = money.scale();
  for (; scale > 2 && units != 0; --scale) units /= 10;
  return market::FormatDecimal(units, static_cast<int>(std::min(scale, 2u)));
}
std::string Percent(int64_t ppm) { return absl::StrCat(market::FormatDecimal(ppm, 4), "%"); }

class Page {
 public:
  Page(const pb::GetPortfolioRiskResponse& risk, std::ostream& out) : risk_(risk), out_(out) {}

  void Print() {
    out_ << "portfolio of the firm at " << TimeOf(risk_.as_of_ns()) << ", in " << risk_.currency()
         << ": gross " << Amount(risk_.gross()) << "; " << risk_.observations() << " returns of "
         << risk_.instruments() << " instruments";
    if (risk_.uncovered() > 0) out_ << "; NOT COVERED: " << risk_.uncovered() << " held";
    if (risk_.left_out() > 0) out_ << "; left out: " << risk_.left_out();
    out_ << "\n";
    if (risk_.observations() < risk_.minimum_observations()) {
      out_ << "NOT YET: " << risk_.observations() << " of the " << risk_.minimum_observations()
           << " returns that the figures need; stress paths and sizes stand already\n";
    }
    out_ << "\n";
    PrintMethods();
    PrintStress();
    PrintSizes();
    PrintBacktest();
    PrintSignals();
    PrintState();
  }

 private:
  std::string Limit(const char* name) const {
    for (const pb::Limit& limit : risk_.limits()) {
      if (limit.name() != name) continue;
      return limit.unit() == "ppm" ? Percent(limit.value().mantissa())
                                   : market::FormatDecimal(limit.value().mantissa(),
                                                           static_cast<int>(limit.value().scale()));
    }
    return kAbsent;
  }

  void PrintMethods() {
    Table table({"METHOD", "VAR", "EXPECTED SHORTFALL", "NOTE"});
    for (const pb::PortfolioMethod& method : risk_.methods()) {
      const bool simulated = method.name() == "monte-carlo" && risk_.has_simulated_low();
      const bool known = method.has_value_at_risk();
      table.Add({method.name(), known ? Amount(method.value_at_risk()) : kAbsent,
                 known ? Amount(method.expected_shortfall()) : kAbsent,
                 simulated ? absl::StrCat("VaR between ", Amount(risk_.simulated_low()), " and ",
                                          Amount(risk_.simulated_high()), " with 95%")
                           : method.problem()});
    }
    table.Add({"limit", Limit("max_var"), Limit("max_expected_shortfall"),
               absl::StrCat(Percent(risk_.confidence_ppm()), " in ",
                            base::FormatDuration(std::chrono::nanoseconds(risk_.horizon_ns())))});
    table.Print(out_);
  }

  void PrintStress() {
    if (risk_.stress().empty()) return;
    out_ << "\n";
    Table table({"STRESS", "WORST LOSS", "AT STEP", "LOSS AT THE END"});
    for (const pb::PortfolioStress& stress : risk_.stress()) {
      table.Add({stress.name(), Amount(stress.worst_loss()), absl::StrCat(stress.worst_step()),
                 Amount(stress.loss())});
    }
    table.Add({"limit", Limit("max_stress_loss"), "", ""});
    table.Print(out_);
  }

  void PrintSizes() {
    out_ << "\n";
    Table table({"SIZE", "FIGURE", "LIMIT"});
    const auto add = [&table](const char* what, bool known, int64_t ppm, const std::string& limit) {
      table.Add({what, known ? Percent(ppm) : kAbsent, limit});
    };
    add("volatility a year, of capital", risk_.has_volatility_ppm(), risk_.volatility_ppm(),
        Limit("target_volatility"));
    add("scale to the volatility target", risk_.has_scale_ppm(), risk_.scale_ppm(), "");
    add("exposure by fractional Kelly, of capital", risk_.has_kelly_ppm(), risk_.kelly_ppm(), "");
    add(risk_.largest().empty()
            ? "largest part of the risk"
            : absl::StrCat("largest part of the risk: ", risk_.largest()).c_str(),
        risk_.has_largest_share_ppm(), risk_.largest_share_ppm(), Limit("max_risk_share"));
    table.Add({"as concentrated as equal positions",
               risk_.has_effective_ppm() ? market::FormatDecimal(risk_.effective_ppm() / 10'000, 2)
                                         : kAbsent,
               ""});
    table.Add({"result of the day", Amount(risk_.exposure().daily_pnl()),
               absl::StrCat(Limit("max_daily_loss"), " lost")});
    table.Add(
        {"below the best result", Amount(risk_.exposure().drawdown()), Limit("max_drawdown")});
    table.Print(out_);
  }

  void PrintBacktest() {
    const pb::PortfolioBacktest& test = risk_.backtest();
    out_ << "\nbacktest: ";
    if (test.zone().empty()) {
      out_ << "not enough outcomes\n";
      return;
    }
    out_ << test.exceptions() << " of " << test.observations() << " losses beyond the VaR, "
         << test.zone() << " zone";
    if (test.has_kupiec_ppm()) out_ << "; p: Kupiec " << Percent(test.kupiec_ppm());
    if (test.has_independence_ppm())
      out_ << ", Christoffersen " << Percent(test.independence_ppm());
    if (test.has_coverage_ppm()) out_ << ", both " << Percent(test.coverage_ppm());
    out_ << "\n";
  }

  void PrintSignals() {
    out_ << "\n";
    Table table({"SIGNAL", "VALUE", "UP AT", "", "ABOUT"});
    for (const pb::PortfolioSignal& signal : risk_.signals()) {
      table.Add({signal.name(), signal.has_value_ppm() ? Percent(signal.value_ppm()) : kAbsent,
                 Percent(signal.threshold_ppm()), signal.up() ? "UP" : "", signal.detail()});
    }
    table.Print(out_);
  }

  void PrintState() {
    out_ << "\nfirm: " << Short(pb::TradingState_Name(risk_.state().state()), "TRADING_STATE_");
    if (!risk_.state().reason().empty()) out_ << " (" << risk_.state().reason() << ")";
    out_ << "\n";
    for (const std::string& text : risk_.broken()) out_ << "BEYOND: " << text << "\n";
  }

  const pb::GetPortfolioRiskResponse& risk_;
  std::ostream& out_;
};

}  // namespace

int ShowPortfolioRisk(const ControlOptions& control, Console console) {
  Remote remote(control, console);
  const auto risk = remote.Call<pb::GetPortfolioRiskResponse>(
      "gannet.risk.v1.RiskService/GetPortfolioRisk", pb::GetPortfolioRiskRequest());
  if (!risk.ok()) return Report(risk.status(), console);
  if (!remote.Json(*risk)) Page(*risk, console.out).Print();
  return kControlDone;
}

}  // namespace gannet::app
