// What a report is made of: the rows of one account and quote asset, folded. Shared
// by the sections (report_*.cc); nobody else includes it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/reporting/ledger.h"
#include "services/reporting/performance.h"
#include "services/reporting/report_model.h"

namespace gannet::reporting {

// Result of the account at one moment at which every position had a price.
struct Sample {
  base::Time time;
  market::Money realized, unrealized, fees;  // realized: fees taken off
  market::Money funding, other;              // booked so far, beside trades
  market::Money pnl() const { return realized + unrealized + funding + other; }
};

struct Balance {
  market::AssetId asset;
  base::Time first_time, last_time;
  market::Money opening, closing;  // free and locked, all venues
};

// A balance at a venue between two statements of it: what is known to have moved it.
struct Statement {
  struct Line {
    std::string name;
    int64_t bookings = 0;
    market::Money amount;
  };
  market::AssetId asset;
  std::string venue;
  base::Time from, to;  // when opening and closing were stated
  market::Money opening, closing;
  std::vector<Line> lines;  // of what there was, in a fixed order
};

struct ReportData {
  ReportRequest request;
  market::AssetId asset;
  std::vector<std::string> notes;

  // Of the account and asset, before `to`, that could be booked; by time.
  std::vector<store::FillRow> fills;
  size_t first_in_period = 0;  // fills from this index on are in the period
  std::map<market::InstrumentId, market::Instrument> definitions;
  std::map<market::EventId, store::SignalRow> causes;  // signals that fills rest on
  Ledger ledger;
  std::map<market::InstrumentId, store::MarkRow> marks;  // newest at the end of the period

  std::optional<Sample> opening;  // newest before the period
  std::vector<Sample> samples;    // in the period
  uint64_t unpriced_samples = 0, invalid_samples = 0;
  std::vector<store::ExposureRow> exposures;  // in the period
  std::vector<Balance> balances;
  std::vector<Statement> statements;
  std::vector<store::BookingRow> bookings;  // of the account, before `to`; by time
  std::optional<market::Money> capital;
  std::string capital_source;

  std::vector<store::SignalRow> signals;  // in the period
  std::vector<store::OutcomeRow> outcomes;
  std::vector<store::ScoreRow> scores;
  std::vector<store::DecisionRow> decisions;
  std::vector<store::RiskEventRow> risk_events;
  std::vector<store::LimitRow> limits;
  std::vector<store::OrderRow> orders;  // made in the period, or UNKNOWN and not much older

  bool InPeriod(size_t fill) const { return fill >= first_in_period; }
};

// Whether a booking gained or lost something beside trades (transfers do not, nor does what the
// venue realised of trades).
bool IsResult(const store::BookingRow& row);
// Per asset and venue, from `all` fills and `balances` before the end of the period.
std::vector<Statement> StatementsOf(const ReportData& data, const std::vector<store::FillRow>& all,
                                    const std::vector<store::BalanceRow>& balances);

absl::StatusOr<ReportData> GatherReport(store::Store& store, const ReportRequest& request);

// A cell for a statistic: quantised to `digits`, nothing when there is none.
Value Cell(std::optional<double> value, int digits = 6);

// "1 fill", "2 fills".
std::string Counted(uint64_t count, std::string_view noun);

// Sections: each adds its tables, figures and notes.
void AddPerformance(const ReportData& data, Report& report);  // report_performance.cc
void AddPositions(const ReportData& data, Report& report);    // report_activity.cc
void AddAttribution(const ReportData& data, Report& report);
void AddTrades(const ReportData& data, Report& report);
void AddFills(const ReportData& data, Report& report);
void AddFees(const ReportData& data, Report& report);
void AddBalances(const ReportData& data, Report& report);
void AddBookings(const ReportData& data, Report& report);  // report_bookings.cc
void AddSignals(const ReportData& data, Report& report);   // report_quality.cc
void AddModels(const ReportData& data, Report& report);
void AddRisk(const ReportData& data, Report& report);         // report_risk.cc
void AddDataQuality(const ReportData& data, Report& report);  // report_data_quality.cc

}  // namespace gannet::reporting
