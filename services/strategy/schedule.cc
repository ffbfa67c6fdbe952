#include "services/strategy/schedule.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/base/status.h"

namespace gannet::strategy {
namespace {

using market::Algo;
using market::Int128;
using market::Price;
using market::Quantity;
using market::Rounding;
using market::Side;

constexpr int64_t kPpm = 1'000'000;

absl::Status Bad(std::string why) { return absl::InvalidArgumentError(std::move(why)); }

absl::Status CheckSlices(const market::ParentOrder& parent, const market::Instrument& instrument,
                         base::Time now) {
  const market::AlgoPlan& plan = parent.plan;
  const uint32_t slices = SliceCount(plan);
  if (slices == 0 || slices > market::kMaxSlices)
    return Bad(absl::StrCat("slices must be 1 to ", market::kMaxSlices));
  if (plan.algo == Algo::kVwap) {
    const uint64_t sum = std::accumulate(plan.weights.begin(), plan.weights.end(), uint64_t{0});
    if (sum == 0 || *std::max_element(plan.weights.begin(), plan.weights.end()) > kMaxWeight)
      return Bad(absl::StrCat("weights must be 0 to ", kMaxWeight, ", and not all 0"));
  }
  if ((parent.intent.expires - now) / slices < kMinSliceInterval)
    return Bad("slices are less than a second apart; give more time or fewer slices");
  const Quantity least = LeastQuantity(instrument, parent.intent.price);
  if (plan.algo == Algo::kTwap &&
      SliceTarget(plan, parent.intent.quantity, instrument.lot, 1) < least) {
    return Bad(absl::StrCat("a slice is smaller than the venue's least, ", instrument.Format(least),
                            "; give at most ",
                            std::max<int64_t>(1, parent.intent.quantity.mantissa /
                                                     std::max<int64_t>(1, least.mantissa)),
                            " slices"));
  }
  return absl::OkStatus();
}

absl::Status CheckTick(const market::Instrument& instrument, Price price, const char* name) {
  if (price.mantissa < 0 || price.mantissa % instrument.tick.mantissa != 0)
    return Bad(
        absl::StrCat(name, " is not a multiple of the tick ", instrument.Format(instrument.tick)));
  return absl::OkStatus();
}

// What another algorithm would do is not kept as if this one did it.
absl::Status CheckForeign(const market::AlgoPlan& plan) {
  const bool leaves = plan.algo == Algo::kBracket || plan.algo == Algo::kOco;
  const struct {
    const char* name;
    bool given, own;
    const char* whose;
  } fields[] = {
      {"slices", plan.slices != 0, plan.algo == Algo::kTwap, "TWAP does"},
      {"weights", !plan.weights.empty(), plan.algo == Algo::kVwap, "VWAP does"},
      {"participation", plan.participation_ppm != 0, plan.algo == Algo::kPov, "POV does"},
      {"visible part", plan.visible.mantissa != 0, plan.algo == Algo::kIceberg, "ICEBERG does"},
      {"venues", !plan.venues.empty(), plan.algo == Algo::kRoute, "ROUTE does"},
      {"take-profit", plan.take_profit.mantissa != 0, leaves, "BRACKET and OCO do"},
      {"stop", plan.stop.mantissa != 0, leaves, "BRACKET and OCO do"},
      {"stop-limit", plan.stop_limit.mantissa != 0, leaves, "BRACKET and OCO do"},
  };
  for (const auto& field : fields) {
    if (field.given && !field.own) {
      return Bad(
          absl::StrCat(market::Name(plan.algo), " takes no ", field.name, "; ", field.whose));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckVenues(const market::AlgoPlan& plan, const market::Instrument& instrument) {
  if (plan.venues.size() > market::kMaxRoutedVenues)
    return Bad(absl::StrCat("at most ", market::kMaxRoutedVenues, " venues"));
  std::set<market::InstrumentId> seen = {instrument.id};
  for (const market::InstrumentId& venue : plan.venues) {
    if (!seen.insert(venue).second) {
      return Bad(absl::StrCat(venue.text(),
                              " is named twice; name each venue once, beside the order's own"));
    }
  }
  return absl::OkStatus();
}

// `exit` is the side of what leaves. In its favour is above for a seller.
absl::Status CheckExits(const market::ParentOrder& parent, const market::Instrument& instrument,
                        Side exit, Price entry) {
  const market::AlgoPlan& plan = parent.plan;
  const bool sells = exit == Side::kSell;
  const auto better = [sells](Price a, Price b) { return sells ? a > b : a < b; };
  if (plan.take_profit.mantissa == 0 && plan.stop.mantissa == 0)
    return Bad("give take-profit, stop, or both");
  GANNET_RETURN_IF_ERROR(CheckTick(instrument, plan.take_profit, "take-profit"));
  GANNET_RETURN_IF_ERROR(CheckTick(instrument, plan.stop, "stop"));
  GANNET_RETURN_IF_ERROR(CheckTick(instrument, plan.stop_limit, "stop-limit"));
  if ((plan.stop.mantissa == 0) != (plan.stop_limit.mantissa == 0))
    return Bad("a stop has a stop-limit, the worst price it may trade at, and only a stop");
  if (plan.stop.mantissa != 0 && better(plan.stop_limit, plan.stop))
    return Bad("the stop-limit is on the wrong side of the stop");
  if (plan.take_profit.mantissa != 0 && plan.stop.mantissa != 0 &&
      !better(plan.take_profit, plan.stop)) {
    return Bad("take-profit and stop are the wrong way round");
  }
  if (entry.mantissa == 0) return absl::OkStatus();
  if (plan.take_profit.mantissa != 0 && !better(plan.take_profit, entry))
    return Bad("the take-profit would lose against the entry's limit");
  if (plan.stop.mantissa != 0 && !better(entry, plan.stop))
    return Bad("the stop is beyond the entry's limit, on the side of a gain");
  return absl::OkStatus();
}

}  // namespace

uint32_t SliceCount(const market::AlgoPlan& plan) {
  if (plan.algo == Algo::kTwap) return plan.slices;
  return plan.algo == Algo::kVwap ? static_cast<uint32_t>(plan.weights.size()) : 0;
}

Quantity SliceTarget(const market::AlgoPlan& plan, Quantity whole, Quantity lot, uint32_t slices) {
  const uint32_t all = SliceCount(plan);
  if (slices >= all) return whole;
  Int128 part = slices, sum = all;
  if (plan.algo == Algo::kVwap) {
    part = std::accumulate(plan.weights.begin(), plan.weights.begin() + slices, uint64_t{0});
    sum = std::accumulate(plan.weights.begin(), plan.weights.end(), uint64_t{0});
  }
  const int64_t lots = whole.mantissa / lot.mantissa;
  return {static_cast<int64_t>(lots * part / sum) * lot.mantissa};
}

uint32_t SlicesBegun(const market::AlgoPlan& plan, base::Time begin, base::Time end,
                     base::Time now) {
  const uint32_t all = SliceCount(plan);
  if (all == 0 || now < begin) return 0;
  const base::Duration interval = (end - begin) / all;
  if (interval <= base::Duration::zero()) return all;
  return static_cast<uint32_t>(std::min<int64_t>((now - begin) / interval + 1, all));
}

Quantity ParticipationTarget(uint32_t participation_ppm, Quantity volume, Quantity lot) {
  const auto share = market::MulDiv(volume.mantissa, participation_ppm,
                                    static_cast<Int128>(kPpm) * lot.mantissa, Rounding::kFloor);
  return {static_cast<int64_t>(share.value_or(0)) * lot.mantissa};
}

Quantity LeastQuantity(const market::Instrument& instrument, Price price) {
  const int64_t lot = instrument.lot.mantissa;
  const auto whole_lots = [lot](int64_t units) { return (units + lot - 1) / lot * lot; };
  int64_t least = std::max(whole_lots(instrument.min_quantity.mantissa), lot);
  if (price.mantissa <= 0 || instrument.min_notional.units() <= 0) return {least};
  const auto needed =
      market::Rescale(instrument.min_notional.units(), instrument.min_notional.scale(),
                      instrument.quote_scale, Rounding::kUp);
  // Of price × quantity × multiplier, so many digits are cut for the notional.
  const int digits = instrument.price_scale + instrument.quantity_scale - instrument.quote_scale;
  const Int128 each = static_cast<Int128>(price.mantissa) * instrument.multiplier;
  const Int128 most = std::numeric_limits<int64_t>::max() / 4;
  if (!needed || std::abs(digits) > market::kMaxScale) return {least};
  const auto units =
      digits >= 0 ? market::MulDiv(*needed, market::PowerOfTen(digits), each, Rounding::kUp)
                  : market::MulDiv(*needed, 1, each * market::PowerOfTen(-digits), Rounding::kUp);
  const int64_t enough =
      whole_lots(static_cast<int64_t>(std::min<Int128>(units.value_or(most), most)));
  return {std::max(least, enough)};
}

Quantity AvoidDust(Quantity want, Quantity rest, Quantity least, Quantity most, Quantity lot) {
  want = std::min(want, rest);
  const Quantity left = rest - want;
  if (left.mantissa > 0 && left < least) {
    want = rest <= most ? rest : rest - least;  // all of it, or enough left for one more
    want.mantissa -= want.mantissa % lot.mantissa;
  }
  return want < least || want > most ? Quantity{} : want;
}

absl::Status CheckParent(const market::ParentOrder& parent, const market::Instrument& instrument,
                         base::Time now) {
  const market::OrderIntent& intent = parent.intent;
  const market::AlgoPlan& plan = parent.plan;
  if (instrument.tick.mantissa <= 0 || instrument.lot.mantissa <= 0)
    return Bad("tick or lot of the instrument are not known");
  if (intent.type != market::OrderType::kLimit || intent.price.mantissa <= 0)
    return Bad("a parent order needs a price limit; give a price");
  GANNET_RETURN_IF_ERROR(CheckTick(instrument, intent.price, "price"));
  if (intent.quantity.mantissa <= 0 || intent.quantity.mantissa % instrument.lot.mantissa != 0)
    return Bad(
        absl::StrCat("quantity is not a multiple of the lot ", instrument.Format(instrument.lot)));
  if (intent.quantity < LeastQuantity(instrument, intent.price))
    return Bad("quantity is below the venue's least");
  if (intent.expires <= now || intent.expires - now > kMaxParentLife)
    return Bad("a parent order needs a time limit, at most seven days from now");
  if (plan.max_children == 0 || plan.max_children > market::kMostChildren)
    return Bad(absl::StrCat("max-children must be 1 to ", market::kMostChildren));
  GANNET_RETURN_IF_ERROR(CheckForeign(plan));
  switch (plan.algo) {
    case Algo::kTwap:
    case Algo::kVwap:
      return CheckSlices(parent, instrument, now);
    case Algo::kPov:
      return plan.participation_ppm == 0 || plan.participation_ppm > kMaxParticipationPpm
                 ? Bad("participation must be above 0% and at most 50%")
                 : absl::OkStatus();
    case Algo::kIceberg:
      return plan.visible < LeastQuantity(instrument, intent.price) ||
                     plan.visible > intent.quantity ||
                     plan.visible.mantissa % instrument.lot.mantissa != 0
                 ? Bad("the visible part must be whole lots, at least the venue's least and at "
                       "most the quantity")
                 : absl::OkStatus();
    case Algo::kRoute:
      return CheckVenues(plan, instrument);
    case Algo::kBracket:
      return CheckExits(parent, instrument, market::Opposite(intent.side), intent.price);
    case Algo::kOco:
      GANNET_RETURN_IF_ERROR(CheckExits(parent, instrument, intent.side, {}));
      for (const Price leg : {plan.take_profit, plan.stop_limit}) {
        if (leg.mantissa != 0 &&
            (intent.side == Side::kSell ? leg < intent.price : leg > intent.price)) {
          return Bad("the price limit must not be better than take-profit and stop-limit");
        }
      }
      return absl::OkStatus();
  }
  return Bad("no such algorithm");
}

}  // namespace gannet::strategy
