#include "services/reporting/pdf_canvas.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>

#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/utf8.h"

namespace gannet::reporting {
namespace {

constexpr size_t kMaxLines = 4'096;
constexpr double kA4Short = 595.28, kA4Long = 841.89;
// The first that is installed; figures of equal width in each.
constexpr char kFontFamily[] = "Liberation Sans, DejaVu Sans, sans-serif";

cairo_status_t AppendBytes(void* to, const unsigned char* data, unsigned int length) {
  static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(data), length);
  return CAIRO_STATUS_SUCCESS;
}

// Pango stops at bytes that are not UTF-8, Cairo refuses the whole document for one
// noncharacter, and a line break would be a second line.
std::string CleanText(std::string_view text) {
  std::string clean = base::ReplaceNoncharacters(text);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return clean;
}

PangoAlignment AlignmentOf(const TextStyle& style) {
  switch (style.align) {
    case Align::kLeft:
      break;
    case Align::kCentre:
      return PANGO_ALIGN_CENTER;
    case Align::kRight:
      return PANGO_ALIGN_RIGHT;
  }
  return PANGO_ALIGN_LEFT;
}

}  // namespace

struct PdfCanvas::Native {
  cairo_surface_t* surface = nullptr;
  cairo_t* cairo = nullptr;
  PangoLayout* layout = nullptr;
  PangoFontDescription* font = nullptr;
  double size = 0;
  bool bold = false;

  // Lines that were set before: most cells of a long table say what others said. Kept up
  // to kMaxLines, then all forgotten.
  using LineKey = std::tuple<std::string, double, bool, Align, double>;
  std::map<LineKey, PangoLayout*, std::less<>> lines;

  ~Native() {
    ForgetLines();
    if (layout != nullptr) g_object_unref(layout);
    if (font != nullptr) pango_font_description_free(font);
    if (cairo != nullptr) cairo_destroy(cairo);
    if (surface != nullptr) cairo_surface_destroy(surface);
  }

  void SetColor(const Color& color) {
    cairo_set_source_rgba(cairo, color.red, color.green, color.blue, color.alpha);
  }
  void SetFont(const TextStyle& style) {
    if (style.size == size && style.bold == bold) return;
    size = style.size;
    bold = style.bold;
    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(layout, font);
  }
  void ForgetLines() {
    for (const auto& [key, line] : lines) g_object_unref(line);
    lines.clear();
  }
  // One line, cut with an ellipsis.
  PangoLayout* LineOf(std::string_view text, double width, const TextStyle& style) {
    LineKey key(text, style.size, style.bold, style.align, width);
    if (const auto found = lines.find(key); found != lines.end()) return found->second;
    if (lines.size() >= kMaxLines) ForgetLines();
    SetFont(style);
    PangoLayout* line = pango_layout_copy(layout);
    pango_layout_set_width(line, static_cast<int>(width * PANGO_SCALE));
    pango_layout_set_ellipsize(line, PANGO_ELLIPSIZE_END);
    pango_layout_set_alignment(line, AlignmentOf(style));
    const std::string clean = CleanText(text);
    pango_layout_set_text(line, clean.data(), static_cast<int>(clean.size()));
    lines.emplace(std::move(key), line);
    return line;
  }
  void SetText(std::string_view text) {
    const std::string clean = CleanText(text);
    pango_layout_set_text(layout, clean.data(), static_cast<int>(clean.size()));
  }
};

PdfCanvas::PdfCanvas(PageText text, base::Time created, int total_pages)
    : text_(std::move(text)), total_pages_(total_pages), native_(std::make_unique<Native>()) {
  native_->surface = cairo_pdf_surface_create_for_stream(AppendBytes, &bytes_, width_, height_);
  const std::string date = base::FormatTime(created).substr(0, 19) + "Z";
  cairo_pdf_surface_set_metadata(native_->surface, CAIRO_PDF_METADATA_TITLE, text_.title.c_str());
  cairo_pdf_surface_set_metadata(native_->surface, CAIRO_PDF_METADATA_CREATOR, "Gannet");
  cairo_pdf_surface_set_metadata(native_->surface, CAIRO_PDF_METADATA_CREATE_DATE, date.c_str());
  native_->cairo = cairo_create(native_->surface);
  native_->layout = pango_cairo_create_layout(native_->cairo);
  native_->font = pango_font_description_from_string(kFontFamily);
  // Letters where they belong on paper, not on the pixels of a screen.
  PangoContext* context = pango_layout_get_context(native_->layout);
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options(context, options);
  cairo_font_options_destroy(options);
  pango_context_set_round_glyph_positions(context, 0);
}

PdfCanvas::~PdfCanvas() = default;

