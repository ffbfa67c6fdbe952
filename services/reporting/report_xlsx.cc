#include <xlsxwriter.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "libs/base/utf8.h"
#include "services/reporting/report_files.h"

namespace gannet::reporting {
namespace {

using market::Money;

constexpr size_t kMaxCellBytes = 32'000;  // Excel: 32,767 characters
constexpr int kMaxShownDigits = 10;
constexpr uint32_t kAccent = 0x1F4E79, kHeadFill = 0xDCE6F1;

// The double nearest to the exact decimal.
double NumberOf(const Money& amount) {
  const std::string text = amount.ToString();
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

constexpr double kHeadHeight = 2 * LXW_DEF_ROW_HEIGHT;  // heads of two lines
constexpr double kDefinitionWidth = 100;                // in characters

// Days since 1899-12-30, as Excel counts.
double SerialOf(base::Time time) {
  constexpr double kEpoch = 25'569;
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const auto days = static_cast<double>(day.time_since_epoch().count());
  return kEpoch + days + std::chrono::duration<double, std::ratio<86'400>>(time - day).count();
}

// XML 1.0 has no control characters, no U+FFFE and U+FFFF, and no bytes that are not UTF-8.
std::string CleanText(std::string_view text) {
  std::string clean = base::ReplaceNoncharacters(text.substr(0, kMaxCellBytes));
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') c = ' ';
  }
  return clean;
}

// "$B$7"; with a sheet "'Returns by day'!$D$2:$D$9".
std::string CellName(lxw_row_t row, size_t column) {
  char name[LXW_MAX_CELL_NAME_LENGTH];
  lxw_rowcol_to_cell_abs(name, row, static_cast<lxw_col_t>(column), 1, 1);
  return name;
}

// Where a table lies: its cells from row `first` to `last`.
struct Place {
  std::string sheet;
  const Table* table = nullptr;
  lxw_row_t first = 0, last = 0;
  bool empty() const { return table == nullptr || table->rows.empty(); }
  std::string Cells(std::string_view column) const {
    const size_t index = table->Index(column);
    return absl::StrCat("'", sheet, "'!", CellName(first, index), ":", CellName(last, index));
  }
};

class Book {
 public:
  Book(const Report& report, const std::string& path) : report_(report) {
    lxw_workbook_options options = {};
    book_ = workbook_new_opt(path.c_str(), &options);
    if (book_ == nullptr) return;
    // The library copies these, but takes them as char*.
    std::string title = "Report of " + report.request.account.text(), company = "Gannet",
                comments(kDisclaimer);
    lxw_doc_properties properties = {};
    properties.title = title.data();
    properties.company = company.data();
    properties.comments = comments.data();
    properties.created = static_cast<time_t>(base::UnixMillis(report.request.generated) / 1'000);
    workbook_set_properties(book_, &properties);
    MakeFormats();
  }
  ~Book() {
    if (book_ != nullptr) lxw_workbook_free(book_);
  }
  Book(const Book&) = delete;
  Book& operator=(const Book&) = delete;

  absl::Status Write() {
    if (book_ == nullptr) return absl::ResourceExhaustedError("no memory for the workbook");
    lxw_worksheet* summary = workbook_add_worksheet(book_, "Summary");
    for (const Table& table : report_.tables) AddTable(table);
    AddSummary(summary);
    const lxw_error error = workbook_close(book_);  // frees the book
    book_ = nullptr;
    if (error == LXW_NO_ERROR) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("the workbook could not be written: ",
                                            lxw_strerror(error), "; check that the disk has room"));
  }

 private:
  lxw_format* NewFormat(const char* number_format = nullptr) {
    lxw_format* format = workbook_add_format(book_);
    if (number_format != nullptr) format_set_num_format(format, number_format);
    return format;
  }

  void MakeFormats() {
    title_ = NewFormat();
    format_set_bold(title_);
    format_set_font_size(title_, 16);
    format_set_font_color(title_, kAccent);
    head_ = NewFormat();
    format_set_bold(head_);
    format_set_bg_color(head_, kHeadFill);
    format_set_bottom(head_, LXW_BORDER_THIN);
    format_set_text_wrap(head_);
    format_set_align(head_, LXW_ALIGN_VERTICAL_CENTER);
    note_ = NewFormat();
    format_set_italic(note_);
    format_set_font_color(note_, 0x606060);
    wrapped_ = NewFormat();
    format_set_text_wrap(wrapped_);
    format_set_align(wrapped_, LXW_ALIGN_VERTICAL_TOP);
  }

