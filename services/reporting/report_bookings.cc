// What moved the account beside trades, and the statement of each balance.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/market/names.h"
#include "services/reporting/definitions.h"
#include "services/reporting/report_data.h"

namespace gannet::reporting {
namespace {

using market::AccountEventKind;
using market::Money;

// In this order.
enum class Line : uint8_t {
  kTrades,
  kFees,
  kRealized,
  kFunding,
  kOtherFees,
  kLiquidation,
  kSettlement,
  kTransfer,
  kAdjustment,
};
constexpr std::array<const char*, 9> kLineNames = {
    "Bought and sold", "Fees of trades", "Realised, as the venue booked it",
    "Funding",         "Other fees",     "Liquidations and ADL",
    "Settlements",     "Transfers",      "Adjustments"};

Line LineOf(const store::BookingRow& row) {
  if (!row.client_order_id.empty()) return Line::kRealized;
  switch (row.kind) {
    case AccountEventKind::kFunding:
      return Line::kFunding;
    case AccountEventKind::kFee:
      return Line::kOtherFees;
    case AccountEventKind::kLiquidation:
    case AccountEventKind::kAdl:
      return Line::kLiquidation;
    case AccountEventKind::kSettlement:
      return Line::kSettlement;
    case AccountEventKind::kTransfer:
      return Line::kTransfer;
    case AccountEventKind::kFill:
      return Line::kRealized;
    case AccountEventKind::kAdjustment:
      break;
  }
  return Line::kAdjustment;
}

struct Move {
  base::Time time;
  Line line = Line::kTrades;
  Money amount;
};
using Moves = std::map<std::pair<market::AssetId, std::string>, std::vector<Move>>;

// Exactly, as the venue's books have it, where the digits fit.
Money QuoteOf(const market::Instrument& definition, const market::Fill& fill) {
  const int digits = definition.price_scale + definition.quantity_scale;
  if (digits <= market::kMaxScale)
    return Money(static_cast<market::Int128>(fill.price.mantissa) * fill.quantity.mantissa, digits);
  return definition.Notional(fill.price, fill.quantity, market::Rounding::kHalfEven)
      .value_or(Money());
}

void AddFill(const store::FillRow& row, const market::Instrument& definition,
             const std::string& venue, Moves& moves) {
  if (!row.fee_asset.empty() && !row.fee.zero())
    moves[{row.fee_asset, venue}].push_back({row.time, Line::kFees, -row.fee});
  const auto fill = FillOf(row, definition);
  if (!fill || definition.kind != market::InstrumentKind::kSpot) return;
  const bool buys = row.side == market::Side::kBuy;
  const Money base = definition.BaseAmount(fill->quantity), quote = QuoteOf(definition, *fill);
  moves[{definition.base, venue}].push_back({row.time, Line::kTrades, buys ? base : -base});
  moves[{definition.quote, venue}].push_back({row.time, Line::kTrades, buys ? -quote : quote});
}

std::string Or(const std::string& text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

Table StatementTable(const ReportData& data) {
  Table table;
  table.key = "statement";
  table.title = "Statement of balances";
  table.empty = "The venue has stated no balance twice.";
  table.note =
      "From what the venue stated first to what it stated last (see Balances), through all that "
      "is known to have moved it. Not explained: what a trade or booking that was on its way at "
      "either moment, or an event that nobody told, leaves.";
  table.columns = {{"asset", "Asset", Kind::kText},
                   {"venue", "Venue", Kind::kText},
                   {"line", "", Kind::kText},
                   {"bookings", "Bookings", Kind::kCount},
                   {"amount", "Amount", Kind::kDecimal}};
  for (const Statement& statement : data.statements) {
    Money rest = statement.closing - statement.opening;
    const auto add = [&](const std::string& line, Value bookings, const Money& amount) {
      table.rows.push_back(
          {statement.asset.text(), statement.venue, line, std::move(bookings), amount});
    };
    add("Opening", {}, statement.opening);
    for (const Statement::Line& line : statement.lines) {
      add(line.name, line.bookings, line.amount);
      rest -= line.amount;
    }
    if (!rest.zero()) add("Not explained", {}, rest);
    add("Closing", {}, statement.closing);
  }
  return table;
}

}  // namespace

bool IsResult(const store::BookingRow& row) {
  return row.client_order_id.empty() && row.kind != AccountEventKind::kTransfer &&
         row.kind != AccountEventKind::kFill;
}

std::vector<Statement> StatementsOf(const ReportData& data, const std::vector<store::FillRow>& all,
                                    const std::vector<store::BalanceRow>& balances) {
  Moves moves;
  std::set<std::string> wallets;
  for (const store::BalanceRow& row : balances) {
    if (row.account == data.request.account) wallets.insert(row.venue);
  }
  // One wallet pays for orders at every venue, as on paper; otherwise each venue has its own.
  const auto wallet_of = [&wallets](const market::InstrumentId& instrument) {
    return wallets.size() == 1 ? *wallets.begin() : std::string(market::VenueOf(instrument));
  };
  for (const store::FillRow& row : all) {
    const auto definition = data.definitions.find(row.instrument);
    // What people signed of a position moved no balance.
    if (row.account == data.request.account && definition != data.definitions.end() &&
        !row.client_order_id.empty())
      AddFill(row, definition->second, wallet_of(row.instrument), moves);
  }
  // By the venue's own time, as fills: what is asked for after the balance has moved is told
  // after the balance too.
  for (const store::BookingRow& row : data.bookings) {
    if (!row.asset.empty())
      moves[{row.asset, row.venue}].push_back({row.time, LineOf(row), row.amount});
  }
  std::map<std::pair<market::AssetId, std::string>, Statement> statements;
  for (const store::BalanceRow& row : balances) {
    if (row.account != data.request.account) continue;
    const auto [at, first] = statements.try_emplace({row.asset, row.venue});
    Statement& statement = at->second;
    statement.to = row.time;
    statement.closing = row.free + row.locked;
    if (!first && row.time > data.request.from) continue;
    statement.from = row.time;
    statement.opening = statement.closing;
  }
  std::vector<Statement> told;
  for (auto& [key, statement] : statements) {
    if (statement.from == statement.to) continue;
    std::array<Statement::Line, kLineNames.size()> lines;
    for (const Move& move : moves[key]) {
      if (move.time <= statement.from || move.time > statement.to) continue;
      Statement::Line& line = lines[static_cast<size_t>(move.line)];
      ++line.bookings;
      line.amount += move.amount;
    }
    std::tie(statement.asset, statement.venue) = key;
    for (size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].bookings == 0) continue;
      lines[i].name = kLineNames[i];
      statement.lines.push_back(std::move(lines[i]));
    }
    told.push_back(std::move(statement));
  }
  return told;
}

