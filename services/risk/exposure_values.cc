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

// The same; beyond kMostNarrow where it is beyond it to either side.
int64_t NarrowUnits(const TradingRules& rules, int64_t price, int64_t quantity) {
  if (quantity == INT64_MIN) return INT64_MAX;
  const QuoteUnits units = UnitsOf(rules, price, std::abs(quantity));
  if (units.whole >= kMostNarrow) return INT64_MAX;
  const int64_t up = static_cast<int64_t>(units.whole) + (units.rest ? 1 : 0);
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
  const InstrumentRow* rate = RateOf(asset);
  if (rate == nullptr || rate->mark().mantissa <= 0) return std::nullopt;
  const auto scaled =
      market::Rescale(amount.units(), amount.scale(), kValueScale, Rounding::kCeiling);
  if (!scaled) return std::nullopt;
  return market::MulDiv(*scaled, rate->mark().mantissa,
                        market::PowerOfTen(rate->definition.price_scale), Rounding::kCeiling);
}

const InstrumentRow* ExposureBook::RateOf(const market::AssetId& asset) const {
  if (asset == limits_.valuation_asset || limits_.at_par.contains(asset)) return nullptr;
  const auto by = limits_.converted_by.find(asset);
  if (by == limits_.converted_by.end()) return nullptr;
  const Index rate = FindInstrument(by->second);
  return rate == kNone ? nullptr : &instruments_[rate];
}

namespace {

// What `limit` leaves above `sum`.
int64_t Left(Value limit, Value sum) {
  Value left = 0;
  if (__builtin_sub_overflow(limit, sum, &left)) left = limit > 0 ? kMostRoom : -kMostRoom;
  return static_cast<int64_t>(std::clamp<Value>(left, -kMostRoom, kMostRoom));
}

}  // namespace

void ExposureBook::TakeRoom(ScopeRow& scope) {
  const SumLimits& limits = scope.sum_limits;
  const ScopeSums sums{scope.open_value(), scope.gross(), scope.long_side(), scope.short_side()};
  const Value result = scope.result();
  scope.lost = scope.day_baseline - result > limits.loss || scope.high - result > limits.fall;
  scope.only_reduces = scope.lost || scope.state == market::TradingState::kReducing;
  const bool shut = scope.killed || scope.throttled || scope.breaker_open || scope.unvalued > 0 ||
                    scope.state > market::TradingState::kReducing;
  Room& room = scope.room;
  room = {.orders = shut ? -kMostRoom : int64_t{limits.open_orders} - scope.open_orders,
          .open_value = Left(limits.open_value, sums.open_value),
          .gross = Left(limits.gross, sums.gross),
          .net = {Left(limits.net, sums.long_side), Left(limits.net, sums.short_side)}};
  if (scope.spread_limits.capital != kNoLimit) {
    const Value lost = std::max<Value>(scope.day_baseline - result, 0);
    room.gross = std::min(room.gross, Left(scope.spread_limits.capital, sums.gross + lost));
  }
  scope.whole = {.open_value = sums.open_value + room.open_value,
                 .gross = sums.gross + room.gross,
                 .long_side = sums.long_side + room.net[0],
                 .short_side = sums.short_side + room.net[1]};
}

bool ExposureBook::SumsFit() const {
  // What was beyond kMostRoom is followed from there.
  const auto fits = [](int64_t said, int64_t is) {
    return said == is || (is > kMostRoom / 2 && (said < is || is == kMostRoom));
  };
  return std::all_of(scopes_.begin(), scopes_.end(), [&](const ScopeRow& scope) {
    ScopeSums sums;
    for (const Cell& cell : cells_) {
      if (std::find(cell.scopes.begin(), cell.scopes.end(), &scope) == cell.scopes.end()) continue;
      sums.open_value += cell.open_value;
      sums.gross += cell.gross;
      sums.long_side += cell.long_side;
      sums.short_side += cell.short_side;
    }
    ScopeRow fresh = scope;
    TakeRoom(fresh);
    const Room &said = scope.room, &is = fresh.room;
    return scope.open_value() == sums.open_value && scope.gross() == sums.gross &&
           scope.long_side() == sums.long_side && scope.short_side() == sums.short_side &&
           scope.lost == fresh.lost && scope.only_reduces == fresh.only_reduces &&
           (is.orders == -kMostRoom ? said.orders < 0 : said.orders == is.orders) &&
           fits(said.open_value, is.open_value) && fits(said.gross, is.gross) &&
           fits(said.net[0], is.net[0]) && fits(said.net[1], is.net[1]);
  });
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
    scope->whole.gross += gross;
    scope->whole.long_side += long_side;
    scope->whole.short_side += short_side;
    scope->whole.open_value += open_value;
    scope->pnl += pnl;
    scope->unvalued += one(!cell.valued, !before.valued);
    scope->unmarked += one(!cell.marked, !before.marked);
    TakeRoom(*scope);
  }
  if (cell.instrument_row->group != kNone) {
    CountGroup(cell, before, -1);
    CountGroup(cell, cell, 1);
  }
  if (cell.balance != nullptr) cell.balance->margin = cell.balance->margin - margin + cell.margin;
}

