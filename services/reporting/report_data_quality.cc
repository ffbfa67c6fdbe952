// How far the data behind the report can be trusted: when positions had no price or the
// last one of a book that had become INVALID, when nothing was sampled, and which
// orders nobody knows the fate of.
#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "libs/market/names.h"
#include "services/reporting/report_data.h"

namespace gannet::reporting {
namespace {

// Without samples for this many times their usual distance, and for at least that long:
// nothing was recorded, the program did not run.
constexpr int kGapFactor = 10;
constexpr base::Duration kShortestGap = std::chrono::minutes(1);

enum class Doubt : uint8_t { kNone, kUnpriced, kInvalid };

Doubt DoubtOf(const store::ExposureRow& row) {
  if (row.unpriced > 0) return Doubt::kUnpriced;
  return row.invalid > 0 ? Doubt::kInvalid : Doubt::kNone;
}

// Half of the samples are no further from the one before than this.
base::Duration UsualDistance(const std::vector<store::ExposureRow>& rows) {
  std::vector<base::Duration> distances;
  for (size_t i = 1; i < rows.size(); ++i) distances.push_back(rows[i].time - rows[i - 1].time);
  if (distances.empty()) return base::Duration(0);
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  return *middle;
}

Table DataPeriods(const ReportData& data) {
  Table table;
  table.key = "data_periods";
  table.title = "Periods of doubt";
  table.empty = data.exposures.empty()
                    ? "No sample in the period."
                    : "None: every sample has a VALID price of every position, without a gap.";
  table.note =
      "no price: a position could not be valued, and the samples are not part of the equity "
      "curve. book INVALID: valued at the last price before the order book lost its place. no "
      "sample: nothing was recorded for ten times the usual distance of samples.";
  table.columns = {{"from", "From (UTC)", Kind::kTime},
                   {"to", "To (UTC)", Kind::kTime},
                   {"what", "What", Kind::kText},
                   {"samples", "Samples", Kind::kCount, true},
                   {"positions", "Positions at most", Kind::kCount}};
  const auto& rows = data.exposures;
  const base::Duration gap = std::max(UsualDistance(rows) * kGapFactor, kShortestGap);
  for (size_t i = 0; i < rows.size();) {
    if (i > 0 && rows[i].time - rows[i - 1].time > gap) {
      table.rows.push_back(
          {rows[i - 1].time, rows[i].time, std::string("no sample"), int64_t{0}, Value()});
    }
    const Doubt doubt = DoubtOf(rows[i]);
    size_t end = i + 1;
    while (end < rows.size() && DoubtOf(rows[end]) == doubt &&
           rows[end].time - rows[end - 1].time <= gap)
      ++end;
    if (doubt != Doubt::kNone) {
      uint32_t positions = 0;
      for (size_t at = i; at < end; ++at)
        positions =
            std::max(positions, doubt == Doubt::kUnpriced ? rows[at].unpriced : rows[at].invalid);
      table.rows.push_back({rows[i].time, rows[end - 1].time,
                            std::string(doubt == Doubt::kUnpriced ? "no price" : "book INVALID"),
                            static_cast<int64_t>(end - i), static_cast<int64_t>(positions)});
    }
    i = end;
  }
  return table;
}

Table OrdersByState(const ReportData& data) {
  std::map<std::pair<std::string, market::OrderState>, int64_t> counts;
  for (const store::OrderRow& row : data.orders) {
    if (row.created >= data.request.from) ++counts[{row.strategy.text(), row.state}];
  }
  Table table;
  table.key = "orders";
  table.title = "Orders by state";
  table.empty = "No order was made in the period.";
  table.note =
      "Orders made in the period, of every asset, in the state they have when the report is made.";
  table.columns = {{"strategy", "Strategy", Kind::kText},
                   {"state", "State", Kind::kText},
                   {"count", "Orders", Kind::kCount, true}};
  for (const auto& [key, count] : counts)
    table.rows.push_back({key.first, std::string(market::Name(key.second)), count});
  return table;
}

Table UnknownOrders(const ReportData& data) {
  Table table;
  table.key = "unknown_orders";
  table.title = "Orders whose fate is unknown";
  table.empty = "None: the venue has confirmed or denied every order.";
  table.note =
      "UNKNOWN when the report is made: sent, and neither confirmed nor denied. What they may "
      "have filled is in none of the numbers.";
  table.columns = {{"created", "Made (UTC)", Kind::kTime},
                   {"updated", "Since (UTC)", Kind::kTime},
                   {"strategy", "Strategy", Kind::kText},
                   {"instrument", "Instrument", Kind::kText},
                   {"side", "Side", Kind::kText},
                   {"price", "Price", Kind::kDecimal},
                   {"quantity", "Quantity", Kind::kDecimal},
                   {"filled", "Known filled", Kind::kDecimal},
                   {"detail", "Detail", Kind::kText},
                   {"order", "Order", Kind::kText}};
  for (const store::OrderRow& row : data.orders) {
    if (row.state != market::OrderState::kUnknown) continue;
    table.rows.push_back({row.created, row.updated, row.strategy.text(), row.instrument.text(),
                          std::string(market::Name(row.side)), row.price, row.quantity,
                          row.cumulative, row.detail, row.client_order_id.text()});
  }
  return table;
}

}  // namespace

void AddDataQuality(const ReportData& data, Report& report) {
  int64_t sound = 0;
  for (const store::ExposureRow& row : data.exposures) sound += DoubtOf(row) == Doubt::kNone;
  const size_t all = data.exposures.size();
  Figure figure{"sound_samples",
                "Samples with VALID prices",
                Kind::kPercent,
                {},
                "Part of the samples at which every open position had the price of a VALID book.",
                "no sample of the exposure in the period"};
  if (all > 0) {
    figure.value = Cell(static_cast<double>(sound) / static_cast<double>(all));
    figure.absent.clear();
  }
  report.figures.push_back(std::move(figure));
  report.tables.push_back(DataPeriods(data));
  report.tables.push_back(OrdersByState(data));
  report.tables.push_back(UnknownOrders(data));
  if (const size_t unknown = report.tables.back().rows.size(); unknown > 0) {
    report.notes.push_back(
        absl::StrCat(Counted(unknown, "order"), unknown == 1 ? " is" : " are",
                     " UNKNOWN: the venue has neither confirmed nor denied it. What it may have "
                     "filled is in none of the numbers; see Orders whose fate is unknown."));
  }
}

}  // namespace gannet::reporting
