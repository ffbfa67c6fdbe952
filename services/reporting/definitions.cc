#include "services/reporting/definitions.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace gannet::reporting {
namespace {

// Exactly, or nothing.
std::optional<int64_t> Mantissa(const market::Money& amount, int scale) {
  const auto there =
      market::Rescale(amount.units(), amount.scale(), scale, market::Rounding::kDown);
  if (!there || *there > std::numeric_limits<int64_t>::max() ||
      *there < std::numeric_limits<int64_t>::min())
    return std::nullopt;
  if (market::Money(*there, scale) != amount) return std::nullopt;
  return static_cast<int64_t>(*there);
}

// Digits after the point that are not zeros at its end.
int DigitsOf(const market::Money& amount) {
  market::Int128 units = amount.units();
  int digits = units == 0 ? 0 : amount.scale();
  for (; digits > 0 && units % 10 == 0; --digits) units /= 10;
  return digits;
}

bool IsScale(int32_t scale) { return scale >= 0 && scale <= market::kMaxScale; }

}  // namespace

store::InstrumentRow RowOf(const market::Instrument& definition) {
  store::InstrumentRow row;
  row.instrument = definition.id;
  row.version = definition.version;
  row.kind = definition.kind;
  row.base = definition.base;
  row.quote = definition.quote;
  row.settle = definition.settle;
  row.price_scale = definition.price_scale;
  row.quantity_scale = definition.quantity_scale;
  row.base_scale = definition.base_scale;
  row.quote_scale = definition.quote_scale;
  row.multiplier = definition.multiplier;
  return row;
}

std::optional<market::Instrument> DefinitionOf(const store::InstrumentRow& row) {
  if (!IsScale(row.price_scale) || !IsScale(row.quantity_scale) || !IsScale(row.base_scale) ||
      !IsScale(row.quote_scale) || row.multiplier <= 0)
    return std::nullopt;
  market::Instrument definition;
  definition.id = row.instrument;
  definition.version = 0;
  definition.kind = row.kind;
  definition.base = row.base;
  definition.quote = row.quote;
  definition.settle = row.settle;
  definition.price_scale = row.price_scale;
  definition.quantity_scale = row.quantity_scale;
  definition.base_scale = row.base_scale;
  definition.quote_scale = row.quote_scale;
  definition.multiplier = row.multiplier;
  return definition;
}

void Widen(market::Instrument& definition, const market::Money& price,
           const market::Money& quantity) {
  definition.price_scale =
      std::min(std::max(definition.price_scale, DigitsOf(price)), market::kMaxScale);
  definition.quantity_scale =
      std::min(std::max(definition.quantity_scale, DigitsOf(quantity)), market::kMaxScale);
}

const Scales::Entry* Scales::Find(const market::InstrumentId& instrument, uint32_t version) const {
  const auto found = known_.find(instrument);
  if (found == known_.end()) return nullptr;
  const std::map<uint32_t, Entry>& versions = found->second;
  if (version == 0) return &versions.rbegin()->second;
  if (version > versions.rbegin()->first) return nullptr;
  const auto after = versions.upper_bound(version);
  return after == versions.begin() ? &after->second : &std::prev(after)->second;
}

bool Scales::Has(const market::InstrumentId& instrument, uint32_t version) const {
  const auto found = known_.find(instrument);
  return found != known_.end() && (version == 0 || found->second.contains(version));
}

std::optional<market::Fill> FillOf(const store::FillRow& row,
                                   const market::Instrument& definition) {
  const auto price = Mantissa(row.price, definition.price_scale);
  const auto quantity = Mantissa(row.quantity, definition.quantity_scale);
  if (!price || !quantity) return std::nullopt;
  market::Fill fill;
  fill.trade_id = row.trade_id;
  fill.price = market::Price{*price};
  fill.quantity = market::Quantity{*quantity};
  fill.fee = row.fee;
  fill.fee_asset = row.fee_asset;
  fill.liquidity = row.liquidity;
  return fill;
}

}  // namespace gannet::reporting