void AddBookings(const ReportData& data, Report& report) {
  report.tables.push_back(StatementTable(data));

  Table table;
  table.key = "bookings";
  table.title = "Account events beside trades";
  table.empty = "Nothing but trades moved the account in the period.";
  table.note =
      "Funding, fees of no trade, liquidations, ADL, settlements, transfers and adjustments, as "
      "the venue booked or people signed them. Of a trade by which the venue closed a position "
      "the amount is what the venue says it realised; the position's result is under Fills.";
  table.columns = {{"time", "Time (UTC)", Kind::kTime},
                   {"kind", "Kind", Kind::kText},
                   {"strategy", "Strategy", Kind::kText},
                   {"instrument", "Instrument", Kind::kText},
                   {"asset", "Asset", Kind::kText},
                   {"amount", "Amount", Kind::kDecimal},
                   {"quantity", "Quantity", Kind::kDecimal},
                   {"price", "Price", Kind::kDecimal},
                   {"person", "Signed by", Kind::kText},
                   {"booking", "Booking", Kind::kText},
                   {"detail", "Why", Kind::kText}};
  for (const store::BookingRow& row : data.bookings) {
    if (row.time < data.request.from || row.kind == AccountEventKind::kFill) continue;
    const bool moved = !row.quantity.zero();
    table.rows.push_back({row.time, std::string(market::Name(row.kind)), row.strategy.text(),
                          Or(row.instrument.text(), "–"), row.asset.text(),
                          row.asset.empty() ? Value() : Value(row.amount),
                          moved ? Value(row.quantity) : Value(), moved ? Value(row.price) : Value(),
                          row.person, row.booking, row.detail});
  }
  report.tables.push_back(std::move(table));
}

}  // namespace gannet::reporting
