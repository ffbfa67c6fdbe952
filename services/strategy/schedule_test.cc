#include "services/strategy/schedule.h"

#include <rapidcheck.h>

#include <catch2/catch_test_macros.hpp>
#include <numeric>
#include <string>

#include "libs/base/property_suite.h"
#include "services/strategy/routing.h"
#include "services/strategy/strategy_test_kit.h"

namespace gannet::strategy::test {
namespace {

using market::Algo;
using market::Price;
using market::Quantity;
using market::Side;
using namespace std::chrono_literals;

TEST_CASE("The slices of a TWAP and of a VWAP sum to the whole, to the unit") {
  CHECK(base::Holds("slices", [] {
    market::AlgoPlan plan;
    if (*rc::gen::arbitrary<bool>()) {
      plan.slices = *rc::gen::inRange<uint32_t>(1, market::kMaxSlices + 1);
    } else {
      plan.algo = Algo::kVwap;
      plan.weights =
          *rc::gen::container<std::vector<uint32_t>>(rc::gen::inRange<uint32_t>(0, kMaxWeight + 1));
      RC_PRE(!plan.weights.empty() && plan.weights.size() <= market::kMaxSlices);
      RC_PRE(std::accumulate(plan.weights.begin(), plan.weights.end(), uint64_t{0}) > 0);
    }
    const Quantity lot{*rc::gen::inRange<int64_t>(1, 1'000'000)};
    const Quantity whole{lot.mantissa * *rc::gen::inRange<int64_t>(1, 1'000'000'000'000)};
    const uint32_t all = SliceCount(plan);
    Quantity before{}, sum{};
    for (uint32_t slice = 1; slice <= all; ++slice) {
      const Quantity target = SliceTarget(plan, whole, lot, slice);
      RC_ASSERT(target >= before);
      RC_ASSERT(target.mantissa % lot.mantissa == 0);
      // Never a lot behind what is due, never ahead of it.
      if (plan.algo == Algo::kTwap) {
        const market::Int128 due = static_cast<market::Int128>(whole.mantissa) * slice;
        RC_ASSERT(static_cast<market::Int128>(target.mantissa) * all <= due);
        RC_ASSERT(static_cast<market::Int128>(target.mantissa + lot.mantissa) * all > due);
      }
      sum += target - before;
      before = target;
    }
    RC_ASSERT(sum == whole);
    RC_ASSERT(SliceTarget(plan, whole, lot, 0).mantissa == 0);
  }));
}

TEST_CASE("Slices begin at equal intervals, the first at once") {
  CHECK(base::Holds("begun", [] {
    market::AlgoPlan plan;
    plan.slices = *rc::gen::inRange<uint32_t>(1, market::kMaxSlices + 1);
    const base::Time begin = base::FromUnixMillis(1'700'000'000'000);
    const base::Duration interval(*rc::gen::inRange<int64_t>(1'000'000'000, 100'000'000'000));
    const base::Time end = begin + interval * plan.slices;
    RC_ASSERT(SlicesBegun(plan, begin, end, begin) == 1u);
    RC_ASSERT(SlicesBegun(plan, begin, end, begin - 1ns) == 0u);
    const auto slice = *rc::gen::inRange<uint32_t>(0, plan.slices);
    const base::Time at = begin + interval * slice;
    RC_ASSERT(SlicesBegun(plan, begin, end, at) == slice + 1);
    if (slice > 0) RC_ASSERT(SlicesBegun(plan, begin, end, at - 1ns) == slice);
    RC_ASSERT(SlicesBegun(plan, begin, end, end + 1h) == plan.slices);
  }));
}

TEST_CASE("A participation is never above its share, and less than a lot below it") {
  CHECK(base::Holds("share", [] {
    const Quantity lot{*rc::gen::inRange<int64_t>(1, 1'000'000)};
    const Quantity volume{*rc::gen::inRange<int64_t>(0, INT64_MAX)};
    const auto ppm = *rc::gen::inRange<uint32_t>(1, kMaxParticipationPpm + 1);
    const Quantity target = ParticipationTarget(ppm, volume, lot);
    const market::Int128 share = static_cast<market::Int128>(volume.mantissa) * ppm;
    RC_ASSERT(static_cast<market::Int128>(target.mantissa) * 1'000'000 <= share);
    RC_ASSERT(static_cast<market::Int128>(target.mantissa + lot.mantissa) * 1'000'000 > share);
    RC_ASSERT(target.mantissa % lot.mantissa == 0);
  }));
}

TEST_CASE("The least quantity is what the venue takes, and one lot less is not") {
  CHECK(base::Holds("least", [] {
    market::Instrument instrument = MakeInstrument(kBtc, "BTC");
    instrument.lot = {*rc::gen::inRange<int64_t>(1, 10'000'000)};
    instrument.min_quantity = {*rc::gen::inRange<int64_t>(0, 10'000'000)};
    instrument.min_notional = market::Money(*rc::gen::inRange<int64_t>(0, 10'000'000'000), 8);
    const Price price{*rc::gen::inRange<int64_t>(1, 10'000'000'000'000)};
    const auto takes = [&](Quantity quantity) {
      return quantity >= instrument.min_quantity && quantity.mantissa > 0 &&
             *instrument.Notional(price, quantity, market::Rounding::kDown) >=
                 instrument.min_notional;
    };
    const Quantity least = LeastQuantity(instrument, price);
    RC_ASSERT(least.mantissa % instrument.lot.mantissa == 0);
    RC_ASSERT(takes(least));
    RC_ASSERT(!takes(least - instrument.lot));
  }));
}

TEST_CASE("What is left behind an order can still be traded") {
  CHECK(base::Holds("dust", [] {
    const Quantity lot{*rc::gen::inRange<int64_t>(1, 1'000)};
    const auto lots = [&lot](int64_t most) {
      return Quantity{*rc::gen::inRange<int64_t>(1, most) * lot.mantissa};
    };
    const Quantity least = lots(100), rest = lots(10'000), want = lots(10'000), most = lots(10'000);
    const Quantity given = AvoidDust(want, rest, least, most, lot);
    RC_ASSERT(given.mantissa % lot.mantissa == 0);
    RC_ASSERT(given <= rest && given <= most);
    if (given.mantissa == 0) return;
    RC_ASSERT(given >= least);
    RC_ASSERT(given == rest || rest - given >= least);
  }));
}

market::ParentOrder Sensible(Algo algo) {
  market::ParentOrder parent;
  parent.intent.price = P("100");
  parent.intent.quantity = Q("10");
  parent.intent.expires = base::FromUnixMillis(1'700'000'000'000) + 10min;
  parent.plan.algo = algo;
  switch (algo) {
    case Algo::kTwap:
      parent.plan.slices = 10;
      break;
    case Algo::kVwap:
      parent.plan.weights = {3, 1, 2};
      break;
    case Algo::kPov:
      parent.plan.participation_ppm = 100'000;
      break;
    case Algo::kIceberg:
      parent.plan.visible = Q("1");
      break;
    case Algo::kRoute:
      break;
    case Algo::kBracket:
      parent.plan.take_profit = P("110");
      parent.plan.stop = P("95");
      parent.plan.stop_limit = P("94");
      break;
    case Algo::kOco:
      parent.intent.side = Side::kSell;
      parent.intent.price = P("94");
      parent.plan.take_profit = P("110");
      parent.plan.stop = P("95");
      parent.plan.stop_limit = P("94");
      break;
  }
  return parent;
}

TEST_CASE("A parent that makes no sense is refused with what to change") {
  const market::Instrument instrument = MakeInstrument(kBtc, "BTC");
  const base::Time now = base::FromUnixMillis(1'700'000'000'000);
  const auto refusal = [&](Algo algo, void (*change)(market::ParentOrder&)) {
    market::ParentOrder parent = Sensible(algo);
    change(parent);
    return std::string(CheckParent(parent, instrument, now).message());
  };
  for (const Algo algo : {Algo::kTwap, Algo::kVwap, Algo::kPov, Algo::kIceberg, Algo::kRoute,
                          Algo::kBracket, Algo::kOco}) {
    CAPTURE(market::Name(algo));
    CHECK(refusal(algo, [](auto&) {}).empty());
    CHECK(refusal(algo, [](auto& p) { p.intent.price = {}; }) ==
          "a parent order needs a price limit; give a price");
    CHECK(refusal(algo, [](auto& p) { p.intent.expires = {}; }) ==
          "a parent order needs a time limit, at most seven days from now");
    CHECK(refusal(algo, [](auto& p) { p.intent.quantity.mantissa += 1; }) ==
          "quantity is not a multiple of the lot 0.001");
    CHECK(refusal(algo, [](auto& p) { p.plan.max_children = 0; }) ==
          "max-children must be 1 to 10000");
  }
  CHECK(refusal(Algo::kTwap, [](auto& p) { p.plan.slices = 0; }) == "slices must be 1 to 1000");
  CHECK(refusal(Algo::kTwap, [](auto& p) { p.plan.slices = 601; }) ==
        "slices are less than a second apart; give more time or fewer slices");
  CHECK(refusal(Algo::kTwap, [](auto& p) {
          p.plan.slices = 500;
          p.intent.quantity = Q("1");
        }) == "a slice is smaller than the venue's least, 0.05; give at most 20 slices");
  CHECK(refusal(Algo::kVwap, [](auto& p) {
          p.plan.weights = {0, 0};
        }) == "weights must be 0 to 1000000, and not all 0");
  CHECK(refusal(Algo::kPov, [](auto& p) { p.plan.participation_ppm = 500'001; }) ==
        "participation must be above 0% and at most 50%");
  CHECK_FALSE(refusal(Algo::kIceberg, [](auto& p) { p.plan.visible = Q("11"); }).empty());
  CHECK(refusal(Algo::kBracket, [](auto& p) { p.plan.stop_limit = {}; }) ==
        "a stop has a stop-limit, the worst price it may trade at, and only a stop");
  CHECK(refusal(Algo::kBracket, [](auto& p) { p.plan.take_profit = P("99"); }) ==
        "the take-profit would lose against the entry's limit");
  CHECK(refusal(Algo::kBracket, [](auto& p) { p.plan.stop_limit = P("96"); }) ==
        "the stop-limit is on the wrong side of the stop");
  CHECK(refusal(Algo::kOco, [](auto& p) { p.intent.price = P("95"); }) ==
        "the price limit must not be better than take-profit and stop-limit");
  CHECK(refusal(Algo::kRoute, [](auto& p) { p.plan.venues = {market::InstrumentId(kBtc)}; }) ==
        "binance-spot:BTCUSDT is named twice; name each venue once, beside the order's own");
  CHECK(refusal(Algo::kRoute, [](auto& p) {
          p.plan.venues.assign(2, market::InstrumentId("bybit-spot:BTCUSDT"));
        }) == "bybit-spot:BTCUSDT is named twice; name each venue once, beside the order's own");
}

TEST_CASE("What a plan says for another algorithm is refused, not kept as if it did something") {
  const market::Instrument instrument = MakeInstrument(kBtc, "BTC");
  const base::Time now = base::FromUnixMillis(1'700'000'000'000);
  const auto refusal = [&](Algo algo, void (*change)(market::AlgoPlan&)) {
    market::ParentOrder parent = Sensible(algo);
    change(parent.plan);
    return std::string(CheckParent(parent, instrument, now).message());
  };
  CHECK(refusal(Algo::kTwap, [](auto& plan) { plan.stop = P("95"); }) ==
        "TWAP takes no stop; BRACKET and OCO do");
  CHECK(refusal(Algo::kPov, [](auto& plan) { plan.stop_limit = P("95"); }) ==
        "POV takes no stop-limit; BRACKET and OCO do");
  CHECK(refusal(Algo::kRoute, [](auto& plan) { plan.take_profit = P("110"); }) ==
        "ROUTE takes no take-profit; BRACKET and OCO do");
  CHECK(refusal(Algo::kTwap, [](auto& plan) { plan.participation_ppm = 490'000; }) ==
        "TWAP takes no participation; POV does");
  CHECK(refusal(Algo::kVwap, [](auto& plan) { plan.slices = 3; }) ==
        "VWAP takes no slices; TWAP does");
  CHECK(refusal(Algo::kTwap, [](auto& plan) { plan.weights = {1}; }) ==
        "TWAP takes no weights; VWAP does");
  CHECK(refusal(Algo::kBracket, [](auto& plan) { plan.visible = Q("1"); }) ==
        "BRACKET takes no visible part; ICEBERG does");
  CHECK(refusal(Algo::kOco, [](auto& plan) {
          plan.venues = {market::InstrumentId("bybit-spot:BTCUSDT")};
        }) == "OCO takes no venues; ROUTE does");
}

// --- routing -------------------------------------------------------------------

struct Venues {
  market::Instrument a = MakeInstrument("a:BTCUSDT", "BTC"), b = MakeInstrument("b:BTCUSDT", "BTC"),
                     c = MakeInstrument("c:BTCUSDT", "BTC");
};

TEST_CASE("The cheapest venue after fees comes first, as deep as it shows") {
  Venues v;
  const std::vector<VenueOffer> offers = {
      {&v.a, {P("100"), Q("1")}, 1'000, true, 0},  // 100.10
      {&v.b, {P("100.05"), Q("2")}, 0, true, 0},   // 100.05
      {&v.c, {P("99.99"), Q("5")}, 0, false, 0}};  // not healthy
  auto routed = Route(v.a, Side::kBuy, P("101"), Q("2.5"), offers);
  REQUIRE(routed.size() == 2);
  CHECK(routed[0].instrument == &v.b);
  CHECK(routed[0].quantity == Q("2"));
  CHECK(routed[1].instrument == &v.a);
  CHECK(routed[1].quantity == Q("0.5"));
  routed = Route(v.a, Side::kBuy, P("100"), Q("2.5"), offers);  // the limit is before fees
  REQUIRE(routed.size() == 1);
  CHECK(routed[0].instrument == &v.a);
  CHECK(routed[0].quantity == Q("1"));
}

TEST_CASE("Of two equal venues the one with fewer failures comes first, then the name") {
  Venues v;
  auto first = [&](uint32_t failures_a, uint32_t failures_b) {
    return Route(v.a, Side::kSell, P("99"), Q("1"),
                 {{&v.b, {P("100"), Q("1")}, 0, true, failures_b},
                  {&v.a, {P("100"), Q("1")}, 0, true, failures_a}})
        .at(0)
        .instrument;
  };
  CHECK(first(0, 0) == &v.a);
  CHECK(first(1, 0) == &v.b);
}

TEST_CASE("Routes never exceed the order, the limit or what is shown, in any order of venues") {
  CHECK(base::Holds("routes", [] {
    Venues v;
    v.b.lot = Q("0.01");
    v.c.quantity_scale = 4;
    v.c.lot = {10};
    v.c.min_quantity = {10};
    const Side side = *rc::gen::arbitrary<bool>() ? Side::kBuy : Side::kSell;
    std::vector<VenueOffer> offers;
    for (const market::Instrument* each : {&v.a, &v.b, &v.c}) {
      const int64_t size = *rc::gen::inRange<int64_t>(0, 10'000);
      offers.push_back({each,
                        {{*rc::gen::inRange<int64_t>(9'900, 10'100) * 1'000'000},
                         {each == &v.c ? size : size * 10'000}},
                        *rc::gen::inRange<int64_t>(-100, 2'000),
                        *rc::gen::inRange(0, 4) > 0,
                        0});
    }
    const Quantity quantity{*rc::gen::inRange<int64_t>(1, 20'000) * 100'000};
    const auto routed = Route(v.a, side, P("100"), quantity, offers);
    std::reverse(offers.begin(), offers.end());
    const auto again = Route(v.a, side, P("100"), quantity, offers);
    RC_ASSERT(again.size() == routed.size());
    int64_t sum = 0;
    for (size_t i = 0; i < routed.size(); ++i) {
      RC_ASSERT(again[i].instrument == routed[i].instrument);
      RC_ASSERT(again[i].quantity == routed[i].quantity);
      RC_ASSERT((side == Side::kBuy ? routed[i].price <= P("100") : routed[i].price >= P("100")));
      RC_ASSERT(routed[i].quantity.mantissa % routed[i].instrument->lot.mantissa == 0);
      sum += *ExactRescale(routed[i].quantity.mantissa, routed[i].instrument->quantity_scale, 8);
      for (const VenueOffer& offer : offers) {
        if (offer.instrument != routed[i].instrument) continue;
        RC_ASSERT(offer.healthy);
        RC_ASSERT(routed[i].quantity <= offer.level.quantity);
      }
    }
    RC_ASSERT(sum <= quantity.mantissa);
  }));
}

}  // namespace
}  // namespace gannet::strategy::test
