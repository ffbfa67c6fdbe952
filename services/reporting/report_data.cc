#include "services/reporting/report_data.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/concat.h"
#include "libs/base/status.h"
#include "services/reporting/books.h"
#include "services/reporting/definitions.h"

namespace gannet::reporting {
namespace {

using market::Money;
using store::Range;

// The newest sample before a period is looked for in steps: few reports need more
// than the first.
constexpr base::Duration kLookBack[] = {std::chrono::hours(1), std::chrono::hours(24),
                                        std::chrono::hours(24 * 31)};
// Of the grid, in one report.
constexpr int64_t kMaxPeriods = 50'000;
// An older price is none.
constexpr base::Duration kMarkAge = std::chrono::hours(24 * 7);
// Before the period: how far back an order may be from that is UNKNOWN still.
constexpr base::Duration kOrderAge = std::chrono::hours(24 * 31);

// As of amounts in a configuration, so that a result of any scale can be added.
const Money kCapitalBound(1'000'000'000'000'000'000, 0);

absl::Status CheckRequest(const ReportRequest& request) {
  if (request.account.empty())
    return absl::InvalidArgumentError("a report needs an account; name one, e.g. main/paper");
  if (request.from >= request.to) {
    return absl::InvalidArgumentError(
        absl::StrCat("the period ends (", base::FormatTime(request.to), ") before it begins (",
                     base::FormatTime(request.from), "); give a `to` after `from`, both are UTC"));
  }
  if (request.from < base::Time())
    return absl::InvalidArgumentError("a period begins in 1970 or later; give another `from`");
  const base::Duration length = LengthOf(request.grid);
  if ((request.to - request.from) / length > kMaxPeriods) {
    return absl::InvalidArgumentError(
        absl::StrCat("the period has more than ", kMaxPeriods, " ", NameOf(request.grid),
                     "s; ask for returns by a longer one, or for a shorter period"));
  }
  if (request.days_per_year < 1 || request.days_per_year > 366)
    return absl::InvalidArgumentError("a year has 1 to 366 days on which the market is open");
  if (request.capital && (request.capital->units() <= 0 || *request.capital >= kCapitalBound)) {
    return absl::InvalidArgumentError(
        "the capital of an account is above zero and below 10^18; or leave it out");
  }
  return absl::OkStatus();
}

class Gatherer {
 public:
  Gatherer(store::Store& store, const ReportRequest& request) : store_(store) {
    data_.request = request;
  }

  absl::StatusOr<ReportData> Run() {
    GANNET_ASSIGN_OR_RETURN(const auto instruments, store_.Instruments());
    for (const store::InstrumentRow& row : instruments) {
      if (auto definition = DefinitionOf(row))
        data_.definitions.emplace(row.instrument, *definition);
    }
    GANNET_ASSIGN_OR_RETURN(std::vector<store::FillRow> fills, store_.Fills({.to = to()}));
    for (const store::FillRow& row : fills) {
      const auto definition = data_.definitions.find(row.instrument);
      if (definition != data_.definitions.end()) Widen(definition->second, row.price, row.quantity);
    }
    GANNET_ASSIGN_OR_RETURN(auto balances, store_.Balances({.to = to()}));
    GANNET_ASSIGN_OR_RETURN(data_.bookings, store_.Bookings({.to = to()}));
    std::erase_if(data_.bookings, [&](const auto& row) { return !IsOurs(row.account); });
    GANNET_RETURN_IF_ERROR(CheckAccount(fills, balances));
    GANNET_RETURN_IF_ERROR(NoteGap());
    data_.statements = StatementsOf(data_, fills, balances);
    GANNET_RETURN_IF_ERROR(ChooseAsset(fills));
    SumBookings();
    GANNET_RETURN_IF_ERROR(TakeFills(std::move(fills)));
    NoteOtherAssets();
    GANNET_RETURN_IF_ERROR(TakeSamples());
    GANNET_RETURN_IF_ERROR(TakeMarks());
    TakeBalances(balances);
    ChooseCapital(balances);
    GANNET_RETURN_IF_ERROR(TakeQuality());
    return std::move(data_);
  }

 private:
  base::Time from() const { return data_.request.from; }
  base::Time to() const { return data_.request.to; }
  bool IsOurs(const market::AccountId& account) const { return account == data_.request.account; }

