#include "services/strategy/sizing.h"

#include <algorithm>
#include <limits>

namespace gannet::strategy {
namespace {

using market::Int128;
using market::Rounding;

constexpr int64_t kPpb = 1'000'000'000;
constexpr int64_t kPpm = 1'000'000;

// notional / (price × multiplier), rounded down to whole units of quantity.
std::optional<int64_t> Units(const market::Instrument& instrument, market::Price price,
                             const market::Money& notional) {
  if (price.mantissa <= 0 || notional.units() <= 0) return std::nullopt;
  const auto at_scale =
      market::Rescale(notional.units(), notional.scale(), instrument.quote_scale, Rounding::kDown);
  if (!at_scale) return std::nullopt;
  const int digits = instrument.price_scale + instrument.quantity_scale - instrument.quote_scale;
  const Int128 divisor = static_cast<Int128>(price.mantissa) * instrument.multiplier;
  const auto units =
      digits >= 0
          ? market::MulDiv(*at_scale, market::PowerOfTen(std::min(digits, 18)), divisor,
                           Rounding::kDown)
          : market::MulDiv(*at_scale, 1, divisor * market::PowerOfTen(-digits), Rounding::kDown);
  if (!units || digits > 18) return std::nullopt;
  return static_cast<int64_t>(std::min<Int128>(*units, std::numeric_limits<int64_t>::max() / 4));
}

bool WorthMinimum(const market::Instrument& instrument, market::Price price,
                  market::Quantity quantity) {
  const auto notional = instrument.Notional(price, quantity, Rounding::kDown);
  return notional && *notional >= instrument.min_notional;
}

bool AboveMinimum(const market::Instrument& instrument, market::Price price,
                  market::Quantity quantity) {
  return quantity.mantissa > 0 && quantity >= instrument.min_quantity &&
         WorthMinimum(instrument, price, quantity);
}

}  // namespace

std::optional<market::Quantity> QuantityFor(const market::Instrument& instrument,
                                            market::Price price, const market::Money& notional) {
  const auto units = Units(instrument, price, notional);
  if (!units) return std::nullopt;
  const market::Quantity quantity =
      InOneOrder(instrument, price, instrument.RoundDownToLot({*units}));
  if (!AboveMinimum(instrument, price, quantity)) return std::nullopt;
  return quantity;
}

std::optional<market::Quantity> TargetQuantity(const market::Instrument& instrument,
                                               market::Price price, int64_t sigma_ppb,
                                               base::Duration horizon,
                                               const SizingSettings& sizing) {
  const int64_t sigma = SigmaOver(sigma_ppb, horizon);
  const auto risk = market::Rescale(sizing.risk.units(), sizing.risk.scale(),
                                    instrument.quote_scale, Rounding::kDown);
  if (!risk) return std::nullopt;
  const auto notional = market::MulDiv(*risk, kPpb, sigma, Rounding::kDown);
  const market::Money cap = sizing.max_notional;
  const market::Money wanted(notional.value_or(std::numeric_limits<int64_t>::max()),
                             instrument.quote_scale);
  return QuantityFor(instrument, price, std::min(wanted, cap));
}

market::Quantity InOneOrder(const market::Instrument& instrument, market::Price price,
                            market::Quantity quantity) {
  if (instrument.max_quantity.mantissa > 0)
    quantity = std::min(quantity, instrument.RoundDownToLot(instrument.max_quantity));
  if (const auto worth = Units(instrument, price, instrument.max_notional))
    quantity = std::min(quantity, instrument.RoundDownToLot({*worth}));
  return quantity;
}

market::Quantity Closable(const market::Instrument& instrument, market::Price limit,
                          const market::Position& position) {
  const bool is_long = position.net.mantissa > 0;
  const market::Quantity size = InOneOrder(
      instrument, limit, instrument.RoundDownToLot(is_long ? position.net : -position.net));
  // Venues of derivatives take what only reduces however little it is worth (control 21).
  const bool worth =
      instrument.kind != market::InstrumentKind::kSpot || WorthMinimum(instrument, limit, size);
  if (!worth || size < instrument.min_quantity) return {};
  return is_long ? size : -size;
}

market::Price LimitBeyond(const market::Instrument& instrument, market::Price price, int64_t ppm,
                          market::Side side) {
  const bool buy = side == market::Side::kBuy;
  const auto moved =
      market::MulDiv(price.mantissa, buy ? kPpm + ppm : kPpm - ppm, kPpm, Rounding::kHalfEven);
  if (!moved || *moved <= 0 || *moved > std::numeric_limits<int64_t>::max() / 4) return price;
  const market::Price limit = instrument.RoundToTick({static_cast<int64_t>(*moved)},
                                                     buy ? Rounding::kCeiling : Rounding::kFloor);
  return std::max(limit, instrument.tick);
}

}  // namespace gannet::strategy
