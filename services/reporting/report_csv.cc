#include "services/reporting/csv.h"
#include "services/reporting/report_files.h"

namespace gannet::reporting {
namespace {

std::string TableText(const Table& table) {
  std::vector<std::string> fields;
  for (const Column& column : table.columns) fields.push_back(column.key);
  std::string text = CsvLine(fields);
  for (const auto& row : table.rows) {
    fields.clear();
    for (const Value& value : row) fields.push_back(ExactText(value));
    text += CsvLine(fields);
  }
  return text;
}

std::string FiguresText(const Report& report) {
  std::string text = CsvLine({"key", "label", "value", "definition", "absent"});
  for (const Figure& figure : report.figures) {
    text += CsvLine(
        {figure.key, figure.label, ExactText(figure.value), figure.definition, figure.absent});
  }
  return text;
}

// What the other formats say in head and foot.
std::string NotesText(const Report& report) {
  std::string text = CsvLine({"key", "text"});
  text += CsvLine({"account", report.request.account.text()});
  text += CsvLine({"asset", report.asset.text()});
  text += CsvLine({"from", base::FormatTime(report.request.from)});
  text += CsvLine({"to", base::FormatTime(report.request.to)});
  text += CsvLine({"covered_from", base::FormatTime(report.from)});
  text += CsvLine({"covered_to", base::FormatTime(report.to)});
  text += CsvLine({"returns_by", NameOf(report.request.grid)});
  text += CsvLine({"generated", base::FormatTime(report.request.generated)});
  text += CsvLine({"build", report.request.build});
  text += CsvLine({"trading", report.request.trading});
  for (const std::string& note : report.notes) text += CsvLine({"note", note});
  text += CsvLine({"disclaimer", std::string(kDisclaimer)});
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> CsvFiles(const Report& report) {
  std::vector<std::pair<std::string, std::string>> files;
  files.emplace_back("notes.csv", NotesText(report));
  files.emplace_back("figures.csv", FiguresText(report));
  for (const Table& table : report.tables) files.emplace_back(table.key + ".csv", TableText(table));
  return files;
}

}  // namespace gannet::reporting
