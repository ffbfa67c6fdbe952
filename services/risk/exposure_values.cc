// What positions and open orders are worth, and the sums of that by scope.
#include <algorithm>
#include <cstdlib>

#include "libs/base/check.h"
#include "services/risk/exposure_book.h"

namespace gannet::risk {
namespace {

using market::Int128;
using market::Money;
using market::Rounding;

constexpr Index kFirmScope = 0;

// Of a quantity that may be negative, above INT64_MIN; away from zero.
Int128 UnitsAway(const TradingRules& rules, int64_t price, int64_t quantity) {
  const QuoteUnits size = UnitsOf(rules, price, std::abs(quantity));
  const Int128 up = size.whole + (size.rest ? 1 : 0);
  return quantity < 0 ? -up : up;
}

}  // namespace

std::optional<Value> ExposureBook::ValueOf(Int128 units, const InstrumentRow& row,
                                           Rounding rounding) const {
  if (units == 0) return Value{0};
  const int scale = row.definition.quote_scale;
  switch (row.conversion) {
    case Conversion::kPar:
      return scale == kValueScale ? std::optional(units)
                                  : market::Rescale(units, scale, kValueScale, rounding);
    case Conversion::kByPrice: {
      const InstrumentRow& rate = instruments_[row.rate];
      if (rate.mark().mantissa <= 0) return std::nullopt;
      const int digits = scale + rate.definition.price_scale - kValueScale;
      if (digits >= 0 && digits <= market::kMaxScale) {
        return market::MulDiv(units, rate.mark().mantissa, market::PowerOfTen(digits), rounding);
      }
      const auto shifted = market::Rescale(units, scale, kValueScale, rounding);
      if (!shifted) return std::nullopt;
      return market::MulDiv(*shifted, rate.mark().mantissa,
                            market::PowerOfTen(rate.definition.price_scale), rounding);
    }
    case Conversion::kImpossible:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Value> ExposureBook::HeldValue(const InstrumentRow& row) const {
  for (const Index at : row.cells) {
    const Cell& cell = cells_[at];
    if (cell.scopes[0] != &scopes_[kFirmScope] || cell.position == 0) continue;
    if (row.mark().mantissa <= 0) return std::nullopt;
    const auto notional =
        row.definition.Notional(row.mark(), market::Quantity{cell.position}, Rounding::kDown);
    return notional ? ValueOf(notional->units(), row, Rounding::kDown) : std::nullopt;
  }
  return Value{0};
}

std::optional<Value> ExposureBook::ValueOfAsset(const market::AssetId& asset,
                                                const Money& amount) const {
  if (asset == limits_.valuation_asset || limits_.at_par.contains(asset)) {
    return market::Rescale(amount.units(), amount.scale(), kValueScale, Rounding::kCeiling);
  }
  const auto by = limits_.converted_by.find(asset);
  if (by == limits_.converted_by.end()) return std::nullopt;
  const Index rate = FindInstrument(by->second);
  if (rate == kNone || instruments_[rate].mark().mantissa <= 0) return std::nullopt;
  const InstrumentRow& row = instruments_[rate];
  const auto scaled =
      market::Rescale(amount.units(), amount.scale(), kValueScale, Rounding::kCeiling);
  if (!scaled) return std::nullopt;
  return market::MulDiv(*scaled, row.mark().mantissa,
                        market::PowerOfTen(row.definition.price_scale), Rounding::kCeiling);
}

// What a cell counts has changed, and its margin from what it was.
void ExposureBook::CountChange(const Cell& cell, const CellSums& before, const Money& margin) {
  const Value gross = cell.gross - before.gross, long_side = cell.long_side - before.long_side,
              short_side = cell.short_side - before.short_side,
              open_value = cell.open_value - before.open_value, pnl = cell.pnl - before.pnl;
  const auto one = [](bool now, bool then) {  // may wrap to minus one
    return static_cast<uint32_t>(now) - static_cast<uint32_t>(then);
  };
  for (ScopeRow* scope : cell.scopes) {
    if (scope == nullptr) break;
    scope->gross += gross;
    scope->long_side += long_side;
    scope->short_side += short_side;
    scope->open_value += open_value;
    scope->pnl += pnl;
    scope->unvalued += one(!cell.valued, !before.valued);
    scope->unmarked += one(!cell.marked, !before.marked);
  }
  if (cell.used != before.used) CountUse(cell, cell.used ? 1 : -1);
  if (cell.instrument_row->group != kNone) {
    CountGroup(cell, before, -1);
    CountGroup(cell, cell, 1);
  }
  if (cell.balance != nullptr) cell.balance->margin = cell.balance->margin - margin + cell.margin;
}

// The sums of a cell at the mark; nothing when something in it cannot be valued.
bool ExposureBook::ValueCell(Cell& cell, const InstrumentRow& row) const {
  const market::Price mark = row.mark();
  const auto units = [&](int64_t quantity) -> std::optional<Int128> {
    if (quantity == 0) return Int128{0};
    if (mark.mantissa <= 0) return std::nullopt;
    if (row.rules.divisor != 0 && quantity != INT64_MIN)
      return UnitsAway(row.rules, mark.mantissa, quantity);
    const auto notional = row.definition.Notional(mark, market::Quantity{quantity}, Rounding::kUp);
    return notional ? std::optional(notional->units()) : std::nullopt;
  };
  const auto held = units(cell.position);
  const auto longs = cell.open_buy == 0 ? held : units(cell.side_quantity(true));
  const auto shorts = cell.open_sell != 0 ? units(cell.side_quantity(false))
                      : held              ? std::optional(-*held)
                                          : std::nullopt;
  if (!held || !longs || !shorts) return false;
  const auto long_side = ValueOf(*longs, row, Rounding::kUp),
             short_side = ValueOf(*shorts, row, Rounding::kUp);
  const auto open = ValueOf(cell.buys + cell.sells, row, Rounding::kUp);
  const auto pnl = ValueOf(*held + cell.cash, row, Rounding::kFloor);
  if (!long_side || !short_side || !open || !pnl) return false;
  cell.held_units = *held;
  cell.long_units = *longs;
  cell.short_units = *shorts;
  cell.long_side = *long_side;
  cell.short_side = *short_side;
  cell.gross = std::max(cell.long_side, cell.short_side);
  cell.open_value = *open;
  cell.pnl = *pnl;
  if (cell.balance != nullptr)
    cell.margin = MarginOf(cell, std::max(cell.long_units, cell.short_units));
  return true;
}

void ExposureBook::Revalue(Cell& cell) {
  const CellSums before = cell;
  const Money margin = cell.margin;
  const InstrumentRow& row = *cell.instrument_row;
  cell.used = cell.position != 0 || cell.open_buy != 0 || cell.open_sell != 0;
  cell.margin = Money();
  cell.valued = ValueCell(cell, row);
  if (!cell.valued) {
    cell.gross = cell.long_side = cell.short_side = cell.open_value = cell.pnl = 0;
    cell.held_units = cell.long_units = cell.short_units = 0;
  }
  cell.marked = cell.position == 0 || row.mid.mantissa > 0;
  CountChange(cell, before, margin);
}

// As Revalue, where open orders of one side have changed and nothing else: what the position
// and the other side are worth stands.
void ExposureBook::RevalueSide(Cell& cell, bool buy) {
  const InstrumentRow& row = *cell.instrument_row;
  const int64_t mark = row.mark().mantissa, quantity = cell.side_quantity(buy);
  if (!cell.valued || !row.plain || row.group != kNone || cell.balance != nullptr ||
      row.rules.divisor == 0 || mark <= 0 || quantity == INT64_MIN)
    return Revalue(cell);
  const bool used = cell.position != 0 || cell.open_buy != 0 || cell.open_sell != 0;
  const Int128 units = (buy ? cell.open_buy : cell.open_sell) == 0
                           ? (buy ? cell.held_units : -cell.held_units)
                           : UnitsAway(row.rules, mark, quantity);
  Value& own = buy ? cell.long_side : cell.short_side;
  (buy ? cell.long_units : cell.short_units) = units;
  const Value side = units - own;
  own = units;
  const Value size = std::max(cell.long_side, cell.short_side), gross = size - cell.gross;
  cell.gross = size;
  const Value open = cell.buys + cell.sells, open_value = open - cell.open_value;
  cell.open_value = open;
  for (ScopeRow* scope : cell.scopes) {
    if (scope == nullptr) break;
    scope->gross += gross;
    (buy ? scope->long_side : scope->short_side) += side;
    scope->open_value += open_value;
  }
  if (used != cell.used) {
    cell.used = used;
    CountUse(cell, used ? 1 : -1);
  }
}

Money ExposureBook::MarginOf(const Cell& cell, Int128 units) const {
  return MarginAt(cell.balance->account, *cell.instrument_row, units);
}

Money ExposureBook::MarginAt(Index account, const InstrumentRow& row, Int128 units) const {
  int64_t ppm = 0;
  for (const Index at : {kFirmScope, account, row.venue_scope, row.scope}) {
    ppm = std::max(ppm, scopes_[at].limits.initial_margin_ppm.value_or(0));
  }
  const auto margin = market::MulDiv(units, ppm == 0 ? 1'000'000 : ppm, 1'000'000, Rounding::kUp);
  GANNET_CHECK(margin.has_value(), "a margin is at most what it secures");
  return Money(*margin, row.definition.quote_scale);
}

void ExposureBook::RevalueInstrument(Index at) {
  for (const Index cell : instruments_[at].cells) Revalue(cells_[cell]);
  for (const Index other : instruments_[at].dependents) {
    for (const Index cell : instruments_[other].cells) Revalue(cells_[cell]);
  }
}

}  // namespace gannet::risk
