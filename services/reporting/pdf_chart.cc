#include "services/reporting/pdf_chart.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace gannet::reporting {
namespace {

constexpr double kTitleHeight = 22, kAxisWidth = 50, kAxisHeight = 16;
constexpr TextStyle kTitleStyle{10, true, kInk};
constexpr TextStyle kTickStyle{7.5, false, kGrey};

struct Scale {
  double low = 0, high = 1, step = 1;
};

// A range with room, from step to step.
Scale ScaleOf(double low, double high) {
  if (high - low < 1e-12 * std::max(std::fabs(high), 1.0)) {
    const double room = std::max(std::fabs(high) * 0.01, 1e-6);
    low -= room;
    high += room;
  }
  Scale scale;
  scale.step = NiceStep(high - low, 4);
  scale.low = std::floor(low / scale.step + 1e-9) * scale.step;
  scale.high = std::ceil(high / scale.step - 1e-9) * scale.step;
  return scale;
}

std::string WithThousands(std::string text) {
  const size_t point = std::min(text.find('.'), text.size());
  const size_t first = text.starts_with('-') ? 1 : 0;
  for (size_t at = point; at > first + 3; at -= 3) text.insert(at - 3, ",");
  if (text.starts_with('-')) text.replace(0, 1, "−");
  return text;
}

// With as many digits as the step needs.
std::string TickText(double value, double step, AxisFormat format) {
  const double unit = format == AxisFormat::kPercent ? 100 : 1;
  const int digits = std::clamp(static_cast<int>(std::ceil(-std::log10(step * unit) - 1e-9)), 0, 8);
  if (std::fabs(value) < step * 1e-6) value = 0;
  const std::string number = WithThousands(absl::StrFormat("%.*f", digits, value * unit));
  return format == AxisFormat::kPercent ? number + " %" : number;
}

struct TimeAxis {
  base::Time begin, end;
  base::Duration step;
};

// About six ticks, at round times of UTC.
base::Duration TimeStep(base::Duration span) {
  using namespace std::chrono_literals;
  constexpr base::Duration kSteps[] = {
      1s, 5s,  10s, 30s, 1min, 2min, 5min, 10min, 15min, 30min, 1h,    2h,     3h,
      6h, 12h, 24h, 48h, 168h, 336h, 720h, 1440h, 2160h, 4380h, 8760h, 17520h, 43800h};
  for (const base::Duration step : kSteps) {
    if (span / step <= 6) return step;
  }
  return kSteps[std::size(kSteps) - 1];
}

std::string TimeText(base::Time time, const TimeAxis& axis) {
  const std::string text = base::FormatTime(time);  // 2024-08-08T23:54:13.…
  if (axis.step < std::chrono::minutes(1)) return text.substr(11, 8);
  if (axis.end - axis.begin <= std::chrono::hours(48)) return text.substr(11, 5);
  if (axis.step < std::chrono::hours(24)) return text.substr(5, 5) + " " + text.substr(11, 5);
  return axis.end - axis.begin < std::chrono::hours(24 * 300) ? text.substr(5, 5)
                                                              : text.substr(0, 7);
}

// The frame around every chart over time.
class Frame {
 public:
  Frame(PdfCanvas& canvas, const ChartBox& box, const Scale& scale, const TimeAxis& axis)
      : canvas_(canvas),
        scale_(scale),
        axis_(axis),
        left_(box.x + kAxisWidth),
        right_(box.x + box.width),
        top_(box.y + kTitleHeight),
        bottom_(box.y + box.height - kAxisHeight) {}

  double X(base::Time time) const {
    const auto span = static_cast<double>((axis_.end - axis_.begin).count());
    const auto into = static_cast<double>((time - axis_.begin).count());
    return span > 0 ? left_ + (right_ - left_) * into / span : (left_ + right_) / 2;
  }
  double Y(double value) const {
    return bottom_ - (bottom_ - top_) * (value - scale_.low) / (scale_.high - scale_.low);
  }
  double BaseY() const { return Y(std::clamp(0.0, scale_.low, scale_.high)); }

  void Draw(AxisFormat format) {
    const auto lines = static_cast<int>(std::lround((scale_.high - scale_.low) / scale_.step));
    for (int i = 0; i <= lines; ++i) {
      const double value = scale_.low + i * scale_.step;
      const bool zero = std::fabs(value) < scale_.step * 1e-6;
      canvas_.Line(left_, Y(value), right_, Y(value), zero ? kGrey : kLine, zero ? 0.7 : 0.5);
      TextStyle style = kTickStyle;
      style.align = Align::kRight;
      canvas_.Text(left_ - kAxisWidth, Y(value) - 5, kAxisWidth - 6,
                   TickText(value, scale_.step, format), style);
    }
    const auto step = axis_.step.count();
    int64_t tick = base::UnixNanos(axis_.begin) / step * step;
    if (tick < base::UnixNanos(axis_.begin)) tick += step;
    for (; tick <= base::UnixNanos(axis_.end); tick += step) {
      const base::Time time = base::FromUnixNanos(tick);
      canvas_.Line(X(time), bottom_, X(time), bottom_ + 3, kGrey);
      // A label at the very edge stays inside the box.
      const std::string text = TimeText(time, axis_);
      const double width = canvas_.TextWidth(text, kTickStyle);
      const double at = std::min(X(time) - width / 2, right_ - width);
      canvas_.Text(at, bottom_ + 4, width + 2, text, kTickStyle);
    }
  }

