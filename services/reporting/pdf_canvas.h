// Pages of A4 to draw on: text by Pango, lines and areas by Cairo, lengths in points
// from the top left corner. Every page carries the report's head and foot.
//
// Runs twice: a dry run (total_pages 0) only moves the cursor and counts pages, the
// second draws, now that "page 3 of 7" can be written. One thread; not reused.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace gannet::reporting {

struct Color {
  double red = 0, green = 0, blue = 0, alpha = 1;
};
inline constexpr Color kInk{0.13, 0.15, 0.18}, kGrey{0.42, 0.45, 0.49}, kLine{0.84, 0.86, 0.88},
    kShade{0.955, 0.965, 0.975}, kAccent{0.10, 0.28, 0.46}, kAccentSoft{0.10, 0.28, 0.46, 0.13},
    kGain{0.12, 0.45, 0.27}, kLoss{0.72, 0.16, 0.14}, kLossSoft{0.72, 0.16, 0.14, 0.15},
    kLimit{0.80, 0.47, 0.09};

enum class Align : uint8_t { kLeft, kCentre, kRight };

struct TextStyle {
  double size = 9;
  bool bold = false;
  Color color = kInk;
  Align align = Align::kLeft;
};

struct PageText {
  std::string title;  // head, left
  std::string right;  // head, right
  std::string foot;   // foot, left; the page number stands right
};

class PdfCanvas {
 public:
  // `created`: the document's creation date.
  PdfCanvas(PageText text, base::Time created, int total_pages);
  ~PdfCanvas();
  PdfCanvas(const PdfCanvas&) = delete;
  PdfCanvas& operator=(const PdfCanvas&) = delete;

  // Ends the page, if one is begun, and begins another.
  void NewPage(bool landscape = false);
  // Begins another page of the same shape unless `height` fits below the cursor.
  void Need(double height);
  int pages() const { return pages_; }
  bool dry() const { return total_pages_ == 0; }

  double left() const { return kMargin; }
  double right() const { return width_ - kMargin; }
  double width() const { return right() - left(); }
  double bottom() const { return height_ - kFoot; }
  bool landscape() const { return width_ > height_; }
  double y = 0;  // the cursor

  // One line in a box of `width`, cut with an ellipsis. `y` is its top.
  void Text(double x, double top, double width, std::string_view text, const TextStyle& style);
  // Wrapped; gives its height. Measured also in the dry run.
  double Paragraph(double x, double top, double width, std::string_view text,
                   const TextStyle& style);
  double TextWidth(std::string_view text, const TextStyle& style);

  void Fill(double x, double top, double width, double height, const Color& color);
  void Line(double x1, double y1, double x2, double y2, const Color& color, double width = 0.5,
            bool dashed = false);
  // A path from point to point; with `fill` the area down to `base_y` as well.
  struct Point {
    double x = 0, y = 0;
  };
  void Path(const std::vector<Point>& points, const Color& color, double width, const Color* fill,
            double base_y);

  // The document; INTERNAL: what Cairo says.
  absl::StatusOr<std::string> Finish();

  static constexpr double kMargin = 40, kHead = 62, kFoot = 46;

 private:
  struct Native;
  void EndPage();

  const PageText text_;
  const int total_pages_;
  double width_ = 595.28, height_ = 841.89;
  int pages_ = 0;
  std::string bytes_;
  std::unique_ptr<Native> native_;
};

}  // namespace gannet::reporting
