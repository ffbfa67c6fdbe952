// Charts of a report on a PdfCanvas: curves over time, and bars from a zero line.
#pragma once

#include <string>
#include <vector>

#include "libs/base/time.h"
#include "services/reporting/pdf_canvas.h"

namespace gannet::reporting {

struct ChartBox {
  double x = 0, y = 0, width = 0, height = 0;
};

struct Series {
  struct Point {
    base::Time time;
    double value = 0;
  };
  std::vector<Point> points;
  Color color = kAccent;
  bool filled = false;  // down to zero, or to the foot of the chart
  bool dashed = false;
  std::string name;  // in the legend; empty: not there
};

enum class AxisFormat : uint8_t { kNumber, kPercent };

// One chart with a time axis in UTC. Series may be empty; without any point a line
// of text stands in the box.
void DrawTimeChart(PdfCanvas& canvas, const ChartBox& box, const std::string& title,
                   const std::vector<Series>& series, AxisFormat format);

struct Bar {
  std::string label;
  double value = 0;
  std::string text;  // what stands at its end
};
inline constexpr double kBarRow = 15;
// Bars of one width each, label left; takes kBarRow for each and 18 for the title.
void DrawBars(PdfCanvas& canvas, const ChartBox& box, const std::string& title,
              const std::vector<Bar>& bars);
// Upright bars over time without labels: returns of each period.
void DrawColumns(PdfCanvas& canvas, const ChartBox& box, const std::string& title,
                 const std::vector<Series::Point>& points, base::Duration period,
                 AxisFormat format);

// Steps of 1, 2 or 5 times a power of ten; about `count` of them over the range.
double NiceStep(double range, int count);

}  // namespace gannet::reporting