 private:
  PdfCanvas& canvas_;
  const Scale scale_;
  const TimeAxis axis_;
  const double left_, right_, top_, bottom_;
};

void DrawLegend(PdfCanvas& canvas, const ChartBox& box, const std::vector<Series>& series) {
  double at = box.x + box.width;
  for (auto each = series.rbegin(); each != series.rend(); ++each) {
    if (each->name.empty() || each->points.empty()) continue;
    const double width = canvas.TextWidth(each->name, kTickStyle);
    at -= width;
    canvas.Text(at, box.y + 2, width + 4, each->name, kTickStyle);
    at -= 18;
    canvas.Line(at, box.y + 7, at + 14, box.y + 7, each->color, 1.4, each->dashed);
    at -= 10;
  }
}

}  // namespace

double NiceStep(double range, int count) {
  const double raw = range / std::max(count, 1);
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double part = raw / power;
  return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

void DrawTimeChart(PdfCanvas& canvas, const ChartBox& box, const std::string& title,
                   const std::vector<Series>& series, AxisFormat format) {
  canvas.Text(box.x, box.y, box.width * 0.6, title, kTitleStyle);
  bool any = false, from_zero = false;
  double low = 0, high = 0;
  base::Time begin, end;
  for (const Series& each : series) {
    from_zero = from_zero || each.filled;
    for (const Series::Point& point : each.points) {
      low = any ? std::min(low, point.value) : point.value;
      high = any ? std::max(high, point.value) : point.value;
      begin = any ? std::min(begin, point.time) : point.time;
      end = any ? std::max(end, point.time) : point.time;
      any = true;
    }
  }
  if (!any) {
    canvas.Text(box.x, box.y + kTitleHeight + 4, box.width, "Nothing to draw in the period.",
                {9, false, kGrey});
    return;
  }
  // A filled curve far from zero would be a block: its foot is the chart's then.
  const bool near_zero = low <= 0 || low < (high - low) * 0.5;
  if (from_zero && near_zero) {
    low = std::min(low, 0.0);
    high = std::max(high, 0.0);
  }
  Frame frame(canvas, box, ScaleOf(low, high), {begin, end, TimeStep(end - begin)});
  frame.Draw(format);
  for (const Series& each : series) {
    std::vector<PdfCanvas::Point> path;
    for (const Series::Point& point : each.points)
      path.push_back({frame.X(point.time), frame.Y(point.value)});
    if (each.dashed) {
      for (size_t i = 1; i < path.size(); ++i)
        canvas.Line(path[i - 1].x, path[i - 1].y, path[i].x, path[i].y, each.color, 1, true);
      continue;
    }
    Color soft = each.color;
    soft.alpha = 0.13;
    canvas.Path(path, each.color, 1.2, each.filled ? &soft : nullptr, frame.BaseY());
  }
  DrawLegend(canvas, box, series);
}

void DrawBars(PdfCanvas& canvas, const ChartBox& box, const std::string& title,
              const std::vector<Bar>& bars) {
  constexpr double kLabel = 150, kNumber = 62;
  canvas.Text(box.x, box.y, box.width, title, kTitleStyle);
  double low = 0, high = 0;
  for (const Bar& bar : bars) {
    low = std::min(low, bar.value);
    high = std::max(high, bar.value);
  }
  // Numbers stand on the outer side of each bar, so both sides that are used need room.
  const double left = box.x + kLabel + (low < 0 ? kNumber : 0);
  const double right = box.x + box.width - (high > 0 || low == 0 ? kNumber : 0);
  const double span = high - low > 0 ? high - low : 1;
  const auto x = [&](double value) { return left + (right - left) * (value - low) / span; };
  const double zero = x(0);
  double top = box.y + kTitleHeight;
  for (const Bar& bar : bars) {
    canvas.Text(box.x, top + 1, kLabel - 8, bar.label, {8, false, kInk});
    const double end = x(bar.value);
    canvas.Fill(std::min(zero, end), top + 1.5, std::max(std::fabs(end - zero), 0.6), kBarRow - 5,
                bar.value < 0 ? kLoss : kGain);
    if (bar.value < 0) {
      canvas.Text(end - kNumber, top + 1, kNumber - 4, bar.text, {8, false, kInk, Align::kRight});
    } else {
      canvas.Text(end + 4, top + 1, kNumber - 4, bar.text, {8, false, kInk});
    }
    top += kBarRow;
  }
  canvas.Line(zero, box.y + kTitleHeight - 1, zero, top, kGrey, 0.6);
}

void DrawColumns(PdfCanvas& canvas, const ChartBox& box, const std::string& title,
                 const std::vector<Series::Point>& points, base::Duration period,
                 AxisFormat format) {
  canvas.Text(box.x, box.y, box.width * 0.6, title, kTitleStyle);
  if (points.empty()) {
    canvas.Text(box.x, box.y + kTitleHeight + 4, box.width, "Nothing to draw in the period.",
                {9, false, kGrey});
    return;
  }
  double low = 0, high = 0;
  for (const Series::Point& point : points) {
    low = std::min(low, point.value);
    high = std::max(high, point.value);
  }
  const base::Time begin = points.front().time, end = points.back().time + period;
  Frame frame(canvas, box, ScaleOf(low, high), {begin, end, TimeStep(end - begin)});
  frame.Draw(format);
  const double slot = frame.X(begin + period) - frame.X(begin);
  const double width = std::clamp(slot * 0.75, 0.4, 40.0);
  for (const Series::Point& point : points) {
    const double x = frame.X(point.time) + (slot - width) / 2;
    const double top = std::min(frame.Y(point.value), frame.BaseY());
    canvas.Fill(x, top, width, std::max(std::fabs(frame.Y(point.value) - frame.BaseY()), 0.2),
                point.value < 0 ? kLoss : kGain);
  }
}

}  // namespace gannet::reporting
