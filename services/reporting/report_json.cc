#include <nlohmann/json.hpp>

#include "services/reporting/report_files.h"

namespace gannet::reporting {
namespace {

using Json = nlohmann::ordered_json;

// Decimals as text, so that no reader rounds them; counts as numbers.
Json JsonOf(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return nullptr;
  if (const auto* count = std::get_if<int64_t>(&value)) return *count;
  return ExactText(value);
}

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kText:
      return "text";
    case Kind::kCount:
      return "count";
    case Kind::kAmount:
      return "amount";
    case Kind::kDecimal:
      return "decimal";
    case Kind::kPercent:
      return "fraction";
    case Kind::kRatio:
      return "ratio";
    case Kind::kTime:
      return "time";
  }
  return "?";
}

Json JsonOf(const Table& table) {
  Json columns = Json::array();
  for (const Column& column : table.columns)
    columns.push_back(
        {{"key", column.key}, {"title", column.title}, {"kind", NameOf(column.kind)}});
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    Json object = Json::object();
    for (size_t i = 0; i < row.size(); ++i) object[table.columns[i].key] = JsonOf(row[i]);
    rows.push_back(std::move(object));
  }
  Json totals = Json::object();
  const std::vector<Value> sums = table.totals();
  for (size_t i = 0; i < sums.size(); ++i) {
    if (table.columns[i].total) totals[table.columns[i].key] = JsonOf(sums[i]);
  }
  return {{"title", table.title},
          {"note", table.note},
          {"columns", std::move(columns)},
          {"rows", std::move(rows)},
          {"totals", std::move(totals)}};
}

}  // namespace

std::string JsonBytes(const Report& report) {
  Json figures = Json::object();
  for (const Figure& figure : report.figures) {
    figures[figure.key] = {{"label", figure.label},
                           {"kind", NameOf(figure.kind)},
                           {"value", JsonOf(figure.value)},
                           {"definition", figure.definition},
                           {"absent", figure.absent}};
  }
  Json tables = Json::object();
  for (const Table& table : report.tables) tables[table.key] = JsonOf(table);
  const Json json = {
      {"account", report.request.account.text()},
      {"asset", report.asset.text()},
      {"from", base::FormatTime(report.request.from)},
      {"to", base::FormatTime(report.request.to)},
      {"covered_from", base::FormatTime(report.from)},
      {"covered_to", base::FormatTime(report.to)},
      {"returns_by", gannet::reporting::NameOf(report.request.grid)},
      {"generated", base::FormatTime(report.request.generated)},
      {"build", report.request.build},
      {"trading", report.request.trading},
      {"disclaimer", std::string(kDisclaimer)},
      {"notes", report.notes},
      {"figures", std::move(figures)},
      {"tables", std::move(tables)},
  };
  // Text from outside may hold broken UTF-8: replaced, never thrown over.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace gannet::reporting
