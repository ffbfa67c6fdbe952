// A report: what it says, once, before any format. Every writer (CSV, JSON, XLSX,
// PDF) prints these values and adds none of its own.
//
//   GANNET_ASSIGN_OR_RETURN(const Report report, BuildReport(store, request));
//   GANNET_RETURN_IF_ERROR(WriteReport(report, formats, files, folder));
//
// A figure that cannot be had is absent and says why; nothing is filled in.
// Definitions: docs/reports.md, printed in the report itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/market/ids.h"
#include "libs/market/money.h"
#include "libs/store/store.h"

namespace gannet::reporting {

// The length of the periods whose returns are taken, aligned to UTC.
enum class Grid : uint8_t { kMinute = 1, kHour, kDay };
base::Duration LengthOf(Grid grid);
const char* NameOf(Grid grid);  // "day"

struct ReportRequest {
  market::AccountId account;
  // Quote asset whose instruments the report covers; empty: that of the newest result.
  market::AssetId asset;
  base::Time from, to;  // [from, to)
  Grid grid = Grid::kDay;
  int64_t days_per_year = 365;  // in which the market is open; 252 for exchanges with weekends
  int64_t risk_free_ppm = 0;    // a year
  // What the account was given to trade with. Empty: what the venue said it held of
  // `asset` before the first fill.
  std::optional<market::Money> capital;
  base::Time generated;
  std::string build;
  std::string trading;  // with what money: "paper on venue-sim"; empty: not known
};

enum class Format : uint8_t { kPdf = 1, kXlsx, kCsv, kJson };

// Nothing, text, a count, an exact decimal or a time.
using Value = std::variant<std::monostate, std::string, int64_t, market::Money, base::Time>;

enum class Kind : uint8_t {
  kText,
  kCount,
  kAmount,   // of the report's asset
  kDecimal,  // price, quantity, an amount of another asset: shown with all its digits
  kPercent,  // a fraction: 0.01 is shown as 1.00 %
  kRatio,
  kTime,
};

struct Column {
  std::string key, title;
  Kind kind = Kind::kText;
  bool total = false;  // the table's totals have its sum
};

struct Table {
  std::string key, title;
  std::string note;   // what to know when reading it
  std::string empty;  // stands in its place when it has no rows
  std::vector<Column> columns;
  std::vector<std::vector<Value>> rows;
  // Sums of the columns with `total`; of the others nothing. Empty without rows.
  std::vector<Value> totals() const;
  size_t Index(std::string_view column) const;  // of a column that is there
};

struct Figure {
  std::string key, label;
  Kind kind = Kind::kAmount;
  Value value;
  std::string definition;
  std::string absent;  // why there is no value
};

struct Report {
  ReportRequest request;
  market::AssetId asset;
  base::Time from, to;                // that the equity curve covers; within the request
  size_t periods_without_return = 0;  // of them, for want of a sample
  std::vector<std::string> notes;     // what a reader must know before the numbers
  std::vector<Figure> figures;
  std::vector<Table> tables;

  const Table* FindTable(std::string_view key) const;    // null: none
  const Figure* FindFigure(std::string_view key) const;  // null: none
};

inline constexpr char kDisclaimer[] =
    "Not financial advice. Past results say nothing about future ones.";

// INVALID_ARGUMENT: the request makes no sense. NOT_FOUND: the store knows no such
// account. Otherwise what the store says. A period in which nothing happened is a
// report that says so.
absl::StatusOr<Report> BuildReport(store::Store& store, const ReportRequest& request);

// Exact, as files hold it: "-12.5", "2024-08-08T23:54:13.123456789Z", "" for nothing.
std::string ExactText(const Value& value);
// How it was traded, for the head of a report: never empty.
std::string TradingText(const ReportRequest& request);
// As people read it: "−1,234.50", "12.34 %", "2024-08-08 23:54:13"; rounded half even
// to the digits of its kind. "–" for nothing.
std::string ShownText(const Value& value, Kind kind);
// The number behind ShownText, for who compares formats; nothing for text and times.
std::optional<market::Money> ShownNumber(const Value& value, Kind kind);
// Digits after the point with which a kind is shown; of a percentage its own.
int ShownDigits(Kind kind);

}  // namespace gannet::reporting
