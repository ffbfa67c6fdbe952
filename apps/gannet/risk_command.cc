#include "apps/gannet/risk_command.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/market/names.h"
#include "services/risk/gate_cases.h"

namespace gannet::app {
namespace {

using risk::GateCases;
using risk::OrderCase;

bool Blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

absl::StatusOr<std::unique_ptr<GateCases>> LoadCases(base::Files& files,
                                                     const RiskOptions& options) {
  if (!options.state_file.empty()) {
    GANNET_ASSIGN_OR_RETURN(const std::string text, files.Read(options.state_file));
    return GateCases::Load(text, options.state_file);
  }
  GANNET_ASSIGN_OR_RETURN(const risk::RiskConfig config,
                          risk::LoadRiskConfig(files, options.limits_file));
  return GateCases::WithLimits(config, base::Time());
}

// Where a limit of a scope is written: the entry of its own name, or "*".
std::string SourceOf(const risk::LimitSet& limits, const market::Scope& scope,
                     const std::string& limit) {
  const std::map<std::string, risk::Limits>* named = nullptr;
  switch (scope.kind) {
    case market::ScopeKind::kFirm:
      return "firm";
    case market::ScopeKind::kModel:
    case market::ScopeKind::kService:
      return "";  // they have no limits
    case market::ScopeKind::kAccount:
      named = &limits.accounts;
      break;
    case market::ScopeKind::kStrategy:
      named = &limits.strategies;
      break;
    case market::ScopeKind::kVenue:
      named = &limits.venues;
      break;
    case market::ScopeKind::kInstrument:
      named = &limits.instruments;
      break;
  }
  bool own = false;
  if (const auto entry = named->find(scope.name); entry != named->end()) {
    risk::ForEachLimit([&](const char* name, auto member) {
      own = own || (limit == name && (entry->second.*member).has_value());
    });
  }
  return absl::StrCat(risk::FormatScope(scope), own ? "" : " (\"*\")");
}

struct Row {
  const risk::Control* control;
  bool failed, looked_at;
  risk::Finding finding;
  std::string source;
};

std::vector<Row> RowsOf(const GateCases& cases, const OrderCase& order) {
  const auto context = risk::MakeContext(order.intent, cases.engine().book(),
                                         cases.engine().settings().gate, order.at);
  std::vector<Row> rows;
  for (const risk::Control& control : risk::Controls()) {
    Row& row = rows.emplace_back();
    row.control = &control;
    row.failed = control.fails(context, &row.finding);
    row.looked_at = row.failed || risk::LooksAt(control, context);
    if (row.finding.scope)
      row.source = SourceOf(cases.limits(), *row.finding.scope, row.finding.limit_name);
  }
  return rows;
}

void PrintTable(const std::vector<Row>& rows, std::ostream& out) {
  std::vector<std::vector<std::string>> cells = {
      {"#", "reason", "verdict", "limit", "value", "of", "from"}};
  for (const Row& row : rows) {
    cells.push_back({std::to_string(row.control->number), market::Name(row.control->reason),
                     row.failed      ? "REFUSED"
                     : row.looked_at ? "passes"
                                     : "not looked at",
                     row.finding.limit_name, row.finding.value, row.finding.limit, row.source});
  }
  std::vector<size_t> widths(cells[0].size());
  for (const auto& line : cells) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const auto& line : cells) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i)
      absl::StrAppend(&text, line[i], std::string(widths[i] - line[i].size() + 2, ' '));
    out << text.substr(0, text.find_last_not_of(' ') + 1) << "\n";
  }
  for (const Row& row : rows) {
    if (row.failed) out << market::Name(row.control->reason) << ": " << row.finding.detail << "\n";
  }
}

void PrintJson(const std::vector<Row>& rows, std::ostream& out) {
  auto all = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    nlohmann::ordered_json line;
    line["control"] = row.control->number;
    line["reason"] = market::Name(row.control->reason);
    line["about"] = row.control->about;
    line["refused"] = row.failed;
    line["looked_at"] = row.looked_at;
    line["detail"] = row.finding.detail;
    line["limit"] = row.finding.limit_name;
    line["of"] = row.finding.limit;
    line["value"] = row.finding.value;
    line["from"] = row.source;
    all.push_back(std::move(line));
  }
  out << all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

}  // namespace

absl::Status CheckRisk(base::Files& files, const RiskOptions& options, std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<GateCases> cases, LoadCases(files, options));
  GANNET_ASSIGN_OR_RETURN(const std::string text, files.Read(options.orders_file));
  uint64_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line(text.data() + begin, end - begin);
    begin = end + 1;
    ++number;
    if (Blank(line)) continue;
    GANNET_ASSIGN_OR_RETURN(const OrderCase order,
                            cases->ReadOrder(line, absl::StrCat(options.orders_file, ":", number)));
    out << risk::VerdictJson(cases->Ask(order, options.sequence), *cases, number) << "\n";
  }
  return absl::OkStatus();
}

absl::Status ExplainRisk(base::Files& files, const RiskOptions& options, std::ostream& out) {
  GANNET_ASSIGN_OR_RETURN(const std::unique_ptr<GateCases> cases, LoadCases(files, options));
  GANNET_ASSIGN_OR_RETURN(const std::string text, files.Read(options.orders_file));
  GANNET_ASSIGN_OR_RETURN(const OrderCase order, cases->ReadOrder(text, options.orders_file));
  const market::RiskDecision decision = cases->Ask(order, false);
  const std::vector<Row> rows = RowsOf(*cases, order);
  if (options.json) {
    PrintJson(rows, out);
    return absl::OkStatus();
  }
  PrintTable(rows, out);
  out << (decision.permitted ? absl::StrCat("permitted, reserves ", decision.reserved.ToString())
                             : absl::StrCat("refused: ", market::Name(decision.reason)))
      << "\n";
  return absl::OkStatus();
}

void PrintControls(std::ostream& out) {
  out << "| precedence | reason | control | about |\n|---|---|---|---|\n";
  for (const risk::Control& control : risk::Controls()) {
    out << "| " << static_cast<int>(control.reason) << " | " << market::Name(control.reason)
        << " | " << control.number << " | " << control.about << " |\n";
  }
}

}  // namespace gannet::app
