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

void ExposureBook::TakeLosses(ScopeRow& scope) {
  const Value result = scope.result();
  scope.lost = scope.day_baseline - result > scope.sum_limits.loss ||
               scope.high - result > scope.sum_limits.fall;
}

void ExposureBook::TakeRoom(ScopeRow& scope) {
  const SumLimits& limits = scope.sum_limits;
  scope.room.open_value = Left(limits.open_value, scope.open_value);
  scope.room.gross = Left(limits.gross, scope.gross);
  scope.room.net = {Left(limits.net, scope.long_side), Left(limits.net, scope.short_side)};
  if (scope.spread_limits.capital != kNoLimit) {
    const Value lost = std::max<Value>(scope.day_baseline - scope.result(), 0);
    scope.room.gross =
        std::min(scope.room.gross, Left(scope.spread_limits.capital, scope.gross + lost));
  }
}

bool ExposureBook::RoomFits(const ScopeRow& scope) {
  ScopeRow fresh;
  fresh.sum_limits = scope.sum_limits;
  fresh.spread_limits = scope.spread_limits;
  fresh.open_value = scope.open_value;
  fresh.gross = scope.gross;
  fresh.long_side = scope.long_side;
  fresh.short_side = scope.short_side;
  fresh.pnl = scope.pnl;
  fresh.fees = scope.fees;
  fresh.high = scope.high;
  fresh.day_baseline = scope.day_baseline;
  TakeLosses(fresh);
  TakeRoom(fresh);
  // What was beyond kMostRoom may be said to be less than there is.
  const auto fits = [](int64_t said, int64_t is) {
    return said == is || (said < is && is > kMostRoom / 2);
  };
  return scope.lost == fresh.lost && fits(scope.room.open_value, fresh.room.open_value) &&
         fits(scope.room.gross, fresh.room.gross) && fits(scope.room.net[0], fresh.room.net[0]) &&
         fits(scope.room.net[1], fresh.room.net[1]);
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
    TakeLosses(*scope);
    TakeRoom(*scope);
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
  cell.marked = cell.position == 0 || !row.awaited;
  CountChange(cell, before, margin);
}

namespace {

// So small that it cannot lead a room out of 64 bits.
constexpr int64_t kMostStep = kMostRoom / 4;
bool IsStep(Value change) {
  return static_cast<unsigned __int128>(change + kMostStep) <= 2 * uint64_t{kMostStep};
}

// `taken`, a step, is gone from a room or has come back; false where that has to be worked out
// anew, since a room that is cut at the lower end may be less than it says.
bool Follow(int64_t& room, int64_t taken) {
  room -= taken;
  if (room > kMostRoom) room = kMostRoom;
  return room > -kMostRoom / 2;
}

}  // namespace

// As Revalue, where open orders of one side have changed and nothing else: what the position
// and the other side are worth stands.
void ExposureBook::RevalueSide(Cell& cell, bool buy, Sized& sized) {
  const InstrumentRow& row = *cell.instrument_row;
  const int64_t mark = row.mark().mantissa, quantity = cell.side_quantity(buy);
  if (!cell.valued || !row.plain || row.group != kNone || cell.balance != nullptr ||
      row.rules.divisor == 0 || mark <= 0 || quantity == INT64_MIN)
    return Revalue(cell);
  Value& own = buy ? cell.long_side : cell.short_side;
  // Firm, account and strategy often hold the same.
  if (sized.quantity != quantity) sized = {quantity, UnitsAway(row.rules, mark, quantity)};
  const Int128 held = buy ? cell.held_units : -cell.held_units;
  const Int128 units = (buy ? cell.open_buy : cell.open_sell) == 0 ? held : sized.units;
  const Value size = std::max(units, buy ? cell.short_side : cell.long_side);
  const Value open = cell.buys + cell.sells;
  const Value side_step = units - own, gross_step = size - cell.gross,
              open_step = open - cell.open_value;
  if (!IsStep(side_step) || !IsStep(gross_step) || !IsStep(open_step)) return Revalue(cell);
  const auto side = static_cast<int64_t>(side_step), gross = static_cast<int64_t>(gross_step),
             open_value = static_cast<int64_t>(open_step);
  own = units;
  (buy ? cell.long_units : cell.short_units) = units;
  cell.gross = size;
  cell.open_value = open;
  for (ScopeRow* scope : cell.scopes) {
    if (scope == nullptr) break;
    scope->gross += gross;
    (buy ? scope->long_side : scope->short_side) += side;
    scope->open_value += open_value;
    Room& room = scope->room;
    const bool gross_known = Follow(room.gross, gross),
               open_known = Follow(room.open_value, open_value),
               net_known = Follow(room.net[buy ? 0 : 1], side);
    if (!gross_known || !open_known || !net_known) TakeRoom(*scope);
  }
  const bool used = cell.position != 0 || cell.open_buy != 0 || cell.open_sell != 0;
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
