// Instruments of the exposure book: new definitions, and what is open brought to their
// scales.
#include <algorithm>

#include "services/risk/exposure_book.h"

namespace gannet::risk {
namespace {

using market::Int128;
using market::Money;
using market::Rounding;
using market::ScopeKind;
using market::Side;

SizeRules SizeRulesOf(const market::Instrument& definition, bool at_market) {
  const market::OrderBounds bounds = definition.BoundsOf(at_market);
  const auto units = [&](const Money& amount, Rounding rounding) {
    return market::Rescale(amount.units(), amount.scale(), definition.quote_scale, rounding)
        .value_or(amount.units() > 0 ? kNoLimit : 0);
  };
  return {.lot = bounds.lot.mantissa,
          .min_quantity = bounds.min_quantity.mantissa,
          .max_quantity = bounds.max_quantity.mantissa,
          .min_notional = units(bounds.min_notional, Rounding::kCeiling),
          .max_notional = units(bounds.max_notional, Rounding::kFloor)};
}

}  // namespace

// Versions follow each other for many reasons (a tick, a status) and hardly ever for their
// scales: so that a fill of an order, however old, finds those that it speaks in.
void InstrumentRow::AddScales(const ScaleVersion& next) {
  if (!scales.empty() && scales.back().price_scale == next.price_scale &&
      scales.back().quantity_scale == next.quantity_scale) {
    scales.back().version = next.version;
    return;
  }
  scales.push_back(next);
  if (scales.size() > kMaxScaleVersions) scales.erase(scales.begin());
}

void ExposureBook::PutInstrument(const market::Instrument& definition) {
  Index at = FindInstrument(definition.id);
  if (at == kNone) {
    if (instruments_.size() >= kMaxInstruments) {
      ++stats_.definitions_refused;
      return;
    }
    const std::string venue(market::VenueOf(definition.id));
    const Index scope = MakeScope(ScopeKind::kInstrument, definition.id.text());
    const Index venue_scope = MakeScope(ScopeKind::kVenue, venue);
    if (scope == kNone || venue_scope == kNone) return;
    at = static_cast<Index>(instruments_.size());
    instrument_index_.emplace(definition.id.text(), at);
    InstrumentRow& row = instruments_.emplace_back();
    row.venue = venue;
    row.scope = scope;
    row.venue_scope = venue_scope;
    row.definition = definition;
    row.moves.SetWindow(limits_.windows.market);
    FindGroup(row);
  } else if (InstrumentRow& row = instruments_[at]; row.definition.version >= definition.version) {
    return;
  } else if (Rescale(row, definition)) {
    row.definition = definition;
    row.bid = row.ask = row.mid = market::Price{};
    row.AwaitQuote();
    row.data_time = base::Time();
    row.crossed = false;
    row.moves.Clear();
    row.moved = {};
  } else {
    ++stats_.definitions_refused;
  }
  InstrumentRow& row = instruments_[at];
  row.AddScales(
      {definition.version, definition.version, definition.price_scale, definition.quantity_scale});
  TakeRules(row);
  LinkConversion(at);
  row.quote_asset = NumberOf(definition.quote);
  RevalueInstrument(at);
}

void ExposureBook::TakeRules(InstrumentRow& row) const {
  const market::Instrument& definition = row.definition;
  TradingRules& rules = row.rules;
  rules.tick = definition.tick.mantissa;
  rules.limit = SizeRulesOf(definition, /*at_market=*/false);
  rules.market = SizeRulesOf(definition, /*at_market=*/true);
  const int digits = definition.price_scale + definition.quantity_scale - definition.quote_scale;
  const bool simple = definition.multiplier == 1 && digits >= 0 && digits <= market::kMaxScale;
  rules.divisor = simple ? market::PowerOfTen(digits) : 0;
  rules.version = definition.version;
  rules.shut =
      !row.broken.empty() || row.scales.empty() || row.scales.back().version != definition.version;
  rules.spot = definition.kind == market::InstrumentKind::kSpot;
  rules.trading = definition.status == market::InstrumentStatus::kTrading;
  rules.settles_elsewhere = !rules.spot && definition.settle != definition.quote;
  rules.quote_scale = definition.quote_scale;
  rules.quantity_scale = definition.quantity_scale;
  rules.buy_band = definition.buy_band;
  rules.sell_band = definition.sell_band;
  row.plain = row.conversion == Conversion::kPar && definition.quote_scale == kValueScale;
}

// How amounts in the quote asset of this instrument get their value, and which
// instruments wait for this one's price.
void ExposureBook::LinkConversion(Index at) {
  const auto resolve = [this](Index which) {
    InstrumentRow& row = instruments_[which];
    const market::AssetId& quote = row.definition.quote;
    row.conversion = Conversion::kImpossible;
    row.plain = false;
    row.rate = kNone;
    if (quote == limits_.valuation_asset || limits_.at_par.contains(quote)) {
      row.conversion = Conversion::kPar;
      row.plain = row.definition.quote_scale == kValueScale;
    } else if (const auto by = limits_.converted_by.find(quote); by != limits_.converted_by.end()) {
      const Index rate = FindInstrument(by->second);
      if (rate == kNone || rate == which || instruments_[rate].definition.base != quote) return;
      const market::AssetId& into = instruments_[rate].definition.quote;
      if (into != limits_.valuation_asset && !limits_.at_par.contains(into)) return;
      row.conversion = Conversion::kByPrice;
      row.rate = rate;
      auto& dependents = instruments_[rate].dependents;
      if (std::find(dependents.begin(), dependents.end(), which) == dependents.end())
        dependents.push_back(which);
    }
  };
  resolve(at);
  // This one may be the rate that others have been waiting for.
  for (const auto& [asset, instrument] : limits_.converted_by) {
    if (instrument != instruments_[at].definition.id) continue;
    for (Index other = 0; other < instruments_.size(); ++other) {
      if (instruments_[other].definition.quote == asset &&
          instruments_[other].conversion == Conversion::kImpossible) {
        resolve(other);
        RevalueInstrument(other);
      }
    }
  }
}

// Brings everything open in an instrument to the scales of a new version; false,
// and nothing changed, when a number would have to be rounded.
bool ExposureBook::Rescale(InstrumentRow& row, const market::Instrument& definition) {
  const market::Instrument& old = row.definition;
  if (old.price_scale == definition.price_scale &&
      old.quantity_scale == definition.quantity_scale &&
      old.quote_scale == definition.quote_scale) {
    return true;
  }
  const Index at = FindInstrument(definition.id);
  const auto open_in = [&](const Leaf& leaf) { return leaf.instrument == at; };
  const auto exact = [](Int128 value, int from, int to) -> std::optional<Int128> {
    const auto there = market::Rescale(value, from, to, Rounding::kDown);
    if (!there || !Sane(*there) ||
        market::Rescale(*there, to, from, Rounding::kDown) != std::optional(value))
      return std::nullopt;
    return there;
  };
  const auto quantity = [&](int64_t value) -> std::optional<int64_t> {
    const auto there = exact(value, old.quantity_scale, definition.quantity_scale);
    if (!there || *there > kMaxPosition || *there < -kMaxPosition) return std::nullopt;
    return static_cast<int64_t>(*there);
  };
  const auto cash = [&](Int128 value) {
    return exact(value, old.quote_scale, definition.quote_scale);
  };

  std::vector<std::pair<Leaf*, Leaf>> leaves;
  for (Leaf& leaf : leaves_) {
    if (!open_in(leaf)) continue;
    Leaf changed = leaf;
    const auto position = quantity(leaf.position);
    const auto units = cash(leaf.cash);
    if (!position || !units) return false;
    changed.position = *position;
    changed.cash = *units;
    changed.told = false;
    changed.differs_since = base::Time::max();
    leaves.emplace_back(&leaf, std::move(changed));
  }
  std::vector<std::pair<OpenOrder*, OpenOrder>> orders;
  std::vector<OpenOrder*> open;
  // What a child has taken is of its parent's instrument, wherever the child trades.
  const auto took_here = [&](const OpenOrder& order) {
    const OpenOrder* parent = order.taken > 0 ? orders_.Find(order.parent) : nullptr;
    return parent != nullptr && open_in(leaves_[parent->leaf]);
  };
  orders_.ForEach([&](const auto&, OpenOrder& order) {
    if (open_in(leaves_[order.leaf]) || took_here(order)) open.push_back(&order);
  });
  for (OpenOrder* at_old : open) {
    const OpenOrder& order = *at_old;
    OpenOrder changed = order;
    if (took_here(order)) {
      const auto taken = quantity(order.taken);
      const auto taken_value = cash(order.taken_value);
      if (!taken || !taken_value) return false;
      changed.taken = *taken;
      changed.taken_value = *taken_value;
    }
    if (!open_in(leaves_[order.leaf])) {
      orders.emplace_back(at_old, std::move(changed));
      continue;
    }
    const auto ordered = quantity(order.quantity.mantissa),
               filled = quantity(order.cumulative.mantissa);
    const auto reserved = cash(order.reserved.units());
    if (!ordered || !filled || !reserved) return false;
    changed.quantity = {*ordered};
    changed.cumulative = {*filled};
    changed.reserved = Money(*reserved, definition.quote_scale);
    if (!order.amendment.empty()) {
      const auto amended = quantity(order.amended_quantity.mantissa);
      const auto amended_reserved = cash(order.amended_reserved.units());
      const auto meets = exact(order.amended_meets, old.price_scale, definition.price_scale);
      if (!amended || !amended_reserved || !meets || *meets <= 0 || *meets >= kAnyBuy) return false;
      changed.amended_quantity = {*amended};
      changed.amended_reserved = Money(*amended_reserved, definition.quote_scale);
      changed.amended_meets = static_cast<int64_t>(*meets);
    }
    if (order.is_parent) {
      const auto rest = quantity(order.rest);
      const auto rest_value = cash(order.rest_value);
      if (!rest || !rest_value) return false;
      changed.rest = *rest;
      changed.rest_value = *rest_value;
    }
    const auto meets = exact(order.meets, old.price_scale, definition.price_scale);
    if (order.meets != kAnyBuy && order.meets != kAnySell) {
      const bool fits = meets && *meets > 0 && *meets < kAnyBuy;
      changed.meets = fits                       ? static_cast<int64_t>(*meets)
                      : order.side == Side::kBuy ? kAnyBuy
                                                 : kAnySell;
    }
    orders.emplace_back(at_old, std::move(changed));
  }
  const auto last_fill = exact(row.last_fill.mantissa, old.price_scale, definition.price_scale);
  for (auto& [leaf, changed] : leaves) *leaf = std::move(changed);
  for (auto& [order, changed] : orders) *order = std::move(changed);
  row.last_fill =
      market::Price{last_fill && *last_fill <= kMaxPosition ? static_cast<int64_t>(*last_fill) : 0};
  row.definition = definition;
  TakeRules(row);
  Rebuild();
  return true;
}

}  // namespace gannet::risk