  // One a kind, digits and total line.
  lxw_format* FormatOf(Kind kind, int digits, bool total) {
    auto [at, is_new] = formats_.try_emplace({kind, digits, total}, nullptr);
    if (!is_new) return at->second;
    const std::string places =
        digits > 0 ? "." + std::string(static_cast<size_t>(digits), '0') : "";
    std::string text = "General";
    switch (kind) {
      case Kind::kText:
        break;
      case Kind::kCount:
        text = "#,##0";
        break;
      case Kind::kAmount:
        text = "#,##0.00;[Red]-#,##0.00";
        break;
      case Kind::kDecimal:
        text = "#,##0" + places;
        break;
      case Kind::kPercent:
        text = "0.00%;[Red]-0.00%";
        break;
      case Kind::kRatio:
        text = "0.00;[Red]-0.00";
        break;
      case Kind::kTime:
        text = "yyyy-mm-dd hh:mm:ss";
        break;
    }
    at->second = NewFormat(text.c_str());
    format_set_align(at->second, LXW_ALIGN_VERTICAL_TOP);
    if (total) {
      format_set_bold(at->second);
      format_set_top(at->second, LXW_BORDER_THIN);
    }
    return at->second;
  }

  void Put(lxw_worksheet* sheet, lxw_row_t row, size_t column, const Value& value, Kind kind,
           int digits = 2, bool total = false) {
    const auto col = static_cast<lxw_col_t>(column);
    lxw_format* format = FormatOf(kind, digits, total);
    if (const auto* text = std::get_if<std::string>(&value)) {
      worksheet_write_string(sheet, row, col, CleanText(*text).c_str(), format);
    } else if (const auto* count = std::get_if<int64_t>(&value)) {
      worksheet_write_number(sheet, row, col, static_cast<double>(*count), format);
    } else if (const auto* amount = std::get_if<Money>(&value)) {
      worksheet_write_number(sheet, row, col, NumberOf(*amount), format);
    } else if (const auto* time = std::get_if<base::Time>(&value)) {
      worksheet_write_number(sheet, row, col, SerialOf(*time), format);
    } else {
      worksheet_write_blank(sheet, row, col, format);
    }
  }

  // A formula with the report's own number as its cached result: what a reader that
  // does not calculate shows, and what one that does must arrive at.
  void PutFormula(lxw_worksheet* sheet, lxw_row_t row, size_t column, const std::string& formula,
                  const Value& value, Kind kind, int digits = 2, bool total = false) {
    double number = 0;
    if (const auto* count = std::get_if<int64_t>(&value)) number = static_cast<double>(*count);
    if (const auto* amount = std::get_if<Money>(&value)) number = NumberOf(*amount);
    worksheet_write_formula_num(sheet, row, static_cast<lxw_col_t>(column), formula.c_str(),
                                FormatOf(kind, digits, total), number);
  }

  // --- tables --------------------------------------------------------------------

  std::string SheetName(const Table& table) {
    std::string name = table.title.substr(0, LXW_SHEETNAME_MAX);
    for (char& c : name) {
      if (std::string_view("[]:*?/\\").find(c) != std::string_view::npos) c = ' ';
    }
    return name;
  }

  static int DigitsOf(const Table& table, size_t column) {
    int digits = 0;
    for (const auto& row : table.rows) {
      const auto* amount = std::get_if<Money>(&row[column]);
      if (amount == nullptr) continue;
      const std::string text = amount->ToString();
      const size_t point = text.find('.');
      if (point != std::string::npos)
        digits = std::max(digits, static_cast<int>(text.size() - point - 1));
    }
    return std::min(digits, kMaxShownDigits);
  }

  static double WidthOf(Kind kind) {
    switch (kind) {
      case Kind::kTime:
        return 19;
      case Kind::kText:
        return 28;
      case Kind::kDecimal:
      case Kind::kAmount:
        return 16;
      default:
        return 11;
    }
  }

