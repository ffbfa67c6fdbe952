#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"
#include "services/reporting/pdf_canvas.h"
#include "services/reporting/pdf_chart.h"
#include "services/reporting/pdf_table.h"
#include "services/reporting/report_files.h"

namespace gannet::reporting {
namespace {

using market::Money;

constexpr size_t kMaxBars = 12;
constexpr size_t kMaxBodyRows = 40;  // of a list before the appendix
constexpr double kPage = 730;        // of A4 between head and foot
constexpr double kExposureHeight = 150;
constexpr double kTileHeight = 44, kTileGap = 8;

std::string DayText(base::Time time) {
  std::string text = ShownText(time, Kind::kTime);
  return text.ends_with(" 00:00:00") ? text.substr(0, 10) : text.substr(0, 16);
}

std::string PeriodText(const Report& report) {
  return absl::StrCat(DayText(report.request.from), " to ", DayText(report.request.to), " UTC");
}

double NumberOf(const Value& value) {
  const auto* amount = std::get_if<Money>(&value);
  return amount != nullptr ? amount->ToDouble() : 0;
}

class Pages {
 public:
  Pages(const Report& report, PdfCanvas& canvas) : report_(report), canvas_(canvas) {}

  void Draw() {
    canvas_.NewPage();
    DrawTitle();
    DrawTiles();
    DrawCurves();
    DrawNotes();
    canvas_.NewPage();
    Section("Returns");
    Put("bridge");
    DrawReturnColumns();
    Put("months");
    Section("Where the result came from", BarsHeight(TableOf("pnl_by_strategy")));
    DrawNetBars();
    for (const char* key :
         {"pnl_by_strategy", "pnl_by_instrument", "pnl_by_event_type", "pnl_by_model"})
      Put(key);
    Section("Positions, fees and balances", RoomOf("positions"));
    for (const char* key : {"positions", "fees", "balances", "statement"}) Put(key);
    Put("bookings", {.without = {"booking", "detail"}, .max_rows = kMaxBodyRows});
    Section("Risk", kExposureHeight);
    DrawExposure();
    Put("risk_utilisation", {.used_bars = "used"});
    Put("verdicts");
    Put("trading_states");
    Section("Quality of signals and predictions", RoomOf("signals"));
    for (const char* key : {"signals", "signal_outcomes", "models"}) Put(key);
    Section("Quality of the data", RoomOf("data_periods"));
    Put("data_periods", {.max_rows = kMaxBodyRows});
    Put("orders");
    Put("unknown_orders", {.without = {"order"}, .max_rows = kMaxBodyRows});
    Section("Definitions");
    DrawDefinitions();
    Appendix("returns", {.max_rows = kMaxPdfRows});
    Appendix("trades", {.without = {"order"}, .note = kIdsElsewhere, .max_rows = kMaxPdfRows});
    Appendix("fills",
             {.without = {"order", "trade_id"}, .note = kIdsElsewhere, .max_rows = kMaxPdfRows});
  }

 private:
  static constexpr const char* kIdsElsewhere = "Ids of orders and trades are in the other files.";

  const Table& TableOf(const char* key) const {
    const Table* table = report_.FindTable(key);
    GANNET_CHECK(table != nullptr, "every report has every table");
    return *table;
  }

  // Not left alone at the foot of a page: `room` is what its first part takes.
  void Section(const char* title, double room = 120) {
    canvas_.Need(30 + room);
    canvas_.y += 4;
    canvas_.Text(canvas_.left(), canvas_.y, canvas_.width(), title, {14, true, kAccent});
    canvas_.y += 24;
  }
  // Of a table that stands right below the title of a section.
  double RoomOf(const char* key) {
    const double whole = TableHeight(canvas_, TableOf(key), {});
    return whole <= kPage * 0.45 ? whole : 120;
  }
  void Put(const char* key, const PdfTableOptions& options = {}) {
    DrawTable(canvas_, TableOf(key), options);
  }
  // A long table begins on a page of its own, a wide one on a page on its side; a short
  // one goes on where the one before ended.
  void Appendix(const char* key, const PdfTableOptions& options) {
    const Table& table = TableOf(key);
    const bool wide = !table.rows.empty() && IsWide(canvas_, table, options);
    const bool fits = canvas_.y + TableHeight(canvas_, table, options) <= canvas_.bottom();
    if (wide || !fits) canvas_.NewPage(wide || canvas_.landscape());
    DrawTable(canvas_, table, options);
  }

  void DrawTitle() {
    canvas_.Text(canvas_.left(), canvas_.y - 4, canvas_.width(), "Trading report",
                 {21, true, kAccent});
    canvas_.y += 26;
    canvas_.Text(canvas_.left(), canvas_.y, canvas_.width(),
                 absl::StrCat("Account ", report_.request.account.text(), "  ·  ",
                              report_.asset.text(), "  ·  ", PeriodText(report_)),
                 {10.5, false, kInk});
    canvas_.y += 15;
    canvas_.Text(canvas_.left(), canvas_.y, canvas_.width(),
                 absl::StrCat("Result sampled from ", ShownText(report_.from, Kind::kTime), " to ",
                              ShownText(report_.to, Kind::kTime), " UTC, returns by ",
                              NameOf(report_.request.grid), ", amounts in ", report_.asset.text()),
                 {8.5, false, kGrey});
    canvas_.y += 14;
    canvas_.Text(canvas_.left(), canvas_.y, canvas_.width(), TradingText(report_.request),
                 {8.5, true, kLimit});
    canvas_.y += 19;
  }

