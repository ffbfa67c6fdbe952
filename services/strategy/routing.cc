#include "services/strategy/routing.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "services/strategy/schedule.h"
#include "services/strategy/sizing.h"

namespace gannet::strategy {
namespace {

using market::Int128;
using market::Rounding;
using market::Side;

constexpr int64_t kPpm = 1'000'000;
constexpr int kCommonScale = 18;

// What one unit costs (of a sale: brings) after the fee, at a common scale.
Int128 Effective(const VenueOffer& offer, Side side) {
  const int64_t factor = side == Side::kBuy ? kPpm + offer.fee_ppm : kPpm - offer.fee_ppm;
  const auto price = market::Rescale(offer.level.price.mantissa, offer.instrument->price_scale,
                                     kCommonScale, Rounding::kDown);
  const auto after = market::MulDiv(price.value_or(0), factor, kPpm,
                                    side == Side::kBuy ? Rounding::kUp : Rounding::kDown);
  return after.value_or(0);
}

}  // namespace

std::optional<int64_t> ExactRescale(int64_t value, int from, int to) {
  const auto there = market::Rescale(value, from, to, Rounding::kDown);
  if (!there || *there > std::numeric_limits<int64_t>::max() ||
      *there < std::numeric_limits<int64_t>::min() ||
      market::Rescale(*there, to, from, Rounding::kDown) != std::optional<Int128>(value)) {
    return std::nullopt;
  }
  return static_cast<int64_t>(*there);
}

std::vector<Routed> Route(const market::Instrument& own, Side side, market::Price limit,
                          market::Quantity quantity, std::vector<VenueOffer> offers) {
  const bool buy = side == Side::kBuy;
  std::erase_if(offers, [&](const VenueOffer& offer) {
    if (!offer.healthy || offer.level.quantity.mantissa <= 0 || offer.level.price.mantissa <= 0)
      return true;
    const auto most = ExactRescale(limit.mantissa, own.price_scale, offer.instrument->price_scale);
    return !most || (buy ? offer.level.price.mantissa > *most : offer.level.price.mantissa < *most);
  });
  std::sort(offers.begin(), offers.end(), [&](const VenueOffer& a, const VenueOffer& b) {
    const Int128 x = Effective(a, side), y = Effective(b, side);
    if (x != y) return buy ? x < y : x > y;
    if (a.failures != b.failures) return a.failures < b.failures;
    return a.instrument->id < b.instrument->id;
  });
  std::vector<Routed> routed;
  int64_t left = quantity.mantissa;
  for (const VenueOffer& offer : offers) {
    const market::Instrument& there = *offer.instrument;
    if (there.lot.mantissa <= 0) continue;
    const auto wanted = ExactRescale(left, own.quantity_scale, there.quantity_scale);
    if (!wanted) continue;
    const market::Quantity part =
        InOneOrder(there, offer.level.price,
                   there.RoundDownToLot(std::min(market::Quantity{*wanted}, offer.level.quantity)));
    if (part < LeastQuantity(there, offer.level.price)) continue;
    const auto taken = ExactRescale(part.mantissa, there.quantity_scale, own.quantity_scale);
    if (!taken || *taken > left) continue;
    routed.push_back({&there, offer.level.price, part});
    left -= *taken;
    if (left == 0) break;
  }
  return routed;
}

}  // namespace gannet::strategy
