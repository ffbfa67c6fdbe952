#include "services/reporting/report_model.h"

#include <algorithm>

#include "libs/base/check.h"

namespace gannet::reporting {
namespace {

using market::Money;

std::string WithThousands(std::string text) {
  const size_t point = std::min(text.find('.'), text.size());
  const size_t first = text.starts_with('-') ? 1 : 0;
  for (size_t at = point; at > first + 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

}  // namespace

base::Duration LengthOf(Grid grid) {
  switch (grid) {
    case Grid::kMinute:
      return std::chrono::minutes(1);
    case Grid::kHour:
      return std::chrono::hours(1);
    case Grid::kDay:
      break;
  }
  return std::chrono::hours(24);
}

const char* NameOf(Grid grid) {
  switch (grid) {
    case Grid::kMinute:
      return "minute";
    case Grid::kHour:
      return "hour";
    case Grid::kDay:
      break;
  }
  return "day";
}

std::vector<Value> Table::totals() const {
  std::vector<Value> sums(columns.size());
  const bool any = std::any_of(columns.begin(), columns.end(), [](auto& c) { return c.total; });
  if (rows.empty() || !any) return {};
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].total) continue;
    int64_t count = 0;
    Money amount;
    for (const auto& row : rows) {
      if (const auto* value = std::get_if<int64_t>(&row[i])) count += *value;
      if (const auto* value = std::get_if<Money>(&row[i])) amount += *value;
    }
    if (columns[i].kind == Kind::kCount) {
      sums[i] = count;
    } else {
      sums[i] = amount;
    }
  }
  return sums;
}

size_t Table::Index(std::string_view column) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& each) { return each.key == column; });
  GANNET_CHECK(found != columns.end(), "a table is asked for a column that it has");
  return static_cast<size_t>(found - columns.begin());
}

const Table* Report::FindTable(std::string_view key) const {
  for (const Table& table : tables) {
    if (table.key == key) return &table;
  }
  return nullptr;
}

const Figure* Report::FindFigure(std::string_view key) const {
  for (const Figure& figure : figures) {
    if (figure.key == key) return &figure;
  }
  return nullptr;
}

std::string TradingText(const ReportRequest& request) {
  return request.trading.empty() ? "Whether on paper or live is not recorded."
                                 : "Traded: " + request.trading;
}

std::string ExactText(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* count = std::get_if<int64_t>(&value)) return std::to_string(*count);
  if (const auto* amount = std::get_if<Money>(&value)) return amount->ToString();
  if (const auto* time = std::get_if<base::Time>(&value)) return base::FormatTime(*time);
  return "";
}

int ShownDigits(Kind kind) {
  switch (kind) {
    case Kind::kAmount:
    case Kind::kPercent:
    case Kind::kRatio:
      return 2;
    default:
      return 0;
  }
}

std::optional<Money> ShownNumber(const Value& value, Kind kind) {
  if (const auto* count = std::get_if<int64_t>(&value)) return Money(*count, 0);
  const auto* amount = std::get_if<Money>(&value);
  if (amount == nullptr) return std::nullopt;
  if (kind == Kind::kDecimal) return *amount;
  const int digits = ShownDigits(kind) + (kind == Kind::kPercent ? 2 : 0);
  const auto units =
      market::Rescale(amount->units(), amount->scale(), digits, market::Rounding::kHalfEven);
  if (!units) return std::nullopt;
  // A hundredth is a per cent: the same units, two digits fewer.
  return Money(*units, ShownDigits(kind));
}

std::string ShownText(const Value& value, Kind kind) {
  if (std::holds_alternative<std::monostate>(value)) return "–";
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* time = std::get_if<base::Time>(&value)) {
    std::string text = base::FormatTime(*time).substr(0, 19);
    text[10] = ' ';
    return text;
  }
  const auto number = ShownNumber(value, kind);
  if (!number) return "–";
  std::string text = WithThousands(
      kind == Kind::kDecimal
          ? number->ToString()
          : market::FormatDecimalFixed(number->units(), number->scale(), number->scale()));
  if (text.starts_with('-')) text.replace(0, 1, "−");
  return kind == Kind::kPercent ? text + " %" : text;
}

}  // namespace gannet::reporting
