#include "services/reporting/pdf_table.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"

namespace gannet::reporting {
namespace {

constexpr double kPad = 8;        // between columns
constexpr double kIndent = 8;     // more, between a number and text right of it
constexpr double kDigit = 0.556;  // of the size: the width of a figure
constexpr double kMaxText = 150, kMinText = 34;
constexpr size_t kMeasuredRows = 300;
constexpr double kBarWidth = 60;
constexpr double kKeptTogether = 0.45;  // of a page
constexpr double kAround = 56;          // title, two lines of note, space below

// What keeps its width and is never cut.
bool IsNumber(Kind kind) { return kind != Kind::kText; }
Align AlignOf(Kind kind) {
  return kind == Kind::kText || kind == Kind::kTime ? Align::kLeft : Align::kRight;
}

// Characters that a number takes; a minus sign and a per cent sign are wider.
double NumberWidth(const std::string& text, double size) {
  size_t characters = 0;
  for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  const double extra = text.ends_with('%') ? 0.4 : 0;
  return (static_cast<double>(characters) + extra) * kDigit * size;
}

struct Layout {
  std::vector<size_t> columns;  // of the table
  std::vector<double> widths;
  double size = 8;
  double head_height = 0;
  double total() const {
    double sum = 0;
    for (const double width : widths) sum += width;
    return sum;
  }
  double row_height() const { return size + 4.6; }
};

class TableDrawer {
 public:
  TableDrawer(PdfCanvas& canvas, const Table& table, const PdfTableOptions& options)
      : canvas_(canvas), table_(table), options_(options) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      if (!options.without.contains(table.columns[i].key)) layout_.columns.push_back(i);
    }
  }