  // Nothing of an account anywhere is a spelling mistake, not an empty report.
  absl::Status CheckAccount(const std::vector<store::FillRow>& fills,
                            const std::vector<store::BalanceRow>& balances) {
    std::set<std::string> known;
    for (const auto& row : fills) known.insert(row.account.text());
    for (const auto& row : balances) known.insert(row.account.text());
    if (known.contains(data_.request.account.text())) return absl::OkStatus();
    GANNET_ASSIGN_OR_RETURN(const auto orders, store_.Orders({}));
    for (const auto& row : orders) known.insert(row.account.text());
    if (known.contains(data_.request.account.text())) return absl::OkStatus();
    return absl::NotFoundError(
        absl::StrCat("the store knows no account ", data_.request.account.text(), " before ",
                     base::FormatTime(to()), "; ",
                     known.empty() ? std::string("it is empty: let `gannet run` trade first")
                                   : absl::StrCat("it knows ", absl::StrJoin(known, ", "))));
  }

  absl::Status NoteGap() {
    GANNET_ASSIGN_OR_RETURN(const auto high_water, store_.HighWater());
    if (const auto whole_from = WholeFrom(high_water)) {
      data_.notes.push_back(absl::StrCat(
          "Not whole before ", base::FormatTime(*whole_from).substr(0, 19),
          "Z: the journal had been pruned when the store was made from it. Fills, fees and "
          "bookings from before may be missing, and positions and results that rest on them are "
          "wrong; compare them with the venue's records."));
    }
    return absl::OkStatus();
  }

  absl::Status ChooseAsset(const std::vector<store::FillRow>& fills) {
    data_.asset = data_.request.asset;
    if (!data_.asset.empty()) return absl::OkStatus();
    // The quote asset of most fills; of the positions kept, when there are none.
    std::map<market::AssetId, size_t> counts;
    for (const store::FillRow& row : fills) {
      const auto definition = data_.definitions.find(row.instrument);
      if (IsOurs(row.account) && definition != data_.definitions.end())
        ++counts[definition->second.quote];
    }
    size_t most = 0;
    for (const auto& [asset, count] : counts) {
      if (count > most) data_.asset = asset;
      most = std::max(most, count);
    }
    if (!data_.asset.empty()) return absl::OkStatus();
    data_.asset = market::AssetId("USDT");
    data_.notes.push_back("The account has no fills before the end of the period.");
    return absl::OkStatus();
  }

  absl::Status TakeFills(std::vector<store::FillRow> all) {
    size_t undefined = 0, unbookable = 0;
    std::map<market::AssetId, size_t> elsewhere;
    std::vector<store::FillRow> ours;
    std::set<market::EventId> wanted;
    for (store::FillRow& row : all) {
      if (!IsOurs(row.account)) continue;
      const auto definition = data_.definitions.find(row.instrument);
      if (definition == data_.definitions.end()) {
        ++undefined;
      } else if (definition->second.quote != data_.asset) {
        if (row.time >= from()) ++elsewhere[definition->second.quote];
      } else {
        if (!row.signal.empty()) wanted.insert(row.signal);
        ours.push_back(std::move(row));
      }
    }
    GANNET_ASSIGN_OR_RETURN(const auto causes, store_.FindSignals(std::vector<market::EventId>(
                                                   wanted.begin(), wanted.end())));
    for (const store::SignalRow& row : causes) data_.causes.emplace(row.id, row);
    data_.ledger = FoldLedger(ours, data_.definitions, data_.causes);
    for (const LedgerFill& fill : data_.ledger.fills) unbookable += fill.booked ? 0 : 1;
    if (unbookable > 0) {  // none of them changed a position: fold again without
      std::vector<store::FillRow> booked;
      for (size_t i = 0; i < ours.size(); ++i) {
        if (data_.ledger.fills[i].booked) booked.push_back(std::move(ours[i]));
      }
      ours = std::move(booked);
      data_.ledger = FoldLedger(ours, data_.definitions, data_.causes);
    }
    data_.fills = std::move(ours);
    while (data_.first_in_period < data_.fills.size() &&
           data_.fills[data_.first_in_period].time < from())
      ++data_.first_in_period;
    if (undefined > 0) {
      data_.notes.push_back(absl::StrCat("Left out: ", Counted(undefined, "fill"),
                                         " of an instrument that the store does not define."));
    }
    if (unbookable > 0) {
      data_.notes.push_back(absl::StrCat("Left out: ", Counted(unbookable, "fill"),
                                         " with numbers beyond what a position can hold."));
    }
    for (const auto& [asset, count] : elsewhere) {
      data_.notes.push_back(absl::StrCat("Left out: ", Counted(count, "fill"),
                                         " in instruments quoted in ", asset.text(),
                                         "; ask for a report in that asset."));
    }
    return absl::OkStatus();
  }