inline void ExposureBook::CountUse(Cell& cell) {
  const bool used = (cell.position | cell.open_buy | cell.open_sell) != 0;
  if (used == cell.used) return;
  cell.used = used;
  const uint32_t more = used ? 1 : UINT32_MAX;
  cell.scopes[0]->instruments_used += more;  // wraps to minus one
  *cell.venue_use += more;
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
  CountUse(cell);
  cell.margin = Money();
  cell.valued = ValueCell(cell, row);
  if (!cell.valued) {
    cell.gross = cell.long_side = cell.short_side = cell.open_value = cell.pnl = 0;
    cell.held_units = cell.long_units = cell.short_units = 0;
  }
  cell.marked = cell.position == 0 || !row.awaited;
  const auto narrow = [](Int128 sum) { return sum <= kMostNarrow && sum >= -kMostNarrow; };
  cell.narrow = narrow(cell.long_side) && narrow(cell.short_side);
  cell.simple = cell.valued && cell.narrow && narrow(cell.held_units) && row.plain &&
                row.group == kNone && cell.balance == nullptr && row.rules.divisor != 0 &&
                row.mark().mantissa > 0;
  CountChange(cell, before, margin);
}

// As Revalue of all its cells, which are simple, where open orders of one side have changed, by
// `reserved` units, and nothing else: what the position and the other side are worth stands.
template <bool buy>
void ExposureBook::RevalueSides(const Leaf& leaf, int64_t reserved) {
  const InstrumentRow& row = *leaf.instrument_row;
  const int64_t mark = row.mark().mantissa;
  int64_t sized = 0, size = 0;  // a quantity at the mark
  for (Cell* const at : leaf.cell_rows) {
    Cell& cell = *at;
    const int64_t quantity = cell.side_quantity(buy);
    if (sized != quantity) {  // firm, account and strategy often hold the same
      sized = quantity;
      size = NarrowUnits(row.rules, mark, quantity);
    }
    if (size > kMostNarrow) {
      Revalue(cell);
      continue;
    }
    int64_t units = size;
    if ((buy ? cell.open_buy : cell.open_sell) == 0)
      units = static_cast<int64_t>(buy ? cell.held_units : -cell.held_units);
    const int64_t larger =
        std::max(units, static_cast<int64_t>(buy ? cell.short_side : cell.long_side));
    const int64_t side = units - static_cast<int64_t>(buy ? cell.long_side : cell.short_side),
                  gross = larger - static_cast<int64_t>(cell.gross);
    (buy ? cell.long_side : cell.short_side) = units;
    (buy ? cell.long_units : cell.short_units) = units;
    cell.gross = larger;
    cell.open_value += reserved;
    for (ScopeRow* const scope : cell.scopes) {
      if (scope == nullptr) break;
      Room& room = scope->room;
      room.gross -= gross;
      room.open_value -= reserved;
      room.net[buy ? 0 : 1] -= side;
      // Worked out anew before it leaves 64 bits, and where it may be less than it says: below
      // zero. No step leads from there past both.
      if (static_cast<uint64_t>(room.gross | room.open_value | room.net[buy ? 0 : 1]) >=
          2 * uint64_t{kMostRoom})
        TakeRoom(*scope);
    }
    CountUse(cell);
  }
}

template void ExposureBook::RevalueSides<true>(const Leaf& leaf, int64_t reserved);
template void ExposureBook::RevalueSides<false>(const Leaf& leaf, int64_t reserved);

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