  // The widths that everything would like to have, at a size.
  void Measure(double size) {
    layout_.size = size;
    layout_.widths.clear();
    const std::vector<Value> totals = table_.totals();
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      const size_t column = layout_.columns[i];
      const Kind kind = table_.columns[column].kind;
      double width = HeadWidth(table_.columns[column].title, size);
      size_t measured = 0;
      for (const auto& row : table_.rows) {
        if (!IsNumber(kind) && ++measured > kMeasuredRows) break;
        width = std::max(width, CellWidth(row[column], kind, size));
      }
      if (!totals.empty()) width = std::max(width, CellWidth(totals[column], kind, size));
      if (!IsNumber(kind)) width = std::min(width, kMaxText);
      if (table_.columns[column].key == options_.used_bars) width += kBarWidth;
      layout_.widths.push_back(width + kPad + Indent(i));
    }
  }
  double wanted_width() const { return layout_.total(); }

  // On one page, with everything around the rows.
  double Height() {
    Fit();
    return WholeHeight();
  }

  void Draw() {
    Fit();
    // A short table stays on one page.
    const double whole = WholeHeight();
    if (whole <= (canvas_.bottom() - PdfCanvas::kHead) * kKeptTogether) canvas_.Need(whole);
    DrawTitle();
    if (table_.rows.empty()) return;
    DrawHead();
    const size_t count = options_.max_rows > 0 ? std::min(options_.max_rows, table_.rows.size())
                                               : table_.rows.size();
    for (size_t i = 0; i < count; ++i) {
      NeedRow();
      if (i % 2 == 1) canvas_.Fill(canvas_.left(), canvas_.y, width_, layout_.row_height(), kShade);
      DrawRow(table_.rows[i], false);
    }
    const std::vector<Value> totals = table_.totals();
    if (!totals.empty()) {
      NeedRow();
      canvas_.Line(canvas_.left(), canvas_.y, canvas_.left() + width_, canvas_.y, kGrey, 0.7);
      DrawRow(totals, true);
    }
    if (count < table_.rows.size()) {
      canvas_.y += 3;
      canvas_.Text(canvas_.left(), canvas_.y, canvas_.width(),
                   absl::StrCat("The first ", count, " of ", table_.rows.size(),
                                " rows; the sums are of all. The other files have every row."),
                   {7.5, false, kGrey});
      canvas_.y += 12;
    }
    canvas_.y += 14;
  }

 private:
  Align AlignAt(size_t i) const { return AlignOf(table_.columns[layout_.columns[i]].kind); }
  // Of the column's text from where the column begins, beside half of kPad.
  double Indent(size_t i) const {
    const bool after_number = i > 0 && AlignAt(i - 1) == Align::kRight;
    return after_number && AlignAt(i) == Align::kLeft ? kIndent : 0;
  }
  double Inner(size_t i) const { return layout_.widths[i] - kPad - Indent(i); }

  double WholeHeight() const {
    if (table_.rows.empty()) return kAround;
    const auto rows = static_cast<double>(table_.rows.size() + 1);  // and the totals
    return kAround + layout_.head_height + rows * layout_.row_height();
  }

  // The longer half of a title that may break once.
  double HeadWidth(const std::string& title, double size) {
    const TextStyle style{size - 0.5, true, kInk};
    double best = canvas_.TextWidth(title, style);
    for (size_t at = title.find(' '); at != std::string::npos; at = title.find(' ', at + 1)) {
      best = std::min(best, std::max(canvas_.TextWidth(title.substr(0, at), style),
                                     canvas_.TextWidth(title.substr(at + 1), style)));
    }
    return best + 1;
  }

  double CellWidth(const Value& value, Kind kind, double size) {
    const std::string text = ShownText(value, kind);
    return IsNumber(kind) ? NumberWidth(text, size)
                          : canvas_.TextWidth(text, {size, false, kInk}) + 1;
  }

  // Smaller letters first, then narrower text; numbers keep their width.
  void Fit() {
    for (const double size : {8.0, 7.5, 7.0, 6.5, 6.0}) {
      Measure(size);
      if (layout_.total() <= canvas_.width()) break;
    }
    double excess = layout_.total() - canvas_.width();
    double shrinkable = 0;
    const auto room = [this](size_t i) {
      const bool text = !IsNumber(table_.columns[layout_.columns[i]].kind);
      return text ? std::max(layout_.widths[i] - kMinText, 0.0) : 0.0;
    };
    for (size_t i = 0; i < layout_.columns.size(); ++i) shrinkable += room(i);
    if (excess > 0 && shrinkable > 0) {
      const double part = std::min(excess / shrinkable, 1.0);
      for (size_t i = 0; i < layout_.columns.size(); ++i) layout_.widths[i] -= room(i) * part;
    }
    // A narrow table spreads a little, so that columns do not cling together.
    excess = layout_.total() - canvas_.width();
    if (excess < 0) {
      const double each = std::min(-excess / static_cast<double>(layout_.columns.size()), 3 * kPad);
      for (double& width : layout_.widths) width += each;
    }
    width_ = std::min(layout_.total(), canvas_.width());
    bool two_lines = false;
    for (size_t i = 0; i < layout_.columns.size(); ++i) two_lines = two_lines || HeadBreaks(i);
    layout_.head_height = layout_.size * (two_lines ? 2.4 : 1.1) + 5;
  }

  bool HeadBreaks(size_t i) {
    const TextStyle style{layout_.size - 0.5, true, kInk};
    const std::string& title = table_.columns[layout_.columns[i]].title;
    return canvas_.TextWidth(title, style) > Inner(i) + 0.5;
  }

  void DrawTitle() {
    const double room = 18 + layout_.head_height + 3 * layout_.row_height();
    canvas_.Need(room + 14);
    canvas_.Text(canvas_.left(), canvas_.y, canvas_.width(), table_.title, {10.5, true, kInk});
    canvas_.y += 15;
    std::string note = table_.rows.empty() ? table_.empty : table_.note;
    if (!table_.rows.empty() && !options_.note.empty())
      note += (note.empty() ? "" : " ") + options_.note;
    if (!note.empty())
      canvas_.y +=
          canvas_.Paragraph(canvas_.left(), canvas_.y, canvas_.width(), note, {7.5, false, kGrey}) +
          4;
    if (table_.rows.empty()) canvas_.y += 10;
  }

  void DrawHead() {
    canvas_.Fill(canvas_.left(), canvas_.y, width_, layout_.head_height, Color{0.90, 0.93, 0.96});
    double x = canvas_.left();
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      const Column& column = table_.columns[layout_.columns[i]];
      const TextStyle style{layout_.size - 0.5, true, kInk, AlignOf(column.kind)};
      const double top =
          canvas_.y + (HeadBreaks(i) ? 2.5 : layout_.head_height - layout_.size - 3.5);
      canvas_.Paragraph(x + kPad / 2 + Indent(i), top, Inner(i) + 0.5, column.title, style);
      x += layout_.widths[i];
    }
    canvas_.y += layout_.head_height;
  }

  void NeedRow() {
    if (canvas_.y + layout_.row_height() <= canvas_.bottom()) return;
    canvas_.NewPage(canvas_.landscape());
    DrawHead();
  }

  void DrawRow(const std::vector<Value>& row, bool total) {
    double x = canvas_.left();
    for (size_t i = 0; i < layout_.columns.size() && !canvas_.dry(); ++i) {
      const size_t index = layout_.columns[i];
      const Column& column = table_.columns[index];
      DrawCell(x + kPad / 2 + Indent(i), Inner(i), row[index], column, total, i == 0);
      x += layout_.widths[i];
    }
    canvas_.y += layout_.row_height();
  }

  void DrawCell(double x, double width, const Value& value, const Column& column, bool total,
                bool first) {
    if (total && !column.total) {
      if (first) canvas_.Text(x, canvas_.y + 1.8, width, "Total", {layout_.size, true, kInk});
      return;
    }
    const auto number = ShownNumber(value, column.kind);
    const bool loss = number && number->units() < 0;
    TextStyle style{layout_.size, total, loss ? kLoss : kInk, AlignOf(column.kind)};
    if (std::holds_alternative<std::monostate>(value)) style.color = kGrey;
    canvas_.Text(x, canvas_.y + 1.8, width + 0.5, ShownText(value, column.kind), style);
    if (column.key == options_.used_bars && number) DrawUsed(x, value);
  }

  // A bar of kBarWidth for 100 %.
  void DrawUsed(double x, const Value& value) {
    const double part = std::clamp(std::get<market::Money>(value).ToDouble(), 0.0, 1.0);
    const double top = canvas_.y + 2.5, height = layout_.row_height() - 5;
    canvas_.Fill(x, top, kBarWidth, height, kLine);
    canvas_.Fill(x, top, kBarWidth * part, height, part < 0.8 ? kAccent : kLimit);
  }

  PdfCanvas& canvas_;
  const Table& table_;
  const PdfTableOptions& options_;
  Layout layout_;
  double width_ = 0;
};

}  // namespace

void DrawTable(PdfCanvas& canvas, const Table& table, const PdfTableOptions& options) {
  TableDrawer(canvas, table, options).Draw();
}

bool IsWide(PdfCanvas& canvas, const Table& table, const PdfTableOptions& options) {
  TableDrawer drawer(canvas, table, options);
  drawer.Measure(7);
  return drawer.wanted_width() > canvas.width();
}

double TableHeight(PdfCanvas& canvas, const Table& table, const PdfTableOptions& options) {
  return TableDrawer(canvas, table, options).Height();
}

}  // namespace gannet::reporting
