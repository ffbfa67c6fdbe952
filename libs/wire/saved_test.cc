#include "libs/wire/saved.h"

#include <catch2/catch_test_macros.hpp>

#include "libs/base/rng.h"
#include "libs/wire/random_events.h"

namespace gannet::wire {
namespace {

TEST_CASE("Saved values come back equal, and a cut is noticed") {
  base::Rng rng(11);
  for (int i = 0; i < 50; ++i) {
    const auto instrument = RandomValue<market::Instrument>(rng);
    const auto intent = RandomValue<market::OrderIntent>(rng);
    market::Position position;
    position.net = {rng.Between(-1'000, 1'000)};
    position.quantity_scale = 8;
    position.realized = market::Money(rng.Between(-1'000, 1'000), 8);
    position.fees[market::AssetId("BNB")] = market::Money(5, 8);
    position.lots.push_back({position.net, market::Money(7, 2)});
    position.fills = rng.Next();
    CanonicalWriter out;
    SaveInstrument(out, instrument);
    SaveIntent(out, intent);
    SavePosition(out, position);

    CanonicalReader in(out.bytes());
    CanonicalWriter again;
    SaveInstrument(again, LoadInstrument(in));
    CHECK(LoadIntent(in) == intent);
    CHECK(LoadPosition(in) == position);
    CHECK(in.done());
    CHECK(in.status().ok());
    CHECK(again.bytes() == out.bytes().substr(0, again.bytes().size()));

    CanonicalReader cut(std::string_view(out.bytes()).substr(0, rng.Below(out.bytes().size())));
    LoadInstrument(cut);
    LoadIntent(cut);
    LoadPosition(cut);
    CHECK(!cut.status().ok());
  }
}

TEST_CASE("An instrument without what was added later is read as it was saved before that") {
  base::Rng rng(12);
  auto instrument = RandomValue<market::Instrument>(rng);
  instrument.sell_band = instrument.buy_band;
  instrument.max_notional = {};
  instrument.market_lot = instrument.min_market_quantity = instrument.max_market_quantity = {};
  instrument.min_notional_limit_only = instrument.max_notional_limit_only = false;
  CanonicalWriter out;
  SaveInstrument(out, instrument);
  CHECK(static_cast<uint8_t>(out.bytes()[4 + instrument.id.text().size() + 5]) ==
        static_cast<uint8_t>(instrument.status));
  instrument.max_market_quantity = {7};
  CanonicalWriter bounded;
  SaveInstrument(bounded, instrument);
  CHECK(bounded.bytes().size() > out.bytes().size());
  for (const CanonicalWriter* saved : {&out, &bounded}) {
    CanonicalReader in(saved->bytes());
    const market::Instrument loaded = LoadInstrument(in);
    CHECK(in.done());
    CHECK(loaded.status == instrument.status);
    CHECK(loaded.sell_band == instrument.buy_band);
    CHECK(loaded.max_market_quantity.mantissa == (saved == &bounded ? 7 : 0));
  }
}

}  // namespace
}  // namespace gannet::wire