  // What was paid and booked in assets that no figure of the report covers.
  void NoteOtherAssets() {
    std::map<market::AssetId, Money> fees, bookings;
    for (size_t i = data_.first_in_period; i < data_.fills.size(); ++i) {
      const store::FillRow& row = data_.fills[i];
      const market::Instrument& definition = data_.definitions.at(row.instrument);
      const bool in_position =
          definition.kind == market::InstrumentKind::kSpot && row.fee_asset == definition.base;
      if (row.fee_asset != data_.asset && !in_position) fees[row.fee_asset] += row.fee;
    }
    for (const store::BookingRow& row : data_.bookings) {
      if (row.time >= from() && row.asset != data_.asset && IsResult(row))
        bookings[row.asset] += row.amount;
    }
    std::vector<std::string> parts;
    const auto tell = [&parts](const auto& sums, const char* what) {
      for (const auto& [asset, sum] : sums) {
        if (!sum.zero())
          parts.push_back(
              absl::StrCat(ShownText(sum, Kind::kDecimal), " ", asset.text(), " ", what));
      }
    };
    tell(fees, "of fees");
    tell(bookings, "booked beside trades");
    if (parts.empty()) return;
    data_.notes.push_back(
        absl::StrCat("Not in result, equity, returns and closed trades, since no asset is "
                     "converted: ",
                     absl::StrJoin(parts, ", "), "."));
  }

  // What was booked up to each of them, by when it was told: as the samples were taken.
  void SumBookings() {
    std::map<base::Time, std::pair<Money, Money>> by_time;
    for (const store::BookingRow& row : data_.bookings) {
      if (row.asset != data_.asset || !IsResult(row)) continue;
      auto& [funding, other] = by_time[row.told];
      (row.kind == market::AccountEventKind::kFunding ? funding : other) += row.amount;
    }
    Money funding, other;
    for (auto& [time, sums] : by_time) {
      funding = sums.first += funding;
      other = sums.second += other;
    }
    booked_ = std::move(by_time);
  }

  std::pair<Money, Money> BookedUntil(base::Time time) const {
    const auto after = booked_.upper_bound(time);
    return after == booked_.begin() ? std::pair<Money, Money>() : std::prev(after)->second;
  }

  // Samples of [range) at which every position had a price, and their exposures.
  absl::StatusOr<std::vector<Sample>> Usable(Range range, std::vector<store::ExposureRow>* keep) {
    GANNET_ASSIGN_OR_RETURN(const auto equity, store_.Equity(range));
    GANNET_ASSIGN_OR_RETURN(auto exposures, store_.Exposures(range));
    std::map<base::Time, const store::ExposureRow*> by_time;
    for (const store::ExposureRow& row : exposures) {
      if (IsOurs(row.account) && row.asset == data_.asset) by_time.emplace(row.time, &row);
    }
    std::vector<Sample> samples;
    for (const store::EquityRow& row : equity) {
      if (!IsOurs(row.account) || row.asset != data_.asset) continue;
      const auto exposure = by_time.find(row.time);
      const bool unpriced = exposure != by_time.end() && exposure->second->unpriced > 0;
      const bool invalid = exposure != by_time.end() && exposure->second->invalid > 0;
      if (keep != nullptr && unpriced) ++data_.unpriced_samples;
      if (unpriced) continue;
      if (keep != nullptr && invalid) ++data_.invalid_samples;
      const auto [funding, other] = BookedUntil(row.time);
      samples.push_back({row.time, row.realized, row.unrealized, row.fees, funding, other});
    }
    if (keep != nullptr) {
      for (const auto& [time, row] : by_time) keep->push_back(*row);
    }
    return samples;
  }

  absl::Status TakeSamples() {
    GANNET_ASSIGN_OR_RETURN(data_.samples, Usable({from(), to()}, &data_.exposures));
    for (const base::Duration step : kLookBack) {
      GANNET_ASSIGN_OR_RETURN(const auto before, Usable({from() - step, from()}, nullptr));
      if (before.empty()) continue;
      data_.opening = before.back();
      return absl::OkStatus();
    }
    GANNET_ASSIGN_OR_RETURN(const auto before, Usable({.to = from()}, nullptr));
    if (!before.empty()) data_.opening = before.back();
    return absl::OkStatus();
  }

  absl::Status TakeMarks() {
    GANNET_ASSIGN_OR_RETURN(const auto marks, store_.Marks({to() - kMarkAge, to()}));
    for (const store::MarkRow& row : marks) {
      if (row.sampled < to()) data_.marks.insert_or_assign(row.instrument, row);
    }
    return absl::OkStatus();
  }