  void DrawTiles() {
    constexpr const char* kTiles[] = {
        "opening_equity", "closing_equity", "result",        "total_return",
        "max_drawdown",   "volatility",     "annual_return", "sharpe",
        "sortino",        "calmar",         "hit_rate",      "profit_factor",
        "trades",         "average_win",    "average_loss",  "volume"};
    constexpr size_t kAcross = 4;
    const double width = (canvas_.width() - kTileGap * (kAcross - 1)) / kAcross;
    for (size_t i = 0; i < std::size(kTiles); ++i) {
      const double x = canvas_.left() + static_cast<double>(i % kAcross) * (width + kTileGap);
      const double top = canvas_.y + static_cast<double>(i / kAcross) * (kTileHeight + kTileGap);
      DrawTile(x, top, width, *report_.FindFigure(kTiles[i]));
    }
    const size_t rows = (std::size(kTiles) + kAcross - 1) / kAcross;
    canvas_.y += static_cast<double>(rows) * (kTileHeight + kTileGap) + 8;
  }

  void DrawTile(double x, double top, double width, const Figure& figure) {
    canvas_.Fill(x, top, width, kTileHeight, kShade);
    canvas_.Fill(x, top, 2.2, kTileHeight, kAccent);
    canvas_.Text(x + 9, top + 6, width - 14, figure.label, {7.5, false, kGrey});
    const auto number = ShownNumber(figure.value, figure.kind);
    const bool coloured = figure.key == "result" || figure.key == "total_return";
    const Color color = !coloured || !number  ? kInk
                        : number->units() < 0 ? kLoss
                        : number->units() > 0 ? kGain
                                              : kInk;
    canvas_.Text(x + 9, top + 17, width - 12, ShownText(figure.value, figure.kind),
                 {13.5, true, color});
    if (!figure.absent.empty())
      canvas_.Text(x + 9, top + 33, width - 12, figure.absent, {6.5, false, kGrey});
  }

  Series SeriesOf(const Table& table, const char* column, Color color, double factor = 1) const {
    const size_t time = table.Index("time"), value = table.Index(column);
    Series series;
    series.color = color;
    for (const auto& row : table.rows) {
      if (std::holds_alternative<std::monostate>(row[value])) continue;
      series.points.push_back({std::get<base::Time>(row[time]), factor * NumberOf(row[value])});
    }
    return series;
  }

  void DrawCurves() {
    const Table& curve = TableOf("equity_curve");
    Series equity = SeriesOf(curve, "equity", kAccent);
    const bool known = !equity.points.empty();
    if (!known) equity = SeriesOf(curve, "result", kAccent);
    equity.filled = true;
    DrawTimeChart(
        canvas_, {canvas_.left(), canvas_.y, canvas_.width(), 170},
        absl::StrCat(known ? "Equity, " : "Result since the first fill, ", report_.asset.text()),
        {equity}, AxisFormat::kNumber);
    canvas_.y += 180;
    Series drawdown = SeriesOf(curve, "drawdown", kLoss, -1);
    if (drawdown.points.empty()) {
      drawdown = SeriesOf(curve, "below_peak", kLoss, -1);
      drawdown.filled = true;
      DrawTimeChart(canvas_, {canvas_.left(), canvas_.y, canvas_.width(), 105},
                    absl::StrCat("Below the highest result so far, ", report_.asset.text()),
                    {drawdown}, AxisFormat::kNumber);
    } else {
      drawdown.filled = true;
      DrawTimeChart(canvas_, {canvas_.left(), canvas_.y, canvas_.width(), 105}, "Drawdown",
                    {drawdown}, AxisFormat::kPercent);
    }
    canvas_.y += 116;
  }

  void DrawNotes() {
    if (report_.notes.empty()) return;
    canvas_.Need(40);
    canvas_.Text(canvas_.left(), canvas_.y, canvas_.width(), "Before you read the numbers",
                 {9.5, true, kInk});
    canvas_.y += 14;
    for (const std::string& note : report_.notes) {
      canvas_.Need(24);
      canvas_.Text(canvas_.left(), canvas_.y, 8, "•", {8, false, kAccent});
      canvas_.y += canvas_.Paragraph(canvas_.left() + 9, canvas_.y, canvas_.width() - 9, note,
                                     {8, false, kInk}) +
                   2.5;
    }
  }

