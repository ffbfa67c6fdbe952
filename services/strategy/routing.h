// Which venues an order of one thing goes to: the best price after fees first, as much
// as is shown there, never beyond the limit, and only to venues in good health. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "libs/market/book.h"
#include "libs/market/ids.h"
#include "libs/market/instrument.h"
#include "libs/market/price.h"

namespace gannet::strategy {

struct VenueOffer {
  const market::Instrument* instrument = nullptr;
  market::Level level;    // best price against us, and what is shown there
  int64_t fee_ppm = 0;    // of what a taker pays; rebates below 0
  bool healthy = false;   // proven, fresh book; trading allowed; no order of unknown fate
  uint32_t failures = 0;  // refusals of late: the fewer goes first at an equal price
};

struct Routed {
  const market::Instrument* instrument = nullptr;
  market::Price price;
  market::Quantity quantity;
};

// Quantities and `limit` are at the scales of `own`; offers of instruments whose scales
// cannot say the same number are left out. The same input gives the same order, whatever
// the order of the offers.
std::vector<Routed> Route(const market::Instrument& own, market::Side side, market::Price limit,
                          market::Quantity quantity, std::vector<VenueOffer> offers);

// Exactly the same number with another scale; nothing when digits would be lost.
std::optional<int64_t> ExactRescale(int64_t value, int from, int to);

}  // namespace gannet::strategy