void PdfCanvas::NewPage(bool landscape) {
  if (pages_ > 0) EndPage();
  ++pages_;
  width_ = landscape ? kA4Long : kA4Short;
  height_ = landscape ? kA4Short : kA4Long;
  if (!dry()) cairo_pdf_surface_set_size(native_->surface, width_, height_);
  y = kHead;
  const TextStyle head{8, true, kAccent}, light{8, false, kGrey, Align::kRight};
  Text(left(), 30, width() * 0.5, text_.title, head);
  Text(left() + width() * 0.4, 30, width() * 0.6, text_.right, light);
  Line(left(), 44, right(), 44, kAccent, 0.8);
}

void PdfCanvas::Need(double height) {
  if (pages_ == 0 || y + height > bottom()) NewPage(landscape());
}

void PdfCanvas::EndPage() {
  Line(left(), height_ - 36, right(), height_ - 36, kLine);
  Text(left(), height_ - 30, width() - 55, text_.foot, {7, false, kGrey});
  Text(left(), height_ - 30, width(), absl::StrCat("Page ", pages_, " of ", total_pages_),
       {7.5, false, kGrey, Align::kRight});
  if (!dry()) cairo_show_page(native_->cairo);
}

void PdfCanvas::Text(double x, double top, double width, std::string_view text,
                     const TextStyle& style) {
  if (dry() || text.empty()) return;
  PangoLayout* line = native_->LineOf(text, width, style);
  native_->SetColor(style.color);
  cairo_move_to(native_->cairo, x, top);
  pango_cairo_show_layout(native_->cairo, line);
}

double PdfCanvas::Paragraph(double x, double top, double width, std::string_view text,
                            const TextStyle& style) {
  if (text.empty()) return 0;
  native_->SetFont(style);
  pango_layout_set_width(native_->layout, static_cast<int>(width * PANGO_SCALE));
  pango_layout_set_ellipsize(native_->layout, PANGO_ELLIPSIZE_NONE);
  pango_layout_set_wrap(native_->layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_alignment(native_->layout, AlignmentOf(style));
  native_->SetText(text);
  int height = 0;
  pango_layout_get_size(native_->layout, nullptr, &height);
  if (!dry()) {
    native_->SetColor(style.color);
    cairo_move_to(native_->cairo, x, top);
    pango_cairo_show_layout(native_->cairo, native_->layout);
  }
  return static_cast<double>(height) / PANGO_SCALE;
}

double PdfCanvas::TextWidth(std::string_view text, const TextStyle& style) {
  native_->SetFont(style);
  pango_layout_set_width(native_->layout, -1);
  native_->SetText(text);
  int width = 0;
  pango_layout_get_size(native_->layout, &width, nullptr);
  return static_cast<double>(width) / PANGO_SCALE;
}

void PdfCanvas::Fill(double x, double top, double width, double height, const Color& color) {
  if (dry()) return;
  native_->SetColor(color);
  cairo_rectangle(native_->cairo, x, top, width, height);
  cairo_fill(native_->cairo);
}

void PdfCanvas::Line(double x1, double y1, double x2, double y2, const Color& color, double width,
                     bool dashed) {
  if (dry()) return;
  const double dash[] = {3, 2};
  cairo_set_dash(native_->cairo, dash, dashed ? 2 : 0, 0);
  native_->SetColor(color);
  cairo_set_line_width(native_->cairo, width);
  cairo_move_to(native_->cairo, x1, y1);
  cairo_line_to(native_->cairo, x2, y2);
  cairo_stroke(native_->cairo);
  cairo_set_dash(native_->cairo, nullptr, 0, 0);
}

void PdfCanvas::Path(const std::vector<Point>& points, const Color& color, double width,
                     const Color* fill, double base_y) {
  if (dry() || points.empty()) return;
  cairo_t* cairo = native_->cairo;
  const auto trace = [&] {
    cairo_move_to(cairo, points.front().x, points.front().y);
    for (const Point& point : points) cairo_line_to(cairo, point.x, point.y);
  };
  if (fill != nullptr) {
    trace();
    cairo_line_to(cairo, points.back().x, base_y);
    cairo_line_to(cairo, points.front().x, base_y);
    cairo_close_path(cairo);
    native_->SetColor(*fill);
    cairo_fill(cairo);
  }
  trace();
  cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
  native_->SetColor(color);
  cairo_set_line_width(cairo, width);
  cairo_stroke(cairo);
}

absl::StatusOr<std::string> PdfCanvas::Finish() {
  if (pages_ > 0) EndPage();
  cairo_surface_finish(native_->surface);
  const cairo_status_t status = cairo_status(native_->cairo) != CAIRO_STATUS_SUCCESS
                                    ? cairo_status(native_->cairo)
                                    : cairo_surface_status(native_->surface);
  // Finishing marks the context, not the surface, as done for.
  if (cairo_surface_status(native_->surface) != CAIRO_STATUS_SUCCESS ||
      (status != CAIRO_STATUS_SUCCESS && status != CAIRO_STATUS_SURFACE_FINISHED)) {
    return absl::InternalError(
        absl::StrCat("the PDF could not be drawn: ", cairo_status_to_string(status)));
  }
  return std::move(bytes_);
}

}  // namespace gannet::reporting