  // The first and the last that is known, per asset, of every venue.
  void TakeBalances(const std::vector<store::BalanceRow>& rows) {
    struct Ends {
      const store::BalanceRow* opening = nullptr;
      const store::BalanceRow* closing = nullptr;
    };
    std::map<std::pair<market::AssetId, std::string>, Ends> ranges;
    for (const store::BalanceRow& row : rows) {
      if (!IsOurs(row.account)) continue;
      Ends& range = ranges[{row.asset, row.venue}];
      if (range.opening == nullptr || row.time <= from()) range.opening = &row;
      range.closing = &row;
    }
    for (const auto& [key, range] : ranges) {
      if (data_.balances.empty() || data_.balances.back().asset != key.first)
        data_.balances.push_back({key.first, range.opening->time, range.closing->time, {}, {}});
      Balance& balance = data_.balances.back();
      balance.opening += range.opening->free + range.opening->locked;
      balance.closing += range.closing->free + range.closing->locked;
      balance.first_time = std::min(balance.first_time, range.opening->time);
      balance.last_time = std::max(balance.last_time, range.closing->time);
    }
  }

  // What the venue held of the asset before anything was traded with it.
  void ChooseCapital(const std::vector<store::BalanceRow>& rows) {
    if (data_.request.capital) {
      data_.capital = data_.request.capital;
      data_.capital_source = "as stated";
      return;
    }
    std::map<std::string, const store::BalanceRow*> first;  // by venue
    for (const store::BalanceRow& row : rows) {
      if (IsOurs(row.account) && row.asset == data_.asset) first.try_emplace(row.venue, &row);
    }
    Money total;
    base::Time latest = base::Time::min();
    for (const auto& [venue, row] : first) {
      total += row->free + row->locked;
      latest = std::max(latest, row->time);
    }
    const bool before_trading =
        !first.empty() && (data_.fills.empty() || latest <= data_.fills.front().time);
    if (!before_trading || total.units() <= 0) return;
    data_.capital = total;
    data_.capital_source =
        absl::StrCat("the balance of ", data_.asset.text(), " at the venue on ",
                     base::FormatTime(latest).substr(0, 19), "Z, before the first fill");
  }

  absl::Status TakeQuality() {
    const Range period{from(), to()};
    const Range hours{std::chrono::floor<std::chrono::hours>(from()), to()};
    GANNET_ASSIGN_OR_RETURN(data_.signals, store_.Signals(period));
    GANNET_ASSIGN_OR_RETURN(data_.outcomes, store_.Outcomes(period));
    GANNET_ASSIGN_OR_RETURN(data_.scores, store_.Scores(hours));
    GANNET_ASSIGN_OR_RETURN(data_.decisions, store_.Decisions(hours));
    GANNET_ASSIGN_OR_RETURN(data_.risk_events, store_.RiskEvents(period));
    GANNET_ASSIGN_OR_RETURN(data_.limits, store_.Limits());
    GANNET_ASSIGN_OR_RETURN(data_.orders, store_.Orders({from() - kOrderAge, to()}));
    std::erase_if(data_.orders, [&](const auto& row) {
      return !IsOurs(row.account) ||
             (row.created < from() && row.state != market::OrderState::kUnknown);
    });
    std::erase_if(data_.decisions, [&](const auto& row) { return !IsOurs(row.account); });
    return absl::OkStatus();
  }

  store::Store& store_;
  ReportData data_;
  std::map<base::Time, std::pair<Money, Money>> booked_;  // funding and other, up to then
};

}  // namespace

absl::StatusOr<ReportData> GatherReport(store::Store& store, const ReportRequest& request) {
  GANNET_RETURN_IF_ERROR(CheckRequest(request));
  return Gatherer(store, request).Run();
}

std::string Counted(uint64_t count, std::string_view noun) {
  return base::Concat({std::to_string(count), " ", noun, count == 1 ? "" : "s"});
}

Value Cell(std::optional<double> value, int digits) {
  if (!value) return {};
  const auto quantised = Quantise(*value, digits);
  if (!quantised) return {};
  return *quantised;
}

absl::StatusOr<Report> BuildReport(store::Store& store, const ReportRequest& request) {
  GANNET_ASSIGN_OR_RETURN(const ReportData data, GatherReport(store, request));
  Report report;
  report.request = request;
  report.asset = data.asset;
  report.from = request.from;
  report.to = request.to;
  report.notes = data.notes;
  AddPerformance(data, report);
  AddAttribution(data, report);
  AddPositions(data, report);
  AddTrades(data, report);
  AddFees(data, report);
  AddBalances(data, report);
  AddBookings(data, report);
  AddSignals(data, report);
  AddModels(data, report);
  AddRisk(data, report);
  AddDataQuality(data, report);
  AddFills(data, report);
  return report;
}

}  // namespace gannet::reporting
