// Positions, attribution, trades, fills, fees and balances.
#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "libs/market/names.h"
#include "services/reporting/report_data.h"

namespace gannet::reporting {
namespace {

using market::Money;

const char* NameOf(store::MarkState state) {
  switch (state) {
    case store::MarkState::kUnpriced:
      return "no price";
    case store::MarkState::kValid:
      return "valid";
    case store::MarkState::kInvalid:
      return "book INVALID";
  }
  return "?";
}

// An open position at the end of the period with what is known of its price.
struct OpenPosition {
  market::PositionKey key;
  Money net, average_price;
  std::optional<Money> mark, value, unrealized;
  base::Time mark_time;
  store::MarkState state = store::MarkState::kUnpriced;
};

std::vector<OpenPosition> OpenPositionsOf(const ReportData& data) {
  std::vector<OpenPosition> open;
  for (const auto& [key, position] : data.ledger.positions) {
    if (position.net.mantissa == 0) continue;
    const market::Instrument& definition = data.definitions.at(key.instrument);
    OpenPosition row;
    row.key = key;
    row.net = Money(position.net.mantissa, definition.quantity_scale);
    row.average_price =
        Money(market::AveragePrice(position, definition).mantissa, definition.price_scale);
    const auto found = data.marks.find(key.instrument);
    if (found != data.marks.end()) {
      const market::Price price{static_cast<int64_t>(found->second.mark.units())};
      market::Instrument quoted = definition;  // at the scale of that price
      quoted.price_scale = found->second.mark.scale();
      row.mark = found->second.mark;
      row.mark_time = found->second.mark_time;
      row.state = found->second.state;
      row.value = quoted.Notional(price, position.net, market::Rounding::kHalfEven);
      row.unrealized = market::UnrealizedPnl(position, quoted, price);
    }
    open.push_back(std::move(row));
  }
  return open;
}

Value CellOf(const std::optional<Money>& amount) { return amount ? Value(*amount) : Value(); }

// Sums of one group of an attribution.
struct Group {
  int64_t fills = 0;
  Money notional, gross, fees;
  std::optional<Money> unrealized;
  bool unpriced = false;
};

using Groups = std::map<std::string, Group>;
using KeyOf = std::function<std::string(const store::FillRow&, const LedgerFill&)>;

// Realised results go to the group of the fill that opened the lot; counts, volume
// and fees to that of the fill itself.
Groups GroupBy(const ReportData& data, const KeyOf& key_of) {
  Groups groups;
  for (size_t i = data.first_in_period; i < data.fills.size(); ++i) {
    Group& group = groups[key_of(data.fills[i], data.ledger.fills[i])];
    ++group.fills;
    group.notional += data.fills[i].notional;
    group.fees += data.ledger.fills[i].quote_fee;
  }
  for (const ClosedPart& part : data.ledger.parts) {
    if (!data.InPeriod(part.closed_by)) continue;
    groups[key_of(data.fills[part.opened_by], data.ledger.fills[part.opened_by])].gross +=
        part.gross;
  }
  return groups;
}

Table AttributionTable(const ReportData& data, const Groups& groups, std::string key,
                       std::string title, std::string what, bool with_unrealized) {
  Table table;
  table.key = std::move(key);
  table.title = std::move(title);
  table.empty = "No fills in the period.";
  table.columns = {{"name", std::move(what), Kind::kText},
                   {"fills", "Fills", Kind::kCount, true},
                   {"volume", "Volume", Kind::kAmount, true},
                   {"gross", "Realised before fees", Kind::kAmount, true},
                   {"fees", "Fees", Kind::kAmount, true},
                   {"net", "Realised net", Kind::kAmount, true}};
  if (with_unrealized) table.columns.push_back({"unrealized", "Unrealised at end", Kind::kAmount});
  bool unpriced = false;
  for (const auto& [name, group] : groups) {
    std::vector<Value> row = {name,        group.fills, group.notional,
                              group.gross, group.fees,  group.gross - group.fees};
    if (with_unrealized) row.push_back(group.unpriced ? Value() : CellOf(group.unrealized));
    unpriced = unpriced || group.unpriced;
    table.rows.push_back(std::move(row));
  }
  table.note = absl::StrCat("Fees paid in ", data.asset.text(), "; others are listed under Fees.");
  if (unpriced) table.note += " A position without a price leaves its unrealised result out.";
  return table;
}

Table ByOpening(const ReportData& data, std::string key, std::string title, std::string what,
                const KeyOf& key_of) {
  Table table = AttributionTable(data, GroupBy(data, key_of), std::move(key), std::move(title),
                                 std::move(what), false);
  table.note += " A realised result belongs to what opened the lot, wherever it was closed.";
  return table;
}

std::string TextOr(const std::string& text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

}  // namespace

void AddAttribution(const ReportData& data, Report& report) {
  const auto with_open = [&data](const KeyOf& key_of, auto key_of_position) {
    Groups groups = GroupBy(data, key_of);
    for (const OpenPosition& open : OpenPositionsOf(data)) {
      Group& group = groups[key_of_position(open.key)];
      if (!open.unrealized) {
        group.unpriced = true;
      } else {
        group.unrealized = group.unrealized.value_or(Money()) + *open.unrealized;
      }
    }
    return groups;
  };
  report.tables.push_back(
      AttributionTable(data,
                       with_open([](const auto& row, const auto&) { return row.instrument.text(); },
                                 [](const auto& key) { return key.instrument.text(); }),
                       "pnl_by_instrument", "Result by instrument", "Instrument", true));
  report.tables.push_back(
      AttributionTable(data,
                       with_open([](const auto& row, const auto&) { return row.strategy.text(); },
                                 [](const auto& key) { return key.strategy.text(); }),
                       "pnl_by_strategy", "Result by strategy", "Strategy", true));
  report.tables.push_back(
      ByOpening(data, "pnl_by_event_type", "Result by event type", "Event type",
                [](const auto&, const LedgerFill& fill) { return fill.event_type; }));
  report.tables.push_back(ByOpening(data, "pnl_by_model", "Result by model version",
                                    "Model version", [](const store::FillRow& row, const auto&) {
                                      return TextOr(row.model_version, "no model");
                                    }));
}

void AddPositions(const ReportData& data, Report& report) {
  Table table;
  table.key = "positions";
  table.title = "Open positions at the end";
  table.empty = "No open positions at the end of the period.";
  table.columns = {{"strategy", "Strategy", Kind::kText},
                   {"instrument", "Instrument", Kind::kText},
                   {"net", "Net quantity", Kind::kDecimal},
                   {"average_price", "Average price", Kind::kDecimal},
                   {"mark", "Mark", Kind::kDecimal},
                   {"mark_state", "Mark is", Kind::kText},
                   {"mark_time", "Mark of (UTC)", Kind::kTime},
                   {"value", "Value", Kind::kAmount, true},
                   {"unrealized", "Unrealised", Kind::kAmount, true}};
  size_t unpriced = 0, invalid = 0;
  for (const OpenPosition& open : OpenPositionsOf(data)) {
    unpriced += open.unrealized ? 0 : 1;
    invalid += open.state == store::MarkState::kInvalid ? 1 : 0;
    table.rows.push_back({open.key.strategy.text(), open.key.instrument.text(), open.net,
                          open.average_price, CellOf(open.mark), std::string(NameOf(open.state)),
                          open.mark ? Value(open.mark_time) : Value(), CellOf(open.value),
                          CellOf(open.unrealized)});
  }
  if (unpriced > 0)
    table.note = absl::StrCat(unpriced,
                              " positions have no price: neither value nor result is "
                              "given, and the sums are without them. ");
  if (invalid > 0)
    table.note += absl::StrCat(invalid,
                               " positions are at the last price of a book that has "
                               "become INVALID since.");
  report.tables.push_back(std::move(table));
}

void AddTrades(const ReportData& data, Report& report) {
  std::set<size_t> in_period;
  for (size_t i = data.first_in_period; i < data.fills.size(); ++i) in_period.insert(i);
  const std::vector<ClosedTrade> trades = TradesOf(data.ledger, data.fills, in_period);
  Table table;
  table.key = "trades";
  table.title = "Closed trades";
  table.empty = "No trade was closed in the period.";
  const std::string after_fees = absl::StrCat("after fees paid in ", data.asset.text());
  table.note = absl::StrCat(
      "All that one order closed is one trade, whatever number of fills it took; so is each "
      "closing that people signed. Event type, "
      "headline and model version are those that the opening order rested on. Net is ",
      after_fees, "; others are listed under Fees.");
  table.columns = {{"closed", "Closed (UTC)", Kind::kTime},
                   {"opened", "First opened (UTC)", Kind::kTime},
                   {"strategy", "Strategy", Kind::kText},
                   {"instrument", "Instrument", Kind::kText},
                   {"side", "Side", Kind::kText},
                   {"quantity", "Quantity", Kind::kDecimal},
                   {"event_type", "Event type", Kind::kText},
                   {"headline", "Headline", Kind::kText},
                   {"model_version", "Model version", Kind::kText},
                   {"gross", "Before fees", Kind::kAmount, true},
                   {"fees", "Fees", Kind::kAmount, true},
                   {"net", "Net", Kind::kAmount, true},
                   {"order", "Closing order", Kind::kText}};
  std::vector<Money> results;
  for (const ClosedTrade& trade : trades) {
    results.push_back(trade.net());
    const auto cause = data.causes.find(trade.signal);
    table.rows.push_back(
        {trade.closed, trade.opened, trade.strategy.text(), trade.instrument.text(),
         std::string(trade.was_long ? "long" : "short"), trade.quantity, trade.event_type,
         cause == data.causes.end() ? std::string() : cause->second.title, trade.model_version,
         trade.gross, trade.fees, trade.net(), trade.order.text()});
  }
  report.tables.push_back(std::move(table));

  const TradeFigures figures = FiguresOf(results);
  const std::string none = trades.empty() ? "no trade was closed" : "";
  const auto add = [&](const char* key, const char* label, Kind kind, Value value,
                       std::string definition, const std::string& absent) {
    const bool there = !std::holds_alternative<std::monostate>(value);
    report.figures.push_back({key, label, kind, std::move(value), std::move(definition),
                              there ? std::string() : absent});
  };
  add("trades", "Closed trades", Kind::kCount, static_cast<int64_t>(figures.trades),
      "Orders, and closings that people signed, that closed something, first in first out; a "
      "trade is all that one of them closed.",
      "");
  add("hit_rate", "Hit rate", Kind::kPercent, Cell(figures.hit_rate),
      absl::StrCat("Part of the closed trades whose result ", after_fees, " is above zero."), none);
  add("profit_factor", "Profit factor", Kind::kRatio, Cell(figures.profit_factor),
      absl::StrCat("Sum of the winning trades over the sum of the losing ones, ", after_fees, "."),
      none.empty() ? "no trade lost" : none);
  add("average_win", "Average win", Kind::kAmount, CellOf(figures.average_win),
      absl::StrCat("Mean result of the winning trades, ", after_fees, "."),
      none.empty() ? "no trade won" : none);
  add("average_loss", "Average loss", Kind::kAmount, CellOf(figures.average_loss),
      absl::StrCat("Mean loss of the losing trades, ", after_fees, "."),
      none.empty() ? "no trade lost" : none);
}

void AddFills(const ReportData& data, Report& report) {
  Table table;
  table.key = "fills";
  table.title = "Fills";
  table.empty = "No fills in the period.";
  table.columns = {{"time", "Time (UTC)", Kind::kTime},
                   {"strategy", "Strategy", Kind::kText},
                   {"instrument", "Instrument", Kind::kText},
                   {"side", "Side", Kind::kText},
                   {"price", "Price", Kind::kDecimal},
                   {"quantity", "Quantity", Kind::kDecimal},
                   {"notional", "Notional", Kind::kAmount, true},
                   {"fee", "Fee", Kind::kDecimal},
                   {"fee_asset", "Fee asset", Kind::kText},
                   {"liquidity", "Liquidity", Kind::kText},
                   {"realized", "Realised before fees", Kind::kAmount, true},
                   {"event_type", "Event type", Kind::kText},
                   {"model_version", "Model version", Kind::kText},
                   {"order", "Order", Kind::kText},
                   {"trade_id", "Trade", Kind::kText}};
  Money volume;
  for (size_t i = data.first_in_period; i < data.fills.size(); ++i) {
    const store::FillRow& row = data.fills[i];
    const LedgerFill& fill = data.ledger.fills[i];
    volume += row.notional;
    table.rows.push_back({row.time, row.strategy.text(), row.instrument.text(),
                          std::string(market::Name(row.side)), row.price, row.quantity,
                          row.notional, row.fee, row.fee_asset.text(),
                          std::string(market::Name(row.liquidity)), fill.realized, fill.event_type,
                          row.model_version, row.client_order_id.text(), row.trade_id});
  }
  report.figures.push_back({"fills", "Fills", Kind::kCount, static_cast<int64_t>(table.rows.size()),
                            "Executions that the venue reported.", ""});
  report.figures.push_back(
      {"volume", "Volume", Kind::kAmount, volume, "Sum of price × quantity of the fills.", ""});
  report.tables.push_back(std::move(table));
}

void AddFees(const ReportData& data, Report& report) {
  struct Sum {
    int64_t fills = 0;
    Money notional, fee;
  };
  std::map<std::pair<market::AssetId, market::Liquidity>, Sum> sums;
  for (size_t i = data.first_in_period; i < data.fills.size(); ++i) {
    const store::FillRow& row = data.fills[i];
    Sum& sum = sums[{row.fee_asset, row.liquidity}];
    ++sum.fills;
    sum.notional += row.notional;
    sum.fee += row.fee;
  }
  Table table;
  table.key = "fees";
  table.title = "Fees";
  table.empty = "No fills in the period.";
  table.note =
      "Each fee in the asset in which the venue took it; assets are not converted. A fee "
      "in the base asset of a spot instrument has left the position already.";
  table.columns = {{"fee_asset", "Fee asset", Kind::kText},
                   {"liquidity", "Liquidity", Kind::kText},
                   {"fills", "Fills", Kind::kCount, true},
                   {"volume", "Volume", Kind::kAmount, true},
                   {"fee", "Fee", Kind::kDecimal}};
  for (const auto& [key, sum] : sums) {
    table.rows.push_back({TextOr(key.first.text(), "none"),
                          TextOr(market::Name(key.second), "not stated"), sum.fills, sum.notional,
                          sum.fee});
  }
  report.tables.push_back(std::move(table));
}

void AddBalances(const ReportData& data, Report& report) {
  Table table;
  table.key = "balances";
  table.title = "Balances at the venue";
  table.empty = "The venue has not stated a balance before the end of the period.";
  table.note =
      "Free and locked together, as the venue stated them last before the start (or first, "
      "when none is older) and last before the end.";
  table.columns = {
      {"asset", "Asset", Kind::kText},           {"opening", "Opening", Kind::kDecimal},
      {"opening_time", "Of (UTC)", Kind::kTime}, {"closing", "Closing", Kind::kDecimal},
      {"closing_time", "Of (UTC)", Kind::kTime}, {"change", "Change", Kind::kDecimal}};
  for (const Balance& balance : data.balances) {
    table.rows.push_back({balance.asset.text(), balance.opening, balance.first_time,
                          balance.closing, balance.last_time, balance.closing - balance.opening});
  }
  report.tables.push_back(std::move(table));
}

}  // namespace gannet::reporting