  // Title, note, head, rows, totals.
  void AddTable(const Table& table) {
    Place place{SheetName(table), &table, 3, 3};
    lxw_worksheet* sheet = workbook_add_worksheet(book_, place.sheet.c_str());
    if (sheet == nullptr) return;
    SetPage(sheet);
    worksheet_repeat_rows(sheet, 2, 2);
    worksheet_set_row(sheet, 2, kHeadHeight, nullptr);
    worksheet_write_string(sheet, 0, 0, table.title.c_str(), title_);
    const size_t count = std::min(table.rows.size(), kMaxXlsxRows);
    std::string note = table.rows.empty() ? table.empty : table.note;
    if (count < table.rows.size())
      note += absl::StrCat(" The first ", count, " of ", table.rows.size(),
                           " rows: a worksheet holds no more. CSV and JSON have all.");
    worksheet_write_string(sheet, 1, 0, note.c_str(), note_);
    std::vector<int> digits;
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const Column& column = table.columns[i];
      digits.push_back(DigitsOf(table, i));
      const auto col = static_cast<lxw_col_t>(i);
      worksheet_set_column(sheet, col, col, WidthOf(column.kind), nullptr);
      worksheet_write_string(sheet, 2, col, column.title.c_str(), head_);
    }
    for (size_t r = 0; r < count; ++r) {
      const auto row = static_cast<lxw_row_t>(3 + r);
      for (size_t i = 0; i < table.columns.size(); ++i) {
        const std::string formula = FormulaOf(table, r, i);
        if (formula.empty()) {
          Put(sheet, row, i, table.rows[r][i], table.columns[i].kind, digits[i]);
        } else {
          PutFormula(sheet, row, i, formula, table.rows[r][i], table.columns[i].kind, digits[i]);
        }
      }
    }
    place.last = static_cast<lxw_row_t>(3 + std::max<size_t>(count, 1) - 1);
    places_[table.key] = place;
    if (count == 0) return;
    AddTotals(sheet, table, place, digits);
    worksheet_freeze_panes(sheet, 3, 1);
    if (table.key != "bridge" && table.key != "months")
      worksheet_autofilter(sheet, 2, 0, place.last,
                           static_cast<lxw_col_t>(table.columns.size() - 1));
  }

  void AddTotals(lxw_worksheet* sheet, const Table& table, const Place& place,
                 const std::vector<int>& digits) {
    const std::vector<Value> totals = table.totals();
    if (totals.empty()) return;
    const lxw_row_t row = place.last + 1;
    for (size_t i = 0; i < totals.size(); ++i) {
      const Column& column = table.columns[i];
      if (column.total) {
        PutFormula(
            sheet, row, i,
            absl::StrCat("=SUM(", CellName(place.first, i), ":", CellName(place.last, i), ")"),
            totals[i], column.kind, digits[i], true);
      } else {
        Put(sheet, row, i, i == 0 ? Value(std::string("Total")) : Value(), Kind::kText, 0, true);
      }
    }
  }

  // Of cells that follow from others in their sheet; empty: the cell is a value.
  std::string FormulaOf(const Table& table, size_t row_index, size_t column) const {
    const std::string& key = table.columns[column].key;
    const auto row = static_cast<lxw_row_t>(3 + row_index);
    const auto cell = [&](std::string_view name, lxw_row_t at) {
      return CellName(at, table.Index(name));
    };
    if (std::holds_alternative<std::monostate>(table.rows[row_index][column])) return "";
    const bool attributed = table.key.starts_with("pnl_by_") || table.key == "trades";
    if (attributed && key == "net")
      return absl::StrCat("=", cell("gross", row), "-", cell("fees", row));
    if (table.key == "balances" && key == "change")
      return absl::StrCat("=", cell("closing", row), "-", cell("opening", row));
    if (table.key == "bridge" && row_index + 1 == table.rows.size() && key == "amount")
      return absl::StrCat("=SUM(", CellName(3, column), ":", CellName(row - 1, column), ")");
    if (table.key == "returns" && row_index > 0 && has_equity()) {
      if (key == "result")
        return absl::StrCat("=", cell("equity", row), "-", cell("equity", row - 1));
      if (key == "return")
        return absl::StrCat("=", cell("equity", row), "/", cell("equity", row - 1), "-1");
    }
    return "";
  }

  bool has_equity() const { return HasFigure("total_return"); }
  bool HasFigure(std::string_view key) const {
    const Figure* figure = report_.FindFigure(key);
    return figure != nullptr && !std::holds_alternative<std::monostate>(figure->value);
  }

  // --- summary -------------------------------------------------------------------

