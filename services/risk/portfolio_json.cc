#include "services/risk/portfolio_json.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "libs/market/names.h"
#include "libs/portfolio/backtest.h"

namespace gannet::risk {
namespace {

using Json = nlohmann::ordered_json;

Json Amount(const std::optional<Value>& value) {
  return value ? Json(market::Money(*value, kValueScale).ToString()) : Json(nullptr);
}
Json Share(const std::optional<int64_t>& ppm) {
  return ppm ? Json(static_cast<double>(*ppm) / 1e6) : Json(nullptr);
}

Json MethodsOf(const PortfolioFigures& figures) {
  Json rows = Json::array();
  for (size_t i = 0; i < kMethods; ++i) {
    const PortfolioFigures::Risk& risk = figures.methods[i];
    rows.push_back({{"name", std::string(Name(static_cast<Method>(i)))},
                    {"value_at_risk", Amount(risk.var)},
                    {"expected_shortfall", Amount(risk.es)},
                    {"problem", risk.problem}});
  }
  return rows;
}

Json StressOf(const PortfolioFigures& figures) {
  Json rows = Json::array();
  for (const PortfolioFigures::Stress& stress : figures.stress) {
    rows.push_back({{"name", stress.name},
                    {"worst_loss", Amount(stress.worst_loss)},
                    {"worst_step", stress.worst_step},
                    {"loss", Amount(stress.loss)}});
  }
  return rows;
}

Json SignalsOf(const PortfolioFigures& figures, const AlarmSettings& alarm) {
  const int64_t thresholds[kSignals] = {1'000'000, alarm.jump_ppm, alarm.depth_ppm,
                                        alarm.correlation_ppm, alarm.peg_ppm};
  Json rows = Json::array();
  for (size_t i = 0; i < kSignals; ++i) {
    const PortfolioFigures::Reading& reading = figures.signals[i];
    rows.push_back({{"name", std::string(Name(static_cast<Signal>(i)))},
                    {"value", Share(reading.value_ppm)},
                    {"threshold", Share(thresholds[i])},
                    {"up", reading.up},
                    {"detail", reading.detail}});
  }
  return rows;
}

Json BacktestOf(const PortfolioFigures& figures) {
  if (figures.zone == 0) return nullptr;
  return {{"observations", figures.backtested},
          {"exceptions", figures.exceptions},
          {"zone", std::string(portfolio::Name(static_cast<portfolio::BaselZone>(figures.zone)))},
          {"kupiec", Share(figures.kupiec_ppm)},
          {"independence", Share(figures.independence_ppm)},
          {"coverage", Share(figures.coverage_ppm)}};
}

Json LimitsOfFirm(const LimitSet& set) {
  Json limits = Json::object();
  for (const market::LimitRow& row : RowsOf(set, {market::ScopeKind::kFirm, ""})) {
    limits[row.name] = {{"value", row.value.ToString()},
                        {"unit", row.asset.empty() ? row.unit : row.asset.text()}};
  }
  return limits;
}

}  // namespace

std::string PortfolioJson(const RiskService& service) {
  const LimitSet& limits = service.engine().limits();
  const PortfolioEngine& portfolio = service.portfolio();
  if (!portfolio.on()) {
    return Json{{"state", "off"},
                {"note", "the limits file has no section portfolio, so that nothing is worked out"}}
        .dump();
  }
  const PortfolioSettings& settings = *limits.portfolio;
  Json out{{"state", "waiting"},
           {"note", ""},
           {"currency", limits.valuation_asset.text()},
           {"confidence", Share(settings.confidence_ppm)},
           {"horizon", base::FormatDuration(settings.horizon)},
           {"interval", base::FormatDuration(settings.interval)},
           {"minimum", settings.minimum},
           {"observations", 0},
           {"limits", LimitsOfFirm(limits)}};
  if (!portfolio.figures()) {
    out["note"] = absl::StrCat("not yet: no figures so far; they come every ",
                               base::FormatDuration(settings.interval));
    return out.dump();
  }
  const PortfolioFigures& figures = *portfolio.figures();
  if (figures.observations >= settings.minimum) {
    out["state"] = "ready";
  } else {
    out["note"] = absl::StrCat("not yet: ", figures.observations, " of the ", settings.minimum,
                               " returns that the figures need, one each ",
                               base::FormatDuration(settings.interval),
                               "; stress paths and sizes stand already");
  }
  out["as_of"] = base::FormatTime(figures.at);
  out["observations"] = figures.observations;
  out["instruments"] = figures.instruments;
  out["uncovered"] = figures.uncovered;
  out["left_out"] = portfolio.left_out();
  out["gross"] = Amount(figures.gross);
  out["methods"] = MethodsOf(figures);
  out["simulated_low"] = Amount(figures.simulated_low);
  out["simulated_high"] = Amount(figures.simulated_high);
  out["stress"] = StressOf(figures);
  out["volatility"] = Share(figures.volatility_ppm);
  out["scale"] = Share(figures.scale_ppm);
  out["kelly"] = Share(figures.kelly_ppm);
  out["largest"] = figures.largest;
  out["largest_share"] = Share(figures.largest_share_ppm);
  out["effective"] = Share(figures.effective_ppm);
  out["backtest"] = BacktestOf(figures);
  out["signals"] = SignalsOf(figures, settings.alarm);
  out["broken"] = portfolio.Broken(figures);
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gannet::risk
