// Fills: positions, cash and fees.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/risk/exposure_book.h"

namespace gannet::risk {
namespace {

using market::Int128;
using market::Money;
using market::Rounding;
using market::Side;

}  // namespace

void ExposureBook::Break(InstrumentRow& row, std::string why) {
  ++stats_.reports_unplaced;
  if (row.broken.empty()) row.broken = std::move(why);
  TakeRules(row);
}

const ScaleVersion* InstrumentRow::ScalesOf(uint32_t version) const {
  const auto found = std::find_if(scales.begin(), scales.end(), [version](const ScaleVersion& one) {
    return one.since <= version && version <= one.version;
  });
  return found == scales.end() ? nullptr : &*found;
}

// A quantity of some version in the scale of the current definition; nothing when that cannot
// be done exactly.
std::optional<int64_t> ExposureBook::InCurrentScale(const InstrumentRow& row, uint32_t version,
                                                    market::Quantity quantity) {
  if (version == row.definition.version) return quantity.mantissa;
  const ScaleVersion* scales = row.ScalesOf(version);
  if (scales == nullptr) return std::nullopt;
  const int from = scales->quantity_scale, to = row.definition.quantity_scale;
  const auto there = market::Rescale(quantity.mantissa, from, to, Rounding::kDown);
  if (!there || *there > kMaxPosition || *there < -kMaxPosition ||
      market::Rescale(*there, to, from, Rounding::kDown) !=
          std::optional<Int128>(quantity.mantissa))
    return std::nullopt;
  return static_cast<int64_t>(*there);
}

// The fill in the scales of the current definition; nothing, and the instrument
// shut, when that cannot be done exactly.
std::optional<market::Fill> ExposureBook::InCurrentScales(InstrumentRow& row,
                                                          const market::ExecReport& report) {
  market::Fill fill = *report.fill;
  if (report.instrument_version != row.definition.version) {
    const ScaleVersion* scales = row.ScalesOf(report.instrument_version);
    const auto quantity = InCurrentScale(row, report.instrument_version, fill.quantity);
    std::optional<Int128> price;
    if (scales != nullptr) {
      price = market::Rescale(fill.price.mantissa, scales->price_scale, row.definition.price_scale,
                              Rounding::kHalfEven);
    }
    if (!price || !quantity || *price > kMaxPosition) {
      Break(row, absl::StrCat("trade ", fill.trade_id, " speaks of version ",
                              report.instrument_version, ", whose scales are not known here"));
      return std::nullopt;
    }
    fill.price = {static_cast<int64_t>(*price)};
    fill.quantity = {*quantity};
  }
  if (fill.price.mantissa <= 0 || fill.quantity.mantissa <= 0 ||
      fill.quantity.mantissa > kMaxPosition || !Sane(fill.fee.units())) {
    Break(row, absl::StrCat("trade ", fill.trade_id, " has no possible price, quantity or fee"));
    return std::nullopt;
  }
  return fill;
}

std::optional<int64_t> ExposureBook::ApplyFill(const market::ExecReport& report, bool spends) {
  const Index leaf_at = Touch(report.account, report.strategy, report.instrument);
  if (leaf_at == kNone) {
    ++stats_.reports_unplaced;
    return std::nullopt;
  }
  Leaf& leaf = leaves_[leaf_at];
  InstrumentRow& row = instruments_[leaf.instrument];
  const std::optional<market::Fill> fill = InCurrentScales(row, report);
  if (!fill) return std::nullopt;
  const auto notional = row.definition.Notional(fill->price, fill->quantity, Rounding::kHalfEven);
  const int64_t quantity = market::Sign(report.side) * fill->quantity.mantissa;
  if (!notional || !Sane(notional->units()) || leaf.position + quantity > kMaxPosition ||
      leaf.position + quantity < -kMaxPosition || !Sane(leaf.cash)) {
    Break(row, absl::StrCat("trade ", fill->trade_id, " is larger than a position can be"));
    return std::nullopt;
  }
  row.last_fill = fill->price;
  if (row.mid.mantissa == 0)
    RevalueInstrument(leaf.instrument);  // it is the mark until a quote comes
  const bool buy = report.side == Side::kBuy;
  ChangePosition(leaf, quantity, buy ? -notional->units() : notional->units());
  if (!row.derivative() && spends) {
    // What was spent is gone now; what was gained counts once the venue says so.
    BalanceRow& spent = balances_[buy ? leaf.quote_balance : leaf.base_balance];
    if (spent.known) spent.total -= buy ? *notional : row.definition.BaseAmount(fill->quantity);
  }
  BookFee(row, leaf, *fill);
  return fill->quantity.mantissa;
}

void ExposureBook::BookFee(InstrumentRow& row, Leaf& leaf, const market::Fill& fill) {
  if (fill.fee.zero()) return;
  const market::Instrument& definition = row.definition;
  if (fill.fee_asset == definition.base && !row.derivative()) {
    const Money owed = leaf.base_fee_rest + fill.fee;
    const auto whole =
        market::Rescale(owed.units(), owed.scale(), definition.quantity_scale, Rounding::kDown);
    if (!whole || *whole > kMaxPosition || *whole < -kMaxPosition) return;
    leaf.base_fee_rest = owed - Money(*whole, definition.quantity_scale);
    ChangePosition(leaf, -static_cast<int64_t>(*whole), 0);
  } else {
    Pay(leaf, fill.fee_asset, fill.fee);
  }
}

void ExposureBook::ChangePosition(Leaf& leaf, int64_t quantity, Int128 cash) {
  leaf.position += quantity;
  leaf.cash += cash;
  for (const Index at : leaf.cells) {
    cells_[at].position += quantity;
    cells_[at].cash += cash;
    Revalue(cells_[at]);
  }
}

}  // namespace gannet::risk
