#include "apps/gannet/backtest_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "libs/base/digest.h"
#include "libs/base/status.h"
#include "libs/market/names.h"
#include "services/reporting/report_files.h"

namespace gannet::app {
namespace {

using Json = nlohmann::ordered_json;

// What the page shows of a table; the other files of the run have all.
constexpr size_t kMostRows = 300, kMostPoints = 400, kMostOrders = 500;
// Orders under way end in it: they belong to the run.
constexpr base::Duration kAfter = std::chrono::minutes(5);

Json FileOf(base::Files& files, const std::string& path) {
  if (path.empty()) return nullptr;
  const auto bytes = files.Read(path);
  return {{"path", path}, {"sha256", bytes.ok() ? Json(base::Hex(base::Sha256(*bytes))) : nullptr}};
}

Json TimeOrNull(const std::optional<base::Time>& time) {
  return time ? Json(base::FormatTime(*time)) : Json(nullptr);
}

Json ParametersOf(const ReplayOptions& options, const BacktestSetting& setting,
                  base::Files& files) {
  return {{"captures", options.captures},
          {"recorded", options.recorded},
          {"from", TimeOrNull(options.from)},
          {"to", TimeOrNull(options.to)},
          {"instruments", options.instruments},
          {"strategies", options.strategies},
          {"strategies_file", FileOf(files, options.strategies_file)},
          {"limits_file", FileOf(files, options.limits_file)},
          {"limit_version", setting.limit_version},
          {"models", options.model_registry},
          {"model", setting.model},
          {"news", FileOf(files, options.news_file)},
          {"news_shift", base::FormatDuration(options.news_shift)},
          {"account", setting.account.text()}};
}

Json RefusalsOf(const DecisionsHash& decisions) {
  Json rows = Json::array();
  for (const auto& [reason, refusals] : decisions.refusals()) {
    rows.push_back({{"control", market::Name(reason)},
                    {"count", refusals.count},
                    {"first", refusals.first_detail}});
  }
  return rows;
}

// Newest first.
absl::StatusOr<Json> OrdersOf(store::Store& results) {
  GANNET_ASSIGN_OR_RETURN(const std::vector<store::OrderRow> orders, results.Orders({}));
  Json rows = Json::array();
  for (auto order = orders.rbegin(); order != orders.rend() && rows.size() < kMostOrders; ++order) {
    rows.push_back({{"client_order_id", order->client_order_id.text()},
                    {"created", base::FormatTime(order->created)},
                    {"strategy", order->strategy.text()},
                    {"instrument", order->instrument.text()},
                    {"side", market::Name(order->side)},
                    {"price", order->price.ToString()},
                    {"quantity", order->quantity.ToString()},
                    {"filled", order->cumulative.ToString()},
                    {"state", market::Name(order->state)},
                    {"detail", order->detail}});
  }
  return Json{{"total", orders.size()}, {"rows", std::move(rows)}};
}

reporting::Grid GridOf(const ReplaySummary& summary) {
  const base::Duration length = summary.last - summary.first;
  if (length < std::chrono::hours(6)) return reporting::Grid::kMinute;
  return length < std::chrono::hours(24 * 7) ? reporting::Grid::kHour : reporting::Grid::kDay;
}

// Long tables lose rows: a curve evenly, others their end.
void Shorten(Json& table) {
  Json& rows = table["rows"];
  const size_t total = rows.size();
  const bool curve = table.contains("key") && table["key"] == "equity_curve";
  const size_t most = curve ? kMostPoints : kMostRows;
  if (total <= most) return;
  Json kept = Json::array();
  for (size_t i = 0; i < most; ++i) kept.push_back(rows[curve ? i * (total - 1) / (most - 1) : i]);
  rows = std::move(kept);
  table["total_rows"] = total;
}

// As `gannet report` would say it; null when nothing was traded.
absl::StatusOr<Json> ReportOf(const ReplaySummary& summary, const BacktestSetting& setting,
                              store::Store& results) {
  reporting::ReportRequest request;
  request.account = setting.account;
  request.from = summary.first;
  request.to = summary.last + kAfter;
  request.grid = GridOf(summary);
  request.generated = summary.last;
  request.trading = "paper, replayed";
  const auto report = reporting::BuildReport(results, request);
  if (absl::IsNotFound(report.status())) return Json(nullptr);
  if (!report.ok()) return report.status();
  Json json = Json::parse(reporting::JsonBytes(*report), nullptr, false);
  for (auto& [key, table] : json["tables"].items()) {
    table["key"] = key;
    Shorten(table);
  }
  return json;
}

Json SummaryOf(const ReplaySummary& summary, const Json& report) {
  Json out{{"first", base::FormatTime(summary.first)},
           {"last", base::FormatTime(summary.last)},
           {"inputs", summary.inputs},
           {"intents", summary.intents},
           {"permitted", summary.permitted},
           {"rejected", summary.rejected},
           {"reports", summary.reports},
           {"fills", summary.fills},
           {"asset", nullptr}};
  const Json none = Json::object();
  const Json& figures = report.is_object() ? report.at("figures") : none;
  if (report.is_object()) out["asset"] = report.at("asset");
  for (const char* key : {"result", "total_return", "max_drawdown", "sharpe"})
    out[key] = figures.contains(key) ? figures.at(key).at("value") : Json(nullptr);
  return out;
}

}  // namespace

absl::Status WriteBacktest(const ReplayOptions& options, const ReplaySummary& summary,
                           const DecisionsHash& decisions, const BacktestSetting& setting,
                           store::Store& results, base::Files& files) {
  GANNET_ASSIGN_OR_RETURN(Json report, ReportOf(summary, setting, results));
  GANNET_ASSIGN_OR_RETURN(Json orders, OrdersOf(results));
  const Json run{{"format", 1},
                 {"made", TimeOrNull(options.made)},
                 {"build", options.build},
                 {"decisions", summary.decisions},
                 {"summary", SummaryOf(summary, report)},
                 {"parameters", ParametersOf(options, setting, files)},
                 {"refusals", RefusalsOf(decisions)},
                 {"orders", std::move(orders)},
                 {"report", std::move(report)}};
  // Text from outside may hold broken UTF-8: replaced, never thrown over.
  return files.WriteAtomically(options.out_folder + "/" + kBacktestName,
                               run.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace gannet::app