  void DrawReturnColumns() {
    const Table& returns = TableOf("returns");
    const size_t start = returns.Index("start"), rate = returns.Index("return"),
                 result = returns.Index("result");
    std::vector<Series::Point> rates, results;
    for (const auto& row : returns.rows) {
      results.push_back({std::get<base::Time>(row[start]), NumberOf(row[result])});
      if (!std::holds_alternative<std::monostate>(row[rate]))
        rates.push_back({std::get<base::Time>(row[start]), NumberOf(row[rate])});
    }
    canvas_.Need(140);
    const ChartBox box{canvas_.left(), canvas_.y, canvas_.width(), 130};
    const std::string grid = NameOf(report_.request.grid);
    const base::Duration length = LengthOf(report_.request.grid);
    if (!rates.empty()) {
      DrawColumns(canvas_, box, "Return of each " + grid, rates, length, AxisFormat::kPercent);
    } else {
      DrawColumns(canvas_, box, absl::StrCat("Result of each ", grid, ", ", report_.asset.text()),
                  results, length, AxisFormat::kNumber);
    }
    canvas_.y += 142;
  }

  // Of a table of results, the largest in amount first.
  std::vector<Bar> BarsOf(const Table& table) const {
    const size_t name = table.Index("name"), net = table.Index("net");
    std::vector<Bar> bars;
    for (const auto& row : table.rows)
      bars.push_back(
          {ExactText(row[name]), NumberOf(row[net]), ShownText(row[net], Kind::kAmount)});
    std::stable_sort(bars.begin(), bars.end(), [](const Bar& a, const Bar& b) {
      return std::fabs(a.value) > std::fabs(b.value);
    });
    if (bars.size() > kMaxBars) bars.resize(kMaxBars);
    return bars;
  }

  static double BarsHeight(const Table& table) {
    return 34 + kBarRow * static_cast<double>(std::min(kMaxBars, table.rows.size()));
  }

  void DrawNetBars() {
    for (const auto& [key, title] :
         {std::pair("pnl_by_strategy", "Realised net by strategy, "),
          std::pair("pnl_by_instrument", "Realised net by instrument, "),
          std::pair("pnl_by_event_type", "Realised net by what the orders rested on, ")}) {
      const std::vector<Bar> bars = BarsOf(TableOf(key));
      if (bars.empty()) continue;
      const double height = BarsHeight(TableOf(key)) - 12;
      canvas_.Need(height + 12);
      DrawBars(canvas_, {canvas_.left(), canvas_.y, canvas_.width(), height},
               absl::StrCat(title, report_.asset.text()), bars);
      canvas_.y += height + 12;
    }
  }

  void DrawExposure() {
    const Table& table = TableOf("exposure");
    if (table.rows.empty()) return;
    Series gross = SeriesOf(table, "gross", kAccent), net = SeriesOf(table, "net", kGain),
           limit = SeriesOf(table, "limit", kLimit);
    gross.filled = true;
    gross.name = "gross";
    net.name = "net";
    limit.name = "limit of gross exposure";
    limit.dashed = true;
    // A limit far above would press the curve flat; the table states it.
    double peak = 0;
    for (const auto& point : gross.points) peak = std::max(peak, point.value);
    const bool far = !limit.points.empty() && limit.points.back().value > peak * 4;
    std::vector<Series> series = {gross, net};
    if (!far) series.push_back(limit);
    canvas_.Need(kExposureHeight);
    DrawTimeChart(canvas_, {canvas_.left(), canvas_.y, canvas_.width(), kExposureHeight - 10},
                  absl::StrCat("Exposure, ", report_.asset.text()), series, AxisFormat::kNumber);
    canvas_.y += kExposureHeight;
  }

  void DrawDefinitions() {
    for (const Figure& figure : report_.figures) {
      canvas_.Need(26);
      const double top = canvas_.y;
      canvas_.Text(canvas_.left(), top, 112, figure.label, {8, true, kInk});
      const std::string shown = figure.absent.empty() ? ShownText(figure.value, figure.kind)
                                                      : absl::StrCat("none: ", figure.absent);
      const double value_height =
          canvas_.Paragraph(canvas_.left() + 116, top, 98, shown, {8, false, kInk});
      const double text_height = canvas_.Paragraph(canvas_.left() + 220, top, canvas_.width() - 220,
                                                   figure.definition, {8, false, kGrey});
      canvas_.y += std::max({value_height, text_height, 10.0}) + 4;
    }
  }

  const Report& report_;
  PdfCanvas& canvas_;
};

}  // namespace

absl::StatusOr<std::string> PdfBytes(const Report& report) {
  const PageText text{
      absl::StrCat("Gannet  ·  ", report.request.account.text()), PeriodText(report),
      absl::StrCat(kDisclaimer, "  Generated ", ShownText(report.request.generated, Kind::kTime),
                   " UTC by ", report.request.build)};
  PdfCanvas dry(text, report.request.generated, 0);
  Pages(report, dry).Draw();
  PdfCanvas canvas(text, report.request.generated, dry.pages());
  Pages(report, canvas).Draw();
  return canvas.Finish();
}

}  // namespace gannet::reporting
