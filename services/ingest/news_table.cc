#include "services/ingest/news_table.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "libs/base/table_text.h"
#include "libs/base/utf8.h"
#include "services/ingest/feed_text.h"

namespace gannet::ingest {
namespace {

using Cells = std::vector<std::string>;

constexpr std::array<std::string_view, 3> kTitles = {"title", "headline", "news"};
constexpr std::array<std::string_view, 6> kDates = {"published", "published_at", "pubDate",
                                                    "date",      "received",     "received_at"};

template <size_t n>
bool IsOneOf(std::string_view name, const std::array<std::string_view, n>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "5-7-2022 04:24", also with slashes or dots and with seconds or no time.
struct NumericDate {
  int first = 0, second = 0, year = 0, hour = 0, minute = 0, seconds = 0;
  char mark = '-';
};

std::optional<NumericDate> ParseNumericDate(const std::string& text) {
  NumericDate date;
  char other = 0;
  int end = 0;
  if (std::sscanf(text.c_str(), "%2d%c%2d%c%4d%n", &date.first, &date.mark, &date.second, &other,
                  &date.year, &end) != 5 ||
      date.mark != other || std::string_view("-/.").find(date.mark) == std::string_view::npos ||
      date.year < 1000) {
    return std::nullopt;
  }
  std::string rest = text.substr(static_cast<size_t>(end));
  if (rest.empty()) return date;
  int used = 0;
  if (std::sscanf(rest.c_str(), " %2d:%2d%n", &date.hour, &date.minute, &used) != 2)
    return std::nullopt;
  rest = rest.substr(static_cast<size_t>(used));
  if (rest.empty()) return date;
  if (std::sscanf(rest.c_str(), ":%2d%n", &date.seconds, &used) != 1 ||
      rest.size() != static_cast<size_t>(used)) {
    return std::nullopt;
  }
  return date;
}

enum class Order : uint8_t { kInDoubt, kDayFirst, kMonthFirst };

Order OrderOf(const std::vector<Cells>& rows, const Cells& header) {
  bool day_first = false, month_first = false;
  for (const Cells& cells : rows) {
    for (size_t i = 0; i < cells.size(); ++i) {
      if (!IsOneOf(header[i], kDates)) continue;
      const std::optional<NumericDate> date = ParseNumericDate(cells[i]);
      if (!date) continue;
      day_first = day_first || date->first > 12 || date->mark == '.';
      month_first = month_first || date->second > 12;
    }
  }
  if (day_first == month_first) return Order::kInDoubt;
  return day_first ? Order::kDayFirst : Order::kMonthFirst;
}

// RFC 3339 for such a date, nothing where it is in doubt; other text as it is.
std::string DateText(const std::string& cell, Order order) {
  const std::optional<NumericDate> date = ParseNumericDate(cell);
  if (!date) return cell;
  if (order == Order::kInDoubt) return "";
  const int day = order == Order::kDayFirst ? date->first : date->second;
  const int month = order == Order::kDayFirst ? date->second : date->first;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02dZ", date->year, month, day,
                date->hour, date->minute, date->seconds);
  return text.data();
}

}  // namespace

bool IsNewsTable(std::string_view header) {
  header = base::WithoutByteOrderMark(header);
  size_t at = 0;
  const Cells columns = base::TableRow(header, base::SeparatorOf(header), at);
  return columns.size() > 1 && std::any_of(columns.begin(), columns.end(),
                                           [](const auto& name) { return IsOneOf(name, kTitles); });
}

NewsTable ReadNewsTable(std::string_view text) {
  text = base::WithoutByteOrderMark(text);
  const char separator = base::SeparatorOf(text.substr(0, text.find('\n')));
  size_t at = 0;
  const Cells header = base::TableRow(text, separator, at);
  NewsTable table;
  std::vector<Cells> rows;
  std::vector<size_t> numbers;
  for (size_t number = 2; at < text.size(); ++number) {
    Cells cells = base::TableRow(text, separator, at);
    if (cells.size() == 1 && cells[0].empty()) continue;
    if (cells.size() == header.size()) {
      rows.push_back(std::move(cells));
      numbers.push_back(number);
    } else if (table.rejected++ == 0) {
      table.first_problem = "row " + std::to_string(number) + " has " +
                            std::to_string(cells.size()) + " cells, the header has " +
                            std::to_string(header.size());
    }
  }
  const Order order = OrderOf(rows, header);
  for (size_t row = 0; row < rows.size(); ++row) {
    nlohmann::json object;
    for (size_t i = 0; i < header.size(); ++i) {
      const std::string cell = RepairUtf8(rows[row][i]);
      const std::string value = IsOneOf(header[i], kDates) ? DateText(cell, order) : cell;
      if (!value.empty()) object[header[i] == "news" ? "title" : RepairUtf8(header[i])] = value;
    }
    table.rows.push_back({numbers[row], object.dump()});
  }
  return table;
}

}  // namespace gannet::ingest