  void AddSummary(lxw_worksheet* sheet) {
    SetPage(sheet);
    worksheet_set_column(sheet, 0, 0, 30, nullptr);
    worksheet_set_column(sheet, 1, 1, 34, nullptr);
    worksheet_set_column(sheet, 2, 2, kDefinitionWidth, nullptr);
    const ReportRequest& request = report_.request;
    worksheet_write_string(sheet, 0, 0, CleanText("Report of " + request.account.text()).c_str(),
                           title_);
    lxw_row_t row = 1;
    const auto line = [&](const char* label, const Value& value, Kind kind) {
      worksheet_write_string(sheet, row, 0, label, nullptr);
      Put(sheet, row++, 1, value, kind);
    };
    line("Asset", report_.asset.text(), Kind::kText);
    line("From (UTC)", request.from, Kind::kTime);
    line("To, not included (UTC)", request.to, Kind::kTime);
    line("Covered from (UTC)", report_.from, Kind::kTime);
    line("Covered to (UTC)", report_.to, Kind::kTime);
    line("Returns by", std::string(NameOf(request.grid)), Kind::kText);
    line("Generated (UTC)", request.generated, Kind::kTime);
    line("Build", request.build, Kind::kText);
    worksheet_write_string(sheet, row++, 0, CleanText(TradingText(request)).c_str(), note_);
    worksheet_write_string(sheet, row++, 0, kDisclaimer, note_);
    for (const std::string& note : report_.notes)
      worksheet_write_string(sheet, row++, 0, CleanText(note).c_str(), note_);
    ++row;
    for (const char* title : {"Figure", "Value", "Definition"})
      worksheet_write_string(sheet, row, static_cast<lxw_col_t>(head_column_++), title, head_);
    const lxw_row_t first = ++row;
    for (const Figure& figure : report_.figures) figure_rows_[figure.key] = row++;
    row = first;
    for (const Figure& figure : report_.figures) AddFigure(sheet, row++, figure);
    AddCharts(sheet, row + 1);
    worksheet_activate(sheet);
  }

  void AddFigure(lxw_worksheet* sheet, lxw_row_t row, const Figure& figure) {
    worksheet_write_string(sheet, row, 0, figure.label.c_str(), FormatOf(Kind::kText, 0, false));
    worksheet_write_string(sheet, row, 2, figure.definition.c_str(), wrapped_);
    // The library does not measure text: a long definition has its rows set aside.
    const size_t lines = 1 + figure.definition.size() / static_cast<size_t>(kDefinitionWidth);
    if (lines > 1)
      worksheet_set_row(sheet, row, LXW_DEF_ROW_HEIGHT * static_cast<double>(lines), nullptr);
    if (std::holds_alternative<std::monostate>(figure.value)) {
      worksheet_write_string(sheet, row, 1, absl::StrCat("none: ", figure.absent).c_str(), note_);
      return;
    }
    const std::string formula = FormulaOf(figure.key);
    if (formula.empty()) {
      Put(sheet, row, 1, figure.value, figure.kind);
    } else {
      PutFormula(sheet, row, 1, formula, figure.value, figure.kind);
    }
  }

  std::string FigureCell(const char* key) const { return CellName(figure_rows_.at(key), 1); }

  // Recomputes a figure from the sheets; empty where a sheet does not hold what it
  // takes.
  std::string FormulaOf(const std::string& key) const {
    const auto place = [this](const char* table) -> const Place& { return places_.at(table); };
    if (!place("trades").empty()) {
      const std::string net = place("trades").Cells("net");
      if (key == "trades") return absl::StrCat("=COUNT(", net, ")");
      if (key == "hit_rate") return absl::StrCat("=COUNTIF(", net, ",\">0\")/COUNT(", net, ")");
      if (key == "profit_factor")
        return absl::StrCat("=-SUMIF(", net, ",\">0\")/SUMIF(", net, ",\"<0\")");
      if (key == "average_win") return absl::StrCat("=AVERAGEIF(", net, ",\">0\")");
      if (key == "average_loss") return absl::StrCat("=-AVERAGEIF(", net, ",\"<0\")");
    }
    if (!place("fills").empty()) {
      if (key == "fills") return absl::StrCat("=COUNT(", place("fills").Cells("price"), ")");
      if (key == "volume") return absl::StrCat("=SUM(", place("fills").Cells("notional"), ")");
    }
    return place("returns").empty() || !has_equity() ? "" : ReturnFormula(key);
  }

