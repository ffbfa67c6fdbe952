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

}  // namespace
}  // namespace gannet::wire
