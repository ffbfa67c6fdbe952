#include "libs/market/instrument.h"

#include <utility>

#include "libs/base/check.h"

namespace gannet::market {

OrderBounds Instrument::BoundsOf(bool at_market) const {
  OrderBounds bounds{lot, min_quantity, max_quantity, min_notional, max_notional};
  if (!at_market) return bounds;
  if (market_lot.mantissa > 0) bounds.lot = market_lot;
  if (min_market_quantity.mantissa > 0) bounds.min_quantity = min_market_quantity;
  if (max_market_quantity.mantissa > 0) bounds.max_quantity = max_market_quantity;
  if (min_notional_limit_only) bounds.min_notional = Money(0, min_notional.scale());
  if (max_notional_limit_only) bounds.max_notional = Money(0, max_notional.scale());
  return bounds;
}

std::optional<Price> Instrument::ParsePrice(std::string_view text) const {
  const auto mantissa = ParseDecimal(text, price_scale);
  if (!mantissa) return std::nullopt;
  return Price{*mantissa};
}

std::optional<Quantity> Instrument::ParseQuantity(std::string_view text) const {
  const auto mantissa = ParseDecimal(text, quantity_scale);
  if (!mantissa) return std::nullopt;
  return Quantity{*mantissa};
}

std::string Instrument::Format(Price price) const {
  return FormatDecimal(price.mantissa, price_scale);
}
std::string Instrument::Format(Quantity quantity) const {
  return FormatDecimal(quantity.mantissa, quantity_scale);
}

std::optional<Money> Instrument::Notional(Price price, Quantity quantity, Rounding rounding) const {
  const auto contracts = multiplier == 1 ? std::optional<Int128>(quantity.mantissa)
                                         : MulDiv(quantity.mantissa, multiplier, 1, rounding);
  if (!contracts) return std::nullopt;
  const int digits = price_scale + quantity_scale - quote_scale;
  std::optional<Int128> units;
  if (digits >= 0 && digits <= kMaxScale) {
    units = MulDiv(price.mantissa, *contracts, PowerOfTen(digits), rounding);
  } else if (digits < 0) {
    const auto raw = MulDiv(price.mantissa, *contracts, 1, rounding);
    if (raw) units = MulDiv(*raw, PowerOfTen(-digits), 1, rounding);
  } else {
    units = MulDiv(price.mantissa, *contracts,
                   static_cast<Int128>(PowerOfTen(18)) * PowerOfTen(digits - 18), rounding);
  }
  if (!units) return std::nullopt;
  return Money(*units, quote_scale);
}

Money Instrument::BaseAmount(Quantity quantity) const {
  return Money(quantity.mantissa, quantity_scale);
}

Price Instrument::RoundToTick(Price price, Rounding rounding) const {
  if (tick.mantissa <= 0) return price;
  const auto ticks = MulDiv(price.mantissa, 1, tick.mantissa, rounding);
  int64_t rounded = 0;
  if (!__builtin_mul_overflow(static_cast<int64_t>(*ticks), tick.mantissa, &rounded))
    return Price{rounded};
  return Price{price.mantissa / tick.mantissa * tick.mantissa};  // the nearest that exists
}

Quantity Instrument::RoundDownToLot(Quantity quantity) const {
  if (lot.mantissa <= 0) return quantity;
  return Quantity{quantity.mantissa / lot.mantissa * lot.mantissa};
}

double Instrument::ToDouble(Price price) const {
  return market::ToDouble(price.mantissa, price_scale);
}
double Instrument::ToDouble(Quantity quantity) const {
  return market::ToDouble(quantity.mantissa, quantity_scale);
}

bool Instruments::Put(Instrument instrument) {
  const auto [at, added] = all_.try_emplace(instrument.id, instrument);
  if (added) return true;
  if (at->second.version >= instrument.version) return false;
  at->second = std::move(instrument);
  return true;
}

const Instrument* Instruments::Find(const InstrumentId& id) const {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

}  // namespace gannet::market