  std::string ReturnFormula(const std::string& key) const {
    const Place& returns = places_.at("returns");
    const std::string all = returns.Cells("return");
    const auto periods = report_.request.days_per_year *
                         (base::Duration(std::chrono::hours(24)) / LengthOf(report_.request.grid));
    const std::string year = absl::StrCat(periods);
    const std::string root = absl::StrCat("*SQRT(", year, ")");
    const std::string target =
        absl::StrCat("(", ExactText(Money(report_.request.risk_free_ppm, 6)), "/", year, ")");
    const auto figure = [this](const char* name) { return FigureCell(name); };
    if (key == "result")
      return absl::StrCat("=", figure("closing_equity"), "-", figure("opening_equity"));
    if (key == "total_return")
      return absl::StrCat("=", figure("closing_equity"), "/", figure("opening_equity"), "-1");
    if (key == "annual_return") {
      return absl::StrCat("=(1+", figure("total_return"), ")^(", year, "/(COUNT(", all, ")+",
                          report_.periods_without_return, "))-1");
    }
    if (key == "volatility") return absl::StrCat("=STDEV(", all, ")", root);
    if (key == "sharpe")
      return absl::StrCat("=(AVERAGE(", all, ")-", target, ")/STDEV(", all, ")", root);
    if (key == "sortino") {
      return absl::StrCat("=(AVERAGE(", all, ")-", target, ")/SQRT(SUMPRODUCT((", all, "<", target,
                          ")*(", all, "-", target, ")^2)/COUNT(", all, "))", root);
    }
    if (key == "calmar")
      return absl::StrCat("=", figure("annual_return"), "/", figure("max_drawdown"));
    if (key == "max_drawdown") return absl::StrCat("=MAX(", returns.Cells("drawdown"), ")");
    if (key == "best_return") return absl::StrCat("=MAX(", all, ")");
    if (key == "worst_return") return absl::StrCat("=MIN(", all, ")");
    if (key == "positive_returns")
      return absl::StrCat("=COUNTIF(", all, ",\">0\")/COUNT(", all, ")");
    return "";
  }

  void AddCharts(lxw_worksheet* sheet, lxw_row_t row) {
    const Place& curve = places_.at("equity_curve");
    if (curve.empty()) return;
    AddChart(sheet, row, 0, curve, HasFigure("opening_equity") ? "equity" : "result",
             "Equity curve", "#,##0.00", 0x1F4E79);
    if (has_equity()) AddChart(sheet, row, 2, curve, "drawdown", "Drawdown", "0.00##%", 0xB02A2A);
  }

  // Points at their times: an axis of dates has days, and would draw an hour as one stroke.
  void AddChart(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column, const Place& place,
                const char* values, const char* title, const char* number, lxw_color_t colour) {
    lxw_chart* chart = workbook_add_chart(book_, LXW_CHART_SCATTER_STRAIGHT);
    if (chart == nullptr) return;
    lxw_chart_series* series = chart_add_series(chart, ("=" + place.Cells("time")).c_str(),
                                                ("=" + place.Cells(values)).c_str());
    lxw_chart_line line = {};
    line.color = colour;
    line.width = 1.5;
    chart_series_set_line(series, &line);
    chart_title_set_name(chart, title);
    chart_legend_set_position(chart, LXW_CHART_LEGEND_NONE);
    const size_t time = place.table->Index("time");
    const auto serial = [&](const std::vector<Value>& at) {
      const auto* moment = std::get_if<base::Time>(&at[time]);
      return moment != nullptr ? SerialOf(*moment) : 0.0;
    };
    const double begin = serial(place.table->rows.front()), end = serial(place.table->rows.back());
    chart_axis_set_num_format(chart->x_axis, end - begin < 1 ? "hh:mm" : "mm-dd hh:mm");
    if (begin < end) {
      chart_axis_set_min(chart->x_axis, begin);
      chart_axis_set_max(chart->x_axis, end);
    }
    chart_axis_set_label_position(chart->x_axis, LXW_CHART_AXIS_LABEL_POSITION_LOW);
    chart_axis_set_num_format(chart->y_axis, number);
    worksheet_insert_chart(sheet, row, column, chart);
  }

  // Printed, a sheet is as wide as its paper, with its head on each page.
  static void SetPage(lxw_worksheet* sheet) {
    constexpr uint8_t kA4 = 9;
    worksheet_set_paper(sheet, kA4);
    worksheet_set_landscape(sheet);
    worksheet_fit_to_pages(sheet, 1, 0);
  }

  const Report& report_;
  lxw_workbook* book_ = nullptr;
  lxw_format *title_ = nullptr, *head_ = nullptr, *note_ = nullptr, *wrapped_ = nullptr;
  std::map<std::tuple<Kind, int, bool>, lxw_format*> formats_;
  std::map<std::string, Place> places_;
  std::map<std::string, lxw_row_t> figure_rows_;
  size_t head_column_ = 0;
};

}  // namespace

absl::StatusOr<std::string> XlsxBytes(const Report& report, base::Files& files,
                                      const std::string& scratch) {
  GANNET_RETURN_IF_ERROR(files.MakeDirs(scratch));
  const std::string path = scratch + "/.report.xlsx.tmp";  // the library writes to paths only
  GANNET_RETURN_IF_ERROR(Book(report, path).Write());
  GANNET_ASSIGN_OR_RETURN(std::string bytes, files.Read(path));
  GANNET_RETURN_IF_ERROR(files.Remove(path));
  return bytes;
}

}  // namespace gannet::reporting
